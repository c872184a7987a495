//! How long the reports of a year take over the synthetic nation.
//!
//! In: a number of events, 2,000,000 by default, or `small` for three years of five provinces, and a folder that is kept, or
//! none. Out, on standard output: how long the release took, then the nation and its 34 provinces in each format alone, and in all four together; how many files and
//! bytes that made. `cargo bench --bench report -- [EVENTS] [FOLDER] [OUT]`. A folder that is there already is read as it is;
//! OUT is where the reports stay. Times are of shared machines: read them beside each other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use lantoa_query::release::Order as ReleaseOrder;
use lantoa_query::{Config, Engine};
use lantoa_report::{Areas, Format, Language, Order, learning_week, release_of};
use lantoa_schemas::clock::{FixedClock, SharedClock};
use lantoa_tests::nation::Plan;

mod lake;

/// The year that the reports are of.
const YEAR: i32 = 2025;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let plan = match arguments.first().map(String::as_str) {
        Some("small") => Plan::small(),
        events => Plan::of_events(events.and_then(|events| events.parse().ok()).unwrap_or(2_000_000)),
    };
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    if !folder.join("tables").exists() {
        println!("{} rows of ledgers written", lake::write(plan, &folder).await);
    }
    let clock: SharedClock = Arc::new(FixedClock("2026-06-01T03:00:00Z".parse().expect("an instant")));
    let config = Config { memory_bytes: 4 << 30, remember_bytes: 4 << 30, ..Config::over(&folder) };
    let engine = Engine::open(config, clock).expect("an engine");
    let begun = Instant::now();
    let release = ReleaseOrder {
        name: release_of(YEAR),
        title: None,
        as_of: "2026-05-31".parse().expect("a day"),
        stated_by: None,
        maps: Vec::new(),
        embargo: None,
        major: false,
    };
    match engine.create_release(&release).await {
        Ok(stored) => println!("{} in {:.1} s", stored.manifest.reference(), begun.elapsed().as_secs_f64()),
        // A folder that was kept has it from the run before.
        Err(error) => println!("no new release: {error}"),
    }
    println!("| formats | s | files | MB |\n| --- | ---: | ---: | ---: |");
    for format in Format::ALL {
        let out = tempfile::tempdir().expect("a temporary folder");
        reports(&engine, &[format], out.path()).await;
    }
    let out = arguments.get(2).map_or_else(|| temporary.path().join("reports"), PathBuf::from);
    reports(&engine, &Format::ALL, &out).await;
}

/// Writes the reports and prints a line.
async fn reports(engine: &Engine, formats: &[Format], out: &Path) {
    let order = Order {
        year: YEAR,
        areas: Areas::All,
        language: Language::Vietnamese,
        formats: formats.to_vec(),
        release: None,
        out: out.to_owned(),
    };
    let begun = Instant::now();
    let written = learning_week(engine, &order, &|_, _, _| ()).await.expect("reports");
    let took = begun.elapsed().as_secs_f64();
    let bytes: u64 = written.files.iter().map(|file| std::fs::metadata(file).expect("a file").len()).sum();
    let names: Vec<&str> = formats.iter().map(|format| format.ending()).collect();
    println!("| {} | {took:.1} | {} | {:.0} |", names.join(", "), written.files.len(), bytes as f64 / 1e6);
}
