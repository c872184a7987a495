//! Looks every few seconds where the log ends, beside the reading of it.
//!
//! In: the partitions. Out: their ends, for the lag, and whether the log answers, for the health. Guarantee: a consumer
//! of its own, so that looking neither waits for the reading nor disturbs it; a log that does not answer is said to be
//! out of reach, and asked again. Ends and health inform only: what is read and committed never depends on them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::probe::{STEP, looker, rest};
use super::{ConsumeError, LogConsumer};
use crate::config::Config;
use crate::health::Health;
use crate::lag::Lag;
use crate::position::StreamPartition;

/// How often to look.
const EVERY: Duration = Duration::from_secs(2);

/// How long the log may take to answer one question.
const ANSWER: Duration = Duration::from_secs(3);

/// The one who looks.
pub(crate) struct Watch {
    consumer: LogConsumer,
    kafka: String,
    partitions: Vec<StreamPartition>,
    /// Where a partition had records and none under way when it was last looked at.
    stuck_at: HashMap<StreamPartition, i64>,
}

impl Watch {
    /// Makes the consumer. Does not wait for a broker.
    pub fn open(config: &Config, partitions: Vec<StreamPartition>) -> Result<Self, ConsumeError> {
        Ok(Self { consumer: looker(config)?, kafka: config.kafka.clone(), partitions, stuck_at: HashMap::new() })
    }

    /// Looks until told to stop. Blocks.
    pub fn run(&mut self, lag: &Lag, health: &Health, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.look(lag, stop) {
                Ok(()) => health.log(Ok(())),
                Err(error) => {
                    let kafka = &self.kafka;
                    health.log(Err(format!(
                        "the log at {kafka} does not answer ({error}); see that its brokers run and can be reached"
                    )));
                    // The client keeps what it says of its connection until somebody takes it.
                    while self.consumer.poll(Duration::ZERO).is_some() {}
                }
            }
            rest(EVERY, stop);
        }
    }

    fn look(&mut self, lag: &Lag, stop: &CancellationToken) -> Result<(), KafkaError> {
        for &at in &self.partitions {
            if stop.is_cancelled() {
                return Ok(());
            }
            let (_, end) = self.consumer.fetch_watermarks(at.stream.topic(), at.partition, ANSWER)?;
            let Some(next) = lag.ends(at, end) else {
                self.stuck_at.remove(&at);
                continue;
            };
            // A record that was written just now is taken up before the next look; one that is not is looked at.
            if self.stuck_at.insert(at, next) == Some(next) {
                match self.peek(at, next)? {
                    Peeked::Record { written } => lag.written(at, next, written),
                    Peeked::Nothing => lag.only_marks(at, end),
                    Peeked::Unknown => {}
                }
            }
        }
        Ok(())
    }

    /// Looks at the first record from an offset on.
    fn peek(&self, at: StreamPartition, next: i64) -> Result<Peeked, KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(at.stream.topic(), at.partition, Offset::Offset(next))?;
        self.consumer.assign(&list)?;
        let deadline = Instant::now() + ANSWER;
        let mut peeked = Peeked::Unknown;
        while matches!(peeked, Peeked::Unknown) && Instant::now() < deadline {
            match self.consumer.poll(STEP) {
                Some(Ok(message)) => peeked = Peeked::Record { written: message.timestamp().to_millis() },
                Some(Err(KafkaError::PartitionEOF(_))) => peeked = Peeked::Nothing,
                // What is wrong is seen and said by the reading of the log.
                Some(Err(error)) => tracing::debug!(%error, "a record cannot be looked at"),
                None => {}
            }
        }
        // Nothing is fetched while nobody looks.
        self.consumer.unassign()?;
        Ok(peeked)
    }
}

/// What lies from an offset on.
enum Peeked {
    Record { written: Option<i64> },
    Nothing,
    Unknown,
}
