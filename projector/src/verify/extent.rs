//! How far each table says that it has read, and what its log has.
//!
//! In: one version of every table, then one of `outcome`, then how far the ledgers have come since, then the bounds of
//! the log, in this order. Out: for each partition the part that is to be judged. Guarantee of the order: an `outcome`
//! row is written after the ledger's commit that decides about it, and a manifest after its events; so what is judged
//! here has had its time, and what runs beside the check is never taken for a fault.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};

use super::Error;
use super::exception::{Exception, Exceptions, Kind};
use super::log::Log;
use super::tables::{Snapshot, TableError};
use crate::config::Config;
use crate::position::{LogLife, StreamPartition};

/// A log that rows name as theirs: cluster, generation and partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Origin {
    pub cluster: String,
    pub generation: i32,
    pub partition: i32,
}

/// What a table says of one partition of the present log, and what the log has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    pub at: StreamPartition,
    /// The next offset that the table will read; `None` where it never read.
    pub stored: Option<i64>,
    /// The same, after `outcome` was looked at.
    pub stored_later: Option<i64>,
    /// Where rows of `outcome` are still to be written.
    pub owed: Range<i64>,
    /// The first offset of the log.
    pub low: i64,
    /// The offset behind its last record.
    pub high: i64,
}

impl Extent {
    /// The offsets that the table has read and the log still has.
    pub fn read(&self) -> Range<i64> {
        self.low..self.stored.unwrap_or(0).clamp(self.low, self.high.max(self.low))
    }

    /// The offsets that the log has and the table has not read.
    pub fn unread(&self) -> Range<i64> {
        self.read().end..self.high.max(self.low)
    }

    /// The offsets whose records may yet become rows: those not read, and those before them that are owed rows.
    pub fn pending(&self) -> Range<i64> {
        let from = if self.owed.is_empty() { self.read().end } else { self.owed.start.min(self.read().end) };
        from.max(self.low)..self.unread().end
    }

    /// Whether a row's record is no longer on the log, although its table had read it.
    pub fn is_gone(&self, offset: i64) -> bool {
        offset < self.low || (offset >= self.high && self.stored.is_some_and(|stored| offset < stored))
    }

    /// What is wrong with the bounds alone, with the number of offsets.
    fn faults(&self) -> Vec<(Kind, Range<i64>)> {
        let mut faults = Vec::new();
        // A table that has read nothing starts where the log starts.
        if let Some(stored) = self.stored.filter(|stored| *stored > 0) {
            if stored > self.high {
                faults.push((Kind::LogEndsEarly, self.high..stored));
            }
            if stored < self.low {
                faults.push((Kind::LogStartsLate, stored..self.low));
            }
        }
        if !self.owed.is_empty() && self.owed.start < self.low {
            faults.push((Kind::OwedGone, self.owed.start..self.owed.end.min(self.low)));
        }
        faults
    }

    /// Tells what is wrong with the bounds.
    pub fn check(&self, found: &mut Exceptions<'_>) {
        for (kind, offsets) in self.faults() {
            let place = format!("{} offsets {} to {}", self.at, offsets.start, offsets.end - 1);
            let count = offsets.end.abs_diff(offsets.start);
            found.tell(Exception { kind, place, count, example: String::new() });
        }
    }
}

/// One stream: its table and its partitions.
pub(super) struct Part {
    pub stream: Stream,
    /// `None` where there is no table yet.
    pub table: Option<Snapshot>,
    /// The present life of its log.
    pub life: LogLife,
    pub extents: Vec<Extent>,
    /// Partitions that the table has read and the log does not have.
    pub lost: Vec<StreamPartition>,
}

impl Part {
    /// The extent of a row's place, where it is of the present log.
    pub fn extent(&self, origin: &Origin) -> Option<&Extent> {
        let present = *origin.cluster == *self.life.cluster && origin.generation == self.life.generation;
        self.extents.iter().find(|extent| present && extent.at.partition == origin.partition)
    }

    /// How far the table says that it has read a log, the present one or a former one.
    pub async fn stored(&self, origin: &Origin) -> Result<Option<i64>, TableError> {
        if let Some(extent) = self.extent(origin) {
            return Ok(extent.stored);
        }
        let life = LogLife { cluster: origin.cluster.as_str().into(), generation: origin.generation };
        let at = StreamPartition { stream: self.stream, partition: origin.partition };
        entry(self.table.as_ref(), &life.app_id(at)).await
    }

    /// The same for each of several.
    pub async fn all_stored<'a>(
        &self,
        origins: impl Iterator<Item = &'a Origin>,
    ) -> Result<HashMap<Origin, i64>, TableError> {
        let mut stored = HashMap::new();
        for origin in origins {
            if let Some(next) = self.stored(origin).await? {
                stored.insert(origin.clone(), next);
            }
        }
        Ok(stored)
    }
}

/// Everything that is judged, as of one moment.
pub(super) struct Whole {
    pub parts: Vec<Part>,
    pub outcome: Option<Snapshot>,
}

/// Takes the snapshots and the bounds, in the order that the guarantee needs.
pub(super) async fn take(config: &Config, log: &Log) -> Result<Whole, Error> {
    let mut tables = Vec::new();
    for &stream in Stream::ALL {
        tables.push((stream, Snapshot::open(&config.tables, stream.table()).await?));
    }
    let outcome = Snapshot::open(&config.tables, OUTCOME_TABLE).await?;
    let mut parts = Vec::new();
    for (stream, table) in tables {
        let later = Snapshot::open(&config.tables, stream.table()).await?;
        parts.push(part(log, stream, table, later.as_ref(), outcome.as_ref()).await?);
    }
    // Manifests first: the events and rejects of each that is seen are then on their topics.
    parts.sort_by_key(|part| part.stream != Stream::Receipt);
    for extent in parts.iter_mut().flat_map(|part| &mut part.extents) {
        (extent.low, extent.high) = log.bounds(extent.at).await?;
    }
    parts.sort_by_key(|part| Stream::ALL.iter().position(|stream| *stream == part.stream));
    Ok(Whole { parts, outcome })
}

async fn part(
    log: &Log,
    stream: Stream,
    table: Option<Snapshot>,
    later: Option<&Snapshot>,
    outcome: Option<&Snapshot>,
) -> Result<Part, Error> {
    let partitions: Vec<StreamPartition> = log.partitions.iter().copied().filter(|at| at.stream == stream).collect();
    let mut life = LogLife { cluster: Arc::clone(&log.cluster), generation: 0 };
    loop {
        let next = LogLife { generation: life.generation + 1, ..life.clone() };
        let mut opened = false;
        for at in &partitions {
            opened |= entry(table.as_ref(), &next.app_id(*at)).await?.is_some();
        }
        if !opened {
            break;
        }
        life = next;
    }
    let mut extents = Vec::new();
    for &at in &partitions {
        let app_id = life.app_id(at);
        let (from_id, to_id) = life.owed_ids(at);
        let from = entry(table.as_ref(), &from_id).await?;
        let to = entry(table.as_ref(), &to_id).await?;
        let done = entry(outcome, &app_id).await?;
        extents.push(Extent {
            at,
            stored: entry(table.as_ref(), &app_id).await?,
            stored_later: entry(later, &app_id).await?,
            owed: owed(from, to, done),
            low: 0,
            high: 0,
        });
    }
    let mut lost = Vec::new();
    let mut at = StreamPartition { stream, partition: i32::try_from(partitions.len()).unwrap_or(i32::MAX) };
    while entry(table.as_ref(), &life.app_id(at)).await?.is_some_and(|stored| stored > 0) {
        lost.push(at);
        at.partition += 1;
    }
    Ok(Part { stream, table, life, extents, lost })
}

async fn entry(table: Option<&Snapshot>, app_id: &str) -> Result<Option<i64>, TableError> {
    match table {
        Some(table) => table.entry(app_id).await,
        None => Ok(None),
    }
}

/// What a ledger's last commit owes `outcome` and `outcome` does not have: empty where it is nothing.
fn owed(from: Option<i64>, to: Option<i64>, done: Option<i64>) -> Range<i64> {
    match (from, to) {
        (Some(from), Some(to)) => from.max(done.unwrap_or(0))..to,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(stored: Option<i64>, owed: Range<i64>, low: i64, high: i64) -> Extent {
        let at = StreamPartition { stream: Stream::ALL[1], partition: 0 };
        Extent { at, stored, stored_later: stored, owed, low, high }
    }

    #[test]
    fn what_is_read_and_what_is_not_share_the_log() {
        for (stored, owed, low, high, read, unread, pending) in [
            (None, 0..0, 0, 10, 0..0, 0..10, 0..10),
            (None, 0..0, 5, 10, 5..5, 5..10, 5..10),
            (Some(7), 0..0, 0, 10, 0..7, 7..10, 7..10),
            (Some(7), 3..6, 0, 10, 0..7, 7..10, 3..10),
            (Some(7), 3..6, 4, 10, 4..7, 7..10, 4..10),
            (Some(7), 6..6, 0, 10, 0..7, 7..10, 7..10),
            (Some(10), 0..0, 0, 10, 0..10, 10..10, 10..10),
            (Some(12), 0..0, 0, 10, 0..10, 10..10, 10..10),
            (Some(3), 0..0, 5, 10, 5..5, 5..10, 5..10),
            (Some(3), 0..0, 0, 0, 0..0, 0..0, 0..0),
        ] {
            let extent = extent(stored, owed, low, high);
            assert_eq!((extent.read(), extent.unread(), extent.pending()), (read, unread, pending), "{extent:?}");
        }
    }

    #[test]
    fn bounds_that_cannot_be_are_named() {
        for (stored, owed, low, high, faults) in [
            (None, 0..0, 5, 10, vec![]),
            (Some(0), 0..0, 5, 10, vec![]),
            (Some(10), 0..0, 10, 10, vec![]),
            (Some(12), 0..0, 0, 10, vec![(Kind::LogEndsEarly, 10..12)]),
            (Some(3), 0..0, 5, 10, vec![(Kind::LogStartsLate, 3..5)]),
            (Some(9), 3..8, 0, 10, vec![]),
            (Some(9), 3..8, 5, 10, vec![(Kind::OwedGone, 3..5)]),
            (Some(9), 3..8, 9, 10, vec![(Kind::OwedGone, 3..8)]),
        ] {
            let extent = extent(stored, owed, low, high);
            assert_eq!(extent.faults(), faults, "{extent:?}");
        }
    }

    #[test]
    fn rows_are_gone_from_the_log_at_both_ends_but_never_behind_what_was_read() {
        let extent = extent(Some(12), 0..0, 5, 10);
        let gone: Vec<i64> = (3..15).filter(|offset| extent.is_gone(*offset)).collect();
        assert_eq!(gone, [3, 4, 10, 11]);
    }

    #[test]
    fn owed_is_what_outcome_has_not_done() {
        for (from, to, done, expected) in [
            (None, None, None, 0..0),
            (Some(3), Some(6), None, 3..6),
            (Some(3), Some(6), Some(4), 4..6),
            (Some(3), Some(6), Some(6), 6..6),
        ] {
            assert_eq!(owed(from, to, done), expected);
        }
        assert!(owed(Some(3), Some(6), Some(9)).is_empty());
    }
}
