//! Replacing whole buckets of a projection.
//!
//! In: buckets, their new rows, and transaction entries. Out: one commit that takes the old files of these buckets away
//! and names the new ones. Guarantee: as every commit, it is a compare-and-swap on the version that it was planned on.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::prelude::{Expr, SessionContext, col, lit};
use deltalake::kernel::Action;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use futures::{Stream, StreamExt};
use lantoa_schemas::projection::{BUCKET, BUCKETS, Reach};

use super::{Commit, CommitError, StreamTable, layout};

/// Why buckets were not replaced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplaceError<E> {
    /// The table cannot be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The rows cannot be had.
    #[error("{0}")]
    Rows(E),
}

/// Transaction entries that say how far a projection rests on the log.
pub(crate) fn rests_on(reach: &Reach) -> impl Iterator<Item = (String, i64)> + '_ {
    reach.parts().map(|(part, next)| (part.to_string(), next))
}

/// Transaction entries of a projection that is being made for the first time: the buckets that are done, and how far the
/// ledgers went when it was begun.
pub(crate) fn made<'a>(buckets: &'a [i32], begun: &'a Reach) -> impl Iterator<Item = (String, i64)> + 'a {
    let begun = begun.parts().map(|(part, next)| (format!("begun/{part}"), next));
    begun.chain(buckets.iter().map(|bucket| (made_id(*bucket), 1)))
}

fn made_id(bucket: i32) -> String {
    format!("made/{bucket}")
}

impl StreamTable {
    /// How far of the parts of a reach the table rests on; nothing while it has never been finished.
    pub async fn rests_on(&self, reach: &Reach) -> Result<Reach, CommitError> {
        self.stored_of(reach, "").await
    }

    /// How far the ledgers went when the table was begun.
    pub async fn begun_at(&self, reach: &Reach) -> Result<Reach, CommitError> {
        self.stored_of(reach, "begun/").await
    }

    async fn stored_of(&self, reach: &Reach, prefix: &str) -> Result<Reach, CommitError> {
        let mut stored = Reach::default();
        for (part, _) in reach.parts() {
            if let Some(next) = self.stored(&format!("{prefix}{part}")).await? {
                stored.extend(part.clone(), next.0);
            }
        }
        Ok(stored)
    }

    /// The buckets that have not been made once.
    pub async fn not_made(&self) -> Result<Vec<i32>, CommitError> {
        let mut missing = Vec::new();
        for bucket in 0..BUCKETS {
            if self.stored(&made_id(bucket)).await?.is_none() {
                missing.push(bucket);
            }
        }
        Ok(missing)
    }

    /// How many rows of a bucket, in one row, another table does not have as often.
    pub async fn difference(&self, other: &Self, bucket: i32) -> Result<Vec<RecordBatch>, CommitError> {
        let context = SessionContext::new();
        let counted = async |table: &Self| {
            let provider = table.table.table_provider().with_session(Arc::new(context.state())).await?;
            let columns: Vec<Expr> = provider.schema().fields().iter().map(|f| col(f.name().as_str())).collect();
            let rows = context.read_table(provider)?.filter(col(BUCKET).eq(lit(bucket)))?;
            rows.aggregate(columns, vec![count(lit(1)).alias("times")])
        };
        let difference = async {
            let (mine, others) = (counted(self).await?, counted(other).await?);
            mine.except(others)?.aggregate(vec![], vec![count(lit(1))])
        };
        self.collect(difference.await).await
    }

    /// Puts rows in the place of all rows of some buckets.
    pub async fn replace_buckets<E>(
        &mut self,
        buckets: &[i32],
        mut rows: impl Stream<Item = Result<RecordBatch, E>> + Unpin,
        entries: &BTreeMap<String, i64>,
    ) -> Result<Commit, ReplaceError<E>> {
        let mut writer = RecordBatchWriter::for_table(&self.table)
            .map_err(|source| self.fault(source))?
            .with_writer_properties(layout::bucket(self.id_column));
        while let Some(rows) = rows.next().await {
            let rows = rows.map_err(ReplaceError::Rows)?;
            if rows.num_rows() > 0 {
                writer.write(rows).await.map_err(|source| self.fault(source))?;
            }
        }
        let added = self.finish(writer).await?;
        let snapshot = self.table.snapshot().map_err(|source| self.fault(source))?;
        let is_replaced = |bucket: Option<&Option<String>>| {
            let bucket = bucket.and_then(|bucket| bucket.as_deref()?.parse::<i32>().ok());
            bucket.is_some_and(|bucket| buckets.contains(&bucket))
        };
        let files = snapshot.log_data();
        let old: Vec<_> = files.iter().filter(|file| is_replaced(file.partition_values_map().get(BUCKET))).collect();
        let removed: Vec<Action> = old.iter().map(|file| Action::Remove(file.remove_action(true))).collect();
        let paths: Vec<String> = old.iter().map(|file| file.path().into_owned()).collect();
        self.touch(&paths).await?;
        let operation = DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: Some(vec![BUCKET.to_owned()]),
            predicate: None,
        };
        Ok(self.commit([removed, added].concat(), entries, operation).await?)
    }
}
