//! What has gone through, counted: every record that this projector is the first to read ends in
//! exactly one of committed, duplicate and rejected. What it reads again after a crash, or what another projector
//! committed before it, is in `read` alone.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, shared by all streams.
#[derive(Debug, Default)]
pub struct Counters {
    read: AtomicU64,
    committed: AtomicU64,
    duplicate: AtomicU64,
    rejected: AtomicU64,
    bytes: AtomicU64,
    commits: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records read in windows that have landed.
    pub read: u64,
    /// Rows that landed in their table.
    pub committed: u64,
    /// Records whose id was there already.
    pub duplicate: u64,
    /// Records that could not be taken.
    pub rejected: u64,
    /// Bytes of the records read.
    pub bytes: u64,
    /// Commits of ledger tables.
    pub commits: u64,
}

impl Counters {
    pub(crate) fn landed(&self, counts: Counts) {
        self.read.fetch_add(counts.read, Ordering::Relaxed);
        self.committed.fetch_add(counts.committed, Ordering::Relaxed);
        self.duplicate.fetch_add(counts.duplicate, Ordering::Relaxed);
        self.rejected.fetch_add(counts.rejected, Ordering::Relaxed);
        self.bytes.fetch_add(counts.bytes, Ordering::Relaxed);
        self.commits.fetch_add(counts.commits, Ordering::Relaxed);
    }

    /// The counts now.
    pub fn now(&self) -> Counts {
        Counts {
            read: self.read.load(Ordering::Relaxed),
            committed: self.committed.load(Ordering::Relaxed),
            duplicate: self.duplicate.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
        }
    }
}
