//! The rows of a projection, for whoever keeps it.
//!
//! In: the ledgers as they are at one moment, and how far the kept rows rest on them. Out: the buckets that have to be
//! made anew, and their rows. Guarantee: all rows of one [`Derivation`] are of one version of every ledger.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::StreamExt;
use lantoa_schemas::projection::{Projection, Reach};

use super::Session;
use crate::answer::Answer;
use crate::error::QueryError;

/// A projection over the ledgers at one moment.
#[derive(Debug)]
pub struct Derivation {
    pub(super) session: Session,
    pub(super) projection: &'static Projection,
    pub(super) reach: Reach,
}

impl Derivation {
    /// How far the ledgers go.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Rows of the ledgers that the view is made of.
    ///
    /// # Errors
    /// Where a ledger cannot be read.
    pub async fn events(&self) -> Result<u64, QueryError> {
        let mut events = 0;
        for family in self.projection.ledgers {
            let state = self.session.context.state();
            let snapshot = self.session.desk.snapshot(family.stream().table(), &state).await?;
            events += snapshot.map_or(0, |snapshot| snapshot.rows);
        }
        Ok(events)
    }

    /// The buckets that have to be made anew where the kept rows rest on `then`.
    ///
    /// # Errors
    /// Where a ledger cannot be read.
    pub async fn touched(&self, then: &Reach) -> Result<Vec<i32>, QueryError> {
        Ok(self.session.desk.touched(self.projection, then, &self.reach).await?)
    }

    /// Divides what is needed of the ledgers among some buckets, on disk, so that [`Derivation::rows`] of a few of these
    /// reads no more than theirs. Worth it before several passes; the files go with the derivation.
    ///
    /// # Errors
    /// Where a ledger cannot be read or the disk takes no more.
    pub async fn divide(&self, buckets: &[i32]) -> Result<(), QueryError> {
        Ok(self.session.desk.divide(self.projection, buckets).await?)
    }

    /// The rows of some buckets, the bucket in the first column and the view's columns after it, of types that a file has.
    ///
    /// # Errors
    /// Where the view cannot be answered; an error in the rows is in the answer.
    pub async fn rows(&self, buckets: &[i32]) -> Result<Answer, QueryError> {
        let plan = self.session.desk.to_keep(self.projection, buckets).await?;
        let rows = self.session.context.execute_logical_plan(plan).await?.execute_stream().await?;
        let columns = as_filed(&rows.schema());
        let filed = Arc::clone(&columns);
        let rows = Answer::of(rows, self.session.context.clone()).map(move |rows| {
            let rows = rows?;
            let values =
                rows.columns().iter().zip(filed.fields()).map(|(column, field)| cast(column, field.data_type()));
            let values = values.collect::<Result<_, _>>().map_err(QueryError::internal)?;
            RecordBatch::try_new(Arc::clone(&filed), values).map_err(QueryError::internal)
        });
        Ok(Answer::made_of(columns, rows.boxed()))
    }
}

/// Text as a file has it, and every column nullable: which are never null is the view's knowledge, not the table's.
pub(crate) fn as_filed(columns: &Schema) -> SchemaRef {
    let filed = columns.fields().iter().map(|field| {
        let filed = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
            other => other.clone(),
        };
        Field::new(field.name(), filed, true)
    });
    Arc::new(Schema::new(filed.collect::<Vec<_>>()))
}
