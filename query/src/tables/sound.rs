//! A Delta table that is told of a condition only what it answers rightly.
//!
//! deltalake 1.1 takes a condition without a column for one on partitions that it has applied, and applies nothing: of
//! `NULL`, which a condition on a constant of a view comes to, all rows would come. Such a condition is left to the engine.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::{Constraints, Statistics};
use datafusion::datasource::TableProvider;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

/// The table around another.
#[derive(Debug)]
pub(super) struct Sound(pub(super) Arc<dyn TableProvider>);

#[async_trait]
impl TableProvider for Sound {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.0.constraints()
    }

    fn table_type(&self) -> TableType {
        self.0.table_type()
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        self.0.get_logical_plan()
    }

    fn statistics(&self) -> Option<Statistics> {
        self.0.statistics()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let answered = self.0.supports_filters_pushdown(filters)?;
        let of_none = |filter: &Expr| filter.column_refs().is_empty();
        let sound = filters.iter().zip(answered).map(|(filter, answer)| match of_none(filter) {
            true => TableProviderFilterPushDown::Unsupported,
            false => answer,
        });
        Ok(sound.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.0.scan(state, projection, filters, limit).await
    }
}
