//! What one question may take, so that no question takes down the server or starves the others.
//!
//! In: the settings of each role. Out: a place in the queue (`queue`), a share of the memory (`memory`), room on the disk
//! (`spill`), and the bounds that a running statement is held to. Guarantee: a question that needs more waits, spills or
//! fails with a word on what to do; the others go on.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::access::Role;

mod memory;
mod queue;
mod spill;

pub(crate) use memory::Shares;
pub(crate) use queue::{Place, Queue};
pub(crate) use spill::Spill;

/// What a question of one role may take. Durations are given in seconds, also with a fraction.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// How long a statement may be worked on; the time that its reader takes does not count. 0 is no limit.
    pub timeout: Duration,
    /// How many statements of one asker may be under way; further ones wait. 0 is no limit.
    pub at_once: usize,
    /// Most rows of an answer; 0 is no limit.
    pub rows: u64,
    /// Most bytes of an answer, as Arrow has them; 0 is no limit.
    pub bytes: u64,
    /// How much of `memory_bytes` the sessions of one asker may hold together, in percent.
    pub memory_percent: u8,
}

impl Limits {
    /// Of a role, where the settings say nothing else. An answer may be of any length: it is sent as it comes, and what
    /// is on its way takes little memory.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Admin => {
                Self { timeout: Duration::from_secs(600), at_once: 8, rows: 0, bytes: 0, memory_percent: 75 }
            }
            Role::Analyst => {
                Self { timeout: Duration::from_secs(60), at_once: 4, rows: 0, bytes: 0, memory_percent: 50 }
            }
            Role::Reader => {
                Self { timeout: Duration::from_secs(30), at_once: 2, rows: 0, bytes: 0, memory_percent: 25 }
            }
        }
    }

    /// How long a statement may be worked on, where that is limited.
    pub(crate) fn within(&self) -> Option<Duration> {
        Some(self.timeout).filter(|timeout| !timeout.is_zero())
    }
}

/// The keys that a table of the settings gives.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    #[serde(deserialize_with = "some_seconds")]
    timeout: Option<Duration>,
    at_once: Option<usize>,
    rows: Option<u64>,
    bytes: Option<u64>,
    memory_percent: Option<u8>,
}

impl Given {
    fn over(self, of: Limits) -> Result<Limits, String> {
        let limits = Limits {
            timeout: self.timeout.unwrap_or(of.timeout),
            at_once: self.at_once.unwrap_or(of.at_once),
            rows: self.rows.unwrap_or(of.rows),
            bytes: self.bytes.unwrap_or(of.bytes),
            memory_percent: self.memory_percent.unwrap_or(of.memory_percent),
        };
        match limits.memory_percent {
            1..=100 => Ok(limits),
            other => Err(format!("memory_percent = {other}: give a share of memory_bytes from 1 to 100")),
        }
    }
}

/// Reads `[query.admin]`; what it leaves out is as [`Limits::of`] says.
pub(crate) fn of_admins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    Given::deserialize(deserializer)?.over(Limits::of(Role::Admin)).map_err(serde::de::Error::custom)
}

/// Reads `[query.analyst]`.
pub(crate) fn of_analysts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    Given::deserialize(deserializer)?.over(Limits::of(Role::Analyst)).map_err(serde::de::Error::custom)
}

/// Reads `[query.reader]`.
pub(crate) fn of_readers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    Given::deserialize(deserializer)?.over(Limits::of(Role::Reader)).map_err(serde::de::Error::custom)
}

/// Reads a number of seconds.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| serde::de::Error::custom(format!("{seconds} is not a number of seconds")))
}

fn some_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    seconds(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use crate::Config;

    use super::*;

    #[test]
    fn a_table_changes_what_it_names_and_nothing_else() {
        let config: Config = toml::from_str("wait = 0.5\n[analyst]\ntimeout = 1.5\nrows = 10").unwrap();
        let expected = Limits { timeout: Duration::from_millis(1500), rows: 10, ..Limits::of(Role::Analyst) };
        assert_eq!((config.analyst, config.admin), (expected, Limits::of(Role::Admin)));
        assert_eq!(config.wait, Duration::from_millis(500));
        for (text, says) in [
            ("[analyst]\nmemory_percent = 0", "1 to 100"),
            ("[admin]\nseconds = 1", "seconds"),
            ("[admin]\ntimeout = -1", "seconds"),
            ("[guest]", "guest"),
        ] {
            let error = toml::from_str::<Config>(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
