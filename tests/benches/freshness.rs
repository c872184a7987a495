//! How long it takes from an answer "accepted" until the event is in an answer to SQL, and how many files that leaves.
//!
//! In: the built program as `lantoa up` under its default settings, on the embedded broker, or on
//! `LANTOA_TEST_KAFKA=host:port`, whose topics `lantoa.*` are deleted. 1,000 events a second go in over HTTP for so many
//! seconds while SQL over HTTP asks how far the ledger is. Out, on standard output: p50, p95, p99 and the most of the
//! time between the two and of the answer itself, the pace of the asking, and the data files of each table. `cargo bench
//! --bench freshness -- [SECONDS] [single]`, 60 s by default; with `single` each request has one event, else twenty. Files
//! are worth looking at after minutes or an hour. To aim at: visible within 2 s at p99, an answer to a request of one event
//! within 50 ms at p99, and not more than 100 files left behind by an hour.
//!
//! An event counts as visible once an answer has come that has its place in the log or a later one: a topic of one
//! partition lands in its order. So what is printed is too high by up to one pause between two questions and one answer.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;
use deltalake::{DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use lantoa_schemas::area::{Area, AreaHistory};
use lantoa_schemas::vocabulary::AreaLevel;
use lantoa_tests::events::cloud_event;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use ground::{NamedKafka, Program};

mod ground;

/// How long events are sent, unless told otherwise.
const SECONDS: u64 = 60;
/// How events are sent: together 1,000 a second.
#[derive(Clone, Copy)]
struct Manner {
    requests_a_second: u32,
    events_a_request: u64,
}

const BATCHES: Manner = Manner { requests_a_second: 50, events_a_request: 20 };
const SINGLE: Manner = Manner { requests_a_second: 1_000, events_a_request: 1 };
/// Requests without an answer; more wait, and that they did is printed.
const MOST_UNDER_WAY: usize = 64;
/// Pause between two questions: a small part of what is measured, and long enough that asking takes little of a core.
const PAUSE: Duration = Duration::from_millis(50);
/// How often the files are counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// The folder of a table's log, below the table's.
const LOG: &str = "_delta_log";
/// How long the last events may take.
const LAST_WITHIN: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let seconds: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(SECONDS);
    let manner = if std::env::args().any(|argument| argument == "single") { SINGLE } else { BATCHES };
    let folder = ground::folder()?;
    let kafka = NamedKafka::of_environment()?;
    if let Some(kafka) = &kafka {
        kafka.begin_anew().await?;
    }
    let data = folder.path().join("data");
    let program = Program::up(kafka.as_ref(), &data)?;
    let door = Door { client: reqwest::Client::new(), base: program.http.clone(), communes: Arc::new(communes()) };

    let (end, stop) = (Arc::new(OnceLock::new()), CancellationToken::new());
    let (mut asking, mut counting) = (JoinSet::new(), JoinSet::new());
    let tables = data.join("tables");
    asking.spawn(ask_on(door.clone(), Arc::clone(&end)));
    counting.spawn(count_on(tables.clone(), stop.clone()));
    let sent = send(&door, manner, seconds).await?;
    let last = sent.accepted.iter().map(|accepted| accepted.offset).max().context("nothing was sent")?;
    end.get_or_init(|| last);
    let seen = asking.join_next().await.context("the asking")???;
    let files_at_end = files(&tables).await?;
    stop.cancel();
    let most_files = counting.join_next().await.context("the counting")???;
    // Upkeep has one more look at what the last seconds have left.
    let upkeep = lantoa_projector::Maintenance::default().every + Duration::from_secs(10);
    tokio::time::sleep(upkeep).await;
    let files_left = files(&tables).await?;
    let rows = door.number("select count(*) as n from ledger_statement").await?;
    let events = seconds * u64::from(manner.requests_a_second) * manner.events_a_request;
    ensure!(rows.is_some_and(|rows| rows.unsigned_abs() == events), "{rows:?} rows of {events} events");

    say_freshness(
        manner,
        &sent,
        &seen,
        if kafka.is_some() { "broker of LANTOA_TEST_KAFKA" } else { "embedded broker" },
    )?;
    println!("\nData files; after the next look of upkeep are those {} s after the last event.\n", upkeep.as_secs());
    println!(
        "| table | at the last event | most while it ran | after the next look | on the disk, replaced ones too |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (table, left) in &files_left {
        let of = |counts: &BTreeMap<String, u64>| counts.get(table).copied().unwrap_or(0);
        let on_disk = data_files(&tables.join(table))?;
        println!("| {table} | {} | {} | {left} | {on_disk} |", of(&files_at_end), of(&most_files));
    }
    println!("\nleft behind by {seconds} s: {} files", files_left.values().sum::<u64>());
    program.stop()
}

fn say_freshness(manner: Manner, sent: &Sent, seen: &Seen, broker: &str) -> Result<()> {
    let (mut ages, mut answers) = (Vec::new(), Vec::new());
    for accepted in &sent.accepted {
        let at = seen.steps.partition_point(|step| step.end < accepted.offset);
        let step = seen.steps.get(at).context("an accepted event never became visible")?;
        // An event may be in its table before its sender has the answer.
        ages.push(step.at.saturating_duration_since(accepted.at).as_secs_f64());
        answers.push(accepted.took.as_secs_f64());
    }
    let events = sent.accepted.len() as u64 * manner.events_a_request;
    let rate = events as f64 / sent.took.as_secs_f64();
    println!("\n{events} events, {} a request, default settings, {broker}.", manner.events_a_request);
    println!(
        "| at {rate:.0} events a second | p50, s | p95, s | p99, s | most, s |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for (what, times) in [("from the request to the answer", &mut answers), ("from accepted to visible", &mut ages)] {
        times.sort_by(f64::total_cmp);
        let percentile = |part: f64| times[((times.len() as f64 * part).ceil() as usize).clamp(1, times.len()) - 1];
        let [half, most_of, nearly_all, all] = [0.5, 0.95, 0.99, 1.0].map(percentile);
        println!("| {what} | {half:.3} | {most_of:.3} | {nearly_all:.3} | {all:.3} |");
    }
    println!(
        "\nAsked {} times, an answer took {:.3} s in the mean and {:.3} s at most, then a pause of {:.2} s; {} requests \
         were held back.",
        seen.questions,
        seen.asking.as_secs_f64() / seen.questions as f64,
        seen.longest.as_secs_f64(),
        PAUSE.as_secs_f64(),
        sent.held_back
    );
    Ok(())
}

/// What was sent.
struct Sent {
    accepted: Vec<Accepted>,
    took: Duration,
    /// Requests that had to wait for others' answers.
    held_back: u64,
}

/// A request whose events were all accepted.
struct Accepted {
    /// When the answer came.
    at: Instant,
    /// How long it took to come.
    took: Duration,
    /// The highest place in the log of its events.
    offset: i64,
}

/// How far the ledger was seen to be.
struct Seen {
    /// Rising.
    steps: Vec<Step>,
    questions: u64,
    /// How long the answers took, together.
    asking: Duration,
    longest: Duration,
}

/// An answer that had something new.
struct Step {
    at: Instant,
    /// The highest place in the log of any row.
    end: i64,
}

/// Codes of all communes on the day of the made-up statements.
fn communes() -> Vec<&'static str> {
    let day = NaiveDate::from_ymd_opt(2024, 12, 31);
    let holds = |area: &Area| area.level == AreaLevel::Commune && day.is_some_and(|day| area.holds_on(day));
    AreaHistory::shipped().areas().iter().filter(|area| holds(area)).map(|area| area.code.as_str()).collect()
}

/// A statement of one commune after the other, then of the next year: as returns come in, all over the country, so that
/// what is kept of the views is renewed in all its parts.
fn event(number: u64, communes: &[&str]) -> Value {
    let round = communes.len() as u64;
    let mut event = cloud_event(number);
    let data = &mut event["data"];
    data["area_level"] = json!("commune");
    data["area_code"] = json!(communes[(number % round) as usize]);
    data["period"] = json!((2015 + number / round % 10).to_string());
    event
}

/// The program's HTTP doors.
#[derive(Clone)]
struct Door {
    client: reqwest::Client,
    base: String,
    communes: Arc<Vec<&'static str>>,
}

impl Door {
    async fn post(self, numbers: Range<u64>) -> Result<Accepted> {
        let body: String = numbers.map(|number| event(number, &self.communes).to_string() + "\n").collect();
        let request =
            self.client.post(format!("{}/v1/events", self.base)).header("content-type", "application/x-ndjson");
        let began = Instant::now();
        let answer = request.body(body).send().await?;
        let at = Instant::now();
        ensure!(answer.status() == 202, "{}", answer.text().await?);
        let answer: Value = answer.json().await?;
        let events = answer["events"].as_array().context("the answer has no events")?;
        ensure!(events.iter().all(|event| event["partition"] == 0), "the topic has more than one partition");
        let offset = events.iter().filter_map(|event| event["offset"].as_i64()).max().context("no offset")?;
        Ok(Accepted { at, took: at - began, offset })
    }

    /// The number `n` of the first row of an answer.
    async fn number(&self, query: &str) -> Result<Option<i64>> {
        let request = self.client.post(format!("{}/v1/sql", self.base)).json(&json!({ "query": query }));
        let answer = request.send().await?;
        ensure!(answer.status() == 200, "{}", answer.text().await?);
        let rows: Value = answer.json().await?;
        Ok(rows[0]["n"].as_i64())
    }
}

/// Sends at an even pace, whether or not answers come.
async fn send(door: &Door, manner: Manner, seconds: u64) -> Result<Sent> {
    let mut sent = Sent { accepted: Vec::new(), took: Duration::ZERO, held_back: 0 };
    let mut under_way = JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / manner.requests_a_second);
    let began = Instant::now();
    for request in 0..seconds * u64::from(manner.requests_a_second) {
        pace.tick().await;
        while let Some(answered) = under_way.try_join_next() {
            sent.accepted.push(answered??);
        }
        if under_way.len() >= MOST_UNDER_WAY {
            sent.held_back += 1;
            sent.accepted.push(under_way.join_next().await.context("a request")???);
        }
        let first = request * manner.events_a_request;
        under_way.spawn(door.clone().post(first..first + manner.events_a_request));
    }
    while let Some(answered) = under_way.join_next().await {
        sent.accepted.push(answered??);
    }
    sent.took = began.elapsed();
    Ok(sent)
}

/// Asks how far the ledger is until it has reached `end`, once that is known.
async fn ask_on(door: Door, end: Arc<OnceLock<i64>>) -> Result<Seen> {
    let mut seen = Seen { steps: Vec::new(), questions: 0, asking: Duration::ZERO, longest: Duration::ZERO };
    let mut so_far = -1;
    let mut late = None;
    while end.get().is_none_or(|end| so_far < *end) {
        if end.get().is_some() {
            let late = *late.get_or_insert_with(|| Instant::now() + LAST_WITHIN);
            ensure!(Instant::now() < late, "the last events are not visible after {LAST_WITHIN:?}");
        }
        // Files that have nothing new are passed over by their statistics, so that asking costs the same all along.
        let query = format!("select max(log_offset) as n from ledger_statement where log_offset > {so_far}");
        let began = Instant::now();
        let answer = door.number(&query).await?;
        let at = Instant::now();
        seen.questions += 1;
        seen.asking += at - began;
        seen.longest = seen.longest.max(at - began);
        if let Some(end) = answer.filter(|end| *end > so_far) {
            so_far = end;
            seen.steps.push(Step { at, end });
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(seen)
}

/// The most files that each table was seen to have until it is told to stop.
async fn count_on(folder: PathBuf, stop: CancellationToken) -> Result<BTreeMap<String, u64>> {
    let mut most = BTreeMap::new();
    while !stop.is_cancelled() {
        for (table, files) in files(&folder).await? {
            let known = most.entry(table).or_insert(files);
            *known = files.max(*known);
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(COUNT_EVERY) => {}
        }
    }
    Ok(most)
}

/// The data files that the newest version of each table names, projections included, by the table's place in the folder.
async fn files(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut tables = Vec::new();
    find_tables(folder, &mut tables)?;
    let mut files = BTreeMap::new();
    for table in tables {
        let url = ensure_table_uri(table.to_str().context("the folder's name is no text")?)?;
        let loaded = match DeltaTableBuilder::from_url(url)?.load().await {
            Ok(loaded) => loaded,
            // It is just being made.
            Err(DeltaTableError::NotATable(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let name = table.strip_prefix(folder)?.display().to_string();
        files.insert(name, loaded.snapshot()?.log_data().num_files() as u64);
    }
    Ok(files)
}

fn find_tables(folder: &Path, tables: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join(LOG).is_dir() {
        tables.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_tables(&entry.path(), tables)?;
        }
    }
    Ok(())
}

/// Data files below a table's folder, whether or not a version still names them.
fn data_files(folder: &Path) -> Result<u64> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            // Checkpoints are Parquet, too.
            files += if entry.file_name() == LOG { 0 } else { data_files(&entry.path())? };
        } else {
            files += u64::from(entry.path().extension().is_some_and(|extension| extension == "parquet"));
        }
    }
    Ok(files)
}
