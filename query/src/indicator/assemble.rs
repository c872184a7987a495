//! All cells on the map that a session stands on, as rows.
//!
//! In: the lots that were read and added up, the history, the catalogue, the map or none, and which rows are wanted. Out:
//! the rows of the views, each when somebody asks, and what `adoption` needs beside them. Without a map each figure stands
//! on the map on which it was told, and nothing is added up in `indicator`; coverage and reconciliation are then told map by
//! map. Guarantee: the rows of a lot need no other lot but those of the bases that its counts are divided by.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use datafusion::catalog::Session;
use datafusion::common::Result;
use lantoa_schemas::area::{AreaHistory, AreaId, MapView};
use lantoa_schemas::catalogue::{Catalogue, Unit};
use lantoa_schemas::vocabulary::{AreaLevel, Base, Stage, Vocabulary};
use tokio_util::sync::CancellationToken;

use super::adoption::{TitleTotal, TitleTotals};
use super::answer_row::{CoverageRows, IndicatorRow, IndicatorRows, ReconciledRows};
use super::class::Classes;
use super::coverage::{self, Reporter};
use super::figure::{Basis, Cell, Figure, Things};
use super::lot::Lots;
use super::side_by_side::side_by_side;
use super::standing_lot::{OnMap, Read, StandingLot};
use super::suspicious::Suspicion;
use super::target::Targets;
use super::told::Told;
use super::total::{Adder, Missing, Totals, Value};
use super::wanted::{Rows, Wanted};
use crate::knowledge::Knowledge;
use crate::settings::AS_REPORTED;

mod aims;
mod rate;
mod reconcile;

use rate::{Size, as_bound};

/// The lots that a question needs, on the map asked for: what the rows of the views are written from.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) knowledge: Arc<Knowledge>,
    /// Without a map each figure stands on the map on which it was told.
    pub(super) as_reported: bool,
    pub(super) views: Vec<Arc<MapView>>,
    pub(super) lots: Arc<Lots>,
    pub(super) things: Things,
    pub(super) read: Read,
}

impl Figures {
    /// Lots that have anything, the largest first, so that work on them divides well.
    fn largest_first(&self) -> Vec<&StandingLot> {
        let lots = self.read.iter().flatten().map(|lot| &**lot).filter(|lot| !lot.is_empty());
        let mut lots: Vec<&StandingLot> = lots.collect();
        lots.sort_by_key(|lot| Reverse(lot.figures.len()));
        lots
    }

    /// Whether all lots are added up.
    pub(super) fn are_added_up(&self) -> bool {
        self.read.iter().flatten().all(|lot| lot.is_added_up())
    }

    /// Adds up what nobody has added up yet. Told to stop, it goes no further than to the end of a lot.
    pub(super) fn add_up(&self, threads: usize, stop: &CancellationToken) {
        let lots: Vec<&StandingLot> = self.largest_first().into_iter().filter(|lot| !lot.is_added_up()).collect();
        let history = self.knowledge.history();
        let begin = || self.views.iter().map(|view| Adder::new(history, view)).collect::<Vec<_>>();
        side_by_side(threads, lots, begin, |adders, lot: &StandingLot| {
            if !stop.is_cancelled() {
                lot.add_up(adders, &self.things, self.as_reported);
            }
        });
    }

    fn classes(&self) -> Vec<Classes<'_>> {
        let (history, classified) = (self.knowledge.history(), self.knowledge.classified());
        self.views.iter().map(|view| Classes::new(history, view, classified)).collect()
    }

    /// The sheets of a lot, one a map.
    fn sheets<'a>(&'a self, lot: &'a StandingLot, classes: &'a [Classes<'a>]) -> Vec<Sheet<'a>> {
        let maps = self.views.iter().zip(lot.totals()).zip(classes).enumerate();
        let sheets = maps.map(|(at, ((view, totals), classes))| Sheet {
            figures: self,
            history: self.knowledge.history(),
            catalogue: self.knowledge.catalogue(),
            things: &self.things,
            lot,
            at,
            view,
            totals,
            targets: Targets::new(&lot.aims, classes),
            map: if self.as_reported { AS_REPORTED.to_owned() } else { view.day().to_string() },
            as_reported: self.as_reported,
        });
        sheets.collect()
    }

    /// Rows of the view `indicator`.
    pub(super) fn indicator(&self, wanted: &Wanted, state: &dyn Session) -> Result<Vec<RecordBatch>> {
        let lots = self.largest_first();
        let cells = lots.iter().flat_map(|lot| {
            let of_totals = lot.totals().iter().flatten().map(|(cell, _)| *cell);
            of_totals.chain(lot.aims.iter().map(|aim| aim.cell))
        });
        let wanted = wanted.rows(self.knowledge.history(), &self.things, cells, state)?;
        let classes = self.classes();
        written(side_by_side(
            threads(state),
            lots,
            || (),
            |_, lot: &StandingLot| self.indicator_of(lot, &classes, &wanted),
        ))
    }

    fn indicator_of(
        &self,
        lot: &StandingLot,
        classes: &[Classes<'_>],
        wanted: &Rows,
    ) -> Result<RecordBatch, ArrowError> {
        let sheets = self.sheets(lot, classes);
        let mut out = IndicatorRows::new();
        let mut answered = Answered::new();
        for sheet in &sheets {
            sheet.fill(wanted, &mut out, &mut answered);
        }
        // Only when all maps are filled is it known which deadlines have a figure.
        for sheet in &sheets {
            sheet.lone_targets(wanted, &mut out, &mut answered);
        }
        let unresolved_figures = lot.unresolved.iter().map(|at| &lot.figures[*at]);
        for figure in unresolved_figures.filter(|figure| wanted.cell(&figure.cell)) {
            let map = sheets.last().map(|sheet| sheet.map.as_str());
            if let Some(row) = unresolved(figure, &self.things, &lot.told, map) {
                out.push(&row);
            }
        }
        out.finish()
    }

    /// Finds who has reported, where nobody has looked yet.
    pub(super) fn report(&self, threads: usize) {
        let history = self.knowledge.history();
        let unreported: Vec<&StandingLot> = self.largest_first().into_iter().filter(|lot| !lot.is_reported()).collect();
        let begin = || {
            let views = self.views.iter();
            views.map(|view| Reporter::new(history, view, self.as_reported)).collect::<Vec<_>>()
        };
        side_by_side(threads, unreported, begin, |reporters, lot: &StandingLot| lot.report(reporters, &self.things));
    }

    /// Rows of the view `coverage`.
    pub(super) fn coverage(&self, wanted: &Wanted, state: &dyn Session) -> Result<Vec<RecordBatch>> {
        self.report(threads(state));
        let history = self.knowledge.history();
        let lots = self.largest_first();
        let cells = lots.iter().flat_map(|lot| lot.reported().iter().flatten().map(coverage::Reported::cell));
        let wanted = wanted.rows(history, &self.things, cells, state)?;
        written(side_by_side(
            threads(state),
            lots,
            || (),
            |_, lot: &StandingLot| {
                let mut out = CoverageRows::new();
                for (view, reported) in self.views.iter().zip(lot.reported()) {
                    coverage::rows(reported, view, &self.knowledge, &self.things, &wanted, |row| out.push(row));
                }
                out.finish()
            },
        ))
    }

    /// What the view `reconciliation` has of sums and counts.
    pub(super) fn reconciled(&self, threads: usize) -> Result<Vec<RecordBatch>> {
        let classes = self.classes();
        written(side_by_side(
            threads,
            self.largest_first(),
            || (),
            |_, lot: &StandingLot| {
                let mut out = ReconciledRows::new();
                for sheet in self.sheets(lot, &classes) {
                    for (cell, totals) in sheet.answered_cells() {
                        totals
                            .beside
                            .iter()
                            .filter_map(|beside| sheet.reconcile(cell, beside))
                            .for_each(|row| out.push(&row));
                    }
                }
                out.finish()
            },
        ))
    }

    /// Rows of the view `suspicious`.
    pub(super) fn suspicious(&self, threads: usize) -> Result<Vec<RecordBatch>> {
        let (history, catalogue) = (self.knowledge.history(), self.knowledge.catalogue());
        let lots = self.largest_first();
        side_by_side(
            threads,
            lots.clone(),
            || (),
            |_, lot: &StandingLot| {
                lot.by_series(history);
            },
        );
        let suspicion = Suspicion::new(history, catalogue, &self.things, &self.lots, &self.read);
        written(side_by_side(threads, lots, || (), |_, lot: &StandingLot| suspicion.rows(lot)))
    }

    /// Of each map the totals of titles, for the view `adoption`.
    pub(super) fn titles(&self) -> Vec<(Arc<MapView>, TitleTotals)> {
        let classes = self.classes();
        let mut titles: Vec<_> = self.views.iter().map(|view| (Arc::clone(view), TitleTotals::new())).collect();
        for lot in self.largest_first() {
            for sheet in self.sheets(lot, &classes) {
                sheet.titles(&mut titles[sheet.at].1);
            }
        }
        titles
    }

    /// The count of a thing that covers an area whole, on a map.
    fn size(&self, map: usize, thing: u16, scope: Option<u16>, year: i64, area: AreaId) -> Option<Size> {
        let lot = self.read.get(self.lots.of_thing(thing))?.as_deref()?;
        let value = lot.whole(map, thing, scope, year, area)?;
        Some(Size { count: value.numerator?, precision: value.precision })
    }
}

/// How many threads a session's work may divide over.
pub(super) fn threads(state: &dyn Session) -> usize {
    state.config().target_partitions()
}

/// Batches that have rows.
fn written(batches: Vec<Result<RecordBatch, ArrowError>>) -> Result<Vec<RecordBatch>> {
    let mut batches = batches.into_iter().collect::<Result<Vec<_>, _>>()?;
    batches.retain(|batch| batch.num_rows() > 0);
    Ok(batches)
}

/// One map's rows.
struct Sheet<'a> {
    figures: &'a Figures,
    history: &'a AreaHistory,
    catalogue: &'a Catalogue,
    things: &'a Things,
    lot: &'a StandingLot,
    /// Which of the maps it is.
    at: usize,
    view: &'a MapView,
    totals: &'a OnMap,
    targets: Targets<'a>,
    map: String,
    as_reported: bool,
}

/// Series and cells that have a figure, so that a target is not told a second time by itself.
type Answered = HashSet<(AreaId, Cell)>;

impl<'a> Sheet<'a> {
    /// Cells that have rows: the sizes of bases have none.
    fn answered_cells(&self) -> impl Iterator<Item = (&'a Cell, &'a Totals)> {
        let things = self.things;
        self.totals
            .iter()
            .filter(move |(cell, _)| !things.thing(cell.thing).is_size)
            .map(|(cell, totals)| (cell, totals))
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
    fn titles(&self, titles: &mut TitleTotals) {
        // The whole title before a group of its subjects.
        let is_whole = |cell: &Cell| {
            let measure = self.things.thing(cell.thing).indicator.as_ref();
            let measure = measure.and_then(|indicator| self.catalogue.measure(&indicator.measure));
            measure.and_then(|measure| measure.scopes.first()).map(String::as_str) == self.things.scope_name(cell.scope)
        };
        for base in [Base::All, Base::Unknown, Base::Registered] {
            for (cell, totals) in self.totals.iter().filter(|(cell, _)| cell.base == base && is_whole(cell)) {
                let thing = self.things.thing(cell.thing);
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
    }

    /// The row of an area and a cell, with what every row has.
    fn row(&self, area: AreaId, cell: &Cell) -> IndicatorRow<'_> {
        let of = self.history.area(area);
        let thing = self.things.thing(cell.thing);
        IndicatorRow {
            area_code: Some(Cow::Borrowed(&of.code)),
            area_name: Some(Cow::Borrowed(&of.short_name)),
            area_level: Some(of.level.as_str()),
            area_from: self.history.since(area),
            parent_code: of.parent_code.as_deref().map(Cow::Borrowed),
            map: Some(Cow::Borrowed(&self.map)),
            year: Some(cell.year),
            indicator: Some(Cow::Borrowed(&thing.id)),
            subject_scope: self.things.scope_name(cell.scope).map(Cow::Borrowed),
            base: Some(cell.base.as_str()),
            unit: Some(unit(self.things, cell).as_str()),
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
        if let Some(figure) = value.own.map(|at| &self.lot.figures[at]) {
            self.lot.told.of(figure).fill(&mut row);
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
            let rate = match unit(self.things, cell) {
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

fn unit(things: &Things, cell: &Cell) -> Unit {
    things.thing(cell.thing).indicator.as_ref().map_or(Unit::Percent, |indicator| indicator.unit)
}

fn unresolved<'a>(
    figure: &Figure,
    things: &'a Things,
    told: &'a Told,
    map: Option<&'a str>,
) -> Option<IndicatorRow<'a>> {
    let thing = things.thing(figure.cell.thing);
    if thing.is_size {
        return None;
    }
    let line = told.of(figure);
    let level = line.level.and_then(AreaLevel::parse);
    let mut row = IndicatorRow {
        area_name: line.name.map(Cow::Borrowed),
        area_level: level.map(Vocabulary::as_str),
        map: map.map(Cow::Borrowed),
        year: Some(figure.cell.year),
        indicator: Some(Cow::Borrowed(&thing.id)),
        subject_scope: things.scope_name(figure.cell.scope).map(Cow::Borrowed),
        base: Some(figure.cell.base.as_str()),
        span: figure.span.map(Vocabulary::as_str),
        numerator: figure.numerator,
        numerator_precision: figure.precision.map(Vocabulary::as_str),
        denominator: figure.denominator,
        derivation: Some(if figure.basis == Basis::Counted { "counted" } else { "stated" }),
        reason: Some(Cow::Borrowed("the area has no code, so it is part of no map's total")),
        unit: Some(unit(things, &figure.cell).as_str()),
        ..IndicatorRow::default()
    };
    line.fill(&mut row);
    (row.percent_low, row.percent_high) = figure.percent.as_ref().map_or((None, None), |percent| percent.bounds());
    let rate = figure.numerator.zip(figure.denominator).map(|(part, whole)| 100.0 * part as f64 / whole as f64);
    row.rate_percent = rate.filter(|_| unit(things, &figure.cell) != Unit::Count);
    row.value = match unit(things, &figure.cell) {
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
