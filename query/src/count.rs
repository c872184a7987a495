//! What was asked and answered, counted as metrics and said in the log.
//!
//! In: each question as it is taken up, and its answer as it is read. Out: the series of `/metrics` that are named
//! here, and an event (`asked`) for each. Guarantee: a question ends once, as answered whole, as failed under one kind, or as given up by its reader; in
//! between it is under way.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::execution::memory_pool::MemoryPool;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::asked::{Asked, Ending};
use crate::error::QueryError;

/// Upper bounds of the durations that are told apart, in seconds.
const SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Every kind of failure, so that each has its series from the start.
const KINDS: [&str; 14] = [
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
    "unread",
    "internal",
    GIVEN_UP,
];

/// The reader went away before the last row.
const GIVEN_UP: &str = "given_up";

/// Who needed lots of figures that nobody had read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A question.
    Question,
    /// The program, before anybody asked.
    Ahead,
}

impl Reader {
    fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Ahead => "ahead",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReader {
    by: &'static str,
}

/// Lots that were read. Cheap to clone: all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct LotsRead(Family<OfReader, Counter>);

impl Default for LotsRead {
    fn default() -> Self {
        let read = Self(Family::default());
        for by in [Reader::Question, Reader::Ahead] {
            read.add(by, 0);
        }
        read
    }
}

impl LotsRead {
    /// So many were read.
    pub(crate) fn add(&self, by: Reader, lots: usize) {
        self.0.get_or_create(&OfReader { by: by.as_str() }).inc_by(lots as u64);
    }

    /// Makes the series known.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Lots of figures (an indicator or a base each) that were read because they were not remembered, by \
                    who needed them: a question, or the program ahead of the next one";
        registry.register("lantoa_query_lots_read", help, self.0.clone());
    }
}

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
        QueryError::Release(_) => "release",
        QueryError::Withheld { .. } => "withheld",
        QueryError::TooLarge { .. } => "too_large",
        QueryError::TooMuch { .. } => "too_much",
        QueryError::TimedOut { .. } => "timed_out",
        QueryError::Busy { .. } => "busy",
        QueryError::Cancelled => "cancelled",
        QueryError::Unread { .. } => "unread",
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
    /// Times that what questions needed on one standing was made before the next one asked.
    pub(crate) made_ahead: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        let failures = Family::<OfKind, Counter>::default();
        for kind in KINDS {
            failures.get_or_create(&OfKind { kind }).inc_by(0);
        }
        let (statements, rows, made_ahead) = Default::default();
        Self { statements, failures, duration: Histogram::new(SECONDS), rows, made_ahead }
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
        let made_ahead = "Times that what questions on one map needed lately was made anew before the next one asked";
        registry.register("lantoa_query_made_ahead", made_ahead, self.made_ahead.clone());
        registry.register_collector(Box::new(Memory(memory)));
    }

    /// A question was taken up.
    pub(crate) fn statement(&self, asked: Asked) -> UnderWay {
        self.statements.inc();
        UnderWay { asked, begun: Instant::now(), counters: self.clone(), rows: 0, bytes: 0, ended: false }
    }
}

/// A question that has not ended. Given up when it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    asked: Asked,
    begun: Instant,
    counters: Counters,
    rows: u64,
    bytes: u64,
    ended: bool,
}

impl UnderWay {
    /// These rows were read.
    pub(crate) fn read(&mut self, rows: &RecordBatch) {
        self.counters.rows.inc_by(rows.num_rows() as u64);
        self.rows += rows.num_rows() as u64;
        self.bytes += bytes_of(rows);
    }

    /// The last row was read.
    pub(crate) fn answered(&mut self) {
        self.end(Ending::Answered);
    }

    /// There is no answer, or no more of it.
    pub(crate) fn failed(&mut self, error: &QueryError) {
        self.end(Ending::Failed(error));
    }

    fn end(&mut self, ending: Ending<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        let kind = match ending {
            Ending::Answered => None,
            Ending::Failed(error) => Some(kind(error)),
            Ending::GivenUp => Some(GIVEN_UP),
        };
        match kind {
            None => self.counters.duration.observe(seconds),
            Some(kind) => {
                self.counters.failures.get_or_create(&OfKind { kind }).inc();
            }
        }
        self.asked.log(ending, seconds, self.rows, self.bytes);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.end(Ending::GivenUp);
    }
}

/// Bytes that rows have by themselves, whatever they share with others.
pub(crate) fn bytes_of(rows: &RecordBatch) -> u64 {
    let of = |column: &ArrayRef| match column.data_type() {
        // What a view points at may belong to many batches.
        DataType::Utf8View => of_views(column.as_string_view().iter().flatten().map(str::len), column.len()),
        DataType::BinaryView => of_views(column.as_binary_view().iter().flatten().map(<[u8]>::len), column.len()),
        _ => column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()),
    };
    rows.columns().iter().map(of).sum::<usize>() as u64
}

fn of_views(lengths: impl Iterator<Item = usize>, rows: usize) -> usize {
    lengths.sum::<usize>() + rows * size_of::<u128>()
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
