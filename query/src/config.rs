//! What the query role is told at its start.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::access::Role;
use crate::limits::{Limits, of_admins, of_analysts, of_readers, seconds};
use crate::postgres::PostgresConfig;

/// Configuration of the query role. Durations are given in seconds, also with a fraction.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder; the tables are in its folder `tables`. It need not exist yet.
    pub data: PathBuf,
    /// Memory in bytes that all queries together may hold; a query that needs more spills to disk where it can and
    /// otherwise fails with a clear error. Default 512 MiB.
    pub memory_bytes: usize,
    /// Memory in bytes for answers on a map that were put together lately, beside `memory_bytes`: the next question on
    /// the same tables and settings finds them. By estimate ten million events on two maps take somewhat more than 1 GiB. 0
    /// keeps none. Default 2 GiB.
    pub remember_bytes: usize,
    /// Whether the running role makes anew after each commit what questions on a map needed within the last hour, so that
    /// the next one finds it. Takes a sixth of one core's time at most. Default true.
    pub ahead: bool,
    /// Partitions that a query runs in side by side; 0 is the number of cores.
    pub partitions: usize,
    /// Longest query text in bytes that is taken. Default 1 MiB.
    pub query_bytes: usize,
    /// How many statements of all askers may be under way; further ones wait. 0 is no limit. Default 16.
    pub at_once: usize,
    /// How long a statement waits for its turn; then it fails as busy. Default 10 s.
    #[serde(deserialize_with = "seconds")]
    pub wait: Duration,
    /// How long the rest of an answer is kept that nobody reads on; then it is given up. 0 is no limit.
    /// Default 300 s.
    #[serde(deserialize_with = "seconds")]
    pub unread: Duration,
    /// Most bytes that all queries together may write to the disk for what does not fit in memory. Default 10 GiB.
    pub spill_bytes: u64,
    /// The Postgres face.
    pub postgres: PostgresConfig,
    /// What a question of an admin may take.
    #[serde(deserialize_with = "of_admins")]
    pub admin: Limits,
    /// What a question of an analyst may take.
    #[serde(deserialize_with = "of_analysts")]
    pub analyst: Limits,
    /// What a question of a reader may take.
    #[serde(deserialize_with = "of_readers")]
    pub reader: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("lantoa-data"),
            memory_bytes: 512 << 20,
            remember_bytes: 2 << 30,
            ahead: true,
            partitions: 0,
            query_bytes: 1 << 20,
            at_once: 16,
            wait: Duration::from_secs(10),
            unread: Duration::from_secs(300),
            spill_bytes: 10 << 30,
            postgres: PostgresConfig::default(),
            admin: Limits::of(Role::Admin),
            analyst: Limits::of(Role::Analyst),
            reader: Limits::of(Role::Reader),
        }
    }
}

impl Config {
    /// The defaults over one data folder.
    pub fn over(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// What a question of a role may take.
    pub fn limits(&self, role: Role) -> &Limits {
        match role {
            Role::Admin => &self.admin,
            Role::Analyst => &self.analyst,
            Role::Reader => &self.reader,
        }
    }

    /// Folder for what does not fit in memory.
    pub fn spill(&self) -> PathBuf {
        self.data.join("spill")
    }

    /// File of the users.
    pub fn users(&self) -> PathBuf {
        self.data.join("users.toml")
    }

    /// Folder of the releases.
    pub fn releases(&self) -> PathBuf {
        self.data.join("releases")
    }

    /// Folder of what the schedule remembers.
    pub fn schedule(&self) -> PathBuf {
        self.data.join("schedule")
    }

    /// Folder of the tables, each in a folder of its own name.
    pub fn tables(&self) -> PathBuf {
        self.data.join("tables")
    }
}
