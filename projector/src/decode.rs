//! Raw records to columns.
//!
//! In: a raw batch, and the schemas by which its records may have been written. Out: its rows as one record batch in
//! the table's schema, in the order of the records, with their positions, and for each record that could not be read the
//! reason. Records of several revisions are read apart and put together again, so that it does not matter how they are
//! mixed. A bad record never harms its neighbours: when a batch fails it is read again record by record, and only the
//! guilty are refused. No I/O.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_avro::codec::Tz;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, SchemaStore};
use lantoa_schemas::avro::{self, Revisions, Unframed};
use lantoa_schemas::stream::Stream;
use lantoa_schemas::table::{said_columns, stream_table};
use lantoa_schemas::validate::{Problem, personal};

use crate::consume::{BATCH_RECORDS, RawBatch};
use crate::position::LogLife;
use crate::seen::{IdHash, hash};

/// A record that was refused: where it stands in the raw batch, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// Index in the raw batch.
    pub at: usize,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// A raw batch that has been read. Every record of it is either a row or refused.
#[derive(Debug)]
pub(crate) struct DecodedBatch {
    /// The records as they came.
    pub raw: RawBatch,
    /// The rows, in the schema of the stream's table.
    pub rows: RecordBatch,
    /// Index in the raw batch of each row.
    pub raw_index: Vec<usize>,
    /// The hash of each row's id: worked out here, as whoever commits has the most to do.
    pub ids: Vec<IdHash>,
    /// The records that are no rows.
    pub refused: Vec<Refused>,
}

/// Rows of some of the records.
struct Group {
    /// Index in the raw batch of each.
    at: Vec<usize>,
    /// What they say, without their positions.
    said: RecordBatch,
}

/// Reads the raw batches of one stream.
pub(crate) struct StreamDecoder {
    revisions: Arc<Revisions>,
    life: LogLife,
    table: SchemaRef,
    /// The table's columns without the position.
    said: SchemaRef,
    /// One a revision: a decoder of several ends its batch wherever two of them meet.
    decoders: Vec<Decoder>,
    /// The record at hand, where it is framed in another way than decoders are made for.
    reframed: Vec<u8>,
    /// For each type that the table has a column without any value, as long as a batch can be.
    nulls: Vec<ArrayRef>,
}

impl StreamDecoder {
    pub fn new(revisions: Arc<Revisions>, life: LogLife) -> Result<Self, ArrowError> {
        let stream = revisions.stream();
        let decoders = (0..revisions.all().len()).map(|revision| decoder(&revisions, revision));
        let decoders = decoders.collect::<Result<Vec<_>, ArrowError>>()?;
        let table = stream_table(stream);
        let said = Arc::new(Schema::new(said_columns(avro::schema_text(stream))));
        let mut nulls: Vec<ArrayRef> = Vec::new();
        for field in table.fields() {
            if !nulls.iter().any(|known| known.data_type() == field.data_type()) {
                nulls.push(new_null_array(field.data_type(), BATCH_RECORDS));
            }
        }
        Ok(Self { revisions, life, table, said, decoders, reframed: Vec::new(), nulls })
    }

    /// Reads a raw batch.
    ///
    /// # Errors
    /// When columns do not fit the table, which only a fault of ours can bring about; bad records are no error.
    pub fn decode(&mut self, raw: RawBatch) -> Result<DecodedBatch, ArrowError> {
        let mut refused = Vec::new();
        let mut readable = vec![Vec::new(); self.decoders.len()];
        // Nearly all records are of the present revision, which is the first.
        readable[0].reserve(raw.len());
        for at in 0..raw.len() {
            match self.revisions.frame(raw.record(at)) {
                Ok(frame) => readable[frame.revision].push(at),
                Err(why) => refused.push(unread(&raw, at, unframed(why, self.revisions.stream()))),
            }
        }
        let mut groups = Vec::new();
        for (revision, mut at) in readable.into_iter().enumerate() {
            if at.is_empty() {
                continue;
            }
            let nested = match self.all_at_once(revision, &raw, &at)? {
                Some(nested) => nested,
                None => self.one_by_one(revision, &raw, &mut at, &mut refused)?,
            };
            groups.push(Group { at, said: self.flatten(&nested)? });
        }
        let group = self.in_order(groups)?;
        let rows = self.place(&group, &raw)?;
        let ids = texts(&rows, self.revisions.stream()).iter().map(|id| hash(id.unwrap_or_default())).collect();
        Ok(DecodedBatch { raw, rows, raw_index: group.at, ids, refused })
    }

    /// Whether a record is one row, no more and no less, and was taken as that.
    fn take_one(&mut self, revision: usize, record: &[u8]) -> bool {
        let record = if avro::fingerprint_of(record).is_some() {
            record
        } else {
            // The decoder knows Confluent's framing itself, but then a datum may end just as such a header does.
            self.reframed.clear();
            self.reframed.extend_from_slice(&avro::MARKER);
            self.reframed.extend_from_slice(&self.revisions.all()[revision].fingerprint());
            self.reframed.extend_from_slice(&record[avro::CONFLUENT_HEADER_LEN..]);
            self.reframed.as_slice()
        };
        // A second header at the end would make the decoder take the next record for its body. No datum ends so: the
        // marker is not UTF-8, and no number of ours is that long.
        if record.len() > avro::HEADER_LEN && record.ends_with(&record[..avro::HEADER_LEN]) {
            return false;
        }
        let decoder = &mut self.decoders[revision];
        let room = decoder.capacity();
        matches!(decoder.decode(record), Ok(used) if used == record.len()) && decoder.capacity() + 1 == room
    }

    /// The fast way; `None` when one of the records cannot be read.
    fn all_at_once(
        &mut self,
        revision: usize,
        raw: &RawBatch,
        readable: &[usize],
    ) -> Result<Option<RecordBatch>, ArrowError> {
        for &at in readable {
            if !self.take_one(revision, raw.record(at)) {
                self.begin_anew(revision)?;
                return Ok(None);
            }
        }
        match self.decoders[revision].flush() {
            Ok(Some(batch)) if batch.num_rows() == readable.len() => Ok(Some(batch)),
            _ => {
                self.begin_anew(revision)?;
                Ok(None)
            }
        }
    }

    /// The slow way: what cannot be read is taken out of `readable` and refused.
    fn one_by_one(
        &mut self,
        revision: usize,
        raw: &RawBatch,
        readable: &mut Vec<usize>,
        refused: &mut Vec<Refused>,
    ) -> Result<RecordBatch, ArrowError> {
        let mut rows = Vec::with_capacity(readable.len());
        let mut taken = Vec::with_capacity(readable.len());
        for &at in readable.iter() {
            // A guilty record must not spoil the decoder for the next one.
            self.begin_anew(revision)?;
            let whole = self.take_one(revision, raw.record(at));
            match if whole { self.decoders[revision].flush().ok().flatten() } else { None } {
                Some(row) if row.num_rows() == 1 => {
                    rows.push(row);
                    taken.push(at);
                }
                _ => refused.push(unread(raw, at, unreadable(self.revisions.stream()))),
            }
        }
        self.begin_anew(revision)?;
        *readable = taken;
        concat_batches(&self.decoders[revision].schema(), &rows)
    }

    fn begin_anew(&mut self, revision: usize) -> Result<(), ArrowError> {
        self.decoders[revision] = decoder(&self.revisions, revision)?;
        Ok(())
    }

    /// A column as it is, but for one without any value: those, which are more than half, are in memory once and not in
    /// every batch that waits to be committed.
    fn shared(&self, column: &ArrayRef) -> ArrayRef {
        let fits = |nulls: &&ArrayRef| nulls.data_type() == column.data_type() && nulls.len() >= column.len();
        match self.nulls.iter().find(fits).filter(|_| column.null_count() == column.len()) {
            Some(nulls) => nulls.slice(0, column.len()),
            None => Arc::clone(column),
        }
    }

    /// Envelope and facts side by side, as the table has them.
    fn flatten(&self, nested: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.table.fields().len());
        for column in nested.columns() {
            match column.data_type() {
                DataType::Struct(_) => {
                    columns.extend(column.as_struct().columns().iter().map(|part| self.shared(part)))
                }
                _ => columns.push(self.shared(column)),
            }
        }
        RecordBatch::try_new(Arc::clone(&self.said), columns)
    }

    /// The rows of all groups in the order in which their records came.
    fn in_order(&self, mut groups: Vec<Group>) -> Result<Group, ArrowError> {
        if groups.len() < 2 {
            let none = || Group { at: Vec::new(), said: RecordBatch::new_empty(Arc::clone(&self.said)) };
            return Ok(groups.pop().unwrap_or_else(none));
        }
        let mut places: Vec<(usize, (usize, usize))> = Vec::new();
        for (number, group) in groups.iter().enumerate() {
            places.extend(group.at.iter().enumerate().map(|(row, at)| (*at, (number, row))));
        }
        places.sort_unstable();
        let (at, from): (Vec<usize>, Vec<(usize, usize)>) = places.into_iter().unzip();
        let said: Vec<&RecordBatch> = groups.iter().map(|group| &group.said).collect();
        Ok(Group { at, said: interleave_record_batch(&said, &from)? })
    }

    /// What the records say and their positions, side by side.
    fn place(&self, group: &Group, raw: &RawBatch) -> Result<RecordBatch, ArrowError> {
        let rows = group.at.len();
        let positions = || group.at.iter().map(|&at| raw.position(at));
        let mut columns = group.said.columns().to_vec();
        columns.push(Arc::new(StringArray::from_iter_values((0..rows).map(|_| &*self.life.cluster))));
        columns.push(Arc::new(Int32Array::from_value(self.life.generation, rows)));
        columns.push(Arc::new(Int32Array::from_iter_values(positions().map(|(partition, _)| partition))));
        columns.push(Arc::new(Int64Array::from_iter_values(positions().map(|(_, offset)| offset))));
        RecordBatch::try_new(Arc::clone(&self.table), columns)
    }
}

/// The ids of rows.
pub(crate) fn texts(rows: &RecordBatch, stream: Stream) -> &StringArray {
    let column = rows.column_by_name(stream.id_column()).expect("every table has its id column");
    column.as_string::<i32>()
}

/// Reads messages of one revision as the present one has them: what it does not have is null.
fn decoder(revisions: &Revisions, revision: usize) -> Result<Decoder, ArrowError> {
    let written = &revisions.all()[revision];
    let present = AvroSchema::new(avro::schema_text(revisions.stream()).to_owned());
    let fingerprint = Fingerprint::Rabin(u64::from_le_bytes(written.fingerprint()));
    let store = SchemaStore::try_from(HashMap::from([(fingerprint, AvroSchema::new(written.text().to_owned()))]))?;
    ReaderBuilder::new()
        .with_writer_schema_store(store)
        .with_active_fingerprint(fingerprint)
        .with_reader_schema(present)
        .with_batch_size(BATCH_RECORDS + 1)
        .with_tz(Tz::Utc)
        .build_decoder()
}

/// Why a record is no row. Nobody can say what it holds, so its bytes are looked through for a person's data.
fn unread(raw: &RawBatch, at: usize, problem: Problem) -> Refused {
    let problem = if personal::in_bytes(raw.record(at)) {
        let reason = format!("{}; it is not kept, because it seems to have personal data", problem.reason);
        Problem::personal(problem.field, reason, problem.remedy)
    } else {
        problem
    };
    Refused { at, problems: vec![problem] }
}

fn unframed(why: Unframed, stream: Stream) -> Problem {
    let remedy = match (why, stream) {
        (Unframed::Id(id), Stream::Ledger(family)) => format!(
            "say which schema it is in the settings, [projector] confluent_schemas = {{ \"{id}\" = \"{family}@RELEASE\" }}, \
             and send the record again"
        ),
        (Unframed::OtherFamily { family, .. }, _) => format!(
            "produce it to {}, or correct what the settings say in [projector] confluent_schemas and send it again",
            family.stream().topic()
        ),
        _ => format!(
            "write Avro single-object encoding: C3 01, the fingerprint {} and one datum of the contract's schema for {}",
            avro::shown(&avro::fingerprint(stream)),
            stream.topic()
        ),
    };
    Problem::new("value", why.to_string(), remedy)
}

fn unreadable(stream: Stream) -> Problem {
    Problem::new(
        "value",
        "cannot be read by the schema that it names: it is cut short, too long, or has text that is not UTF-8",
        format!("write one whole datum of the contract's schema for {}", stream.topic()),
    )
}

#[cfg(test)]
mod tests;
