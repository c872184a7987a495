//! Records that somebody else's program produced to a topic are held to the same contract as what came by the doors.
//!
//! In: decoded rows. Out: the same rows without those that break the contract, and stamped where the sender had no say:
//! when, by whom and by which way they came. Rows that ingest stamped passed the validator before they were produced.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Int64Array, RecordBatch, Scalar, StringArray};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{filter_record_batch, is_null};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::stream::{EventType, Family, Stream};
use lantoa_schemas::table;
use lantoa_schemas::validate::{Cell, Fields, Judge, Problem, Row, Stamp};
use lantoa_schemas::vocabulary::Via;

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

/// Judges and stamps the direct records of a batch.
pub(crate) fn judge(mut batch: DecodedBatch, now: DateTime<Utc>) -> Result<DecodedBatch, ArrowError> {
    let Stream::Ledger(family) = batch.raw.stream() else {
        return Ok(batch);
    };
    let Some(via) = batch.rows.column_by_name("via") else {
        return Ok(batch);
    };
    if via.null_count() == 0 {
        return Ok(batch);
    }
    let direct = is_null(via)?;
    let judge = Judge { history: AreaHistory::shipped(), catalogue: Catalogue::shipped(), now };
    let mut keep = vec![true; batch.rows.num_rows()];
    for row in (0..batch.rows.num_rows()).filter(|row| direct.value(*row)) {
        if let Err(problems) = judge_row(&judge, family, &batch.rows, row) {
            keep[row] = false;
            batch.refused.push(Refused { at: batch.raw_index[row], problems });
        }
    }
    batch.rows = stamp(&batch.rows, &direct, now, judge.history.version())?;
    if keep.contains(&false) {
        batch.rows = filter_record_batch(&batch.rows, &BooleanArray::from(keep.clone()))?;
        let mut kept = keep.iter();
        batch.raw_index.retain(|_| *kept.next().unwrap_or(&false));
    }
    Ok(batch)
}

fn judge_row(judge: &Judge<'_>, family: Family, rows: &RecordBatch, row: usize) -> Result<(), Vec<Problem>> {
    let fields = BatchRow { rows, row };
    // As they are, blanks included: an id that is stored with a blank must not be judged without it.
    let text = |name: &str| {
        let column = rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        column.map_or_else(String::new, |column| column.value(row).to_owned())
    };
    let (event_id, event_type) = (text("event_id"), text("event_type"));
    if EventType::parse(&event_type).is_some_and(|event_type| event_type.family != family) {
        let remedy =
            format!("produce it to {}", EventType::parse(&event_type).map_or("", |t| t.family.stream().topic()));
        return Err(vec![Problem::new("event_type", format!("is not of the family {family}"), remedy)]);
    }
    let stamp = Stamp { sender: Via::Kafka.to_string(), via: Via::Kafka, receipt: String::new(), row: 0 };
    let sent = Row { event_id: Some(&event_id), event_type: &event_type, reporter: None, fields: &fields };
    judge.judge(&sent, &stamp).map(|_| ())
}

/// Fills in what the sender has no say in, for direct records only.
fn stamp(
    rows: &RecordBatch,
    direct: &BooleanArray,
    now: DateTime<Utc>,
    history_version: i64,
) -> Result<RecordBatch, ArrowError> {
    let recorded = TimestampMicrosecondArray::from_value(now.timestamp_micros(), 1).with_timezone("UTC");
    let kafka: ArrayRef = Arc::new(StringArray::from_iter_values([Via::Kafka.to_string()]));
    let stamps: [(&str, ArrayRef); 4] = [
        ("recorded", Arc::new(recorded)),
        ("sender", Arc::clone(&kafka)),
        ("via", kafka),
        ("history_version", Arc::new(Int64Array::from(vec![history_version]))),
    ];
    let mut columns = rows.columns().to_vec();
    for (name, value) in stamps {
        let at = rows.schema().index_of(name)?;
        let value = Scalar::new(value);
        columns[at] = zip(direct, &value as &dyn Datum, &columns[at] as &dyn Datum)?;
    }
    RecordBatch::try_new(rows.schema(), columns)
}

/// A row of a record batch, shown to the validator as fields.
struct BatchRow<'a> {
    rows: &'a RecordBatch,
    row: usize,
}

impl Fields for BatchRow<'_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        let column = self.rows.column_by_name(name)?;
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
