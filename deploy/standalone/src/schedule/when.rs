//! When a job runs: a cron expression, read in Vietnam's time.
//!
//! In: six parts (second, minute, hour, day, month, weekday) and a year where it is wanted. Out: instants. Guarantee: what
//! cannot be read, or never comes, is refused with the part that is wrong; an instant is given once.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Asia::Ho_Chi_Minh;
use cron::Schedule;
use serde::Deserialize;

/// The parts of an expression. The year may be left out.
const PARTS: [&str; 7] = ["second", "minute", "hour", "day", "month", "weekday", "year"];

/// What is no cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cron = '{text}': {why}; write second, minute, hour, day, month and weekday (SUN to SAT), and a year where it is to come \
     once, in Vietnam's time: '0 0 6 21 10 *' is 06:00 on every 21 October"
)]
pub struct NotAWhen {
    /// What was written.
    text: String,
    /// What is wrong with it.
    why: String,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct When(Schedule);

impl FromStr for When {
    type Err = NotAWhen;

    fn from_str(text: &str) -> Result<Self, NotAWhen> {
        let wrong = |why: String| NotAWhen { text: text.to_owned(), why };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let is_word = parts.first().is_some_and(|first| first.starts_with('@'));
        if !is_word && !matches!(parts.len(), 6 | 7) {
            return Err(wrong(format!("it has {} parts, and six or seven are needed", parts.len())));
        }
        let when = match text.parse() {
            Ok(schedule) => Self(schedule),
            Err(_) => return Err(wrong(wrong_part(&parts))),
        };
        match when.after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(when),
            None => Err(wrong("no such day ever comes".to_owned())),
        }
    }
}

/// Which part cannot be read.
fn wrong_part(parts: &[&str]) -> String {
    for (at, (part, name)) in parts.iter().zip(PARTS).enumerate() {
        let mut alone = ["*"; PARTS.len()];
        alone[at] = part;
        if alone.join(" ").parse::<Schedule>().is_err() {
            return format!("the {name} '{part}' cannot be read");
        }
    }
    "it cannot be read".to_owned()
}

impl TryFrom<String> for When {
    type Error = NotAWhen;

    fn try_from(text: String) -> Result<Self, NotAWhen> {
        text.parse()
    }
}

impl When {
    /// The expression.
    pub fn as_str(&self) -> &str {
        self.0.source()
    }

    /// The first instant after another; `None` where none comes any more.
    pub fn after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.all_after(instant).next()
    }

    /// All instants after another, in their order.
    pub fn all_after(&self, instant: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        // Only forwards: backwards the crate loses instants of a year that is over.
        self.0.after(&instant.with_timezone(&Ho_Chi_Minh)).map(|at| at.with_timezone(&Utc))
    }

    /// Whether an instant is one of them.
    pub fn has(&self, instant: DateTime<Utc>) -> bool {
        self.after(instant - TimeDelta::seconds(1)) == Some(instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn instants_are_vietnams_and_each_comes_once() {
        for (cron, after, next) in [
            ("0 0 6 21 10 *", "2025-01-01T00:00:00Z", Some("2025-10-20T23:00:00Z")),
            ("0 0 6 21 10 *", "2025-10-20T22:59:59.999Z", Some("2025-10-20T23:00:00Z")),
            ("0 0 6 21 10 *", "2025-10-20T23:00:00Z", Some("2026-10-20T23:00:00Z")),
            ("0 0 6 21 10 *", "2025-10-20T23:00:00.001Z", Some("2026-10-20T23:00:00Z")),
            ("0 0 8 13,18 10 *", "2025-10-13T01:00:00Z", Some("2025-10-18T01:00:00Z")),
            ("0 0 6 21 10 * 2025", "2025-10-20T23:00:00Z", None),
            ("0 30 0 31 12 * 2025", "2025-03-01T00:00:00Z", Some("2025-12-30T17:30:00Z")),
            // A weekday narrows the day.
            ("0 0 6 1-7 10 SUN", "2026-01-01T00:00:00Z", Some("2026-10-03T23:00:00Z")),
            ("0 0 6 1-7 10 1", "2026-01-01T00:00:00Z", Some("2026-10-03T23:00:00Z")),
            ("@daily", "2025-10-20T23:00:00Z", Some("2025-10-21T17:00:00Z")),
        ] {
            let when: When = cron.parse().unwrap();
            assert_eq!(when.after(at(after)), next.map(at), "{cron} after {after}");
            assert_eq!(when.as_str(), cron);
        }
        let when: When = "0 0 6 21 10 *".parse().unwrap();
        assert!(when.has(at("2025-10-20T23:00:00Z")));
        assert!(!when.has(at("2025-10-20T23:00:00.5Z")) && !when.has(at("2025-10-20T23:00:01Z")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (cron, word) in [
            ("0 6 21 10 *", "5 parts"),
            ("61 0 6 21 10 *", "second '61'"),
            ("0 0 25 21 10 *", "hour '25'"),
            ("0 0 6 0 10 *", "day '0'"),
            ("0 0 6 21 Okt *", "month 'Okt'"),
            ("0 0 6 21 10 8", "weekday '8'"),
            ("0 0 6 21 10 * 1900", "year '1900'"),
            ("0/0 0 6 21 10 *", "second '0/0'"),
            ("0 0 6 30 2 *", "no such day"),
            ("", "0 parts"),
            ("@often", "cannot be read"),
        ] {
            let error = cron.parse::<When>().unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("0 0 6 21 10 *"), "{cron}: {error}");
        }
    }
}
