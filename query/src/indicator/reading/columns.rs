//! The columns of a batch of figures, in the types that they are read in.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;

use crate::indicator::told::Line;

/// The columns of a batch of figures.
pub(super) struct Columns {
    pub(super) event_id: StringViewArray,
    pub(super) level: StringViewArray,
    pub(super) code: StringViewArray,
    pub(super) day: PrimitiveArray<Date32Type>,
    pub(super) name: StringViewArray,
    pub(super) fact: StringViewArray,
    pub(super) measure: StringViewArray,
    pub(super) stage: StringViewArray,
    pub(super) scope: StringViewArray,
    pub(super) period: StringViewArray,
    pub(super) year: PrimitiveArray<Int64Type>,
    pub(super) as_at: StringViewArray,
    pub(super) span: StringViewArray,
    pub(super) base: StringViewArray,
    pub(super) numerator: PrimitiveArray<Int64Type>,
    pub(super) numerator_precision: StringViewArray,
    pub(super) denominator: PrimitiveArray<Int64Type>,
    pub(super) sessions: PrimitiveArray<Int64Type>,
    pub(super) sessions_precision: StringViewArray,
    pub(super) percent: StringViewArray,
    pub(super) plan: StringViewArray,
    pub(super) source: StringViewArray,
    pub(super) stated_on: StringViewArray,
    pub(super) recorded: PrimitiveArray<TimestampMicrosecondType>,
    pub(super) first_recorded: PrimitiveArray<TimestampMicrosecondType>,
}

impl Columns {
    pub(super) fn of(batch: &RecordBatch) -> Result<Self> {
        let columns = batch.schema();
        let column = |name: &str, wanted: &DataType| -> Result<ArrayRef> {
            Ok(cast(batch.column(columns.index_of(name)?), wanted)?)
        };
        let text =
            |name: &str| -> Result<StringViewArray> { Ok(column(name, &DataType::Utf8View)?.as_string_view().clone()) };
        let number = |name: &str| -> Result<PrimitiveArray<Int64Type>> {
            Ok(column(name, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
        };
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let instant = |name: &str| -> Result<PrimitiveArray<TimestampMicrosecondType>> {
            Ok(column(name, &utc)?.as_primitive::<TimestampMicrosecondType>().clone())
        };
        Ok(Self {
            event_id: text("event_id")?,
            level: text("area_level")?,
            code: text("area_code")?,
            day: column("area_date", &DataType::Date32)?.as_primitive::<Date32Type>().clone(),
            name: text("area_name")?,
            fact: text("fact")?,
            measure: text("measure")?,
            stage: text("stage")?,
            scope: text("subject_scope")?,
            period: text("period")?,
            year: number("year")?,
            as_at: text("as_at")?,
            span: text("span")?,
            base: text("base")?,
            numerator: number("numerator")?,
            numerator_precision: text("numerator_precision")?,
            denominator: number("denominator")?,
            sessions: number("sessions")?,
            sessions_precision: text("sessions_precision")?,
            percent: text("printed_percent")?,
            plan: text("plan")?,
            source: text("source")?,
            stated_on: text("stated_on")?,
            recorded: instant("recorded")?,
            first_recorded: instant("first_recorded")?,
        })
    }

    /// What is told of a row; level and name of the area only where they are `named`.
    pub(super) fn line(&self, row: usize, named: bool) -> Line<'_> {
        Line {
            event_id: text(&self.event_id, row),
            name: text(&self.name, row).filter(|_| named),
            level: text(&self.level, row).filter(|_| named),
            as_at: text(&self.as_at, row),
            printed_percent: text(&self.percent, row),
            plan: text(&self.plan, row),
            source: text(&self.source, row),
            stated_on: text(&self.stated_on, row),
            recorded: present(&self.recorded, row),
        }
    }
}

pub(super) fn text(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

pub(super) fn present<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}
