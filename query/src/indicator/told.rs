//! What is told of a figure beside its numbers: texts that pass through to the rows of an answer as they are.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::answer_row::IndicatorRow;

/// Texts that pass through from the figures' table.
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

    /// Fills in what is told of a figure beside its numbers.
    pub(super) fn fill(&self, at: usize, row: &mut IndicatorRow) {
        row.as_at = self.text(&self.as_at, at);
        row.printed_percent = self.text(&self.printed_percent, at);
        row.plan = self.text(&self.plan, at);
        row.source = self.text(&self.source, at);
        row.stated_on = self.text(&self.stated_on, at);
        row.recorded = self.recorded(at);
    }

    /// A text of a row.
    pub(super) fn text(&self, column: &ArrayRef, at: usize) -> Option<String> {
        column.is_valid(at).then(|| column.as_string::<i32>().value(at).to_owned())
    }

    fn recorded(&self, at: usize) -> Option<i64> {
        let column = self.recorded.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        column.is_valid(at).then(|| column.value(at))
    }
}
