//! The tables behind the views that stand on a map.
//!
//! In: the session that plans the queries of all figures, what these are judged by, the map. Out: the rows of `indicator`,
//! `coverage`, `suspicious`, `adoption` and of `reconciliation`. Only the lots are read and added up that a question needs,
//! once for all who ask on the same tables; of `indicator` and `coverage` only the rows are written that a question wants.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemTable;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown};
use datafusion::physical_plan::{ExecutionPlan, collect};
use lantoa_schemas::vocabulary::Stage;
use tokio_util::sync::CancellationToken;

use super::adoption;
use super::answer_row::{AdoptionRows, CoverageRows, IndicatorRows, ReconciledRows, SuspiciousRows};
use super::assemble::{Figures, threads};
use super::lately::Need;
use super::reading::{self, FIGURES};
use super::remembered::{Basis, Remembered};
use super::settled::Settled;
use super::standing_lot::{Read, StandingLot};
use super::wanted::{Narrowed, Wanted};
use crate::catalog::ReadState;
use crate::count::Reader;
use crate::knowledge::Knowledge;

/// Names of the tables that are views of the contract by themselves.
pub(crate) const ON_A_MAP: [&str; 4] = ["indicator", "coverage", "suspicious", "adoption"];

/// Which of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// The view `indicator` itself.
    Indicator,
    /// The view `coverage` itself.
    Coverage,
    /// The view `suspicious` itself.
    Suspicious,
    /// The view `adoption` itself.
    Adoption,
    /// What the view `reconciliation` has of sums and counts.
    Reconciled,
}

impl Table {
    /// The table of a name in SQL.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "indicator" => Some(Self::Indicator),
            "coverage" => Some(Self::Coverage),
            "suspicious" => Some(Self::Suspicious),
            "adoption" => Some(Self::Adoption),
            "reconciled_total" => Some(Self::Reconciled),
            _ => None,
        }
    }

    /// What conditions can narrow down, so that not all of it has to be written.
    fn narrowed(self) -> Option<Narrowed> {
        match self {
            Self::Indicator => Some(Narrowed::Cells),
            Self::Coverage => Some(Narrowed::Things),
            Self::Suspicious | Self::Adoption | Self::Reconciled => None,
        }
    }

    /// Its columns.
    pub(crate) fn schema(self) -> SchemaRef {
        match self {
            Self::Indicator => IndicatorRows::schema(),
            Self::Coverage => CoverageRows::schema(),
            Self::Suspicious => SuspiciousRows::schema(),
            Self::Adoption => AdoptionRows::schema(),
            Self::Reconciled => ReconciledRows::schema(),
        }
    }
}

impl Table {
    /// Which conditions the table makes use of; the engine applies each once more.
    pub(crate) fn pushdown(self, filters: &[&Expr]) -> Vec<TableProviderFilterPushDown> {
        let narrowed = self.narrowed();
        let used = filters.iter().map(|filter| match narrowed {
            Some(narrowed) if Wanted::can_use(narrowed, filter) => TableProviderFilterPushDown::Inexact,
            _ => TableProviderFilterPushDown::Unsupported,
        });
        used.collect()
    }
}

/// All figures of one statement, on its map.
#[derive(Debug)]
pub(crate) struct StandingFigures {
    /// The session whose statement it is: it plans over the versions of the ledgers that the statement sees.
    planner: ReadState,
    knowledge: Arc<Knowledge>,
    basis: Basis,
    remembered: Arc<Remembered>,
    settled: OnceLock<Arc<Settled>>,
    /// Lots that the statement has used, whatever is forgotten meanwhile.
    held: Mutex<Read>,
}

impl StandingFigures {
    /// Of the session that plans the queries, and what they stand on.
    pub(crate) fn new(
        planner: ReadState,
        knowledge: Arc<Knowledge>,
        basis: Basis,
        remembered: Arc<Remembered>,
    ) -> Self {
        Self { planner, knowledge, basis, remembered, settled: OnceLock::new(), held: Mutex::default() }
    }

    /// What they stand on.
    pub(crate) fn basis(&self) -> &Basis {
        &self.basis
    }

    fn settled(&self, by: Reader) -> &Arc<Settled> {
        let begin = |reads| Settled::new(Arc::clone(&self.knowledge), &self.basis, reads);
        self.settled.get_or_init(|| self.remembered.on(&self.basis, by == Reader::Ahead, begin))
    }

    /// Makes what questions needed before anybody asks for it again.
    pub(crate) async fn make(&self, needs: &[Need], state: &dyn Session) -> Result<()> {
        let settled = self.settled(Reader::Ahead);
        let none = vec![false; settled.lots().count()];
        let whole = |table, need| match needs.contains(&need) {
            true => self.needed(table, &Wanted::default(), state),
            false => Ok(none.clone()),
        };
        let suspicious = whole(Table::Suspicious, Need::Suspicious)?;
        let reconciled = whole(Table::Reconciled, Need::Reconciled)?;
        let (mut added_up, mut reported) = (reconciled.clone(), none.clone());
        for need in needs {
            let (lots, lot) = match need {
                Need::Totals(lot) => (&mut added_up, *lot),
                Need::Reported(lot) => (&mut reported, *lot),
                Need::Suspicious | Need::Reconciled => continue,
            };
            // The catalogue may have fewer lots now than when they were asked for.
            if let Some(needed) = lots.get_mut(lot) {
                *needed = true;
            }
        }
        // All at once is read faster than some after some.
        let any = (0..none.len()).map(|lot| suspicious[lot] || added_up[lot] || reported[lot]).collect::<Vec<_>>();
        self.figures(&any, false, Reader::Ahead, state).await?;
        self.figures(&added_up, true, Reader::Ahead, state).await?;
        self.figures(&reported, false, Reader::Ahead, state).await?.report(threads(state));
        if needs.contains(&Need::Suspicious) {
            let figures = self.figures(&suspicious, false, Reader::Ahead, state).await?;
            whole_table(&settled.suspicious, || figures.suspicious(threads(state)))?;
        }
        if needs.contains(&Need::Reconciled) {
            let figures = self.figures(&reconciled, true, Reader::Ahead, state).await?;
            whole_table(&settled.reconciled, || figures.reconciled(threads(state)))?;
        }
        self.remembered.trim();
        Ok(())
    }

    async fn rows(&self, of: &StandingTable, wanted: &Wanted, state: &dyn Session) -> Result<Vec<RecordBatch>> {
        let needed = self.needed(of.table, wanted, state)?;
        self.remembered.lately.note(&self.basis.standing, Need::of(of.table, &needed));
        let settled = self.settled(Reader::Question);
        let whole = match of.table {
            Table::Suspicious => settled.suspicious.get().cloned(),
            Table::Reconciled => settled.reconciled.get().cloned(),
            Table::Adoption => settled.adoption.get().map(|rows| vec![rows.clone()]),
            Table::Indicator | Table::Coverage => None,
        };
        if let Some(rows) = whole {
            return Ok(rows);
        }
        let totals = !matches!(of.table, Table::Coverage | Table::Suspicious);
        let figures = self.figures(&needed, totals, Reader::Question, state).await?;
        let begun = Instant::now();
        let rows = match of.table {
            Table::Indicator => figures.indicator(wanted, state)?,
            Table::Coverage => figures.coverage(wanted, state)?,
            Table::Suspicious => whole_table(&settled.suspicious, || figures.suspicious(threads(state)))?,
            Table::Reconciled => whole_table(&settled.reconciled, || figures.reconciled(threads(state)))?,
            Table::Adoption => {
                let adoption = || self.settle_adoption(&figures, &of.adopters, state);
                vec![settled.adoption.get_or_try_init(adoption).await?.clone()]
            }
        };
        let count = rows.iter().map(RecordBatch::num_rows).sum::<usize>();
        tracing::debug!(table = ?of.table, rows = count, took = ?begun.elapsed(), "rows are written");
        self.remembered.trim();
        Ok(rows)
    }

    /// By number of the lot, which the rows of a table that are wanted rest on.
    fn needed(&self, table: Table, wanted: &Wanted, state: &dyn Session) -> Result<Vec<bool>> {
        let (lots, catalogue) = (self.settled(Reader::Question).lots(), self.knowledge.catalogue());
        let of_ids = || wanted.indicators(lots.ids(), state).map(|left| lots.of_indicators(left));
        Ok(match table {
            Table::Indicator => lots.with_bases(of_ids()?, catalogue),
            Table::Coverage | Table::Reconciled => of_ids()?,
            Table::Suspicious => vec![true; lots.count()],
            Table::Adoption => {
                let is_title = |id: &String| {
                    catalogue.indicator(id).is_some_and(|indicator| indicator.stage == Some(Stage::Recognised))
                };
                lots.with_bases(lots.of_indicators(lots.ids().iter().map(is_title)), catalogue)
            }
        })
    }

    /// The lots that are needed, read, and added up where `totals` are asked for.
    async fn figures(&self, needed: &[bool], totals: bool, by: Reader, state: &dyn Session) -> Result<Arc<Figures>> {
        let settled = self.settled(by);
        let are_read = |read: &Read| needed.iter().zip(read).all(|(needed, lot)| !needed || lot.is_some());
        let read = settled.needed(needed, &self.held(needed.len()));
        if are_read(&read) {
            let figures = Arc::new(settled.figures(read));
            if !totals || figures.are_added_up() {
                return Ok(figures);
            }
        }
        let _turn = settled.reads.turn.lock().await;
        let mut read = settled.needed(needed, &self.held(needed.len()));
        // What was read for another map is as good.
        for at in (0..needed.len()).filter(|at| needed[*at] && read[*at].is_none()).collect::<Vec<_>>() {
            read[at] = settled.reads.lot(at).map(|lot| Arc::new(StandingLot::new(lot)));
        }
        if !are_read(&read) {
            let begun = Instant::now();
            let missing = needed.iter().zip(&read).map(|(needed, lot)| *needed && lot.is_none());
            let read_by = Arc::new(settled.read_by(missing.collect()));
            let mut count = 0;
            let lots = reading::read(&self.plans().await?, read_by, state).await?;
            self.remembered.lots_read.add(by, lots.len());
            for (at, lot) in lots {
                count += lot.figures.len();
                let lot = Arc::new(lot);
                settled.reads.keep(at, &lot);
                read[at] = Some(Arc::new(StandingLot::new(lot)));
            }
            tracing::debug!(figures = count, took = ?begun.elapsed(), "figures are read");
        }
        let figures = Arc::new(settled.figures(read));
        if totals && !figures.are_added_up() {
            let (adding, threads) = (Arc::clone(&figures), threads(state));
            let begun = Instant::now();
            let stop = CancellationToken::new();
            // A question that is ended leaves no work behind.
            let _stop = stop.clone().drop_guard();
            let adding = tokio::task::spawn_blocking(move || adding.add_up(threads, &stop));
            adding.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
            tracing::debug!(took = ?begun.elapsed(), "figures are added up");
        }
        settled.keep(&figures.read);
        self.hold(&figures.read);
        Ok(figures)
    }

    /// The plans of [`FIGURES`]: made where something has to be read, because most statements find what they need.
    async fn plans(&self) -> Result<[LogicalPlan; FIGURES.len()]> {
        let [stated, counted] = FIGURES;
        let state = self.planner.read()?;
        Ok([state.create_logical_plan(stated).await?, state.create_logical_plan(counted).await?])
    }

    fn held(&self, lots: usize) -> Read {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.resize(lots, None);
        held.clone()
    }

    fn hold(&self, read: &Read) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.resize(read.len(), None);
        held.iter_mut().zip(read).filter(|(_, read)| read.is_some()).for_each(|(held, read)| held.clone_from(read));
    }

    async fn settle_adoption(
        &self,
        figures: &Figures,
        parts: &[LogicalPlan],
        state: &dyn Session,
    ) -> Result<RecordBatch> {
        let mut adopters = Vec::with_capacity(parts.len());
        for part in parts {
            adopters.push(run(part, state).await?);
        }
        let as_reported = self.basis.standing.map.is_none();
        let mut rows = AdoptionRows::new();
        for (view, titles) in figures.titles() {
            adoption::rows(&adopters, &titles, self.knowledge.history(), &view, as_reported, &mut rows)?;
        }
        Ok(rows.finish()?)
    }
}

/// A table that is written once, by whoever asks first.
fn whole_table(
    kept: &OnceLock<Vec<RecordBatch>>,
    write: impl FnOnce() -> Result<Vec<RecordBatch>>,
) -> Result<Vec<RecordBatch>> {
    if let Some(rows) = kept.get() {
        return Ok(rows.clone());
    }
    let rows = write()?;
    Ok(kept.get_or_init(|| rows).clone())
}

async fn run(plan: &LogicalPlan, state: &dyn Session) -> Result<RecordBatch> {
    let plan = state.create_physical_plan(plan).await?;
    let columns = plan.schema();
    Ok(concat_batches(&columns, &collect(plan, state.task_ctx()).await?)?)
}

/// One of the tables.
#[derive(Debug)]
pub(crate) struct StandingTable {
    table: Table,
    figures: Arc<StandingFigures>,
    /// Of `adoption` the plans of the view `adopters`, in parts.
    adopters: Vec<LogicalPlan>,
}

impl StandingTable {
    pub(crate) fn new(table: Table, figures: Arc<StandingFigures>, adopters: Vec<LogicalPlan>) -> Self {
        Self { table, figures, adopters }
    }
}

#[async_trait]
impl TableProvider for StandingTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(self.table.pushdown(filters))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = self.table.narrowed().map(|narrowed| Wanted::new(narrowed, filters)).unwrap_or_default();
        let rows = self.figures.rows(self, &wanted, state).await?;
        MemTable::try_new(self.schema(), vec![rows])?.scan(state, projection, filters, limit).await
    }
}
