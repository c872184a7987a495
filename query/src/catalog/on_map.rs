//! `indicator_on(map)` in FROM: the view `indicator` on a map of its own, whatever map the session stands on, so that one
//! statement can hold two maps against each other.
//!
//! In: a map as `SET lantoa.map` takes it. Out: the rows of `indicator` on it, from the versions of the ledgers that the
//! statement sees or from its release; whoever may not see all rows of `indicator` sees as few of these.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::catalog::{Session, TableFunctionImpl};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use super::{Desk, Granted};
use crate::indicator::{StandingTable, Table};
use crate::settings::Standing;

/// The function, over the tables of one session, for somebody who sees everything or what is granted.
#[derive(Debug)]
pub(crate) struct IndicatorOn {
    desk: Arc<Desk>,
    granted: Option<Arc<Granted>>,
}

impl IndicatorOn {
    pub(crate) fn new(desk: Arc<Desk>, granted: Option<Arc<Granted>>) -> Self {
        Self { desk, granted }
    }
}

impl TableFunctionImpl for IndicatorOn {
    fn call(&self, arguments: &[Expr]) -> Result<Arc<dyn TableProvider>> {
        let [Expr::Literal(ScalarValue::Utf8(Some(map)) | ScalarValue::Utf8View(Some(map)), _)] = arguments else {
            return Err(DataFusionError::Plan("write indicator_on('2025-07-01')".to_owned()));
        };
        let mut standing = Standing::default();
        standing.take("map", map).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let on_map: Arc<dyn TableProvider> = match self.desk.released_indicator(standing.map)? {
            Some(released) => released,
            None => Arc::new(OnMap { desk: Arc::clone(&self.desk), map: standing.map }),
        };
        match &self.granted {
            Some(granted) => granted.granted("indicator", on_map),
            None => Ok(on_map),
        }
    }
}

/// The view on one map.
#[derive(Debug)]
struct OnMap {
    desk: Arc<Desk>,
    map: Option<NaiveDate>,
}

#[async_trait]
impl TableProvider for OnMap {
    fn schema(&self) -> SchemaRef {
        Table::Indicator.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(Table::Indicator.pushdown(filters))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let figures = self.desk.figures(self.map).await?;
        let table = StandingTable::new(Table::Indicator, figures, Vec::new());
        table.scan(state, projection, filters, limit).await
    }
}
