//! How models spread: who was recognised for the first time, who stays, who left.
//!
//! In: for each area and year how many subjects the individual decisions name, how many of them for the first time and
//! how many in the year after as well, and the totals of titles that sources state. Out: the rows of the view `adoption`. A subject has one
//! first year and one area in it, so first years add up over areas. The first year of the data is censored: whoever is
//! seen in it may have been recognised before. Where there are only aggregates, nothing is known of first years at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::NaiveDate;
use datafusion::common::Result;
use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Place};
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use super::answer_row::{AdoptionRow, AdoptionRows};
use crate::settings::AS_REPORTED;

/// What sources state of a title: the count, and the size of what it is a share of, where known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TitleTotal {
    pub(crate) count: i64,
    pub(crate) size: Option<i64>,
}

/// Totals of titles by area of the map, title and year.
pub(crate) type TitleTotals = BTreeMap<(AreaId, String, i64), TitleTotal>;

#[derive(Debug, Clone, Copy, Default)]
struct Subjects {
    recognised: i64,
    first_time: i64,
    /// Of those recognised, how many are so in the year after as well, wherever they are then.
    kept: i64,
    revoked: i64,
}

/// Writes the rows of one map; `view` is that map, and `as_reported` says that each area stands by itself.
pub(crate) fn rows(
    adopters: &[RecordBatch],
    totals: &TitleTotals,
    history: &AreaHistory,
    view: &MapView,
    as_reported: bool,
    rows: &mut AdoptionRows,
) -> Result<()> {
    let mut subjects: BTreeMap<(AreaId, String), BTreeMap<i64, Subjects>> = BTreeMap::new();
    let mut years: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let mut counts = Vec::new();
    for part in adopters {
        counts.extend(read(part, history)?);
    }
    for (area, model, year, counted) in counts {
        if as_reported && history.area(area).map != view.day() {
            continue;
        }
        // A district that was abolished, or land that cannot be told apart, counts for what it lies in.
        let lineage = std::iter::successors(Some(area), |area| history.parent(*area));
        let here = lineage.into_iter().find_map(|area| match view.place(area) {
            Place::Same(here) | Place::Whole(here) | Place::Main(here) => Some(*here),
            Place::Of(_) | Place::Nowhere => None,
        });
        let Some(here) = here else { continue };
        years.entry(model.clone()).or_default().insert(year);
        let mut at = Some(here);
        while let Some(area) = at {
            let sum = subjects.entry((area, model.clone())).or_default().entry(year).or_default();
            sum.recognised += counted.recognised;
            sum.first_time += counted.first_time;
            sum.kept += counted.kept;
            sum.revoked += counted.revoked;
            at = history.parent(area).filter(|_| !as_reported);
        }
    }
    let map = if as_reported { AS_REPORTED.to_owned() } else { view.day().to_string() };
    for ((area, model), by_year) in &subjects {
        let Some(first) = by_year.keys().next() else { continue };
        let mut adopters = 0;
        for year in years.get(model).into_iter().flat_map(|years| years.range(first..)) {
            let counted = by_year.get(year).copied().unwrap_or_default();
            let before = by_year.get(&(year - 1));
            adopters += counted.first_time;
            let size = totals.get(&(*area, model.clone(), *year)).and_then(|total| total.size);
            rows.push(&AdoptionRow {
                new_adopters: Some(counted.first_time),
                cumulative_adopters: Some(adopters),
                share_percent: share(adopters, size),
                retained: before.map(|before| before.kept),
                retention_percent: before.and_then(|before| share(before.kept, Some(before.recognised))),
                revoked: Some(counted.revoked),
                censored: Some(year == first),
                ..row(history, *area, &map, model, *year)
            });
        }
    }
    for ((area, model, year), total) in totals {
        let known = subjects.get(&(*area, model.clone()));
        // Once subjects are known by themselves, their first years say more than a total does.
        if known.is_some_and(|by_year| by_year.keys().next().is_some_and(|first| year >= first)) {
            continue;
        }
        rows.push(&AdoptionRow {
            cumulative_adopters: Some(total.count),
            share_percent: share(total.count, total.size),
            censored: Some(true),
            ..row(history, *area, &map, model, *year)
        });
    }
    Ok(())
}

fn row<'a>(history: &'a AreaHistory, area: AreaId, map: &'a str, model: &'a str, year: i64) -> AdoptionRow<'a> {
    let of = history.area(area);
    AdoptionRow {
        area_code: Some(Cow::Borrowed(&of.code)),
        area_name: Some(Cow::Borrowed(&of.short_name)),
        area_level: Some(of.level.as_str()),
        map: Some(Cow::Borrowed(map)),
        year: Some(year),
        indicator: Some(Cow::Borrowed(model)),
        ..AdoptionRow::default()
    }
}

fn share(part: i64, whole: Option<i64>) -> Option<f64> {
    whole.filter(|whole| *whole > 0).map(|whole| 100.0 * part as f64 / whole as f64)
}

/// Rows of the query, with their areas found.
fn read(adopters: &RecordBatch, history: &AreaHistory) -> Result<Vec<(AreaId, String, i64, Subjects)>> {
    let column = |name: &str, wanted: &DataType| -> Result<ArrayRef> {
        Ok(cast(adopters.column(adopters.schema().index_of(name)?), wanted)?)
    };
    let (levels, codes) = (column("area_level", &DataType::Utf8)?, column("area_code", &DataType::Utf8)?);
    let (days, models) = (column("area_date", &DataType::Date32)?, column("model", &DataType::Utf8)?);
    let number = |name: &str| column(name, &DataType::Int64);
    let numbers = [number("year")?, number("recognised")?, number("first_time")?, number("kept")?, number("revoked")?];
    let text =
        |column: &ArrayRef, row: usize| column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned());
    let rows = (0..adopters.num_rows()).filter_map(|row| {
        let level = text(&levels, row).and_then(|level| AreaLevel::parse(&level))?;
        let day = days.is_valid(row).then(|| days.as_primitive::<Date32Type>().value(row))?;
        let day = NaiveDate::default().checked_add_signed(chrono::Duration::days(i64::from(day)))?;
        let area = history.find(level, &text(&codes, row)?, day).ok()?;
        let at = |column: &ArrayRef| column.as_primitive::<Int64Type>().value(row);
        let [year, recognised, first_time, kept, revoked] = &numbers;
        let counted =
            Subjects { recognised: at(recognised), first_time: at(first_time), kept: at(kept), revoked: at(revoked) };
        (year.is_valid(row)).then(|| Some((area, text(&models, row)?, at(year), counted)))?
    });
    Ok(rows.collect())
}
