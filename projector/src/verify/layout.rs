//! What a record says, read twice: from the bytes on the log and from the columns of a table.
//!
//! In: a message of a stream, or the cells of a table's row. Out: its id and sums of what it says, equal where both say
//! the same. The reader of messages is this module's own, so that a fault of the projector's decoder is seen: a message
//! is the columns of its revision of the contract one after the other, by Avro's rules; what that revision does not have
//! is null. No I/O.

use std::hash::{BuildHasher, Hasher, RandomState};

use arrow::datatypes::DataType;
use lantoa_schemas::avro::Revisions;
use lantoa_schemas::stream::Stream;
use lantoa_schemas::table::said_columns;
use lantoa_schemas::vocabulary::{Via, Vocabulary};

/// One value, as both sides have it: days and instants are their number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    Bytes(&'a [u8]),
    Whole(i64),
    Real(f64),
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// The text; empty where it is none.
    pub fn text(self) -> &'a str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The whole number, if it is one.
    pub fn whole(self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(number),
            _ => None,
        }
    }
}

/// Sums under keys of this process, so that no sender can make two things look the same.
#[derive(Default)]
pub(super) struct Keys([RandomState; 2]);

impl Keys {
    /// Of an id: wide enough that two of them never meet by chance.
    pub fn id(&self, id: &str) -> u128 {
        let [high, low] = &self.0;
        u128::from(high.hash_one(id)) << 64 | u128::from(low.hash_one(id))
    }

    /// The same, where few are compared with few.
    pub fn short_id(&self, id: &str) -> u64 {
        self.0[0].hash_one(id)
    }

    /// Of a whole message.
    pub fn bytes(&self, bytes: &[u8]) -> u64 {
        self.0[0].hash_one(bytes)
    }
}

/// What a record or row says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told<'a> {
    /// Its id.
    pub id: &'a str,
    /// Sum of all that it says, without what the projector stamps on a direct producer's record.
    pub content: u64,
    /// On the log: nobody stamped it, so it is a direct producer's and may rightly be refused.
    pub unstamped: bool,
    /// In a table: it has the stamps of a direct producer's record.
    pub stamped_direct: bool,
    /// Key of its receipt and row under it; of a reject of a content as a whole the row is 0.
    pub receipt: Option<(&'a str, i64)>,
    /// Of a manifest: how many rows it acknowledges.
    pub accepted: Option<i64>,
    /// Of a manifest: how many rejects it says are kept.
    pub kept: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Long,
    Double,
    Boolean,
}

struct Field {
    /// Its place among the columns.
    column: usize,
    kind: Kind,
    nullable: bool,
}

/// What the projector stamps on a direct producer's record, by place among the columns.
struct Stamps {
    via: usize,
    sender: usize,
    recorded: usize,
    history_version: usize,
}

impl Stamps {
    fn has(&self, at: usize) -> bool {
        [self.via, self.sender, self.recorded, self.history_version].contains(&at)
    }
}

/// The columns of a stream, in the order of the present wire, and how each revision has them.
pub(super) struct Layout {
    revisions: Revisions,
    /// The fields of each revision, in the order of its own wire.
    fields: Vec<Vec<Field>>,
    names: Vec<String>,
    id: usize,
    /// `None` for manifests and rejects, which only ingest writes.
    stamps: Option<Stamps>,
    receipt: Option<(usize, usize)>,
    /// The row where a record names a receipt and none.
    blank_row: Option<i64>,
    accepted: Option<usize>,
    kept: Option<usize>,
}

impl Layout {
    /// The layout of a stream whose messages are written by these schemas.
    pub fn of(revisions: Revisions) -> Self {
        let stream = revisions.stream();
        let columns: Vec<_> = revisions.all().iter().map(|revision| said_columns(revision.text())).collect();
        let names: Vec<String> = columns[0].iter().map(|column| column.name().clone()).collect();
        let find = |name: &str| names.iter().position(|known| known == name);
        let field = |column: &arrow::datatypes::Field| Field {
            column: find(column.name()).expect("the contract never drops a column"),
            kind: kind(column.data_type()),
            nullable: column.is_nullable(),
        };
        let fields: Vec<Vec<Field>> = columns.iter().map(|columns| columns.iter().map(field).collect()).collect();
        let id = find(stream.id_column()).expect("every table has its id column");
        let stamps = || {
            Some(Stamps {
                via: find("via")?,
                sender: find("sender")?,
                recorded: find("recorded")?,
                history_version: find("history_version")?,
            })
        };
        let (stamps, receipt) = match stream {
            Stream::Ledger(_) => (stamps(), find("receipt").zip(find("receipt_row"))),
            Stream::Reject => (None, find("receipt").zip(find("receipt_row"))),
            Stream::Receipt => (None, None),
        };
        let blank_row = (stream == Stream::Reject).then_some(0);
        let (accepted, kept) = (find("accepted"), find("rejects_kept"));
        Self { id, stamps, receipt, blank_row, accepted, kept, revisions, fields, names }
    }

    /// Names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Reads a message; false where it is not exactly one message of the stream.
    pub fn read<'a>(&self, message: &'a [u8], cells: &mut Vec<Cell<'a>>) -> bool {
        cells.clear();
        cells.resize(self.names.len(), Cell::Null);
        let Ok(frame) = self.revisions.frame(message) else { return false };
        let mut datum = Datum(&message[frame.datum..]);
        for field in &self.fields[frame.revision] {
            match datum.cell(field) {
                Some(cell) => cells[field.column] = cell,
                None => return false,
            }
        }
        datum.0.is_empty()
    }

    /// What the cells say, one a column in the order of [`Layout::names`].
    pub fn tell<'a>(&self, cells: &[Cell<'a>], keys: &Keys) -> Told<'a> {
        let via = self.stamps.as_ref().map(|stamps| cells[stamps.via]);
        let kafka = Cell::Text(Via::Kafka.as_str());
        let unstamped = via == Some(Cell::Null);
        let direct = unstamped || via == Some(kafka);
        let stamped_direct = self.stamps.as_ref().is_some_and(|stamps| {
            cells[stamps.via] == kafka
                && cells[stamps.sender] == kafka
                && cells[stamps.recorded] != Cell::Null
                && cells[stamps.history_version] != Cell::Null
        });
        let skipped = self.stamps.as_ref().filter(|_| direct);
        let mut sum = keys.0[1].build_hasher();
        for (at, cell) in cells.iter().enumerate() {
            if skipped.is_none_or(|stamps| !stamps.has(at)) {
                add(*cell, &mut sum);
            }
        }
        let receipt = self.receipt.and_then(|(key, row)| match (cells[key], cells[row].whole().or(self.blank_row)) {
            (Cell::Text(key), Some(row)) => Some((key, row)),
            _ => None,
        });
        Told {
            id: cells[self.id].text(),
            content: sum.finish(),
            unstamped,
            stamped_direct,
            receipt,
            accepted: self.accepted.and_then(|at| cells[at].whole()),
            kept: self.kept.and_then(|at| cells[at].whole()),
        }
    }
}

fn add(cell: Cell<'_>, sum: &mut impl Hasher) {
    match cell {
        Cell::Null => sum.write_u8(0),
        Cell::Text(text) => {
            sum.write_u8(1);
            sum.write_usize(text.len());
            sum.write(text.as_bytes());
        }
        Cell::Bytes(bytes) => {
            sum.write_u8(2);
            sum.write_usize(bytes.len());
            sum.write(bytes);
        }
        Cell::Whole(number) => {
            sum.write_u8(3);
            sum.write_i64(number);
        }
        Cell::Real(number) => {
            sum.write_u8(4);
            sum.write_u64(number.to_bits());
        }
        Cell::Flag(flag) => {
            sum.write_u8(5);
            sum.write_u8(flag.into());
        }
    }
}

/// Panics on a type that the contract's columns do not use, which this module's test would find.
fn kind(column: &DataType) -> Kind {
    match column {
        DataType::Utf8 => Kind::Text,
        DataType::Int32 | DataType::Date32 => Kind::Int,
        DataType::Int64 | DataType::Timestamp(..) => Kind::Long,
        DataType::Float64 => Kind::Double,
        DataType::Boolean => Kind::Boolean,
        other => unreachable!("the contract has a column of type {other}, which this reader does not know"),
    }
}

/// What is left of a datum. Each reader takes from its front, and gives `None` where it cannot.
struct Datum<'a>(&'a [u8]);

impl<'a> Datum<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// A whole number: seven bits a byte, the lowest first, the sign in the lowest bit.
    fn long(&mut self) -> Option<i64> {
        let mut raw = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return None;
            }
            raw |= bits << shift;
            if byte & 0x80 == 0 {
                return Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
            }
        }
        None
    }

    fn cell(&mut self, field: &Field) -> Option<Cell<'a>> {
        if field.nullable {
            match self.long()? {
                0 => return Some(Cell::Null),
                1 => {}
                _ => return None,
            }
        }
        match field.kind {
            Kind::Text => {
                let len = usize::try_from(self.long()?).ok()?;
                std::str::from_utf8(self.take(len)?).ok().map(Cell::Text)
            }
            Kind::Int => i32::try_from(self.long()?).ok().map(|number| Cell::Whole(number.into())),
            Kind::Long => self.long().map(Cell::Whole),
            Kind::Double => {
                let bytes: [u8; 8] = self.take(8)?.try_into().ok()?;
                Some(Cell::Real(f64::from_le_bytes(bytes)))
            }
            Kind::Boolean => match self.take(1)? {
                [0] => Some(Cell::Flag(false)),
                [1] => Some(Cell::Flag(true)),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
