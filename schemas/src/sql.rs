//! Values as literals of SQL.
//!
//! In: a value. Out: text for a question. Guarantee: whatever the value says, it is one literal and cannot end it.

use chrono::{DateTime, SecondsFormat, Utc};

/// A text.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An instant, of the type that the tables' columns have.
pub fn instant(instant: DateTime<Utc>) -> String {
    let text = instant.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("arrow_cast('{text}', 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_literal() {
        for (text, expected) in [
            ("Bắc Giang", "'Bắc Giang'"),
            ("a' OR 'b", "'a'' OR ''b'"),
            ("'", "''''"),
            ("a\\'; --", "'a\\''; --'"),
            ("$1", "'$1'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn an_instant_keeps_its_microseconds() {
        let written = instant("2026-01-10T02:00:00.000005Z".parse().unwrap());
        assert_eq!(written, "arrow_cast('2026-01-10T02:00:00.000005Z', 'Timestamp(Microsecond, Some(\"UTC\"))')");
    }
}
