//! Records that somebody else's program produced to a topic are held to the same contract as what came by the doors.
//!
//! In: decoded rows, and the reference events that the log has. Out: the same rows without those that break the
//! contract, and stamped where the sender had no say: when, by whom, by which way they came and by which history they
//! were judged. Rows that ingest stamped passed the validator before they were produced.
//!
//! Guarantee: a batch with direct records is judged after the reference topic was read to the end that it had then
//! ([`References`]). It is read from the topic, as ingest reads it, and not from the table, which lags behind it. A
//! reference record is judged by those before it, so that no event is judged by itself.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Datum, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{filter_record_batch, is_null};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::reference_log::ReferenceLog;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::vocabulary::{Via, Vocabulary};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::consume::ReferenceReader;
use crate::decode::{DecodedBatch, Refused};

mod columns;

use columns::Columns;

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
    let columns = Columns::of(&batch.rows);
    for row in (0..batch.rows.num_rows()).filter(|row| direct.value(*row)) {
        if family == Family::Reference {
            let (partition, offset) = batch.raw.position(batch.raw_index[row]);
            knowledge = log.before(partition, offset);
        }
        versions[row] = knowledge.history.version();
        // As they are, blanks included: an id that is stored with a blank must not be judged without it.
        let (event_id, event_type) = (columns.text("event_id", row), columns.text("event_type", row));
        let judged = knowledge.judge(now).judge_direct(family, event_id, event_type, &columns.row(row));
        if let Err(problems) = judged {
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

/// Fills in what the sender has no say in, for direct records only.
fn stamp(
    rows: &RecordBatch,
    direct: &BooleanArray,
    now: DateTime<Utc>,
    history_versions: Vec<i64>,
) -> Result<RecordBatch, ArrowError> {
    let count = rows.num_rows();
    let recorded = TimestampMicrosecondArray::from_value(now.timestamp_micros(), count).with_timezone("UTC");
    let kafka: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(Via::Kafka.as_str(), count)));
    let stamps: [(&str, ArrayRef); 4] = [
        ("recorded", Arc::new(recorded)),
        ("sender", Arc::clone(&kafka)),
        ("via", kafka),
        ("history_version", Arc::new(Int64Array::from(history_versions))),
    ];
    let all = direct.true_count() == count;
    let mut columns = rows.columns().to_vec();
    for (name, stamped) in stamps {
        let at = rows.schema_ref().index_of(name)?;
        // Most batches are of one kind, and then nothing has to be picked row by row.
        columns[at] = if all { stamped } else { zip(direct, &stamped as &dyn Datum, &columns[at] as &dyn Datum)? };
    }
    RecordBatch::try_new(rows.schema(), columns)
}

#[cfg(test)]
mod tests;
