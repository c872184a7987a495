use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::*;
use crate::test_broker::{TestBroker, free_address};

fn record(key: &str) -> Record {
    Record { stream: Stream::Ledger(Family::Statement), key: key.to_owned(), payload: key.as_bytes().repeat(30) }
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_once_and_records_get_positions_in_their_order() {
    let broker = TestBroker::start();
    let config = broker.config();
    let log = Log::open(&config).unwrap();
    log.ensure_topics(&config).await.unwrap();
    log.ensure_topics(&config).await.unwrap();
    let records: Vec<Record> = (0..2_000).map(|n| record(&format!("province/{n}"))).collect();
    let offsets: Vec<i64> = log.produce(&records).await.into_iter().map(|stored| stored.unwrap().offset).collect();
    assert_eq!(offsets, (0..2_000).collect::<Vec<i64>>());
    assert_eq!(log.produce(&records[..1]).await[0].as_ref().unwrap(), &Position { partition: 0, offset: 2_000 });
    log.flush(Duration::from_secs(5)).unwrap();
    let stored = read_back(&config, Stream::Ledger(Family::Statement), 2_001);
    assert!(stored.iter().zip(&records).all(|(stored, sent)| *stored == (sent.key.clone(), sent.payload.clone())));
}

/// Keys and values of the first records of a topic, as any Kafka client reads them. Blocks.
pub(crate) fn read_back(config: &Config, stream: Stream, count: usize) -> Vec<(String, Vec<u8>)> {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &config.kafka).set("group.id", "test");
    let consumer: BaseConsumer = settings.create().unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(stream.topic(), 0, Offset::Beginning).unwrap();
    consumer.assign(&from).unwrap();
    let next = || consumer.poll(Duration::from_secs(10)).expect("a record in time").unwrap();
    let read = |message: BorrowedMessage<'_>| {
        let key = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
        (key, message.payload().unwrap().to_vec())
    };
    (0..count).map(|_| read(next())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_would_forget_is_refused_by_name() {
    let broker = TestBroker::start();
    let config = broker.config();
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &config.kafka);
    let admin: AdminClient<LogContext> = settings.create_with_context(LogContext::default()).unwrap();
    let topic = Stream::Receipt.topic();
    let short = NewTopic::new(topic, 1, TopicReplication::Fixed(1)).set("retention.ms", "1000");
    admin.create_topics([&short], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let refused = Log::open(&config).unwrap().ensure_topics(&config).await.unwrap_err();
    assert!(matches!(refused, LogError::Retention { topic: named, found: 1000, .. } if named == topic), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_start_and_sends_end_in_time() {
    let config = Config {
        kafka: free_address(),
        ack_timeout: Duration::from_millis(300),
        connect_timeout: Duration::from_millis(300),
        ..Config::default()
    };
    let log = Log::open(&config).unwrap();
    assert!(matches!(log.produce(&[record("a")]).await[0], Err(ProduceError::NotAcknowledged(_))));
    assert!(matches!(log.ensure_topics(&config).await, Err(LogError::Unreachable { .. })));
    let patience = Duration::from_millis(300);
    let answer = tokio::task::spawn_blocking(move || log.answers(patience)).await.unwrap();
    assert!(matches!(answer, Err(LogError::Unreachable { .. })));
}
