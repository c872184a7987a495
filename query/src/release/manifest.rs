//! What a release says of itself: `manifest.json` in its folder.
//!
//! Guarantee: a field that is not known is refused, so that no program reads a release of a later form by half. No clock
//! of the machine is in it: the same release of the same events has the same bytes.

use chrono::{DateTime, NaiveDate, Utc};
use lantoa_schemas::clock::day_in_vietnam;
use serde::{Deserialize, Serialize};

use super::{EVERY_MAP, Name, Version, in_vietnam};

/// The form of manifests that this program writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this file.
    pub format: u32,
    /// Name of the release.
    pub name: Name,
    /// Its version.
    pub version: Version,
    /// What it is, for people.
    pub title: Option<String>,
    /// Day or instant up to which records are in it, as `lantoa.as_of` has it.
    pub as_of: String,
    /// Last day of telling, where that is limited.
    pub stated_by: Option<NaiveDate>,
    /// Its maps: `as_reported`, or each map's first known day.
    pub maps: Vec<String>,
    /// The catalogue by which its figures were made.
    pub catalogue: String,
    /// Version of the program that made it.
    pub program: String,
    /// When it becomes public; `None` where it is at once.
    pub embargo: Option<DateTime<Utc>>,
    /// The version of the same name that it follows.
    pub previous: Option<Version>,
    /// How many events are in all ledgers by then.
    pub events: i64,
    /// When the newest of them was recorded.
    pub newest: Option<DateTime<Utc>>,
    /// The ledgers, by name.
    pub ledgers: Vec<Ledger>,
    /// Its tables, by map and name.
    pub tables: Vec<StoredTable>,
}

/// What a release rests on of one ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Name of the ledger.
    pub table: String,
    /// Its events by then.
    pub events: i64,
    /// Where they stand in the log.
    pub log: Vec<LogPart>,
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPart {
    /// The cluster's id.
    pub cluster: String,
    /// How often the log was declared new.
    pub generation: i64,
    /// The partition.
    pub partition: i64,
    /// Offset of the last event that is in the release.
    pub last_offset: i64,
    /// How many events of this part are in it.
    pub events: i64,
}

/// A table of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTable {
    /// Its name in SQL.
    pub table: String,
    /// The map it stands on; `None` where it is the same on every map.
    pub map: Option<String>,
    /// Its rows.
    pub rows: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

impl StoredTable {
    /// Its file, below the release's folder.
    pub fn file(&self) -> String {
        format!("{}/{}.parquet", self.map.as_deref().unwrap_or(EVERY_MAP), self.table)
    }
}

/// Why a release is not to be used any more: `withdrawn.json` beside its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    /// Why.
    pub reason: String,
    /// When that was said.
    pub at: DateTime<Utc>,
}

impl Withdrawn {
    /// The day in Vietnam on which that was said.
    pub fn on(&self) -> NaiveDate {
        day_in_vietnam(self.at)
    }
}

impl Manifest {
    /// Reads one, and holds what it says of its files against what could be there.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| format!("is no manifest ({error})"))?;
        if manifest.format != FORMAT {
            return Err(format!("has the form {}, and this program reads {FORMAT}", manifest.format));
        }
        // Both are parts of paths.
        let plain =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        let wrong = |of: &&StoredTable| !plain(&of.table) || of.map.as_deref().is_some_and(|map| !plain(map));
        match manifest.tables.iter().find(wrong) {
            Some(of) => Err(format!("names a table '{}' that cannot be one", of.table)),
            None => Ok(manifest),
        }
    }

    /// Name and version, as it is asked for.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Whether it is not public yet.
    pub fn is_embargoed(&self, now: DateTime<Utc>) -> bool {
        self.embargo.is_some_and(|embargo| now < embargo)
    }

    /// From when on it is public, in Vietnam; `None` where it is from the beginning.
    pub fn public_from(&self) -> Option<String> {
        self.embargo.map(in_vietnam)
    }

    /// The table of a name on a map, or what is the same on every map.
    pub(crate) fn table(&self, name: &str, map: &str) -> Option<&StoredTable> {
        self.tables.iter().find(|of| of.table == name && of.map.as_deref().is_none_or(|on| on == map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            name: "LLW-2025".parse().unwrap(),
            version: Version::FIRST,
            title: None,
            as_of: "2025-10-20".to_owned(),
            stated_by: None,
            maps: vec!["as_reported".to_owned()],
            catalogue: "1-0123456789ab".to_owned(),
            program: "0.1.0".to_owned(),
            embargo: "2025-12-14T17:00:00Z".parse().ok(),
            previous: None,
            events: 82,
            newest: None,
            ledgers: Vec::new(),
            tables: vec![StoredTable {
                table: "indicator".to_owned(),
                map: Some("as_reported".to_owned()),
                rows: 1,
                bytes: 1,
                sha256: "00".to_owned(),
            }],
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_not_known_is_refused() {
        let written = serde_json::to_string(&manifest()).unwrap();
        assert_eq!(Manifest::read(written.as_bytes()), Ok(manifest()));
        for (was, becomes, says) in [
            ("\"format\":1", "\"format\":2", "the form 2"),
            ("\"format\":1", "\"format\":1,\"colour\":\"red\"", "colour"),
            ("\"table\":\"indicator\"", "\"table\":\"../indicator\"", "../indicator"),
            ("\"version\":\"1.0.0\"", "\"version\":\"1\"", "no release"),
        ] {
            let error = Manifest::read(written.replace(was, becomes).as_bytes()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn an_embargo_ends_with_its_instant() {
        let manifest = manifest();
        assert_eq!(manifest.public_from().as_deref(), Some("2025-12-15"));
        for (now, embargoed) in [("2025-12-14T16:59:59Z", true), ("2025-12-14T17:00:00Z", false)] {
            assert_eq!(manifest.is_embargoed(now.parse().unwrap()), embargoed, "{now}");
        }
    }
}
