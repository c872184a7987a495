//! Where a record lies in the log, and the name under which a table remembers how far it has read.

use std::fmt;
use std::sync::Arc;

use lantoa_schemas::stream::Stream;

/// The next offset to read: one past the last that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NextOffset(pub i64);

/// A partition of a stream's topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamPartition {
    /// The stream.
    pub stream: Stream,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl fmt::Display for StreamPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.stream.topic(), self.partition)
    }
}

/// One life of a log: a cluster, and how often `recover` has declared its topics new.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogLife {
    /// The cluster's id.
    pub cluster: Arc<str>,
    /// The generation, from 0.
    pub generation: i32,
}

impl LogLife {
    /// Name of the transaction entry that holds the next offset of a partition.
    pub fn app_id(&self, at: StreamPartition) -> String {
        format!("{}/{}/{}/{}", self.cluster, at.stream.topic(), self.generation, at.partition)
    }

    /// Names of the entries in a ledger that say from which and up to which offset its last commit owes `outcome` rows.
    pub fn owed_ids(&self, at: StreamPartition) -> (String, String) {
        let app_id = self.app_id(at);
        (format!("{app_id}/owed-from"), format!("{app_id}/owed-to"))
    }

    /// Name of the entry in a ledger that says where its log was seen to have become another one while it was read.
    pub fn changed_id(&self, at: StreamPartition) -> String {
        format!("{}/changed", self.app_id(at))
    }
}
