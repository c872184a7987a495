//! Making a projection anew beside the present one.
//!
//! In: a projection. Out: its rows made again from the ledgers into a table of their own, held against the present ones,
//! and then taken in their place. Guarantee: questions are answered all along; what broke off goes on where it was.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use lantoa_schemas::projection::{BUCKETS, Projection};

use super::{MaterialiseError, Materialiser, Renewed, generation};
use crate::commit::StreamTable;

/// What became of a rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The new generation, now the present one.
    pub generation: u64,
    /// Rows of the new table.
    pub rows: u64,
    /// Buckets in which it differed from the present one; `None` where there was none to compare it with.
    pub differing: Option<Vec<Differing>>,
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
        // Until both rest on the same: events may come in all the while.
        let differing = loop {
            while self.bring_up(projection, next, progress).await? == Renewed::Lost {}
            if !self.folder.join(projection.generation(next)).exists() {
                return Ok(None);
            }
            let Some(present) = present else { break None };
            while self.bring_up(projection, present, &mut |_, _| {}).await? == Renewed::Lost {}
            let (old, new) = (self.open(projection, present).await?, self.open(projection, next).await?);
            let look = self.look(projection).await?;
            if old.rests_on(look.reach()).await? == new.rests_on(look.reach()).await? {
                break Some(self.compare(&old, &new).await?);
            }
        };
        generation::switch(&self.folder, projection, next).await?;
        let rows = self.open(projection, next).await?.rows() as u64;
        Ok(Some(Rebuilt { generation: next, rows, differing }))
    }

    async fn open(&self, projection: &Projection, generation: u64) -> Result<StreamTable, MaterialiseError> {
        Ok(StreamTable::open_existing(&self.folder, &projection.generation(generation), "event_id").await?)
    }

    async fn compare(&self, old: &StreamTable, new: &StreamTable) -> Result<Vec<Differing>, MaterialiseError> {
        let mut differing = Vec::new();
        for bucket in 0..BUCKETS {
            let only_old = old.rows_not_in(new, bucket).await?;
            let only_new = new.rows_not_in(old, bucket).await?;
            if only_old + only_new > 0 {
                differing.push(Differing { bucket, only_old, only_new });
            }
        }
        Ok(differing)
    }
}

impl StreamTable {
    /// How many rows of a bucket another table does not have as often.
    async fn rows_not_in(&self, other: &Self, bucket: i32) -> Result<u64, crate::commit::CommitError> {
        let counted = self.difference(other, bucket).await?;
        Ok(counted.iter().map(|rows| rows.column(0).as_primitive::<Int64Type>().value(0) as u64).sum())
    }
}
