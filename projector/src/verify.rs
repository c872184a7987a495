//! Proves that each acknowledged event is in its ledger exactly once, or names the exceptions.
//!
//! In: the topics and the tables, as they are. Out: counts a topic, and a line for each thing that does not hold.
//! Guarantee: it shares no code with the way by which rows are written (it has a reader of the log, of the tables and
//! of messages of its own; only the contract and the names of `position` are shared), it writes nothing, and it may run
//! beside a projector: it judges what the tables say they have read at one moment, and no more.
//!
//! What is proved, of each record that the log still has and the tables say they have read: it is one row of its
//! ledger, with the same content, or one row of `outcome`, with the same bytes (`places`); no id is in a ledger twice, at
//! any distance, and every duplicate has its id there (`ids`); no row comes from where nothing was read (`origins`,
//! `extent`); every receipt has its rows and its rejects (`receipts`). What the log no longer has is counted, and proved only as far as
//! its ids and receipts go.
//!
//! Memory does not grow with the tables: the lists of the check hold [`AT_ONCE`] places or four times as many sums, 128
//! MiB, beside what the client of the log fetches ahead (16 MiB) and the table reader's row groups.

use std::collections::HashMap;

use lantoa_schemas::avro::Revisions;
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};

use crate::config::Config;

mod exception;
mod extent;
mod ids;
mod layout;
mod log;
mod origins;
mod places;
mod receipts;
mod tables;

pub use exception::{Exception, Kind};
pub use log::LogError;
pub use tables::TableError;

use exception::Exceptions;
use extent::{Part, Whole};
use ids::Ids;
use layout::{Keys, Layout};
use log::Log;
use origins::{Moment, Tally};
use places::Places;
use receipts::Receipts;
use tables::Snapshot;

/// Places of the log that are taken at once, unless told otherwise. A place has at most two rows of 32 bytes, unless
/// there is a fault.
pub const AT_ONCE: usize = 2 << 20;

/// Sums that have room where a place has: 16 bytes each.
const SUMS_A_PLACE: usize = 4;

/// Why the check could not be done. Nothing is known then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The tables cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Who is told how it goes.
pub trait Watch: Send + Sync {
    /// A stage begins that will take so many steps, more or less.
    fn stage(&self, what: &str, steps: u64);
    /// So many steps of the stage are done.
    fn step(&self, steps: u64);
    /// Something does not hold.
    fn exception(&self, exception: &Exception);
}

/// What was counted of one topic. Where nothing is at fault, `log` is the sum of `ledger`, `duplicate`, `rejected`,
/// `owed` and `unread`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopicCount {
    /// Records that the log has.
    pub log: u64,
    /// Of these, in their table.
    pub ledger: u64,
    /// Of these, in `outcome`, because their id was there already.
    pub duplicate: u64,
    /// Of these, in `outcome`, because they broke the contract.
    pub rejected: u64,
    /// Of these, without a row of `outcome` yet, as the last commit of the ledger says.
    pub owed: u64,
    /// Of these, not read yet.
    pub unread: u64,
    /// Rows of the table and of `outcome` whose record the log no longer has.
    pub only_tables: u64,
    /// What does not hold.
    pub faults: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Each topic, in the order of [`Stream::ALL`].
    pub topics: Vec<(Stream, TopicCount)>,
}

impl Report {
    /// All that does not hold.
    pub fn faults(&self) -> u64 {
        self.topics.iter().map(|(_, count)| count.faults).sum()
    }
}

/// Checks all topics against all tables. `at_once` bounds memory: see [`AT_ONCE`].
///
/// # Errors
/// When the log or the tables cannot be read.
pub async fn verify(config: &Config, at_once: usize, watch: &dyn Watch) -> Result<Report, Error> {
    watch.stage("looking at the tables and the log", 0);
    let log = Log::connect(config).await?;
    let whole = extent::take(config, &log).await?;
    let layout = |stream| Layout::of(Revisions::of(stream, &config.confluent_schemas));
    let check = Check {
        layouts: Stream::ALL.iter().map(|stream| (*stream, layout(*stream))).collect(),
        keys: Keys::default(),
        at_once: at_once.max(1),
        log,
        whole,
        watch,
    };
    check.run().await
}

struct Check<'a> {
    layouts: HashMap<Stream, Layout>,
    keys: Keys,
    at_once: usize,
    log: Log,
    whole: Whole,
    watch: &'a dyn Watch,
}

impl Check<'_> {
    async fn run(&self) -> Result<Report, Error> {
        let outcome = self.whole.outcome.as_ref();
        let parts = &self.whole.parts;
        let in_outcome = match outcome {
            Some(outcome) => origins::of_outcome(parts, outcome).await?,
            None => parts.iter().map(|_| Vec::new()).collect(),
        };
        let mut report = Report::default();
        let mut rows = 0;
        for (part, in_outcome) in parts.iter().zip(&in_outcome) {
            let mut found = Exceptions::new(self.watch);
            let mut count = TopicCount::default();
            let in_ledger = self.bounds(part, in_outcome, &mut count, &mut found).await?;
            self.places(part, &mut count, &mut found).await?;
            self.ids(part, &in_ledger, in_outcome, &mut found).await?;
            rows += in_ledger.iter().chain(in_outcome).map(|tally| tally.rows).sum::<u64>();
            if part.stream == Stream::Receipt {
                self.receipts(rows, &mut found).await?;
            }
            count.faults = found.finish();
            report.topics.push((part.stream, count));
        }
        Ok(report)
    }

    fn sums_at_once(&self) -> usize {
        self.at_once.saturating_mul(SUMS_A_PLACE)
    }

    /// Holds what the table says it has read against what the log has, and against where its rows came from.
    async fn bounds(
        &self,
        part: &Part,
        in_outcome: &[Tally],
        count: &mut TopicCount,
        found: &mut Exceptions<'_>,
    ) -> Result<Vec<Tally>, Error> {
        let rows = part.table.as_ref().map_or(0, Snapshot::rows);
        self.watch.stage(&format!("{}: where its rows came from", part.stream.topic()), rows);
        part.extents.iter().for_each(|extent| extent.check(found));
        for at in &part.lost {
            let (place, example) = (at.to_string(), String::new());
            found.tell(Exception { kind: Kind::NoPartition, place, count: 1, example });
        }
        let in_ledger = origins::of_ledger(part, self.watch).await?;
        let of_table = in_ledger.iter().map(|tally| (part.stream.table(), tally, Moment::Snapshot));
        let of_outcome = in_outcome.iter().map(|tally| (OUTCOME_TABLE, tally, Moment::Later));
        for (table, tally, moment) in of_table.chain(of_outcome) {
            count.only_tables += tally.gone;
            if let Some(exception) = origins::beyond(part, table, tally, moment).await? {
                found.tell(exception);
            }
        }
        Ok(in_ledger)
    }

    async fn places(&self, part: &Part, count: &mut TopicCount, found: &mut Exceptions<'_>) -> Result<(), Error> {
        let records = part.extents.iter().map(|extent| extent.high.abs_diff(extent.low)).sum();
        self.watch.stage(&format!("{}: each record has one row", part.stream.topic()), records);
        let places = Places {
            part,
            outcome: self.whole.outcome.as_ref(),
            log: &self.log,
            layout: &self.layouts[&part.stream],
            keys: &self.keys,
            at_once: self.at_once,
            watch: self.watch,
        };
        for extent in &part.extents {
            places.judge(extent, count, found).await?;
        }
        Ok(())
    }

    async fn ids(
        &self,
        part: &Part,
        in_ledger: &[Tally],
        in_outcome: &[Tally],
        found: &mut Exceptions<'_>,
    ) -> Result<(), Error> {
        let ids = Ids {
            part,
            outcome: self.whole.outcome.as_ref(),
            keys: &self.keys,
            at_once: self.sums_at_once(),
            watch: self.watch,
        };
        let rows = in_ledger.iter().chain(in_outcome).map(|tally| tally.rows).sum();
        self.watch.stage(&format!("{}: each id counts once", part.stream.topic()), ids.steps(rows));
        Ok(ids.judge(in_ledger, in_outcome, found).await?)
    }

    async fn receipts(&self, rows: u64, found: &mut Exceptions<'_>) -> Result<(), Error> {
        let receipts = Receipts {
            whole: &self.whole,
            log: &self.log,
            layouts: &self.layouts,
            keys: &self.keys,
            at_once: self.sums_at_once(),
            watch: self.watch,
        };
        self.watch.stage("each receipt has its rows and its rejects", receipts.steps(rows));
        receipts.judge(rows, found).await
    }
}
