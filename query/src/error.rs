//! Why a question has no answer, and whose fault that is.
//!
//! What the asker can mend says where it is in the text, as [`Place`], and what was probably meant, as a hint. Every face
//! has both as data and in the sentence.

use std::time::Duration;

use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Role;
use crate::release::ReleaseError;
use crate::settings::SettingError;

mod explain;

/// Whose it is that a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The asker's: asked otherwise, it has one.
    Asker,
    /// That of what is around: asked later, it has one.
    Outside,
    /// Ours: a fault of the program or its machine.
    Us,
}

impl Owner {
    /// Its word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asker => "asker",
            Self::Outside => "outside",
            Self::Us => "us",
        }
    }
}

/// A place in the text of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// The character in that line, from 1.
    pub column: u64,
    /// How many characters from there are meant; at least 1.
    pub length: u64,
}

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is no statement at all.
    #[error("there is no statement in the query")]
    Empty,
    /// The text is not SQL that the engine reads, or names what is not there; the asker's to mend.
    #[error("{message}{}", aside(.place, .hint))]
    Sql {
        /// What is wrong.
        message: String,
        /// Where, as far as that is known.
        place: Option<Place>,
        /// What would be right, a sentence; `None` where that cannot be guessed.
        hint: Option<String>,
    },
    /// The statement would change something.
    #[error("{kind} is refused: this door only answers questions; facts come in through import or POST /v1/events")]
    ReadOnly {
        /// The statement's first words.
        kind: String,
    },
    /// A query stands before the last statement, so that its rows would be lost.
    #[error("only the last of several statements may be a query; those before it can be SET or RESET")]
    SeveralQueries,
    /// A setting cannot be taken.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A release, or what somebody who sees releases alone may ask.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The query needs more memory than it may have.
    #[error("the query needs more memory than there is for it: ask for fewer rows or groups ({message})")]
    TooLarge {
        /// Which step of the plan asked for how much.
        message: String,
    },
    /// A column is not for everybody.
    #[error("{column} is not there for you: it is for those with the role admin; leave it out")]
    Withheld {
        /// The column.
        column: String,
    },
    /// It took longer than it may.
    #[error(
        "the answer took longer than {} s and was broken off: ask for less, such as fewer areas or years, or have the \
         limit raised ([query.{role}] timeout)", .within.as_secs_f64()
    )]
    TimedOut {
        /// How long it may take.
        within: Duration,
        /// Whose limit it is.
        role: Role,
    },
    /// The answer is larger than it may be.
    #[error(
        "the answer has more than {most} {what}, which is all that it may have: ask for less ([query.{role}] {what})"
    )]
    TooMuch {
        /// How many.
        most: u64,
        /// Of what, `rows` or `bytes`, as the setting is named.
        what: &'static str,
        /// Whose limit it is.
        role: Role,
    },
    /// Nobody read on.
    #[error("the rest of the answer was given up, because nobody read it for {} s: ask again", .within.as_secs_f64())]
    Unread {
        /// How long it was kept.
        within: Duration,
    },
    /// The asker, or somebody for them, has cancelled it.
    #[error("the statement was cancelled as asked")]
    Cancelled,
    /// Too many questions are under way.
    #[error("{at_once} questions {whose} are under way, and none of them ended within {} s: ask again in a moment", .waited.as_secs_f64())]
    Busy {
        /// How many may be.
        at_once: usize,
        /// Whose: `of yours` or `of all`.
        whose: &'static str,
        /// How long it waited.
        waited: Duration,
    },
    /// A table or the machine failed; not the asker's fault.
    #[error("the answer could not be read from the tables")]
    Internal(#[source] Box<DataFusionError>),
    /// The bytes of an answer stopped or made no sense.
    #[error("the answer broke off: {0}")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl QueryError {
    /// Whose it is that there is no answer.
    pub fn owner(&self) -> Owner {
        match self {
            Self::Internal(_) | Self::Broken(_) => Owner::Us,
            Self::Release(error) if !error.is_the_askers() => Owner::Us,
            Self::Busy { .. } => Owner::Outside,
            _ => Owner::Asker,
        }
    }

    /// Whether the asker can mend it by asking otherwise.
    pub fn is_the_askers(&self) -> bool {
        self.owner() == Owner::Asker
    }

    /// Where in the text of the question it is.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Sql { place, .. } => *place,
            _ => None,
        }
    }

    /// What would be right, a sentence.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Sql { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// Something in the text of the question, and what would be right.
    pub(crate) fn sql(message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Sql { message: message.into(), place: None, hint }
    }

    /// The same with its place in the text of the question, where that can be found.
    pub(crate) fn in_text(self, text: &str) -> Self {
        match self {
            Self::Sql { message, place, hint } => {
                let place = place.or_else(|| explain::place_in(text, &message));
                Self::Sql { message, place, hint }
            }
            other => other,
        }
    }

    /// What is wrong with a statement that cannot be planned, where its asker may name these tables.
    pub(crate) fn unplanned(error: DataFusionError, tables: &[String]) -> Self {
        match error.find_root() {
            DataFusionError::Plan(_) => explain::explained(&error, Some(tables)),
            _ => error.into(),
        }
    }

    /// A fault of the program's own, outside the engine.
    pub(crate) fn internal(error: impl Into<DataFusionError>) -> Self {
        Self::Internal(Box::new(error.into()))
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        // What did not fit in memory did not fit on the disk either; the engine says so as a failure of the disk.
        if error.to_string().contains("during the spilling process") {
            return Self::TooLarge { message: "what was put on the disk reached [query] spill_bytes".to_owned() };
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(message) => Self::TooLarge { message: message.clone() },
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_) => explain::explained(&error, None),
            // What a row's values led to, such as a division by zero or a text that is no number.
            DataFusionError::ArrowError(arrow, _) if is_of_values(arrow) => Self::sql(arrow.to_string(), None),
            DataFusionError::Execution(message) => Self::sql(message.as_str(), None),
            DataFusionError::External(inner) => {
                if let Some(setting) = inner.downcast_ref::<SettingError>() {
                    return Self::Setting(setting.clone());
                }
                match inner.downcast_ref::<ReleaseError>().cloned() {
                    Some(release) => Self::Release(release),
                    None => Self::Internal(Box::new(error)),
                }
            }
            _ => Self::Internal(Box::new(error)),
        }
    }
}

/// Place and hint, as they follow what is wrong.
fn aside(place: &Option<Place>, hint: &Option<String>) -> String {
    let place = place.map(|place| format!(" (line {}, column {})", place.line, place.column));
    let hint = hint.as_ref().map(|hint| format!(". {hint}"));
    place.unwrap_or_default() + &hint.unwrap_or_default()
}

fn is_of_values(error: &arrow::error::ArrowError) -> bool {
    use arrow::error::ArrowError;
    matches!(
        error,
        ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::DivideByZero
            | ArrowError::ArithmeticOverflow(_)
            | ArrowError::InvalidArgumentError(_)
    )
}

#[cfg(test)]
mod tests;
