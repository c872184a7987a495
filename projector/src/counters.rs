//! What has gone through, counted: as metrics, and as numbers for whoever runs the projector inside its own program.
//!
//! In: what the steps report. Out: the series of `/metrics` that are named here, and [`Counts`]. Guarantee: a record is
//! counted as read when it is taken up, and once more when what it comes to is in the tables: as committed, duplicate
//! or rejected where this projector is the first to read it, else as read again (after a crash, or after another
//! projector committed it). So the difference of the two is what is under way.

use std::time::Duration;

use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::commit::Footprint;

/// Upper bounds of the commit times that are told apart, in seconds. A commit on a local disk takes about 0.03.
const COMMIT_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const COMMITTED: &str = "committed";
const DUPLICATE: &str = "duplicate";
const REJECTED: &str = "rejected";
const READ_AGAIN: &str = "read_again";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTopic {
    topic: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    topic: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTable {
    table: &'static str,
}

/// Counts since the start, shared by all streams.
#[derive(Debug)]
pub struct Counters {
    read: Family<OfTopic, Counter>,
    read_bytes: Family<OfTopic, Counter>,
    done: Family<OfOutcome, Counter>,
    commit_seconds: Family<OfTable, Histogram>,
    commit_failures: Family<OfTable, Counter>,
    commits_lost: Family<OfTable, Counter>,
    table_files: Family<OfTable, Gauge>,
    table_bytes: Family<OfTable, Gauge>,
}

/// The counts at one moment, over all topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records taken up.
    pub read: u64,
    /// Rows that landed in their table.
    pub committed: u64,
    /// Records whose id was there already.
    pub duplicate: u64,
    /// Records that could not be taken.
    pub rejected: u64,
    /// Records that had been dealt with before: by this projector before a crash, or by another one.
    pub read_again: u64,
    /// Bytes of the records taken up.
    pub bytes: u64,
}

impl Counts {
    /// Records that have been dealt with.
    pub fn done(&self) -> u64 {
        self.committed + self.duplicate + self.rejected + self.read_again
    }
}

/// What the records of one window came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Landed {
    pub committed: u64,
    pub duplicate: u64,
    pub rejected: u64,
    pub read_again: u64,
}

impl Default for Counters {
    /// Every series at 0, so that a rate begins with the first record.
    fn default() -> Self {
        let counters = Self {
            read: Family::default(),
            read_bytes: Family::default(),
            done: Family::default(),
            commit_seconds: Family::new_with_constructor(commit_histogram as fn() -> Histogram),
            commit_failures: Family::default(),
            commits_lost: Family::default(),
            table_files: Family::default(),
            table_bytes: Family::default(),
        };
        for &stream in Stream::ALL {
            counters.read(stream, 0, 0);
            counters.landed(stream, Landed::default());
            drop(counters.commit_seconds.get_or_create(&OfTable { table: stream.table() }));
        }
        for table in Stream::ALL.iter().map(|stream| stream.table()).chain([OUTCOME_TABLE]) {
            counters.commit_failures.get_or_create(&OfTable { table }).inc_by(0);
            counters.commits_lost.get_or_create(&OfTable { table }).inc_by(0);
        }
        counters
    }
}

impl Counters {
    /// Makes the series known.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let read = "Records taken off the log; what of them is not yet done is under way";
        registry.register("lantoa_projector_records_read", read, self.read.clone());
        let bytes = "Bytes of the records taken off the log";
        registry.register("lantoa_projector_read_bytes", bytes, self.read_bytes.clone());
        let done = "Records dealt with, each under one outcome: committed to the ledger, duplicate of an id that is \
                    there, rejected with reasons (the last two are in the table outcome), or read_again";
        registry.register("lantoa_projector_records_done", done, self.done.clone());
        let seconds = "Time from a window that is due to its commit in the table, tries that failed included";
        registry.register("lantoa_projector_commit_seconds", seconds, self.commit_seconds.clone());
        let failures = "Tries to commit that the storage refused";
        registry.register("lantoa_projector_commit_failures", failures, self.commit_failures.clone());
        let lost = "Tries to commit that lost to another writer of the table and were planned again";
        registry.register("lantoa_projector_commits_lost", lost, self.commits_lost.clone());
        let files = "Data files of the table as this projector last saw it";
        registry.register("lantoa_projector_table_files", files, self.table_files.clone());
        let size = "Bytes of the table's data files as this projector last saw it";
        registry.register("lantoa_projector_table_bytes", size, self.table_bytes.clone());
    }

    pub(crate) fn read(&self, stream: Stream, records: usize, bytes: usize) {
        let label = OfTopic { topic: stream.topic() };
        self.read.get_or_create(&label).inc_by(records as u64);
        self.read_bytes.get_or_create(&label).inc_by(bytes as u64);
    }

    pub(crate) fn landed(&self, stream: Stream, landed: Landed) {
        for (outcome, count) in [
            (COMMITTED, landed.committed),
            (DUPLICATE, landed.duplicate),
            (REJECTED, landed.rejected),
            (READ_AGAIN, landed.read_again),
        ] {
            self.done.get_or_create(&OfOutcome { topic: stream.topic(), outcome }).inc_by(count);
        }
    }

    pub(crate) fn committed(&self, table: &'static str, took: Duration) {
        self.commit_seconds.get_or_create(&OfTable { table }).observe(took.as_secs_f64());
    }

    pub(crate) fn failed(&self, table: &'static str) {
        self.commit_failures.get_or_create(&OfTable { table }).inc();
    }

    pub(crate) fn lost(&self, table: &'static str) {
        self.commits_lost.get_or_create(&OfTable { table }).inc();
    }

    pub(crate) fn table(&self, table: &'static str, footprint: Footprint) {
        self.table_files.get_or_create(&OfTable { table }).set(footprint.files);
        self.table_bytes.get_or_create(&OfTable { table }).set(footprint.bytes);
    }

    /// The counts now.
    pub fn now(&self) -> Counts {
        let of_topics = |family: &Family<OfTopic, Counter>| -> u64 {
            Stream::ALL.iter().map(|stream| family.get_or_create(&OfTopic { topic: stream.topic() }).get()).sum()
        };
        let of_outcome = |outcome: &'static str| -> u64 {
            let label = |stream: &Stream| OfOutcome { topic: stream.topic(), outcome };
            Stream::ALL.iter().map(|stream| self.done.get_or_create(&label(stream)).get()).sum()
        };
        Counts {
            committed: of_outcome(COMMITTED),
            duplicate: of_outcome(DUPLICATE),
            rejected: of_outcome(REJECTED),
            read_again: of_outcome(READ_AGAIN),
            // Last, so that no moment shows more done than read.
            read: of_topics(&self.read),
            bytes: of_topics(&self.read_bytes),
        }
    }
}

fn commit_histogram() -> Histogram {
    Histogram::new(COMMIT_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::stream::Family as EventFamily;

    #[test]
    fn what_is_counted_is_what_is_shown() {
        let counters = Counters::default();
        let mut registry = Registry::default();
        counters.register(&mut registry);
        let stream = EventFamily::Activity.stream();
        counters.read(stream, 7, 700);
        counters.landed(stream, Landed { committed: 3, duplicate: 2, rejected: 1, read_again: 1 });
        counters.committed(stream.table(), Duration::from_millis(30));
        counters.table(stream.table(), Footprint { files: 4, bytes: 900 });
        let now = counters.now();
        assert_eq!((now.read, now.done(), now.bytes), (7, 7, 700));
        let mut text = String::new();
        prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"lantoa_projector_records_read_total{topic="lantoa.activity.v1"} 7"#,
            r#"lantoa_projector_records_done_total{topic="lantoa.activity.v1",outcome="duplicate"} 2"#,
            r#"lantoa_projector_records_done_total{topic="lantoa.receipt.v1",outcome="rejected"} 0"#,
            r#"lantoa_projector_commit_seconds_bucket{table="ledger_activity",le="0.05"} 1"#,
            r#"lantoa_projector_table_files{table="ledger_activity"} 4"#,
            r#"lantoa_projector_table_bytes{table="ledger_activity"} 900"#,
            r#"lantoa_projector_commit_failures_total{table="outcome"} 0"#,
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }
}
