//! Rows of a record batch, shown to the validator as fields.
//!
//! In: a batch of one stream. Out: of each row the named fields. Guarantee: blank and missing are one, and texts come
//! without the blanks around them, as from the other doors. What is the same for all rows of a batch, which is all but
//! the values, is looked at once: a row asks for some fifty fields.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type};
use chrono::NaiveDate;
use lantoa_schemas::table;
use lantoa_schemas::validate::{Cell, Fields};

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

/// The columns of a batch.
pub(super) struct Columns<'a> {
    rows: &'a RecordBatch,
    by_name: HashMap<&'a str, Column<'a>, BuildHasherDefault<OfNames>>,
    /// Columns that are not among the known ones, which are the same for every row.
    unknown: OnceCell<Vec<(&'a str, &'a ArrayRef)>>,
}

impl<'a> Columns<'a> {
    /// Without those that have no value in any row.
    pub fn of(rows: &'a RecordBatch) -> Self {
        let names = rows.schema_ref().fields().iter().map(|field| field.name().as_str());
        let given = names.zip(rows.columns()).filter(|(_, column)| column.null_count() < column.len());
        let by_name = given.map(|(name, column)| (name, Column::of(column))).collect();
        Self { rows, by_name, unknown: OnceCell::new() }
    }

    /// A row.
    pub fn row(&self, row: usize) -> BatchRow<'_, 'a> {
        BatchRow { columns: self, row }
    }

    /// A text as it is, blanks included; "" where there is none.
    pub fn text(&self, name: &str, row: usize) -> &'a str {
        match self.by_name.get(name) {
            Some(Column::Text(column)) if column.is_valid(row) => column.value(row),
            _ => "",
        }
    }

    fn unknown(&self, known: &[&str]) -> &[(&'a str, &'a ArrayRef)] {
        self.unknown.get_or_init(|| {
            let names = self.rows.schema_ref().fields().iter().map(|field| field.name().as_str());
            let columns = names.zip(self.rows.columns());
            columns.filter(|(name, _)| !OWN.contains(name) && !known.contains(name)).collect()
        })
    }
}

/// A row of a record batch.
pub(super) struct BatchRow<'c, 'a> {
    columns: &'c Columns<'a>,
    row: usize,
}

impl Fields for BatchRow<'_, '_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        self.columns.by_name.get(name)?.cell(self.row)
    }

    fn unknown(&self, known: &[&str]) -> Vec<&str> {
        let unknown = self.columns.unknown(known).iter();
        unknown.filter(|(_, column)| column.is_valid(self.row)).map(|(name, _)| *name).collect()
    }
}

/// A column by its type.
enum Column<'a> {
    Text(&'a StringArray),
    Long(&'a PrimitiveArray<Int64Type>),
    Int(&'a PrimitiveArray<Int32Type>),
    Double(&'a PrimitiveArray<Float64Type>),
    Flag(&'a BooleanArray),
    Day(&'a PrimitiveArray<Date32Type>),
    /// An instant: only `recorded` is one, and a direct record may not say it.
    Other(&'a ArrayRef),
}

impl<'a> Column<'a> {
    fn of(column: &'a ArrayRef) -> Self {
        match column.data_type() {
            DataType::Utf8 => Self::Text(column.as_string::<i32>()),
            DataType::Int64 => Self::Long(column.as_primitive::<Int64Type>()),
            DataType::Int32 => Self::Int(column.as_primitive::<Int32Type>()),
            DataType::Float64 => Self::Double(column.as_primitive::<Float64Type>()),
            DataType::Boolean => Self::Flag(column.as_boolean()),
            DataType::Date32 => Self::Day(column.as_primitive::<Date32Type>()),
            _ => Self::Other(column),
        }
    }

    /// The value in a row; `None` where it is missing or blank.
    fn cell(&self, row: usize) -> Option<Cell<'a>> {
        match *self {
            Self::Text(column) => {
                let text = column.is_valid(row).then(|| column.value(row).trim()).filter(|text| !text.is_empty());
                text.map(|text| Cell::Text(Cow::Borrowed(text)))
            }
            Self::Long(column) => column.is_valid(row).then(|| Cell::Integer(column.value(row))),
            Self::Int(column) => column.is_valid(row).then(|| Cell::Integer(column.value(row).into())),
            Self::Double(column) => column.is_valid(row).then(|| Cell::Number(column.value(row))),
            Self::Flag(column) => column.is_valid(row).then(|| Cell::Flag(column.value(row))),
            Self::Day(column) => column.is_valid(row).then(|| day(column.value(row))),
            Self::Other(column) => column.is_valid(row).then_some(Cell::Text(Cow::Borrowed("set"))),
        }
    }
}

fn day<'a>(days: i32) -> Cell<'a> {
    let day = NaiveDate::default().checked_add_signed(chrono::Duration::days(days.into()));
    day.map_or(Cell::Text(Cow::Borrowed("beyond the calendar")), Cell::Day)
}

/// Hashes the names of columns: few, known beforehand and chosen by nobody who wishes us ill, so that a word at a time
/// will do.
#[derive(Default)]
struct OfNames(u64);

impl Hasher for OfNames {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        // The upper bits have taken in all of the name, the lower ones pick the place.
        self.0.rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int32Array, Int64Array, TimestampMicrosecondArray};

    use super::*;

    fn rows() -> RecordBatch {
        let columns: [(&str, ArrayRef, bool); 7] = [
            ("event_id", Arc::new(StringArray::from(vec![" a", "b"])), false),
            ("area_date", Arc::new(Date32Array::from(vec![Some(20_000), Some(i32::MAX)])), true),
            ("numerator", Arc::new(Int64Array::from(vec![None, Some(7)])), true),
            ("quote", Arc::new(StringArray::from(vec![Some("  "), Some(" x ")])), true),
            ("note", Arc::new(StringArray::from(vec![None::<&str>, None])), true),
            ("recorded", Arc::new(TimestampMicrosecondArray::from(vec![None, Some(1)])), true),
            (table::LOG_PARTITION, Arc::new(Int32Array::from(vec![0, 0])), false),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    #[test]
    fn a_row_shows_what_it_has_and_nothing_blank() {
        let rows = rows();
        let columns = Columns::of(&rows);
        let (first, second) = (columns.row(0), columns.row(1));
        let text = |text| Some(Cell::Text(Cow::Borrowed(text)));
        let day = NaiveDate::from_ymd_opt(2024, 10, 4).unwrap();
        for (name, expected) in [
            ("event_id", [text("a"), text("b")]),
            ("area_date", [Some(Cell::Day(day)), text("beyond the calendar")]),
            ("numerator", [None, Some(Cell::Integer(7))]),
            ("quote", [None, text("x")]),
            ("note", [None, None]),
            ("recorded", [None, text("set")]),
            (table::LOG_PARTITION, [Some(Cell::Integer(0)), Some(Cell::Integer(0))]),
            ("no column", [None, None]),
        ] {
            assert_eq!([first.get(name), second.get(name)], expected, "{name}");
        }
        assert_eq!(
            [columns.text("event_id", 0), columns.text("note", 0), columns.text("no column", 0)],
            [" a", "", ""]
        );
    }

    #[test]
    fn what_is_not_known_is_named_where_it_is_given() {
        let rows = rows();
        let columns = Columns::of(&rows);
        let known = ["area_date", "numerator", "note"];
        assert_eq!(columns.row(0).unknown(&known), ["quote"]);
        assert_eq!(columns.row(1).unknown(&known), ["quote", "recorded"]);
    }
}
