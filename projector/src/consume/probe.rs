//! Looks at single records of the log, by a fetch, to learn whether it is still the log that the tables know.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::{ConsumeError, client_config};
use crate::config::Config;
use crate::position::StreamPartition;

const WAIT: Duration = Duration::from_secs(15);

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

/// A consumer of its own, so that looking disturbs nobody.
pub(crate) struct Probe {
    config: Config,
}

impl Probe {
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone() }
    }

    /// What lies at each offset. Blocks.
    pub fn look(
        &self,
        at: &[(StreamPartition, i64)],
    ) -> Result<HashMap<StreamPartition, RecordAt>, ConsumeError> {
        let mut found = HashMap::new();
        if at.is_empty() {
            return Ok(found);
        }
        let client = |source| ConsumeError::Client { kafka: self.config.kafka.clone(), source };
        let consumer: BaseConsumer =
            client_config(&self.config).set("enable.partition.eof", "true").create().map_err(client)?;
        let mut list = TopicPartitionList::new();
        for (partition, offset) in at {
            let (low, high) =
                consumer.fetch_watermarks(partition.stream.topic(), partition.partition, WAIT).map_err(client)?;
            if *offset < low {
                found.insert(*partition, RecordAt::BeforeStart(low));
            } else if *offset > high {
                found.insert(*partition, RecordAt::PastEnd(high));
            } else {
                list.add_partition_offset(partition.stream.topic(), partition.partition, Offset::Offset(*offset))
                    .map_err(client)?;
            }
        }
        consumer.assign(&list).map_err(client)?;
        let deadline = Instant::now() + WAIT;
        while found.len() < at.len() {
            if Instant::now() >= deadline {
                return Err(client(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)));
            }
            self.step(&consumer, at, &mut found).map_err(client)?;
        }
        Ok(found)
    }

    fn step(
        &self,
        consumer: &BaseConsumer,
        at: &[(StreamPartition, i64)],
        found: &mut HashMap<StreamPartition, RecordAt>,
    ) -> Result<(), KafkaError> {
        let waiting = |topic: &str, partition: i32| {
            at.iter().map(|(at, _)| *at).find(|at| at.stream.topic() == topic && at.partition == partition)
        };
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                if let Some(partition) = waiting(message.topic(), message.partition()) {
                    let payload = message.payload().unwrap_or_default().to_vec();
                    found.entry(partition).or_insert(RecordAt::Found { offset: message.offset(), payload });
                }
            }
            // The end is where the position stands; records that only mark transactions lie before it unseen.
            Some(Err(KafkaError::PartitionEOF(_))) => {
                for (partition, offset) in at {
                    if found.contains_key(partition) {
                        continue;
                    }
                    let (_, high) =
                        consumer.fetch_watermarks(partition.stream.topic(), partition.partition, WAIT)?;
                    if high <= *offset {
                        found.insert(*partition, RecordAt::PastEnd(high));
                    }
                }
            }
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => return Err(error),
                _ => tracing::debug!(%error, "the log does not answer; the client tries again"),
            },
            None => {}
        }
        Ok(())
    }
}
