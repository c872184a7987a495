//! What faces need of a session that prepare statements before they ask them, and that show a catalogue of their own.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::SchemaProvider;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{LogicalPlan, ScalarUDF};
use datafusion::sql::parser::Statement;

use super::{Session, Values, guard, known, values};
use crate::error::QueryError;

/// A statement that was not asked yet.
#[derive(Debug, Clone)]
pub struct Described {
    /// The types that its parameters (`$1` and so on) need, where the engine knows.
    pub parameters: HashMap<String, Option<DataType>>,
    /// The columns of its answer; none where it only sets something.
    pub columns: SchemaRef,
}

impl Session {
    /// What one statement would answer with; parameters that have no value here may be of any type. To find that out is
    /// held to the limits that an answer has, in a queue of its own.
    ///
    /// # Errors
    /// As of [`Session::sql`].
    pub(crate) async fn describe(&self, text: &str, values: &Values) -> Result<Described, QueryError> {
        let mut statements = guard::read(text)?;
        statements.iter_mut().for_each(|statement| values::put_in(statement, values));
        let [statement] = statements.as_slice() else {
            return Err(if statements.is_empty() { QueryError::Empty } else { QueryError::SeveralQueries });
        };
        guard::check(statement)?;
        let (session, statement) = (self.clone(), statement.clone());
        self.describing_within_limits(async move { session.planned(&statement).await }).await
    }

    async fn planned(&self, statement: &Statement) -> Result<Described, QueryError> {
        let _turn = self.turn.lock().await;
        self.look_anew().await?;
        let plan = self.context.state().statement_to_plan(statement.clone()).await;
        let plan = plan.map_err(|error| self.unplanned(error))?;
        if matches!(plan, LogicalPlan::Statement(_)) {
            return Ok(Described { parameters: HashMap::new(), columns: Arc::new(Schema::empty()) });
        }
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        options.verify_plan(&plan).map_err(|_| guard::changes(statement, &plan))?;
        guard::check_plan(statement, &plan)?;
        known::check_indicators(&plan, self.present.get().catalogue())?;
        let parameters = plan.get_parameter_types()?;
        Ok(Described { parameters, columns: Arc::clone(plan.schema().inner()) })
    }

    /// The tables and views that the asker sees.
    pub(crate) fn public(&self) -> Option<Arc<dyn SchemaProvider>> {
        self.context.catalog("lantoa")?.schema("public")
    }

    /// Adds a schema beside `public`. Its tables are not among those that are listed.
    pub(crate) fn add_schema(&self, name: &str, schema: Arc<dyn SchemaProvider>) {
        let catalog = self.context.catalog("lantoa");
        // A memory catalog takes every schema.
        let taken = catalog.map(|catalog| catalog.register_schema(name, schema).is_ok());
        debug_assert_eq!(taken, Some(true));
    }

    /// Adds a function.
    pub(crate) fn add_function(&self, function: ScalarUDF) {
        self.context.register_udf(function);
    }
}
