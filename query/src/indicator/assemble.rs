//! All cells on the map that a session stands on, as rows.
//!
//! In: the figures and targets that were read, the history, the catalogue, the map or none. Out: the rows of the views,
//! and what `adoption` needs beside them. Without a map each figure stands on the map on which it was told, and nothing is
//! added up in `indicator`; coverage and reconciliation are then told map by map.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use datafusion::common::Result;
use lantoa_schemas::area::{AreaHistory, AreaId, MapView};
use lantoa_schemas::catalogue::{Catalogue, Unit};
use lantoa_schemas::vocabulary::{AreaLevel, Base, Stage, Vocabulary};

use super::adoption::{TitleTotal, TitleTotals};
use super::answer_row::{CoverageRow, IndicatorRow, ReconciledRow, SuspiciousRow};
use super::class::Classes;
use super::coverage::Coverage;
use super::figure::{Basis, Cell, Figure, Read, read};
use super::suspicious::Suspicion;
use super::target::Targets;
use super::told::Told;
use super::total::{Adder, Beside, Missing, Totals, Value};
use crate::knowledge::Knowledge;
use crate::settings::{AS_REPORTED, Standing};

mod aims;
mod rate;

use rate::{Size, as_bound};

/// Rows of the views that rest on figures alone.
#[derive(Debug, Default)]
pub(crate) struct Assembled {
    pub(crate) indicator: Vec<IndicatorRow>,
    pub(crate) coverage: Vec<CoverageRow>,
    pub(crate) reconciled: Vec<ReconciledRow>,
    pub(crate) suspicious: Vec<SuspiciousRow>,
    /// Of each map that was filled the totals of titles, for `adoption`.
    pub(crate) titles: Vec<(NaiveDate, TitleTotals)>,
}

/// Puts the answer together from the figures' table.
pub(crate) fn assemble(rows: &RecordBatch, knowledge: &Knowledge, standing: &Standing) -> Result<Assembled> {
    let (history, catalogue) = (knowledge.history(), knowledge.catalogue());
    let map = standing.map;
    // What ships with the program was known when it was stated.
    let told_by = standing.stated_by.into_iter().chain(standing.as_of).min();
    let mut read = read(rows, history, catalogue, told_by)?;
    for aim in &mut read.aims {
        let start = aim.plan.as_deref().and_then(|plan| knowledge.plan_start(plan, aim.area));
        aim.from_year = start.or(aim.from_year);
    }
    let told = Told::of(rows)?;
    let mut assembled = Assembled::default();
    let mut answered = Answered::new();
    let days: Vec<NaiveDate> = match map {
        Some(day) => vec![day],
        None => history.maps().to_vec(),
    };
    let views: Vec<_> = days.into_iter().map(|day| knowledge.view(day)).collect();
    let mut sheets: Vec<_> = views
        .iter()
        .map(|view| Sheet {
            history,
            catalogue,
            knowledge,
            read: &read,
            told: &told,
            view,
            targets: Targets::new(&read.aims, Classes::new(history, view, knowledge.classified())),
            map: map.map_or_else(|| AS_REPORTED.to_owned(), |_| view.day().to_string()),
            as_reported: map.is_none(),
            sizes: HashMap::new(),
        })
        .collect();
    for sheet in &mut sheets {
        sheet.fill(&mut assembled, &mut answered);
    }
    // Only when all maps are filled is it known which deadlines have a figure.
    for sheet in &sheets {
        sheet.lone_targets(&mut assembled, &mut answered);
    }
    for figure in read.figures.iter().filter(|figure| figure.area.is_none()) {
        let map = map.map_or_else(|| AS_REPORTED.to_owned(), |day| history.map_on(day).to_string());
        assembled.indicator.extend(unresolved(figure, &read, &told, map));
    }
    assembled.suspicious = Suspicion::new(history, catalogue, &read)
        .rows(|row| (told.text(&told.event_id, row), told.text(&told.source, row)));
    Ok(assembled)
}

/// One map's rows.
struct Sheet<'a> {
    history: &'a AreaHistory,
    catalogue: &'a Catalogue,
    knowledge: &'a Knowledge,
    read: &'a Read,
    told: &'a Told,
    view: &'a MapView,
    targets: Targets<'a>,
    map: String,
    as_reported: bool,
    /// Counts that cover their area whole, by thing, scope, year and area: what rates without a denominator of their
    /// own are divided by. The scope of a base's size is none.
    sizes: HashMap<(u16, Option<u16>, i64, AreaId), Size>,
}

/// Series and cells that have a figure, so that a target is not told a second time by itself.
type Answered = HashSet<(AreaId, Cell)>;

impl Sheet<'_> {
    fn fill(&mut self, out: &mut Assembled, answered: &mut Answered) {
        let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        let mut coverage = Coverage::new(self.view);
        for (at, figure) in self.read.figures.iter().enumerate() {
            let Some(area) = figure.area else { continue };
            if !self.as_reported || self.history.area(area).map == self.view.day() {
                cells.entry(figure.cell).or_default().push(at);
                if !self.read.things.thing(figure.cell.thing).is_size {
                    coverage.note(figure);
                }
            }
        }
        let mut adder = Adder::new(self.history, self.view);
        let figures = &self.read.figures;
        let mut totals: Vec<(Cell, Totals)> = cells
            .into_iter()
            .map(|(cell, at)| {
                let additive = self.read.things.thing(cell.thing).indicator.as_ref().is_none_or(|i| i.additive);
                (cell, adder.add(additive, at.into_iter().map(|at| (at, &figures[at]))))
            })
            .collect();
        out.coverage.extend(coverage.rows(self.knowledge, &mut adder, &self.read.things));
        for (cell, totals) in totals.iter().filter(|(cell, _)| !self.read.things.thing(cell.thing).is_size) {
            out.reconciled.extend(totals.beside.iter().filter_map(|beside| self.reconcile(cell, beside)));
        }
        if self.as_reported {
            totals.iter_mut().for_each(|(_, totals)| keep_apart(totals, figures));
        }
        for (cell, totals) in &totals {
            self.remember_sizes(cell, totals);
        }
        for (cell, totals) in totals.iter().filter(|(cell, _)| !self.read.things.thing(cell.thing).is_size) {
            for (area, value) in &totals.values {
                if let Some(row) = self.value_row(*area, cell, value) {
                    out.indicator.push(row);
                    answered.insert((self.history.series(*area), *cell));
                }
            }
            for (area, missing) in totals.missing.iter().filter(|_| !self.as_reported) {
                out.indicator.push(self.missing_row(*area, cell, missing));
                answered.insert((self.history.series(*area), *cell));
            }
        }
        out.titles.push((self.view.day(), self.titles(&totals)));
    }

    /// Stated totals of titles that were recognised, of the base that says most: all, then one that is not known.
    fn titles(&self, totals: &[(Cell, Totals)]) -> TitleTotals {
        let mut titles = TitleTotals::new();
        // The whole title before a group of its subjects.
        let is_whole = |cell: &Cell| {
            let measure = self.read.things.thing(cell.thing).indicator.as_ref();
            let measure = measure.and_then(|indicator| self.catalogue.measure(&indicator.measure));
            measure.and_then(|measure| measure.scopes.first()).map(String::as_str)
                == self.read.things.scope_name(cell.scope)
        };
        for base in [Base::All, Base::Unknown, Base::Registered] {
            for (cell, totals) in totals.iter().filter(|(cell, _)| cell.base == base && is_whole(cell)) {
                let thing = self.read.things.thing(cell.thing);
                let Some(indicator) = thing.indicator.as_ref().filter(|i| i.stage == Some(Stage::Recognised)) else {
                    continue;
                };
                for (area, value) in &totals.values {
                    let told = value.own.is_some() || !self.as_reported;
                    let known = value.numerator.filter(|_| told && value.coverage > 1.0 - 1e-9);
                    let Some(count) = known else { continue };
                    let size = || self.size_for(*area, cell, value).map(|(size, _)| size.count);
                    let size = value.denominator.or_else(size);
                    let key = (*area, indicator.measure.clone(), cell.year);
                    titles.entry(key).or_insert(TitleTotal { count, size: size.filter(|_| base == Base::All) });
                }
            }
        }
        titles
    }

    /// The row of an area and a cell, with what every row has.
    fn row(&self, area: AreaId, cell: &Cell) -> IndicatorRow {
        let of = self.history.area(area);
        let thing = self.read.things.thing(cell.thing);
        IndicatorRow {
            area_code: Some(of.code.clone()),
            area_name: Some(of.short_name.clone()),
            area_level: Some(of.level.as_str()),
            area_from: self.history.since(area),
            parent_code: of.parent_code.clone(),
            map: Some(self.map.clone()),
            year: Some(cell.year),
            indicator: Some(thing.id.clone()),
            subject_scope: self.read.things.scope_name(cell.scope).map(str::to_owned),
            base: Some(cell.base.as_str()),
            unit: Some(unit(self.read, cell).as_str()),
            ..IndicatorRow::default()
        }
    }

    fn value_row(&self, area: AreaId, cell: &Cell, value: &Value) -> Option<IndicatorRow> {
        if self.as_reported && value.own.is_none() {
            return None;
        }
        let mut row = self.row(area, cell);
        let mut reasons: Vec<String> = Vec::new();
        row.span = value.span.map(Vocabulary::as_str);
        (row.numerator, row.denominator) = (value.numerator, value.denominator);
        row.numerator_precision = value.precision.map(Vocabulary::as_str);
        row.recorded = value.recorded;
        let mut own_percent = None;
        if let Some(figure) = value.own.map(|at| &self.read.figures[at]) {
            self.told.fill(figure.row, &mut row);
            let bounds = figure.percent.as_ref().map_or((None, None), |percent| percent.bounds());
            (row.percent_low, row.percent_high) = bounds;
            own_percent = bounds.0.filter(|low| bounds.1 == Some(*low));
            row.derivation = Some(derivation(value));
            if value.more > 0 {
                reasons.push(format!("with what single events make in {} more of the areas in it", value.more));
            }
            reasons.extend(as_estimate(value));
            if let Some(day) = figure.changed_since {
                reasons.push(format!("the area changed on {day}, and how it was before is not known"));
            }
        } else {
            row.derivation = Some(derivation(value));
            row.coverage_percent = Some(100.0 * value.coverage);
            reasons.extend(self.how_summed(value));
        }
        let size = self.size_for(area, cell, value).filter(|_| row.denominator.is_none());
        if let Some((size, called)) = &size {
            row.denominator = Some(size.count);
            reasons.push(format!("the denominator is {called} as reported for the same year"));
        }
        self.rate(cell, value, &mut row, &mut reasons);
        if let (Some((size, called)), Some(rate)) = (&size, row.value.filter(|_| row.rate_percent.is_some())) {
            let rate = match unit(self.read, cell) {
                Unit::Percent => format!("{} %", round(rate)),
                _ => format!("{} per 1,000", round(rate)),
            };
            reasons.extend(as_bound(size, called, value.precision, &rate));
        }
        self.target(area, cell, own_percent, &mut row, &mut reasons);
        row.reason = joined(reasons);
        Some(row)
    }

    fn how_summed(&self, value: &Value) -> Vec<String> {
        let mut reasons = Vec::new();
        let Some(parts) = value.parts else { return reasons };
        let what = match (parts.former, parts.level) {
            (true, AreaLevel::Nation | AreaLevel::Province) => "former provinces",
            (true, AreaLevel::District) => "former districts",
            (true, AreaLevel::Commune) => "former communes",
            (false, AreaLevel::Nation | AreaLevel::Province) => "provinces",
            (false, AreaLevel::District) => "districts",
            (false, AreaLevel::Commune) => "communes",
        };
        reasons.push(format!("the sum of {} of {} {what}", parts.reporting, parts.of));
        if parts.left_out > 0 {
            reasons.push(format!("{} more give no count of the same kind", parts.left_out));
        }
        if value.more > 0 {
            reasons.push(format!("with what single events make in {} more of the areas in it", value.more));
        }
        reasons.extend(as_estimate(value));
        reasons
    }

    fn missing_row(&self, area: AreaId, cell: &Cell, missing: &Missing) -> IndicatorRow {
        let mut row = self.row(area, cell);
        let named = |id: AreaId| {
            let of = self.history.area(id);
            format!("{} ({} {} on the map of {})", of.short_name, of.level, of.code, of.map)
        };
        let mut reasons = vec![match missing {
            Missing::OnlyWithOthers(id) => {
                format!("known only for {}, with land that this area did not have: it cannot be told apart", named(*id))
            }
            Missing::LesserShare(id) => {
                format!("{} was split, and its figure is counted with its main part", named(*id))
            }
            Missing::NoCounts => "its parts give percents without counts, which cannot be added up".to_owned(),
        }];
        self.target(area, cell, None, &mut row, &mut reasons);
        row.reason = joined(reasons);
        row
    }

    fn reconcile(&self, cell: &Cell, beside: &Beside) -> Option<ReconciledRow> {
        let area = self.history.area(beside.area);
        let (left, right) = (beside.taken.numerator?, beside.other.numerator?);
        let mut reasons = vec![if beside.other.counted {
            "a stated total comes before a count of single events".to_owned()
        } else if beside.other.own.is_some() {
            "of two totals of an area the one of the earlier span comes first, then the newer".to_owned()
        } else {
            "an area's own total comes before the sum of its parts".to_owned()
        }];
        if beside.taken.span != beside.other.span {
            reasons.push("of another span, so not the same thing".to_owned());
        }
        if beside.other.parts.is_some() {
            reasons.push(format!("{} % of it report", round(100.0 * beside.other.coverage)));
        }
        Some(ReconciledRow {
            map: Some(self.view.day().to_string()),
            year: Some(cell.year),
            area_code: Some(area.code.clone()),
            area_name: Some(area.short_name.clone()),
            area_level: Some(area.level.as_str()),
            indicator: Some(self.read.things.thing(cell.thing).id.clone()),
            subject_scope: self.read.things.scope_name(cell.scope).map(str::to_owned),
            base: Some(cell.base.as_str()),
            left_basis: Some(self.basis(&beside.taken)),
            left_value: Some(left),
            right_basis: Some(self.basis(&beside.other)),
            right_value: Some(right),
            difference: left.checked_sub(right),
            chosen: Some("left"),
            reason: joined(reasons),
        })
    }

    fn basis(&self, value: &Value) -> String {
        let what = if value.counted { "counted" } else { "stated" };
        match (value.own, self.how_summed(value).into_iter().next()) {
            (None, Some(summed)) if value.counted => format!("counted, {summed}"),
            (None, Some(summed)) => summed,
            _ => what.to_owned(),
        }
    }
}

/// How a value came to be, in the words of the contract.
fn derivation(value: &Value) -> &'static str {
    match (value.estimated, value.counted, value.own) {
        (_, false, Some(_)) => "stated",
        (true, ..) => "estimated",
        (false, true, _) => "counted",
        (false, false, None) => "summed",
    }
}

fn as_estimate(value: &Value) -> Option<String> {
    value.estimated.then(|| "an estimate: of an area that was split the main part takes all".to_owned())
}

/// Without a map nothing is added up: a count is of what the area itself tells of, and the areas in it tell of theirs.
fn keep_apart(totals: &mut Totals, figures: &[Figure]) {
    for (_, value) in totals.values.iter_mut().filter(|(_, value)| value.counted) {
        let Some(own) = value.own.map(|at| &figures[at]) else { continue };
        (value.numerator, value.precision, value.recorded) = (own.numerator, own.precision, own.recorded);
        (value.figures, value.more, value.estimated) = (1, 0, false);
    }
}

fn unit(read: &Read, cell: &Cell) -> Unit {
    read.things.thing(cell.thing).indicator.as_ref().map_or(Unit::Percent, |indicator| indicator.unit)
}

fn unresolved(figure: &Figure, read: &Read, told: &Told, map: String) -> Option<IndicatorRow> {
    let thing = read.things.thing(figure.cell.thing);
    if thing.is_size {
        return None;
    }
    let level = told.text(&told.level, figure.row).and_then(|level| AreaLevel::parse(&level));
    let mut row = IndicatorRow {
        area_name: told.text(&told.name, figure.row),
        area_level: level.map(Vocabulary::as_str),
        map: Some(map),
        year: Some(figure.cell.year),
        indicator: Some(thing.id.clone()),
        subject_scope: read.things.scope_name(figure.cell.scope).map(str::to_owned),
        base: Some(figure.cell.base.as_str()),
        span: figure.span.map(Vocabulary::as_str),
        numerator: figure.numerator,
        numerator_precision: figure.precision.map(Vocabulary::as_str),
        denominator: figure.denominator,
        derivation: Some(if figure.basis == Basis::Counted { "counted" } else { "stated" }),
        reason: Some("the area has no code, so it is part of no map's total".to_owned()),
        unit: Some(unit(read, &figure.cell).as_str()),
        ..IndicatorRow::default()
    };
    told.fill(figure.row, &mut row);
    (row.percent_low, row.percent_high) = figure.percent.as_ref().map_or((None, None), |percent| percent.bounds());
    let rate = figure.numerator.zip(figure.denominator).map(|(part, whole)| 100.0 * part as f64 / whole as f64);
    row.rate_percent = rate.filter(|_| unit(read, &figure.cell) != Unit::Count);
    row.value = match unit(read, &figure.cell) {
        Unit::Count => figure.numerator.map(|count| count as f64),
        unit => rate.zip(unit.factor()).map(|(rate, factor)| rate / 100.0 * factor),
    };
    Some(row)
}

fn joined(reasons: Vec<String>) -> Option<String> {
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// For words beside a number: one decimal is enough.
fn round(percent: f64) -> String {
    if percent > 0.0 && percent < 0.1 {
        "less than 0.1".to_owned()
    } else {
        ((percent * 10.0).round() / 10.0).to_string()
    }
}
