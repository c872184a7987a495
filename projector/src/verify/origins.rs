//! From which logs the rows of a table came, counted in one pass over their positions alone.
//!
//! In: a table. Out: for each log and partition that rows name, how many there are, how far they go, and how many of
//! their records the log no longer has. Memory: one entry a log and partition.

use lantoa_schemas::stream::Stream;
use lantoa_schemas::table::{LOG_CLUSTER, LOG_GENERATION, LOG_OFFSET, LOG_PARTITION};

use super::Watch;
use super::exception::{Exception, Kind};
use super::extent::{Extent, Origin, Part};
use super::layout::Cell;
use super::tables::{Column, Rows, Snapshot, TableError};

/// The rows of one log and partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub origin: Origin,
    pub rows: u64,
    /// Rows whose records the log no longer has.
    pub gone: u64,
    /// Rows from behind what was read of the present log.
    pub past: u64,
    pub highest: i64,
}

/// Cluster, generation, partition and offset.
type Place<'a> = (&'a str, i32, i32, i64);

/// The positions of some rows.
pub(super) struct Positions<'a> {
    columns: [Column<'a>; 4],
}

impl<'a> Positions<'a> {
    /// The columns that they are read from.
    pub const COLUMNS: [&'static str; 4] = [LOG_CLUSTER, LOG_GENERATION, LOG_PARTITION, LOG_OFFSET];

    /// Of these rows.
    pub fn of(rows: &Rows<'a>) -> Result<Self, TableError> {
        let [cluster, generation, partition, offset] = Self::COLUMNS;
        let columns = [rows.column(cluster)?, rows.column(generation)?, rows.column(partition)?, rows.column(offset)?];
        Ok(Self { columns })
    }

    /// Of one row.
    fn at(&self, row: usize) -> Place<'a> {
        let [cluster, generation, partition, offset] = &self.columns;
        let small = |column: &Column<'_>| column.cell(row).whole().and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
        (cluster.cell(row).text(), small(generation), small(partition), offset.cell(row).whole().unwrap_or(-1))
    }

    /// The log and partition of one row, as a key.
    pub fn origin(&self, row: usize) -> (Origin, i64) {
        let (cluster, generation, partition, offset) = self.at(row);
        (Origin { cluster: cluster.to_owned(), generation, partition }, offset)
    }
}

/// Which moment of the ledger a table is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// That of the ledger's snapshot: for its own rows.
    Snapshot,
    /// The later one: for `outcome`, which was looked at in between.
    Later,
}

impl Moment {
    fn stored(self, extent: &Extent) -> Option<i64> {
        match self {
            Self::Snapshot => extent.stored,
            Self::Later => extent.stored_later.max(extent.stored),
        }
    }
}

/// Counts one row.
fn add(tallies: &mut Vec<Tally>, part: &Part, moment: Moment, (cluster, generation, partition, offset): Place<'_>) {
    let known = tallies.iter().position(|tally| {
        let origin = &tally.origin;
        origin.partition == partition && origin.generation == generation && origin.cluster == cluster
    });
    let at = known.unwrap_or_else(|| {
        let origin = Origin { cluster: cluster.to_owned(), generation, partition };
        tallies.push(Tally { origin, rows: 0, gone: 0, past: 0, highest: offset });
        tallies.len() - 1
    });
    let tally = &mut tallies[at];
    tally.rows += 1;
    tally.highest = tally.highest.max(offset);
    match part.extent(&tally.origin) {
        Some(extent) => {
            tally.gone += u64::from(extent.is_gone(offset));
            tally.past += u64::from(moment.stored(extent).is_some_and(|stored| offset >= stored));
        }
        // Rows of another log than the present one have nothing to be held against.
        None => tally.gone += 1,
    }
}

/// Of a ledger.
pub(super) async fn of_ledger(part: &Part, watch: &dyn Watch) -> Result<Vec<Tally>, TableError> {
    let mut tallies = Vec::new();
    if let Some(table) = &part.table {
        table
            .each(&Positions::COLUMNS, None, |rows| {
                let positions = Positions::of(rows)?;
                (0..rows.len()).for_each(|row| add(&mut tallies, part, Moment::Snapshot, positions.at(row)));
                watch.step(rows.len() as u64);
                Ok(())
            })
            .await?;
    }
    Ok(tallies)
}

/// Of `outcome`, each stream by itself, in the order of `parts`. Topics that the contract does not have are not looked
/// at.
pub(super) async fn of_outcome(parts: &[Part], outcome: &Snapshot) -> Result<Vec<Vec<Tally>>, TableError> {
    let mut tallies: Vec<Vec<Tally>> = parts.iter().map(|_| Vec::new()).collect();
    let mut columns = Positions::COLUMNS.to_vec();
    columns.push("topic");
    outcome
        .each(&columns, None, |rows| {
            let (positions, topics) = (Positions::of(rows)?, rows.column("topic")?);
            for row in 0..rows.len() {
                let Cell::Text(topic) = topics.cell(row) else { continue };
                let stream = Stream::of_topic(topic);
                if let Some(at) = parts.iter().position(|part| Some(part.stream) == stream) {
                    add(&mut tallies[at], &parts[at], Moment::Later, positions.at(row));
                }
            }
            Ok(())
        })
        .await?;
    Ok(tallies)
}

/// Rows of a table that came from where it does not say it has read, if there are any.
pub(super) async fn beyond(
    part: &Part,
    table: &str,
    tally: &Tally,
    moment: Moment,
) -> Result<Option<Exception>, TableError> {
    let (stored, present) = match part.extent(&tally.origin) {
        Some(extent) => (moment.stored(extent), true),
        None => (part.stored(&tally.origin).await?, false),
    };
    let Origin { cluster, generation, partition } = &tally.origin;
    let place =
        format!("table {table}, {LOG_GENERATION} {generation}, {LOG_PARTITION} {partition} of cluster {cluster}");
    Ok(match stored {
        None => Some(Exception { kind: Kind::UnknownLog, place, count: tally.rows, example: String::new() }),
        Some(stored) if tally.highest >= stored => {
            // Of a former log they are not counted one by one.
            let count = if present { tally.past } else { 1 };
            let example = format!("the last from offset {}, read up to {stored}", tally.highest);
            Some(Exception { kind: Kind::PastOffset, place, count, example })
        }
        Some(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{LogLife, StreamPartition};
    use std::ops::Range;

    /// A stream of one partition in its second life, read up to offset 7 and, a moment later, to 9.
    fn part(log: Range<i64>) -> Part {
        let stream = Stream::ALL[1];
        let at = StreamPartition { stream, partition: 0 };
        let extent = Extent { at, stored: Some(7), stored_later: Some(9), owed: 0..0, low: log.start, high: log.end };
        let life = LogLife { cluster: "c".into(), generation: 1 };
        Part { stream, table: None, life, extents: vec![extent], lost: Vec::new() }
    }

    #[tokio::test]
    async fn rows_are_counted_by_their_log_and_those_from_nowhere_are_named() {
        let part = part(3..20);
        let mut tallies = Vec::new();
        for place in [("c", 1, 0, 2), ("c", 1, 0, 3), ("c", 1, 0, 7), ("c", 1, 0, 8), ("c", 0, 0, 5), ("d", 1, 0, 1)] {
            add(&mut tallies, &part, Moment::Snapshot, place);
        }
        let told: Vec<_> = tallies.iter().map(|tally| (tally.rows, tally.gone, tally.past, tally.highest)).collect();
        assert_eq!(told, [(4, 1, 2, 8), (1, 1, 0, 5), (1, 1, 0, 1)]);
        let mut named = Vec::new();
        for tally in &tallies {
            let exception = beyond(&part, "t", tally, Moment::Snapshot).await.unwrap();
            named.push(exception.map(|exception| (exception.kind, exception.count)));
        }
        assert_eq!(named, [Some((Kind::PastOffset, 2)), Some((Kind::UnknownLog, 1)), Some((Kind::UnknownLog, 1))]);
        assert_eq!(beyond(&part, "outcome", &tallies[0], Moment::Later).await.unwrap(), None);
    }
}
