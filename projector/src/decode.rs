//! Raw records to columns.
//!
//! In: a raw batch. Out: its rows as one record batch in the table's schema, with their positions, and for each record
//! that could not be read the reason. A bad record never harms its neighbours: when a batch fails it is read again
//! record by record, and only the guilty are refused. No I/O.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow_avro::codec::Tz;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, SchemaStore};
use lantoa_schemas::avro;
use lantoa_schemas::stream::Stream;
use lantoa_schemas::table::stream_table;
use lantoa_schemas::validate::Problem;

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

/// Reads the raw batches of one stream.
pub(crate) struct StreamDecoder {
    stream: Stream,
    life: LogLife,
    table: SchemaRef,
    decoder: Decoder,
    /// For each type that the table has a column without any value, as long as a batch can be.
    nulls: Vec<ArrayRef>,
}

impl StreamDecoder {
    pub fn new(stream: Stream, life: LogLife) -> Result<Self, ArrowError> {
        let table = stream_table(stream);
        let mut nulls: Vec<ArrayRef> = Vec::new();
        for field in table.fields() {
            if !nulls.iter().any(|known| known.data_type() == field.data_type()) {
                nulls.push(new_null_array(field.data_type(), BATCH_RECORDS));
            }
        }
        Ok(Self { stream, life, table, decoder: decoder(stream)?, nulls })
    }

    /// Reads a raw batch.
    ///
    /// # Errors
    /// When columns do not fit the table, which only a fault of ours can bring about; bad records are no error.
    pub fn decode(&mut self, raw: RawBatch) -> Result<DecodedBatch, ArrowError> {
        let known = avro::fingerprint(self.stream);
        let mut refused = Vec::new();
        let mut readable = Vec::with_capacity(raw.len());
        for at in 0..raw.len() {
            match avro::fingerprint_of(raw.record(at)) {
                Some(fingerprint) if fingerprint == known => readable.push(at),
                found => refused.push(Refused { at, problems: vec![unframed(found, self.stream)] }),
            }
        }
        let nested = match self.all_at_once(&raw, &readable)? {
            Some(nested) => nested,
            None => self.one_by_one(&raw, &mut readable, &mut refused)?,
        };
        let rows = self.flatten(&nested, &raw, &readable)?;
        let ids = texts(&rows, self.stream).iter().map(|id| hash(id.unwrap_or_default())).collect();
        Ok(DecodedBatch { raw, rows, raw_index: readable, ids, refused })
    }

    /// Whether a record is one row, no more and no less, and was taken as that.
    fn take_one(&mut self, record: &[u8]) -> bool {
        // A second header at the end would make the decoder take the next record for its body. No datum ends so: the
        // marker is not UTF-8, and no number of ours is that long.
        if record.len() > avro::HEADER_LEN && record.ends_with(&record[..avro::HEADER_LEN]) {
            return false;
        }
        let room = self.decoder.capacity();
        matches!(self.decoder.decode(record), Ok(used) if used == record.len()) && self.decoder.capacity() + 1 == room
    }

    /// The fast way; `None` when one of the records cannot be read.
    fn all_at_once(&mut self, raw: &RawBatch, readable: &[usize]) -> Result<Option<RecordBatch>, ArrowError> {
        for &at in readable {
            if !self.take_one(raw.record(at)) {
                self.decoder = decoder(self.stream)?;
                return Ok(None);
            }
        }
        match self.decoder.flush() {
            Ok(Some(batch)) if batch.num_rows() == readable.len() => Ok(Some(batch)),
            Ok(None) if readable.is_empty() => Ok(Some(RecordBatch::new_empty(self.decoder.schema()))),
            _ => {
                self.decoder = decoder(self.stream)?;
                Ok(None)
            }
        }
    }

    /// The slow way: what cannot be read is taken out of `readable` and refused.
    fn one_by_one(
        &mut self,
        raw: &RawBatch,
        readable: &mut Vec<usize>,
        refused: &mut Vec<Refused>,
    ) -> Result<RecordBatch, ArrowError> {
        let mut rows = Vec::with_capacity(readable.len());
        let mut taken = Vec::with_capacity(readable.len());
        for &at in readable.iter() {
            // A guilty record must not spoil the decoder for the next one.
            self.decoder = decoder(self.stream)?;
            let whole = self.take_one(raw.record(at));
            match if whole { self.decoder.flush().ok().flatten() } else { None } {
                Some(row) if row.num_rows() == 1 => {
                    rows.push(row);
                    taken.push(at);
                }
                _ => refused.push(Refused { at, problems: vec![unreadable(self.stream)] }),
            }
        }
        self.decoder = decoder(self.stream)?;
        *readable = taken;
        concat_batches(&self.decoder.schema(), &rows)
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

    /// Envelope, facts and position side by side, as the table has them.
    fn flatten(&self, nested: &RecordBatch, raw: &RawBatch, rows: &[usize]) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.table.fields().len());
        for column in nested.columns() {
            match column.data_type() {
                DataType::Struct(_) => {
                    columns.extend(column.as_struct().columns().iter().map(|part| self.shared(part)))
                }
                _ => columns.push(self.shared(column)),
            }
        }
        let positions = || rows.iter().map(|&at| raw.position(at));
        columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|_| &*self.life.cluster))));
        columns.push(Arc::new(Int32Array::from_value(self.life.generation, rows.len())));
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

fn decoder(stream: Stream) -> Result<Decoder, ArrowError> {
    let schema = AvroSchema::new(avro::schema_text(stream).to_owned());
    let fingerprint = Fingerprint::Rabin(u64::from_le_bytes(avro::fingerprint(stream)));
    let store = SchemaStore::try_from(HashMap::from([(fingerprint, schema.clone())]))?;
    ReaderBuilder::new()
        .with_writer_schema_store(store)
        .with_active_fingerprint(fingerprint)
        .with_reader_schema(schema)
        .with_batch_size(BATCH_RECORDS + 1)
        .with_tz(Tz::Utc)
        .build_decoder()
}

fn unframed(found: Option<[u8; 8]>, stream: Stream) -> Problem {
    let remedy = format!(
        "write Avro single-object encoding: C3 01, the fingerprint {} and one datum of the contract's schema for {}",
        hex(&avro::fingerprint(stream)),
        stream.topic()
    );
    match found {
        None => Problem::new("value", "does not begin with C3 01", remedy),
        Some(other) => Problem::new("value", format!("names an unknown schema {}", hex(&other)), remedy),
    }
}

fn unreadable(stream: Stream) -> Problem {
    Problem::new(
        "value",
        "cannot be read by the schema that it names: it is cut short, too long, or has text that is not UTF-8",
        format!("write one whole datum of the contract's schema for {}", stream.topic()),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
