//! The tables `fate_<family>`: which events are not in force by the chains of corrections and retractions, and why.
//!
//! In: a plan that gives the family's changes and what they change. Out: rows `event_id`, `fate` (retracted, corrected,
//! waiting, other_area), `by_event`, `change_reason`. The rules are in the contract's `chain`; changes are few beside
//! facts, so they are settled in memory, once for each statement.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{
    DataType, Date32Type, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::memory::MemTable;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, collect};
use lantoa_schemas::chain::{Fate, Link, resolve};
use lantoa_schemas::event::days_since_epoch;
use lantoa_schemas::stream::Family;
use tokio::sync::OnceCell;

/// The query behind a fate table: every event that changes another, and every event that is changed. `{recorded}` is
/// the family's table as of the day asked for, `{area}` whose an event is.
const CHANGES: &str = "
    SELECT
        event_id, recorded, log_generation, log_partition, log_offset, supersedes, retracts, change_reason,
        {area} AS area,
        partial_last_day(stated_on) AS told_on
    FROM {recorded}
    WHERE
        supersedes IS NOT NULL OR retracts IS NOT NULL
        OR event_id IN (SELECT supersedes FROM {recorded} WHERE supersedes IS NOT NULL)
        OR event_id IN (SELECT retracts FROM {recorded} WHERE retracts IS NOT NULL)";

/// Whose an event is: one area through time, so that who may speak for Bắc Giang, which had the code 24, takes back nothing
/// of Bắc Ninh, which has it now.
const AREA: &str = "area_key(area_level, area_code, area_date, area_name)";

/// The same of reference events, as the contract's `reference_log` has it: what an area is rests on them.
const AREA_OF_REFERENCES: &str = "\
    CASE WHEN area_code IS NULL THEN 'name/' || coalesce(area_name, '') \
        ELSE coalesce(area_level, '') || '/' || area_code END";

/// Text of the query behind the fate table of a family, whose table as of the day asked for is `recorded`.
pub(crate) fn changes_of(family: Family, recorded: &str) -> String {
    let area = if family == Family::Reference { AREA_OF_REFERENCES } else { AREA };
    CHANGES.replace("{recorded}", recorded).replace("{area}", area)
}

/// A fate table of one statement.
#[derive(Debug)]
pub(crate) struct FateTable {
    changes: LogicalPlan,
    /// Last day of telling, counted from 1970-01-01.
    stated_by: Option<i32>,
    settled: OnceCell<RecordBatch>,
}

impl FateTable {
    pub(crate) fn new(changes: LogicalPlan, stated_by: Option<chrono::NaiveDate>) -> Self {
        Self { changes, stated_by: stated_by.map(days_since_epoch), settled: OnceCell::new() }
    }

    async fn settle(&self, state: &dyn Session) -> Result<RecordBatch> {
        let plan = state.create_physical_plan(&self.changes).await?;
        let columns = plan.schema();
        let batches = collect(plan, state.task_ctx()).await?;
        let changes = Changes::read(&concat_batches(&columns, &batches)?)?;
        changes.fates(self.stated_by)
    }
}

#[async_trait]
impl TableProvider for FateTable {
    fn schema(&self) -> SchemaRef {
        let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
        Arc::new(Schema::new(vec![
            text("event_id", false),
            text("fate", false),
            text("by_event", false),
            text("change_reason", true),
        ]))
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let settled = self.settled.get_or_try_init(|| self.settle(state)).await?;
        let table = MemTable::try_new(self.schema(), vec![vec![settled.clone()]])?;
        table.scan(state, projection, filters, limit).await
    }
}

/// The changes of a family, row by row.
struct Changes {
    links: Vec<Link>,
    reasons: Vec<Option<String>>,
    told_on: Vec<Option<i32>>,
}

impl Changes {
    fn read(batch: &RecordBatch) -> Result<Self> {
        let column = |at: usize, wanted: &DataType| -> Result<ArrayRef> { Ok(cast(batch.column(at), wanted)?) };
        let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        let ids = column(0, &DataType::Utf8)?;
        let recorded = column(1, &utc)?;
        let (generations, partitions) = (column(2, &DataType::Int32)?, column(3, &DataType::Int32)?);
        let offsets = column(4, &DataType::Int64)?;
        let (supersedes, retracts) = (column(5, &DataType::Utf8)?, column(6, &DataType::Utf8)?);
        let (reasons, areas) = (column(7, &DataType::Utf8)?, column(8, &DataType::Utf8)?);
        let told_on = column(9, &DataType::Date32)?;
        let recorded = recorded.as_primitive::<TimestampMicrosecondType>();
        let links = (0..batch.num_rows()).map(|row| Link {
            event_id: ids.as_string::<i32>().value(row).to_owned(),
            position: (
                recorded.is_valid(row).then(|| recorded.value(row)),
                generations.as_primitive::<Int32Type>().value(row),
                partitions.as_primitive::<Int32Type>().value(row),
                offsets.as_primitive::<Int64Type>().value(row),
            ),
            area: text(&areas, row).unwrap_or_default(),
            supersedes: text(&supersedes, row),
            retracts: text(&retracts, row),
            told: true,
        });
        let told_days = told_on.as_primitive::<Date32Type>();
        Ok(Self {
            links: links.collect(),
            reasons: (0..batch.num_rows()).map(|row| text(&reasons, row)).collect(),
            told_on: told_days.iter().collect(),
        })
    }

    /// The fates, with the reason that the deciding event gives.
    fn fates(mut self, stated_by: Option<i32>) -> Result<RecordBatch> {
        for (link, told_on) in self.links.iter_mut().zip(&self.told_on) {
            // A retraction without a date of its own takes back our record, not what the source had told.
            link.told = stated_by.is_none_or(|day| told_on.map_or(link.retracts.is_some(), |told| told <= day));
        }
        let reasons: std::collections::HashMap<&str, &str> = self
            .links
            .iter()
            .zip(&self.reasons)
            .filter_map(|(link, reason)| Some((link.event_id.as_str(), reason.as_deref()?)))
            .collect();
        let mut fates: Vec<_> = resolve(&self.links).into_iter().collect();
        fates.sort_unstable_by_key(|(event, _)| *event);
        let rows = fates.iter().map(|(event, fate)| {
            let (word, by, reason) = match fate {
                Fate::Retracted(by) => ("retracted", by, reasons.get(by.as_str()).copied()),
                Fate::Corrected(by) => ("corrected", by, reasons.get(by.as_str()).copied()),
                Fate::Waiting(target) => ("waiting", target, None),
                Fate::OtherArea(target) => ("other_area", target, None),
            };
            (*event, word, by.as_str(), reason)
        });
        let rows: Vec<_> = rows.collect();
        Ok(RecordBatch::try_from_iter_with_nullable([
            ("event_id", Arc::new(rows.iter().map(|r| Some(r.0)).collect::<StringArray>()) as ArrayRef, false),
            ("fate", Arc::new(rows.iter().map(|r| Some(r.1)).collect::<StringArray>()) as ArrayRef, false),
            ("by_event", Arc::new(rows.iter().map(|r| Some(r.2)).collect::<StringArray>()) as ArrayRef, false),
            ("change_reason", Arc::new(rows.iter().map(|r| r.3).collect::<StringArray>()) as ArrayRef, true),
        ])?)
    }
}

fn text(column: &ArrayRef, row: usize) -> Option<String> {
    let column = column.as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}
