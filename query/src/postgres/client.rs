//! The settings that Postgres' clients go by.
//!
//! In: `SET`, `SHOW`, and what a connection begins with. Out: values, some of which change how answers are written.
//! Guarantee: a value that is taken is kept to; where only one value is kept to, any other is refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::timezone::Tz;

use super::refusal::{Refusal, state};
use crate::settings::LISTED;

/// The version of Postgres whose catalogue and messages this face has.
pub(super) const SERVER_VERSION: &str = "15.0";
/// The same as a number.
pub(super) const SERVER_VERSION_NUMBER: &str = "150000";

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Anything: it changes nothing here.
    Anything,
    /// These words alone, in small letters.
    OneOf(&'static [&'static str]),
    /// UTF-8 by any of its names.
    Encoding,
    /// A style whose dates are as ISO writes them.
    IsoDates,
    /// A time zone.
    Zone,
    /// A duration; 0 is none.
    Duration,
    /// Nothing: it says what is.
    Nothing,
}

/// A setting: its name as clients write it, its value at first, what it takes.
type Known = (&'static str, &'static str, Takes);

const KNOWN: [Known; 37] = [
    ("application_name", "", Takes::Anything),
    ("bytea_output", "hex", Takes::OneOf(&["hex"])),
    ("check_function_bodies", "on", Takes::Anything),
    ("client_encoding", "UTF8", Takes::Encoding),
    ("client_min_messages", "notice", Takes::Anything),
    ("DateStyle", "ISO, YMD", Takes::IsoDates),
    ("default_table_access_method", "heap", Takes::Anything),
    ("default_transaction_deferrable", "off", Takes::Anything),
    ("default_transaction_isolation", "read committed", Takes::Anything),
    ("default_transaction_read_only", "on", Takes::OneOf(&["on", "true", "1", "yes"])),
    ("escape_string_warning", "on", Takes::Anything),
    ("extra_float_digits", "1", Takes::Anything),
    ("geqo", "on", Takes::Anything),
    ("idle_in_transaction_session_timeout", "0", Takes::Duration),
    ("in_hot_standby", "off", Takes::Nothing),
    ("integer_datetimes", "on", Takes::Nothing),
    ("IntervalStyle", "postgres", Takes::OneOf(&["postgres"])),
    ("is_superuser", "off", Takes::Nothing),
    ("jit", "off", Takes::Anything),
    ("lc_collate", "C.UTF-8", Takes::Nothing),
    ("lc_ctype", "C.UTF-8", Takes::Nothing),
    ("lc_messages", "C.UTF-8", Takes::Anything),
    ("lc_monetary", "C.UTF-8", Takes::Anything),
    ("lock_timeout", "0", Takes::Duration),
    ("max_identifier_length", "63", Takes::Nothing),
    ("max_index_keys", "32", Takes::Nothing),
    ("row_security", "on", Takes::Anything),
    ("search_path", "public", Takes::Anything),
    ("server_encoding", "UTF8", Takes::Nothing),
    ("server_version", SERVER_VERSION, Takes::Nothing),
    ("server_version_num", SERVER_VERSION_NUMBER, Takes::Nothing),
    ("standard_conforming_strings", "on", Takes::OneOf(&["on", "true", "1", "yes"])),
    ("statement_timeout", "0", Takes::Duration),
    ("synchronize_seqscans", "on", Takes::Anything),
    ("TimeZone", "UTC", Takes::Zone),
    ("transaction_isolation", "read committed", Takes::Anything),
    ("transaction_read_only", "on", Takes::OneOf(&["on", "true", "1", "yes"])),
];

/// The settings that a client is told of at once, and again when they change.
const REPORTED: [&str; 14] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
    "search_path",
];

/// One connection's settings.
#[derive(Debug)]
pub(super) struct ClientSettings {
    user: String,
    /// By the name as clients write it; only what is not as at first.
    changed: Mutex<BTreeMap<&'static str, String>>,
}

/// Whether an encoding's name means UTF-8.
pub(super) fn is_utf8(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().replace(['-', '_'], "").as_str(), "utf8" | "unicode")
}

impl ClientSettings {
    /// Those at first.
    pub(super) fn new(user: &str) -> Self {
        Self { user: user.to_owned(), changed: Mutex::default() }
    }

    fn changed(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a setting, or sets it back; the name as clients write it.
    ///
    /// # Errors
    /// Where there is none of the name, or it does not take the value.
    pub(super) fn set(&self, name: &str, value: Option<&str>) -> Result<&'static str, Refusal> {
        let Some((name, _, takes)) = KNOWN.into_iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) else {
            let refusal = Refusal::new(state::NO_SETTING, format!("there is no setting {name}"));
            return Err(refusal.hint(format!("what an answer stands on is set by {LISTED}")));
        };
        match value {
            Some(value) => {
                let taken = taken(name, takes, value.trim())?;
                self.changed().insert(name, taken);
            }
            None => {
                self.changed().remove(name);
            }
        }
        Ok(name)
    }

    /// Sets all back but the name of the program that asks.
    pub(super) fn reset(&self) {
        self.changed().retain(|name, _| *name == "application_name");
    }

    /// A setting's value.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case("session_authorization") {
            return Some(self.user.clone());
        }
        let (name, first, _) = KNOWN.into_iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
        Some(self.changed().get(name).cloned().unwrap_or_else(|| first.to_owned()))
    }

    /// All settings by name.
    pub(super) fn all(&self) -> Vec<(&'static str, String)> {
        KNOWN.into_iter().filter_map(|(name, ..)| Some((name, self.get(name)?))).collect()
    }

    /// What the client is told of at once.
    pub(super) fn reported(&self) -> Vec<(&'static str, String)> {
        REPORTED.into_iter().filter_map(|name| Some((name, self.get(name)?))).collect()
    }

    /// Whether the client is told when it changes.
    pub(super) fn is_reported(name: &str) -> bool {
        REPORTED.contains(&name)
    }

    /// How long a statement may take.
    pub(super) fn statement_timeout(&self) -> Option<Duration> {
        let told = self.get("statement_timeout")?;
        duration(&told).filter(|limit| !limit.is_zero())
    }

    /// In which zone instants are written.
    pub(super) fn zone(&self) -> Option<Tz> {
        zone(&self.get("TimeZone")?)
    }
}

fn zone(name: &str) -> Option<Tz> {
    match name.to_ascii_lowercase().as_str() {
        "utc" | "gmt" | "z" | "etc/utc" | "etc/gmt" | "universal" | "zulu" => "+00:00".parse().ok(),
        // Since 1975, which is before anything that is told here.
        "asia/ho_chi_minh" | "asia/saigon" => "+07:00".parse().ok(),
        _ => name.parse().ok(),
    }
}

fn taken(name: &str, takes: Takes, value: &str) -> Result<String, Refusal> {
    let small = value.to_ascii_lowercase();
    let refused = |hint: &str| {
        Err(Refusal::new(state::BAD_VALUE, format!("{name} does not take '{value}'")).hint(hint.to_owned()))
    };
    match takes {
        Takes::Anything => Ok(value.to_owned()),
        Takes::OneOf(words) if words.contains(&small.as_str()) => Ok(words[0].to_owned()),
        Takes::OneOf(words) => refused(&format!("take {}", words[0])),
        Takes::Encoding if is_utf8(value) => Ok("UTF8".to_owned()),
        // What old clients say who look at nothing but ASCII.
        Takes::Encoding if small == "sql_ascii" => Ok("UTF8".to_owned()),
        Takes::Encoding => refused("text is sent in UTF8 alone"),
        Takes::IsoDates if small.split(',').all(is_of_iso) => Ok("ISO, YMD".to_owned()),
        Takes::IsoDates => refused("dates are sent as ISO writes them: take ISO"),
        Takes::Zone if zone(value).is_some() => Ok(value.to_owned()),
        Takes::Zone => refused("take UTC, Asia/Ho_Chi_Minh or an offset as +07:00"),
        Takes::Duration if duration(value).is_some() => Ok(value.to_owned()),
        Takes::Duration => refused("take milliseconds, or a number with ms, s, min or h"),
        Takes::Nothing => refused("it cannot be changed"),
    }
}

fn is_of_iso(word: &str) -> bool {
    matches!(word.trim(), "iso" | "ymd" | "mdy" | "dmy" | "euro" | "european" | "us" | "noneuropean")
}

/// A duration as settings have it: milliseconds unless a unit says otherwise.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let unit = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_to_or_refused() {
        let settings = ClientSettings::new("an");
        for (name, value, shown) in [
            ("client_encoding", "utf-8", Some("UTF8")),
            ("client_encoding", "latin1", None),
            ("datestyle", "ISO, DMY", Some("ISO, YMD")),
            ("DateStyle", "German", None),
            ("timezone", "Asia/Ho_Chi_Minh", Some("Asia/Ho_Chi_Minh")),
            ("TimeZone", "+05:30", Some("+05:30")),
            ("TimeZone", "Mars/Phobos", None),
            ("statement_timeout", "5s", Some("5s")),
            ("statement_timeout", "soon", None),
            ("standard_conforming_strings", "off", None),
            ("default_transaction_read_only", "off", None),
            ("server_version", "99", None),
            ("no_such_thing", "1", None),
            ("extra_float_digits", "3", Some("3")),
        ] {
            match settings.set(name, Some(value)) {
                Ok(_) => assert_eq!(settings.get(name).as_deref(), shown, "{name}"),
                Err(refusal) => assert!(shown.is_none() && refusal.hint.is_some(), "{name}: {refusal}"),
            }
        }
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(5)));
        settings.reset();
        assert_eq!((settings.statement_timeout(), settings.get("timezone").as_deref()), (None, Some("UTC")));
        assert!(settings.reported().iter().any(|(name, value)| *name == "session_authorization" && value == "an"));
    }
}
