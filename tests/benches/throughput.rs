//! How fast events go in and through, beside a bare Kafka client in the same run.
//!
//! In: the built program, which brings the embedded broker, or `LANTOA_TEST_KAFKA=host:port` for another one, whose
//! topics `lantoa.*` are deleted. Out, on standard output: a table of a bare consumer that counts, our projector and
//! their ratio, over kinds and sizes of records, cores and compressions, with the most memory that the projector's
//! process held; then a bare producer and ingest over HTTP. `cargo bench --bench throughput -- [EVENTS]`. Rates are of
//! shared machines: read the ratios.
//!
//! Consumer and projector are processes of their own, held to so many cores, by turns on the same log. A log holds
//! records of one kind: stamped ones, as ingest writes them, which are not judged again; or direct ones, as somebody
//! else's program produces them, each of which the projector judges by the contract. Compressions are told apart for
//! stamped records alone: the client unpacks before anybody sees of which kind a record is. Of what the projector does
//! in use only projections are left out: they are timed by the bench `views`.
//!
//! Both clocks start as reading starts and stop while the log still has records: what is timed is the rate at a backlog,
//! not the half second that a last window waits for company. The time to open tables is printed beside it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lantoa_schemas::clock::SystemClock;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_tests::events::sized::{Kind, SizedEvents};
use lantoa_tests::events::{WireEvents, cloud_event};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use ground::{NamedKafka, Program};

mod ground;

const TOPIC: Stream = Stream::Ledger(Family::Statement);
const KINDS: [Kind; 2] = [Kind::Stamped, Kind::Direct];
/// Sizes of a record's value, in bytes.
const SIZES: [usize; 2] = [200, 500];
/// The first one is none.
const COMPRESSIONS: &[&str] = &["none", "lz4", "zstd"];
const CORES: [usize; 2] = [1, 2];
/// Each figure is the median of so many.
const ROUNDS: usize = 3;
/// Events that each figure is of, unless told otherwise: some seconds of work on either broker.
const EVENTS: u64 = 500_000;
const EVENTS_EMBEDDED: u64 = 100_000;
/// Records on the log behind those that are timed, at most: more than two windows of the projector.
const BEHIND: u64 = 250_000;
/// First argument of the process that is measured.
const CONSUME: &str = "consume";
const PROJECT: &str = "project";
const INGEST_BATCH: u64 = 2_000;
const INGEST_EVENTS: u64 = 60_000;
const HEADER: &str = "\
| records | bytes | compression | cores | consumer, events/s | MB/s | projector, events/s | MB/s | ratio | memory, MiB |
| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
/// How long a measurement may take at most.
const STUCK: Duration = Duration::from_secs(600);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [what, kafka, events] if what == CONSUME => return consume(kafka, events.parse()?),
        [what, kafka, events, tables] if what == PROJECT => {
            return Runtime::new()?.block_on(project(kafka, events.parse()?, Path::new(tables)));
        }
        _ => {}
    }
    let runtime = Runtime::new()?;
    let folder = ground::folder()?;
    let kafka = NamedKafka::of_environment()?;
    let usual = if kafka.is_some() { EVENTS } else { EVENTS_EMBEDDED };
    let events: u64 = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(usual);
    let ground = Ground { kafka, folder: folder.path(), runtime };
    through(&ground, events)?;
    let (bytes, producer, ingest) = into_the_log(&ground, events)?;
    println!("\nThe same broker, {bytes} bytes a value, lz4, on all cores, one round:\n");
    println!("| what | events a second | MB a second | ratio |\n| --- | ---: | ---: | ---: |");
    for (what, rate) in [
        ("bare rdkafka producer, acks=all, idempotent", producer),
        ("ingest, NDJSON over HTTP to acknowledged", ingest),
    ] {
        println!("| {what} | {rate:.0} | {:.1} | {:.2} |", megabytes(rate, bytes), rate / producer);
    }
    Ok(())
}

/// What all measurements share.
struct Ground<'a> {
    kafka: Option<NamedKafka>,
    folder: &'a Path,
    runtime: Runtime,
}

/// The table of consumer and projector, a line as soon as it is known.
fn through(ground: &Ground<'_>, events: u64) -> Result<()> {
    let holds = Hold::all()?;
    let broker = if ground.kafka.is_some() { "broker of LANTOA_TEST_KAFKA" } else { "embedded broker" };
    let machine = cores()?.len();
    println!("\n{events} events, median of {ROUNDS} rounds, {broker}; one partition. The machine has {machine} cores;");
    println!("the broker has those that are left, or a share. Stamped records come as ingest writes them and are not");
    println!("judged again; direct ones are of somebody else's program, and each is judged.");
    if ground.kafka.is_none() {
        println!("Compression is not varied: this broker keeps and hands out records uncompressed, however they came.");
    } else {
        println!(
            "Compression is varied for stamped records: the client unpacks it before anybody sees the kind of a record."
        );
    }
    if holds.iter().any(Option::is_none) {
        println!("The processes are not held to any cores: this machine has no taskset (package util-linux).");
    }
    println!("\n{HEADER}");
    let mut opening = Duration::ZERO;
    for kind in KINDS {
        for bytes in SIZES {
            for &compression in compressions(kind, ground.kafka.is_none()) {
                let log = Log::fresh(ground)?;
                let held = Held { kind, bytes, compression };
                held.fill(&log, events + BEHIND.min(events / 5))?;
                for hold in &holds {
                    opening = opening.max(line(ground, &log, &held, hold.as_ref(), events)?);
                }
            }
        }
    }
    let opening = opening.as_secs_f64();
    println!("\nNot in the rates: the projector opened its tables and checked the log in {opening:.1} s at most.");
    Ok(())
}

/// The compressions that make a difference.
fn compressions(kind: Kind, embedded: bool) -> &'static [&'static str] {
    if embedded || kind == Kind::Direct { &COMPRESSIONS[..1] } else { COMPRESSIONS }
}

/// What records a log holds.
struct Held {
    kind: Kind,
    bytes: usize,
    compression: &'static str,
}

impl Held {
    fn fill(&self, log: &Log, events: u64) -> Result<()> {
        let mut records = SizedEvents::of(self.kind, self.bytes);
        let (produced, _) = produce(&log.address, self.compression, events, |number, out| records.write(number, out))?;
        ensure!(produced == events * self.bytes as u64, "the values are not of {} bytes", self.bytes);
        Ok(())
    }
}

/// Measures and prints one line; gives the longest time to open.
fn line(ground: &Ground<'_>, log: &Log, held: &Held, hold: Option<&Hold>, events: u64) -> Result<Duration> {
    let &Held { kind, bytes, compression } = held;
    let count = events.to_string();
    let (mut consumed, mut projected, mut memory, mut opening) = (Vec::new(), Vec::new(), 0, Duration::ZERO);
    for _ in 0..ROUNDS {
        let consumer = measure(hold, &[CONSUME.as_ref(), log.address.as_ref(), count.as_ref()])?;
        ensure!(consumer.bytes == consumer.events * bytes as u64, "the values read are not of {bytes} bytes");
        consumed.push(consumer.rate());
        let tables = tempfile::tempdir_in(ground.folder)?;
        let arguments: [&OsStr; 4] =
            [PROJECT.as_ref(), log.address.as_ref(), count.as_ref(), tables.path().as_os_str()];
        let projector = measure(hold, &arguments)?;
        projected.push(projector.rate());
        memory = memory.max(projector.memory_kib);
        opening = opening.max(projector.opening);
    }
    let (consumer, projector) = (median(&mut consumed), median(&mut projected));
    let cores = hold.map_or_else(|| "all".to_owned(), |hold| hold.cores.to_string());
    let read = format!("{consumer:.0} | {:.1}", megabytes(consumer, bytes));
    let kept = format!("{projector:.0} | {:.1}", megabytes(projector, bytes));
    let (ratio, memory) = (projector / consumer, memory >> 10);
    println!("| {kind} | {bytes} | {compression} | {cores} | {read} | {kept} | {ratio:.2} | {memory} |");
    Ok(opening)
}

fn megabytes(rate: f64, bytes: usize) -> f64 {
    rate * bytes as f64 / 1e6
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The cores that this process may run on, by their numbers.
fn cores() -> Result<Vec<usize>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let list =
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).context("no Cpus_allowed_list")?;
    let mut cores = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<usize>()?..=last.parse::<usize>()?);
    }
    Ok(cores)
}

/// The cores that a measured process is held to.
struct Hold {
    cores: usize,
    /// As `taskset` takes it.
    list: String,
}

impl Hold {
    /// One for each line of [`CORES`] that this machine has; only `None` where nothing can be held.
    fn all() -> Result<Vec<Option<Self>>> {
        let taskset = Command::new("taskset").arg("--version").stdout(Stdio::null()).status();
        if !taskset.is_ok_and(|ended| ended.success()) {
            return Ok(vec![None]);
        }
        let allowed = cores()?;
        let held = |cores| {
            let list: Vec<String> = allowed.iter().take(cores).map(usize::to_string).collect();
            Some(Self { cores, list: list.join(",") })
        };
        Ok(CORES.into_iter().filter(|cores| *cores <= allowed.len()).map(held).collect())
    }
}

/// A log without records that has the contract's topics: the named Kafka, or a broker on a folder of its own.
struct Log {
    address: String,
    child: Option<Child>,
    _folder: Option<TempDir>,
}

impl Log {
    fn fresh(ground: &Ground<'_>) -> Result<Self> {
        let log = match &ground.kafka {
            Some(kafka) => {
                ground.runtime.block_on(kafka.begin_anew())?;
                Self { address: kafka.address.clone(), child: None, _folder: None }
            }
            None => {
                let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
                let folder = tempfile::tempdir_in(ground.folder)?;
                let child = Command::new(env!("CARGO_BIN_EXE_lantoa"))
                    .args(["broker", "--listen", &address, "--cluster-id", "bench"])
                    .current_dir(folder.path())
                    .stdin(Stdio::piped())
                    .spawn()?;
                Self { address, child: Some(child), _folder: Some(folder) }
            }
        };
        ground.runtime.block_on(make_topics(&log.address))?;
        Ok(log)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It ends as its standard input closes.
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

async fn make_topics(kafka: &str) -> Result<()> {
    let config = lantoa_ingest::Config { kafka: kafka.to_owned(), ..Default::default() };
    let stop = CancellationToken::new();
    let handle = lantoa_ingest::start(config, Arc::new(SystemClock), stop.clone()).await?;
    stop.cancel();
    Ok(handle.join().await?)
}

/// Produces so many records as a bare client does, and gives the bytes of their values and the time until all were
/// acknowledged.
fn produce(
    kafka: &str,
    compression: &str,
    events: u64,
    mut write: impl FnMut(u64, &mut Vec<u8>),
) -> Result<(u64, Duration)> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "5")
        .set("compression.type", compression)
        .create()?;
    let (mut record, mut bytes) = (Vec::new(), 0);
    let start = Instant::now();
    for number in 0..events {
        record.clear();
        write(number, &mut record);
        bytes += record.len() as u64;
        let mut send = BaseRecord::to(TOPIC.topic()).key("province/24").payload(&record);
        while let Err((error, back)) = producer.send(send) {
            ensure!(error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull), error);
            producer.poll(Duration::from_millis(1));
            send = back;
        }
    }
    producer.flush(Duration::from_secs(120))?;
    Ok((bytes, start.elapsed()))
}

/// What a measured process says of itself.
struct Measured {
    took: Duration,
    events: u64,
    bytes: u64,
    /// Most resident memory, in KiB.
    memory_kib: u64,
    opening: Duration,
}

impl Measured {
    fn rate(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    /// Says it on standard output, in numbers.
    fn tell(&self) {
        let (took, opening) = (self.took.as_micros(), self.opening.as_micros());
        println!("{took} {} {} {} {opening}", self.events, self.bytes, self.memory_kib);
    }

    fn told(text: &str) -> Result<Self> {
        let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [took, events, bytes, memory_kib, opening] = numbers[..] else {
            anyhow::bail!("the measured process failed; it said {text:?}");
        };
        let (took, opening) = (Duration::from_micros(took), Duration::from_micros(opening));
        Ok(Self { took, events, bytes, memory_kib, opening })
    }
}

/// Runs this program once more, as one of the measured processes.
fn measure(hold: Option<&Hold>, arguments: &[&OsStr]) -> Result<Measured> {
    let this = std::env::current_exe()?;
    let mut command = match hold {
        None => Command::new(this),
        Some(hold) => {
            let mut command = Command::new("taskset");
            command.args(["-c", &hold.list]).arg(this);
            command
        }
    };
    let output = command.args(arguments).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the measured process ended with {}", output.status);
    Measured::told(&String::from_utf8(output.stdout)?)
}

/// The bare consumer: counts what the client hands it.
fn consume(kafka: &str, events: u64) -> Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("queued.min.messages", "1000000")
        .set("queued.max.messages.kbytes", "65536")
        .set("fetch.message.max.bytes", (4 << 20).to_string())
        .create()?;
    // The projector, too, is connected before its clock starts.
    let began = Instant::now();
    consumer.fetch_metadata(Some(TOPIC.topic()), Duration::from_secs(10))?;
    let opening = began.elapsed();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(TOPIC.topic(), 0, Offset::Beginning)?;
    let start = Instant::now();
    consumer.assign(&list)?;
    let (mut seen, mut bytes) = (0, 0);
    while seen < events {
        match consumer.poll(Duration::from_secs(30)).context("the log ended early")? {
            Ok(message) => {
                seen += 1;
                bytes += message.payload_len() as u64;
            }
            Err(error) => eprintln!("{error}"),
        }
    }
    let took = start.elapsed();
    Measured { took, events: seen, bytes, memory_kib: most_resident(), opening }.tell();
    Ok(())
}

/// The projector on fresh tables, until a commit has brought it to so many events.
async fn project(kafka: &str, events: u64, tables: &Path) -> Result<()> {
    let config = lantoa_projector::Config { kafka: kafka.to_owned(), tables: tables.to_owned(), ..Default::default() };
    let stop = CancellationToken::new();
    let began = Instant::now();
    let handle = lantoa_projector::start(config, None, Arc::new(SystemClock), stop.clone()).await?;
    let opening = began.elapsed();
    let start = Instant::now();
    let counters = handle.counters();
    let mut now = counters.now();
    while now.done() < events {
        if start.elapsed() > STUCK {
            stop.cancel();
            // What stopped it is worth more than that it is stuck.
            handle.join().await?;
            anyhow::bail!("the projector is stuck at {now:?}");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        now = counters.now();
    }
    let took = start.elapsed();
    ensure!(now.committed == now.done(), "not every record is a row: {now:?}");
    Measured { took, events: now.done(), bytes: now.bytes, memory_kib: most_resident(), opening }.tell();
    stop.cancel();
    Ok(handle.join().await?)
}

/// The most memory that this process has held, in KiB; 0 where the system does not say.
fn most_resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}

/// Bytes a value, and events a second of a bare producer and of the whole program's HTTP door, each event acknowledged
/// by the log.
fn into_the_log(ground: &Ground<'_>, events: u64) -> Result<(usize, f64, f64)> {
    let log = Log::fresh(ground)?;
    let mut wire = WireEvents::default();
    let (bytes, took) = produce(&log.address, "lz4", events, |number, out| wire.write(number, out))?;
    drop(log);
    if let Some(kafka) = &ground.kafka {
        ground.runtime.block_on(kafka.begin_anew())?;
    }
    let program = Program::up(ground.kafka.as_ref(), &ground.folder.join("ingest"))?;
    let ingest = ground.runtime.block_on(post_all(&format!("{}/v1/events", program.http)))?;
    program.stop()?;
    Ok(((bytes / events) as usize, events as f64 / took.as_secs_f64(), ingest))
}

async fn post_all(url: &str) -> Result<f64> {
    let client = reqwest::Client::new();
    let bodies: Vec<String> = (0..INGEST_EVENTS / INGEST_BATCH)
        .map(|batch| {
            let numbers = batch * INGEST_BATCH..(batch + 1) * INGEST_BATCH;
            numbers.map(|number| cloud_event(number).to_string() + "\n").collect()
        })
        .collect();
    let start = Instant::now();
    let mut under_way = tokio::task::JoinSet::new();
    for body in bodies {
        if under_way.len() == 4 {
            under_way.join_next().await.context("a request")???;
        }
        let request = client.post(url).header("content-type", "application/x-ndjson").body(body);
        under_way.spawn(async move {
            let answer = request.send().await?;
            ensure!(answer.status() == 202, "{}", answer.text().await?);
            Ok(())
        });
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(INGEST_EVENTS as f64 / start.elapsed().as_secs_f64())
}
