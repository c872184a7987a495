//! The topics at start. In: the streams of the contract. Out: a topic for each, kept as long as the contract says, or
//! the reason why not.

use std::time::Duration;

use lantoa_schemas::stream::{RETENTION_FOR_EVER_MS, Stream};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

use super::{LogContext, LogError, client};
use crate::config::Config;

/// How long one question to the broker may take.
const QUESTION: Duration = Duration::from_secs(5);

/// How long to wait before asking an unreachable broker again.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn ensure(config: &Config) -> Result<(), LogError> {
    // An admin client takes none of a producer's settings without a complaint on the log.
    let admin: AdminClient<LogContext> =
        client(config).create_with_context(LogContext::default()).map_err(LogError::Settings)?;
    let there = make(&admin, config).await?;
    if !there.is_empty() {
        check_retention(&admin, &there).await?;
    }
    Ok(())
}

/// Makes all topics and returns those that were there before.
async fn make(admin: &AdminClient<LogContext>, config: &Config) -> Result<Vec<Stream>, LogError> {
    let deadline = Instant::now() + config.connect_timeout;
    let retentions: Vec<String> = Stream::ALL.iter().map(|stream| stream.retention_ms().to_string()).collect();
    let replication = || TopicReplication::Fixed(config.replication);
    let wanted: Vec<NewTopic<'_>> = Stream::ALL
        .iter()
        .zip(&retentions)
        .map(|(stream, ms)| NewTopic::new(stream.topic(), config.partitions, replication()).set("retention.ms", ms))
        .collect();
    let question = QUESTION.min(config.connect_timeout);
    let options = AdminOptions::new().request_timeout(Some(question)).operation_timeout(Some(question));
    loop {
        let error = match admin.create_topics(&wanted, &options).await {
            Ok(results) => match read(results)? {
                Made::All(there) => return Ok(there),
                Made::NotYet(code) => KafkaError::AdminOp(code),
            },
            Err(error) => error,
        };
        if Instant::now() >= deadline {
            return Err(LogError::Unreachable {
                brokers: config.kafka.clone(),
                within: config.connect_timeout,
                source: error,
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

enum Made {
    All(Vec<Stream>),
    NotYet(RDKafkaErrorCode),
}

fn read(results: Vec<Result<String, (String, RDKafkaErrorCode)>>) -> Result<Made, LogError> {
    let mut there = Vec::new();
    for result in results {
        match result {
            Ok(topic) => tracing::info!(topic, "topic made"),
            Err((topic, RDKafkaErrorCode::TopicAlreadyExists)) => there.extend(Stream::of_topic(&topic)),
            Err((_, code)) if passes(code) => return Ok(Made::NotYet(code)),
            Err((topic, code)) => return Err(LogError::Refused { topic, code }),
        }
    }
    Ok(Made::All(there))
}

/// Whether a cluster that is just starting gives this answer.
fn passes(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        BrokerNotAvailable, InvalidReplicationFactor, LeaderNotAvailable, NotController, OperationTimedOut,
        RequestTimedOut,
    };
    matches!(
        code,
        // Too few brokers have registered yet; a factor that is really too high ends in the time-out with this reason.
        InvalidReplicationFactor
            | BrokerNotAvailable
            | LeaderNotAvailable
            | NotController
            | OperationTimedOut
            | RequestTimedOut
    )
}

async fn check_retention(admin: &AdminClient<LogContext>, streams: &[Stream]) -> Result<(), LogError> {
    let asked: Vec<ResourceSpecifier<'_>> =
        streams.iter().map(|stream| ResourceSpecifier::Topic(stream.topic())).collect();
    let options = AdminOptions::new().request_timeout(Some(QUESTION));
    let answers = match admin.describe_configs(&asked, &options).await {
        Ok(answers) => answers,
        Err(error) => {
            tracing::warn!(%error, "broker does not say how long topics keep their records");
            return Ok(());
        }
    };
    for (stream, answer) in streams.iter().zip(answers) {
        let found = answer.ok().and_then(|resource| resource.get("retention.ms")?.value.as_ref()?.parse().ok());
        match found {
            None => tracing::warn!(topic = stream.topic(), "broker does not say how long the topic keeps its records"),
            Some(found) if keeps(*stream, found) => {}
            Some(found) => {
                let expected = stream.retention_ms();
                return Err(LogError::Retention { topic: stream.topic(), found, expected });
            }
        }
    }
    Ok(())
}

/// Whether a topic keeps its records as long as it must. For ever may also be longer; tokens never.
fn keeps(stream: Stream, found: i64) -> bool {
    let expected = stream.retention_ms();
    found == expected || (expected == RETENTION_FOR_EVER_MS && found > expected)
}
