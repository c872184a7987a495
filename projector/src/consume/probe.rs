//! Looks at single records of the log, by a fetch, to learn whether it is still the log that the tables know.
//!
//! In: places on the log. Out: what lies there. Guarantee: looking disturbs nobody, because it has a consumer of its own,
//! which fetches nothing ahead. Those who look again and again, while the log is read, have theirs from here as well.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::patience::patiently;
use super::{ConsumeError, LogConsumer, LogContext, client_config};
use crate::config::Config;
use crate::position::StreamPartition;

const WAIT: Duration = Duration::from_secs(15);

/// How soon one who waits for the next look sees the order to stop.
pub(super) const STEP: Duration = Duration::from_millis(50);

/// What lies at an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordAt {
    /// The record at the offset, or the first one behind it where the offset itself holds no record.
    Found {
        /// Its offset.
        offset: i64,
        /// Its bytes.
        payload: Vec<u8>,
    },
    /// The log ends at or before the offset: its high end.
    PastEnd(i64),
    /// The log starts behind the offset: its low end.
    BeforeStart(i64),
}

/// One who looks once.
pub(crate) struct Probe {
    config: Config,
}

impl Probe {
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone() }
    }

    /// What lies at each offset. Waits for topics that not all nodes know yet. Blocks.
    pub fn look(&self, at: &[(StreamPartition, i64)]) -> Result<HashMap<StreamPartition, RecordAt>, ConsumeError> {
        if at.is_empty() {
            return Ok(HashMap::new());
        }
        let consumer = looker(&self.config)?;
        let found: Result<_, KafkaError> =
            at.iter().map(|(at, offset)| Ok((*at, patiently(|| look_at(&consumer, *at, *offset))?))).collect();
        found.map_err(|source| ConsumeError::Client { kafka: self.config.kafka.clone(), source })
    }
}

/// A consumer that looks at single records. Does not wait for a broker.
pub(super) fn looker(config: &Config) -> Result<LogConsumer, ConsumeError> {
    client_config(config)
        .set("enable.partition.eof", "true")
        // One record is looked at, not what follows it.
        .set("queued.min.messages", "1")
        .set("queued.max.messages.kbytes", "1024")
        .create_with_context(LogContext::default())
        .map_err(|source| ConsumeError::Client { kafka: config.kafka.clone(), source })
}

/// Waits until it is time for the next look, or for the order to stop. Blocks.
pub(super) fn rest(every: Duration, stop: &CancellationToken) {
    let next = Instant::now() + every;
    while Instant::now() < next && !stop.is_cancelled() {
        std::thread::sleep(STEP);
    }
}

/// What lies at an offset, by a consumer that has nothing else to read.
pub(super) fn look_at(consumer: &LogConsumer, at: StreamPartition, offset: i64) -> Result<RecordAt, KafkaError> {
    let (low, high) = consumer.fetch_watermarks(at.stream.topic(), at.partition, WAIT)?;
    if offset < low {
        return Ok(RecordAt::BeforeStart(low));
    }
    if offset >= high {
        return Ok(RecordAt::PastEnd(high));
    }
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(at.stream.topic(), at.partition, Offset::Offset(offset))?;
    consumer.assign(&list)?;
    let deadline = Instant::now() + WAIT;
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let payload = message.payload().unwrap_or_default().to_vec();
                return Ok(RecordAt::Found { offset: message.offset(), payload });
            }
            // Only records that mark transactions lie between the offset and the end.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(RecordAt::PastEnd(high)),
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => return Err(error),
                _ => tracing::debug!(%error, "the log does not answer; the client tries again"),
            },
            None => {}
        }
    }
    Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut))
}
