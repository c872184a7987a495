//! A question that may hold a tenth of the memory that it needs, and what another client notices of it.
//!
//! What it needs is the most that it holds where nothing bounds it. Then its asker's share is set to a tenth: it spills
//! and is answered, or fails with a word on why. Meanwhile somebody else asks small questions over the wire, as before.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lantoa_query::access::Role as Trust;
use lantoa_query::{Config, Engine, Limits, QueryError, Settings};
use tokio_util::sync::CancellationToken;

use crate::Desk;
use crate::client::Client;
use crate::figures::{mebibytes, median, milliseconds, percentile};
use crate::role::{Role, analyst, metric};
use crate::wire;

/// How long small questions are asked at least.
const AT_LEAST: Duration = Duration::from_secs(10);

/// How often memory and disk are looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What the small client heard.
#[derive(Default)]
struct Small {
    took: Vec<f64>,
    errors: Vec<String>,
    /// Most bytes that questions had on the disk.
    spilt: u64,
}

/// How the heavy question ended each time, with the seconds that it took.
type Endings = Vec<(Result<(), QueryError>, f64)>;

/// Prints what became of it, and the table.
pub fn run(desk: &Desk) -> Result<()> {
    // A tenth of very many: the rest would only take longer.
    let condition = if desk.is_large() { "WHERE year = 2024" } else { "" };
    let question = format!("SELECT count(DISTINCT event_id) AS n FROM ledger_recognition {condition}");
    let unlimited = Limits { timeout: Duration::ZERO, memory_percent: 100, ..Limits::of(Trust::Analyst) };
    let config = Config { ahead: false, analyst: unlimited.clone(), ..desk.config() };
    let (needed, took) = desk.roles.block_on(async { needed(&crate::open(config)?, &question).await })?;
    ensure!(needed > 0, "the question held no memory that could be seen: take more recognitions");
    let needed = usize::try_from(needed)?;
    // One percent of ten times as much.
    let analyst = Limits { memory_percent: 1, ..unlimited };
    let config = Config { ahead: false, memory_bytes: needed * 10, analyst, ..desk.config() };
    let spill = config.spill();
    let role = desk.roles.block_on(Role::start(config))?;
    let alone = desk.clients.block_on(small(role.address, spill.clone(), None))?;
    let (beside, endings) = beside(desk, &role, &question, spill)?;
    desk.roles.block_on(role.end())?;

    println!("\n`{}` holds {:.0} MiB at most and takes {took:.1} s.", question.trim_end(), mebibytes(needed as u64));
    println!("With a tenth of that for its asker, asked {} times:\n", endings.len());
    for (ending, seconds) in endings.iter().take(1) {
        match ending {
            Ok(()) => {
                println!("- answered in {seconds:.1} s, with {:.0} MiB on the disk at most", mebibytes(beside.spilt))
            }
            Err(error) => println!("- failed after {seconds:.1} s: {error}"),
        }
    }
    println!("\n| small questions of another client | asked | errors | p50, ms | p99, ms |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (when, mut small) in [("alone", alone), ("beside it", beside)] {
        let [p50, p99] = [median(&mut small.took), percentile(&mut small.took, 99)];
        println!("| {when} | {} | {} | {p50:.1} | {p99:.1} |", small.took.len(), small.errors.len());
        small.errors.truncate(1);
        small.errors.iter().for_each(|error| eprintln!("{when}: {error}"));
    }
    Ok(())
}

/// The most bytes that a question holds, and how long it takes.
async fn needed(engine: &Engine, question: &str) -> Result<(u64, f64)> {
    let begun = Instant::now();
    let answered = heavy(engine, question);
    tokio::pin!(answered);
    let mut most = 0;
    loop {
        tokio::select! {
            ended = &mut answered => {
                ended?;
                return Ok((most, begun.elapsed().as_secs_f64()));
            }
            () = tokio::time::sleep(LOOK) => most = most.max(metric(engine, "lantoa_query_memory_bytes")?),
        }
    }
}

async fn heavy(engine: &Engine, question: &str) -> Result<(), QueryError> {
    let session = engine.session(&analyst(), &Settings::default())?;
    session.sql(question).await?.collect().await.map(drop)
}

/// What the small client hears while the heavy question is asked again and again, and how that ended.
fn beside(desk: &Desk, role: &Role, question: &str, spill: PathBuf) -> Result<(Small, Endings)> {
    let (engine, question, over) = (role.engine.clone(), question.to_owned(), CancellationToken::new());
    let done = over.clone();
    let asking = desk.roles.spawn(async move {
        // However it ends, the others are told.
        let _told = done.drop_guard();
        let (begun, mut endings) = (Instant::now(), Endings::new());
        while endings.is_empty() || begun.elapsed() < AT_LEAST {
            let asked = Instant::now();
            let ending = heavy(&engine, &question).await;
            endings.push((ending, asked.elapsed().as_secs_f64()));
        }
        endings
    });
    let small = desk.clients.block_on(small(role.address, spill, Some(over)))?;
    Ok((small, desk.clients.block_on(asking)?))
}

/// Asks small questions until it is over, where there is something to wait for.
async fn small(address: SocketAddr, spill: PathBuf, over: Option<CancellationToken>) -> Result<Small> {
    let mut client = Client::connect(address).await?;
    let mut small = Small::default();
    // What it needs is read and added up the first time.
    for question in wire::QUESTIONS {
        client.ask(question).await?;
    }
    let (begun, mut looked) = (Instant::now(), Instant::now());
    for question in wire::QUESTIONS.into_iter().cycle() {
        let is_over = match &over {
            Some(over) => over.is_cancelled(),
            None => begun.elapsed() >= AT_LEAST,
        };
        if is_over {
            break;
        }
        let heard = client.ask(question).await?;
        small.took.push(milliseconds(heard.took));
        small.errors.extend(heard.refused.map(|refused| format!("{} {}", refused.state, refused.message)));
        if looked.elapsed() >= LOOK {
            small.spilt = small.spilt.max(bytes_below(&spill));
            looked = Instant::now();
        }
    }
    Ok(small)
}

/// Bytes of all files in a folder; those that go meanwhile do not count.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
