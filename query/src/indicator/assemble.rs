//! All cells on the map that a session stands on, as rows.
//!
//! In: the figures and targets that were read, the history, the catalogue, the map or none, and which rows are wanted. Out:
//! the rows of the views, each when somebody asks, and what `adoption` needs beside them. Without a map each figure stands on the map on which it was told, and nothing is
//! added up in `indicator`; coverage and reconciliation are then told map by map.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use datafusion::catalog::Session;
use datafusion::common::Result;
use lantoa_schemas::area::{AreaHistory, AreaId, MapView};
use lantoa_schemas::catalogue::{Catalogue, Unit};
use lantoa_schemas::vocabulary::{AreaLevel, Base, Stage, Vocabulary};

use super::adoption::{TitleTotal, TitleTotals};
use super::answer_row::{CoverageRows, IndicatorRow, IndicatorRows, ReconciledRow, ReconciledRows};
use super::class::Classes;
use super::coverage::Coverage;
use super::figure::{Basis, Cell, Figure, Read, read};
use super::suspicious::Suspicion;
use super::target::Targets;
use super::told::{Told, text};
use super::total::{Adder, Beside, Missing, Totals, Value};
use super::wanted::{Rows, Wanted};
use crate::knowledge::Knowledge;
use crate::settings::{AS_REPORTED, AsOf, Standing};

mod aims;
mod rate;

use rate::{Size, Sizes, as_bound};

/// All figures on the map asked for, added up: what the rows of the views are written from.
#[derive(Debug)]
pub(crate) struct Figures {
    knowledge: Arc<Knowledge>,
    /// Without a map each figure stands on the map on which it was told.
    as_reported: bool,
    read: Read,
    told: Told,
    maps: Vec<OnMap>,
}

/// The totals of all cells on one map.
#[derive(Debug)]
struct OnMap {
    view: Arc<MapView>,
    totals: Vec<(Cell, Totals)>,
    sizes: Sizes,
}

impl Figures {
    /// Reads the figures' table and adds up.
    pub(crate) fn of(rows: &RecordBatch, knowledge: Arc<Knowledge>, standing: &Standing) -> Result<Self> {
        // What ships with the program was known when it was stated.
        let told_by = standing.stated_by.into_iter().chain(standing.as_of.map(AsOf::day)).min();
        let mut read = read(rows, knowledge.history(), knowledge.catalogue(), told_by)?;
        for aim in &mut read.aims {
            let start = aim.plan.as_deref().and_then(|plan| knowledge.plan_start(plan, aim.area));
            aim.from_year = start.or(aim.from_year);
        }
        let days: Vec<NaiveDate> = match standing.map {
            Some(day) => vec![day],
            None => knowledge.history().maps().to_vec(),
        };
        let as_reported = standing.map.is_none();
        let views = days.into_iter().map(|day| knowledge.view(day));
        let maps = views.map(|view| OnMap::of(view, &read, knowledge.history(), as_reported)).collect();
        Ok(Self { told: Told::of(rows)?, as_reported, read, maps, knowledge })
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let maps = self.maps.iter().map(|map| {
            let totals = map.totals.iter().map(|(_, totals)| {
                totals.values.len() * size_of::<(AreaId, Value)>()
                    + totals.beside.len() * size_of::<Beside>()
                    + totals.missing.len() * size_of::<(AreaId, Missing)>()
            });
            totals.sum::<usize>() + map.sizes.len() * size_of::<(u16, Option<u16>, i64, AreaId, Size)>()
        });
        maps.sum::<usize>() + self.told.bytes() + self.read.figures.len() * size_of::<Figure>()
    }

    fn sheets(&self) -> impl Iterator<Item = Sheet<'_>> {
        let (history, classified) = (self.knowledge.history(), self.knowledge.classified());
        self.maps.iter().map(move |on| Sheet {
            history,
            catalogue: self.knowledge.catalogue(),
            read: &self.read,
            told: &self.told,
            on,
            targets: Targets::new(&self.read.aims, Classes::new(history, &on.view, classified)),
            map: if self.as_reported { AS_REPORTED.to_owned() } else { on.view.day().to_string() },
            as_reported: self.as_reported,
        })
    }

    /// Rows of the view `indicator`.
    pub(crate) fn indicator(&self, wanted: &Wanted, state: &dyn Session) -> Result<RecordBatch> {
        let sheets: Vec<_> = self.sheets().collect();
        let cells = self.maps.iter().flat_map(|map| map.totals.iter().map(|(cell, _)| *cell));
        let cells = cells.chain(self.read.aims.iter().map(|aim| aim.cell));
        let wanted = wanted.rows(self.knowledge.history(), &self.read.things, cells, state)?;
        let mut out = IndicatorRows::new();
        let mut answered = Answered::new();
        for sheet in &sheets {
            sheet.fill(&wanted, &mut out, &mut answered);
        }
        // Only when all maps are filled is it known which deadlines have a figure.
        for sheet in &sheets {
            sheet.lone_targets(&wanted, &mut out, &mut answered);
        }
        for figure in self.read.figures.iter().filter(|figure| figure.area.is_none() && wanted.cell(&figure.cell)) {
            let map = sheets.last().map(|sheet| sheet.map.as_str());
            if let Some(row) = unresolved(figure, &self.read, &self.told, map) {
                out.push(&row);
            }
        }
        Ok(out.finish()?)
    }

    /// Rows of the view `coverage`.
    pub(crate) fn coverage(&self, wanted: &Wanted, state: &dyn Session) -> Result<RecordBatch> {
        let history = self.knowledge.history();
        let things = self.read.figures.iter().map(|figure| Cell::of_thing(figure.cell.year, figure.cell.thing));
        let wanted = wanted.rows(history, &self.read.things, things, state)?;
        let mut out = CoverageRows::new();
        for map in &self.maps {
            let mut coverage = Coverage::new(&map.view);
            for figure in self.read.figures.iter().filter(|figure| wanted.thing(figure.cell.year, figure.cell.thing)) {
                let is_size = self.read.things.thing(figure.cell.thing).is_size;
                if !is_size && map.has(figure, history, self.as_reported) {
                    coverage.note(figure);
                }
            }
            let mut adder = Adder::new(history, &map.view);
            coverage.rows(&self.knowledge, &mut adder, &self.read.things, &wanted, |row| out.push(row));
        }
        Ok(out.finish()?)
    }

    /// What the view `reconciliation` has of sums and counts.
    pub(crate) fn reconciled(&self) -> Result<RecordBatch> {
        let mut out = ReconciledRows::new();
        for sheet in self.sheets() {
            for (cell, totals) in sheet.answered_cells() {
                totals.beside.iter().filter_map(|beside| sheet.reconcile(cell, beside)).for_each(|row| out.push(&row));
            }
        }
        Ok(out.finish()?)
    }

    /// Rows of the view `suspicious`.
    pub(crate) fn suspicious(&self) -> Result<RecordBatch> {
        let suspicion = Suspicion::new(self.knowledge.history(), self.knowledge.catalogue(), &self.read);
        Ok(suspicion.rows(&self.told)?)
    }

    /// Of each map the totals of titles, for the view `adoption`.
    pub(crate) fn titles(&self) -> Vec<(Arc<MapView>, TitleTotals)> {
        self.sheets().map(|sheet| (Arc::clone(&sheet.on.view), sheet.titles())).collect()
    }
}

impl OnMap {
    fn of(view: Arc<MapView>, read: &Read, history: &AreaHistory, as_reported: bool) -> Self {
        let mut map = Self { view, totals: Vec::new(), sizes: Sizes::new() };
        let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        for (at, figure) in read.figures.iter().enumerate().filter(|(_, f)| map.has(f, history, as_reported)) {
            cells.entry(figure.cell).or_default().push(at);
        }
        let mut adder = Adder::new(history, &map.view);
        let figures = &read.figures;
        let totals = cells.into_iter().map(|(cell, at)| {
            let additive = read.things.thing(cell.thing).indicator.as_ref().is_none_or(|i| i.additive);
            let mut totals = adder.add(additive, at.into_iter().map(|at| (at, &figures[at])));
            if as_reported {
                keep_apart(&mut totals, figures);
            }
            (cell, totals)
        });
        map.totals = totals.collect();
        for (cell, totals) in &map.totals {
            rate::remember_sizes(&mut map.sizes, cell, totals);
        }
        map
    }

    /// Whether a figure counts on this map.
    fn has(&self, figure: &Figure, history: &AreaHistory, as_reported: bool) -> bool {
        figure.area.is_some_and(|area| !as_reported || history.area(area).map == self.view.day())
    }
}

/// One map's rows.
struct Sheet<'a> {
    history: &'a AreaHistory,
    catalogue: &'a Catalogue,
    read: &'a Read,
    told: &'a Told,
    on: &'a OnMap,
    targets: Targets<'a>,
    map: String,
    as_reported: bool,
}

/// Series and cells that have a figure, so that a target is not told a second time by itself.
type Answered = HashSet<(AreaId, Cell)>;

impl<'a> Sheet<'a> {
    /// Cells that have rows: the sizes of bases have none.
    fn answered_cells(&self) -> impl Iterator<Item = (&'a Cell, &'a Totals)> {
        let (on, read) = (self.on, self.read);
        on.totals.iter().filter(|(cell, _)| !read.things.thing(cell.thing).is_size).map(|(cell, totals)| (cell, totals))
    }

    fn fill(&self, wanted: &Rows, out: &mut IndicatorRows, answered: &mut Answered) {
        for (cell, totals) in self.answered_cells().filter(|(cell, _)| wanted.cell(cell)) {
            for (area, value) in totals.values.iter().filter(|(area, _)| wanted.area(*area)) {
                if let Some(row) = self.value_row(*area, cell, value) {
                    out.push(&row);
                    answered.insert((self.history.series(*area), *cell));
                }
            }
            let missing = totals.missing.iter().filter(|(area, _)| !self.as_reported && wanted.area(*area));
            for (area, missing) in missing {
                out.push(&self.missing_row(*area, cell, missing));
                answered.insert((self.history.series(*area), *cell));
            }
        }
    }

    /// Stated totals of titles that were recognised, of the base that says most: all, then one that is not known.
    fn titles(&self) -> TitleTotals {
        let mut titles = TitleTotals::new();
        // The whole title before a group of its subjects.
        let is_whole = |cell: &Cell| {
            let measure = self.read.things.thing(cell.thing).indicator.as_ref();
            let measure = measure.and_then(|indicator| self.catalogue.measure(&indicator.measure));
            measure.and_then(|measure| measure.scopes.first()).map(String::as_str)
                == self.read.things.scope_name(cell.scope)
        };
        for base in [Base::All, Base::Unknown, Base::Registered] {
            for (cell, totals) in self.on.totals.iter().filter(|(cell, _)| cell.base == base && is_whole(cell)) {
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
    fn row(&self, area: AreaId, cell: &Cell) -> IndicatorRow<'_> {
        let of = self.history.area(area);
        let thing = self.read.things.thing(cell.thing);
        IndicatorRow {
            area_code: Some(Cow::Borrowed(&of.code)),
            area_name: Some(Cow::Borrowed(&of.short_name)),
            area_level: Some(of.level.as_str()),
            area_from: self.history.since(area),
            parent_code: of.parent_code.as_deref().map(Cow::Borrowed),
            map: Some(Cow::Borrowed(&self.map)),
            year: Some(cell.year),
            indicator: Some(Cow::Borrowed(&thing.id)),
            subject_scope: self.read.things.scope_name(cell.scope).map(Cow::Borrowed),
            base: Some(cell.base.as_str()),
            unit: Some(unit(self.read, cell).as_str()),
            ..IndicatorRow::default()
        }
    }

    fn value_row(&self, area: AreaId, cell: &Cell, value: &Value) -> Option<IndicatorRow<'_>> {
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

    fn missing_row(&self, area: AreaId, cell: &Cell, missing: &Missing) -> IndicatorRow<'_> {
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

    fn reconcile(&self, cell: &Cell, beside: &Beside) -> Option<ReconciledRow<'_>> {
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
            map: Some(Cow::Owned(self.on.view.day().to_string())),
            year: Some(cell.year),
            area_code: Some(Cow::Borrowed(&area.code)),
            area_name: Some(Cow::Borrowed(&area.short_name)),
            area_level: Some(area.level.as_str()),
            indicator: Some(Cow::Borrowed(&self.read.things.thing(cell.thing).id)),
            subject_scope: self.read.things.scope_name(cell.scope).map(Cow::Borrowed),
            base: Some(cell.base.as_str()),
            left_basis: Some(Cow::Owned(self.basis(&beside.taken))),
            left_value: Some(left),
            right_basis: Some(Cow::Owned(self.basis(&beside.other))),
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

fn unresolved<'a>(figure: &Figure, read: &'a Read, told: &'a Told, map: Option<&'a str>) -> Option<IndicatorRow<'a>> {
    let thing = read.things.thing(figure.cell.thing);
    if thing.is_size {
        return None;
    }
    let level = text(&told.level, figure.row).and_then(AreaLevel::parse);
    let mut row = IndicatorRow {
        area_name: text(&told.name, figure.row).map(Cow::Borrowed),
        area_level: level.map(Vocabulary::as_str),
        map: map.map(Cow::Borrowed),
        year: Some(figure.cell.year),
        indicator: Some(Cow::Borrowed(&thing.id)),
        subject_scope: read.things.scope_name(figure.cell.scope).map(Cow::Borrowed),
        base: Some(figure.cell.base.as_str()),
        span: figure.span.map(Vocabulary::as_str),
        numerator: figure.numerator,
        numerator_precision: figure.precision.map(Vocabulary::as_str),
        denominator: figure.denominator,
        derivation: Some(if figure.basis == Basis::Counted { "counted" } else { "stated" }),
        reason: Some(Cow::Borrowed("the area has no code, so it is part of no map's total")),
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

fn joined(reasons: Vec<String>) -> Option<Cow<'static, str>> {
    (!reasons.is_empty()).then(|| Cow::Owned(reasons.join("; ")))
}

/// For words beside a number: one decimal is enough.
fn round(percent: f64) -> String {
    if percent > 0.0 && percent < 0.1 {
        "less than 0.1".to_owned()
    } else {
        ((percent * 10.0).round() / 10.0).to_string()
    }
}
