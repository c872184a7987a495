//! No id is in its table twice, at any distance, and every duplicate has its id there.
//!
//! In: the ids of a table and those that `outcome` calls duplicates. Out: what does not hold, by name. Memory: the sums
//! of as many ids as are taken at once, 16 bytes each: the ids are gone through in passes, each taking those whose sums
//! lie in its share of all sums. What has to be named is looked up afterwards, up to [`NAMED`] of a kind.

use std::collections::HashMap;

use datafusion::prelude::{col, lit};
use lantoa_schemas::table::{LOG_GENERATION, LOG_OFFSET, LOG_PARTITION};

use super::Watch;
use super::exception::{Exception, Exceptions, Kind};
use super::extent::{Origin, Part};
use super::layout::{Cell, Keys};
use super::origins::{Positions, Tally};
use super::tables::{Snapshot, TableError};

/// Most ids that are named of one kind and stream; the others are counted.
const NAMED: usize = 100;

/// Most places that are named of one id.
const PLACES: usize = 4;

/// A share of all sums, so that what has to be in memory at once is bounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    number: u64,
    of: u64,
}

impl Pass {
    /// As many as `things` need when `at_once` of them are taken at once.
    pub fn all(things: u64, at_once: usize) -> impl Iterator<Item = Self> {
        let of = things.div_ceil((at_once as u64).max(1)).max(1);
        (0..of).map(move |number| Self { number, of })
    }

    /// Room for this share of all, and a little more: chance does not share quite evenly.
    pub fn room(self, things: u64) -> usize {
        usize::try_from(things / self.of + things / self.of / 16 + 16).unwrap_or(0)
    }

    /// Whether a sum is in this share, by its upper half.
    pub fn takes(self, upper: u64) -> bool {
        // The share that the sum has of all, as a number below `of`.
        (u128::from(upper) * u128::from(self.of)) >> 64 == u128::from(self.number)
    }
}

/// What a pass found: sums that are there more than once, with how many too many, and duplicates of none.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    twice: Vec<(u128, u64)>,
    of_none: Vec<u128>,
}

/// Of the sums of a table's ids and of the duplicates, in any order.
fn compare(ids: &mut [u128], duplicates: &mut Vec<u128>) -> Found {
    ids.sort_unstable();
    duplicates.sort_unstable();
    let runs = ids.chunk_by(|a, b| a == b).filter(|run| run.len() > 1);
    let twice = runs.map(|run| (run[0], run.len() as u64 - 1)).collect();
    duplicates.dedup();
    let of_none = duplicates.iter().copied().filter(|id| ids.binary_search(id).is_err()).collect();
    Found { twice, of_none }
}

/// What has to be named, and what is only counted.
#[derive(Default)]
struct Names {
    ids: HashMap<u128, Named>,
    unnamed: u64,
}

/// An id and places where it is.
#[derive(Default)]
struct Named {
    id: String,
    count: u64,
    places: Vec<String>,
}

impl Names {
    fn add(&mut self, id: u128, count: u64) {
        if self.ids.len() < NAMED {
            self.ids.insert(id, Named { count, ..Named::default() });
        } else {
            self.unnamed += count;
        }
    }
}

/// All that going through the ids of one stream needs.
pub(super) struct Ids<'a> {
    pub part: &'a Part,
    pub outcome: Option<&'a Snapshot>,
    pub keys: &'a Keys,
    /// Ids that are taken at once.
    pub at_once: usize,
    pub watch: &'a dyn Watch,
}

impl Ids<'_> {
    /// The steps that it will take.
    pub fn steps(&self, rows: u64) -> u64 {
        Pass::all(rows, self.at_once).count() as u64 * rows
    }

    /// Goes through all ids. `ledger` and `outcome` say from which logs the rows came.
    pub async fn judge(
        &self,
        ledger: &[Tally],
        outcome: &[Tally],
        found: &mut Exceptions<'_>,
    ) -> Result<(), TableError> {
        let rows: u64 = ledger.iter().chain(outcome).map(|tally| tally.rows).sum();
        // What a running projector has added to `outcome` since the ledger was looked at is not judged.
        let stored = self.part.all_stored(outcome.iter().map(|tally| &tally.origin)).await?;
        let (mut twice, mut of_none) = (Names::default(), Names::default());
        for pass in Pass::all(rows, self.at_once) {
            let mut ids = Vec::with_capacity(pass.room(rows));
            if let Some(table) = &self.part.table {
                self.table_ids(table, pass, &mut ids).await?;
            }
            let mut duplicates = Vec::new();
            if let Some(outcome) = self.outcome {
                self.each_duplicate(outcome, &stored, |id, _| {
                    let sum = self.keys.id(id);
                    if pass.takes((sum >> 64) as u64) {
                        duplicates.push(sum);
                    }
                })
                .await?;
            }
            let pass_found = compare(&mut ids, &mut duplicates);
            pass_found.twice.iter().for_each(|(id, more)| twice.add(*id, *more));
            pass_found.of_none.iter().for_each(|id| of_none.add(*id, 1));
        }
        self.name_twice(twice, found).await?;
        self.name_of_none(of_none, &stored, found).await
    }

    async fn table_ids(&self, table: &Snapshot, pass: Pass, ids: &mut Vec<u128>) -> Result<(), TableError> {
        let id_column = self.part.stream.id_column();
        table
            .each(&[id_column], None, |rows| {
                let column = rows.column(id_column)?;
                let sums = (0..rows.len()).map(|row| self.keys.id(column.cell(row).text()));
                ids.extend(sums.filter(|sum| pass.takes((sum >> 64) as u64)));
                self.watch.step(rows.len() as u64);
                Ok(())
            })
            .await
    }

    /// Hands on each duplicate of the stream with its id and place, of which the ledger has decided.
    async fn each_duplicate(
        &self,
        outcome: &Snapshot,
        stored: &HashMap<Origin, i64>,
        mut take: impl FnMut(&str, &dyn Fn() -> String),
    ) -> Result<(), TableError> {
        let mut columns = Positions::COLUMNS.to_vec();
        columns.push("event_id");
        let ours = col("topic").eq(lit(self.part.stream.topic())).and(col("outcome").eq(lit("duplicate")));
        outcome
            .each(&columns, Some(ours), |rows| {
                let (positions, ids) = (Positions::of(rows)?, rows.column("event_id")?);
                for row in 0..rows.len() {
                    let (origin, offset) = positions.origin(row);
                    let decided = stored.get(&origin).is_some_and(|next| offset < *next);
                    if let (Cell::Text(id), true) = (ids.cell(row), decided) {
                        take(id, &|| place(&origin, offset));
                    }
                }
                self.watch.step(rows.len() as u64);
                Ok(())
            })
            .await
    }

    async fn name_twice(&self, mut names: Names, found: &mut Exceptions<'_>) -> Result<(), TableError> {
        let (Some(table), false) = (&self.part.table, names.ids.is_empty()) else { return Ok(()) };
        let id_column = self.part.stream.id_column();
        let columns = [Positions::COLUMNS.as_slice(), &[id_column]].concat();
        table
            .each(&columns, None, |rows| {
                let (positions, ids) = (Positions::of(rows)?, rows.column(id_column)?);
                for row in 0..rows.len() {
                    let id = ids.cell(row).text();
                    if let Some(named) = names.ids.get_mut(&self.keys.id(id)) {
                        id.clone_into(&mut named.id);
                        let (origin, offset) = positions.origin(row);
                        if named.places.len() < PLACES {
                            named.places.push(place(&origin, offset));
                        }
                    }
                }
                Ok(())
            })
            .await?;
        self.tell(Kind::IdTwice, names, found);
        Ok(())
    }

    async fn name_of_none(
        &self,
        mut names: Names,
        stored: &HashMap<Origin, i64>,
        found: &mut Exceptions<'_>,
    ) -> Result<(), TableError> {
        let (Some(outcome), false) = (self.outcome, names.ids.is_empty()) else { return Ok(()) };
        self.each_duplicate(outcome, stored, |id, at| {
            if let Some(named) = names.ids.get_mut(&self.keys.id(id)) {
                id.clone_into(&mut named.id);
                if named.places.len() < PLACES {
                    named.places.push(at());
                }
            }
        })
        .await?;
        self.tell(Kind::DuplicateOfNone, names, found);
        Ok(())
    }

    fn tell(&self, kind: Kind, names: Names, found: &mut Exceptions<'_>) {
        let topic = self.part.stream.topic();
        let mut all: Vec<Named> = names.ids.into_values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        for Named { id, count, mut places } in all {
            places.sort();
            let place = format!("{topic} {} {id}", super::places::noun(self.part.stream));
            found.tell(Exception { kind, place, count, example: format!("from {}", places.join(", ")) });
        }
        found.tell_rest(kind, topic.to_owned(), names.unnamed);
    }
}

fn place(origin: &Origin, offset: i64) -> String {
    let Origin { cluster, generation, partition } = origin;
    format!("{LOG_GENERATION} {generation}, {LOG_PARTITION} {partition}, {LOG_OFFSET} {offset} of cluster {cluster}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_twice_and_what_is_of_none_is_found() {
        for (ids, duplicates, twice, of_none) in [
            (vec![], vec![], vec![], vec![]),
            (vec![3, 1, 2], vec![], vec![], vec![]),
            (vec![3, 1, 2], vec![2, 3, 2], vec![], vec![]),
            (vec![3, 1, 3, 2, 3], vec![1], vec![(3, 2)], vec![]),
            (vec![2, 1, 2], vec![9, 2, 9, 0], vec![(2, 1)], vec![0, 9]),
            (vec![], vec![5], vec![], vec![5]),
        ] {
            let found = compare(&mut ids.clone(), &mut duplicates.clone());
            assert_eq!(found, Found { twice, of_none }, "{ids:?} {duplicates:?}");
        }
    }

    #[test]
    fn every_sum_is_taken_by_exactly_one_pass() {
        for (things, at_once, passes) in [(0, 10, 1), (10, 10, 1), (11, 10, 2), (95, 10, 10), (5, 0, 5)] {
            let all: Vec<Pass> = Pass::all(things, at_once).collect();
            assert_eq!(all.len(), passes);
            for upper in [0, 1, u64::MAX / 3, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX] {
                assert_eq!(all.iter().filter(|pass| pass.takes(upper)).count(), 1, "{upper} of {passes}");
            }
        }
    }

    #[test]
    fn passes_share_evenly() {
        let keys = Keys::default();
        let passes: Vec<Pass> = Pass::all(4_000, 1_000).collect();
        for pass in passes {
            let taken = (0..4_000).filter(|n| pass.takes((keys.id(&n.to_string()) >> 64) as u64)).count();
            assert!((800..1_200).contains(&taken), "{taken}");
        }
    }
}
