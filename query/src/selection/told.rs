//! What an address asks for, answered.
//!
//! In: the parameters. Out: the rows, with all that makes the same rows come again: what is asked, on which map, by which
//! instant, under which catalogue. Guarantee: where an address names a catalogue or a number of events that are not those
//! of the answer, the answer says so.

use std::sync::Arc;

use super::{Asked, Selection, Wrong, indicator};
use crate::access::Asker;
use crate::answer::Answer;
use crate::error::QueryError;
use crate::knowledge::Knowledge;
use crate::session::{Bound, Engine, Known, Session};
use crate::settings::NAMES;

/// Name of the setting that says up to when records count.
const AS_OF: &str = "as_of";

/// Name of the setting that says which release answers.
const RELEASE: &str = "release";

/// An answer and what it stands on.
pub(crate) struct Told {
    pub(crate) selection: Selection,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) answer: Answer,
    pub(crate) known: Known,
    /// The settings by name, with the instant of knowledge or the release's exact version among them.
    pub(crate) standing: Vec<(&'static str, String)>,
}

/// No answer.
#[derive(Debug)]
pub(crate) enum Refused {
    NoIndicator(Wrong),
    Wrong(Wrong),
    Query(QueryError),
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

/// Answers what is asked of an indicator.
pub(crate) async fn tell(engine: &Engine, asker: &Asker, id: &str, asked: &Asked) -> Result<Told, Refused> {
    let settings = asked.settings();
    let session = match engine.session(asker, &settings) {
        Ok(session) => session,
        Err(error) => return Err(QueryError::from(engine.explained(error, asker, &settings).await).into()),
    };
    let knowledge = session.knowledge().await?;
    let indicator = indicator(id, knowledge.catalogue()).map_err(Refused::NoIndicator)?;
    let (selection, mut notices) = Selection::of(indicator, asked, &knowledge, session.map())?;
    let (text, values) = selection.bound();
    let spelled = selection.spelled(&standing(&session));
    let Bound { answer, known } = session.ask_bound(text, values, &spelled).await?;
    notices.extend(answer.notices().iter().cloned());
    notices.extend(since(asked, &known)?);
    let mut standing = standing(&session);
    standing.retain(|(name, _)| *name != AS_OF && *name != RELEASE);
    // A release has its own day of knowledge, and by its exact version it never changes.
    standing.push(match &known.release {
        Some(release) => (RELEASE, release.clone()),
        None => (AS_OF, known.as_of.to_string()),
    });
    Ok(Told { selection, knowledge, answer: answer.with_notices(notices), known, standing })
}

/// The settings of a session that set a limit.
fn standing(session: &Session) -> Vec<(&'static str, String)> {
    NAMES.into_iter().filter_map(|name| Some((name, session.setting(name)?))).collect()
}

/// What is different since an address was made that says what its answer rested on.
fn since(asked: &Asked, known: &Known) -> Result<Vec<String>, Wrong> {
    let mut notices = Vec::new();
    if let Some(catalogue) = asked.one("catalogue").filter(|catalogue| *catalogue != known.catalogue) {
        if catalogue.len() > 64 || !catalogue.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            let remedy = "leave it out, or take it from the permanent address of an answer";
            return Err(Wrong::new("catalogue", "is no version of a catalogue", remedy));
        }
        let now = &known.catalogue;
        notices.push(format!("the address is of an answer under catalogue {catalogue}; this answer is under {now}"));
    }
    if let Some(events) = asked.one("events") {
        let events: i64 = events.parse().map_err(|_| {
            Wrong::new(
                "events",
                format!("'{events}' is no number"),
                "leave it out, or take it from a permanent address",
            )
        })?;
        if events != known.events {
            let now = known.events;
            notices.push(format!(
                "the address is of an answer from {events} events; {now} events bear a time up to the same instant now, so \
                 it may differ"
            ));
        }
    }
    Ok(notices)
}

impl Told {
    /// The parameters under which the same answer comes again.
    pub(crate) fn permanent(&self) -> Vec<(&'static str, String)> {
        let mut parameters = self.selection.parameters();
        parameters.extend(self.standing.iter().cloned());
        parameters.push(("catalogue", self.known.catalogue.clone()));
        parameters.push(("events", self.known.events.to_string()));
        parameters
    }

    /// The question as SQL that gives the same rows.
    pub(crate) fn sql(&self) -> String {
        self.selection.spelled(&self.standing)
    }
}
