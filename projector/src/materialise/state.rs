//! What is there already of a projection's table.
//!
//! In: the table, where there is one, and how far the ledgers go. Out: from where on buckets are touched, which have to be
//! made beside those, and what a commit notes that does not finish the work. Guarantee: a table that was never whole says
//! so until all its buckets are made; what was made before it broke off counts.

use std::collections::BTreeMap;

use lantoa_schemas::projection::Reach;

use crate::commit::{CommitError, StreamTable, made};

/// How much of a table is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// All of it was made once: it rests on so much, some buckets perhaps on more.
    Whole(Reach),
    /// Some buckets are made, and the others never were.
    Begun {
        /// How far the ledgers went when the first was made: all that are made rest on this at least.
        at: Reach,
        /// Those that never were.
        not_made: Vec<i32>,
    },
    /// Nothing that counts: no table, or one without a made bucket.
    Absent,
}

impl State {
    /// Of a table, beside ledgers that go so far.
    pub async fn of(table: Option<&StreamTable>, ledgers: &Reach) -> Result<Self, CommitError> {
        let Some(table) = table else { return Ok(Self::Absent) };
        let then = table.rests_on(ledgers).await?;
        if then != Reach::default() {
            return Ok(Self::Whole(then));
        }
        let at = table.begun_at(ledgers).await?;
        if at != Reach::default() {
            return Ok(Self::Begun { at, not_made: table.not_made().await? });
        }
        Ok(Self::Absent)
    }

    /// How far of the ledgers all rests that is made: what came since touches its buckets.
    pub fn rests_on(&self) -> Reach {
        match self {
            Self::Whole(then) => then.clone(),
            Self::Begun { at, .. } => at.clone(),
            Self::Absent => Reach::default(),
        }
    }

    /// The buckets that have to be made, in order: the touched ones, and those that never were.
    pub fn to_make(&self, mut touched: Vec<i32>) -> Vec<i32> {
        if let Self::Begun { not_made, .. } = self {
            touched.extend(not_made);
            touched.sort_unstable();
            touched.dedup();
        }
        touched
    }

    /// What a commit of some buckets notes that is not the last one. The reach of a whole table stays as it is until the
    /// last, so that its readers judge anew what is half done.
    pub fn on_the_way(&self, buckets: &[i32], ledgers: &Reach) -> BTreeMap<String, i64> {
        match self {
            Self::Whole(_) => BTreeMap::new(),
            // Not how far the ledgers go now: what was made first rests on less.
            Self::Begun { at, .. } => made(buckets, at).collect(),
            Self::Absent => made(buckets, ledgers).collect(),
        }
    }
}
