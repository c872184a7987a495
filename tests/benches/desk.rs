//! What the desk gives whoever asks, at a size: scans, views, first rows, many clients, cancelling, too little memory.
//!
//! In: about how many rows the ledger of recognitions has, 2,000,000 by default, and a folder that is kept, or none.
//! Out, on standard output, a table a part:
//!
//! - `scans`: eight questions about trends over the ledgers themselves, through a session, beside DuckDB and Polars
//!   over the same files, each with two threads, by turns; the answers are held against each other. It needs Python
//!   3.11 with venv, and fetches the packages.
//! - `views`: what these questions are about, asked of the views on a map.
//! - `wire`: the time until a client of the Postgres face has the first row.
//! - `clients`: two hundred of them, of which twenty ask without pause.
//! - `cancel`: how soon whoever cancels a question over all recognitions hears that it has ended, and what memory it
//!   leaves.
//! - `memory`: a question that may hold a tenth of what it needs, and what others notice of it.
//!
//! `cargo bench --bench desk -- [RECOGNITIONS] [FOLDER] [--only PART,…]`. A folder that has tables is read as it is,
//! those of `views` and `rebuild` as well; `views`, `wire` and `clients` add an event to it. A new one is laid out by
//! the projector's own compaction: sorted, with its statistics and filters. Clients run in a thread of their own,
//! beside the role's two. For 100,000,000 recognitions have 24 GiB of memory and 40 GB of disk at hand. Times are of
//! shared machines: read them beside each other.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use lantoa::deriver::EngineDeriver;
use lantoa_projector::materialise::Materialiser;
use lantoa_query::{Config, Engine};
use lantoa_schemas::clock::{FixedClock, SharedClock};
use lantoa_schemas::projection::PROJECTIONS;
use lantoa_schemas::stream::Family;
use tokio::runtime::{Builder, Runtime};

use questions::Question;
use role::Role;

#[path = "desk/cancel.rs"]
mod cancel;
#[path = "desk/client.rs"]
mod client;
#[path = "desk/clients.rs"]
mod clients;
mod commit;
#[path = "desk/figures.rs"]
mod figures;
mod lake;
#[path = "desk/ledgers.rs"]
mod ledgers;
#[path = "desk/memory.rs"]
mod memory;
#[path = "desk/questions.rs"]
mod questions;
#[path = "desk/rivals.rs"]
mod rivals;
#[path = "desk/role.rs"]
mod role;
#[path = "desk/scans.rs"]
mod scans;
#[path = "desk/views.rs"]
mod views;
#[path = "desk/wire.rs"]
mod wire;

/// Threads of every engine.
const THREADS: usize = 2;

/// From so many recognitions on a figure is the median of fewer rounds, and nothing is held in memory that can be
/// streamed.
const LARGE: u64 = 50_000_000;

/// A part of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Scans,
    Views,
    Wire,
    Clients,
    Cancel,
    Memory,
}

impl Part {
    const ALL: [Self; 6] = [Self::Scans, Self::Views, Self::Wire, Self::Clients, Self::Cancel, Self::Memory];
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        Ok(match word {
            "scans" => Self::Scans,
            "views" => Self::Views,
            "wire" => Self::Wire,
            "clients" => Self::Clients,
            "cancel" => Self::Cancel,
            "memory" => Self::Memory,
            _ => bail!("there is no part {word}: give scans, views, wire, clients, cancel or memory"),
        })
    }
}

/// What the command line gives.
struct Given {
    recognitions: u64,
    folder: Option<PathBuf>,
    parts: Vec<Part>,
}

impl Given {
    fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut given = Self { recognitions: 2_000_000, folder: None, parts: Vec::new() };
        let mut places = 0;
        let mut arguments = arguments.into_iter().filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            if argument == "--only" {
                let parts = arguments.next().context("--only names parts")?;
                for part in parts.split([',', '|']) {
                    given.parts.push(part.parse()?);
                }
                continue;
            }
            ensure!(!argument.starts_with("--"), "there is no flag {argument}");
            match places {
                0 => given.recognitions = argument.parse().context("the number of recognitions")?,
                1 => given.folder = Some(PathBuf::from(argument)),
                _ => bail!("{argument} is one argument too many"),
            }
            places += 1;
        }
        if given.parts.is_empty() {
            given.parts.extend(Part::ALL);
        }
        Ok(given)
    }

    fn asks(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.parts.contains(part))
    }
}

/// What all parts stand on.
struct Desk {
    folder: PathBuf,
    /// Rows of the ledger of recognitions.
    rows: u64,
    questions: Vec<Question>,
    /// Where the engine and the role run.
    roles: Runtime,
    /// Where clients run, so that they are heard while the others compute.
    clients: Runtime,
}

impl Desk {
    fn is_large(&self) -> bool {
        self.rows >= LARGE
    }

    /// Settings of the engine: the defaults, but for memory that fits the size.
    fn config(&self) -> Config {
        let memory_bytes = if self.is_large() { 12 << 30 } else { 4 << 30 };
        Config { memory_bytes, remember_bytes: 4 << 30, partitions: THREADS, ..Config::over(&self.folder) }
    }
}

fn main() -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::from_env("LANTOA_LOG");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let given = Given::read(std::env::args().skip(1))?;
    let temporary = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let folder = std::path::absolute(given.folder.as_deref().unwrap_or(temporary.path()))?;
    let roles = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let clients = Builder::new_current_thread().enable_all().build()?;
    if !folder.join("tables").exists() {
        roles.block_on(ledgers::make(given.recognitions, &folder))?;
    }
    let mut desk = Desk { folder, rows: 0, questions: questions::read()?, roles, clients };
    desk.rows = tell_conditions(&desk)?;
    if given.asks(&[Part::Scans]) {
        scans::run(&desk)?;
    }
    if given.asks(&[Part::Views, Part::Wire, Part::Clients, Part::Memory]) {
        desk.roles.block_on(async { project(&open(desk.config())?, &desk.folder, true).await })?;
    }
    if given.asks(&[Part::Views, Part::Wire, Part::Clients, Part::Cancel]) {
        with_the_role(&desk, &given)?;
    }
    if given.asks(&[Part::Memory]) {
        memory::run(&desk)?;
    }
    Ok(())
}

/// The parts that one running role answers.
fn with_the_role(desk: &Desk, given: &Given) -> Result<()> {
    let role = desk.roles.block_on(Role::start(desk.config()))?;
    if given.asks(&[Part::Views, Part::Wire, Part::Clients]) {
        desk.roles.block_on(role::made_ahead(&role, desk))?;
    }
    if given.asks(&[Part::Views]) {
        views::run(desk, &role)?;
    }
    if given.asks(&[Part::Wire]) {
        wire::run(desk, &role)?;
    }
    if given.asks(&[Part::Clients]) {
        clients::run(desk, &role)?;
    }
    if given.asks(&[Part::Cancel]) {
        cancel::run(desk, &role)?;
    }
    desk.roles.block_on(role.end())
}

/// The clock of views and projections, after all that the nation reports.
fn clock() -> SharedClock {
    Arc::new(FixedClock("2026-06-01T03:00:00Z".parse().expect("an instant")))
}

fn open(config: Config) -> Result<Engine> {
    Ok(Engine::open(config, clock())?)
}

/// Makes or renews the projections.
async fn project(engine: &Engine, folder: &Path, tell: bool) -> Result<()> {
    let materialiser = Materialiser::new(&folder.join("tables"), Arc::new(EngineDeriver(engine.clone())));
    for projection in PROJECTIONS {
        let begun = Instant::now();
        let renewed = materialiser.renew(projection).await?;
        if tell {
            println!("{}: {renewed:?} in {:.1} s", projection.view, begun.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

/// Prints what all figures are of; gives the rows of the ledger of recognitions.
fn tell_conditions(desk: &Desk) -> Result<u64> {
    let status = desk.roles.block_on(async { open(desk.config())?.status().await.context("the tables") })?;
    let name = Family::Recognition.stream().table();
    let ledger = status.iter().find(|table| table.table == name).context("no ledger of recognitions")?;
    let others: u64 = status.iter().filter(|table| table.table != name).map(|table| table.rows).sum();
    let cores = std::thread::available_parallelism()?;
    println!(
        "\n{} rows of {name} in {} files, {others} rows of other tables; {THREADS} threads a role",
        ledger.rows, ledger.files
    );
    println!("or engine, one more for clients, on a machine of {cores} cores.");
    Ok(ledger.rows)
}
