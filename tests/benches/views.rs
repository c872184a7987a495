//! How long the views take over the synthetic nation.
//!
//! In: a number of events, 2,000,000 by default, and a folder that is kept, or none. Out, on standard output: how long it
//! took to make the projections, and a table: each view asked for the first time on its tables, and again, from the
//! projections, and once from the ledgers alone. `cargo bench --bench views -- [EVENTS] [FOLDER]`. A folder that is there
//! already is read as it is. Times are of shared machines: read them beside each other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, ensure_table_uri};
use lantoa::deriver::EngineDeriver;
use lantoa_projector::materialise::Materialiser;
use lantoa_query::{Asker, Config, Engine, Settings};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::projection::PROJECTIONS;
use lantoa_schemas::stream::Family;
use lantoa_schemas::table::stream_table;
use lantoa_schemas::vocabulary::Vocabulary;
use lantoa_tests::nation::{Nation, Plan};

/// Rows that are committed together.
const COMMIT_ROWS: usize = 1_000_000;

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
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let events: u64 = arguments.first().and_then(|events| events.parse().ok()).unwrap_or(2_000_000);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let rows = if folder.join("tables").exists() { None } else { Some(write(events, &folder).await) };
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

async fn write(events: u64, folder: &Path) -> usize {
    let nation = Nation::new(Plan::of_events(events));
    let mut written = 0;
    for family in Family::ALL {
        let stream = family.stream();
        let table = folder.join("tables").join(stream.table());
        std::fs::create_dir_all(&table).expect("a folder of its own");
        let url = ensure_table_uri(table.to_str().expect("the folder's name is text")).expect("a URL");
        let columns: StructType = stream_table(stream).as_ref().try_into_kernel().expect("the columns fit Delta");
        let delta = DeltaTable::try_from_url(url).await.expect("a table");
        let mut delta = delta.create().with_columns(columns.fields().cloned()).await.expect("a table");
        let mut writer = RecordBatchWriter::for_table(&delta).expect("a writer");
        let mut waiting = 0;
        for batch in nation.batches(*family) {
            waiting += batch.num_rows();
            written += batch.num_rows();
            writer.write(batch).await.expect("rows are written");
            if waiting >= COMMIT_ROWS {
                writer.flush_and_commit(&mut delta).await.expect("rows are committed");
                waiting = 0;
            }
        }
        if waiting > 0 {
            writer.flush_and_commit(&mut delta).await.expect("rows are committed");
        }
    }
    written
}
