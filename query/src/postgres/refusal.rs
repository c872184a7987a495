//! Why a message has no answer, as Postgres' clients read it: SQLSTATE, message, hint, position.
//!
//! In: an error of a session, or what the protocol does not allow. Out: the fields of an ErrorResponse. Guarantee: a
//! fault of ours is logged here and its cause is not sent.

use std::io;

use crate::error::{Place, QueryError};
use crate::release::ReleaseError;

/// Codes of SQLSTATE that are used here, which pgwire takes as texts.
pub(super) mod state {
    pub(crate) const PROTOCOL: &str = "08P01";
    pub(crate) const UNSUPPORTED: &str = "0A000";
    pub(crate) const BAD_VALUE: &str = "22023";
    pub(crate) const BAD_TEXT: &str = "22P02";
    pub(crate) const NOT_ISO: &str = "22021";
    pub(crate) const DIVISION: &str = "22012";
    pub(crate) const OUT_OF_RANGE: &str = "22003";
    pub(crate) const DATA: &str = "22000";
    pub(crate) const NO_TRANSACTION: &str = "25P01";
    pub(crate) const FAILED_TRANSACTION: &str = "25P02";
    pub(crate) const ACTIVE_TRANSACTION: &str = "25001";
    pub(crate) const READ_ONLY: &str = "25006";
    pub(crate) const NO_STATEMENT: &str = "26000";
    pub(crate) const NOT_LET_IN: &str = "28000";
    pub(crate) const WRONG_PASSWORD: &str = "28P01";
    pub(crate) const NO_CURSOR: &str = "34000";
    pub(crate) const NO_SAVEPOINT: &str = "3B001";
    pub(crate) const WITHHELD: &str = "42501";
    pub(crate) const SYNTAX: &str = "42601";
    pub(crate) const AMBIGUOUS: &str = "42702";
    pub(crate) const NO_COLUMN: &str = "42703";
    pub(crate) const NO_SETTING: &str = "42704";
    pub(crate) const NO_TABLE: &str = "42P01";
    pub(crate) const NO_FUNCTION: &str = "42883";
    pub(crate) const TAKEN_CURSOR: &str = "42P03";
    pub(crate) const TAKEN_STATEMENT: &str = "42P05";
    pub(crate) const WRONG_COLUMN: &str = "42P10";
    pub(crate) const TOO_MANY: &str = "53300";
    pub(crate) const MEMORY: &str = "53200";
    pub(crate) const LIMIT: &str = "53400";
    pub(crate) const TOO_MANY_COLUMNS: &str = "54011";
    pub(crate) const NOT_SO: &str = "55000";
    pub(crate) const CANCELLED: &str = "57014";
    pub(crate) const STOPPING: &str = "57P01";
    pub(crate) const INTERNAL: &str = "XX000";
}

/// What is answered in place of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refusal {
    /// SQLSTATE.
    pub(super) state: &'static str,
    /// What is wrong.
    pub(super) message: String,
    /// What would be right.
    pub(super) hint: Option<String>,
    /// The letter of the statement's text that is wrong, from 1.
    pub(super) position: Option<usize>,
    /// Whether the connection ends by it.
    pub(super) fatal: bool,
}

impl Refusal {
    pub(super) fn new(state: &'static str, message: impl Into<String>) -> Self {
        Self { state, message: message.into(), hint: None, position: None, fatal: false }
    }

    pub(super) fn fatal(state: &'static str, message: impl Into<String>) -> Self {
        Self { fatal: true, ..Self::new(state, message) }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What a session says of a statement. `text` is what the client sent, where positions in it mean anything.
    pub(super) fn of(error: &QueryError, text: Option<&str>) -> Self {
        let message = match error {
            // Without place and hint, which have fields of their own.
            QueryError::Sql { message, .. } => message.clone(),
            other => other.to_string(),
        };
        let position = text.and_then(|text| position(error.place()?, text));
        let hint = error.hint().map(str::to_owned);
        Self { state: state_of(error, &message), message, hint, position, fatal: false }
    }
}

/// Why the work on a message ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client is told.
    Refused(Box<Refusal>),
    /// There is nobody left to tell.
    Gone,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

fn state_of(error: &QueryError, said: &str) -> &'static str {
    match error {
        QueryError::Empty | QueryError::SeveralQueries => state::SYNTAX,
        QueryError::ReadOnly { .. } => state::READ_ONLY,
        QueryError::Setting(_) => state::BAD_VALUE,
        QueryError::Release(ReleaseError::Needed { .. } | ReleaseError::Embargoed { .. }) => state::WITHHELD,
        QueryError::Release(ReleaseError::NotStored { .. }) => state::NO_TABLE,
        QueryError::Release(error) if error.is_the_askers() => state::BAD_VALUE,
        QueryError::Release(error) => {
            tracing::error!(%error, "a release cannot be read");
            state::INTERNAL
        }
        QueryError::TooLarge { .. } => state::MEMORY,
        QueryError::Withheld { .. } => state::WITHHELD,
        QueryError::TimedOut { .. } | QueryError::Cancelled | QueryError::Unread { .. } => state::CANCELLED,
        QueryError::TooMuch { .. } => state::LIMIT,
        QueryError::Busy { .. } => state::TOO_MANY,
        QueryError::Internal(cause) => {
            // The cause may name files: it is for the log, not for whoever asks.
            tracing::error!(%cause, "a query failed");
            state::INTERNAL
        }
        QueryError::Broken(_) => state::INTERNAL,
        QueryError::Sql { .. } => state_of_words(said),
    }
}

/// The engine tells its errors apart by words alone.
const WORDS: [(&[&str], &str); 10] = [
    (&["not readable as sql"], state::SYNTAX),
    (&["there is no column"], state::NO_COLUMN),
    (&["several tables have a column", "ambiguous"], state::AMBIGUOUS),
    (&["there is no table", "' not found"], state::NO_TABLE),
    (&["there is no function", "invalid function", "no function matches"], state::NO_FUNCTION),
    (&["divide by zero"], state::DIVISION),
    (&["overflow"], state::OUT_OF_RANGE),
    (&["cannot cast", "cast error", "parser error", "error parsing"], state::BAD_TEXT),
    (&["not implemented", "not supported"], state::UNSUPPORTED),
    (&["must appear in the group by", "must be in group by"], state::WRONG_COLUMN),
];

fn state_of_words(said: &str) -> &'static str {
    let said = said.to_ascii_lowercase();
    let known = WORDS.iter().find(|(words, _)| words.iter().any(|word| said.contains(word)));
    known.map_or(state::DATA, |(_, state)| state)
}

/// A place as Postgres counts: letters from the beginning of the text, from 1.
fn position(place: Place, text: &str) -> Option<usize> {
    let above = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let before: usize = text.split('\n').take(above).map(|line| line.chars().count() + 1).sum();
    let column = usize::try_from(place.column).ok()?;
    Some((before + column).min(text.chars().count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_would_be_right() {
        let sql = |message: &str, at: Option<(u64, u64)>, hint: Option<&str>| QueryError::Sql {
            message: message.to_owned(),
            place: at.map(|(line, column)| Place { line, column, length: 1 }),
            hint: hint.map(str::to_owned),
        };
        let near = "Did you mean 'indicator'?";
        for (error, text, state, position, hint) in [
            (
                sql("not readable as SQL: Expected: an expression, found: from", Some((2, 8)), None),
                "select 'ă',\nselect from x",
                state::SYNTAX,
                Some(20),
                None,
            ),
            (
                sql("there is no table or view 'indicater'", Some((1, 15)), Some(near)),
                "SELECT * FROM Indicater",
                state::NO_TABLE,
                Some(15),
                Some(near),
            ),
            (sql("there is no function 'foo'", None, None), "SELECT foo()", state::NO_FUNCTION, None, None),
            (sql("several tables have a column 'year'", Some((1, 99)), None), "x", state::AMBIGUOUS, Some(2), None),
            (sql("there is no indicator 'learning_famly'", None, None), "x", state::DATA, None, None),
            (QueryError::SeveralQueries, "select 1; select 2", state::SYNTAX, None, None),
            (QueryError::ReadOnly { kind: "DROP TABLE".into() }, "drop table x", state::READ_ONLY, None, None),
        ] {
            let refusal = Refusal::of(&error, Some(text));
            assert_eq!((refusal.state, refusal.position), (state, position), "{refusal:?}");
            assert_eq!(refusal.hint.as_deref(), hint, "{refusal:?}");
            assert!(!refusal.message.contains("Did you mean"), "{refusal:?}");
        }
    }
}
