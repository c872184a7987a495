//! How fast events go in and through, beside a bare Kafka client in the same run.
//!
//! In: the built program, which brings the embedded broker, or `LANTOA_TEST_KAFKA=host:port` for another one. Out: a
//! table on standard output: bare producer, ingest over HTTP, bare consumer, projector, their ratios, and the most
//! memory that the projector's process held. `cargo bench --bench throughput -- [EVENTS]`, 500,000 by default.
//! Rates are of shared machines: read the ratios.

use std::io::BufRead;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lantoa_schemas::clock::SystemClock;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_tests::events::{WireEvents, cloud_event, id};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

const TOPIC: Stream = Stream::Ledger(Family::Statement);
const ROUNDS: usize = 3;
/// First argument of the process that measures the projector alone.
const PROJECT: &str = "project";
const INGEST_BATCH: u64 = 2_000;
const INGEST_EVENTS: u64 = 60_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    if let [first, kafka, tables, events] = arguments.as_slice()
        && first == PROJECT
    {
        return runtime.block_on(project(kafka, tables.into(), events.parse()?));
    }
    let events: u64 = arguments.iter().filter_map(|a| a.parse().ok()).next().unwrap_or(500_000);
    let folder = tempfile::tempdir()?;
    let mut broker = Broker::start(folder.path())?;
    runtime.block_on(make_topics(&broker.address))?;
    let (bytes, produced) = produce(&broker.address, events)?;
    let mut consumed = Vec::new();
    let mut projected = Vec::new();
    let mut memory = 0;
    for round in 0..ROUNDS {
        consumed.push(rate(events, consume(&broker.address, events)?));
        let tables = folder.path().join(format!("tables-{round}"));
        let (took, most) = project_apart(&broker.address, &tables, events)?;
        projected.push(rate(events, took));
        memory = memory.max(most);
    }
    broker.stop()?;
    let ingest_rate = ingest(folder.path(), &runtime)?;
    let (producer, consumer, projector) = (rate(events, produced), median(&mut consumed), median(&mut projected));
    println!("\n{events} events of {} bytes, {} rounds, medians; {}", bytes / events, ROUNDS, broker.name);
    println!("| what | events a second | MB a second | ratio |\n| --- | ---: | ---: | ---: |");
    let line = |what: &str, rate: f64, ratio: f64| {
        println!("| {what} | {rate:.0} | {:.0} | {ratio:.2} |", rate * (bytes / events) as f64 / 1e6);
    };
    line("bare rdkafka producer, acks=all, idempotent", producer, 1.0);
    line("ingest, NDJSON over HTTP to acknowledged", ingest_rate, ingest_rate / producer);
    line("bare rdkafka consumer that counts", consumer, 1.0);
    line("projector, topic to committed table", projector, projector / consumer);
    println!("most memory of the projector's process while it ran: {} MiB", memory >> 10);
    Ok(())
}

fn rate(events: u64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The embedded broker as a child of its own, or the one that the environment names.
struct Broker {
    address: String,
    name: &'static str,
    child: Option<Child>,
}

impl Broker {
    fn start(folder: &std::path::Path) -> Result<Self> {
        if let Ok(address) = std::env::var("LANTOA_TEST_KAFKA") {
            return Ok(Self { address, name: "broker of LANTOA_TEST_KAFKA", child: None });
        }
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let work = folder.join("bench-broker");
        std::fs::create_dir_all(&work)?;
        let child = Command::new(env!("CARGO_BIN_EXE_lantoa"))
            .args(["broker", "--listen", &address, "--cluster-id", "bench"])
            .current_dir(work)
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self { address, name: "embedded broker", child: Some(child) })
    }

    fn stop(&mut self) -> Result<()> {
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
            child.wait()?;
        }
        Ok(())
    }
}

async fn make_topics(kafka: &str) -> Result<()> {
    let config = lantoa_ingest::Config { kafka: kafka.to_owned(), ..Default::default() };
    let stop = CancellationToken::new();
    let handle = lantoa_ingest::start(config, Arc::new(SystemClock), stop.clone()).await?;
    stop.cancel();
    Ok(handle.join().await?)
}

fn produce(kafka: &str, events: u64) -> Result<(u64, Duration)> {
    let producer: ThreadedProducer<rdkafka::producer::DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "5")
        .set("compression.type", "lz4")
        .create()?;
    let (mut wire, mut record, mut bytes) = (WireEvents::default(), Vec::new(), 0);
    let start = Instant::now();
    for number in 0..events {
        record.clear();
        wire.write(number, &mut record);
        bytes += record.len() as u64;
        let key = id(number % 64);
        let mut send = BaseRecord::to(TOPIC.topic()).key(&key).payload(&record);
        while let Err((error, back)) = producer.send(send) {
            ensure!(error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull), error);
            producer.poll(Duration::from_millis(1));
            send = back;
        }
    }
    producer.flush(Duration::from_secs(120))?;
    Ok((bytes, start.elapsed()))
}

fn consume(kafka: &str, events: u64) -> Result<Duration> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("queued.min.messages", "1000000")
        .set("queued.max.messages.kbytes", "65536")
        .set("fetch.message.max.bytes", (4 << 20).to_string())
        .create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(TOPIC.topic(), 0, Offset::Beginning)?;
    let start = Instant::now();
    consumer.assign(&list)?;
    let mut seen = 0;
    while seen < events {
        match consumer.poll(Duration::from_secs(30)).context("the log ended early")? {
            Ok(_) => seen += 1,
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(start.elapsed())
}

/// Measures the projector in a process of its own, so that its memory is only its own.
fn project_apart(kafka: &str, tables: &std::path::Path, events: u64) -> Result<(Duration, u64)> {
    let mut child = Command::new(std::env::current_exe()?);
    let child = child.args([PROJECT, kafka]).arg(tables).arg(events.to_string()).stderr(Stdio::inherit());
    let printed = String::from_utf8(child.output()?.stdout)?;
    let (took, most) = printed.trim().split_once(' ').context("the projector's process failed")?;
    Ok((Duration::from_micros(took.parse()?), most.parse()?))
}

/// Prints the microseconds from the start of the role on fresh tables to the last row committed, and the most memory
/// held, in KiB.
async fn project(kafka: &str, tables: std::path::PathBuf, events: u64) -> Result<()> {
    let config = lantoa_projector::Config { kafka: kafka.to_owned(), tables, ..Default::default() };
    let stop = CancellationToken::new();
    let start = Instant::now();
    let handle = lantoa_projector::start(config, None, Arc::new(SystemClock), stop.clone()).await?;
    let counters = handle.counters();
    let mut most = 0;
    while counters.now().done() < events {
        most = most.max(resident());
        ensure!(start.elapsed() < Duration::from_secs(600), "the projector is stuck at {:?}", counters.now());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = start.elapsed();
    ensure!(counters.now().committed == counters.now().read, "{:?}", counters.now());
    stop.cancel();
    handle.join().await?;
    println!("{} {most}", took.as_micros());
    Ok(())
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}

/// Events a second through the whole program's HTTP door, each acknowledged by the log.
fn ingest(folder: &std::path::Path, runtime: &tokio::runtime::Runtime) -> Result<f64> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lantoa"));
    program.args(["up", "--empty", "--http", "127.0.0.1:0"]);
    match std::env::var("LANTOA_TEST_KAFKA") {
        Ok(kafka) => program.args(["--kafka", &kafka]),
        Err(_) => program.args(["--kafka-port", "0"]),
    };
    let mut program = program.arg("--data").arg(folder.join("ingest")).stdout(Stdio::piped()).spawn()?;
    let out = std::io::BufReader::new(program.stdout.take().context("stdout")?);
    let address = out
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.trim().strip_prefix("http ").map(|url| url.trim().to_owned()))
        .context("the program does not say where it listens")?;
    let measured = runtime.block_on(post_all(&format!("{address}/v1/events")));
    // The pipe of its broker closes with it.
    program.kill()?;
    program.wait()?;
    measured
}

async fn post_all(url: &str) -> Result<f64> {
    let client = reqwest::Client::new();
    let bodies: Vec<String> = (0..INGEST_EVENTS / INGEST_BATCH)
        .map(|batch| {
            let numbers = batch * INGEST_BATCH..(batch + 1) * INGEST_BATCH;
            // Ids apart from those of the bare producer, which may share the topic.
            numbers.map(|number| cloud_event(number + 1_000_000_000).to_string() + "\n").collect()
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
    Ok(rate(INGEST_EVENTS, start.elapsed()))
}
