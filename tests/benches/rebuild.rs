//! How long `lantoa rebuild` takes over the synthetic nation, and with how much memory.
//!
//! In: a number of events, 2,000,000 by default; a folder that is kept, or none; the memory in MiB that the engine may take,
//! by default what the settings give it. Out, on standard output: a table with a row a projection: made for the first time,
//! and again beside the first and held against it, each in a process of its own with the most memory that it held.
//! `cargo bench --bench rebuild -- [EVENTS] [FOLDER] [MIB]`. A folder that has tables already is read as it is; what is kept
//! in it is made anew. What is laid out aside is in its `spill`, so it has to lie on a disk. Times are of shared machines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use lantoa::deriver::EngineDeriver;
use lantoa_projector::materialise::{Compared, Materialiser};
use lantoa_query::{Config, Engine};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::projection::{PROJECTIONS, Projection};
use lantoa_tests::nation::Plan;

mod lake;

/// First argument of a process that makes one projection.
const ONE: &str = "one-projection";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [one, view, folder, memory] = &arguments[..]
        && one == ONE
    {
        let projection = Projection::of(view).context("no such projection")?;
        return runtime.block_on(make(projection, Path::new(folder), memory.parse()?));
    }
    let events: u64 = arguments.first().map_or(Ok(2_000_000), |events| events.parse())?;
    let temporary = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let folder = arguments.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let default = (Config::over(&folder).memory_bytes >> 20).to_string();
    let memory = arguments.get(2).unwrap_or(&default);
    if !folder.join("tables").exists() {
        let begun = Instant::now();
        let rows = runtime.block_on(lake::write(Plan::of_events(events), &folder));
        println!("{rows} rows of ledgers written in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let kept = folder.join("tables/projection");
    if kept.exists() {
        std::fs::remove_dir_all(kept)?;
    }
    println!("the engine may take {memory} MiB\n");
    println!("| view | rows | first, s | memory, MiB | beside the first, s | memory, MiB |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for projection in PROJECTIONS {
        let [rows, first, first_memory] = measured(projection, &folder, memory)?;
        let [_, again, again_memory] = measured(projection, &folder, memory)?;
        println!("| {} | {rows} | {first} | {first_memory} | {again} | {again_memory} |", projection.view);
    }
    Ok(())
}

/// Makes a projection in a process of its own: its rows, how long it took in seconds, its memory in MiB.
fn measured(projection: &Projection, folder: &Path, memory: &str) -> Result<[String; 3]> {
    let output = Command::new(std::env::current_exe()?)
        .args([ONE, projection.view])
        .arg(folder)
        .arg(memory)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{} could not be made: {}", projection.view, output.status);
    let told = String::from_utf8(output.stdout)?;
    let numbers: Vec<String> = told.split_whitespace().map(str::to_owned).collect();
    numbers.try_into().ok().with_context(|| format!("{} told {told:?}", projection.view))
}

async fn make(projection: &'static Projection, folder: &Path, memory: usize) -> Result<()> {
    let now = "2026-06-01T03:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?;
    let config = Config { memory_bytes: memory << 20, ..Config::over(folder) };
    let tables = config.tables();
    let engine = Engine::open(config, Arc::new(FixedClock(now)))?;
    let materialiser = Materialiser::new(&tables, Arc::new(EngineDeriver(engine)));
    let begun = Instant::now();
    let rebuilt = materialiser.rebuild(projection, &mut |_, _| {}).await?.context("there is nothing to make it of")?;
    let took = begun.elapsed().as_secs_f64();
    let same = rebuilt.compared.is_none_or(|it| it == Compared { differing: Vec::new(), uncompared: 0 });
    ensure!(same, "{} came out otherwise the second time", projection.view);
    println!("{} {took:.1} {}", rebuilt.rows, most_resident() >> 10);
    Ok(())
}

/// The most memory that this process has held, in KiB; 0 where the system does not say.
fn most_resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}
