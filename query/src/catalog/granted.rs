//! What an asker can name: the desk's tables and views without what is not for them.
//!
//! In: the desk, and who asks. Out: each table without the columns that are withheld from the asker, and with the rows of
//! the asker's area alone. Guarantee: this holds for whatever the asker names, the tables that views are made of among
//! it, while a view itself is made of everything; what a row says of other areas is not there for an asker of one (a
//! rank, a finding that tells the total around); no condition of the asker's is ever held against a row that is not
//! theirs, so that no error and no count tells of it.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::{TableType, ViewTable, provider_as_source};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ScalarUDF, col, lit};
use datafusion::physical_expr::expressions::{Column, cast};
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use super::Desk;
use crate::access::{Asker, Scope, is_withheld};
use crate::functions;
use crate::indicator::ABOVE_THE_AREA_AROUND;
use crate::knowledge::Present;
use crate::reference_tables;
use crate::release::TABLE as RELEASES;

/// The schema of somebody who may not see everything.
pub(crate) struct Granted {
    desk: Arc<Desk>,
    asker: Asker,
    present: Arc<Present>,
    /// Views are planned in this session, by the desk: it lives as long as somebody may ask.
    _whole: SessionContext,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Granted").field("asker", &self.asker).finish_non_exhaustive()
    }
}

impl Granted {
    pub(crate) fn new(desk: Arc<Desk>, asker: Asker, present: Arc<Present>, whole: SessionContext) -> Self {
        Self { desk, asker, present, _whole: whole }
    }

    /// A table of a name, as the asker may see it.
    pub(super) fn granted(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
        let columns = table.schema();
        // Where areas are, what is counted and what is released is no figure of anybody's.
        let is_of_areas = !reference_tables::NAMES.contains(&name) && name != RELEASES;
        let area = self.asker.area.as_deref().filter(|_| is_of_areas);
        let left: Vec<Expr> = columns
            .fields()
            .iter()
            .filter(|field| !is_withheld(&self.asker, field.name()))
            .map(|field| match area {
                Some(_) if tells_of_others(name, field.name()) => {
                    ScalarValue::try_from(field.data_type()).map(|null| lit(null).alias(field.name()))
                }
                _ => Ok(col(datafusion::common::Column::new_unqualified(field.name()))),
            })
            .collect::<Result<_>>()?;
        if left.len() == columns.fields().len() && area.is_none() {
            return Ok(table);
        }
        let mut plan = LogicalPlanBuilder::scan(name, provider_as_source(table), None)?;
        if let Some(code) = area {
            plan = plan.filter(self.lies_in(code, &columns))?;
            if name == "suspicious" {
                plan = plan.filter(col("rule").not_eq(lit(ABOVE_THE_AREA_AROUND)))?;
            }
        }
        let view = ViewTable::new(plan.project(left)?.build()?, None);
        let granted: Arc<dyn TableProvider> = if area.is_some() { Arc::new(Barred(view)) } else { Arc::new(view) };
        Ok(granted)
    }

    /// The condition that a row is of the asker's area. What has no area may be of any, and is not shown.
    fn lies_in(&self, code: &str, columns: &SchemaRef) -> Expr {
        let has = |names: &[&str]| names.iter().all(|name| columns.column_with_name(name).is_some());
        let scope = self.present.get().scope(code);
        let (dated, named) = (["area_level", "area_code", "area_date"], ["area_code", "area_name"]);
        if has(&dated) {
            held_on_a_day(scope).call(dated.map(col).to_vec())
        } else if has(&named) {
            held_by_name(scope).call(named.map(col).to_vec())
        } else {
            lit(false)
        }
    }
}

/// Whether a column rests on the figures of areas that are not the row's own.
fn tells_of_others(table: &str, column: &str) -> bool {
    (table, column) == ("trend", "rank")
}

fn held_on_a_day(scope: Arc<Scope>) -> ScalarUDF {
    let arguments = vec![DataType::Utf8, DataType::Utf8, DataType::Date32];
    functions::udf("lies_in_your_area", arguments, DataType::Boolean, move |columns| {
        let held = functions::places(columns).map(|place| Some(scope.holds(place.level, place.code, place.day)));
        Arc::new(held.collect::<BooleanArray>())
    })
}

fn held_by_name(scope: Arc<Scope>) -> ScalarUDF {
    functions::udf("is_in_your_area", vec![DataType::Utf8; 2], DataType::Boolean, move |columns| {
        let (codes, names) = (columns[0].as_string::<i32>(), columns[1].as_string::<i32>());
        let held = codes.iter().zip(names).map(|(code, name)| Some(scope.holds_named(code, name)));
        Arc::new(held.collect::<BooleanArray>())
    })
}

#[async_trait]
impl SchemaProvider for Granted {
    fn table_names(&self) -> Vec<String> {
        self.desk.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.desk.table(name).await?.map(|table| self.granted(name, table)).transpose()
    }

    fn table_exist(&self, name: &str) -> bool {
        self.desk.table_exist(name)
    }
}

/// A table of which the asker may see some rows: planned and run by itself, so that nothing that is asked of it is moved
/// to before the rows are chosen.
#[derive(Debug)]
struct Barred(ViewTable);

#[async_trait]
impl TableProvider for Barred {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.0.scan(state, projection, &[], limit).await?;
        let declared = match projection {
            Some(columns) => Arc::new(self.schema().project(columns)?),
            None => self.schema(),
        };
        let plan = of_types(plan, &declared)?;
        let schema = plan.schema();
        let partitions = plan.output_partitioning().partition_count();
        let runs = Arc::new(Runs(Mutex::new((plan, vec![false; partitions]))));
        let parts = (0..partitions).map(|partition| -> Arc<dyn PartitionStream> {
            Arc::new(BarredPart { runs: Arc::clone(&runs), schema: Arc::clone(&schema), partition })
        });
        let barred = StreamingTableExec::try_new(Arc::clone(&schema), parts.collect(), None, [], false, None)?;
        Ok(Arc::new(barred))
    }
}

/// The plan with columns of the types declared: the parts of a view that is put together of several may have others, such
/// as another kind of text, which are made one only when it is planned.
fn of_types(plan: Arc<dyn ExecutionPlan>, declared: &SchemaRef) -> Result<Arc<dyn ExecutionPlan>> {
    let made = plan.schema();
    let same = |(declared, made): (&Arc<Field>, &Arc<Field>)| declared.data_type() == made.data_type();
    if declared.fields().iter().zip(made.fields()).all(same) {
        return Ok(plan);
    }
    let columns = declared.fields().iter().enumerate().map(|(at, field)| {
        let column = Arc::new(Column::new(made.field(at).name(), at));
        Ok((cast(column, &made, field.data_type().clone())?, field.name().clone()))
    });
    Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Result<Vec<_>>>()?, plan)?))
}

/// The plan, and which of its partitions this run of it has begun.
#[derive(Debug)]
struct Runs(Mutex<(Arc<dyn ExecutionPlan>, Vec<bool>)>);

impl Runs {
    /// Begins a partition. A recursive question begins each of them once a round, and cannot tell a plan that it does not
    /// see to begin anew.
    fn begin(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let plan = {
            let mut run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (plan, begun) = &mut *run;
            if begun[partition] {
                *plan = reset_plan_states(Arc::clone(plan))?;
                begun.fill(false);
            }
            begun[partition] = true;
            Arc::clone(plan)
        };
        plan.execute(partition, context)
    }
}

/// One partition of it.
#[derive(Debug)]
struct BarredPart {
    runs: Arc<Runs>,
    schema: SchemaRef,
    partition: usize,
}

impl PartitionStream for BarredPart {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        match self.runs.begin(self.partition, context) {
            Ok(rows) => rows,
            Err(error) => {
                let failed = futures::stream::once(async move { Err::<RecordBatch, _>(error) }).boxed();
                Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), failed))
            }
        }
    }
}
