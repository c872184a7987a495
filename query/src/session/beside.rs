//! A session over tables that are given, for what is asked of several releases at once.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::prelude::SessionContext;

use super::Engine;
use crate::error::QueryError;
use crate::knowledge::{Knowledge, Present};
use crate::settings::Standing;

impl Engine {
    /// One with our functions, which go by some knowledge, and no other tables.
    pub(crate) fn beside(
        &self,
        knowledge: Arc<Knowledge>,
        tables: Vec<(&'static str, Arc<dyn TableProvider>)>,
    ) -> Result<SessionContext, QueryError> {
        let schema = MemorySchemaProvider::new();
        for (name, table) in tables {
            schema.register_table(name.to_owned(), table)?;
        }
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema("public", Arc::new(schema))?;
        let present = Arc::new(Present::new(knowledge));
        let context = SessionContext::new_with_state(self.state(Standing::default(), &present, &self.0.runtime));
        context.register_catalog("lantoa", Arc::new(catalog) as Arc<dyn CatalogProvider>);
        Ok(context)
    }
}
