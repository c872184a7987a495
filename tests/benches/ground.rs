//! What the benches stand on: a log without records, the built program, a folder.
//!
//! In: the environment. `LANTOA_TEST_KAFKA=host:port` names an Apache Kafka; without it the log is the embedded broker.
//! Out: each as a handle. Guarantee: what was started ends with its handle, and folders go with theirs. Topics have
//! fixed names, so on a named Kafka a bench or a flow test has its turn alone, and begins without any topic `lantoa.*`:
//! whatever is in them is lost.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use tempfile::TempDir;

/// How long one question to the named Kafka may take.
const QUESTION: Duration = Duration::from_secs(10);

/// How long the program may take to end, and topics to be gone.
const WITHIN: Duration = Duration::from_secs(60);

/// A folder below `target`, which lies on a disk, as what is timed has to reach it.
pub fn folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

/// The Apache Kafka that the environment names.
pub struct NamedKafka {
    pub address: String,
    /// Locked until the bench ends; the flow tests wait for the same file.
    _turn: File,
}

impl NamedKafka {
    /// Where there is one, once it is this bench's turn.
    pub fn of_environment() -> Result<Option<Self>> {
        let Some(address) = std::env::var("LANTOA_TEST_KAFKA").ok().filter(|address| !address.is_empty()) else {
            return Ok(None);
        };
        let path = std::env::temp_dir().join("lantoa-test-kafka.lock");
        let turn = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        turn.lock()?;
        Ok(Some(Self { address, _turn: turn }))
    }

    /// Deletes the contract's topics and waits until they are gone.
    pub async fn begin_anew(&self) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.address).create()?;
        let options = AdminOptions::new().request_timeout(Some(QUESTION)).operation_timeout(Some(QUESTION));
        let deadline = Instant::now() + WITHIN;
        loop {
            let metadata = admin.inner().fetch_metadata(None, QUESTION)?;
            let all = metadata.topics().iter().map(|topic| topic.name());
            let names: Vec<&str> = all.filter(|name| name.starts_with("lantoa.")).collect();
            if names.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{} still has {names:?}", self.address);
            // One that is gone already is refused, and that is well; whatever else is wrong, the next look sees it.
            admin.delete_topics(&names, &options).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A running `lantoa up` under the default settings, without articles.
pub struct Program {
    child: Child,
    /// Where it answers: `http://host:port`.
    pub http: String,
}

impl Program {
    /// Starts it on a data folder and waits until it is ready.
    pub fn up(kafka: Option<&NamedKafka>, data: &Path) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lantoa"));
        command.arg("--data").arg(data).args(["up", "--empty", "--http", "127.0.0.1:0", "--postgres", "127.0.0.1:0"]);
        match kafka {
            Some(kafka) => command.args(["--kafka", &kafka.address]),
            None => command.args(["--kafka-port", "0"]),
        };
        for name in ["LANTOA_DATA", "LANTOA_CONFIG", "LANTOA_LOG", "LANTOA_KAFKA_PASSWORD"] {
            command.env_remove(name);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut program = Self { child, http: String::new() };
        let out = BufReader::new(program.child.stdout.take().context("standard output")?);
        program.http = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.trim().strip_prefix("http ").map(|url| url.trim().to_owned()))
            .context("the program ended before it was ready")?;
        Ok(program)
    }

    /// Ends it as Ctrl-C does, and its broker with it.
    pub fn stop(mut self) -> Result<()> {
        // The shell has `kill` built in, so that no package is needed.
        let told = Command::new("sh").args(["-c", &format!("kill -INT {}", self.child.id())]).status()?;
        ensure!(told.success(), "the program cannot be told to stop");
        let deadline = Instant::now() + WITHIN;
        loop {
            if let Some(ended) = self.child.try_wait()? {
                ensure!(ended.success(), "the program ended with {ended}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the program does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
