//! What an answer stands on: the map, the day of knowledge, the day of telling, the release.
//!
//! In: text, from SQL (`SET lantoa.x = '…'`), flags or HTTP parameters. Out: typed settings, or an error that lists
//! what would be right. They live in the session's configuration, so that `SHOW` and every front end see the same.

use std::any::Any;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::error::{DataFusionError, Result};
use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::clock::{day_in_vietnam, end_of_day_in_vietnam};
use serde::Deserialize;

use crate::release::{NotAReference, Reference};

/// Word for "each figure on the map on which it was reported".
pub const AS_REPORTED: &str = "as_reported";

/// Names of the settings, as in `SET lantoa.<name>`.
pub const NAMES: [&str; 4] = ["map", "as_of", "stated_by", "release"];

/// The settings as they are named in messages.
pub(crate) const LISTED: &str = "lantoa.map, lantoa.as_of, lantoa.stated_by and lantoa.release";

/// The settings of a session as text, from flags or HTTP parameters; empty is the same as not given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The map on which the answer stands: `as_reported`, or a day.
    pub map: Option<String>,
    /// Only what was recorded by the end of this day in Vietnam, or by this instant.
    pub as_of: Option<String>,
    /// Only what sources had said by the end of this day.
    pub stated_by: Option<String>,
    /// The release that answers, in place of the ledgers.
    pub release: Option<String>,
}

impl Settings {
    /// The settings that were given, by name.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all =
            [("map", &self.map), ("as_of", &self.as_of), ("stated_by", &self.stated_by), ("release", &self.release)];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// A setting that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No setting has the name.
    #[error("there is no setting {name}: the settings are {LISTED}")]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// The engine's own options are not the user's.
    #[error("{name} is the engine's own and is neither shown nor changed here: the settings are {LISTED}")]
    Engine {
        /// The name asked for.
        name: String,
    },
    /// The value is no day.
    #[error("lantoa.{name} = '{value}' is not a day: write it as 2024-10-31, or leave it empty for no limit")]
    NotADay {
        /// Name of the setting.
        name: &'static str,
        /// The value given.
        value: String,
    },
    /// The value is neither a day nor an instant.
    #[error(
        "lantoa.as_of = '{value}' is neither a day nor an instant: write it as 2024-10-31 or, to the second, as \
         2024-10-31T08:30:00Z, or leave it empty for no limit"
    )]
    NotATime {
        /// The value given.
        value: String,
    },
    /// The value is neither a day nor the word for no map.
    #[error("lantoa.map = '{value}' is not a map: {possible}")]
    NotAMap {
        /// The value given.
        value: String,
        /// The maps to choose from.
        possible: String,
    },
    /// The value names no release.
    #[error(transparent)]
    NotARelease(#[from] NotAReference),
    /// A release has its own days.
    #[error(
        "lantoa.release = '{release}' has its own day of knowledge and of telling: RESET lantoa.release before setting \
         lantoa.as_of or lantoa.stated_by, or reset these before naming a release"
    )]
    OfRelease {
        /// The release.
        release: String,
    },
    /// A day of which the areas are not known.
    #[error("lantoa.map = '{day}': how the provinces were on that day is not known; {possible}")]
    BeforeMaps {
        /// The day asked for.
        day: NaiveDate,
        /// The maps to choose from.
        possible: String,
    },
}

impl SettingError {
    /// Of a name that is no setting of a session.
    pub(crate) fn of_others(name: String) -> Self {
        let of_engine = ["datafusion.", "information_schema."].into_iter().any(|prefix| name.starts_with(prefix));
        if of_engine { Self::Engine { name } } else { Self::Unknown { name } }
    }

    /// The same with the maps that a history has to choose from: events may have added some.
    pub(crate) fn listing(self, history: &AreaHistory) -> Self {
        let possible = possible_maps(history);
        match self {
            Self::NotAMap { value, .. } => Self::NotAMap { value, possible },
            Self::BeforeMaps { day, .. } => Self::BeforeMaps { day, possible },
            other => other,
        }
    }
}

/// The maps to choose from, for messages.
fn possible_maps(history: &AreaHistory) -> String {
    let maps: Vec<_> = history.maps().iter().map(|map| format!("'{map}'")).collect();
    let since = history.known_since().map(|day| format!(" (any day from {day} means the map in force on it)"));
    format!(
        "write {} or another day as 2024-10-31{}, or 'as_reported', each figure on the map on which it was reported",
        maps.join(", "),
        since.unwrap_or_default()
    )
}

/// Up to when records count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// To the end of a day in Vietnam.
    Day(NaiveDate),
    /// To an instant, itself included. Finer than the microseconds of records it is never.
    Instant(DateTime<Utc>),
}

impl AsOf {
    /// The last day of record, in Vietnam.
    pub fn day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Instant(instant) => day_in_vietnam(instant),
        }
    }

    /// The first microsecond since 1970 whose records do not count.
    pub(crate) fn end_micros(self) -> i64 {
        match self {
            Self::Day(day) => end_of_day_in_vietnam(day).timestamp_micros(),
            Self::Instant(instant) => instant.timestamp_micros().saturating_add(1),
        }
    }
}

impl FromStr for AsOf {
    type Err = SettingError;

    fn from_str(text: &str) -> std::result::Result<Self, SettingError> {
        if let Some(day) = read_day(text) {
            return Ok(Self::Day(day));
        }
        let instant = DateTime::parse_from_rfc3339(text).ok();
        let instant = instant.and_then(|instant| DateTime::from_timestamp_micros(instant.timestamp_micros()));
        instant.map(Self::Instant).ok_or_else(|| SettingError::NotATime { value: text.to_owned() })
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Instant(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        }
    }
}

/// The settings of a session, read and checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// A day of the map on which the answer stands; `None` for each figure on its own.
    pub(crate) map: Option<NaiveDate>,
    /// Last day or instant of record.
    pub(crate) as_of: Option<AsOf>,
    /// Last day of telling.
    pub(crate) stated_by: Option<NaiveDate>,
    /// The release that is read; `None` for the ledgers.
    pub(crate) release: Option<Reference>,
}

impl Standing {
    /// Takes one setting by its name without the prefix; an empty value sets it back.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> std::result::Result<(), SettingError> {
        let value = value.trim();
        let mut next = self.clone();
        match name {
            "map" => next.map = map(value)?,
            "as_of" => next.as_of = as_of(value)?,
            "stated_by" => next.stated_by = day("stated_by", value)?,
            "release" => next.release = release(value)?,
            _ => return Err(SettingError::Unknown { name: format!("lantoa.{name}") }),
        }
        if let Some(release) = &next.release
            && (next.as_of.is_some() || next.stated_by.is_some())
        {
            return Err(SettingError::OfRelease { release: release.to_string() });
        }
        *self = next;
        Ok(())
    }

    /// The value of a setting as text, `None` where it sets no limit.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        match name {
            "map" => Some(self.map.map_or_else(|| AS_REPORTED.to_owned(), |day| day.to_string())),
            "as_of" => self.as_of.map(|as_of| as_of.to_string()),
            "stated_by" => self.stated_by.map(|day| day.to_string()),
            "release" => self.release.as_ref().map(Reference::to_string),
            _ => None,
        }
    }
}

fn release(value: &str) -> std::result::Result<Option<Reference>, SettingError> {
    if value.is_empty() { Ok(None) } else { Ok(Some(value.parse()?)) }
}

fn map(value: &str) -> std::result::Result<Option<NaiveDate>, SettingError> {
    if value.is_empty() || value == AS_REPORTED {
        return Ok(None);
    }
    // Maps only follow on those that ship, so nothing but the list of them depends on events.
    let history = AreaHistory::shipped();
    let possible = || possible_maps(history);
    let day = read_day(value).ok_or_else(|| SettingError::NotAMap { value: value.to_owned(), possible: possible() })?;
    if history.known_since().is_some_and(|since| day < since) {
        return Err(SettingError::BeforeMaps { day, possible: possible() });
    }
    Ok(Some(day))
}

fn as_of(value: &str) -> std::result::Result<Option<AsOf>, SettingError> {
    if value.is_empty() { Ok(None) } else { value.parse().map(Some) }
}

fn day(name: &'static str, value: &str) -> std::result::Result<Option<NaiveDate>, SettingError> {
    if value.is_empty() {
        return Ok(None);
    }
    read_day(value).map(Some).ok_or_else(|| SettingError::NotADay { name, value: value.to_owned() })
}

/// A day in its one form; chrono alone would also take `2024-1-5`.
fn read_day(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}

impl ConfigExtension for Standing {
    const PREFIX: &'static str = "lantoa";
}

impl ExtensionOptions for Standing {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        self.take(key, value).map_err(|error| DataFusionError::External(Box::new(error)))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let describe = |name| match name {
            "map" => "The map on which the answer stands: as_reported, or a day",
            "as_of" => "Only what was recorded by the end of this day in Vietnam, or by this instant",
            "stated_by" => "Only what sources had said by the end of this day",
            _ => "The release that answers: its name, and where not the newest is meant a version",
        };
        let entry =
            |name| ConfigEntry { key: format!("lantoa.{name}"), value: self.value(name), description: describe(name) };
        NAMES.into_iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_or_explained() {
        let mut standing = Standing::default();
        standing.take("as_of", "2025-10-15").unwrap();
        standing.take("map", "as_reported").unwrap();
        assert_eq!(standing.value("as_of").as_deref(), Some("2025-10-15"));
        standing.take("as_of", "2025-10-15T15:30:00.250+07:00").unwrap();
        assert_eq!(standing.value("as_of").as_deref(), Some("2025-10-15T08:30:00.250Z"));
        standing.take("as_of", "").unwrap();
        assert_eq!(standing, Standing::default());
        for (name, value, says) in [
            ("as_of", "15/10/2025", "2024-10-31"),
            ("as_of", "2025-1-5", "2024-10-31"),
            ("as_of", "2025-10-15T08:30", "2024-10-31T08:30:00Z"),
            ("stated_by", "2025-10-15T08:30:00Z", "2024-10-31"),
            ("stated_by", "2025-02-30", "2024-10-31"),
            ("map", "2000-01-01", "2025-07-01"),
            ("map", "new", "as_reported"),
            ("maps", "as_reported", "lantoa.map"),
            ("release", "LLW 2025", "LLW-2025@1"),
        ] {
            let error = standing.take(name, value).unwrap_err().to_string();
            assert!(error.contains(says), "{name} = {value}: {error}");
        }
    }

    #[test]
    fn a_release_has_its_own_days() {
        let mut standing = Standing::default();
        standing.take("release", "LLW-2025@1").unwrap();
        standing.take("map", "2025-07-01").unwrap();
        for name in ["as_of", "stated_by"] {
            let error = standing.take(name, "2025-10-15").unwrap_err();
            assert!(matches!(&error, SettingError::OfRelease { release } if release == "LLW-2025@1"), "{error}");
        }
        assert_eq!(standing.value("release").as_deref(), Some("LLW-2025@1"));
        standing.take("release", "").unwrap();
        standing.take("as_of", "2025-10-15").unwrap();
        assert!(standing.take("release", "LLW-2025").is_err());
        assert_eq!(standing.value("release"), None);
    }

    #[test]
    fn an_instant_takes_in_its_own_microsecond_and_no_later_one() {
        let ends = |text: &str| text.parse::<AsOf>().unwrap().end_micros();
        assert_eq!(ends("1970-01-01T00:00:01Z"), 1_000_001);
        assert_eq!(ends("1970-01-01T07:00:01.000002500+07:00"), 1_000_003);
        // The last instant of a day in Vietnam ends with that day.
        assert_eq!(ends("2025-10-15T16:59:59.999999Z"), ends("2025-10-15"));
        assert_eq!("2025-10-15T17:00:00Z".parse::<AsOf>().unwrap().day().to_string(), "2025-10-16");
    }
}
