//! What became of records that are not simply in their table: rows of the table `outcome`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use lantoa_schemas::receipt::content_hash;
use lantoa_schemas::table::outcome_table;
use lantoa_schemas::validate::Problem;

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
    /// The record as it came; `None` where it had what looks like a person's data.
    pub bytes: Option<Vec<u8>>,
    /// SHA-256 of the record, of those that broke the contract.
    pub content_hash: Option<String>,
}

impl OutcomeRow {
    /// The row of a record that broke the contract, with why. Of one that has a person's data only the fields, the place and
    /// the hash are kept.
    pub fn rejected(row: Self, problems: &[Problem]) -> Self {
        let joined = |part: fn(&Problem) -> &str| problems.iter().map(part).collect::<Vec<_>>().join("; ");
        let personal = problems.iter().any(|problem| problem.personal);
        Self {
            field: Some(joined(|problem| &problem.field)),
            reason: joined(|problem| &problem.reason),
            remedy: Some(joined(|problem| &problem.remedy)),
            content_hash: row.bytes.as_deref().map(content_hash),
            bytes: row.bytes.filter(|_| !personal),
            ..row
        }
    }
}

/// The rows as the table has them.
pub(crate) fn batch(rows: &[OutcomeRow], life: &LogLife, now: DateTime<Utc>) -> Result<RecordBatch, ArrowError> {
    let text =
        |get: fn(&OutcomeRow) -> Option<&str>| -> ArrayRef { Arc::new(rows.iter().map(get).collect::<StringArray>()) };
    let cluster = StringArray::from_iter_values(rows.iter().map(|_| &*life.cluster));
    let mut bytes = BinaryBuilder::new();
    rows.iter().for_each(|row| bytes.append_option(row.bytes.as_deref()));
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
            text(|row| row.content_hash.as_deref()),
            Arc::new(cluster),
            Arc::new(Int32Array::from_value(life.generation, rows.len())),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.at.partition))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.offset))),
        ],
    )
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use lantoa_schemas::stream::{Family, Stream};

    use super::*;

    fn row(record: &[u8]) -> OutcomeRow {
        OutcomeRow {
            at: StreamPartition { stream: Stream::Ledger(Family::Activity), partition: 0 },
            offset: 7,
            fate: Fate::Rejected,
            event_id: None,
            field: None,
            reason: String::new(),
            remedy: None,
            sender: None,
            via: None,
            receipt: None,
            receipt_row: None,
            bytes: Some(record.to_vec()),
            content_hash: None,
        }
    }

    #[test]
    fn of_a_record_with_personal_data_the_hash_is_kept_and_not_the_bytes() {
        let record = b"CCCD 001203012345";
        let rejected = |problem| OutcomeRow::rejected(row(record), &[problem]);
        let rows = [
            rejected(Problem::personal("note", "has what looks like a citizen id", "leave it out")),
            rejected(Problem::new("note", "is too long", "shorten it")),
            OutcomeRow { fate: Fate::Duplicate, ..row(record) },
        ];
        assert_eq!([rows[0].offset, rows[1].offset], [7, 7]);
        let life = LogLife { cluster: "c".into(), generation: 0 };
        let batch = batch(&rows, &life, DateTime::UNIX_EPOCH).unwrap();
        let bytes = batch.column_by_name("bytes").unwrap().as_binary::<i32>();
        assert!(bytes.is_null(0) && bytes.value(1) == record && bytes.value(2) == record);
        let hashes = batch.column_by_name("content_hash").unwrap().as_string::<i32>();
        let hash = content_hash(record);
        assert_eq!([hashes.value(0), hashes.value(1)], [hash.as_str(), hash.as_str()]);
        assert!(hashes.is_null(2));
        let shown = format!("{:?}", batch.slice(0, 1));
        assert!(shown.contains("note") && !shown.contains("001203012345"), "{shown}");
    }
}
