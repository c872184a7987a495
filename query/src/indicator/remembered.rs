//! What was put together lately, so that the next question on the same tables and settings is answered at once.
//!
//! In: settled tables and what they stand on: the versions of the ledgers, the settings, the day. Out: the same tables
//! again, as long as nothing of it changed. Guarantee: what is recalled is what would be put together anew; at most so
//! many bytes are kept, the least lately used go first.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use super::table::Settled;
use crate::settings::Standing;

/// All that an answer on a map stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Basis {
    /// Version of each ledger, in the order of the streams; `None` where there is none yet.
    pub(crate) versions: Vec<Option<u64>>,
    /// The settings.
    pub(crate) standing: Standing,
    /// The present day, by which returns are late.
    pub(crate) today: NaiveDate,
}

impl Basis {
    fn is_newer_than(&self, other: &Self) -> bool {
        self.versions.iter().zip(&other.versions).any(|(mine, others)| mine > others)
    }
}

/// Settled tables, the most lately used last.
#[derive(Debug)]
pub(crate) struct Remembered {
    most_bytes: usize,
    kept: Mutex<Vec<(Basis, Arc<Settled>)>>,
}

impl Remembered {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, kept: Mutex::default() }
    }

    pub(super) fn recall(&self, basis: &Basis) -> Option<Arc<Settled>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == basis)?;
        let found = kept.remove(at);
        let settled = Arc::clone(&found.1);
        kept.push(found);
        Some(settled)
    }

    pub(super) fn keep(&self, basis: Basis, settled: &Arc<Settled>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // An older version of the ledgers is not asked for again: a question always sees the newest.
        if kept.iter().any(|(known, _)| known.is_newer_than(&basis)) {
            return;
        }
        kept.retain(|(known, _)| known.versions == basis.versions && *known != basis);
        kept.push((basis, Arc::clone(settled)));
        let mut bytes: usize = kept.iter().map(|(_, settled)| settled.bytes()).sum();
        while bytes > self.most_bytes && !kept.is_empty() {
            bytes -= kept.remove(0).1.bytes();
        }
    }
}
