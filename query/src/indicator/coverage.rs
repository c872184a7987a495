//! Who has reported what: for each area of a map, year and thing, how many of those that should report do.
//!
//! In: the figures of a map. Out: the rows of the view `coverage`. The nation and its provinces have a row in every year
//! of which anything is known, what is below them where any of it reports; so who is missing is told as well. Guarantee:
//! whoever has said anything of a year and thing, in whatever scope and base, stated or counted, reports. An area that
//! says nothing itself reports as far as its parts do. It is late by the first word of it, so a correction makes nobody
//! late; where its parts tell, by the part that told last.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lantoa_schemas::area::{AreaId, MapView, Place};
use lantoa_schemas::clock::end_of_day_in_vietnam;
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use super::answer_row::CoverageRow;
use super::figure::{Basis, Figure, Things};
use super::total::{Adder, Value};
use super::wanted::Rows;
use crate::knowledge::Knowledge;

/// Who has reported, by year and thing.
pub(super) struct Coverage<'a> {
    view: &'a MapView,
    /// Reports by area: the one of this map, where it has the same land.
    reports: BTreeMap<(i64, u16), BTreeMap<AreaId, Figure>>,
}

impl<'a> Coverage<'a> {
    pub(super) fn new(view: &'a MapView) -> Self {
        Self { view, reports: BTreeMap::new() }
    }

    /// Takes in that an area has said something.
    pub(super) fn note(&mut self, figure: &Figure) {
        let Some(told_of) = figure.area else { return };
        let area = if let Place::Same(here) = self.view.place(told_of) { *here } else { told_of };
        let reports = self.reports.entry((figure.cell.year, figure.cell.thing)).or_default();
        let known = reports.entry(area).or_insert_with(|| report(area, figure));
        known.recorded = known.recorded.max(figure.recorded);
        known.first_recorded = known.first_recorded.into_iter().chain(figure.first_recorded).min();
    }

    /// What has been reported of each area of the map, in the year and of the thing.
    fn reported(&self, key: (i64, u16), adder: &mut Adder<'_>, things: &Things) -> BTreeMap<AreaId, Value> {
        let additive = things.thing(key.1).indicator.as_ref().is_none_or(|indicator| indicator.additive);
        let reports = self.reports.get(&key).into_iter().flat_map(BTreeMap::values);
        adder.add(additive, reports.enumerate()).values.into_iter().collect()
    }

    /// Hands out the rows of one map, of the years, things and areas that are `wanted`.
    pub(super) fn rows(
        &self,
        knowledge: &Knowledge,
        adder: &mut Adder<'_>,
        things: &Things,
        wanted: &Rows,
        mut take: impl FnMut(&CoverageRow<'_>),
    ) {
        let history = knowledge.history();
        let day = self.view.day();
        let nation = history.iter().find(|(_, area)| area.map == day && area.level == AreaLevel::Nation);
        let Some((nation, _)) = nation else { return };
        let map = day.to_string();
        for (year, thing) in self.reports.keys().filter(|(year, thing)| wanted.thing(*year, *thing)) {
            let areas = self.reported((*year, *thing), adder, things);
            // The nation and its provinces always, what is below them where any of it reports.
            let mut shown = vec![nation];
            let mut next = 0;
            while let Some(area) = shown.get(next).copied() {
                let below = history.children(area);
                if area == nation || below.iter().any(|child| areas.contains_key(child)) {
                    shown.extend(below);
                }
                next += 1;
            }
            let due = knowledge.due(&things.thing(*thing).id, *year);
            for area in shown.into_iter().filter(|area| wanted.area(*area)) {
                let known = areas.get(&area);
                let of = history.area(area);
                let late = due.map(|due| match known.and_then(|known| known.first) {
                    Some(first) => first >= end_of_day_in_vietnam(due).timestamp_micros(),
                    None => knowledge.today() > due,
                });
                let (of_them, report) = known.map_or((1, 0), |known| {
                    known.parts.map_or((1, 1), |parts| (parts.of as i64, parts.reporting as i64))
                });
                take(&CoverageRow {
                    map: Some(Cow::Borrowed(&map)),
                    year: Some(*year),
                    indicator: Some(Cow::Borrowed(&things.thing(*thing).id)),
                    area_code: Some(Cow::Borrowed(&of.code)),
                    area_name: Some(Cow::Borrowed(&of.short_name)),
                    area_level: Some(of.level.as_str()),
                    expected: Some(of_them),
                    reported: Some(report),
                    coverage_percent: Some(100.0 * known.map_or(0.0, |known| known.coverage)),
                    due,
                    last_recorded: known.and_then(|known| known.recorded),
                    late,
                });
            }
        }
    }
}

/// That an area has said something, as a figure that can be added up.
fn report(area: AreaId, figure: &Figure) -> Figure {
    Figure {
        area: Some(area),
        basis: Basis::Stated,
        span: None,
        numerator: Some(1),
        precision: None,
        denominator: None,
        percent: None,
        ..figure.clone()
    }
}

#[cfg(test)]
mod tests {
    use lantoa_schemas::area::AreaHistory;
    use lantoa_schemas::catalogue::Catalogue;
    use lantoa_schemas::vocabulary::Base;

    use super::*;

    const TODAY: &str = "2025-03-10";

    /// Level, expected and reported of each row.
    fn rows(map: &str, tell: impl Fn(&mut Things) -> Vec<Figure>) -> Vec<(&'static str, i64, i64)> {
        let knowledge = Knowledge::shipped(TODAY.parse().unwrap());
        let view = knowledge.view(map.parse().unwrap());
        let mut things = Things::default();
        let thing = things.indicator("learning_family", Catalogue::shipped());
        assert_eq!(thing, 0, "of which figures are told here");
        let mut coverage = Coverage::new(&view);
        tell(&mut things).iter().for_each(|figure| coverage.note(figure));
        let mut rows = Vec::new();
        let mut adder = Adder::new(knowledge.history(), &view);
        coverage.rows(&knowledge, &mut adder, &things, &Rows::all(), |row| {
            rows.push((row.area_level.unwrap(), row.expected.unwrap(), row.reported.unwrap()));
        });
        rows
    }

    fn province(code: &str, change: impl Fn(&mut Figure)) -> Figure {
        let day = TODAY.parse().unwrap();
        let area = AreaHistory::shipped().find(AreaLevel::Province, code, day).unwrap();
        let mut figure = Figure::told(area, Basis::Stated, 7);
        change(&mut figure);
        figure
    }

    #[test]
    fn who_reports_in_any_scope_or_base_reports() {
        let rows = rows("2025-06-30", |things| {
            let other = things.scope(Some("household"));
            vec![
                province("01", |_| {}),
                province("01", |figure| figure.cell.base = Base::Registered),
                province("02", |figure| figure.cell.base = Base::Registered),
                province("04", |figure| figure.cell.scope = other),
                province("06", |figure| figure.basis = Basis::Counted),
                // A percent without a count.
                province("08", |figure| figure.numerator = None),
            ]
        });
        assert!(rows.contains(&("nation", 63, 5)), "{rows:?}");
        assert_eq!(rows.iter().filter(|(level, _, reported)| (*level, *reported) == ("province", 1)).count(), 5);
        assert_eq!(rows.len(), 64);
    }

    #[test]
    fn the_last_word_is_told_and_the_first_one_kept() {
        let view = MapView::new(AreaHistory::shipped(), TODAY.parse().unwrap());
        let mut coverage = Coverage::new(&view);
        for (recorded, first) in [(30, 10), (25, 25)] {
            coverage.note(&province("01", |figure| {
                (figure.recorded, figure.first_recorded) = (Some(recorded), Some(first));
            }));
        }
        coverage.note(&province("02", |figure| (figure.recorded, figure.first_recorded) = (Some(20), Some(20))));
        let mut things = Things::default();
        let thing = things.indicator("learning_family", Catalogue::shipped());
        let mut adder = Adder::new(AreaHistory::shipped(), &view);
        let reported = coverage.reported((2024, thing), &mut adder, &things);
        let times = |level, code| {
            let area = AreaHistory::shipped().find(level, code, TODAY.parse().unwrap()).unwrap();
            (reported[&area].first, reported[&area].recorded)
        };
        assert_eq!(times(AreaLevel::Province, "01"), (Some(10), Some(30)));
        assert_eq!(times(AreaLevel::Province, "02"), (Some(20), Some(20)));
        // All that is to come of the nation's parts had been told when the last of them first told.
        assert_eq!(times(AreaLevel::Nation, "00"), (Some(20), Some(30)));
    }
}
