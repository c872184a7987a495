//! Who has reported what: for each area of a map, year and thing, how many of those that should report do.
//!
//! In: the totals of every cell. Out: the rows of the view `coverage`. The nation and its provinces have a row in every
//! year of which anything is known, what is below them where any of it reports; so who is missing is told as well.

use std::collections::BTreeMap;

use lantoa_schemas::area::{AreaId, MapView};
use lantoa_schemas::clock::end_of_day_in_vietnam;
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use super::answer_row::CoverageRow;
use super::figure::{Cell, Things};
use super::total::Totals;
use crate::knowledge::Knowledge;

/// Who has reported, by year and thing, whatever scope and base.
#[derive(Default)]
pub(super) struct Coverage {
    cells: BTreeMap<(i64, u16), BTreeMap<AreaId, Reported>>,
}

/// What an area has reported, in the cell in which it reported most.
#[derive(Debug, Clone, Copy)]
struct Reported {
    expected: usize,
    reported: usize,
    coverage: f64,
    recorded: Option<i64>,
}

impl Coverage {
    /// Takes in what one cell says.
    pub(super) fn note(&mut self, cell: &Cell, totals: &Totals) {
        let areas = self.cells.entry((cell.year, cell.thing)).or_default();
        for (area, value) in &totals.values {
            let (expected, reported) = value.parts.map_or((1, 1), |parts| (parts.of, parts.reporting));
            let now = Reported { expected, reported, coverage: value.coverage, recorded: value.recorded };
            let known = areas.entry(*area).or_insert(now);
            let recorded = known.recorded.max(now.recorded);
            if now.coverage > known.coverage {
                *known = now;
            }
            known.recorded = recorded;
        }
    }

    /// The rows of one map.
    pub(super) fn rows(&self, knowledge: &Knowledge, view: &MapView, things: &Things) -> Vec<CoverageRow> {
        let mut rows = Vec::new();
        let history = knowledge.history();
        let day = view.day();
        let nation = history.iter().find(|(_, area)| area.map == day && area.level == AreaLevel::Nation);
        let Some((nation, _)) = nation else { return rows };
        for ((year, thing), areas) in &self.cells {
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
            for area in shown {
                let known = areas.get(&area);
                let of = history.area(area);
                let late = due.map(|due| match known.and_then(|known| known.recorded) {
                    Some(recorded) => recorded >= end_of_day_in_vietnam(due).timestamp_micros(),
                    None => knowledge.today() > due,
                });
                rows.push(CoverageRow {
                    map: Some(day.to_string()),
                    year: Some(*year),
                    indicator: Some(things.thing(*thing).id.clone()),
                    area_code: Some(of.code.clone()),
                    area_name: Some(of.short_name.clone()),
                    area_level: Some(of.level.as_str()),
                    expected: Some(known.map_or(1, |known| known.expected as i64)),
                    reported: Some(known.map_or(0, |known| known.reported as i64)),
                    coverage_percent: Some(100.0 * known.map_or(0.0, |known| known.coverage)),
                    due,
                    last_recorded: known.and_then(|known| known.recorded),
                    late,
                });
            }
        }
        rows
    }
}
