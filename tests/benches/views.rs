//! How long the views take over the synthetic nation.
//!
//! In: a number of events, 2,000,000 by default, and a folder that is kept, or none. Out, on standard output: how long it
//! took to make the projections, and a table: each view asked for the first time on its tables, and again, from the
//! projections, and once from the ledgers alone. `cargo bench --bench views -- [EVENTS] [FOLDER]`. A folder that is there
//! already is read as it is. Times are of shared machines: read them beside each other. `LANTOA_LOG=lantoa_query=debug` says
//! on standard error how long reading figures, adding them up and writing rows took of each.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use lantoa::deriver::EngineDeriver;
use lantoa_projector::materialise::Materialiser;
use lantoa_query::{Asker, Config, Engine, Settings};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::projection::PROJECTIONS;

mod lake;

/// What is asked of each view: something that an analyst would, and that looks at all of its rows.
const QUESTIONS: [(&str, &str); 8] = [
    ("indicator", "SELECT year, avg(rate_percent) FROM indicator WHERE area_level = 'province' GROUP BY year"),
    ("trend", "SELECT max(change_points) FROM trend WHERE indicator = 'learning_family' AND area_level = 'province'"),
    ("coverage", "SELECT year, avg(coverage_percent) FROM coverage WHERE area_level = 'province' GROUP BY year"),
    ("reconciliation", "SELECT count(*), sum(abs(difference)) FROM reconciliation"),
    ("suspicious", "SELECT rule, count(*) FROM suspicious GROUP BY rule"),
    ("adoption", "SELECT year, sum(new_adopters) FROM adoption WHERE area_level = 'nation' GROUP BY year"),
    ("activity", "SELECT year, sum(attendances) FROM activity GROUP BY year"),
    ("statement", "SELECT chosen, count(*) FROM statement GROUP BY chosen"),
];

#[tokio::main]
async fn main() {
    let filter = tracing_subscriber::EnvFilter::from_env("LANTOA_LOG");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let events: u64 = arguments.first().and_then(|events| events.parse().ok()).unwrap_or(2_000_000);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let rows = if folder.join("tables").exists() { None } else { Some(lake::write(events, &folder).await) };
    if let Some(rows) = rows {
        println!("{rows} rows of ledgers written");
    }
    let now = "2026-06-01T03:00:00Z".parse().expect("an instant");
    let config = Config { memory_bytes: 4 << 30, remember_bytes: 4 << 30, ..Config::over(&folder) };
    let engine = Engine::open(config.clone(), Arc::new(FixedClock(now))).expect("an engine");
    let materialiser = Materialiser::new(&config.tables(), Arc::new(EngineDeriver(engine.clone())));
    for projection in PROJECTIONS {
        let begun = Instant::now();
        let renewed = materialiser.renew(projection).await.expect("a projection");
        println!("{}: {renewed:?} in {:.1} s", projection.view, begun.elapsed().as_secs_f64());
    }
    println!("| view | map | first, s | again, s | from the ledgers, s |\n| --- | --- | ---: | ---: | ---: |");
    for map in ["as_reported", "2025-06-30", "2025-07-01"] {
        for (view, question) in QUESTIONS {
            // A day that has not come sees everything, and uses nothing that is kept.
            let all = format!("SET lantoa.as_of = '2026-06-02'; {question}");
            let (first, again) = (ask(&engine, map, question).await, ask(&engine, map, question).await);
            let judged = ask(&engine, map, &all).await;
            println!("| {view} | {map} | {first:.2} | {again:.3} | {judged:.2} |");
        }
    }
}

async fn ask(engine: &Engine, map: &str, question: &str) -> f64 {
    let settings = Settings { map: Some(map.to_owned()), ..Settings::default() };
    let session = engine.session(&Asker::owner(), &settings).expect("the settings are right");
    let begun = Instant::now();
    let answer = session.sql(question).await.expect("the question is right");
    let rows: usize = answer.collect().await.expect("an answer").iter().map(|batch| batch.num_rows()).sum();
    assert!(rows > 0, "{question}");
    begun.elapsed().as_secs_f64()
}
