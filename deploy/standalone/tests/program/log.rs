//! The log that a test runs on: the embedded broker, or the Apache Kafka that `LANTOA_TEST_KAFKA=host:port` names.
//!
//! Topics have fixed names, so on a named Kafka one test at a time has its turn, across threads and processes, and
//! begins without any topic `lantoa.*`: whatever is in them is lost.
//!
//! What only the embedded broker has is left to it, whatever the environment names: all of `broker.rs`, and the tests
//! that begin with [`Log::embedded`]. They show the first start, which loads the articles by itself (`up --kafka` loads
//! nothing), and `import` without a running program; the broker's cluster id, port and lock; and that it ends with its
//! parent, and its parent with it.

use std::env;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lantoa::config::Settings;
use lantoa::data_dir::DataDir;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;

use crate::harness::{no_broker, run_to, until};

/// How long one question to the named Kafka may take.
pub const QUESTION: Duration = Duration::from_secs(20);

/// What carries a test's events.
pub struct Log {
    named: Option<Named>,
}

struct Named {
    address: String,
    /// File with the table `[kafka]`, where it takes more than an address.
    settings: Option<PathBuf>,
    client: ClientConfig,
    /// Locked until the test ends.
    _turn: File,
}

impl Log {
    /// The Kafka that the environment names, empty, once it is this test's turn; else the embedded broker.
    pub fn of_environment() -> Self {
        Self { named: variable("LANTOA_TEST_KAFKA").map(|address| Named::at(address, None)) }
    }

    /// The embedded broker, for tests of what only it has.
    pub fn embedded() -> Self {
        Self { named: None }
    }

    /// The listener with SASL and TLS that `LANTOA_TEST_KAFKA_SASL=host:port` names, reached with the settings in the
    /// file `LANTOA_TEST_KAFKA_SASL_SETTINGS`; `None` where there is none.
    pub fn secured() -> Option<Self> {
        let address = variable("LANTOA_TEST_KAFKA_SASL")?;
        let settings = variable("LANTOA_TEST_KAFKA_SASL_SETTINGS").expect("it must name the file that kafka-dev wrote");
        Some(Self { named: Some(Named::at(address, Some(settings.into()))) })
    }

    /// The three nodes of the `kafka-dev` folder that `LANTOA_TEST_KAFKA_NODES` names, and the folder.
    pub fn of_nodes() -> (Self, PathBuf) {
        let nodes =
            variable("LANTOA_TEST_KAFKA_NODES").expect("it must name the folder of a kafka-dev with three nodes");
        let nodes = PathBuf::from(nodes);
        let address = std::fs::read_to_string(nodes.join("bootstrap")).unwrap().trim().to_owned();
        (Self { named: Some(Named::at(address, None)) }, nodes)
    }

    /// Arguments with which `up` uses it.
    pub fn up<'a>(&'a self, flags: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["up", "--http", "127.0.0.1:0", "--postgres", "127.0.0.1:0"];
        if self.named.is_none() {
            arguments.extend(["--kafka-port", "0"]);
        }
        arguments.extend(self.flags());
        arguments.extend(flags);
        arguments
    }

    /// Flags with which other commands use it; none for the embedded broker.
    pub fn flags(&self) -> Vec<&str> {
        let Some(named) = &self.named else { return Vec::new() };
        let mut flags = vec!["--kafka", named.address.as_str()];
        if let Some(settings) = &named.settings {
            flags.extend(["--config", settings.to_str().expect("a path of kafka-dev is UTF-8")]);
        }
        flags
    }

    /// Loads the articles into the running program where it has not done so by itself.
    #[track_caller]
    pub fn load_articles(&self, data: &Path) {
        if self.named.is_some() {
            run_to(0, data, &["import", "--articles"]);
        }
    }

    /// Takes all records away, as a log does that was lost and made anew. No program runs on it.
    #[track_caller]
    pub fn lose(&self, data: &Path) {
        if let Some(named) = &self.named {
            return named.begin_anew();
        }
        for file in std::fs::read_dir(data.join("broker")).unwrap() {
            let path = file.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().contains(".db") {
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    /// Whether no broker of the program's own is left: the embedded one has ended, and beside a named Kafka there was
    /// none.
    pub fn left_no_broker(&self, data: &Path) -> bool {
        if self.named.is_some() { !data.join("broker").exists() } else { no_broker(data) }
    }
}

impl Named {
    #[track_caller]
    fn at(address: String, settings: Option<PathBuf>) -> Self {
        let mut client = ClientConfig::new();
        if let Some(path) = &settings {
            let settings = Settings::load(Some(path), &DataDir::new("unused")).unwrap().on_kafka(&address).unwrap();
            for (name, value) in settings.ingest.connection.pairs() {
                client.set(name, value);
            }
        }
        client.set("bootstrap.servers", &address);
        let named = Self { address, settings, client, _turn: turn() };
        named.begin_anew();
        named
    }

    #[track_caller]
    fn begin_anew(&self) {
        let admin: AdminClient<DefaultClientContext> = self.client.create().unwrap();
        delete_topics(&admin);
    }
}

/// Waits for the turn on the named Kafka, which lasts until the file is closed.
pub fn turn() -> File {
    let path = env::temp_dir().join("lantoa-test-kafka.lock");
    let turn = OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
    turn.lock().unwrap();
    turn
}

/// Deletes the contract's topics and waits until they are gone.
#[track_caller]
pub fn delete_topics(admin: &AdminClient<DefaultClientContext>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = AdminOptions::new().request_timeout(Some(QUESTION)).operation_timeout(Some(QUESTION));
    until("the topics to be gone", || {
        let metadata = admin.inner().fetch_metadata(None, QUESTION).unwrap();
        let names: Vec<&str> =
            metadata.topics().iter().map(|topic| topic.name()).filter(|name| name.starts_with("lantoa.")).collect();
        if names.is_empty() {
            return Some(());
        }
        // One that is gone already is refused, and that is well; whatever else is wrong, the next look sees it.
        runtime.block_on(admin.delete_topics(&names, &options)).unwrap();
        None
    });
}

/// A variable of the environment that says something.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
