//! Reads figures: from rows of the two views that give them to lots of figures, targets and what is told beside them.
//!
//! In: the plans of the two queries and which lots are wanted. Out: those lots. Guarantee: every row that speaks of a
//! wanted lot is in it, and what a text, an area or a year means is found once for all rows that have it. Batches are let go
//! as soon as they are read, each part of a plan by a task of its own.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, RecordBatch};
use chrono::{Datelike, NaiveDate};
use datafusion::catalog::Session;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::physical_plan::execute_stream_partitioned;
use futures::TryStreamExt;
use lantoa_schemas::area::AreaId;
use lantoa_schemas::catalogue::{Counts, indicator_id};
use lantoa_schemas::national::NationalTarget;
use lantoa_schemas::partial_date::{PartialDate, Period};
use lantoa_schemas::percent::PrintedPercent;
use lantoa_schemas::vocabulary::{AreaLevel, Base, Fact, Precision, Span, Stage, Vocabulary};
use tokio::task::JoinSet;

use super::figure::{Aim, Basis, Cell, Figure, Things};
use super::lot::{Lot, Lots};
use super::told::{Telling, Told};
use crate::knowledge::Knowledge;
use columns::{Columns, present, text};
use known_text::{IN_VIEW, KnownTexts, Quick};

mod columns;
mod known_text;

/// The queries that give all figures: those that were chosen, and those that are counted. `first_recorded` is when the
/// first word of the area, year and indicator came, whatever of it was corrected since: by that a return is in time. What
/// was taken back was never said.
pub(crate) const FIGURES: [&str; 2] = [
    "SELECT
        event_id, area_level, area_code, area_date, area_name, fact, measure, stage, subject_scope, period,
        CAST(NULL AS BIGINT) AS year, as_at, span, base, numerator, numerator_precision, denominator, sessions,
        sessions_precision, printed_percent, plan, source, stated_on, recorded, first_recorded
    FROM judged_statement
    WHERE chosen AND fact IN ('actual', 'target', 'activity', 'denominator')",
    "SELECT
        CAST(NULL AS VARCHAR) AS event_id, area_level, area_code, area_date, area_name, fact, measure, stage,
        subject_scope, CAST(NULL AS VARCHAR) AS period, year, CAST(NULL AS VARCHAR) AS as_at, span, base, numerator,
        'exact' AS numerator_precision, CAST(NULL AS BIGINT) AS denominator, sessions, 'exact' AS sessions_precision,
        CAST(NULL AS VARCHAR) AS printed_percent, CAST(NULL AS VARCHAR) AS plan, CAST(NULL AS VARCHAR) AS source,
        CAST(NULL AS VARCHAR) AS stated_on, recorded, first_recorded
    FROM counted",
];

/// What figures are read by.
#[derive(Debug)]
pub(super) struct ReadBy {
    pub(super) knowledge: Arc<Knowledge>,
    pub(super) lots: Arc<Lots>,
    /// Numbers of things, shared by all who read for the same tables and settings.
    pub(super) things: Arc<Mutex<Things>>,
    /// By number of the lot, whether it is wanted.
    pub(super) wanted: Vec<bool>,
    /// National targets that ship with the program were known when they were stated: by this day.
    pub(super) told_by: Option<NaiveDate>,
}

/// Reads the lots that are wanted, by the plans of [`FIGURES`]; says the number of each.
pub(super) async fn read(plans: &[LogicalPlan; 2], by: Arc<ReadBy>, state: &dyn Session) -> Result<Vec<(usize, Lot)>> {
    let others: Vec<_> = by.lots.other_measures(&by.wanted).map(lit).collect();
    let mut read: Vec<Vec<Pile>> = by.wanted.iter().map(|_| Vec::new()).collect();
    // One plan after the other: where nothing is kept, either takes much memory.
    for (plan, basis) in plans.iter().zip([Basis::Stated, Basis::Counted]) {
        let mut plan = plan.clone();
        if !others.is_empty() {
            plan = LogicalPlanBuilder::from(plan).filter(col("measure").in_list(others.clone(), true))?.build()?;
        }
        let plan = state.create_physical_plan(&plan).await?;
        let mut tasks = JoinSet::new();
        for (number, mut rows) in execute_stream_partitioned(plan, state.task_ctx())?.into_iter().enumerate() {
            let mut reader = Reader::new(basis, Arc::clone(&by));
            tasks.spawn(async move {
                while let Some(batch) = rows.try_next().await? {
                    reader.take(&batch)?;
                }
                Ok::<_, DataFusionError>((number, reader.piles))
            });
        }
        let mut parts = Vec::with_capacity(tasks.len());
        while let Some(part) = tasks.join_next().await {
            parts.push(part.map_err(|error| DataFusionError::External(Box::new(error)))??);
        }
        // In the order of the parts, whichever was done first.
        parts.sort_unstable_by_key(|(number, _)| *number);
        for (_, piles) in parts {
            read.iter_mut().zip(piles).for_each(|(read, pile)| read.extend(pile));
        }
    }
    let mut lots = by.with_national_targets(read);
    lots.retain(|(number, _)| by.wanted[*number]);
    Ok(lots)
}

impl ReadBy {
    fn things(&self) -> std::sync::MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lots of what was read, with the national targets that had been told.
    fn with_national_targets(&self, read: Vec<Vec<Pile>>) -> Vec<(usize, Lot)> {
        let mut lots: Vec<_> = read.into_iter().map(together).collect();
        let is_told = |target: &&NationalTarget| self.told_by.is_none_or(|day| target.stated_on.last_day() <= day);
        for target in lantoa_schemas::national::national_targets().iter().filter(is_told) {
            let id = indicator_id(&target.measure, Some(target.stage));
            let (_, aims, _) = &mut lots[self.lots.of_indicator(&id)];
            aims.push(self.national(target, &id));
        }
        let finished = lots.into_iter().enumerate().map(|(number, (figures, mut aims, told))| {
            for aim in &mut aims {
                let start = aim.plan.as_deref().and_then(|plan| self.knowledge.plan_start(plan, aim.area));
                aim.from_year = start.or(aim.from_year);
            }
            (number, Lot::new(figures, aims, told))
        });
        finished.collect()
    }

    fn national(&self, target: &'static NationalTarget, id: &str) -> Aim {
        let mut things = self.things();
        let thing = things.indicator(id, self.knowledge.catalogue());
        let scope = Some(things.scope(&target.subject_scope));
        Aim {
            row: None,
            shipped: Some(target),
            area: self.knowledge.history().find(AreaLevel::Nation, "00", target.stated_on.last_day()).ok(),
            cell: Cell { thing, year: i64::from(target.year), scope, base: Base::All },
            base_was_read: false,
            percent: Some(target.percent),
            plan: Some(target.plan.clone()),
            class: target.class,
            from_year: Some(i64::from(target.stated_on.year())),
        }
    }

    /// The wanted lots that rows of a fact, measure and stage belong to.
    fn routes(&self, fact: Fact, measure: &str, stage: Option<Stage>) -> Vec<Route> {
        let (lots, catalogue) = (&self.lots, self.knowledge.catalogue());
        let mut things = self.things();
        let mut to = |lot: usize, id: &str, what: What| {
            let number = || match what {
                What::Size => things.size(id),
                _ => things.indicator(id, catalogue),
            };
            self.wanted[lot].then(number).map(|thing| Route { lot, thing, what })
        };
        match fact {
            Fact::Actual | Fact::Target => {
                let id = indicator_id(measure, stage);
                let what = if fact == Fact::Actual { What::Actual } else { What::Aim };
                to(lots.of_indicator(&id), &id, what).into_iter().collect()
            }
            // Occasions and attendances become an indicator each, where the catalogue has one.
            Fact::Activity => {
                let indicators = catalogue.indicators().iter().filter(|indicator| indicator.measure == measure);
                let routes = indicators.filter_map(|indicator| {
                    let base = indicator.bases.first().map_or(Base::Unknown, |of| of.base);
                    to(lots.of_indicator(&indicator.id), &indicator.id, What::Activity(indicator.counts, base))
                });
                routes.collect()
            }
            Fact::Denominator => {
                lots.of_size(measure).and_then(|lot| to(lot, measure, What::Size)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Where a row goes, and as what.
#[derive(Debug, Clone, Copy)]
struct Route {
    lot: usize,
    thing: u16,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Actual,
    Size,
    Aim,
    Activity(Counts, Base),
}

/// What one reader has read of a lot.
struct Pile {
    figures: Vec<Figure>,
    aims: Vec<Aim>,
    telling: Telling,
}

impl Pile {
    fn new() -> Self {
        Self { figures: Vec::new(), aims: Vec::new(), telling: Telling::new() }
    }
}

/// What several readers have read of a lot, as one.
fn together(piles: Vec<Pile>) -> (Vec<Figure>, Vec<Aim>, Told) {
    let (mut figures, mut aims) = (Vec::new(), Vec::new());
    let mut told = Vec::with_capacity(piles.len());
    let mut before = 0;
    for mut pile in piles {
        let lines = pile.telling.finish();
        if before > 0 {
            pile.figures.iter_mut().for_each(|figure| figure.row = figure.row.map(|row| row + before));
            pile.aims.iter_mut().for_each(|aim| aim.row = aim.row.map(|row| row + before as usize));
        }
        before += lines.lines() as u32;
        told.push(lines);
        take_over(&mut figures, pile.figures);
        take_over(&mut aims, pile.aims);
    }
    (figures, aims, Told::of_parts(told))
}

/// Adds all of a list to another, and copies nothing where that is empty: there may be millions.
fn take_over<T>(all: &mut Vec<T>, mut more: Vec<T>) {
    match all.is_empty() {
        true => *all = more,
        false => all.append(&mut more),
    }
}

/// A scope, and what of an activity is counted in it.
#[derive(Debug, Clone, Copy)]
struct Scope {
    number: u16,
    counts: Option<Counts>,
}

/// The area of a row as it was told: the view of its code, the day, its level.
type ToldOf = (u128, i32, AreaLevel);

/// An area, and the change since the day it was told of that the history does not know.
type Found = Option<(AreaId, Option<NaiveDate>)>;

/// Reads rows of one part of a plan.
struct Reader {
    basis: Basis,
    by: Arc<ReadBy>,
    piles: Vec<Option<Pile>>,
    measures: KnownTexts<u32>,
    names: Vec<String>,
    facts: KnownTexts<Option<Fact>>,
    stages: KnownTexts<Option<Stage>>,
    routes: Quick<(u32, Fact, Option<Stage>), usize>,
    routed: Vec<Vec<Route>>,
    years: KnownTexts<Option<i64>>,
    levels: KnownTexts<Option<AreaLevel>>,
    areas: Quick<ToldOf, Found>,
    /// Of the row before: rows of an area lie together.
    last_area: Option<(ToldOf, Found)>,
    scopes: KnownTexts<Scope>,
    spans: KnownTexts<Option<Span>>,
    bases: KnownTexts<Option<Base>>,
    precisions: KnownTexts<Option<Precision>>,
    percents: KnownTexts<Option<Arc<PrintedPercent>>>,
}

impl Reader {
    fn new(basis: Basis, by: Arc<ReadBy>) -> Self {
        Self {
            basis,
            piles: by.wanted.iter().map(|_| None).collect(),
            by,
            measures: KnownTexts::default(),
            names: Vec::new(),
            facts: KnownTexts::default(),
            stages: KnownTexts::default(),
            routes: Quick::default(),
            routed: Vec::new(),
            years: KnownTexts::default(),
            levels: KnownTexts::default(),
            areas: Quick::default(),
            last_area: None,
            scopes: KnownTexts::default(),
            spans: KnownTexts::default(),
            bases: KnownTexts::default(),
            precisions: KnownTexts::default(),
            percents: KnownTexts::default(),
        }
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Columns::of(batch)?;
        for row in 0..batch.num_rows() {
            self.take_row(&columns, row);
        }
        Ok(())
    }

    fn take_row(&mut self, columns: &Columns, row: usize) {
        let Some(routed) = self.route_of(columns, row) else { return };
        if self.routed[routed].is_empty() {
            return;
        }
        let in_period = |text: &str| Period::parse(text).map(|period| i64::from(period.last));
        let period = self.years.of(&columns.period, row, in_period).flatten();
        let Some(year) = period.or_else(|| present(&columns.year, row)) else { return };
        for at in 0..self.routed[routed].len() {
            let Route { lot, thing, what } = self.routed[routed][at];
            match what {
                What::Aim => {
                    let aim = self.aim(columns, row, thing, year);
                    let pile = self.piles[lot].get_or_insert_with(Pile::new);
                    let row = Some(pile.telling.push(&columns.line(row, true)));
                    pile.aims.push(Aim { row, ..aim });
                }
                _ => {
                    let Some(figure) = self.figure(columns, row, thing, year, what) else { continue };
                    // Level and name as printed are told of areas without a code alone, and of a count nothing else.
                    let unnamed = figure.area.is_none();
                    let pile = self.piles[lot].get_or_insert_with(Pile::new);
                    let is_told = unnamed || self.basis == Basis::Stated;
                    let row = is_told.then(|| pile.telling.push(&columns.line(row, unnamed)) as u32);
                    pile.figures.push(Figure { row, ..figure });
                }
            }
        }
    }

    /// Where a row goes, by the place of its routes.
    fn route_of(&mut self, columns: &Columns, row: usize) -> Option<usize> {
        let measure = self.measures.of(&columns.measure, row, |measure| {
            self.names.push(measure.to_owned());
            (self.names.len() - 1) as u32
        })?;
        let fact = self.facts.of(&columns.fact, row, Fact::parse).flatten()?;
        let stage = self.stages.of(&columns.stage, row, Stage::parse).flatten();
        let routed = self.routes.entry((measure, fact, stage)).or_insert_with(|| {
            self.routed.push(self.by.routes(fact, &self.names[measure as usize], stage));
            self.routed.len() - 1
        });
        Some(*routed)
    }

    fn scope(&mut self, columns: &Columns, row: usize) -> Option<Scope> {
        self.scopes.of(&columns.scope, row, |text| Scope {
            number: self.by.things().scope(text),
            counts: match text {
                "attendance" => Some(Counts::Attendances),
                "person" => Some(Counts::Persons),
                _ => None,
            },
        })
    }

    fn base(&mut self, columns: &Columns, row: usize) -> Base {
        self.bases.of(&columns.base, row, Base::parse).flatten().unwrap_or(Base::Unknown)
    }

    fn percent(&mut self, columns: &Columns, row: usize) -> Option<Arc<PrintedPercent>> {
        self.percents.of(&columns.percent, row, |text| PrintedPercent::parse(text).ok().map(Arc::new)).flatten()
    }

    fn area(&mut self, columns: &Columns, row: usize) -> Found {
        let level = self.levels.of(&columns.level, row, AreaLevel::parse).flatten()?;
        let days = present(&columns.day, row)?;
        let code = columns.code.is_valid(row).then(|| columns.code.value(row))?;
        let history = self.by.knowledge.history();
        let find = || {
            let day = day(days)?;
            let id = history.find(level, code, day).ok()?;
            Some((id, history.before_history(id, day).map(|change| change.effective_on)))
        };
        if code.len() > IN_VIEW {
            return find();
        }
        let told = (columns.code.views()[row], days, level);
        if let Some((last, found)) = self.last_area
            && last == told
        {
            return found;
        }
        let found = *self.areas.entry(told).or_insert_with(find);
        self.last_area = Some((told, found));
        found
    }

    /// The figure of a row; `None` where an activity does not count what is asked for.
    fn figure(&mut self, columns: &Columns, row: usize, thing: u16, year: i64, what: What) -> Option<Figure> {
        let scope = self.scope(columns, row);
        let mut cell = Cell { thing, year, scope: scope.map(|scope| scope.number), base: self.base(columns, row) };
        let mut numerator = present(&columns.numerator, row);
        let mut precision = &columns.numerator_precision;
        let mut printed = true;
        match what {
            // One size of a base, whoever it was counted of.
            What::Size => (cell.scope, cell.base) = (None, Base::Unknown),
            What::Activity(counts, base) => {
                if counts == Counts::Sessions {
                    (numerator, precision) = (present(&columns.sessions, row), &columns.sessions_precision);
                    cell.scope = None;
                } else if scope.and_then(|scope| scope.counts) != Some(counts) {
                    return None;
                }
                numerator?;
                (cell.base, printed) = (base, false);
            }
            What::Actual | What::Aim => {}
        }
        let (area, changed_since) = self.area(columns, row).unzip();
        let percent = self.percent(columns, row);
        Some(Figure {
            row: None,
            area,
            cell,
            basis: self.basis,
            span: self.spans.of(&columns.span, row, Span::parse).flatten(),
            numerator,
            precision: self.precisions.of(precision, row, Precision::parse).flatten(),
            denominator: present(&columns.denominator, row).filter(|_| printed),
            percent: percent.filter(|_| printed),
            recorded: present(&columns.recorded, row),
            first_recorded: present(&columns.first_recorded, row),
            changed_since: changed_since.flatten(),
        })
    }

    fn aim(&mut self, columns: &Columns, row: usize, thing: u16, year: i64) -> Aim {
        let base = self.base(columns, row);
        let percent = self.percent(columns, row);
        let (low, high) = percent.map_or((None, None), |percent| percent.bounds());
        let stated_on = text(&columns.stated_on, row).and_then(PartialDate::parse);
        Aim {
            row: None,
            shipped: None,
            area: self.area(columns, row).map(|(id, _)| id),
            cell: Cell {
                thing,
                year,
                scope: self.scope(columns, row).map(|scope| scope.number),
                base: if base == Base::Unknown { Base::All } else { base },
            },
            base_was_read: base == Base::Unknown,
            percent: low.or(high),
            plan: text(&columns.plan, row).map(str::to_owned),
            class: None,
            from_year: stated_on.map(|day| i64::from(day.last_day().year())),
        }
    }
}

fn day(days_since_epoch: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(chrono::Duration::days(i64::from(days_since_epoch)))
}
