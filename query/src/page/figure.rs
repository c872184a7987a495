//! A row of `indicator` as the page needs it.
//!
//! In: record batches of the view. Out: a value a row.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};

/// One figure with what has to be said beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figure {
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: String,
    pub(crate) area_level: Option<String>,
    pub(crate) area_from: Option<String>,
    pub(crate) year: i64,
    pub(crate) scope: Option<String>,
    pub(crate) base: String,
    pub(crate) span: Option<String>,
    pub(crate) count: Option<i64>,
    pub(crate) precision: Option<String>,
    pub(crate) denominator: Option<i64>,
    pub(crate) rate_percent: Option<f64>,
    pub(crate) printed: Option<String>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) derivation: Option<String>,
    pub(crate) coverage: Option<f64>,
    pub(crate) reason: Option<String>,
    pub(crate) target: Option<f64>,
    pub(crate) target_year: Option<i64>,
    pub(crate) target_origin: Option<String>,
    pub(crate) gap: Option<f64>,
    pub(crate) source: Option<String>,
    pub(crate) stated_on: Option<String>,
    pub(crate) recorded: Option<DateTime<Utc>>,
    /// In the indicator's unit.
    pub(crate) value: Option<f64>,
}

impl Figure {
    /// Whether it stands for less than the whole: not all of the area reports.
    pub(crate) fn is_part(&self) -> bool {
        self.coverage.is_some_and(|coverage| coverage < 99.999_999)
    }

    /// Whether it is an estimate.
    pub(crate) fn is_estimate(&self) -> bool {
        self.derivation.as_deref() == Some("estimated")
    }
}

/// The figures of some rows.
pub(crate) fn figures(rows: &RecordBatch) -> Result<Vec<Figure>, ArrowError> {
    let column = |name: &str, of: &DataType| -> Result<ArrayRef, ArrowError> {
        let column = rows.column_by_name(name);
        cast(column.ok_or_else(|| ArrowError::SchemaError(format!("the view has no column {name}")))?, of)
    };
    let texts = |name| column(name, &DataType::Utf8);
    let counts = |name| column(name, &DataType::Int64);
    let numbers = |name| column(name, &DataType::Float64);
    let (code, name, level, since) =
        (texts("area_code")?, texts("area_name")?, texts("area_level")?, texts("area_from")?);
    let (scope, base, span) = (texts("subject_scope")?, texts("base")?, texts("span")?);
    let (precision, printed, derivation) =
        (texts("numerator_precision")?, texts("printed_percent")?, texts("derivation")?);
    let (reason, origin, source, stated_on) =
        (texts("reason")?, texts("target_origin")?, texts("source")?, texts("stated_on")?);
    let (year, count, denominator, target_year) =
        (counts("year")?, counts("numerator")?, counts("denominator")?, counts("target_year")?);
    let (rate, low, high, coverage) =
        (numbers("rate_percent")?, numbers("percent_low")?, numbers("percent_high")?, numbers("coverage_percent")?);
    let (target, gap, value) = (numbers("target_percent")?, numbers("gap_points")?, numbers("value")?);
    let recorded = column("recorded", &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
    let figures = (0..rows.num_rows()).map(|row| Figure {
        area_code: text(&code, row),
        area_name: text(&name, row).unwrap_or_default(),
        area_level: text(&level, row),
        area_from: text(&since, row),
        year: whole(&year, row).unwrap_or_default(),
        scope: text(&scope, row),
        base: text(&base, row).unwrap_or_default(),
        span: text(&span, row),
        count: whole(&count, row),
        precision: text(&precision, row),
        denominator: whole(&denominator, row),
        rate_percent: number(&rate, row),
        printed: text(&printed, row),
        low: number(&low, row),
        high: number(&high, row),
        derivation: text(&derivation, row),
        coverage: number(&coverage, row),
        reason: text(&reason, row),
        target: number(&target, row),
        target_year: whole(&target_year, row),
        target_origin: text(&origin, row),
        gap: number(&gap, row),
        source: text(&source, row),
        stated_on: text(&stated_on, row),
        recorded: instant(&recorded, row),
        value: number(&value, row),
    });
    Ok(figures.collect())
}

fn text(column: &ArrayRef, row: usize) -> Option<String> {
    let column = column.as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn whole(column: &ArrayRef, row: usize) -> Option<i64> {
    let column = column.as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn number(column: &ArrayRef, row: usize) -> Option<f64> {
    let column = column.as_primitive::<Float64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn instant(column: &ArrayRef, row: usize) -> Option<DateTime<Utc>> {
    let column = column.as_primitive::<TimestampMicrosecondType>();
    DateTime::from_timestamp_micros(column.is_valid(row).then(|| column.value(row))?)
}
