//! What became of records that are not simply in their table: rows of the table `outcome`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use lantoa_schemas::table::outcome_table;

use crate::position::{LogLife, StreamPartition};

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It broke the contract.
    Rejected,
    /// Its id was there already.
    Duplicate,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }
}

/// One row of `outcome`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutcomeRow {
    pub at: StreamPartition,
    pub offset: i64,
    pub fate: Fate,
    pub event_id: Option<String>,
    pub field: Option<String>,
    pub reason: String,
    pub remedy: Option<String>,
    pub sender: Option<String>,
    pub via: Option<String>,
    pub receipt: Option<String>,
    pub receipt_row: Option<i64>,
    pub bytes: Vec<u8>,
}

/// The rows as the table has them.
pub(crate) fn batch(rows: &[OutcomeRow], life: &LogLife, now: DateTime<Utc>) -> Result<RecordBatch, ArrowError> {
    let text =
        |get: fn(&OutcomeRow) -> Option<&str>| -> ArrayRef { Arc::new(rows.iter().map(get).collect::<StringArray>()) };
    let cluster = StringArray::from_iter_values(rows.iter().map(|_| &*life.cluster));
    let mut bytes = BinaryBuilder::new();
    rows.iter().for_each(|row| bytes.append_value(&row.bytes));
    let received = TimestampMicrosecondArray::from_value(now.timestamp_micros(), rows.len()).with_timezone("UTC");
    RecordBatch::try_new(
        outcome_table(),
        vec![
            text(|row| row.event_id.as_deref()),
            Arc::new(received),
            text(|row| Some(row.at.stream.topic())),
            text(|row| Some(row.fate.as_str())),
            text(|row| row.field.as_deref()),
            text(|row| Some(&row.reason)),
            text(|row| row.remedy.as_deref()),
            text(|row| row.sender.as_deref()),
            text(|row| row.via.as_deref()),
            text(|row| row.receipt.as_deref()),
            Arc::new(rows.iter().map(|row| row.receipt_row).collect::<Int64Array>()),
            Arc::new(bytes.finish()),
            Arc::new(cluster),
            Arc::new(Int32Array::from_value(life.generation, rows.len())),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.at.partition))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.offset))),
        ],
    )
}
