//! Single values of the command line: how each is written, and what is said of a wrong one.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use lantoa_query::access::Role;
use lantoa_query::format::Format;
use lantoa_report::Language;
use lantoa_schemas::clock::end_of_day_in_vietnam;
use lantoa_schemas::form::Form;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;

/// The map that areas are answered on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// Each fact on the map it was told on.
    AsReported,
    /// The map in force on a day.
    Of(NaiveDate),
}

/// Up to when records count: a day in Vietnam with its end, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf(
    /// When.
    pub lantoa_query::settings::AsOf,
);

/// A day in Vietnam, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(
    /// The day.
    pub NaiveDate,
);

impl FromStr for Map {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "as_reported" { Ok(Self::AsReported) } else { day(text).map(Self::Of) }
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsReported => f.write_str("as_reported"),
            Self::Of(day) => write!(f, "{day}"),
        }
    }
}

impl FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "a day is written YYYY-MM-DD, as 2024-10-15; an instant as 2024-10-15T08:30:00Z".to_owned();
        text.parse().map(Self).map_err(wrong)
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// From when on something is public: the beginning of a day in Vietnam, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embargo(
    /// When.
    pub DateTime<Utc>,
);

impl FromStr for Embargo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        use lantoa_query::settings::AsOf as Until;
        Ok(Self(match text.parse::<AsOf>()?.0 {
            Until::Instant(instant) => instant,
            Until::Day(day) => end_of_day_in_vietnam(day.pred_opt().unwrap_or(day)),
        }))
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        day(text).map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Takes the role of a user.
///
/// # Errors
/// What would be right.
pub fn user_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "a role is admin, analyst or reader".to_owned())
}

fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| "a day is written YYYY-MM-DD, as 2024-10-15".into())
}

/// Reads an address to listen on, and refuses one that other machines reach.
///
/// # Errors
/// What is wrong and what would be right.
pub fn local_listener(text: &str) -> Result<SocketAddr, String> {
    let address = match text.strip_prefix("localhost:").map(str::parse) {
        Some(Ok(port)) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        _ => text.parse().map_err(|_| "an address is written HOST:PORT, as 127.0.0.1:7080".to_owned())?,
    };
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("other machines could reach it, and what is asked here has no TLS; listen on 127.0.0.1 and put a proxy that has \
             TLS and passwords in front, or let senders alone in with --intake"
            .into())
    }
}

/// Reads the name of a format.
pub(super) fn format() -> impl TypedValueParser<Value = Format> {
    let words = Format::ALL.map(|format| PossibleValue::new(format.as_str()).help(format.about()));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Format>())
}

/// The languages of a report.
pub const LANGUAGES: [Language; 2] = [Language::Vietnamese, Language::English];

/// The language of a code, as it is written in flags and settings.
pub fn language_of(code: &str) -> Option<Language> {
    LANGUAGES.into_iter().find(|language| language.code() == code)
}

/// The format of a report by the ending of its files, as it is written in flags and settings.
pub fn report_format_of(ending: &str) -> Option<lantoa_report::Format> {
    lantoa_report::Format::ALL.into_iter().find(|format| format.ending() == ending)
}

/// Reads the language of a report.
pub(super) fn language() -> impl TypedValueParser<Value = Language> {
    let missing = |code: String| format!("there is no language {code}");
    let words = PossibleValuesParser::new(LANGUAGES.map(Language::code));
    words.try_map(move |code| language_of(&code).ok_or_else(|| missing(code)))
}

/// Reads the format of a report.
pub(super) fn report_format() -> impl TypedValueParser<Value = lantoa_report::Format> {
    let missing = |ending: String| format!("there is no format {ending}");
    let words = PossibleValuesParser::new(lantoa_report::Format::ALL.map(lantoa_report::Format::ending));
    words.try_map(move |ending| report_format_of(&ending).ok_or_else(|| missing(ending)))
}

/// An instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(
    /// When.
    pub DateTime<Utc>,
);

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "an instant is written 2026-10-21T06:00:00+07:00".to_owned();
        DateTime::parse_from_rfc3339(text).map(|instant| Self(instant.with_timezone(&Utc))).map_err(wrong)
    }
}

/// Reads an address to listen on, whoever may reach it: whether it may be listened on depends on the settings.
///
/// # Errors
/// What would be right.
pub fn listener(text: &str) -> Result<SocketAddr, String> {
    match text.strip_prefix("localhost:").map(str::parse) {
        Some(Ok(port)) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        _ => text.parse().map_err(|_| "an address is written HOST:PORT, as 127.0.0.1:7432".to_owned()),
    }
}

/// Reads the name of a form.
pub(super) fn known_form(text: &str) -> Result<String, String> {
    Form::named(text).map(|form| form.name.to_owned()).ok_or_else(|| format!("known forms: {}", Form::names()))
}

/// Reads the name of a family.
pub(super) fn known_family(text: &str) -> Result<Family, String> {
    Family::parse(text).ok_or_else(|| format!("a family is {}", Family::listed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embargo_of_a_day_ends_where_the_day_begins() {
        for (text, until) in
            [("2025-12-15", "2025-12-14T17:00:00+00:00"), ("2025-12-15T08:00:00+07:00", "2025-12-15T01:00:00+00:00")]
        {
            assert_eq!(text.parse::<Embargo>().unwrap().0.to_rfc3339(), until);
        }
        assert!("15/12/2025".parse::<Embargo>().is_err());
    }

    #[test]
    fn listeners() {
        for (text, right) in [
            ("127.0.0.1:0", true),
            ("localhost:7080", true),
            ("[::1]:7080", true),
            ("0.0.0.0:7080", false),
            ("[::]:7080", false),
            ("10.0.0.1:80", false),
            ("localhost", false),
            (":7080", false),
        ] {
            assert_eq!(local_listener(text).is_ok(), right, "{text}");
        }
    }
}
