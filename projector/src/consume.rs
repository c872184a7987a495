//! Reads the log. The only module that uses rdkafka.
//!
//! In: partitions and the offsets from which to read. Out: raw batches, one stream each, in log order, on bounded
//! channels; or a fault that stops the projector. Offsets come from the tables, never from Kafka's groups; a missing
//! offset is a fault, never a jump.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lantoa_schemas::connection::{Complaints, REFUSED};
use lantoa_schemas::stream::Stream;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::health::Health;
use crate::position::{NextOffset, StreamPartition};

mod patience;
mod probe;
mod raw_batch;
mod references;
mod sentry;
mod watch;

pub(crate) use probe::{Probe, RecordAt};
pub(crate) use raw_batch::RawBatch;
use raw_batch::Room;
pub(crate) use references::ReferenceReader;
pub(crate) use sentry::Sentry;
pub(crate) use watch::Watch;

/// Most records in a raw batch.
pub(crate) const BATCH_RECORDS: usize = 8_192;

/// Most bytes in a raw batch, unless one record is larger.
const BATCH_BYTES: usize = 4 << 20;

/// How long a batch that is not full waits for more.
const BATCH_AGE: Duration = Duration::from_millis(20);

const POLL: Duration = Duration::from_millis(20);

/// Records that are taken without a look at the clock, where they are there already: less than a millisecond of them.
const WITHOUT_LOOKING: usize = 256;

const REQUEST: Duration = Duration::from_secs(10);

/// How long a client without a connection is heard on the reasons at one time.
const HEAR_OUT: Duration = Duration::from_secs(1);

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// The client could not be made or the broker not be asked.
    #[error("cannot read the log at {kafka}: {source}")]
    Client {
        /// The brokers.
        kafka: String,
        /// What the client said.
        source: KafkaError,
    },
    /// The broker does not answer, or does not have the topics yet.
    #[error(
        "the log at {kafka} has no topic {topic} after {waited:?}: start ingest, which creates the topics, or check the address and, where it asks for a password or TLS, [kafka] in the settings"
    )]
    NoTopic {
        /// The brokers.
        kafka: String,
        /// The topic.
        topic: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Records between the tables' offset and the log's start are gone.
    #[error(
        "{topic}[{partition}] no longer has the records that come next (or never had them): the tables would miss events. Restore the topic, or run `lantoa recover` to declare the log new and go on with what it has"
    )]
    MissingOffsets {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// A topic was deleted while it was read.
    #[error(
        "the log at {kafka} lost a topic while it was read. Restore it; or start ingest, which creates it anew, and run `lantoa recover` to declare it new"
    )]
    TopicGone {
        /// The brokers.
        kafka: String,
    },
    /// The log became another one while it was read.
    #[error(
        "{at} is no longer the log that was read until now: at offset {offset} it has another record, or none. The topic was created anew or lost its end; going on would pass over new events. Restore it, or run `lantoa recover` to declare it new"
    )]
    Changed {
        /// The partition.
        at: StreamPartition,
        /// Where it was seen.
        offset: i64,
    },
    /// Partitions came while the log was read.
    #[error(
        "{topic} has {now} partitions now, of which {read} are read. Start the projector again: it then reads the new ones, too, from their start"
    )]
    MorePartitions {
        /// The topic.
        topic: &'static str,
        /// How many it has.
        now: usize,
        /// How many are read.
        read: usize,
    },
}

/// What the client says of its connection, where it mends it by itself, is for those who look closer.
#[derive(Default)]
pub(crate) struct LogContext {
    complaints: Complaints,
}

impl ClientContext for LogContext {
    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode::{Authentication, SSL, SaslAuthenticationFailed};
        match error.rdkafka_error_code() {
            Some(Authentication | SSL | SaslAuthenticationFailed) if self.complaints.due(Instant::now()) => {
                tracing::warn!(%error, reason, "{REFUSED}");
            }
            _ => tracing::info!(%error, reason, "kafka connection"),
        }
    }
}

impl ConsumerContext for LogContext {}

/// A consumer with assigned partitions and no group's rebalances.
pub(crate) type LogConsumer = BaseConsumer<LogContext>;

/// Reads assigned partitions and hands raw batches on.
pub(crate) struct Source {
    consumer: LogConsumer,
    kafka: String,
}

pub(crate) fn client_config(config: &Config) -> ClientConfig {
    let mut client = ClientConfig::new();
    for (name, value) in config.connection.pairs() {
        client.set(name, value);
    }
    client
        .set("bootstrap.servers", &config.kafka)
        // A group is demanded by the client; offsets are neither read from it nor written to it.
        .set("group.id", "lantoa-projector")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("queued.min.messages", "1000000")
        .set("queued.max.messages.kbytes", (config.fetch_ahead_bytes >> 10).to_string())
        .set("fetch.message.max.bytes", (4 << 20).to_string())
        // A full queue is looked at again soon: the client's own second would leave it empty for most of that time.
        .set("fetch.queue.backoff.ms", "10")
        // Left at the client's half second: Kafka answers as soon as there is something, and the embedded broker,
        // whose every fetch costs in proportion to the backlog, reads on until the time is up.
        .set("fetch.wait.max.ms", "500")
        .set("fetch.error.backoff.ms", "100")
        .set("reconnect.backoff.max.ms", "2000")
        .set("allow.auto.create.topics", "false");
    client
}

impl Source {
    pub(crate) fn connect(config: &Config) -> Result<Self, ConsumeError> {
        let consumer = client_config(config)
            .create_with_context(LogContext::default())
            .map_err(|source| ConsumeError::Client { kafka: config.kafka.clone(), source })?;
        Ok(Self { consumer, kafka: config.kafka.clone() })
    }

    /// The cluster's id and the partitions of every stream, once all topics are there. Blocks.
    pub(crate) fn describe(&self, timeout: Duration) -> Result<(Arc<str>, Vec<StreamPartition>), ConsumeError> {
        let deadline = Instant::now() + timeout;
        loop {
            let found = self.consumer.fetch_metadata(None, REQUEST.min(timeout));
            let mut missing = Stream::ALL[0].topic();
            if found.is_err() {
                // Nothing is assigned, so no record can come: this only lets the client say why it has no connection.
                let asked = Instant::now();
                while self.consumer.poll(POLL).is_some() && asked.elapsed() < HEAR_OUT {}
            }
            if let Ok(metadata) = found {
                let counts: HashMap<&str, usize> =
                    metadata.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect();
                match Stream::ALL.iter().find(|s| counts.get(s.topic()).is_none_or(|count| *count == 0)) {
                    Some(stream) => missing = stream.topic(),
                    None => {
                        let partitions = Stream::ALL.iter().flat_map(|&stream| {
                            let count = i32::try_from(counts[stream.topic()]).unwrap_or(i32::MAX);
                            (0..count).map(move |partition| StreamPartition { stream, partition })
                        });
                        return Ok((self.cluster_id()?, partitions.collect()));
                    }
                }
            }
            if Instant::now() >= deadline {
                return Err(ConsumeError::NoTopic { kafka: self.kafka.clone(), topic: missing, waited: timeout });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn cluster_id(&self) -> Result<Arc<str>, ConsumeError> {
        let id = self.consumer.client().fetch_cluster_id(REQUEST);
        let unknown = KafkaError::ClientCreation("the broker does not say its cluster id".to_owned());
        id.map(Arc::from).ok_or_else(|| ConsumeError::Client { kafka: self.kafka.clone(), source: unknown })
    }

    /// Reads from the given offsets until told to stop. Blocks; a full channel slows it down.
    pub(crate) fn run(
        &self,
        from: &[(StreamPartition, NextOffset)],
        out: &HashMap<Stream, mpsc::Sender<RawBatch>>,
        health: &Health,
        stop: &CancellationToken,
    ) -> Result<(), ConsumeError> {
        self.assign(from)?;
        health.assigned();
        let mut open = OpenBatches::default();
        while !stop.is_cancelled() {
            // At a backlog the next records are there already: the clock and the order to stop, which cost as much as
            // taking a record, are then looked at once for many of them.
            let mut wait = POLL;
            for _ in 0..WITHOUT_LOOKING {
                match self.consumer.poll(wait) {
                    None => break,
                    Some(Ok(message)) => {
                        let full = open.take(&message);
                        if full.is_some_and(|batch| !hand_on(batch, out)) {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => self.judge(&error, from)?,
                }
                wait = Duration::ZERO;
            }
            while let Some(batch) = open.old() {
                if !hand_on(batch, out) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn assign(&self, from: &[(StreamPartition, NextOffset)]) -> Result<(), ConsumeError> {
        let mut list = TopicPartitionList::new();
        let client = |source| ConsumeError::Client { kafka: self.kafka.clone(), source };
        for (at, next) in from {
            list.add_partition_offset(at.stream.topic(), at.partition, Offset::Offset(next.0)).map_err(client)?;
        }
        self.consumer.assign(&list).map_err(client)
    }

    /// Missing offsets stop the projector; what the client mends by itself is logged.
    fn judge(&self, error: &KafkaError, from: &[(StreamPartition, NextOffset)]) -> Result<(), ConsumeError> {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => Err(self.missing(from)),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition) => {
                Err(ConsumeError::TopicGone { kafka: self.kafka.clone() })
            }
            Some(RDKafkaErrorCode::Fatal) => {
                Err(ConsumeError::Client { kafka: self.kafka.clone(), source: error.clone() })
            }
            _ => {
                tracing::warn!(%error, "the log does not answer; the client tries again");
                Ok(())
            }
        }
    }

    /// The client does not say which partition it was; the one whose log starts behind its offset is it.
    fn missing(&self, from: &[(StreamPartition, NextOffset)]) -> ConsumeError {
        let guilty = from.iter().find(|(at, next)| {
            let range = self.consumer.fetch_watermarks(at.stream.topic(), at.partition, REQUEST);
            range.is_ok_and(|(low, high)| next.0 < low || next.0 > high)
        });
        let (at, _) = guilty.unwrap_or(&from[0]);
        ConsumeError::MissingOffsets { topic: at.stream.topic().to_owned(), partition: at.partition }
    }
}

/// Batches that may still grow, one a stream.
#[derive(Default)]
struct OpenBatches {
    batches: Vec<RawBatch>,
    /// What the last full batch of a stream took.
    room: HashMap<Stream, Room>,
}

impl OpenBatches {
    /// Puts a record with the others of its stream. Gives the batch when it is full.
    fn take(&mut self, message: &BorrowedMessage<'_>) -> Option<RawBatch> {
        let stream = Stream::of_topic(message.topic())?;
        let known = self.batches.iter().position(|batch| batch.stream() == stream);
        let at = known.unwrap_or_else(|| {
            let room = self.room.get(&stream).copied().unwrap_or_default();
            self.batches.push(RawBatch::with_room(stream, room));
            self.batches.len() - 1
        });
        let batch = &mut self.batches[at];
        batch.note_written(message.partition(), || message.timestamp().to_millis());
        batch.push(message.partition(), message.offset(), message.payload().unwrap_or_default());
        if batch.len() < BATCH_RECORDS && batch.bytes() < BATCH_BYTES {
            return None;
        }
        // A little more, as records are not all of one size.
        self.room.insert(stream, Room { records: batch.len(), bytes: batch.bytes() + batch.bytes() / 16 });
        Some(self.batches.swap_remove(at))
    }

    /// A batch that has waited long enough for more.
    fn old(&mut self) -> Option<RawBatch> {
        let at = self.batches.iter().position(|batch| batch.opened.elapsed() >= BATCH_AGE)?;
        let batch = self.batches.swap_remove(at);
        self.room.remove(&batch.stream());
        Some(batch)
    }
}

/// False when nobody listens any more.
fn hand_on(batch: RawBatch, out: &HashMap<Stream, mpsc::Sender<RawBatch>>) -> bool {
    out.get(&batch.stream()).is_none_or(|to| to.blocking_send(batch).is_ok())
}
