//! The columns of a table that exists, held to the contract's.
//!
//! In: the columns of the contract, a table at the version looked at. Out: the same table with the columns that it
//! lacked, in one commit, or the reason to stop. Guarantee: columns come, and none ever goes or becomes another; rows that
//! were there before have null in a new one, without being written again. A program does not go on with a table that has
//! a column it does not know: it would leave blank what a later release fills.

use std::collections::BTreeMap;

use deltalake::kernel::{Action, MetadataExt, StructField, StructType};
use deltalake::protocol::DeltaOperation;

use super::{Commit, CommitError, StreamTable};

impl StreamTable {
    /// Adds the columns that the contract has and the table lacks, if there are such.
    pub(super) async fn add_columns(&mut self) -> Result<(), CommitError> {
        self.check_columns()?;
        loop {
            let lacking = self.lacking()?;
            if lacking.is_empty() {
                return Ok(());
            }
            let snapshot = self.table.snapshot().map_err(|source| self.fault(source))?;
            let columns = snapshot.schema().fields().chain(&lacking).cloned().collect::<Vec<_>>();
            let columns = StructType::try_new(columns).map_err(|source| self.fault(source.into()))?;
            let metadata = snapshot.metadata().clone();
            let metadata = metadata.with_schema(&columns).map_err(|source| self.fault(source.into()))?;
            let names: Vec<String> = lacking.iter().map(|column| column.name.clone()).collect();
            let operation = DeltaOperation::AddColumn { fields: lacking };
            if self.commit(vec![Action::Metadata(metadata)], &BTreeMap::new(), operation).await? == Commit::Landed {
                tracing::info!(table = self.name, columns = names.join(", "), "the table has new columns");
                return Ok(());
            }
        }
    }

    /// Stops where the table has a column that the contract does not know, or knows as another.
    pub(super) fn check_columns(&self) -> Result<(), CommitError> {
        let Some(known) = &self.columns else { return Ok(()) };
        let schema = self.table.snapshot().map_err(|source| self.fault(source))?.schema();
        for found in schema.fields() {
            let (table, column) = (self.name.clone(), found.name.clone());
            match known.field(&found.name) {
                None => return Err(CommitError::UnknownColumn { table, column }),
                Some(known) if known.data_type != found.data_type || known.nullable != found.nullable => {
                    let difference = format!("{}, and must be {}", kind(found), kind(known));
                    return Err(CommitError::OtherColumn { table, column, difference });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn lacking(&self) -> Result<Vec<StructField>, CommitError> {
        let Some(known) = &self.columns else { return Ok(Vec::new()) };
        let schema = self.table.snapshot().map_err(|source| self.fault(source))?.schema();
        Ok(known.fields().filter(|column| schema.field(&column.name).is_none()).cloned().collect())
    }
}

fn kind(column: &StructField) -> String {
    format!("{}{}", column.data_type, if column.nullable { "" } else { " and never null" })
}
