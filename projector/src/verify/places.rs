//! Holds each record of the log against the rows that came from its place.
//!
//! In: the records of a partition, in order, and the rows that name their places. Out: what became of each record, and
//! what does not hold. Guarantee: exactly one row of the table or of `outcome` a record, of the same content; what has
//! neither is owed or is named. Memory: the rows of so many places as are taken at once, 32 bytes a row; a stretch with
//! more rows than that is taken in halves.

use datafusion::prelude::{col, lit};
use lantoa_schemas::receipt::content_hash;
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::table::LOG_OFFSET;

use super::Error;
use super::exception::{Exceptions, Kind};
use super::extent::{Extent, Part};
use super::layout::{Cell, Keys, Layout};
use super::log::{Log, Piece};
use super::tables::{Snapshot, TableError, within};
use super::{TopicCount, Watch};

/// Which row holds a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Ledger,
    Duplicate,
    Rejected,
}

/// A row by the place that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    offset: i64,
    holder: Holder,
    /// A row of a ledger has the stamps of a direct producer's record.
    stamped: bool,
    id: u64,
    /// Of a ledger's row the sum of what it says, of a row of `outcome` that of its bytes or, where they are not kept, of its
    /// hash.
    content: u64,
    /// Of a row of `outcome`: its bytes are not kept.
    hashed: bool,
}

/// A record as it is held against rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    /// Sum of its bytes, or of their hash where a row of its place has no more.
    bytes: u64,
    /// `None` where it is no message of the stream.
    says: Option<Says>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Says {
    id: u64,
    content: u64,
    unstamped: bool,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Ledger,
    Duplicate,
    Rejected,
    Owed,
}

/// Of a record and the rows of its place.
fn fate(record: &Record, rows: &[Entry], owed: bool) -> Result<Fate, Kind> {
    let one = match rows {
        [] if owed => return Ok(Fate::Owed),
        [] => return Err(Kind::Missing),
        [one] => one,
        many => {
            let in_ledger = many.iter().filter(|row| row.holder == Holder::Ledger).count();
            return Err(match in_ledger {
                0 => Kind::OutcomeTwice,
                all if all == many.len() => Kind::RowTwice,
                _ => Kind::InBoth,
            });
        }
    };
    match (one.holder, record.says) {
        (Holder::Ledger, None) => Err(Kind::OtherRecord),
        (Holder::Ledger, Some(says)) if says.id != one.id => Err(Kind::OtherRecord),
        (Holder::Ledger, Some(says)) if says.content != one.content => Err(Kind::OtherContent),
        (Holder::Ledger, Some(says)) if says.unstamped && !one.stamped => Err(Kind::NotStamped),
        (Holder::Ledger, Some(_)) => Ok(Fate::Ledger),
        (Holder::Duplicate | Holder::Rejected, _) if record.bytes != one.content => Err(Kind::OtherOutcome),
        (Holder::Duplicate, Some(says)) if says.id == one.id => Ok(Fate::Duplicate),
        (Holder::Duplicate, _) => Err(Kind::OtherOutcome),
        (Holder::Rejected, Some(says)) if !says.unstamped => Err(Kind::GoodRefused),
        (Holder::Rejected, _) => Ok(Fate::Rejected),
    }
}

/// The rows of a stretch, by place, and how far the log has come through them.
struct Stretch {
    rows: Vec<Entry>,
    next: usize,
}

impl Stretch {
    fn new(mut rows: Vec<Entry>) -> Self {
        rows.sort_unstable();
        Self { rows, next: 0 }
    }

    /// The rows before an offset that no record has asked for.
    fn before(&mut self, offset: i64) -> &[Entry] {
        let from = self.next;
        while self.rows.get(self.next).is_some_and(|row| row.offset < offset) {
            self.next += 1;
        }
        &self.rows[from..self.next]
    }

    /// The rows of an offset, once those before it are taken.
    fn of(&mut self, offset: i64) -> &[Entry] {
        let from = self.next;
        while self.rows.get(self.next).is_some_and(|row| row.offset == offset) {
            self.next += 1;
        }
        &self.rows[from..self.next]
    }
}

/// All that judging the records of one stream needs.
pub(super) struct Places<'a> {
    pub part: &'a Part,
    pub outcome: Option<&'a Snapshot>,
    pub log: &'a Log,
    pub layout: &'a Layout,
    pub keys: &'a Keys,
    /// Places that are taken at once.
    pub at_once: usize,
    pub watch: &'a dyn Watch,
}

impl Places<'_> {
    /// Judges every record that a partition has.
    pub async fn judge(
        &self,
        extent: &Extent,
        count: &mut TopicCount,
        found: &mut Exceptions<'_>,
    ) -> Result<(), Error> {
        let read = extent.read();
        let most = i64::try_from(self.at_once).unwrap_or(i64::MAX);
        let (mut from, mut width) = (read.start, most);
        while from < read.end {
            let to = from.saturating_add(width).min(read.end);
            let Some(rows) = self.rows(extent, from, to).await? else {
                width = (width / 2).max(1);
                continue;
            };
            self.stretch(extent, from, to, Stretch::new(rows), count, found).await?;
            found.settle();
            from = to;
            width = width.saturating_mul(2).min(most);
        }
        self.unread(extent, count).await
    }

    /// The rows that came from the places in `from..to`; `None` where they are too many to be taken at once.
    async fn rows(&self, extent: &Extent, from: i64, to: i64) -> Result<Option<Vec<Entry>>, TableError> {
        // A place can have a row in the table and one in `outcome`; more is a fault, and makes the stretch smaller.
        let most = self.at_once.saturating_mul(2);
        let mut rows = Vec::with_capacity(usize::try_from(to - from).unwrap_or(0).min(self.at_once));
        let mut too_many = false;
        let mut add = |row: Entry| {
            if rows.len() < most { rows.push(row) } else { too_many = true }
        };
        if let Some(table) = &self.part.table {
            self.ledger_rows(table, extent, from, to, &mut add).await?;
        }
        if let Some(outcome) = self.outcome {
            self.outcome_rows(outcome, extent, from, to, &mut add).await?;
        }
        // One place cannot be halved: what has been taken says enough of it.
        Ok((!too_many || to - from == 1).then_some(rows))
    }

    async fn ledger_rows(
        &self,
        table: &Snapshot,
        extent: &Extent,
        from: i64,
        to: i64,
        add: &mut impl FnMut(Entry),
    ) -> Result<(), TableError> {
        let mut columns: Vec<&str> = self.layout.names().collect();
        columns.push(LOG_OFFSET);
        let here = within(&self.part.life, extent.at.partition, from, to);
        table
            .each(&columns, Some(here), |rows| {
                let offsets = rows.column(LOG_OFFSET)?;
                let read = self.layout.names().map(|name| rows.column(name)).collect::<Result<Vec<_>, _>>()?;
                let mut cells = Vec::with_capacity(read.len());
                for row in 0..rows.len() {
                    cells.clear();
                    cells.extend(read.iter().map(|column| column.cell(row)));
                    let told = self.layout.tell(&cells, self.keys);
                    add(Entry {
                        offset: offsets.cell(row).whole().unwrap_or(-1),
                        holder: Holder::Ledger,
                        stamped: told.stamped_direct,
                        id: self.keys.short_id(told.id),
                        content: told.content,
                        hashed: false,
                    });
                }
                Ok(())
            })
            .await
    }

    async fn outcome_rows(
        &self,
        outcome: &Snapshot,
        extent: &Extent,
        from: i64,
        to: i64,
        add: &mut impl FnMut(Entry),
    ) -> Result<(), TableError> {
        let here =
            within(&self.part.life, extent.at.partition, from, to).and(col("topic").eq(lit(self.part.stream.topic())));
        outcome
            .each(&[LOG_OFFSET, "outcome", "event_id", "bytes", "content_hash"], Some(here), |rows| {
                let (offsets, fates) = (rows.column(LOG_OFFSET)?, rows.column("outcome")?);
                let (ids, bytes) = (rows.column("event_id")?, rows.column("bytes")?);
                let hashes = rows.column("content_hash")?;
                for row in 0..rows.len() {
                    let duplicate = fates.cell(row) == Cell::Text("duplicate");
                    // Of a record with personal data the hash alone is kept.
                    let (content, hashed) = match (bytes.cell(row), hashes.cell(row)) {
                        (Cell::Bytes(bytes), _) => (self.keys.bytes(bytes), false),
                        (_, Cell::Text(hash)) => (self.keys.short_id(hash), true),
                        _ => (self.keys.bytes(&[]), false),
                    };
                    add(Entry {
                        offset: offsets.cell(row).whole().unwrap_or(-1),
                        holder: if duplicate { Holder::Duplicate } else { Holder::Rejected },
                        stamped: false,
                        id: self.keys.short_id(ids.cell(row).text()),
                        content,
                        hashed,
                    });
                }
                Ok(())
            })
            .await
    }

    /// Holds the records in `from..to` against their rows.
    async fn stretch(
        &self,
        extent: &Extent,
        from: i64,
        to: i64,
        mut rows: Stretch,
        count: &mut TopicCount,
        found: &mut Exceptions<'_>,
    ) -> Result<(), Error> {
        let mut reading = self.log.read(extent.at, from, to);
        while let Some(piece) = reading.next().await? {
            match piece {
                // Retention has moved on since the bounds were taken: these rows have nothing to be held against now.
                Piece::StartsAt(low) => count.only_tables += rows.before(low).len() as u64,
                Piece::Records(chunk) => {
                    let mut cells = Vec::new();
                    for (offset, message) in chunk.records() {
                        no_record(extent, rows.before(offset), found);
                        let told = self.layout.read(message, &mut cells).then(|| self.layout.tell(&cells, self.keys));
                        let says = told.map(|told| Says {
                            id: self.keys.short_id(told.id),
                            content: told.content,
                            unstamped: told.unstamped,
                        });
                        let here = rows.of(offset);
                        let record = Record { bytes: sum(self.keys, message, here), says };
                        count.log += 1;
                        match fate(&record, here, extent.owed.contains(&offset)) {
                            Ok(fate) => {
                                found.settle();
                                count.add(fate);
                            }
                            Err(kind) => found.at(kind, extent.at, offset, || match told {
                                Some(told) => format!("{} {}", noun(self.part.stream), told.id),
                                None => format!("{} bytes that are no message of the topic", message.len()),
                            }),
                        }
                    }
                    self.watch.step(chunk.len() as u64);
                }
            }
        }
        no_record(extent, rows.before(to), found);
        Ok(())
    }

    /// Counts the records that the table has not read.
    async fn unread(&self, extent: &Extent, count: &mut TopicCount) -> Result<(), Error> {
        let unread = extent.unread();
        let mut reading = self.log.read(extent.at, unread.start, unread.end);
        while let Some(piece) = reading.next().await? {
            if let Piece::Records(chunk) = piece {
                count.log += chunk.len() as u64;
                count.unread += chunk.len() as u64;
                self.watch.step(chunk.len() as u64);
            }
        }
        Ok(())
    }
}

impl TopicCount {
    fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Ledger => self.ledger += 1,
            Fate::Duplicate => self.duplicate += 1,
            Fate::Rejected => self.rejected += 1,
            Fate::Owed => self.owed += 1,
        }
    }
}

/// Of a record what the rows of its place have of it: the sum of its bytes or that of its hash.
fn sum(keys: &Keys, message: &[u8], rows: &[Entry]) -> u64 {
    if rows.iter().any(|row| row.hashed) { keys.short_id(&content_hash(message)) } else { keys.bytes(message) }
}

fn no_record(extent: &Extent, rows: &[Entry], found: &mut Exceptions<'_>) {
    for row in rows {
        found.at(Kind::NoRecord, extent.at, row.offset, || match row.holder {
            Holder::Ledger => "a row of the table".to_owned(),
            Holder::Duplicate | Holder::Rejected => format!("a row of {OUTCOME_TABLE}"),
        });
    }
}

/// What the records of a stream are called.
pub(super) fn noun(stream: Stream) -> &'static str {
    match stream {
        Stream::Ledger(_) => "event",
        Stream::Reject => "reject",
        Stream::Receipt => "receipt",
    }
}

#[cfg(test)]
mod tests;
