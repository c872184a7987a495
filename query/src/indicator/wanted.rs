//! Which rows a question wants, so that the others need not be written.
//!
//! In: the conditions of a question. Out: which areas and cells they leave. Guarantee: a row that the conditions leave is
//! never left out; the engine applies them once more, so one too many harms nobody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::vocabulary::Vocabulary;

use super::figure::{Cell, Things};

/// What a condition may speak of to be of use here, beside areas: what all rows of a cell have in common.
const OF_CELLS: [&str; 4] = ["indicator", "subject_scope", "base", "year"];
/// The same of the view `coverage`, whose rows are of all scopes and bases.
const OF_THINGS: [&str; 2] = ["indicator", "year"];
/// What all rows of an area have in common.
const OF_AREAS: [&str; 4] = ["area_code", "area_name", "area_level", "parent_code"];

/// Conditions that speak of cells alone or of areas alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    of_cells: Vec<Expr>,
    of_areas: Vec<Expr>,
}

/// What of a table conditions can narrow down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrowed {
    /// Its cells and areas.
    Cells,
    /// Its years, things and areas.
    Things,
}

impl Wanted {
    /// Whether a condition is of use.
    pub(crate) fn can_use(narrowed: Narrowed, condition: &Expr) -> bool {
        speaks_of(condition, of(narrowed)) || speaks_of(condition, &OF_AREAS)
    }

    /// Takes the conditions of a question that are of use.
    pub(crate) fn new(narrowed: Narrowed, conditions: &[Expr]) -> Self {
        let (of_areas, others): (Vec<_>, Vec<_>) = conditions.iter().partition(|c| speaks_of(c, &OF_AREAS));
        let of_cells = others.into_iter().filter(|condition| speaks_of(condition, of(narrowed)));
        Self { of_cells: of_cells.cloned().collect(), of_areas: of_areas.into_iter().cloned().collect() }
    }

    /// Which indicators the conditions leave that speak of nothing else: of the others nothing has to be known.
    pub(super) fn indicators(&self, ids: &[String], state: &dyn Session) -> Result<Vec<bool>> {
        let of_indicators = self.of_cells.iter().filter(|condition| speaks_of(condition, &["indicator"]));
        let conditions: Vec<Expr> = of_indicators.cloned().collect();
        if conditions.is_empty() {
            return Ok(vec![true; ids.len()]);
        }
        let column: Arc<dyn Array> = Arc::new(ids.iter().map(Some).collect::<StringArray>());
        hold(&conditions, &RecordBatch::try_from_iter_with_nullable([("indicator", column, true)])?, state)
    }

    /// The areas and cells that the conditions leave.
    pub(crate) fn rows(
        &self,
        history: &AreaHistory,
        things: &Things,
        cells: impl Iterator<Item = Cell>,
        state: &dyn Session,
    ) -> Result<Rows> {
        let areas = match self.of_areas.as_slice() {
            [] => None,
            conditions => Some(hold(conditions, &areas(history)?, state)?),
        };
        let cells = match self.of_cells.as_slice() {
            [] => None,
            conditions => {
                let cells: Vec<Cell> = cells.collect::<HashSet<_>>().into_iter().collect();
                let left = hold(conditions, &named(&cells, things)?, state)?;
                Some(cells.into_iter().zip(left).collect())
            }
        };
        Ok(Rows { areas, cells })
    }
}

/// Areas and cells whose rows are wanted.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// By number of the area; `None` where all are.
    areas: Option<Vec<bool>>,
    /// `None` where all are.
    cells: Option<HashMap<Cell, bool>>,
}

impl Rows {
    /// All of them.
    #[cfg(test)]
    pub(super) fn all() -> Self {
        Self::default()
    }

    pub(super) fn area(&self, area: AreaId) -> bool {
        self.areas.as_ref().is_none_or(|areas| areas[area.index()])
    }

    pub(super) fn cell(&self, cell: &Cell) -> bool {
        self.cells.as_ref().and_then(|cells| cells.get(cell)).copied().unwrap_or(true)
    }

    pub(super) fn thing(&self, year: i64, thing: u16) -> bool {
        self.cell(&Cell::of_thing(year, thing))
    }
}

fn of(narrowed: Narrowed) -> &'static [&'static str] {
    match narrowed {
        Narrowed::Cells => &OF_CELLS,
        Narrowed::Things => &OF_THINGS,
    }
}

fn speaks_of(condition: &Expr, columns: &[&str]) -> bool {
    let spoken_of = condition.column_refs();
    !condition.is_volatile()
        && !spoken_of.is_empty()
        && spoken_of.iter().all(|column| columns.contains(&column.name.as_str()))
}

fn areas(history: &AreaHistory) -> Result<RecordBatch> {
    let text = |read: fn(&lantoa_schemas::area::Area) -> Option<&str>| -> Arc<dyn Array> {
        Arc::new(history.areas().iter().map(read).collect::<StringArray>())
    };
    let columns = [
        text(|area| Some(&area.code)),
        text(|area| Some(&area.short_name)),
        text(|area| Some(area.level.as_str())),
        text(|area| area.parent_code.as_deref()),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(OF_AREAS.into_iter().zip(columns).map(|(name, c)| (name, c, true)))?)
}

fn named(cells: &[Cell], things: &Things) -> Result<RecordBatch> {
    let columns: [Arc<dyn Array>; 4] = [
        Arc::new(cells.iter().map(|cell| Some(&things.thing(cell.thing).id)).collect::<StringArray>()),
        Arc::new(cells.iter().map(|cell| things.scope_name(cell.scope)).collect::<StringArray>()),
        Arc::new(cells.iter().map(|cell| Some(cell.base.as_str())).collect::<StringArray>()),
        Arc::new(cells.iter().map(|cell| cell.year).collect::<Int64Array>()),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(OF_CELLS.into_iter().zip(columns).map(|(name, c)| (name, c, true)))?)
}

/// Which rows all conditions hold for.
fn hold(conditions: &[Expr], rows: &RecordBatch, state: &dyn Session) -> Result<Vec<bool>> {
    let columns = DFSchema::try_from(rows.schema().as_ref().clone())?;
    let mut left = vec![true; rows.num_rows()];
    for condition in conditions {
        let condition = datafusion::logical_expr::expr_rewriter::unnormalize_col(condition.clone());
        let condition: Arc<dyn PhysicalExpr> = state.create_physical_expr(condition, &columns)?;
        let held = condition.evaluate(rows)?.into_array(rows.num_rows())?;
        let held = held.as_boolean();
        for (row, left) in left.iter_mut().enumerate() {
            *left &= held.is_valid(row) && held.value(row);
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};
    use datafusion::prelude::SessionContext;
    use lantoa_schemas::catalogue::Catalogue;
    use lantoa_schemas::vocabulary::{AreaLevel, Base};

    use super::*;

    #[test]
    fn conditions_narrow_down_cells_or_areas_and_else_nothing() {
        let conditions = [
            col("indicator").eq(lit("learning_clan")),
            col("year").gt_eq(lit(2024_i64)),
            col("area_level").eq(lit("province")).or(col("area_code").eq(lit("00"))),
            col("area_level").eq(lit("province")).or(col("year").eq(lit(2020_i64))),
            col("value").gt(lit(1.0)),
        ];
        let used: Vec<bool> = conditions.iter().map(|c| Wanted::can_use(Narrowed::Cells, c)).collect();
        assert_eq!(used, [true, true, true, false, false]);
        assert!(!Wanted::can_use(Narrowed::Things, &col("base").eq(lit("all"))));

        let mut things = Things::default();
        let [clan, family] = ["learning_clan", "learning_family"].map(|id| things.indicator(id, Catalogue::shipped()));
        let cell = |thing, year| Cell { thing, year, scope: None, base: Base::All };
        let cells = [cell(clan, 2023), cell(clan, 2024), cell(family, 2024)];
        let history = AreaHistory::shipped();
        let state = SessionContext::new().state();
        let wanted = Wanted::new(Narrowed::Cells, &conditions);
        let ids = ["learning_clan", "learning_family"].map(str::to_owned);
        assert_eq!(wanted.indicators(&ids, &state).unwrap(), [true, false]);
        let either = col("indicator").eq(lit("learning_clan")).or(col("year").eq(lit(2024_i64)));
        let either = Wanted::new(Narrowed::Cells, &[either]);
        assert_eq!(either.indicators(&ids, &state).unwrap(), [true, true], "a year may leave the other as well");
        let rows = wanted.rows(history, &things, cells.into_iter(), &state).unwrap();
        assert_eq!(cells.map(|cell| rows.cell(&cell)), [false, true, false]);
        let levels: HashSet<AreaLevel> =
            history.iter().filter(|(id, _)| rows.area(*id)).map(|(_, area)| area.level).collect();
        assert_eq!(levels, HashSet::from([AreaLevel::Nation, AreaLevel::Province]));
    }
}
