//! A question as it comes from outside, whatever carries it: the text and what the answer is to stand on.
//!
//! In: fields. Out: an answer with the settings it stands on. The HTTP face, the command line and later faces ask
//! through here.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Asker;
use crate::answer::Answer;
use crate::error::QueryError;
use crate::session::Engine;
use crate::settings::{NAMES, Settings};

/// A question: SQL and settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// One or more statements.
    pub query: String,
    /// The map on which the answer is to stand.
    #[serde(default)]
    pub map: Option<String>,
    /// Last day of record.
    #[serde(default)]
    pub as_of: Option<String>,
    /// Last day of telling.
    #[serde(default)]
    pub stated_by: Option<String>,
    /// The release that answers.
    #[serde(default)]
    pub release: Option<String>,
}

/// An answer and what it stands on.
#[derive(Debug)]
pub struct Reply {
    /// The rows.
    pub answer: Answer,
    /// The settings as they stood for the last statement, by name; those that set no limit are left out.
    pub standing: Vec<(&'static str, String)>,
}

/// Answers somebody's question in a session of its own.
///
/// # Errors
/// Where a setting cannot be taken or the query has no answer.
pub async fn ask(engine: &Engine, asker: &Asker, question: Question) -> Result<Reply, QueryError> {
    let Question { query, map, as_of, stated_by, release } = question;
    let settings = Settings { map, as_of, stated_by, release };
    let session = match engine.session(asker, &settings) {
        Ok(session) => session,
        Err(error) => return Err(engine.explained(error, asker, &settings).await.into()),
    };
    let answer = session.sql(&query).await?;
    let standing = NAMES.into_iter().filter_map(|name| Some((name, session.setting(name)?))).collect();
    Ok(Reply { answer, standing })
}
