//! Who has reported what: for each area of a map, year and thing, how many of those that should report do.
//!
//! In: the figures of a map. Out: the rows of the view `coverage`. The nation and its provinces have a row in every year
//! of which anything is known, what is below them where any of it reports; so who is missing is told as well. Guarantee:
//! whoever has said anything of a year and thing, in whatever scope and base, stated or counted, reports. An area that
//! says nothing itself reports as far as its parts do. It is late by the first word of it, so a correction makes nobody
//! late; where its parts tell, by the part that told last.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Place};
use lantoa_schemas::clock::end_of_day_in_vietnam;
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use super::answer_row::CoverageRow;
use super::figure::{Basis, Cell, Figure, Things};
use super::standing_lot::counts_on;
use super::total::Adder;
use super::wanted::Rows;
use crate::knowledge::Knowledge;

/// Who has reported of a year and thing on one map.
#[derive(Debug)]
pub(super) struct Reported {
    year: i64,
    thing: u16,
    /// Each area that has a row.
    areas: Vec<Report>,
}

/// How far an area has reported.
#[derive(Debug, Clone, Copy)]
struct Report {
    area: AreaId,
    expected: u32,
    reported: u32,
    /// From 0 to 1.
    coverage: f64,
    /// When the newest word of it was recorded, and the first.
    last: Option<i64>,
    first: Option<i64>,
}

impl Reported {
    /// The year and thing.
    pub(super) fn cell(&self) -> Cell {
        Cell::of_thing(self.year, self.thing)
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.areas.capacity() * size_of::<Report>()
    }
}

/// Finds who has reported on one map; keeps its working space from lot to lot.
pub(super) struct Reporter<'a> {
    history: &'a AreaHistory,
    view: &'a MapView,
    as_reported: bool,
    nation: Option<AreaId>,
    adder: Adder<'a>,
    /// Of each area the place of what is known of it, plus one; 0 for nothing.
    at: Vec<u32>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(history: &'a AreaHistory, view: &'a MapView, as_reported: bool) -> Self {
        let is_nation = |area: &lantoa_schemas::area::Area| area.map == view.day() && area.level == AreaLevel::Nation;
        let nation = history.iter().find(|(_, area)| is_nation(area)).map(|(id, _)| id);
        let at = vec![0; history.areas().len()];
        Self { history, view, as_reported, nation, adder: Adder::new(history, view), at }
    }

    /// What has been reported in each year and of each thing.
    pub(super) fn reported(&mut self, figures: &[Figure], things: &Things) -> Vec<Reported> {
        let mut by_year: BTreeMap<(i64, u16), Vec<&Figure>> = BTreeMap::new();
        let is_told = |figure: &&Figure| {
            !things.thing(figure.cell.thing).is_size && counts_on(figure, self.history, self.view, self.as_reported)
        };
        for figure in figures.iter().filter(is_told) {
            by_year.entry((figure.cell.year, figure.cell.thing)).or_default().push(figure);
        }
        let Some(nation) = self.nation else { return Vec::new() };
        let of_year = by_year.into_iter().map(|((year, thing), figures)| {
            let additive = things.thing(thing).indicator.as_ref().is_none_or(|indicator| indicator.additive);
            Reported { year, thing, areas: self.of_year(&figures, additive, nation) }
        });
        of_year.collect()
    }

    fn of_year(&mut self, figures: &[&Figure], additive: bool, nation: AreaId) -> Vec<Report> {
        let mut reports: Vec<Figure> = Vec::new();
        for figure in figures {
            let Some(told_of) = figure.area else { continue };
            let area = if let Place::Same(here) = self.view.place(told_of) { *here } else { told_of };
            let at = &mut self.at[area.index()];
            if *at == 0 {
                reports.push(report(area, figure));
                *at = reports.len() as u32;
                continue;
            }
            let known = &mut reports[*at as usize - 1];
            known.recorded = known.recorded.max(figure.recorded);
            known.first_recorded = known.first_recorded.into_iter().chain(figure.first_recorded).min();
        }
        for area in reports.iter().filter_map(|report| report.area) {
            self.at[area.index()] = 0;
        }
        let values = self.adder.add(additive, reports.iter().enumerate()).values;
        for (at, (area, _)) in values.iter().enumerate() {
            self.at[area.index()] = at as u32 + 1;
        }
        // The nation and its provinces always, what is below them where any of it reports.
        let mut shown = vec![nation];
        let mut next = 0;
        while let Some(area) = shown.get(next).copied() {
            let below = self.history.children(area);
            if area == nation || below.iter().any(|child| self.at[child.index()] > 0) {
                shown.extend(below);
            }
            next += 1;
        }
        let known = |area: AreaId| values.get((self.at[area.index()] as usize).checked_sub(1)?).map(|(_, value)| value);
        let reported = shown.into_iter().map(|area| {
            let value = known(area);
            let (expected, reported) = value
                .map_or((1, 0), |value| value.parts.map_or((1, 1), |parts| (parts.of as u32, parts.reporting as u32)));
            Report {
                area,
                expected,
                reported,
                coverage: value.map_or(0.0, |value| value.coverage),
                last: value.and_then(|value| value.recorded),
                first: value.and_then(|value| value.first),
            }
        });
        let reported = reported.collect();
        for (area, _) in &values {
            self.at[area.index()] = 0;
        }
        reported
    }
}

/// Hands out the rows of one map, of the years, things and areas that are `wanted`.
pub(super) fn rows(
    reported: &[Reported],
    view: &MapView,
    knowledge: &Knowledge,
    things: &Things,
    wanted: &Rows,
    mut take: impl FnMut(&CoverageRow<'_>),
) {
    let history = knowledge.history();
    let map = view.day().to_string();
    for Reported { year, thing, areas } in reported.iter().filter(|of| wanted.thing(of.year, of.thing)) {
        let indicator = &things.thing(*thing).id;
        let due = knowledge.due(indicator, *year);
        for report in areas.iter().filter(|report| wanted.area(report.area)) {
            let of = history.area(report.area);
            let late = due.map(|due| match report.first {
                Some(first) => first >= end_of_day_in_vietnam(due).timestamp_micros(),
                None => knowledge.today() > due,
            });
            take(&CoverageRow {
                map: Some(Cow::Borrowed(&map)),
                year: Some(*year),
                indicator: Some(Cow::Borrowed(indicator)),
                area_code: Some(Cow::Borrowed(&of.code)),
                area_name: Some(Cow::Borrowed(&of.short_name)),
                area_level: Some(of.level.as_str()),
                expected: Some(i64::from(report.expected)),
                reported: Some(i64::from(report.reported)),
                coverage_percent: Some(100.0 * report.coverage),
                due,
                last_recorded: report.last,
                late,
            });
        }
    }
}

/// That an area has said something, as a figure that can be added up.
fn report(area: AreaId, figure: &Figure) -> Figure {
    Figure {
        row: figure.row,
        area: Some(area),
        cell: figure.cell,
        basis: Basis::Stated,
        span: None,
        numerator: Some(1),
        precision: None,
        denominator: None,
        percent: None,
        recorded: figure.recorded,
        first_recorded: figure.first_recorded,
        changed_since: figure.changed_since,
    }
}

#[cfg(test)]
mod tests {
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
        let figures = tell(&mut things);
        let reported = Reporter::new(knowledge.history(), &view, false).reported(&figures, &things);
        let mut told = Vec::new();
        super::rows(&reported, &view, &knowledge, &things, &Rows::all(), |row| {
            told.push((row.area_level.unwrap(), row.expected.unwrap(), row.reported.unwrap()));
        });
        told
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
            let other = Some(things.scope("household"));
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
        let told = |code, recorded, first| {
            province(code, |figure| (figure.recorded, figure.first_recorded) = (Some(recorded), Some(first)))
        };
        let figures = [told("01", 30, 10), told("01", 25, 25), told("02", 20, 20)];
        let mut things = Things::default();
        let thing = things.indicator("learning_family", Catalogue::shipped());
        assert_eq!(thing, 0, "of which figures are told here");
        let mut reporter = Reporter::new(AreaHistory::shipped(), &view, false);
        // What is known of one lot is not known of the next.
        let [once, again] = [(); 2].map(|()| reporter.reported(&figures, &things));
        assert_eq!(once[0].areas.len(), again[0].areas.len());
        let times = |level, code| {
            let area = AreaHistory::shipped().find(level, code, TODAY.parse().unwrap()).unwrap();
            let report = again[0].areas.iter().find(|report| report.area == area).unwrap();
            (report.first, report.last)
        };
        assert_eq!(times(AreaLevel::Province, "01"), (Some(10), Some(30)));
        assert_eq!(times(AreaLevel::Province, "02"), (Some(20), Some(20)));
        // All that is to come of the nation's parts had been told when the last of them first told.
        assert_eq!(times(AreaLevel::Nation, "00"), (Some(20), Some(30)));
    }
}
