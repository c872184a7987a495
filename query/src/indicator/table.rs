//! The tables behind the views that stand on a map.
//!
//! In: the plans of the queries that give all figures, what they are judged by, the map. Out: the rows of `indicator`,
//! `coverage`, `suspicious`, `adoption` and of `reconciliation`. The figures are added up once for all who read them in one
//! statement; of `indicator` and `coverage` only the rows are written that a question wants.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::memory::MemTable;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown};
use datafusion::physical_plan::{ExecutionPlan, collect};
use tokio::sync::OnceCell;

use super::adoption;
use super::answer_row::{AdoptionRows, CoverageRows, IndicatorRows, ReconciledRows, SuspiciousRows};
use super::assemble::Figures;
use super::remembered::{Basis, Remembered};
use super::wanted::{Narrowed, Wanted};
use crate::knowledge::Knowledge;

/// The query that gives all figures: those that were chosen, and those that are counted. `first_recorded` is when the
/// first word of the area, year and indicator came, whatever of it was corrected since: by that a return is in time. What
/// was taken back was never said.
pub(crate) const FIGURES: &str = "
    SELECT
        'stated' AS basis, event_id, area_level, area_code, area_date, area_name, fact, measure, stage, subject_scope,
        period_year(period) AS year, as_at, span, base, numerator, numerator_precision, denominator, sessions,
        sessions_precision, printed_percent, plan, source, stated_on, recorded,
        partial_last_day(stated_on) AS told_on, first_recorded
    FROM judged_statement
    WHERE chosen AND fact IN ('actual', 'target', 'activity', 'denominator')
    UNION ALL
    SELECT
        'counted', CAST(NULL AS VARCHAR), area_level, area_code, area_date, area_name, fact, measure, stage, subject_scope,
        year, CAST(NULL AS VARCHAR), span, base, numerator, 'exact', CAST(NULL AS BIGINT), sessions,
        'exact', CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), recorded,
        CAST(NULL AS DATE), first_recorded
    FROM counted";

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
    figures: LogicalPlan,
    knowledge: Arc<Knowledge>,
    basis: Basis,
    remembered: Arc<Remembered>,
    settled: OnceCell<Arc<Settled>>,
}

/// The figures, added up, and the tables that are written whole.
#[derive(Debug)]
pub(crate) struct Settled {
    figures: Figures,
    reconciled: OnceLock<RecordBatch>,
    suspicious: OnceLock<RecordBatch>,
    adoption: OnceCell<RecordBatch>,
}

impl Settled {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let whole = [self.reconciled.get(), self.suspicious.get(), self.adoption.get()];
        self.figures.bytes() + whole.into_iter().flatten().map(RecordBatch::get_array_memory_size).sum::<usize>()
    }
}

impl StandingFigures {
    /// The plan of [`FIGURES`], and what it stands on.
    pub(crate) fn new(
        figures: LogicalPlan,
        knowledge: Arc<Knowledge>,
        basis: Basis,
        remembered: Arc<Remembered>,
    ) -> Self {
        Self { figures, knowledge, basis, remembered, settled: OnceCell::new() }
    }

    async fn rows(&self, of: &StandingTable, wanted: &Wanted, state: &dyn Session) -> Result<RecordBatch> {
        let settled = self.settled.get_or_try_init(|| self.settle(state)).await?;
        let figures = &settled.figures;
        Ok(match of.table {
            Table::Indicator => figures.indicator(wanted, state)?,
            Table::Coverage => figures.coverage(wanted, state)?,
            Table::Suspicious => whole(&settled.suspicious, || figures.suspicious())?,
            Table::Reconciled => whole(&settled.reconciled, || figures.reconciled())?,
            Table::Adoption => {
                let adoption = || self.settle_adoption(figures, &of.adopters, state);
                settled.adoption.get_or_try_init(adoption).await?.clone()
            }
        })
    }

    async fn settle(&self, state: &dyn Session) -> Result<Arc<Settled>> {
        if let Some(settled) = self.remembered.recall(&self.basis) {
            return Ok(settled);
        }
        let begun = Instant::now();
        let rows = run(&self.figures, state).await?;
        let read = begun.elapsed();
        let figures = Figures::of(&rows, Arc::clone(&self.knowledge), &self.basis.standing)?;
        tracing::debug!(figures = rows.num_rows(), ?read, added_up = ?(begun.elapsed() - read), "figures are settled");
        let (reconciled, suspicious, adoption) = Default::default();
        let settled = Arc::new(Settled { figures, reconciled, suspicious, adoption });
        self.remembered.keep(self.basis.clone(), &settled);
        Ok(settled)
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
fn whole(kept: &OnceLock<RecordBatch>, write: impl FnOnce() -> Result<RecordBatch>) -> Result<RecordBatch> {
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
        MemTable::try_new(self.schema(), vec![vec![rows]])?.scan(state, projection, filters, limit).await
    }
}
