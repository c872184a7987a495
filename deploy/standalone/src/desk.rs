//! Who answers questions: the running program, or the data folder itself where none runs.
//!
//! In: SQL and settings. Out: rows. Guarantee: the same session code answers either way, and nothing is written.

use std::sync::Arc;

use lantoa_query::access::Users;
use lantoa_query::answer::Answer;
use lantoa_query::error::Place;
use lantoa_query::face::{Question, Reply, ask};
use lantoa_query::receipt::Receipt;
use lantoa_query::{Asker, Config, Engine, EngineError, QueryError};
use lantoa_schemas::clock::SystemClock;

use crate::data_dir::DataDir;
use crate::data_dir::endpoints::Endpoints;

pub mod remote;

use remote::{Remote, RemoteError};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is nothing to ask.
    #[error("there is nothing at {}; start with `lantoa up`, or say where the data is with --data DIR", .0.display())]
    NoData(std::path::PathBuf),
    /// The folder cannot be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The question is wrong or fails.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The running program does not answer it.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl DeskError {
    /// Where in the text of the question it is.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Query(error) => error.place(),
            Self::Remote(RemoteError::Refused(problem)) => problem.position,
            _ => None,
        }
    }
}

/// Someone to ask.
#[derive(Debug, Clone)]
pub enum Desk {
    /// This program, over the data folder.
    Local(Engine),
    /// The program that runs.
    Remote(Remote),
}

impl Desk {
    /// The running program, or the folder where none runs, or where the program asks for a login: who can read the
    /// folder owns it and needs none. `config` is for the folder.
    ///
    /// # Errors
    /// [`DeskError::NoData`], [`DeskError::Engine`].
    pub async fn find(data: &DataDir, config: Config) -> Result<Self, DeskError> {
        match Endpoints::of_running(data).await {
            Some(endpoints) if !has_users(data) => return Ok(Self::Remote(Remote::of(&endpoints.http)?)),
            None if !data.has_tables() && !data.has_releases() => {
                return Err(DeskError::NoData(data.root().to_owned()));
            }
            _ => {}
        }
        Ok(Self::Local(Engine::open(config, Arc::new(SystemClock))?))
    }

    /// Asks.
    ///
    /// # Errors
    /// [`DeskError::Query`], [`DeskError::Remote`].
    pub async fn ask(&self, question: Question) -> Result<Answer, DeskError> {
        Ok(self.reply(question).await?.answer)
    }

    /// Asks, and says what the answer stands on.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn reply(&self, question: Question) -> Result<Reply, DeskError> {
        match self {
            Self::Local(engine) => Ok(ask(engine, &Asker::owner(), question).await?),
            Self::Remote(remote) => Ok(remote.sql(&question).await?),
        }
    }

    /// The receipt of a key; `None` where there is none, or not yet.
    ///
    /// # Errors
    /// [`DeskError::Query`], [`DeskError::Remote`].
    pub async fn receipt(&self, key: &str) -> Result<Option<Receipt>, DeskError> {
        match self {
            Self::Local(engine) => Ok(lantoa_query::receipt::find(engine, &Asker::owner(), key).await?),
            Self::Remote(remote) => Ok(remote.receipt(key).await?),
        }
    }
}

/// Whether the running program asks for a login, where the folder's owner wants to know.
pub fn has_users(data: &DataDir) -> bool {
    Users::open(data.users()).is_ok_and(|users| users.any())
}

/// A question without settings.
pub fn plain(query: impl Into<String>) -> Question {
    Question { query: query.into(), map: None, as_of: None, stated_by: None, release: None }
}
