//! The tables behind the views that stand on a map.
//!
//! In: the plans of the queries that give all figures, what they are judged by, the map. Out: the rows of `indicator`,
//! `coverage`, `suspicious`, `adoption` and of `reconciliation`, put together once for all who read them in one statement.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::memory::MemTable;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, collect};
use tokio::sync::OnceCell;

use super::adoption::{self, TitleTotals};
use super::answer_row::{AdoptionRow, CoverageRow, IndicatorRow, ReconciledRow, SuspiciousRow};
use super::assemble::assemble;
use super::remembered::{Basis, Remembered};
use crate::knowledge::Knowledge;

/// The query that gives all figures: those that were chosen, and those that are counted. `first_recorded` is when the
/// first word of the area, year and indicator came, whatever of it was corrected since: by that a return is in time. What
/// was taken back was never said.
pub(crate) const FIGURES: &str = "
    WITH first_told AS (
        SELECT
            key_of(
                area_key(ledger.area_level, ledger.area_code, ledger.area_date, ledger.area_name), ledger.fact,
                period_year(ledger.period), indicator_id(ledger.measure, ledger.stage)
            ) AS told,
            min(ledger.recorded) AS first_recorded
        FROM ledger_statement AS ledger
        LEFT JOIN fate_statement AS fate ON fate.event_id = ledger.event_id
        WHERE ledger.fact IN ('actual', 'activity') AND (fate.fate IS NULL OR fate.fate = 'corrected')
        GROUP BY 1
    ),
    chosen AS (
        SELECT
            *,
            key_of(
                area_key(area_level, area_code, area_date, area_name), fact, period_year(period),
                indicator_id(measure, stage)
            ) AS told
        FROM statement
        WHERE chosen AND fact IN ('actual', 'target', 'activity', 'denominator')
    )
    SELECT
        'stated' AS basis, event_id, area_level, area_code, area_date, area_name, fact, measure, stage, subject_scope,
        period_year(period) AS year, as_at, span, base, numerator, numerator_precision, denominator, sessions,
        sessions_precision, printed_percent, plan, source, stated_on, recorded,
        partial_last_day(stated_on) AS told_on, first_recorded
    FROM chosen
    LEFT JOIN first_told ON first_told.told = chosen.told
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

    fn schema(self) -> SchemaRef {
        match self {
            Self::Indicator => IndicatorRow::schema(),
            Self::Coverage => CoverageRow::schema(),
            Self::Suspicious => SuspiciousRow::schema(),
            Self::Adoption => AdoptionRow::schema(),
            Self::Reconciled => ReconciledRow::schema(),
        }
    }
}

/// All figures of one statement, on its map.
#[derive(Debug)]
pub(crate) struct StandingFigures {
    figures: LogicalPlan,
    adopters: LogicalPlan,
    knowledge: Arc<Knowledge>,
    basis: Basis,
    remembered: Arc<Remembered>,
    settled: OnceCell<Arc<Settled>>,
}

/// The rows of the tables that rest on figures alone.
#[derive(Debug)]
pub(crate) struct Settled {
    indicator: RecordBatch,
    coverage: RecordBatch,
    reconciled: RecordBatch,
    suspicious: RecordBatch,
    titles: Vec<(NaiveDate, TitleTotals)>,
    adoption: OnceCell<RecordBatch>,
}

impl Settled {
    /// Bytes that the rows hold.
    pub(super) fn bytes(&self) -> usize {
        let all = [&self.indicator, &self.coverage, &self.reconciled, &self.suspicious];
        let rows: usize = all.into_iter().chain(self.adoption.get()).map(RecordBatch::get_array_memory_size).sum();
        rows + self.titles.iter().map(|(_, titles)| titles.len() * 128).sum::<usize>()
    }
}

impl StandingFigures {
    /// Plans of [`FIGURES`] and [`ADOPTERS`], and what they stand on.
    pub(crate) fn new(
        figures: LogicalPlan,
        adopters: LogicalPlan,
        knowledge: Arc<Knowledge>,
        basis: Basis,
        remembered: Arc<Remembered>,
    ) -> Self {
        Self { figures, adopters, knowledge, basis, remembered, settled: OnceCell::new() }
    }

    async fn rows(&self, table: Table, state: &dyn Session) -> Result<RecordBatch> {
        let settled = self.settled.get_or_try_init(|| self.settle(state)).await?;
        Ok(match table {
            Table::Indicator => settled.indicator.clone(),
            Table::Coverage => settled.coverage.clone(),
            Table::Suspicious => settled.suspicious.clone(),
            Table::Reconciled => settled.reconciled.clone(),
            Table::Adoption => settled.adoption.get_or_try_init(|| self.settle_adoption(settled, state)).await?.clone(),
        })
    }

    async fn settle(&self, state: &dyn Session) -> Result<Arc<Settled>> {
        if let Some(settled) = self.remembered.recall(&self.basis) {
            return Ok(settled);
        }
        let rows = run(&self.figures, state).await?;
        let assembled = assemble(&rows, &self.knowledge, &self.basis.standing)?;
        let settled = Arc::new(Settled {
            indicator: IndicatorRow::batch(&assembled.indicator)?,
            coverage: CoverageRow::batch(&assembled.coverage)?,
            reconciled: ReconciledRow::batch(&assembled.reconciled)?,
            suspicious: SuspiciousRow::batch(&assembled.suspicious)?,
            titles: assembled.titles,
            adoption: OnceCell::new(),
        });
        self.remembered.keep(self.basis.clone(), &settled);
        Ok(settled)
    }

    async fn settle_adoption(&self, settled: &Settled, state: &dyn Session) -> Result<RecordBatch> {
        let adopters = run(&self.adopters, state).await?;
        let as_reported = self.basis.standing.map.is_none();
        let mut rows = Vec::new();
        for (day, titles) in &settled.titles {
            let view = self.knowledge.view(*day);
            rows.extend(adoption::rows(&adopters, titles, self.knowledge.history(), &view, as_reported)?);
        }
        Ok(AdoptionRow::batch(&rows)?)
    }
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
}

impl StandingTable {
    pub(crate) fn new(table: Table, figures: Arc<StandingFigures>) -> Self {
        Self { table, figures }
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

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.figures.rows(self.table, state).await?;
        MemTable::try_new(self.schema(), vec![vec![rows]])?.scan(state, projection, filters, limit).await
    }
}
