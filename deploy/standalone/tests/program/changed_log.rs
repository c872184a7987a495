//! The log changes under the projector: it gets partitions, loses its start, or is another one. Each time nothing is
//! passed over in silence: the projector stops and says what to do, and after that is done all is in the tables once.
//!
//! These need what only Apache Kafka has. They run where `LANTOA_TEST_KAFKA=host:port` names one, whose topics `lantoa.*`
//! are deleted, one test at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use lantoa_tests::events::{WireEvents, id};
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tempfile::TempDir;

use crate::harness::{Program, folder, lantoa, run_to, until};
use crate::log::{QUESTION, delete_topics, turn, variable};

const TOPIC: &str = "lantoa.statement.v1";

/// The named Kafka, empty but for the contract's topics, which ingest has made.
struct Kafka {
    address: String,
    client: ClientConfig,
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    data: TempDir,
    /// Locked until the test ends.
    _turn: File,
}

impl Kafka {
    fn named() -> Option<Self> {
        let Some(address) = variable("LANTOA_TEST_KAFKA") else {
            eprintln!("not run: LANTOA_TEST_KAFKA names no Kafka");
            return None;
        };
        let turn = turn();
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &address);
        let admin = client.create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kafka = Self { address, client, admin, runtime, data: folder(), _turn: turn };
        delete_topics(&kafka.admin);
        kafka.make_topics();
        Some(kafka)
    }

    /// Starts ingest for as long as it takes to make the topics that are not there.
    fn make_topics(&self) {
        let mut ingest = self.start("ingest");
        ingest.says("http://");
        ingest.stop();
    }

    fn start(&self, role: &str) -> Program {
        Program::start(self.data.path(), &self.serve(role))
    }

    fn serve<'a>(&'a self, role: &'a str) -> [&'a str; 6] {
        ["serve", role, "--kafka", &self.address, "--http", "127.0.0.1:0"]
    }

    /// A projector that is at work.
    fn projector(&self) -> Program {
        let mut projector = self.start("projector");
        projector.says("http://");
        projector
    }

    /// A projector that must stop with a failure, and what it says of it.
    fn projector_that_stops(&self) -> Stopping {
        let command = lantoa(self.data.path(), &self.serve("projector"));
        let said = self.data.path().join("stopping.err");
        Stopping::start(command, &said)
    }

    /// Produces the events with these numbers, all acknowledged.
    fn produce(&self, numbers: impl IntoIterator<Item = u64>, partition: i32) {
        let producer: ThreadedProducer<DefaultProducerContext> = self.client.create().unwrap();
        let mut events = WireEvents::default();
        for number in numbers {
            let payload = events.direct(number, |_| {});
            let record =
                BaseRecord::<str, Vec<u8>>::to(TOPIC).partition(partition).key("province/24").payload(&payload);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(QUESTION).unwrap();
    }

    fn recover(&self) -> String {
        run_to(0, self.data.path(), &["recover", "--kafka", &self.address]).0
    }

    #[track_caller]
    fn until_there(&self, numbers: impl IntoIterator<Item = u64>) {
        let expected: BTreeMap<String, u64> = numbers.into_iter().map(|number| (id(number), 1)).collect();
        // Asked before there is any table, the program says so.
        let tables = self.data.path().join("tables");
        until("the events in the ledger", || (tables.exists() && ledger(self.data.path()) == expected).then_some(()));
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(QUESTION)).operation_timeout(Some(QUESTION))
}

/// Ids in the ledger with how often each is there.
fn ledger(data: &Path) -> BTreeMap<String, u64> {
    let query = "select event_id, count(*) as n from ledger_statement group by event_id";
    let (out, _) = run_to(0, data, &["sql", "--format", "csv", query]);
    let rows = out.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.map(|(id, n)| (id.to_owned(), n.parse().unwrap())).collect()
}

/// A process whose last words are wanted.
struct Stopping {
    child: std::process::Child,
    said: std::path::PathBuf,
}

impl Stopping {
    fn start(mut command: Command, said: &Path) -> Self {
        let child = command.stdout(std::process::Stdio::piped()).stderr(File::create(said).unwrap()).spawn().unwrap();
        Self { child, said: said.to_owned() }
    }

    /// Waits until it has stopped by itself, and gives what it said.
    #[track_caller]
    fn last_words(mut self) -> String {
        let ended = until("its end", || self.child.try_wait().unwrap());
        let said = std::fs::read_to_string(&self.said).unwrap();
        assert_eq!(ended.code(), Some(1), "{said}");
        said
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn partitions_that_are_added_are_read_after_a_stop_that_says_so() {
    let Some(kafka) = Kafka::named() else { return };
    kafka.produce(0..10, 0);
    let projector = kafka.projector_that_stops();
    kafka.until_there(0..10);
    let more = kafka.runtime.block_on(kafka.admin.create_partitions(&[NewPartitions::new(TOPIC, 3)], &options()));
    assert!(more.unwrap()[0].is_ok());
    let said = projector.last_words();
    assert!(
        said.contains("has 3 partitions now, of which 1 are read") && said.contains("Start the projector again"),
        "{said}"
    );
    for partition in 0..3 {
        let first = 10 + 10 * u64::try_from(partition).unwrap();
        kafka.produce(first..first + 10, partition);
    }
    let projector = kafka.projector();
    kafka.until_there(0..40);
    projector.stop();
}

#[test]
fn a_log_that_lost_its_start_is_refused_until_it_is_declared_new() {
    let Some(kafka) = Kafka::named() else { return };
    kafka.produce(0..10, 0);
    let projector = kafka.projector();
    kafka.until_there(0..10);
    projector.stop();
    kafka.produce(10..20, 0);
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(TOPIC, 0, Offset::Offset(15)).unwrap();
    kafka.runtime.block_on(kafka.admin.delete_records(&before, &options())).unwrap();
    let said = kafka.projector_that_stops().last_words();
    assert!(said.contains("the records between are gone") && said.contains("lantoa recover"), "{said}");
    assert!(kafka.recover().contains("lantoa.statement.v1: generation 1 begins"));
    let projector = kafka.projector();
    kafka.until_there((0..10).chain(15..20));
    projector.stop();
}

/// The new topic has grown past the place that the projector reads next, where the client would read on in its midst.
#[test]
fn a_topic_that_is_created_anew_while_it_is_read_is_not_read_from_its_midst() {
    let Some(kafka) = Kafka::named() else { return };
    kafka.produce(0..10, 0);
    let projector = kafka.projector_that_stops();
    kafka.until_there(0..10);
    kafka.runtime.block_on(kafka.admin.delete_topics(&[TOPIC], &options())).unwrap();
    let kept_for = lantoa_schemas::stream::RETENTION_FOR_EVER_MS.to_string();
    let anew = [NewTopic::new(TOPIC, 1, TopicReplication::Fixed(-1)).set("retention.ms", &kept_for)];
    until("the topic to be made anew", || {
        let made = kafka.runtime.block_on(kafka.admin.create_topics(&anew, &options())).unwrap();
        made[0].is_ok().then_some(())
    });
    kafka.produce(100..130, 0);
    let said = projector.last_words();
    assert!(said.contains("lantoa recover"), "{said}");
    // Also where it is started again before anybody has read what it said.
    let said = kafka.projector_that_stops().last_words();
    assert!(said.contains("lantoa recover"), "{said}");
    assert!(kafka.recover().contains("lantoa.statement.v1: generation 1 begins"));
    let projector = kafka.projector();
    kafka.until_there((0..10).chain(100..130));
    projector.stop();
}
