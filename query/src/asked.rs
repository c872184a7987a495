//! The record of who asked what: one event of the log for every question, target `lantoa::asked`.
//!
//! In: a question as it is taken up, and how it ended. Out: one event at INFO with user, role, face, text, when it began,
//! how long it took, rows, bytes and the outcome. Guarantee: every question that was taken up has one event, also where
//! its reader went away; the text is on one line. What the program asks of itself is told at DEBUG.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::access::{Asker, WITHIN};
use crate::error::{Owner, QueryError};

/// Most letters of a text that the log has; what is longer ends in `…`.
const MOST_LETTERS: usize = 10_000;

/// A question that has been taken up.
#[derive(Debug)]
pub(crate) struct Asked {
    asker: Asker,
    text: String,
    began: DateTime<Utc>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// The last row was read.
    Answered,
    /// There is no answer, or no more of it.
    Failed(&'a QueryError),
    /// The reader went away before the last row.
    GivenUp,
}

impl Asked {
    /// A text that somebody asked at an instant.
    pub(crate) fn new(asker: &Asker, text: &str, began: DateTime<Utc>) -> Self {
        Self { asker: asker.clone(), text: one_line(text), began }
    }

    /// Writes the event.
    pub(crate) fn log(&self, ending: Ending<'_>, seconds: f64, rows: u64, bytes: u64) {
        let (outcome, fault) = words(ending);
        macro_rules! record {
            ($level:ident) => {
                tracing::$level!(
                    target: "lantoa::asked",
                    user = &*self.asker.name,
                    role = self.asker.role.as_str(),
                    face = self.asker.face,
                    text = self.text.as_str(),
                    started = %self.began.to_rfc3339_opts(SecondsFormat::Millis, true),
                    seconds,
                    rows,
                    bytes,
                    outcome,
                    fault,
                    "asked"
                )
            };
        }
        // What the program asks of itself, such as whether a row has arrived, would drown what others ask.
        if self.asker.face == WITHIN { record!(debug) } else { record!(info) }
    }
}

/// The outcome, and whose it is where there is no answer.
fn words(ending: Ending<'_>) -> (&'static str, Option<&'static str>) {
    match ending {
        Ending::Answered => ("answered", None),
        Ending::GivenUp => ("given_up", Some(Owner::Asker.as_str())),
        Ending::Failed(error) => {
            let outcome = match error {
                QueryError::Cancelled => "cancelled",
                QueryError::TimedOut { .. } => "timed_out",
                _ => "failed",
            };
            (outcome, Some(error.owner().as_str()))
        }
    }
}

fn one_line(text: &str) -> String {
    let mut letters = text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut line: String = letters.by_ref().take(MOST_LETTERS).collect();
    if letters.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_no_longer_than_allowed() {
        assert_eq!(one_line("\n  SELECT 1,\r\n\t'ố'\n"), "SELECT 1,   'ố'");
        let long = one_line(&"ệ".repeat(MOST_LETTERS + 1));
        assert_eq!((long.chars().count(), long.chars().last()), (MOST_LETTERS, Some('…')));
        assert_eq!(one_line(&"x".repeat(MOST_LETTERS)).len(), MOST_LETTERS);
    }

    #[test]
    fn an_outcome_says_whose_it_is() {
        let busy = QueryError::Busy { at_once: 1, whose: "of yours", waited: std::time::Duration::ZERO };
        for (ending, expected) in [
            (Ending::Answered, ("answered", None)),
            (Ending::GivenUp, ("given_up", Some("asker"))),
            (Ending::Failed(&QueryError::Cancelled), ("cancelled", Some("asker"))),
            (Ending::Failed(&QueryError::Empty), ("failed", Some("asker"))),
            (Ending::Failed(&busy), ("failed", Some("outside"))),
            (Ending::Failed(&QueryError::Broken("off".into())), ("failed", Some("us"))),
        ] {
            assert_eq!(words(ending), expected);
        }
    }
}
