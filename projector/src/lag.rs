//! How far the tables are behind the log, partition by partition.
//!
//! In: where each partition's table stands, what is under way to it, where the log ends. Out: the two series of
//! `/metrics` that are named here, worked out at the moment of asking. Guarantee: the offsets are 0 when, and only
//! when, all that the log was last seen to hold is committed, and then the age is 0 too; else it is that of the oldest
//! record that is not (0 also in the moment before that one is taken up or looked at). Pure but for the clock that is
//! passed in; looking at the log is done by `consume`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lantoa_schemas::clock::SharedClock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::consume::RawBatch;
use crate::position::{NextOffset, StreamPartition};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPartition {
    topic: &'static str,
    partition: i32,
}

/// Records of one batch that are on their way to the table.
#[derive(Debug)]
struct UnderWay {
    next: i64,
    /// Milliseconds since 1970 at which the first of them was written, as the log says.
    oldest: Option<i64>,
}

/// What was found where nothing was under way although the log goes on.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// A record at this offset, written at this instant.
    Record { at: i64, written: Option<i64> },
    /// Nothing but the marks of transactions up to this end of the log.
    MarksUpTo(i64),
}

#[derive(Debug, Default)]
struct Partition {
    /// Next offset to commit.
    next: i64,
    /// Where the log was last seen to end.
    end: i64,
    under_way: VecDeque<UnderWay>,
    found: Option<Found>,
}

impl Partition {
    fn offsets(&self) -> i64 {
        (self.end - self.next).max(0)
    }

    /// When the oldest record that is not committed was written.
    fn oldest(&self) -> Option<i64> {
        let first = self.under_way.iter().find(|batch| batch.next > self.next);
        match (first, self.found) {
            (Some(batch), _) => batch.oldest,
            (None, Some(Found::Record { at, written })) if at == self.next => written,
            _ => None,
        }
    }
}

/// How far one partition's table is behind.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Behind {
    offsets: i64,
    seconds: f64,
}

/// How far the tables are behind.
pub(crate) struct Lag {
    clock: SharedClock,
    partitions: Mutex<BTreeMap<StreamPartition, Partition>>,
}

impl fmt::Debug for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lag").field("partitions", &self.partitions).finish_non_exhaustive()
    }
}

impl Lag {
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, partitions: Mutex::default() }
    }

    /// The table holds everything before `next`.
    pub fn committed(&self, at: StreamPartition, next: NextOffset) {
        let mut partitions = self.partitions();
        let partition = partitions.entry(at).or_default();
        partition.next = partition.next.max(next.0);
        partition.end = partition.end.max(partition.next);
        while partition.under_way.front().is_some_and(|batch| batch.next <= partition.next) {
            partition.under_way.pop_front();
        }
    }

    /// A batch was taken up.
    pub fn read(&self, batch: &RawBatch) {
        let mut partitions = self.partitions();
        for (number, _, next) in batch.spans() {
            let at = StreamPartition { stream: batch.stream(), partition: number };
            let partition = partitions.entry(at).or_default();
            partition.end = partition.end.max(next.0);
            // Records that are read again, for what `outcome` is owed, are not behind.
            if next.0 > partition.next {
                partition.under_way.push_back(UnderWay { next: next.0, oldest: batch.written(number) });
            }
        }
    }

    /// The log was seen to end at `end`. Gives the next offset where there are records and none is under way.
    pub fn ends(&self, at: StreamPartition, end: i64) -> Option<i64> {
        let mut partitions = self.partitions();
        let partition = partitions.entry(at).or_default();
        let taken_up = partition.under_way.back().map_or(0, |batch| batch.next);
        partition.end = end.max(taken_up).max(partition.next);
        // Marks are no lag until the log goes on behind them.
        if matches!(partition.found, Some(Found::MarksUpTo(marks)) if marks == end) {
            partition.end = partition.next.max(taken_up);
        }
        (partition.under_way.is_empty() && partition.end > partition.next).then_some(partition.next)
    }

    /// The record at `next`, which was not under way, was written at this instant.
    pub fn written(&self, at: StreamPartition, next: i64, written: Option<i64>) {
        self.partitions().entry(at).or_default().found = Some(Found::Record { at: next, written });
    }

    /// Nothing but the marks of transactions lies between the next offset and `end`.
    pub fn only_marks(&self, at: StreamPartition, end: i64) {
        let mut partitions = self.partitions();
        let partition = partitions.entry(at).or_default();
        partition.found = Some(Found::MarksUpTo(end));
        if partition.under_way.is_empty() {
            partition.end = partition.next;
        }
    }

    fn now(&self) -> Vec<(OfPartition, Behind)> {
        let now = self.clock.now().timestamp_millis();
        let partitions = self.partitions();
        let behind = partitions.iter().map(|(at, partition)| {
            let offsets = partition.offsets();
            let age = if offsets == 0 { None } else { partition.oldest().map(|written| (now - written).max(0)) };
            let seconds = age.map_or(0.0, |age| age as f64 / 1e3);
            (OfPartition { topic: at.stream.topic(), partition: at.partition }, Behind { offsets, seconds })
        });
        behind.collect()
    }

    fn partitions(&self) -> MutexGuard<'_, BTreeMap<StreamPartition, Partition>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Lag {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.now();
        gauges(
            &mut encoder,
            "lantoa_projector_lag_offsets",
            "End of the partition's log less the next offset to commit, 0 when all is committed.",
            now.iter().map(|(at, behind)| (at, behind.offsets)),
        )?;
        gauges(
            &mut encoder,
            "lantoa_projector_lag_seconds",
            "Age of the oldest record that is not committed, by the time that the record carries, 0 when all is \
             committed.",
            now.iter().map(|(at, behind)| (at, behind.seconds)),
        )
    }
}

fn gauges<'a, N: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (&'a OfPartition, N)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (label, value) in values {
        ConstGauge::new(value).encode(family.encode_family(label)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::clock::FixedClock;
    use lantoa_schemas::stream::Family;
    use prometheus_client::registry::Registry;
    use std::sync::Arc;

    const AT: StreamPartition = StreamPartition { stream: lantoa_schemas::stream::Stream::ALL[1], partition: 0 };
    const NOW: i64 = 1_768_446_000_000;

    fn lag() -> Arc<Lag> {
        let now = chrono::DateTime::from_timestamp_millis(NOW).unwrap();
        Arc::new(Lag::new(Arc::new(FixedClock(now))))
    }

    /// A batch of these offsets whose first record is so many seconds old.
    fn batch(offsets: std::ops::Range<i64>, age: i64) -> RawBatch {
        let mut batch = RawBatch::new(AT.stream);
        for offset in offsets {
            batch.note_written(AT.partition, || Some(NOW - 1000 * age));
            batch.push(AT.partition, offset, b"x");
        }
        batch
    }

    fn behind(lag: &Lag) -> (i64, f64) {
        let now = lag.now();
        (now[0].1.offsets, now[0].1.seconds)
    }

    #[test]
    fn the_oldest_record_that_is_not_committed_counts() {
        let lag = lag();
        lag.committed(AT, NextOffset(10));
        assert_eq!(behind(&lag), (0, 0.0));
        assert_eq!(lag.ends(AT, 40), Some(10));
        lag.read(&batch(5..10, 90));
        lag.read(&batch(10..20, 60));
        lag.read(&batch(20..30, 40));
        assert_eq!(behind(&lag), (30, 60.0), "what is read again is not behind");
        assert_eq!(lag.ends(AT, 40), None);
        lag.committed(AT, NextOffset(20));
        assert_eq!(behind(&lag), (20, 40.0));
        lag.committed(AT, NextOffset(15));
        assert_eq!(behind(&lag), (20, 40.0), "an offset never goes back");
        lag.committed(AT, NextOffset(30));
        assert_eq!(behind(&lag), (10, 0.0), "not yet known how old");
        assert_eq!(lag.ends(AT, 40), Some(30));
        lag.written(AT, 30, Some(NOW - 7000));
        assert_eq!(behind(&lag), (10, 7.0));
        lag.read(&batch(30..40, 7));
        lag.committed(AT, NextOffset(40));
        assert_eq!(behind(&lag), (0, 0.0));
    }

    #[test]
    fn the_marks_of_transactions_are_no_lag() {
        let lag = lag();
        lag.committed(AT, NextOffset(10));
        assert_eq!(lag.ends(AT, 11), Some(10));
        lag.only_marks(AT, 11);
        assert_eq!(behind(&lag), (0, 0.0));
        assert_eq!(lag.ends(AT, 11), None);
        assert_eq!(behind(&lag), (0, 0.0));
        assert_eq!(lag.ends(AT, 13), Some(10));
        assert_eq!(behind(&lag).0, 3);
    }

    #[test]
    fn it_is_shown_by_topic_and_partition() {
        let lag = lag();
        lag.read(&batch(0..3, 2));
        assert_eq!(AT.stream, Family::Statement.stream());
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&lag)));
        let mut text = String::new();
        prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
        let label = r#"{topic="lantoa.statement.v1",partition="0"}"#;
        assert!(text.contains(&format!("lantoa_projector_lag_offsets{label} 3\n")), "{text}");
        assert!(text.contains(&format!("lantoa_projector_lag_seconds{label} 2.0\n")), "{text}");
    }
}
