//! Every row ends in exactly one of these counters, and they add up to the rows received.

use std::sync::atomic::{AtomicU64, Ordering};

/// Rows since the start, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read out of what was sent.
    pub received: u64,
    /// Rows that the log acknowledged and whose sender was told so.
    pub accepted: u64,
    /// Rows refused for what they say.
    pub rejected: u64,
    /// Good rows of submissions that failed as a whole; their senders were told to send them again.
    pub failed: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
    received: AtomicU64,
}

impl Counters {
    pub(super) fn answered(&self, accepted: usize, rejected: usize) {
        self.add(accepted, rejected, 0);
    }

    pub(super) fn failed(&self, failed: usize, rejected: usize) {
        self.add(0, rejected, failed);
    }

    fn add(&self, accepted: usize, rejected: usize, failed: usize) {
        self.accepted.fetch_add(accepted as u64, Ordering::Relaxed);
        self.rejected.fetch_add(rejected as u64, Ordering::Relaxed);
        self.failed.fetch_add(failed as u64, Ordering::Relaxed);
        self.received.fetch_add((accepted + rejected + failed) as u64, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counts {
        Counts {
            received: self.received.load(Ordering::Relaxed),
            accepted: self.accepted.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
