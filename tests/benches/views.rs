//! How long the views take over the synthetic nation.
//!
//! In: a number of events, 2,000,000 by default, and a folder that is kept, or none. Out, on standard output: how long it
//! took to make the projections, and two tables. The first: each view asked for the first time on its tables, after those
//! above it in the table; for the first time in an engine that has answered nothing else on a map; again; and once from the
//! ledgers alone. The second: each view after one more event, when the running role has made ahead what is needed, and how
//! long that took. `cargo bench --bench views -- [EVENTS] [FOLDER] [--kept-only]`; `--kept-only` leaves out what is asked of
//! the ledgers alone. A folder that is there already is read as it is; each run adds an event to it. Times are of shared
//! machines: read them beside each other. `LANTOA_LOG=lantoa_query=debug` says on standard error how long reading figures,
//! adding them up and writing rows took of each.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lantoa::deriver::EngineDeriver;
use lantoa_projector::materialise::Materialiser;
use lantoa_query::{Asker, Config, Engine, Settings};
use lantoa_schemas::clock::{FixedClock, SharedClock};
use lantoa_schemas::projection::PROJECTIONS;
use lantoa_tests::nation::Plan;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

mod commit;
mod lake;

/// The maps on which is asked.
const MAPS: [&str; 3] = ["as_reported", "2025-06-30", "2025-07-01"];

/// On how many maps is made ahead: those, among which are the two that the role takes as asked at its start.
const MADE_AHEAD: u64 = MAPS.len() as u64;

/// What opens all tables and learns how far they go, without a figure on a map.
const OPENING: [&str; 2] = ["SELECT count(*) FROM statement", "SELECT count(*) FROM activity"];

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
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (flags, arguments): (Vec<String>, Vec<String>) = arguments.partition(|argument| argument.starts_with("--"));
    let kept_only = flags.iter().any(|flag| flag == "--kept-only");
    let events: u64 = arguments.first().and_then(|events| events.parse().ok()).unwrap_or(2_000_000);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let rows =
        if folder.join("tables").exists() { None } else { Some(lake::write(Plan::of_events(events), &folder).await) };
    if let Some(rows) = rows {
        println!("{rows} rows of ledgers written");
    }
    let config = Config { memory_bytes: 4 << 30, remember_bytes: 4 << 30, ..Config::over(&folder) };
    let engine = open(&config);
    let materialiser = Materialiser::new(&config.tables(), Arc::new(EngineDeriver(engine.clone())));
    for projection in PROJECTIONS {
        let begun = Instant::now();
        let renewed = materialiser.renew(projection).await.expect("a projection");
        println!("{}: {renewed:?} in {:.1} s", projection.view, begun.elapsed().as_secs_f64());
    }
    asked_by_themselves(&engine, &config, kept_only).await;
    drop(engine);
    made_ahead(config, &folder).await;
}

fn clock() -> SharedClock {
    Arc::new(FixedClock("2026-06-01T03:00:00Z".parse().expect("an instant")))
}

fn open(config: &Config) -> Engine {
    Engine::open(config.clone(), clock()).expect("an engine")
}

/// Prints what questions take that find nothing made.
async fn asked_by_themselves(engine: &Engine, config: &Config, kept_only: bool) {
    let column = if kept_only { ["", ""] } else { [" from the ledgers, s |", " ---: |"] };
    println!("| view | map | first, s | in an engine of its own, s | again, s |{}", column[0]);
    println!("| --- | --- | ---: | ---: | ---: |{}", column[1]);
    for map in MAPS {
        for (view, question) in QUESTIONS {
            let (first, again) = (ask(engine, map, question).await, ask(engine, map, question).await);
            let own = open(config);
            for opening in OPENING {
                ask(&own, map, opening).await;
            }
            let own = ask(&own, map, question).await;
            print!("| {view} | {map} | {first:.2} | {own:.2} | {again:.3} |");
            if !kept_only {
                // A day that has not come sees everything, and uses nothing that is kept.
                let all = format!("SET lantoa.as_of = '2026-06-02'; {question}");
                let judged = ask(engine, map, &all).await;
                print!(" {judged:.2} |");
            }
            println!();
        }
    }
}

/// Prints how long the running role takes to make ahead what questions need, and what they take then.
async fn made_ahead(config: Config, folder: &Path) {
    let stop = CancellationToken::new();
    let role = lantoa_query::start(config, clock(), stop.clone()).await.expect("the role starts");
    let engine = role.engine();
    for map in MAPS {
        for (_, question) in QUESTIONS {
            ask(&engine, map, question).await;
        }
    }
    until_made(&engine, MADE_AHEAD).await;
    commit::one_more(folder).await;
    let begun = Instant::now();
    for map in 1..=MADE_AHEAD {
        until_made(&engine, MADE_AHEAD + map).await;
        println!(
            "made ahead on map {map} of {MADE_AHEAD}: {:.2} s after one more event",
            begun.elapsed().as_secs_f64()
        );
    }
    println!("| view | map | made ahead, s |\n| --- | --- | ---: |");
    for map in MAPS {
        for (view, question) in QUESTIONS {
            println!("| {view} | {map} | {:.3} |", ask(&engine, map, question).await);
        }
    }
    stop.cancel();
    role.join().await.expect("the role ends");
}

/// Waits until so many times something has been made ahead.
async fn until_made(engine: &Engine, times: u64) {
    let mut registry = Registry::default();
    engine.register(&mut registry);
    loop {
        let mut text = String::new();
        encode(&mut text, &registry).expect("the series are text");
        let made = text.lines().find_map(|line| line.strip_prefix("lantoa_query_made_ahead_total "));
        if made.and_then(|made| made.parse().ok()).is_some_and(|made: u64| made >= times) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
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
