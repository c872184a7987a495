//! Settings of the projector. In: a TOML section or defaults. Out: typed values; an unknown key is refused.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lantoa_schemas::avro::ConfluentSchemas;
use lantoa_schemas::connection::ConnectionProperties;
use serde::{Deserialize, Deserializer};

use crate::faults::Faults;

/// Settings of the projector. Sizes are bytes; durations are given in seconds, also with a fraction.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Brokers to begin with, `host:port` separated by commas.
    pub kafka: String,
    /// How they are reached beside that: protocol, credentials, certificates. The program's own to set.
    #[serde(skip)]
    pub connection: ConnectionProperties,
    /// Folder of the tables; each table is a folder below it.
    pub tables: PathBuf,
    /// A window is committed once it holds so many rows. More rows make fewer, larger files and later visibility.
    pub flush_rows: usize,
    /// A window is committed once its records are so many bytes. Bounds memory: a window is held whole.
    pub flush_bytes: usize,
    /// A window is committed once its first record has waited so long: the longest time from log to table under
    /// light load. Shorter makes more files.
    #[serde(deserialize_with = "seconds")]
    pub flush_age: Duration,
    /// A projection that has something new is renewed at most so often; while it lags, views judge what came since.
    #[serde(deserialize_with = "seconds")]
    pub projection_age: Duration,
    /// Most bytes that the Kafka client fetches ahead. Bounds memory.
    pub fetch_ahead_bytes: usize,
    /// Which released schema each id of a schema registry stands for, as `"12" = "statement@0.1.0"`. A record with
    /// another id goes to `outcome`. An id stays here as long as the log has records with it: the check at the start and
    /// `verify` read them again.
    pub confluent_schemas: ConfluentSchemas,
    /// How long to wait at the start for the broker and the topics.
    #[serde(deserialize_with = "seconds")]
    pub start_timeout: Duration,
    /// How the tables are looked after.
    pub maintain: Maintenance,
    /// Where the process aborts itself, for tests of recovery; never set in use.
    pub fault: Option<FaultPoint>,
    /// What goes wrong while it runs on, for tests; never set in use.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            kafka: "127.0.0.1:7092".to_owned(),
            connection: ConnectionProperties::default(),
            tables: PathBuf::from("lantoa-data/tables"),
            flush_rows: 100_000,
            flush_bytes: 24 << 20,
            flush_age: Duration::from_millis(500),
            projection_age: Duration::from_secs(2),
            fetch_ahead_bytes: 32 << 20,
            confluent_schemas: ConfluentSchemas::default(),
            start_timeout: Duration::from_secs(30),
            maintain: Maintenance::default(),
            fault: None,
            faults: Faults::default(),
        }
    }
}

/// How the tables are looked after: small files become few, and what nobody needs goes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Maintenance {
    /// How long to wait between two looks at the tables. Shorter leaves fewer files and rewrites more often; 0 leaves
    /// the tables alone.
    #[serde(deserialize_with = "seconds")]
    pub every: Duration,
    /// So many files with about as many rows each become one, at least 2. More of them rewrite each row less often and
    /// leave more files.
    pub files: usize,
    /// Size that files grow to. Half of it is enough to be left alone.
    pub file_bytes: u64,
    /// Memory for sorting; what does not fit is sorted on the disk. Beside it the file that is written takes a few MB.
    pub memory_bytes: usize,
    /// Whether files get Bloom filters of event ids and subject tokens, which look-ups skip files by. They cost a fifth
    /// of the speed at which files are rewritten.
    pub bloom_filters: bool,
    /// How long a file is kept after it was replaced, or where its commit never came; at least an hour. No question may
    /// run longer.
    #[serde(deserialize_with = "seconds")]
    pub keep_files: Duration,
    /// How long entries of a table's log are kept, at least half an hour. Each commit lists them all, so that more of
    /// them make it slower.
    #[serde(deserialize_with = "seconds")]
    pub keep_log: Duration,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(30),
            files: 8,
            file_bytes: 128 << 20,
            memory_bytes: 128 << 20,
            bloom_filters: true,
            keep_files: Duration::from_secs(86_400),
            keep_log: Duration::from_secs(3600),
        }
    }
}

impl Maintenance {
    /// How long files are kept, not less than is safe for what runs.
    pub(crate) fn files_kept(&self) -> Duration {
        self.keep_files.max(Duration::from_secs(3600))
    }

    /// How long the log is kept, not less than is safe for what runs.
    pub(crate) fn log_kept(&self) -> Duration {
        self.keep_log.max(Duration::from_secs(1800))
    }
}

/// A step boundary at which the process aborts, as `kill -9` would end it, so that tests can show what survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPoint {
    /// The window is written to files that no commit names yet.
    BeforeCommit,
    /// The ledger's commit has landed, its `outcome` rows have not.
    AfterCommit,
    /// Both have landed.
    AfterOutcome,
}

impl FromStr for FaultPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "before_commit" => Ok(Self::BeforeCommit),
            "after_commit" => Ok(Self::AfterCommit),
            "after_outcome" => Ok(Self::AfterOutcome),
            _ => Err("a fault point of the projector is before_commit, after_commit or after_outcome".to_owned()),
        }
    }
}

impl FaultPoint {
    /// Aborts the process if this is the point that `wanted` names.
    pub(crate) fn strike(self, wanted: Option<Self>) {
        if wanted == Some(self) {
            std::process::abort();
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::stream::Family;

    #[test]
    fn a_section_is_read_and_unknown_keys_are_refused() {
        let maintain = Maintenance { every: Duration::ZERO, ..Maintenance::default() };
        let untouched = Config { maintain, ..Config::default() };
        let confluent_schemas = ConfluentSchemas::default().with(12, Family::Statement, "0.1.0");
        for (text, expected) in [
            ("{}", Some(Config::default())),
            (r#"{"flush_age": 0.2}"#, Some(Config { flush_age: Duration::from_millis(200), ..Config::default() })),
            (r#"{"flush_age": -1}"#, None),
            (r#"{"flush": 1}"#, None),
            (r#"{"connection": {}}"#, None),
            (r#"{"maintain": {"every": 0}}"#, Some(untouched)),
            (
                r#"{"confluent_schemas": {"12": "statement@0.1.0"}}"#,
                Some(Config { confluent_schemas, ..Config::default() }),
            ),
            (r#"{"confluent_schemas": {"12": "statement"}}"#, None),
            (r#"{"maintain": {"optimize": true}}"#, None),
        ] {
            assert_eq!(serde_json::from_str::<Config>(text).ok(), expected, "{text}");
        }
        let hasty = Maintenance { keep_files: Duration::ZERO, keep_log: Duration::ZERO, ..Maintenance::default() };
        assert!(hasty.files_kept() > Duration::ZERO && hasty.log_kept() > Duration::ZERO);
        assert_eq!("after_commit".parse(), Ok(FaultPoint::AfterCommit));
        assert!("later".parse::<FaultPoint>().is_err());
    }
}
