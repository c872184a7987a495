//! What is told of a figure beside its numbers: texts that pass through to the rows of an answer as they are.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::answer_row::IndicatorRow;

/// Texts that pass through from the figures' table.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event_id: ArrayRef,
    pub(super) name: ArrayRef,
    pub(super) level: ArrayRef,
    as_at: ArrayRef,
    printed_percent: ArrayRef,
    plan: ArrayRef,
    pub(super) source: ArrayRef,
    stated_on: ArrayRef,
    recorded: ArrayRef,
}

impl Told {
    /// The columns of the figures' table.
    pub(super) fn of(rows: &RecordBatch) -> Result<Self> {
        let text =
            |name: &str| -> Result<ArrayRef> { Ok(cast(rows.column(rows.schema().index_of(name)?), &DataType::Utf8)?) };
        let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        Ok(Self {
            event_id: text("event_id")?,
            name: text("area_name")?,
            level: text("area_level")?,
            as_at: text("as_at")?,
            printed_percent: text("printed_percent")?,
            plan: text("plan")?,
            source: text("source")?,
            stated_on: text("stated_on")?,
            recorded: cast(rows.column(rows.schema().index_of("recorded")?), &utc)?,
        })
    }

    /// Bytes that the texts take.
    pub(super) fn bytes(&self) -> usize {
        let texts = [&self.event_id, &self.name, &self.level, &self.as_at, &self.printed_percent, &self.plan];
        let more = [&self.source, &self.stated_on, &self.recorded];
        texts.into_iter().chain(more).map(|column| column.get_array_memory_size()).sum()
    }

    /// Fills in what is told of a figure beside its numbers.
    pub(super) fn fill<'a>(&'a self, at: usize, row: &mut IndicatorRow<'a>) {
        row.as_at = text(&self.as_at, at).map(Cow::Borrowed);
        row.printed_percent = text(&self.printed_percent, at).map(Cow::Borrowed);
        row.plan = text(&self.plan, at).map(Cow::Borrowed);
        row.source = text(&self.source, at).map(Cow::Borrowed);
        row.stated_on = text(&self.stated_on, at).map(Cow::Borrowed);
        row.recorded = self.recorded(at);
    }

    fn recorded(&self, at: usize) -> Option<i64> {
        let column = self.recorded.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        column.is_valid(at).then(|| column.value(at))
    }
}

/// A text of a row.
pub(super) fn text(column: &ArrayRef, at: usize) -> Option<&str> {
    column.is_valid(at).then(|| column.as_string::<i32>().value(at))
}
