//! The log as it is, read by the verifier alone.
//!
//! In: brokers. Out: the cluster, its partitions, where each starts and ends, and the records between two offsets on a
//! bounded channel. Guarantee: the records are those that the projector is given (of transactions only what was
//! committed), each once and in order, or there is an error; where the log's start moves on meanwhile, it is said.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lantoa_schemas::stream::Stream;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use crate::config::Config;
use crate::position::StreamPartition;

/// Most records in a chunk.
const CHUNK_RECORDS: usize = 8_192;

/// Most bytes in a chunk, unless one record is larger.
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks that may wait. With what the client fetches ahead, this bounds memory.
const CHUNKS_WAITING: usize = 4;

const FETCH_AHEAD_KB: &str = "16384";
const POLL: Duration = Duration::from_millis(100);
const REQUEST: Duration = Duration::from_secs(10);

/// How long the log may be silent before its end is reached.
const SILENCE: Duration = Duration::from_secs(60);

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It does not answer, or not as it should.
    #[error("cannot read the log at {kafka}: {source}. See that Kafka runs there, then check again")]
    Client {
        /// The brokers.
        kafka: String,
        /// What the client said.
        source: KafkaError,
    },
    /// It does not have a topic of the contract.
    #[error(
        "the log at {kafka} has no topic {topic}: it is another log, or ingest, which makes the topics, has never run on it"
    )]
    NoTopic {
        /// The brokers.
        kafka: String,
        /// The topic.
        topic: &'static str,
    },
    /// It stopped giving records.
    #[error("{at}: the log at {kafka} gave nothing for {SILENCE:?} at offset {next}, before its end; check again")]
    Silent {
        /// The brokers.
        kafka: String,
        /// The partition.
        at: StreamPartition,
        /// The offset that comes next.
        next: i64,
    },
    /// The reading task broke off; a fault of ours.
    #[error("reading the log broke off: {0}")]
    Task(#[from] JoinError),
}

/// What the client says of its connection, which it mends by itself, is for those who look closer.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(%error, reason, "kafka connection");
    }
}

impl ConsumerContext for Quiet {}

/// Some records of one partition, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// Of each record its offset and where its bytes end.
    records: Vec<(i64, usize)>,
}

impl Chunk {
    fn push(&mut self, offset: i64, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.records.push((offset, self.bytes.len()));
    }

    fn is_full(&self) -> bool {
        self.records.len() >= CHUNK_RECORDS || self.bytes.len() >= CHUNK_BYTES
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Each record's offset and bytes.
    pub fn records(&self) -> impl Iterator<Item = (i64, &[u8])> {
        let starts = std::iter::once(0).chain(self.records.iter().map(|(_, end)| *end));
        self.records.iter().zip(starts).map(|((offset, end), start)| (*offset, &self.bytes[start..*end]))
    }
}

/// What comes from the log.
#[derive(Debug)]
pub(super) enum Piece {
    /// Records.
    Records(Chunk),
    /// What was asked for before this offset has left the log meanwhile.
    StartsAt(i64),
}

/// The log.
pub(super) struct Log {
    reader: Arc<Reader>,
    /// The cluster's id.
    pub cluster: Arc<str>,
    /// Every partition of every stream.
    pub partitions: Vec<StreamPartition>,
}

impl Log {
    /// Connects, and learns the cluster and its partitions.
    pub async fn connect(config: &Config) -> Result<Self, LogError> {
        let (kafka, client, tables) = (config.kafka.clone(), settings(config), config.tables.clone());
        let connect = move || {
            let consumer = client
                .create_with_context(Quiet)
                .map_err(|source| LogError::Client { kafka: kafka.clone(), source })?;
            let reader = Reader { consumer, kafka };
            let (cluster, partitions) = reader.describe(&tables)?;
            Ok::<_, LogError>(Self { reader: Arc::new(reader), cluster, partitions })
        };
        tokio::task::spawn_blocking(connect).await?
    }

    /// The first offset that the partition has, and the one behind its last.
    pub async fn bounds(&self, at: StreamPartition) -> Result<(i64, i64), LogError> {
        let reader = Arc::clone(&self.reader);
        tokio::task::spawn_blocking(move || reader.bounds(at)).await?
    }

    /// The records in `from..to`, where `to` is not behind the partition's end. One reading at a time.
    pub fn read(&self, at: StreamPartition, from: i64, to: i64) -> Reading {
        let (out, pieces) = mpsc::channel(CHUNKS_WAITING);
        let reader = Arc::clone(&self.reader);
        let task = tokio::task::spawn_blocking(move || {
            if let Err(error) = reader.pump(at, from, to, &out) {
                // Nobody listens where the check itself was broken off.
                let _ = out.blocking_send(Err(error));
            }
        });
        Reading { pieces, task: Some(task) }
    }
}

/// Records on their way.
pub(super) struct Reading {
    pieces: mpsc::Receiver<Result<Piece, LogError>>,
    task: Option<JoinHandle<()>>,
}

impl Reading {
    /// The next piece; `None` once all has been read.
    pub async fn next(&mut self) -> Result<Option<Piece>, LogError> {
        if let Some(piece) = self.pieces.recv().await {
            return piece.map(Some);
        }
        if let Some(task) = self.task.take() {
            task.await?;
        }
        Ok(None)
    }
}

fn settings(config: &Config) -> ClientConfig {
    let mut client = ClientConfig::new();
    for (name, value) in config.connection.pairs() {
        client.set(name, value);
    }
    client
        .set("bootstrap.servers", &config.kafka)
        // A group is demanded by the client; nothing is read from it or written to it.
        .set("group.id", "lantoa-verify")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("queued.max.messages.kbytes", FETCH_AHEAD_KB)
        .set("fetch.queue.backoff.ms", "10")
        .set("fetch.error.backoff.ms", "100")
        .set("reconnect.backoff.max.ms", "2000")
        .set("allow.auto.create.topics", "false");
    client
}

/// The client, on threads that may block.
struct Reader {
    consumer: BaseConsumer<Quiet>,
    kafka: String,
}

impl Reader {
    fn fault(&self, source: KafkaError) -> LogError {
        LogError::Client { kafka: self.kafka.clone(), source }
    }

    fn describe(&self, tables: &Path) -> Result<(Arc<str>, Vec<StreamPartition>), LogError> {
        let metadata = self.consumer.fetch_metadata(None, REQUEST).map_err(|source| self.fault(source))?;
        let counts: HashMap<&str, usize> =
            metadata.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect();
        let has = |stream: &Stream| counts.get(stream.topic()).is_some_and(|count| *count > 0);
        let is_ours = Stream::ALL.iter().any(has);
        let mut partitions = Vec::new();
        for &stream in Stream::ALL {
            let topic = stream.topic();
            // An earlier release ran here last, which did not have the stream: there is nothing of it yet.
            if is_ours && !has(&stream) && !tables.join(stream.table()).exists() {
                continue;
            }
            let count = counts.get(topic).copied().filter(|count| *count > 0);
            let count = count.ok_or_else(|| LogError::NoTopic { kafka: self.kafka.clone(), topic })?;
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            partitions.extend((0..count).map(|partition| StreamPartition { stream, partition }));
        }
        let unknown = || self.fault(KafkaError::ClientCreation("the broker does not say its cluster id".to_owned()));
        let cluster = self.consumer.client().fetch_cluster_id(REQUEST).ok_or_else(unknown)?;
        Ok((cluster.into(), partitions))
    }

    fn bounds(&self, at: StreamPartition) -> Result<(i64, i64), LogError> {
        let bounds = self.consumer.fetch_watermarks(at.stream.topic(), at.partition, REQUEST);
        bounds.map_err(|source| self.fault(source))
    }

    fn assign(&self, at: StreamPartition, next: i64) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(at.stream.topic(), at.partition, Offset::Offset(next))
            .and_then(|()| self.consumer.assign(&list))
            .map_err(|source| self.fault(source))
    }

    fn pump(
        &self,
        at: StreamPartition,
        from: i64,
        to: i64,
        out: &mpsc::Sender<Result<Piece, LogError>>,
    ) -> Result<(), LogError> {
        if from >= to {
            return Ok(());
        }
        self.assign(at, from)?;
        let pumped = self.take(at, from, to, out);
        // Nothing is fetched while nobody reads.
        self.consumer.unassign().map_err(|source| self.fault(source))?;
        pumped
    }

    /// Takes records until `to` or the end, or until nobody listens. Patience begins anew with each record.
    fn take(
        &self,
        at: StreamPartition,
        mut next: i64,
        to: i64,
        out: &mpsc::Sender<Result<Piece, LogError>>,
    ) -> Result<(), LogError> {
        let mut chunk = Chunk::default();
        let mut deadline = Instant::now() + SILENCE;
        while next < to && !out.is_closed() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    deadline = Instant::now() + SILENCE;
                    let ours = message.topic() == at.stream.topic() && message.partition() == at.partition;
                    if !ours || message.offset() < next {
                        continue;
                    }
                    next = message.offset() + 1;
                    if message.offset() < to {
                        chunk.push(message.offset(), message.payload().unwrap_or_default());
                    }
                    if chunk.is_full() {
                        // A send fails only where nobody listens, which ends the loop.
                        let _ = out.blocking_send(Ok(Piece::Records(std::mem::take(&mut chunk))));
                        deadline = Instant::now() + SILENCE;
                    }
                }
                // Only records that mark transactions lie between the last one and the end.
                Some(Err(KafkaError::PartitionEOF(partition))) if partition == at.partition => break,
                Some(Err(error)) => match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                        let (low, _) = self.bounds(at)?;
                        if low <= next {
                            return Err(self.fault(error));
                        }
                        let _ = out.blocking_send(Ok(Piece::Records(std::mem::take(&mut chunk))));
                        let _ = out.blocking_send(Ok(Piece::StartsAt(low)));
                        next = low;
                        self.assign(at, next)?;
                    }
                    Some(RDKafkaErrorCode::Fatal | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                        return Err(self.fault(error));
                    }
                    _ => tracing::info!(%error, "the log does not answer; the client tries again"),
                },
                None => {}
            }
            if Instant::now() >= deadline {
                return Err(LogError::Silent { kafka: self.kafka.clone(), at, next });
            }
        }
        if chunk.len() > 0 {
            let _ = out.blocking_send(Ok(Piece::Records(chunk)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_gives_back_what_it_was_given() {
        let mut chunk = Chunk::default();
        for (offset, payload) in [(3, "ab"), (4, ""), (9, "c")] {
            chunk.push(offset, payload.as_bytes());
        }
        assert_eq!(chunk.len(), 3);
        let records: Vec<(i64, &[u8])> = chunk.records().collect();
        assert_eq!(records, [(3, &b"ab"[..]), (4, &b""[..]), (9, &b"c"[..])]);
    }
}
