//! Why a message has no answer, as Postgres' clients read it: SQLSTATE, message, hint, position.
//!
//! In: an error of a session, or what the protocol does not allow. Out: the fields of an ErrorResponse. Guarantee: a
//! fault of ours is logged here and its cause is not sent.

use std::io;

use crate::error::QueryError;

/// Codes of SQLSTATE that are used here.
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
        let said = error.to_string();
        let (message, hint) = split_hint(&said);
        let position = text.and_then(|text| position(&said, text));
        Self { state: state_of(error, &said), message, hint, position, fatal: false }
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
const WORDS: [(&[&str], &str); 9] = [
    (&["not readable as sql"], state::SYNTAX),
    (&["no field named", "there is no column"], state::NO_COLUMN),
    (&["there is no table", "' not found"], state::NO_TABLE),
    (&["invalid function", "no function matches"], state::NO_FUNCTION),
    (&["divide by zero"], state::DIVISION),
    (&["overflow"], state::OUT_OF_RANGE),
    (&["cannot cast", "cast error", "parser error", "error parsing"], state::BAD_TEXT),
    (&["not implemented", "not supported"], state::UNSUPPORTED),
    (&["must appear in the group by", "must be in group by", "ambiguous"], state::WRONG_COLUMN),
];

fn state_of_words(said: &str) -> &'static str {
    let said = said.to_ascii_lowercase();
    let known = WORDS.iter().find(|(words, _)| words.iter().any(|word| said.contains(word)));
    known.map_or(state::DATA, |(_, state)| state)
}

/// A message that ends in what would be right, parted there.
fn split_hint(said: &str) -> (String, Option<String>) {
    for begin in [" Did you mean ", ": did you mean ", " Valid fields are "] {
        if let Some((message, hint)) = said.split_once(begin) {
            let begin = begin.trim_start_matches([':', ' ']).trim_end();
            let message = message.trim_end_matches(['.', ' ']).to_owned();
            let mut letters = begin.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            return (message, Some(format!("{}{} {hint}", first.unwrap_or_default(), letters.as_str())));
        }
    }
    (said.to_owned(), None)
}

/// Where the text is wrong: what the parser says, or where the name stands that nothing has.
fn position(said: &str, text: &str) -> Option<usize> {
    if let Some(place) = said.split("Line: ").nth(1) {
        let (line, rest) = place.split_once(", Column: ")?;
        let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
        let before: usize = text.split('\n').take(line.checked_sub(1)?).map(|line| line.chars().count() + 1).sum();
        return Some((before + column).min(text.chars().count() + 1));
    }
    let name = ["No field named ", "there is no table or view ", "Invalid function ", "there is no indicator "]
        .into_iter()
        .find_map(|begin| said.split_once(begin))?
        .1;
    let name: String = name
        .trim_start_matches(['\'', '"'])
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
        .collect();
    let name = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if name.is_empty() {
        return None;
    }
    let at = text.to_lowercase().find(&name.to_lowercase())?;
    Some(text.get(..at)?.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_would_be_right() {
        let sql = |message: &str| QueryError::Sql { message: message.to_owned() };
        for (error, text, state, position, hint) in [
            (
                sql(
                    "not readable as SQL: sql parser error: Expected: an expression, found: from at Line: 2, Column: 8",
                ),
                "select 1,\nselect from x",
                state::SYNTAX,
                Some(18),
                None,
            ),
            (
                sql("there is no table or view 'indicater'. Did you mean 'indicator'?"),
                "SELECT * FROM Indicater",
                state::NO_TABLE,
                Some(15),
                Some("Did you mean 'indicator'?"),
            ),
            (
                sql("there is no indicator 'learning_famly': did you mean 'learning_family'?"),
                "năm = 'learning_famly'",
                state::DATA,
                Some(8),
                Some("Did you mean 'learning_family'?"),
            ),
            (QueryError::SeveralQueries, "select 1; select 2", state::SYNTAX, None, None),
            (QueryError::ReadOnly { kind: "DROP TABLE".into() }, "drop table x", state::READ_ONLY, None, None),
        ] {
            let refusal = Refusal::of(&error, Some(text));
            assert_eq!((refusal.state, refusal.position), (state, position), "{refusal:?}");
            assert_eq!(refusal.hint.as_deref(), hint, "{refusal:?}");
        }
    }
}
