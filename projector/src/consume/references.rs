//! Reads the reference topic whole, for what direct records are judged by.
//!
//! In: the topic. Out: what has been read of it. Guarantee: when [`ReferenceReader::read_to_end`] is done, all that the
//! topic held when it was asked has been taken in. A consumer of its own: the one that fills the tables starts where
//! they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lantoa_schemas::avro::Revisions;
use lantoa_schemas::knowledge::LeftOut;
use lantoa_schemas::reference_log::{LogRecord, PartitionRange, ReferenceLog};
use lantoa_schemas::stream::{Family, Stream};
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::{ConsumeError, LogConsumer, LogContext, REQUEST, client_config};
use crate::config::Config;
use crate::position::StreamPartition;

const STREAM: Stream = Stream::Ledger(Family::Reference);

const POLL: Duration = Duration::from_millis(100);

/// What has been read of the reference topic, and the way to read on.
pub(crate) struct ReferenceReader {
    consumer: LogConsumer,
    kafka: String,
    partitions: Vec<i32>,
    log: ReferenceLog,
    told: Vec<LeftOut>,
}

impl ReferenceReader {
    /// Nothing read yet; `partitions` are those of all streams.
    pub fn open(config: &Config, partitions: &[StreamPartition]) -> Result<Self, ConsumeError> {
        let consumer = client_config(config)
            .set("enable.partition.eof", "true")
            .create_with_context(LogContext::default())
            .map_err(|source| ConsumeError::Client { kafka: config.kafka.clone(), source })?;
        let partitions = partitions.iter().filter(|at| at.stream == STREAM).map(|at| at.partition).collect();
        let log = ReferenceLog::reading(Arc::new(Revisions::of(STREAM, &config.confluent_schemas)));
        Ok(Self { consumer, kafka: config.kafka.clone(), partitions, log, told: Vec::new() })
    }

    /// Reads to the end that the topic has now. Blocks.
    pub fn read_to_end(&mut self, now: DateTime<Utc>) -> Result<&mut ReferenceLog, ConsumeError> {
        self.read(now).map_err(|source| ConsumeError::Client { kafka: self.kafka.clone(), source })?;
        if self.log.left_out() != self.told {
            self.told = self.log.left_out().to_vec();
            for event in &self.told {
                tracing::warn!(event_id = event.event_id, reason = event.reason, "a reference event is left out");
            }
        }
        Ok(&mut self.log)
    }

    fn read(&mut self, now: DateTime<Utc>) -> Result<(), KafkaError> {
        let range = |&partition: &i32| -> Result<PartitionRange, KafkaError> {
            let (start, end) = self.consumer.fetch_watermarks(STREAM.topic(), partition, REQUEST)?;
            Ok(PartitionRange { partition, start, end })
        };
        let ranges = self.partitions.iter().map(range).collect::<Result<Vec<_>, _>>()?;
        let missing = self.log.missing(&ranges);
        if missing.is_empty() {
            return Ok(());
        }
        let mut from = TopicPartitionList::new();
        for (partition, next) in &missing {
            from.add_partition_offset(STREAM.topic(), *partition, Offset::Offset(*next))?;
        }
        self.consumer.assign(&from)?;
        let taken = self.take(&ranges, now);
        // Nothing is fetched while nobody reads.
        self.consumer.unassign()?;
        taken
    }

    /// Takes records in until each partition's end is reached. Patience begins anew with each record.
    fn take(&mut self, ranges: &[PartitionRange], now: DateTime<Utc>) -> Result<(), KafkaError> {
        // Records that mark transactions lie before an end and are never handed out.
        let mut at_end = Vec::new();
        let mut deadline = Instant::now() + REQUEST;
        while ranges.iter().any(|r| !self.log.has_reached(r.partition, r.end) && !at_end.contains(&r.partition)) {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    deadline = Instant::now() + REQUEST;
                    let stored = message.timestamp().to_millis().and_then(DateTime::from_timestamp_millis);
                    let record = LogRecord {
                        partition: message.partition(),
                        offset: message.offset(),
                        stored: stored.map_or(now, |stored| stored.min(now)),
                        payload: message.payload().unwrap_or_default(),
                    };
                    if let Err(reason) = self.log.take(&record) {
                        let (partition, offset) = (record.partition, record.offset);
                        tracing::debug!(partition, offset, %reason, "a reference record is passed over");
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => at_end.push(partition),
                Some(Err(error)) => match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => return Err(error),
                    _ => tracing::info!(%error, "the reference topic cannot be read; the client tries again"),
                },
                None => {}
            }
            if Instant::now() >= deadline {
                return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        Ok(())
    }
}
