//! Every row that a receipt acknowledges, and every reject that it says is kept, is there, or still to be read.
//!
//! In: manifests (the table's, those that `outcome` calls duplicates, those not read yet) and the rows that name a
//! receipt (of all ledgers and of `outcome`, and those on the log that are not read yet or are owed a row; and in the same
//! way rejects). Out: the receipts with fewer rows, or fewer rejects, than they claim. A manifest does not list its rows: it
//! says how many they are, and the rows name it; so what is counted are the different row numbers under its key, of which
//! a content as a whole has 0. Manifests of before there were rejects claim none. Memory: 16 bytes a row of as many as are
//! taken at once, in passes over the keys' sums.

use std::collections::HashMap;

use datafusion::prelude::{Expr, col, lit};
use lantoa_schemas::stream::Stream;

use super::exception::{Exception, Exceptions, Kind};
use super::extent::{Part, Whole};
use super::ids::Pass;
use super::layout::{Cell, Keys, Layout, Told};
use super::log::{Log, Piece};
use super::tables::Snapshot;
use super::{Error, Watch};

/// Most receipts that are named; the others are counted.
const NAMED: usize = 100;

/// What a manifest says is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// The rows that were accepted.
    Accepted,
    /// A reject for each that was not.
    Kept,
}

impl Claim {
    const ALL: [Self; 2] = [Self::Accepted, Self::Kept];

    /// The column that has the number.
    fn column(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Kept => "rejects_kept",
        }
    }

    /// The number that a message has.
    fn told(self, told: &Told<'_>) -> Option<i64> {
        match self {
            Self::Accepted => told.accepted,
            Self::Kept => told.kept,
        }
    }

    /// Whether rows of a stream are what is claimed.
    fn is_of(self, stream: Stream) -> bool {
        match self {
            Self::Accepted => matches!(stream, Stream::Ledger(_)),
            Self::Kept => stream == Stream::Reject,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Accepted => Kind::ReceiptShort,
            Self::Kept => Kind::RejectsShort,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Accepted => "rows",
            Self::Kept => "rejects",
        }
    }
}

/// A receipt that claims more than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Short {
    claimed: i64,
    there: i64,
}

/// Of one pass: rows as the sum of their receipt's key and their number below it, and manifests as the sum of their key
/// and how many rows they claim; both in any order and as often as they come.
fn compare(rows: &mut Vec<u128>, manifests: &mut [(u64, i64)]) -> Vec<(u64, Short)> {
    rows.sort_unstable();
    rows.dedup();
    manifests.sort_unstable();
    let upper = |row: &u128| (row >> 64) as u64;
    let mut short = Vec::new();
    for same in manifests.chunk_by(|a, b| a.0 == b.0) {
        // The largest comes last: of what is sent again, more may be acknowledged than before, or refused.
        let Some(&(key, claimed)) = same.last() else { continue };
        let from = rows.partition_point(|row| upper(row) < key);
        let to = rows.partition_point(|row| upper(row) <= key);
        let there = i64::try_from(to - from).unwrap_or(i64::MAX);
        if there < claimed {
            short.push((key, Short { claimed, there }));
        }
    }
    short
}

/// All that holding receipts against rows needs.
pub(super) struct Receipts<'a> {
    pub whole: &'a Whole,
    pub log: &'a Log,
    pub layouts: &'a HashMap<Stream, Layout>,
    pub keys: &'a Keys,
    /// Rows that are taken at once.
    pub at_once: usize,
    pub watch: &'a dyn Watch,
}

impl Receipts<'_> {
    /// The steps that it will take, where the tables have so many rows.
    pub fn steps(&self, rows: u64) -> u64 {
        let passes = Pass::all(self.things(rows), self.at_once).count() * Claim::ALL.len();
        passes as u64 * self.things(rows)
    }

    fn things(&self, rows: u64) -> u64 {
        let pending = self.whole.parts.iter().flat_map(|part| &part.extents).map(|extent| extent.pending());
        rows + pending.map(|pending| pending.end.abs_diff(pending.start)).sum::<u64>()
    }

    /// Holds all receipts against all rows. `rows` is how many the tables have.
    pub async fn judge(&self, rows: u64, found: &mut Exceptions<'_>) -> Result<(), Error> {
        for claim in Claim::ALL {
            self.judge_claim(claim, rows, found).await?;
        }
        Ok(())
    }

    async fn judge_claim(&self, claim: Claim, rows: u64, found: &mut Exceptions<'_>) -> Result<(), Error> {
        let things = self.things(rows);
        let (mut short, mut unnamed) = (HashMap::new(), 0);
        for pass in Pass::all(things, self.at_once) {
            let mut rows = Vec::with_capacity(pass.room(things));
            let mut manifests = Vec::new();
            self.each_row(claim, &mut |key: &str, row: i64| {
                let sum = self.keys.short_id(key);
                if pass.takes(sum) {
                    rows.push(u128::from(sum) << 64 | u128::from(row.cast_unsigned()));
                }
            })
            .await?;
            self.each_manifest(claim, &mut |key: &str, claimed: i64| {
                let sum = self.keys.short_id(key);
                if pass.takes(sum) {
                    manifests.push((sum, claimed));
                }
            })
            .await?;
            for (key, lacking) in compare(&mut rows, &mut manifests) {
                if short.len() < NAMED {
                    short.insert(key, lacking);
                } else {
                    unnamed += lacking.claimed.abs_diff(lacking.there);
                }
            }
        }
        if short.is_empty() {
            return Ok(());
        }
        let mut named = Vec::new();
        self.each_manifest(claim, &mut |key: &str, _: i64| {
            // Each once, however often its manifest is met.
            if let Some(lacking) = short.remove(&self.keys.short_id(key)) {
                named.push((key.to_owned(), lacking));
            }
        })
        .await?;
        named.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, Short { claimed, there }) in named {
            let place = format!("{} receipt {key}", Stream::Receipt.topic());
            let example = format!("{there} {} of {claimed} are there", claim.noun());
            found.tell(Exception { kind: claim.kind(), place, count: claimed.abs_diff(there), example });
        }
        found.tell_rest(claim.kind(), Stream::Receipt.topic().to_owned(), unnamed);
        Ok(())
    }

    /// Hands on the receipt's key and the number of every row of what is claimed that names a receipt.
    async fn each_row(&self, claim: Claim, take: &mut impl FnMut(&str, i64)) -> Result<(), Error> {
        // Of a content as a whole there is no number.
        let blank = (claim == Claim::Kept).then_some(0);
        for part in self.whole.parts.iter().filter(|part| claim.is_of(part.stream)) {
            if let Some(table) = &part.table {
                self.each_numbered(table, ("receipt_row", blank), None, take).await?;
            }
            self.each_pending(part, |told| {
                if let Some((key, row)) = told.receipt {
                    take(key, row);
                }
            })
            .await?;
        }
        // An event may be there under another receipt already; a reject that is there twice is there under its own.
        if let Some(outcome) = self.whole.outcome.as_ref().filter(|_| claim == Claim::Accepted) {
            let others = [Stream::Receipt, Stream::Reject].map(|stream| col("topic").not_eq(lit(stream.topic())));
            let events = others.into_iter().reduce(Expr::and);
            self.each_numbered(outcome, ("receipt_row", None), events, take).await?;
        }
        Ok(())
    }

    /// Hands on the key of every manifest, and how many it claims.
    async fn each_manifest(&self, claim: Claim, take: &mut impl FnMut(&str, i64)) -> Result<(), Error> {
        let Some(part) = self.whole.parts.iter().find(|part| part.stream == Stream::Receipt) else { return Ok(()) };
        if let Some(table) = &part.table {
            self.each_numbered(table, (claim.column(), None), None, take).await?;
        }
        if let Some(outcome) = &self.whole.outcome {
            let layout = &self.layouts[&Stream::Receipt];
            let again = col("topic").eq(lit(Stream::Receipt.topic())).and(col("outcome").eq(lit("duplicate")));
            outcome
                .each(&["bytes"], Some(again), |rows| {
                    let messages = rows.column("bytes")?;
                    let mut cells = Vec::new();
                    for row in 0..rows.len() {
                        let Cell::Bytes(message) = messages.cell(row) else { continue };
                        if layout.read(message, &mut cells) {
                            let told = layout.tell(&cells, self.keys);
                            claim.told(&told).into_iter().for_each(|claimed| take(told.id, claimed));
                        }
                    }
                    self.watch.step(rows.len() as u64);
                    Ok(())
                })
                .await?;
        }
        self.each_pending(part, |told| claim.told(told).into_iter().for_each(|claimed| take(told.id, claimed))).await
    }

    /// Hands on the receipt's key of every row of a table that has one, and the number in another column, where it has one
    /// or something stands for none.
    async fn each_numbered(
        &self,
        table: &Snapshot,
        (number, blank): (&str, Option<i64>),
        filter: Option<Expr>,
        take: &mut impl FnMut(&str, i64),
    ) -> Result<(), Error> {
        let columns = ["receipt", number];
        let read = table.each(&columns, filter, |rows| {
            let (keys, numbers) = (rows.column("receipt")?, rows.column(number)?);
            for row in 0..rows.len() {
                if let (Cell::Text(key), Some(number)) = (keys.cell(row), numbers.cell(row).whole().or(blank)) {
                    take(key, number);
                }
            }
            self.watch.step(rows.len() as u64);
            Ok(())
        });
        Ok(read.await?)
    }

    /// Hands on what the records say that may yet become rows.
    async fn each_pending(&self, part: &Part, mut take: impl FnMut(&Told<'_>)) -> Result<(), Error> {
        let layout = &self.layouts[&part.stream];
        for extent in &part.extents {
            let pending = extent.pending();
            let mut reading = self.log.read(extent.at, pending.start, pending.end);
            while let Some(piece) = reading.next().await? {
                let Piece::Records(chunk) = piece else { continue };
                let mut cells = Vec::new();
                for (_, message) in chunk.records() {
                    if layout.read(message, &mut cells) {
                        take(&layout.tell(&cells, self.keys));
                    }
                }
                self.watch.step(chunk.len() as u64);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_needs_as_many_different_rows_as_it_acknowledges() {
        let row = |key: u64, number: u64| u128::from(key) << 64 | u128::from(number);
        let short = |key, claimed, there| (key, Short { claimed, there });
        for (rows, manifests, expected) in [
            (vec![], vec![], vec![]),
            (vec![row(5, 1)], vec![], vec![]),
            (vec![row(5, 2), row(5, 1)], vec![(5, 2)], vec![]),
            (vec![row(5, 1), row(5, 1)], vec![(5, 2)], vec![short(5, 2, 1)]),
            (vec![row(4, 9), row(6, 0)], vec![(5, 1)], vec![short(5, 1, 0)]),
            (vec![row(5, 1), row(5, 2)], vec![(5, 1), (5, 3), (5, 2)], vec![short(5, 3, 2)]),
            (vec![row(0, 1), row(u64::MAX, 7)], vec![(u64::MAX, 1), (0, 1)], vec![]),
            (vec![], vec![(0, 1), (u64::MAX, 1)], vec![short(0, 1, 0), short(u64::MAX, 1, 0)]),
        ] {
            assert_eq!(compare(&mut rows.clone(), &mut manifests.clone()), expected, "{rows:?} {manifests:?}");
        }
    }
}
