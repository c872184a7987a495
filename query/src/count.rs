//! What was asked and answered, counted as metrics.
//!
//! In: each question as it is taken up, and its answer as it is read. Out: the series of `/metrics` that are named
//! here. Guarantee: a question ends once, as answered whole, as failed under one kind, or as given up by its reader; in
//! between it is under way.

use std::sync::Arc;
use std::time::Instant;

use datafusion::execution::memory_pool::MemoryPool;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::error::QueryError;

/// Upper bounds of the durations that are told apart, in seconds.
const SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Every kind of failure, so that each has its series from the start.
const KINDS: [&str; 13] = [
    "empty",
    "sql",
    "read_only",
    "several_queries",
    "setting",
    "withheld",
    "too_large",
    "too_much",
    "timed_out",
    "busy",
    "cancelled",
    "internal",
    GIVEN_UP,
];

/// The reader went away before the last row.
const GIVEN_UP: &str = "given_up";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

fn kind(error: &QueryError) -> &'static str {
    match error {
        QueryError::Empty => "empty",
        QueryError::Sql { .. } => "sql",
        QueryError::ReadOnly { .. } => "read_only",
        QueryError::SeveralQueries => "several_queries",
        QueryError::Setting(_) => "setting",
        QueryError::Withheld { .. } => "withheld",
        QueryError::TooLarge { .. } => "too_large",
        QueryError::TooMuch { .. } => "too_much",
        QueryError::TimedOut { .. } => "timed_out",
        QueryError::Busy { .. } => "busy",
        QueryError::Cancelled => "cancelled",
        QueryError::Internal(_) | QueryError::Broken(_) => "internal",
    }
}

/// Cheap to clone: all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Counters {
    statements: Counter,
    failures: Family<OfKind, Counter>,
    duration: Histogram,
    rows: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        let failures = Family::<OfKind, Counter>::default();
        for kind in KINDS {
            failures.get_or_create(&OfKind { kind }).inc_by(0);
        }
        Self { statements: Counter::default(), failures, duration: Histogram::new(SECONDS), rows: Counter::default() }
    }
}

impl Counters {
    /// Makes the series known, with the memory of the queries that run.
    pub(crate) fn register(&self, memory: Arc<dyn MemoryPool>, registry: &mut Registry) {
        let statements = "Questions in SQL that were taken up, each one statement or several of which the last one's \
                          rows are the answer";
        registry.register("lantoa_query_statements", statements, self.statements.clone());
        let failures = "Questions without a whole answer, by kind; internal is the program's own fault, given_up a \
                        reader that went away, all others the asker's to mend";
        registry.register("lantoa_query_failures", failures, self.failures.clone());
        let duration = "Time from taking a question up to the last row of its whole answer, the reader's own included";
        registry.register("lantoa_query_duration_seconds", duration, self.duration.clone());
        registry.register("lantoa_query_rows", "Rows of answers that were read", self.rows.clone());
        registry.register_collector(Box::new(Memory(memory)));
    }

    /// A question was taken up.
    pub(crate) fn statement(&self) -> UnderWay {
        self.statements.inc();
        UnderWay { begun: Instant::now(), counters: self.clone(), ended: false }
    }
}

/// A question that has not ended. Given up when it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    begun: Instant,
    counters: Counters,
    ended: bool,
}

impl UnderWay {
    /// So many rows were read.
    pub(crate) fn rows(&self, rows: usize) {
        self.counters.rows.inc_by(rows as u64);
    }

    /// The last row was read.
    pub(crate) fn answered(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.counters.duration.observe(self.begun.elapsed().as_secs_f64());
        }
    }

    /// There is no answer, or no more of it.
    pub(crate) fn failed(&mut self, error: &QueryError) {
        self.end_as(kind(error));
    }

    fn end_as(&mut self, kind: &'static str) {
        if !std::mem::replace(&mut self.ended, true) {
            self.counters.failures.get_or_create(&OfKind { kind }).inc();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.end_as(GIVEN_UP);
    }
}

/// The memory that all queries share.
#[derive(Debug)]
struct Memory(Arc<dyn MemoryPool>);

impl Collector for Memory {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "Memory that running queries hold, of what the setting memory_bytes allows all of them.";
        let metric = encoder.encode_descriptor("lantoa_query_memory_bytes", help, None, MetricType::Gauge)?;
        ConstGauge::new(self.0.reserved() as u64).encode(metric)
    }
}
