//! What questions on a map needed lately is made again after a commit, before the next one asks; what nobody asked for
//! lately is not.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lantoa::deriver::EngineDeriver;
use lantoa_projector::materialise::Materialiser;
use lantoa_query::format::{Format, write};
use lantoa_query::{Asker, Config, Engine, Handle, Settings};
use lantoa_schemas::clock::{Clock, SharedClock};
use lantoa_schemas::projection::PROJECTIONS;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;
use lantoa_tests::nation::{Nation, Plan};
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::harness::folder;

#[path = "../../../../tests/benches/commit.rs"]
mod commit;

/// What the role takes as asked at its start: each figure on its own, and all on the map of the clock's day.
const MAPS: [&str; 2] = ["as_reported", "2026-06-01"];

const QUESTIONS: [&str; 5] = [
    "SELECT * FROM indicator",
    "SELECT * FROM coverage",
    "SELECT * FROM suspicious",
    "SELECT * FROM reconciliation",
    "SELECT * FROM adoption",
];

const NARROW: &str = "SELECT * FROM indicator WHERE indicator = 'learning_family'";

const BY_QUESTIONS: &str = "lantoa_query_lots_read_total{by=\"question\"}";
const BY_THE_ROLE: &str = "lantoa_query_lots_read_total{by=\"ahead\"}";
const MADE: &str = "lantoa_query_made_ahead_total";

/// Seconds since 1970, moved by hand.
struct Hands(AtomicI64);

impl Hands {
    fn new() -> Arc<Self> {
        let begin: DateTime<Utc> = "2026-06-01T03:00:00Z".parse().unwrap();
        Arc::new(Self(AtomicI64::new(begin.timestamp())))
    }
}

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
    }
}

/// On one core, so that the role rests only five times as long as it worked.
fn config(data: &Path) -> Config {
    Config { partitions: 1, ..Config::over(data) }
}

fn open(data: &Path, clock: &Arc<Hands>) -> Engine {
    Engine::open(config(data), Arc::clone(clock) as SharedClock).unwrap()
}

/// A folder with the ledgers of two provinces, and the projections of them.
async fn kept(clock: &Arc<Hands>) -> TempDir {
    let folder = folder();
    let nation = Nation::new(Plan { from_year: 2024, provinces: Some(vec!["24", "27"]), ..Plan::small() });
    for family in Family::ALL {
        for batch in nation.batches(*family) {
            commit::commit(folder.path(), family.stream(), batch).await;
        }
    }
    let deriver = Arc::new(EngineDeriver(open(folder.path(), clock)));
    let materialiser = Materialiser::new(&config(folder.path()).tables(), deriver);
    for projection in PROJECTIONS {
        materialiser.renew(projection).await.unwrap();
    }
    folder
}

async fn start(data: &Path, clock: &Arc<Hands>) -> (Handle, CancellationToken) {
    let stop = CancellationToken::new();
    let role = lantoa_query::start(config(data), Arc::clone(clock) as SharedClock, stop.clone()).await.unwrap();
    (role, stop)
}

fn series(engine: &Engine, name: &str) -> u64 {
    let mut registry = Registry::default();
    engine.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("{name} is not in {text}"))
}

async fn until(engine: &Engine, name: &str, at_least: u64) {
    let deadline = Instant::now() + Duration::from_secs(300);
    while series(engine, name) < at_least {
        assert!(Instant::now() < deadline, "{name} is {} and not {at_least}", series(engine, name));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The lines of an answer, in the order of their letters.
async fn ask(engine: &Engine, map: &str, question: &str) -> Vec<String> {
    let settings = Settings { map: Some(map.to_owned()), ..Settings::default() };
    let session = engine.session(&Asker::owner(), &settings).unwrap();
    let mut out = Vec::new();
    write(session.sql(question).await.unwrap(), Format::Csv, &mut out).await.unwrap();
    let mut lines: Vec<String> = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Asks everything of the role's engine, which has to have read it, and of one that has read nothing.
async fn assert_made(engine: &Engine, data: &Path, clock: &Arc<Hands>) {
    let alone = open(data, clock);
    for map in MAPS {
        let mut lines = 0;
        for question in QUESTIONS {
            let (made, anew) = (ask(engine, map, question).await, ask(&alone, map, question).await);
            assert_eq!(made, anew, "{question} on {map}");
            lines += made.len();
        }
        assert!(lines > 100, "{lines} lines on {map}");
    }
    assert_eq!(series(engine, BY_QUESTIONS), 0, "everything was read ahead");
    assert!(series(&alone, BY_QUESTIONS) > 0 && series(&alone, BY_THE_ROLE) == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_commit_a_question_reads_nothing_and_answers_the_same() {
    let clock = Hands::new();
    let data = kept(&clock).await;
    let (role, stop) = start(data.path(), &clock).await;
    let engine = role.engine();
    until(&engine, MADE, 2).await;
    assert_made(&engine, data.path(), &clock).await;
    commit::one_more(data.path()).await;
    until(&engine, MADE, 4).await;
    assert_made(&engine, data.path(), &clock).await;
    stop.cancel();
    role.join().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_that_nobody_asked_for_within_the_hour() {
    let clock = Hands::new();
    let data = kept(&clock).await;
    let narrow = {
        let alone = open(data.path(), &clock);
        ask(&alone, "as_reported", NARROW).await;
        series(&alone, BY_QUESTIONS)
    };
    let (role, stop) = start(data.path(), &clock).await;
    let engine = role.engine();
    until(&engine, MADE, 2).await;
    let before = series(&engine, BY_THE_ROLE);
    assert!(narrow > 0 && before > 2 * narrow, "{before} at the start, {narrow} by one question");
    clock.0.fetch_add(3601, Ordering::Relaxed);
    ask(&engine, "as_reported", NARROW).await;
    commit::one_more(data.path()).await;
    until(&engine, MADE, 3).await;
    assert_eq!(series(&engine, BY_THE_ROLE), before + narrow);
    // What was read for one map serves the other.
    ask(&engine, MAPS[1], NARROW).await;
    assert_eq!(series(&engine, BY_QUESTIONS), 0);
    // Of all the rest nobody has asked.
    ask(&engine, "as_reported", "SELECT count(*) FROM indicator").await;
    assert!(series(&engine, BY_QUESTIONS) > narrow);
    stop.cancel();
    role.join().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_ends_at_once_while_it_makes_something() {
    let clock = Hands::new();
    let data = kept(&clock).await;
    let (role, stop) = start(data.path(), &clock).await;
    let engine = role.engine();
    // Read, and not yet written.
    until(&engine, BY_THE_ROLE, 1).await;
    stop.cancel();
    let begun = Instant::now();
    role.join().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(series(&engine, MADE) < 2, "the other map is never begun");
    assert!(ask(&engine, "as_reported", NARROW).await.len() > 1, "what was left undone is done by who needs it");
}

#[tokio::test]
async fn a_role_that_is_told_not_to_makes_nothing_ahead() {
    let clock = Hands::new();
    let data = kept(&clock).await;
    let stop = CancellationToken::new();
    let config = Config { ahead: false, ..config(data.path()) };
    let role = lantoa_query::start(config, Arc::clone(&clock) as SharedClock, stop.clone()).await.unwrap();
    // As long as the others need to begin.
    let deadline = Instant::now() + Duration::from_secs(3);
    while Instant::now() < deadline {
        assert_eq!(series(&role.engine(), BY_THE_ROLE), 0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ask(&role.engine(), "as_reported", NARROW).await;
    assert_eq!(series(&role.engine(), BY_THE_ROLE), 0);
    assert!(series(&role.engine(), BY_QUESTIONS) > 0);
    stop.cancel();
    role.join().await.unwrap();
}
