//! Reads the reference topic: from its beginning to its end, and later what has come since.
//!
//! In: the topic. Out: the knowledge by which rows are judged. Guarantee: when [`ReferenceReader::read_to_end`] is
//! done, all that the topic held when it was asked has been taken in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lantoa_schemas::avro::Revisions;
use lantoa_schemas::knowledge::{Knowledge, LeftOut};
use lantoa_schemas::reference_log::{LogRecord, PartitionRange, ReferenceLog};
use lantoa_schemas::stream::{Family, Stream};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::{LogContext, LogError, client};
use crate::config::Config;

const STREAM: Stream = Stream::Ledger(Family::Reference);

const POLL: Duration = Duration::from_millis(100);

/// How long one question to the broker may take.
const QUESTION: Duration = Duration::from_secs(5);

impl ConsumerContext for LogContext {}

/// What has been read of the reference topic, and the way to read on.
pub(crate) struct ReferenceReader {
    consumer: BaseConsumer<LogContext>,
    log: ReferenceLog,
    told: Vec<LeftOut>,
}

impl ReferenceReader {
    /// Makes the consumer. Does not wait for a broker.
    ///
    /// # Errors
    /// When librdkafka does not take the settings.
    pub(crate) fn open(config: &Config) -> Result<Self, LogError> {
        let mut settings = client(config);
        settings
            // A group is demanded by the client; offsets are neither read from it nor written to it.
            .set("group.id", "lantoa-ingest")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false");
        let consumer = settings.create_with_context(LogContext::default()).map_err(LogError::Settings)?;
        let log = ReferenceLog::reading(Arc::new(Revisions::of(STREAM, &config.confluent_schemas)));
        Ok(Self { consumer, log, told: Vec::new() })
    }

    /// Reads to the end that the topic has now, and gives what rows are judged by after it. Blocks.
    ///
    /// # Errors
    /// When the broker does not answer for so long.
    pub(crate) fn read_to_end(&mut self, now: DateTime<Utc>, patience: Duration) -> Result<Knowledge, LogError> {
        self.read(now, patience).map_err(|source| LogError::Reference { within: patience, source })?;
        if self.log.left_out() != self.told {
            self.told = self.log.left_out().to_vec();
            for event in &self.told {
                tracing::warn!(event_id = event.event_id, reason = event.reason, "a reference event is left out");
            }
        }
        Ok(self.log.knowledge().clone())
    }

    fn read(&mut self, now: DateTime<Utc>, patience: Duration) -> Result<(), KafkaError> {
        let ranges = self.ranges(patience)?;
        let missing = self.log.missing(&ranges);
        if missing.is_empty() {
            return Ok(());
        }
        let mut from = TopicPartitionList::new();
        for (partition, next) in &missing {
            from.add_partition_offset(STREAM.topic(), *partition, Offset::Offset(*next))?;
        }
        self.consumer.assign(&from)?;
        let taken = self.take(&ranges, now, patience);
        // Nothing is fetched while nobody reads.
        self.consumer.unassign()?;
        taken
    }

    /// Where each partition starts and ends, asked until it is told.
    fn ranges(&self, patience: Duration) -> Result<Vec<PartitionRange>, KafkaError> {
        let deadline = Instant::now() + patience;
        let question = QUESTION.min(patience);
        let ask = || -> Result<Vec<PartitionRange>, KafkaError> {
            let metadata = self.consumer.fetch_metadata(Some(STREAM.topic()), question)?;
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|each| each.id());
            let range = |partition| -> Result<PartitionRange, KafkaError> {
                let (start, end) = self.consumer.fetch_watermarks(STREAM.topic(), partition, question)?;
                Ok(PartitionRange { partition, start, end })
            };
            partitions.map(range).collect()
        };
        loop {
            match ask() {
                Ok(ranges) if !ranges.is_empty() => return Ok(ranges),
                Ok(_) if Instant::now() >= deadline => {
                    return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition));
                }
                Err(error) if Instant::now() >= deadline => return Err(error),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Takes records in until each partition's end is reached. Patience begins anew with each record.
    fn take(&mut self, ranges: &[PartitionRange], now: DateTime<Utc>, patience: Duration) -> Result<(), KafkaError> {
        // Records that mark transactions lie before an end and are never handed out.
        let mut at_end = Vec::new();
        let mut deadline = Instant::now() + patience;
        while ranges.iter().any(|r| !self.log.has_reached(r.partition, r.end) && !at_end.contains(&r.partition)) {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    deadline = Instant::now() + patience;
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
