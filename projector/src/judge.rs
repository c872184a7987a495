//! Records that somebody else's program produced to a topic are held to the same contract as what came by the doors.
//!
//! In: decoded rows, and the reference events that the log has. Out: the same rows without those that break the
//! contract, and stamped where the sender had no say: when, by whom, by which way they came and by which history they
//! were judged. Rows that ingest stamped passed the validator before they were produced.
//!
//! Guarantee: a batch with direct records is judged after the reference topic was read to the end that it had then
//! ([`References`]). It is read from the topic, as ingest reads it, and not from the table, which lags behind it. A
//! reference record is judged by those before it, so that no event is judged by itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Int64Array, RecordBatch, Scalar, StringArray};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{filter_record_batch, is_null};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::reference_log::ReferenceLog;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::table;
use lantoa_schemas::validate::{Cell, Fields, Judge, Problem};
use lantoa_schemas::vocabulary::Via;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::consume::ReferenceReader;
use crate::decode::{DecodedBatch, Refused};

/// Columns that a direct record says of itself outside the family's fields.
const OWN: &[&str] = &[
    "event_id",
    "event_type",
    "schema_version",
    table::LOG_CLUSTER,
    table::LOG_GENERATION,
    table::LOG_PARTITION,
    table::LOG_OFFSET,
];

/// How long to wait before the reference topic is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// The reference topic as all streams share it, and the instant at which they judge.
#[derive(Clone)]
pub(crate) struct References {
    reader: Arc<Mutex<ReferenceReader>>,
    clock: SharedClock,
    stop: CancellationToken,
}

impl References {
    pub fn new(reader: ReferenceReader, clock: SharedClock, stop: CancellationToken) -> Self {
        Self { reader: Arc::new(Mutex::new(reader)), clock, stop }
    }

    /// Judges and stamps the direct records of a batch. While the reference topic does not answer, the batch waits;
    /// `None` when it is still waiting as the projector stops, which leaves it to the next start.
    pub async fn judge(&self, batch: DecodedBatch) -> Result<Option<DecodedBatch>, ArrowError> {
        let Some((family, direct)) = direct(&batch)? else {
            return Ok(Some(batch));
        };
        let mut batch = batch;
        loop {
            let mut reader = Arc::clone(&self.reader).lock_owned().await;
            let now = self.clock.now();
            let work = tokio::task::spawn_blocking({
                let direct = direct.clone();
                move || match reader.read_to_end(now) {
                    Ok(log) => Ok(judge(batch, family, &direct, log, now)),
                    Err(error) => Err(Box::new((batch, error))),
                }
            });
            match work.await.map_err(|error| ArrowError::ExternalError(Box::new(error)))? {
                Ok(judged) => return judged.map(Some),
                Err(unjudged) => {
                    let error;
                    (batch, error) = *unjudged;
                    tracing::warn!(%error, "a batch waits until the reference topic answers");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Of a batch that has direct records its family, and which they are.
fn direct(batch: &DecodedBatch) -> Result<Option<(Family, BooleanArray)>, ArrowError> {
    let Stream::Ledger(family) = batch.raw.stream() else {
        return Ok(None);
    };
    match batch.rows.column_by_name("via") {
        Some(via) if via.null_count() > 0 => Ok(Some((family, is_null(via)?))),
        _ => Ok(None),
    }
}

fn judge(
    mut batch: DecodedBatch,
    family: Family,
    direct: &BooleanArray,
    log: &mut ReferenceLog,
    now: DateTime<Utc>,
) -> Result<DecodedBatch, ArrowError> {
    let mut knowledge = log.knowledge().clone();
    let mut keep = vec![true; batch.rows.num_rows()];
    let mut versions = vec![0; batch.rows.num_rows()];
    let columns = by_name(&batch.rows);
    for row in (0..batch.rows.num_rows()).filter(|row| direct.value(*row)) {
        if family == Family::Reference {
            let (partition, offset) = batch.raw.position(batch.raw_index[row]);
            knowledge = log.before(partition, offset);
        }
        versions[row] = knowledge.history.version();
        if let Err(problems) = judge_row(&knowledge.judge(now), family, &batch.rows, &columns, row) {
            keep[row] = false;
            batch.refused.push(Refused { at: batch.raw_index[row], problems });
        }
    }
    batch.rows = stamp(&batch.rows, direct, now, versions)?;
    if keep.contains(&false) {
        let (mut of_index, mut of_ids) = (keep.iter(), keep.iter());
        batch.raw_index.retain(|_| *of_index.next().unwrap_or(&false));
        batch.ids.retain(|_| *of_ids.next().unwrap_or(&false));
        batch.rows = filter_record_batch(&batch.rows, &BooleanArray::from(keep))?;
    }
    Ok(batch)
}

fn judge_row(
    judge: &Judge<'_>,
    family: Family,
    rows: &RecordBatch,
    columns: &Columns<'_>,
    row: usize,
) -> Result<(), Vec<Problem>> {
    let fields = BatchRow { rows, columns, row };
    // As they are, blanks included: an id that is stored with a blank must not be judged without it.
    let text = |name: &str| {
        let column = columns.get(name).and_then(|column| column.as_string_opt::<i32>());
        column.map_or_else(String::new, |column| column.value(row).to_owned())
    };
    judge.judge_direct(family, &text("event_id"), &text("event_type"), &fields)
}

/// Fills in what the sender has no say in, for direct records only.
fn stamp(
    rows: &RecordBatch,
    direct: &BooleanArray,
    now: DateTime<Utc>,
    history_versions: Vec<i64>,
) -> Result<RecordBatch, ArrowError> {
    let recorded = TimestampMicrosecondArray::from_value(now.timestamp_micros(), 1).with_timezone("UTC");
    let kafka: ArrayRef = Arc::new(StringArray::from_iter_values([Via::Kafka.to_string()]));
    let stamps: [(&str, ArrayRef); 3] =
        [("recorded", Arc::new(recorded)), ("sender", Arc::clone(&kafka)), ("via", kafka)];
    let mut columns = rows.columns().to_vec();
    for (name, value) in stamps {
        let at = rows.schema().index_of(name)?;
        let value = Scalar::new(value);
        columns[at] = zip(direct, &value as &dyn Datum, &columns[at] as &dyn Datum)?;
    }
    let at = rows.schema().index_of("history_version")?;
    columns[at] = zip(direct, &Int64Array::from(history_versions), &columns[at] as &dyn Datum)?;
    RecordBatch::try_new(rows.schema(), columns)
}

/// The columns of a batch by name: each row asks for most of them, and a batch looks through its names one by one.
type Columns<'a> = HashMap<&'a str, &'a ArrayRef>;

fn by_name(rows: &RecordBatch) -> Columns<'_> {
    rows.schema_ref().fields().iter().map(|field| field.name().as_str()).zip(rows.columns()).collect()
}

/// A row of a record batch, shown to the validator as fields.
struct BatchRow<'a> {
    rows: &'a RecordBatch,
    columns: &'a Columns<'a>,
    row: usize,
}

impl Fields for BatchRow<'_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        let column = self.columns.get(name)?;
        if column.is_null(self.row) {
            return None;
        }
        match column.data_type() {
            DataType::Utf8 => {
                let text = column.as_string::<i32>().value(self.row).trim();
                if text.is_empty() { None } else { Some(Cell::Text(Cow::Borrowed(text))) }
            }
            DataType::Int64 => Some(Cell::Integer(column.as_primitive::<Int64Type>().value(self.row))),
            DataType::Int32 => Some(Cell::Integer(column.as_primitive::<Int32Type>().value(self.row).into())),
            DataType::Float64 => Some(Cell::Number(column.as_primitive::<Float64Type>().value(self.row))),
            DataType::Boolean => Some(Cell::Flag(column.as_boolean().value(self.row))),
            DataType::Date32 => {
                let days = column.as_primitive::<Date32Type>().value(self.row);
                let day = NaiveDate::default().checked_add_signed(chrono::Duration::days(days.into()));
                Some(Cell::Text(day.map_or(Cow::Borrowed("beyond the calendar"), |day| Cow::Owned(day.to_string()))))
            }
            // An instant: only `recorded` is one, and a direct record may not say it.
            _ => Some(Cell::Text(Cow::Borrowed("set"))),
        }
    }

    fn names(&self) -> Vec<&str> {
        let fields = self.rows.schema_ref().fields();
        let named = fields.iter().zip(self.rows.columns());
        let given = named.filter(|(_, column)| !column.is_null(self.row)).map(|(field, _)| field.name().as_str());
        given.filter(|name| !OWN.contains(name)).collect()
    }
}

#[cfg(test)]
mod tests;
