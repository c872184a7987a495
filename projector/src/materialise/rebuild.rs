//! Making a projection anew beside the present one.
//!
//! In: a projection. Out: its rows made again from the ledgers into a table of their own, held against the present ones,
//! and then taken in their place. Guarantee: questions are answered all along; what broke off goes on where it was.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use lantoa_schemas::projection::{BUCKETS, Projection};

use super::{MaterialiseError, Materialiser, Renewed, generation};
use crate::commit::StreamTable;

/// How often the tables are brought up and compared before the buckets into which events keep falling are left out.
const ROUNDS: usize = 8;

/// What became of a rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The new generation, now the present one.
    pub generation: u64,
    /// Rows of the new table.
    pub rows: u64,
    /// How it compares with the one before; `None` where there was none.
    pub compared: Option<Compared>,
}

/// How a new table compares with the one whose place it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Buckets in which they differed although both rested on all that concerns them.
    pub differing: Vec<Differing>,
    /// How many buckets could not be compared: events kept falling into them, or the old table could not be read.
    pub uncompared: usize,
}

/// A bucket whose rows were not those that the ledgers give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differing {
    /// Its number.
    pub bucket: i32,
    /// Rows that only the old table had.
    pub only_old: u64,
    /// Rows that only the new one has.
    pub only_new: u64,
}

impl Materialiser {
    /// Makes a projection anew beside the present one, compares the two and switches; `progress` hears how many of how
    /// many buckets are done. `None` where there is no event to make it of.
    ///
    /// # Errors
    /// Where its rows cannot be made or its tables cannot be read or written. What was made stays for the next try.
    pub async fn rebuild(
        &self,
        projection: &'static Projection,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> Result<Option<Rebuilt>, MaterialiseError> {
        let present = generation::present(&self.folder, projection).await?;
        let next = present.unwrap_or(0) + 1;
        let mut differing = Vec::new();
        let mut uncompared: BTreeSet<i32> = (0..BUCKETS).collect();
        // Events may come in all the while, so that the two never rest on the same.
        for _ in 0..ROUNDS {
            while self.bring_up(projection, next, progress).await? == Renewed::Lost {}
            if !self.is_begun(projection, next) {
                return Ok(None);
            }
            let Some(present) = present else { break };
            match self.compare(projection, present, next, &uncompared).await {
                Ok((found, left)) => {
                    differing.extend(found);
                    uncompared = left;
                }
                // It is replaced because something is wrong with it, and that may be what is wrong.
                Err(MaterialiseError::Commit(error)) => {
                    tracing::warn!(view = projection.view, %error, "the present table cannot be compared with the new one");
                    break;
                }
                Err(error) => return Err(error),
            }
            if uncompared.is_empty() {
                break;
            }
        }
        generation::switch(&self.folder, projection, next).await?;
        let rows = self.open(projection, next).await?.rows() as u64;
        let compared = present.map(|_| Compared { differing, uncompared: uncompared.len() });
        Ok(Some(Rebuilt { generation: next, rows, compared }))
    }

    async fn open(&self, projection: &Projection, generation: u64) -> Result<StreamTable, MaterialiseError> {
        Ok(StreamTable::open_existing(&self.folder, &projection.generation(generation), "event_id").await?)
    }

    /// Brings the present table up and holds those of some buckets against the new ones into which nothing has fallen
    /// since either was made. Says how they differ, and which buckets are left.
    async fn compare(
        &self,
        projection: &'static Projection,
        present: u64,
        next: u64,
        buckets: &BTreeSet<i32>,
    ) -> Result<(Vec<Differing>, BTreeSet<i32>), MaterialiseError> {
        while self.bring_up(projection, present, &mut |_, _| {}).await? == Renewed::Lost {}
        let (old, new) = (self.open(projection, present).await?, self.open(projection, next).await?);
        // Only now, when both are opened: one that somebody is renewing has buckets that are ahead of its word.
        let look = self.look(projection).await?;
        let mut touched = BTreeSet::new();
        for table in [&old, &new] {
            let then = table.rests_on(look.reach()).await?;
            let since = look.touched(&then).await;
            touched.extend(since.map_err(|source| MaterialiseError::Derive { view: projection.view, source })?);
        }
        let mut differing = Vec::new();
        for &bucket in buckets.difference(&touched) {
            let only_old = old.rows_not_in(&new, bucket).await?;
            let only_new = new.rows_not_in(&old, bucket).await?;
            if only_old + only_new > 0 {
                differing.push(Differing { bucket, only_old, only_new });
            }
        }
        Ok((differing, buckets.intersection(&touched).copied().collect()))
    }
}

impl StreamTable {
    /// How many rows of a bucket another table does not have as often.
    async fn rows_not_in(&self, other: &Self, bucket: i32) -> Result<u64, crate::commit::CommitError> {
        let counted = self.difference(other, bucket).await?;
        Ok(counted.iter().map(|rows| rows.column(0).as_primitive::<Int64Type>().value(0) as u64).sum())
    }
}
