//! The tables of reference data, kept in memory: the areas through time and the catalogue.
//!
//! In: what answers are judged by. Out: `area`, `area_succession`, `area_change`, `catalogue`, `criteria_set`,
//! `containment` and `learning_week`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use lantoa_schemas::area::{Area, AreaHistory, AreaId};
use lantoa_schemas::catalogue::{Catalogue, Indicator};
use lantoa_schemas::event::days_since_epoch;
use lantoa_schemas::vocabulary::Vocabulary;
use lantoa_schemas::week::LearningWeek;

use crate::knowledge::Knowledge;

/// Names of the tables in memory.
pub(crate) const NAMES: [&str; 7] =
    ["area", "area_succession", "area_change", "catalogue", "criteria_set", "containment", "learning_week"];

/// The rows of a table in memory; `None` for another name.
pub(crate) fn rows(name: &str, knowledge: &Knowledge) -> Option<Result<RecordBatch, ArrowError>> {
    match name {
        "area" => Some(areas(knowledge.history())),
        "area_succession" => Some(successions(knowledge.history())),
        "area_change" => Some(changes(knowledge.history())),
        "catalogue" => Some(indicators(knowledge.catalogue())),
        "criteria_set" => Some(criteria_sets(knowledge.catalogue())),
        "containment" => Some(containments(knowledge.catalogue())),
        "learning_week" => Some(weeks(knowledge.weeks())),
        _ => None,
    }
}

fn text<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}

fn days(days: impl Iterator<Item = Option<NaiveDate>>) -> ArrayRef {
    Arc::new(days.map(|day| day.map(days_since_epoch)).collect::<Date32Array>())
}

/// Each area once a map.
fn areas(history: &AreaHistory) -> Result<RecordBatch, ArrowError> {
    let ids: Vec<AreaId> = history.iter().map(|(id, _)| id).collect();
    area_rows(history, &ids)
}

/// Areas as rows of the table `area`, in the order given.
pub(crate) fn area_rows(history: &AreaHistory, ids: &[AreaId]) -> Result<RecordBatch, ArrowError> {
    let areas: Vec<&Area> = ids.iter().map(|id| history.area(*id)).collect();
    let named = |read: fn(&Area) -> Option<&str>| text(areas.iter().map(|area| read(area)));
    RecordBatch::try_from_iter_with_nullable([
        ("map", days(areas.iter().map(|a| Some(a.map))), false),
        ("level", named(|a| Some(a.level.as_str())), false),
        ("code", named(|a| Some(&a.code)), false),
        ("name", named(|a| Some(&a.name)), false),
        ("short_name", named(|a| Some(&a.short_name)), false),
        ("kind", named(|a| Some(&a.kind)), false),
        ("parent_code", named(|a| a.parent_code.as_deref()), true),
        ("valid_from", days(areas.iter().map(|a| a.valid_from)), true),
        ("valid_to", days(areas.iter().map(|a| a.valid_to)), true),
        ("area_km2", Arc::new(areas.iter().map(|a| a.area_km2).collect::<Float64Array>()) as ArrayRef, true),
    ])
}

/// What became of each area at a change of the map.
fn successions(history: &AreaHistory) -> Result<RecordBatch, ArrowError> {
    let rows = history.successions();
    RecordBatch::try_from_iter_with_nullable([
        ("effective_on", days(rows.iter().map(|r| Some(r.effective_on))), false),
        ("old_level", text(rows.iter().map(|r| Some(r.old_level.as_str()))), false),
        ("old_code", text(rows.iter().map(|r| Some(r.old_code.as_str()))), false),
        ("new_level", text(rows.iter().map(|r| Some(r.new_level.as_str()))), false),
        ("new_code", text(rows.iter().map(|r| Some(r.new_code.as_str()))), false),
        ("share", text(rows.iter().map(|r| Some(r.share.as_str()))), false),
        ("is_main", Arc::new(rows.iter().map(|r| i64::from(r.is_main)).collect::<Int64Array>()) as ArrayRef, false),
    ])
}

/// Changes that are known by name: a row for every area after one, and for every area before it.
fn changes(history: &AreaHistory) -> Result<RecordBatch, ArrowError> {
    let mut rows = Vec::new();
    for change in history.changes() {
        let after = change.areas.iter().map(|a| ("after", a.level.as_str(), a.code.as_str(), a.name.as_str()));
        let before = change.before.iter().map(|a| ("before", a.level.as_str(), a.code.as_str(), a.name.as_str()));
        let mut named: Vec<_> = before
            .chain(after)
            .map(|(side, level, code, name)| (change, Some(side), Some(level), Some(code), Some(name)))
            .collect();
        if named.is_empty() {
            named.push((change, None, None, None, None));
        }
        rows.extend(named);
    }
    RecordBatch::try_from_iter_with_nullable([
        ("effective_on", days(rows.iter().map(|r| Some(r.0.effective_on))), false),
        ("change", text(rows.iter().map(|r| Some(r.0.kind.as_str()))), false),
        ("side", text(rows.iter().map(|r| r.1)), true),
        ("level", text(rows.iter().map(|r| r.2)), true),
        ("code", text(rows.iter().map(|r| r.3)), true),
        ("name", text(rows.iter().map(|r| r.4)), true),
        ("legal_basis", text(rows.iter().map(|r| r.0.legal_basis.as_deref())), true),
        ("event_id", text(rows.iter().map(|r| r.0.event_id.as_deref())), true),
    ])
}

/// Every indicator of the catalogue.
fn indicators(catalogue: &Catalogue) -> Result<RecordBatch, ArrowError> {
    let of = catalogue.indicators();
    let lists = |read: fn(&Indicator) -> Vec<&str>| -> ArrayRef {
        Arc::new(of.iter().map(|i| Some(read(i).join(", "))).collect::<StringArray>())
    };
    let years = |read: fn(&Indicator) -> Option<i32>| -> ArrayRef {
        Arc::new(of.iter().map(|i| read(i).map(i64::from)).collect::<Int64Array>())
    };
    let named = |read: fn(&Indicator) -> Option<&str>| text(of.iter().map(read));
    RecordBatch::try_from_iter_with_nullable([
        ("indicator", named(|i| Some(&i.id)), false),
        ("name_vi", named(|i| Some(&i.name_vi)), false),
        ("name_en", named(|i| Some(&i.name_en)), false),
        ("measure", named(|i| Some(&i.measure)), false),
        ("stage", named(|i| i.stage.map(Vocabulary::as_str)), true),
        ("counts", named(|i| Some(i.counts.as_str())), false),
        ("numerator_vi", named(|i| Some(&i.numerator_vi)), false),
        ("numerator_en", named(|i| Some(&i.numerator_en)), false),
        ("denominator_vi", named(|i| Some(&i.denominator_vi)), false),
        ("denominator_en", named(|i| Some(&i.denominator_en)), false),
        ("unit", named(|i| Some(i.unit.as_str())), false),
        ("subject", lists(|i| i.subject.iter().map(String::as_str).collect()), false),
        ("bases", lists(|i| i.bases.iter().map(|of| of.base.as_str()).collect()), false),
        ("legal", named(|i| i.legal.as_deref()), true),
        ("direction", named(|i| Some(i.direction.as_str())), false),
        ("disaggregations", lists(|i| i.disaggregations.iter().map(String::as_str).collect()), false),
        ("additive", Arc::new(of.iter().map(|i| Some(i.additive)).collect::<BooleanArray>()) as ArrayRef, false),
        (
            "min_coverage_percent",
            Arc::new(of.iter().map(|i| Some(i.min_coverage_percent)).collect::<Float64Array>()) as ArrayRef,
            false,
        ),
        ("nulls_vi", named(|i| Some(&i.nulls_vi)), false),
        ("nulls_en", named(|i| Some(&i.nulls_en)), false),
        ("defined_from", years(|i| i.defined_from), true),
        ("defined_to", years(|i| i.defined_to), true),
    ])
}

/// Which criteria set rates which title from when: a row for each set and title.
fn criteria_sets(catalogue: &Catalogue) -> Result<RecordBatch, ArrowError> {
    let sets = catalogue.criteria_sets();
    let rows: Vec<_> =
        sets.iter().flat_map(|set| set.measures.iter().map(move |measure| (set, measure.as_str()))).collect();
    let ratings: Vec<String> = rows
        .iter()
        .map(|(set, _)| set.ratings.iter().map(|rating| rating.vi.as_str()).collect::<Vec<_>>().join(", "))
        .collect();
    let from: Vec<Option<String>> = rows.iter().map(|(set, _)| set.effective_from.map(|day| day.to_string())).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("criteria_set", text(rows.iter().map(|r| Some(r.0.code.as_str()))), false),
        ("measure", text(rows.iter().map(|r| Some(r.1))), false),
        ("name_vi", text(rows.iter().map(|r| Some(r.0.name_vi.as_str()))), false),
        ("name_en", text(rows.iter().map(|r| Some(r.0.name_en.as_str()))), false),
        ("effective_from", text(from.iter().map(Option::as_deref)), true),
        ("ratings", text(ratings.iter().map(|r| Some(r.as_str()))), false),
    ])
}

/// Which count must contain which.
fn containments(catalogue: &Catalogue) -> Result<RecordBatch, ArrowError> {
    let of = catalogue.containments();
    RecordBatch::try_from_iter_with_nullable([
        ("part", text(of.iter().map(|c| Some(c.part.as_str()))), false),
        ("whole", text(of.iter().map(|c| Some(c.whole.as_str()))), false),
        ("at_most", Arc::new(of.iter().map(|c| Some(c.at_most)).collect::<Float64Array>()) as ArrayRef, false),
        ("reason_vi", text(of.iter().map(|c| Some(c.reason_vi.as_str()))), false),
        ("reason_en", text(of.iter().map(|c| Some(c.reason_en.as_str()))), false),
    ])
}

/// The Learning Week of every year of which anything is known.
fn weeks(of: &[LearningWeek]) -> Result<RecordBatch, ArrowError> {
    let named = |read: fn(&LearningWeek) -> Option<&str>| text(of.iter().map(read));
    let recorded = of.iter().map(|week| week.recorded.map(|recorded| recorded.timestamp_micros()));
    let recorded = recorded.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
    RecordBatch::try_from_iter_with_nullable([
        ("year", Arc::new(of.iter().map(|week| Some(i64::from(week.year))).collect::<Int64Array>()) as ArrayRef, false),
        ("start_on", days(of.iter().map(|week| week.start_on)), true),
        ("end_on", days(of.iter().map(|week| week.end_on)), true),
        ("theme_vi", named(|week| week.theme_vi.as_deref()), true),
        ("theme_en", named(|week| week.theme_en.as_deref()), true),
        ("dispatch", named(|week| week.dispatch.as_deref()), true),
        ("note", named(|week| week.note.as_deref()), true),
        ("source", named(|week| week.source.as_deref()), true),
        ("recorded", Arc::new(recorded) as ArrayRef, true),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_rows() {
        let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
        let count = |name| rows(name, &knowledge).unwrap().unwrap().num_rows();
        assert_eq!(count("area"), knowledge.history().areas().len());
        assert_eq!(count("area_succession"), 10_665);
        assert_eq!(count("catalogue"), knowledge.catalogue().indicators().len());
        for name in NAMES {
            assert!(count(name) > 0, "{name}");
        }
        assert!(rows("nothing", &knowledge).is_none());
    }
}
