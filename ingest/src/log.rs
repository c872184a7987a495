//! The log, as ingest sees it: the only module that speaks to Kafka.
//!
//! In: encoded records. Out: where each was stored, and what the reference topic holds (`references`). Guarantee: a
//! position is given only for what every in-sync replica has acknowledged; the producer is idempotent, so its own
//! retries neither double a record nor change the order of a partition.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use lantoa_schemas::connection::{Complaints, REFUSED};
use lantoa_schemas::stream::{Family, Stream};
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tokio::time::Instant;

use crate::config::Config;

mod references;
mod topics;

pub(crate) use references::ReferenceReader;

/// Largest record, in bytes: what Apache Kafka's own default (1,048,588) takes, with room for key and framing.
pub const MAX_RECORD_BYTES: usize = 1_000_000;

/// How long to wait before asking a full send queue again.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// What the log could not do. Owned by the outside (the broker, the network or who runs them) where it does not say
/// otherwise.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A setting that librdkafka does not take.
    #[error("the Kafka client does not take its settings")]
    Settings(#[source] KafkaError),
    /// No broker answered in time.
    #[error("no broker at {brokers} answered within {within:?}")]
    Unreachable {
        /// Where it was looked for.
        brokers: String,
        /// For how long.
        within: Duration,
        /// The last answer.
        source: KafkaError,
    },
    /// The broker refused to make a topic.
    #[error("the broker refuses to make the topic {topic}: {code}")]
    Refused {
        /// Its name.
        topic: String,
        /// The broker's reason.
        code: RDKafkaErrorCode,
    },
    /// A topic would delete its records too early, or keep subject tokens too long.
    #[error("the topic {topic} has retention.ms={found}; set it to {expected} (kafka-configs --alter) and start again")]
    Retention {
        /// Its name.
        topic: &'static str,
        /// What the broker says, in milliseconds.
        found: i64,
        /// What the contract says, in milliseconds.
        expected: i64,
    },
    /// The reference topic cannot be read to its end, and rows are judged by what it says.
    #[error(
        "the topic {} gave nothing for {within:?}, and rows are judged by what it says: see that the broker serves all its partitions and lets this program read them, then try again",
        Family::Reference.stream().topic()
    )]
    Reference {
        /// How long it was waited for.
        within: Duration,
        /// The last answer.
        source: KafkaError,
    },
    /// Reading the reference topic ended without a result: a fault of this program.
    #[error("reading the reference topic ended without a result")]
    Ended(#[source] tokio::task::JoinError),
    /// Records were still under way at the end.
    #[error("records were still unacknowledged at the end")]
    Flush(#[source] KafkaError),
}

impl LogError {
    /// Others were still waiting for the reference topic when the time was up.
    pub(crate) fn reference_overdue(within: Duration) -> Self {
        let source = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
        Self::Reference { within, source }
    }
}

/// Why a record has no position. It may or may not be in the log; sending it again is safe as its event id repeats.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// The broker did not acknowledge in time or refused.
    #[error("the broker did not acknowledge")]
    NotAcknowledged(#[source] KafkaError),
    /// The send queue stayed full.
    #[error("the send queue stayed full")]
    QueueFull,
    /// The producer ended before the broker answered.
    #[error("the producer ended before the broker answered")]
    Ended,
}

/// A record for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The stream, which names the topic.
    pub stream: Stream,
    /// The key, which decides the partition.
    pub key: String,
    /// Avro single-object encoding of the value.
    pub payload: Vec<u8>,
}

/// Where a record is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset of the record itself.
    pub offset: i64,
}

/// Takes librdkafka's own words into our log.
#[derive(Default)]
pub(crate) struct LogContext {
    complaints: Complaints,
}

impl ClientContext for LogContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::warn!(facility, message, "kafka client");
            }
            _ => tracing::debug!(facility, message, "kafka client"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode::{Authentication, SSL, SaslAuthenticationFailed};
        match error.rdkafka_error_code() {
            Some(Authentication | SSL | SaslAuthenticationFailed) if self.complaints.due(std::time::Instant::now()) => {
                tracing::warn!(%error, reason, "{REFUSED}");
            }
            // The client connects again by itself; a request that suffers from it is answered 503.
            _ => tracing::info!(%error, reason, "kafka connection"),
        }
    }
}

type LogProducer = FutureProducer<LogContext>;

/// The producer that sends now.
struct Current {
    producer: LogProducer,
    /// How many there were before it.
    before: u64,
}

/// A connection to the log.
pub struct Log {
    settings: ClientConfig,
    producer: RwLock<Current>,
    ack_timeout: Duration,
}

impl Log {
    /// Makes the producer. Does not wait for a broker.
    ///
    /// # Errors
    /// When librdkafka does not take the settings.
    pub fn open(config: &Config) -> Result<Self, LogError> {
        let settings = settings(config);
        let producer = settings.create_with_context(LogContext::default()).map_err(LogError::Settings)?;
        let producer = RwLock::new(Current { producer, before: 0 });
        Ok(Self { settings, producer, ack_timeout: config.ack_timeout })
    }

    /// Makes the topics that are missing and checks how long the others keep their records.
    ///
    /// # Errors
    /// When no broker answers within [`Config::connect_timeout`], or a topic is refused or not as it must be.
    pub async fn ensure_topics(&self, config: &Config) -> Result<(), LogError> {
        topics::ensure(config).await
    }

    /// Sends all records at once and waits for each. The results are in the records' order.
    pub async fn produce(&self, records: &[Record]) -> Vec<Result<Position, ProduceError>> {
        let (producer, before) = self.current();
        let deadline = Instant::now() + self.ack_timeout;
        let mut under_way = Vec::with_capacity(records.len());
        for record in records {
            under_way.push(enqueue(&producer, record, deadline).await);
        }
        let mut results = Vec::with_capacity(records.len());
        for sent in under_way {
            results.push(match sent {
                Ok(delivery) => delivered(delivery).await,
                Err(error) => Err(error),
            });
        }
        if results.iter().any(Result::is_err)
            && let Some(why) = lost(&producer, &results)
        {
            self.replace(before, &why);
        }
        results
    }

    /// Asks the log for a sign of life. Blocks the thread.
    ///
    /// # Errors
    /// When none comes within the time.
    pub(crate) fn answers(&self, within: Duration) -> Result<(), LogError> {
        let (producer, _) = self.current();
        let asked = producer.client().fetch_metadata(Some(Family::Reference.stream().topic()), within);
        let brokers = self.settings.get("bootstrap.servers").unwrap_or_default().to_owned();
        asked.map(drop).map_err(|source| LogError::Unreachable { brokers, within, source })
    }

    /// Waits until the log has taken what was sent. Blocks the thread.
    ///
    /// # Errors
    /// When it has not within the time.
    pub fn flush(&self, within: Duration) -> Result<(), LogError> {
        let (producer, _) = self.current();
        producer.flush(within).map_err(LogError::Flush)
    }

    fn current(&self) -> (LogProducer, u64) {
        let current = self.producer.read().unwrap_or_else(PoisonError::into_inner);
        (current.producer.clone(), current.before)
    }

    /// Takes a new producer, with a new producer id, in the place of one that cannot go on. Whoever still sends with that
    /// one holds it until its answers have come.
    fn replace(&self, before: u64, why: &str) {
        let mut current = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        if current.before != before {
            return;
        }
        match self.settings.create_with_context(LogContext::default()) {
            Ok(producer) => {
                tracing::warn!(why, "producer lost its sequence and was replaced");
                *current = Current { producer, before: before + 1 };
            }
            Err(error) => tracing::error!(why, %error, "producer cannot go on and cannot be replaced"),
        }
    }
}

/// Why a producer cannot go on: an idempotent one that lost track of the broker's sequence refuses all further sends, and a
/// broker that does not know its epoch any more, as after records that timed out while it was away, answers each send with
/// an error that it has no name for.
fn lost(producer: &LogProducer, results: &[Result<Position, ProduceError>]) -> Option<String> {
    if let Some((_, reason)) = producer.client().fatal_error() {
        return Some(reason);
    }
    let unknown = |result: &Result<Position, ProduceError>| match result {
        Err(ProduceError::NotAcknowledged(error)) => error.rdkafka_error_code() == Some(RDKafkaErrorCode::Unknown),
        _ => false,
    };
    results.iter().any(unknown).then(|| "the broker answers with an unknown error".to_owned())
}

/// What every client of ingest is made with: where the brokers are and how they are reached.
fn client(config: &Config) -> ClientConfig {
    let mut settings = ClientConfig::new();
    for (name, value) in config.connection.pairs() {
        settings.set(name, value);
    }
    settings
        .set("bootstrap.servers", &config.kafka)
        .set("client.id", "lantoa-ingest")
        .set("reconnect.backoff.max.ms", "1000");
    settings
}

fn settings(config: &Config) -> ClientConfig {
    let ack_ms = config.ack_timeout.as_millis().max(100).to_string();
    let mut settings = client(config);
    settings
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .set("allow.auto.create.topics", "false")
        .set("compression.type", "lz4")
        .set("linger.ms", "2")
        .set("message.max.bytes", (MAX_RECORD_BYTES + 64 * 1024).to_string())
        .set("queue.buffering.max.kbytes", "65536")
        .set("delivery.timeout.ms", &ack_ms)
        .set("request.timeout.ms", &ack_ms)
        .set_log_level(RDKafkaLogLevel::Warning);
    settings
}

async fn enqueue(producer: &LogProducer, record: &Record, deadline: Instant) -> Result<DeliveryFuture, ProduceError> {
    let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
    let mut pending =
        FutureRecord::to(record.stream.topic()).key(record.key.as_str()).payload(record.payload.as_slice());
    loop {
        match producer.send_result(pending) {
            Ok(delivery) => return Ok(delivery),
            Err((error, refused)) if error == full => {
                if Instant::now() >= deadline {
                    return Err(ProduceError::QueueFull);
                }
                pending = refused;
                tokio::time::sleep(QUEUE_PAUSE).await;
            }
            Err((error, _)) => return Err(ProduceError::NotAcknowledged(error)),
        }
    }
}

async fn delivered(delivery: DeliveryFuture) -> Result<Position, ProduceError> {
    match delivery.await {
        Ok(Ok(stored)) => Ok(Position { partition: stored.partition, offset: stored.offset }),
        Ok(Err((error, _))) => Err(ProduceError::NotAcknowledged(error)),
        Err(_) => Err(ProduceError::Ended),
    }
}

#[cfg(test)]
pub(crate) mod tests;
