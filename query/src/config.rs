//! What the query role is told at its start.

use std::path::PathBuf;

use serde::Deserialize;

/// Configuration of the query role.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder; the tables are in its folder `tables`. It need not exist yet.
    pub data: PathBuf,
    /// Memory in bytes that all queries together may hold; a query that needs more spills to disk where it can and
    /// otherwise fails with a clear error. Default 512 MiB.
    pub memory_bytes: usize,
    /// Memory in bytes for answers on a map that were put together lately, beside `memory_bytes`: the next question on
    /// the same tables and settings finds them. 0 keeps none. Default 512 MiB.
    pub remember_bytes: usize,
    /// Partitions that a query runs in side by side; 0 is the number of cores.
    pub partitions: usize,
    /// Longest query text in bytes that is taken over HTTP. Default 1 MiB.
    pub query_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("lantoa-data"),
            memory_bytes: 512 << 20,
            remember_bytes: 512 << 20,
            partitions: 0,
            query_bytes: 1 << 20,
        }
    }
}

impl Config {
    /// The defaults over one data folder.
    pub fn over(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// File of the users.
    pub fn users(&self) -> PathBuf {
        self.data.join("users.toml")
    }

    /// Folder of the tables, each in a folder of its own name.
    pub fn tables(&self) -> PathBuf {
        self.data.join("tables")
    }
}
