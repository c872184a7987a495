//! Rows of the answers.
//!
//! In: batches of Arrow, with columns named as in the views. Out: structs. Guarantee: a column of another type is an
//! error, and none is guessed.

use arrow::array::RecordBatch;
use arrow::json::ArrayWriter;
use chrono::NaiveDate;
use lantoa_query::QueryError;
use serde::Deserialize;

use super::OfAnArea;

/// Rows of batches.
pub(super) fn read<T: for<'de> Deserialize<'de>>(batches: &[RecordBatch]) -> Result<Vec<T>, QueryError> {
    let mut rows = Vec::new();
    for batch in batches {
        let mut writer = ArrayWriter::new(Vec::new());
        writer.write(batch).and_then(|()| writer.finish()).map_err(|error| QueryError::Broken(Box::new(error)))?;
        let text = writer.into_inner();
        // Nothing was written of no rows.
        if batch.num_rows() > 0 {
            let more: Vec<T> = serde_json::from_slice(&text).map_err(|error| QueryError::Broken(Box::new(error)))?;
            rows.extend(more);
        }
    }
    Ok(rows)
}

/// The Week of a year.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Week {
    pub(crate) start_on: Option<NaiveDate>,
    pub(crate) end_on: Option<NaiveDate>,
    pub(crate) theme_vi: Option<String>,
    pub(crate) dispatch: Option<String>,
}

/// A province.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Area {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) short_name: String,
    /// Code of the province of the other map that the most of it became; `None` where there is no other map.
    pub(crate) successor: Option<String>,
}

/// A row of `trend`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Figure {
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: String,
    pub(crate) area_level: String,
    pub(crate) year: i64,
    pub(crate) indicator: String,
    pub(crate) subject_scope: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) span: Option<String>,
    pub(crate) numerator: Option<i64>,
    pub(crate) numerator_precision: Option<String>,
    pub(crate) denominator: Option<i64>,
    pub(crate) rate_percent: Option<f64>,
    pub(crate) percent_low: Option<f64>,
    pub(crate) percent_high: Option<f64>,
    pub(crate) derivation: Option<String>,
    pub(crate) coverage_percent: Option<f64>,
    pub(crate) reason: Option<String>,
    pub(crate) target_percent: Option<f64>,
    pub(crate) target_year: Option<i64>,
    pub(crate) gap_points: Option<f64>,
    pub(crate) source: Option<String>,
    pub(crate) change_points: Option<f64>,
    pub(crate) rank: Option<i64>,
}

impl Figure {
    /// Its percent: as computed, or as printed where its source gives nothing to compute from; `None` for a range.
    pub(crate) fn percent(&self) -> Option<f64> {
        self.rate_percent.or_else(|| self.percent_low.filter(|low| self.percent_high == Some(*low)))
    }

    /// Whether it says how things stand, and not what came within a time: only these compare.
    pub(crate) fn is_stock(&self) -> bool {
        self.span.as_deref().is_none_or(|span| span == "stock")
    }

    /// Whether its area is told of in part only.
    pub(crate) fn is_partial(&self) -> bool {
        self.coverage_percent.is_some_and(|covered| covered < 99.95)
    }

    /// Whether its target is of the same subjects; of others the engine says so in the reason.
    pub(crate) fn has_its_own_target(&self) -> bool {
        self.reason.as_deref().is_none_or(|reason| !reason.contains("the target is of "))
    }

    /// Whether it is of the nation.
    pub(crate) fn is_of_nation(&self) -> bool {
        self.area_level == "nation"
    }

    /// Whether it says anything that was reached.
    pub(crate) fn is_known(&self) -> bool {
        self.numerator.is_some() || self.rate_percent.is_some() || self.percent_low.is_some()
    }
}

/// A row of `coverage`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Coverage {
    pub(crate) indicator: String,
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: String,
    pub(crate) area_level: String,
    pub(crate) expected: i64,
    pub(crate) reported: i64,
    pub(crate) coverage_percent: Option<f64>,
    pub(crate) due: Option<NaiveDate>,
    pub(crate) late: Option<bool>,
}

/// What was held in the Week, by kind and area.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Activity {
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: String,
    pub(crate) activity: String,
    pub(crate) held: i64,
    pub(crate) sessions: Option<i64>,
    pub(crate) attendances: Option<i64>,
    pub(crate) persons: Option<i64>,
    /// Whether every activity says how many, and exactly.
    pub(crate) attendances_whole: bool,
    pub(crate) persons_whole: bool,
}

/// A row of `suspicious`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Suspicious {
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: Option<String>,
    pub(crate) year: Option<i64>,
    pub(crate) measure: String,
    pub(crate) explanation: Option<String>,
    pub(crate) source: Option<String>,
}

/// A row of `reconciliation`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reconciled {
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: Option<String>,
    pub(crate) indicator: String,
    pub(crate) left_basis: Option<String>,
    pub(crate) left_value: Option<i64>,
    pub(crate) right_basis: Option<String>,
    pub(crate) right_value: Option<i64>,
    pub(crate) difference: Option<i64>,
    pub(crate) chosen: Option<String>,
    pub(crate) reason: Option<String>,
}

/// A row of `catalogue`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Indicator {
    pub(crate) indicator: String,
    pub(crate) name_vi: String,
    pub(crate) name_en: String,
    pub(crate) measure: String,
    pub(crate) stage: Option<String>,
    pub(crate) numerator_vi: Option<String>,
    pub(crate) numerator_en: Option<String>,
    pub(crate) denominator_vi: Option<String>,
    pub(crate) denominator_en: Option<String>,
    pub(crate) bases: Option<String>,
    pub(crate) legal: Option<String>,
}

/// A source of statements.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Source {
    pub(crate) source: String,
    pub(crate) stated_on: Option<String>,
    pub(crate) source_kind: Option<String>,
    pub(crate) source_url: Option<String>,
    pub(crate) sender: Option<String>,
}

/// A figure that differs from the version before.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Change {
    pub(crate) change: String,
    pub(crate) map: String,
    pub(crate) area_level: Option<String>,
    pub(crate) area_code: Option<String>,
    pub(crate) area_name: Option<String>,
    pub(crate) year: i64,
    pub(crate) indicator: String,
    pub(crate) subject_scope: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) from_numerator: Option<i64>,
    pub(crate) to_numerator: Option<i64>,
    pub(crate) from_percent: Option<f64>,
    pub(crate) to_percent: Option<f64>,
    pub(crate) from_target: Option<f64>,
    pub(crate) to_target: Option<f64>,
    /// Ids of the events that did it.
    pub(crate) events: Option<String>,
    /// Source and day of a single one that did.
    pub(crate) event_source: Option<String>,
    pub(crate) event_stated_on: Option<String>,
}

macro_rules! of_an_area {
    ($($row:ty),*) => {$(
        impl OfAnArea for $row {
            fn area_code(&self) -> Option<&str> {
                self.area_code.as_deref()
            }
        }
    )*};
}

of_an_area!(Figure, Coverage, Activity, Suspicious, Reconciled);
