//! The rows of an answer, and the columns they become.
//!
//! In: totals, targets and findings. Out: the record batches behind the views `indicator`, `coverage`, `reconciliation`,
//! `suspicious` and `adoption`. Column names and types are the contract. A row borrows its texts and lives no longer than
//! it takes to write it into the columns: there are millions of them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::array::{BooleanBuilder, Date32Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use lantoa_schemas::event::days_since_epoch;

macro_rules! rows {
    ($(#[$doc:meta])* $name:ident in $columns:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(crate) struct $name<'a> { $($(#[$field_doc])* pub(crate) $field: Option<rows!(@value 'a $kind)>,)+ }

        /// Such rows as columns, while they are written.
        pub(crate) struct $columns { $($field: rows!(@builder $kind),)+ }

        impl $columns {
            /// Columns in the contract's order.
            pub(crate) fn schema() -> SchemaRef {
                Arc::new(Schema::new(vec![$(Field::new(stringify!($field), rows!(@type $kind), true),)+]))
            }

            pub(crate) fn new() -> Self {
                Self { $($field: rows!(@new $kind),)+ }
            }

            /// Takes in a row.
            pub(crate) fn push(&mut self, row: &$name<'_>) {
                $(rows!(@push $kind, self.$field, row.$field);)+
            }

            /// All rows that were taken in.
            pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
                let columns: Vec<ArrayRef> = vec![$(Arc::new(self.$field.finish()),)+];
                RecordBatch::try_new(Self::schema(), columns)
            }
        }
    };
    (@value $a:lifetime text) => { Cow<$a, str> };
    (@value $a:lifetime word) => { &'static str };
    (@value $a:lifetime count) => { i64 };
    (@value $a:lifetime number) => { f64 };
    (@value $a:lifetime day) => { NaiveDate };
    (@value $a:lifetime instant) => { i64 };
    (@value $a:lifetime flag) => { bool };
    (@type text) => { DataType::Utf8 };
    (@type word) => { DataType::Utf8 };
    (@type count) => { DataType::Int64 };
    (@type number) => { DataType::Float64 };
    (@type day) => { DataType::Date32 };
    (@type instant) => { DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())) };
    (@type flag) => { DataType::Boolean };
    (@builder text) => { StringBuilder };
    (@builder word) => { StringBuilder };
    (@builder count) => { Int64Builder };
    (@builder number) => { Float64Builder };
    (@builder day) => { Date32Builder };
    (@builder instant) => { TimestampMicrosecondBuilder };
    (@builder flag) => { BooleanBuilder };
    (@new text) => { StringBuilder::new() };
    (@new word) => { StringBuilder::new() };
    (@new count) => { Int64Builder::new() };
    (@new number) => { Float64Builder::new() };
    (@new day) => { Date32Builder::new() };
    (@new instant) => { TimestampMicrosecondBuilder::new().with_timezone("UTC") };
    (@new flag) => { BooleanBuilder::new() };
    (@push text, $column:expr, $value:expr) => { $column.append_option($value.as_deref()) };
    (@push day, $column:expr, $value:expr) => { $column.append_option($value.map(days_since_epoch)) };
    (@push $kind:ident, $column:expr, $value:expr) => { $column.append_option($value) };
}

rows! {
    /// A row of `indicator`.
    IndicatorRow in IndicatorRows {
        area_code: text,
        area_name: text,
        area_level: word,
        area_from: day,
        parent_code: text,
        map: text,
        year: count,
        indicator: text,
        subject_scope: text,
        base: word,
        span: word,
        as_at: text,
        numerator: count,
        numerator_precision: word,
        denominator: count,
        rate_percent: number,
        printed_percent: text,
        percent_low: number,
        percent_high: number,
        derivation: word,
        coverage_percent: number,
        reason: text,
        target_percent: number,
        target_year: count,
        target_origin: word,
        gap_points: number,
        plan: text,
        source: text,
        stated_on: text,
        recorded: instant,
        /// `percent`, `per_1000` or `count`.
        unit: word,
        /// The figure in that unit.
        value: number,
        /// The first year of the target's plan as its event says, else the year in which the target was stated.
        target_from: count,
    }
}

rows! {
    /// A row of `coverage`.
    CoverageRow in CoverageRows {
        map: text,
        year: count,
        indicator: text,
        area_code: text,
        area_name: text,
        area_level: word,
        /// How many areas should report: those directly below, or the area itself where there are none.
        expected: count,
        /// How many of them do, wholly or in part.
        reported: count,
        coverage_percent: number,
        due: day,
        last_recorded: instant,
        /// By the first word of it: a correction makes nobody late.
        late: flag,
    }
}

rows! {
    /// A row of `reconciliation` that comes from adding up.
    ReconciledRow in ReconciledRows {
        map: text,
        year: count,
        area_code: text,
        area_name: text,
        area_level: word,
        indicator: text,
        subject_scope: text,
        base: word,
        left_basis: text,
        left_value: count,
        right_basis: text,
        right_value: count,
        difference: count,
        chosen: word,
        reason: text,
    }
}

rows! {
    /// A row of `suspicious`: a figure that breaks a rule. It is told, never changed.
    SuspiciousRow in SuspiciousRows {
        event_id: text,
        area_code: text,
        area_name: text,
        year: count,
        measure: text,
        rule: word,
        value: number,
        expected_low: number,
        expected_high: number,
        explanation: text,
        source: text,
    }
}

rows! {
    /// A row of `adoption`.
    AdoptionRow in AdoptionRows {
        area_code: text,
        area_name: text,
        area_level: word,
        map: text,
        year: count,
        indicator: text,
        new_adopters: count,
        cumulative_adopters: count,
        share_percent: number,
        retained: count,
        retention_percent: number,
        revoked: count,
        censored: flag,
    }
}
