//! Which ids are in the table already.
//!
//! A Bloom filter of all ids answers "surely new" at once; what it holds possible is looked up in the table itself. So
//! the answer is exact and the memory is about three bytes an id. The filter is built from the table at the start,
//! takes in what others commit, and grows by adding a larger one.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::OnceLock;

use parquet::bloom_filter::Sbbf;

use crate::commit::{CommitError, StreamTable};

/// An id's hash: 128 bits under a key of this process, so that two ids never share one, by chance or by design.
pub(crate) type IdHash = u128;

/// The hash of an id.
pub(crate) fn hash(id: &str) -> IdHash {
    static KEYS: OnceLock<[RandomState; 2]> = OnceLock::new();
    let [high, low] = KEYS.get_or_init(Default::default);
    u128::from(high.hash_one(id)) << 64 | u128::from(low.hash_one(id))
}

/// Ids by their hashes, which need no second hash: they are under a key already.
pub(crate) type IdSet = HashSet<IdHash, BuildHasherDefault<AsItIs>>;

/// Takes half of an [`IdHash`] for its hash.
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write_u128(&mut self, id: u128) {
        self.0 = id as u64;
    }

    // Of no use for ids, whose only way in is the one above; right all the same.
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// One in a million new ids costs a needless look into the table.
const FALSE_POSITIVES: f64 = 1e-6;

/// Ids that the first filter has room for.
const FIRST_ROOM: usize = 1 << 18;

/// Ids that a filter has room for at most: a larger one would pass the size that its kind is capped at, and lose its
/// rate.
const MOST_ROOM: usize = 1 << 25;

/// All ids of a table, in short.
pub(crate) struct SeenIds {
    filters: Vec<Sbbf>,
    room: usize,
    left: usize,
    /// The table's version whose ids are all here.
    version: u64,
}

impl Default for SeenIds {
    fn default() -> Self {
        Self::with_room(FIRST_ROOM)
    }
}

impl SeenIds {
    /// All ids of a table, read from it.
    pub async fn of(table: &StreamTable) -> Result<Self, CommitError> {
        let mut seen = Self::with_room(table.rows() * 2);
        table.each_id(|id| seen.insert(id)).await?;
        seen.is_at(table);
        Ok(seen)
    }

    /// Takes in the ids that came into the table by commits that it was not told of. A compaction brings none.
    pub async fn catch_up(&mut self, table: &StreamTable) -> Result<(), CommitError> {
        let since = self.version;
        if table.each_id_since(since, |id| self.insert(id)).await? {
            self.is_at(table);
        } else {
            *self = Self::of(table).await?;
        }
        Ok(())
    }

    /// From now on it has all ids of the table as it is.
    pub fn is_at(&mut self, table: &StreamTable) {
        self.version = table.version();
    }

    /// Room for so many ids before it has to grow.
    pub fn with_room(ids: usize) -> Self {
        let room = ids.clamp(FIRST_ROOM, MOST_ROOM);
        Self { filters: vec![filter(room)], room, left: room, version: 0 }
    }

    /// Remembers an id.
    pub fn insert(&mut self, id: IdHash) {
        if self.left == 0 {
            self.room = (self.room * 4).min(MOST_ROOM);
            self.left = self.room;
            self.filters.push(filter(self.room));
        }
        self.left -= 1;
        if let Some(newest) = self.filters.last_mut() {
            newest.insert(&id.to_le_bytes()[..]);
        }
    }

    /// False where the id is surely new; true where the table has to be asked.
    pub fn may_contain(&self, id: IdHash) -> bool {
        self.filters.iter().rev().any(|filter| filter.check(&id.to_le_bytes()[..]))
    }
}

fn filter(room: usize) -> Sbbf {
    Sbbf::new_with_ndv_fpp(room as u64, FALSE_POSITIVES).expect("the rate lies between 0 and 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_in_is_found_and_little_else() {
        let mut seen = SeenIds::default();
        let count = FIRST_ROOM + 50_000;
        for id in 0..count {
            seen.insert(hash(&id.to_string()));
        }
        assert!((0..count).all(|id| seen.may_contain(hash(&id.to_string()))));
        let wrong = (count..2 * count).filter(|id| seen.may_contain(hash(&id.to_string()))).count();
        assert!(wrong < 20, "{wrong} of {count}");
    }
}
