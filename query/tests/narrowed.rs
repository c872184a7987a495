//! What a question does not need is not read, added up or written, and no answer shows it: an answer under conditions is
//! the rows of the answer without them that satisfy them, whatever was asked before and however little is remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::display::array_value_to_string;
use datafusion::prelude::SessionContext;
use lantoa_query::{Asker, Config, Engine, Settings};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::stream::Family;
use serde_json::{Value, json};

use crate::fixture::{Folder, changed, reported_rows};

const MAPS: [&str; 3] = ["as_reported", "2025-06-30", "2025-07-01"];

/// Conditions on what lots go by, on other columns of cells and areas, and on several at once.
const CONDITIONS: [&str; 14] = [
    "indicator = 'learning_family'",
    "indicator = 'learning_unit_registered'",
    "indicator IN ('learning_clan', 'learning_unit')",
    "indicator NOT IN ('learning_family', 'learning_clan')",
    "NOT (indicator = 'learning_family' OR indicator = 'learning_unit')",
    "indicator <> 'learning_family' AND year >= 2022",
    "indicator = 'learning_family' OR year = 2022",
    "indicator = 'learning_family' OR indicator = 'learning_clan'",
    "(indicator = 'learning_family' AND year = 2022) OR (indicator = 'learning_clan' AND area_level = 'province')",
    "indicator LIKE 'learning%' AND indicator NOT LIKE '%registered'",
    "indicator > 'learning_clan' AND area_level = 'province'",
    "indicator = 'learning_clan' AND indicator = 'learning_family'",
    "year IN (2017, 2024) AND area_level <> 'nation'",
    "indicator IS NULL",
];

/// Statements of all kinds, single decisions, and a measure that no catalogue has.
async fn folder() -> Folder {
    let mut folder = Folder::with_articles().await;
    let statement = Family::Statement.stream();
    folder.append(statement, reported_rows()).await;
    let unknown = json!({
        "event_id": "unknown/1", "measure": "not_in_the_catalogue", "fact": "actual", "period": "2022", "numerator": 12,
    });
    let unknown = changed("bac-giang-2022", 1, unknown);
    folder.append(statement, vec![unknown]).await;
    let steps = (0..6).map(|number| {
        let commune = ["07513", "07507"][number % 2];
        json!({
            "event_id": format!("step/{number}"), "step": "recognised", "model": "learning_family",
            "year": 2022 + number % 3, "subject_token": format!("family-{number}"), "area_level": "commune",
            "area_code": commune, "area_date": "2024-12-31", "occurred_on": "2024-12-20",
            "source": "register",
        })
    });
    folder.append(Family::Recognition.stream(), steps.collect()).await;
    folder
}

fn engine(folder: &Folder, change: impl Fn(&mut Config)) -> Engine {
    let mut config = Config::over(folder.path());
    change(&mut config);
    Engine::open(config, Arc::new(FixedClock("2026-02-01T03:00:00Z".parse().unwrap()))).unwrap()
}

async fn batch(engine: &Engine, map: &str, query: &str) -> RecordBatch {
    let settings = Settings { map: Some(map.to_owned()), ..Settings::default() };
    let answer = engine.session(&Asker::owner(), &settings).unwrap().sql(query).await.unwrap();
    let columns = Arc::clone(answer.columns());
    concat_batches(&columns, &answer.collect().await.unwrap()).unwrap()
}

/// The rows as texts, in one order.
fn sorted(batches: &[RecordBatch]) -> Vec<String> {
    let row = |batch: &RecordBatch, row: usize| {
        let cells = batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
        cells.collect::<Vec<_>>().join("|")
    };
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| row(batch, at)));
    let mut rows: Vec<String> = rows.collect();
    rows.sort_unstable();
    rows
}

async fn rows(engine: &Engine, map: &str, query: &str) -> Vec<String> {
    sorted(&[batch(engine, map, query).await])
}

/// The rows of a whole answer that satisfy a condition, found by an engine that knows nothing of how they came about.
async fn that_satisfy(whole: &RecordBatch, condition: &str) -> Vec<String> {
    let context = SessionContext::new();
    context.register_batch("whole", whole.clone()).unwrap();
    let rows = context.sql(&format!("SELECT * FROM whole WHERE {condition}")).await.unwrap();
    sorted(&rows.collect().await.unwrap())
}

#[tokio::test]
async fn an_answer_under_conditions_is_those_rows_of_the_whole_one() {
    let folder = folder().await;
    let (mut compared, mut empty) = (0, 0);
    for map in MAPS {
        // One engine finds what other questions have left, and one has to forget at once.
        let remembers = engine(&folder, |config| config.partitions = 3);
        let forgets = engine(&folder, |config| (config.remember_bytes, config.partitions) = (0, 1));
        for view in ["indicator", "coverage", "reconciliation"] {
            let query = format!("SELECT * FROM {view}");
            let whole = batch(&engine(&folder, |_| {}), map, &query).await;
            for condition in CONDITIONS {
                let expected = that_satisfy(&whole, condition).await;
                let query = format!("{query} WHERE {condition}");
                for engine in [&remembers, &forgets] {
                    assert_eq!(rows(engine, map, &query).await, expected, "{map}: {query}");
                }
                compared += expected.len();
                empty += usize::from(expected.is_empty());
            }
            assert_eq!(rows(&remembers, map, &query).await, sorted(&[whole]), "{map}: {query} at last");
        }
    }
    assert!(compared > 1000 && empty < 100, "{compared} rows, {empty} empty answers");
}

/// A series needs earlier years, a target those who set it, a rank all areas: whatever is left out of it is of another
/// indicator.
#[tokio::test]
async fn a_trend_of_some_indicators_is_that_part_of_the_whole() {
    let folder = folder().await;
    for map in MAPS {
        let whole = batch(&engine(&folder, |_| {}), map, "SELECT * FROM trend").await;
        for condition in CONDITIONS {
            let query = format!("SELECT * FROM trend WHERE {condition}");
            let expected = that_satisfy(&whole, condition).await;
            assert_eq!(rows(&engine(&folder, |_| {}), map, &query).await, expected, "{map}: {query}");
        }
    }
}

const QUESTIONS: [&str; 7] = [
    "SELECT * FROM indicator WHERE indicator = 'learning_family'",
    "SELECT * FROM coverage WHERE indicator = 'learning_clan'",
    "SELECT * FROM suspicious",
    "SELECT * FROM indicator WHERE indicator IN ('learning_clan', 'learning_family')",
    "SELECT * FROM reconciliation",
    "SELECT * FROM adoption",
    "SELECT * FROM indicator",
];

#[tokio::test]
async fn in_whatever_order_questions_come_each_has_its_own_answer() {
    let folder = folder().await;
    for map in MAPS {
        let mut alone = BTreeMap::new();
        for query in QUESTIONS {
            alone.insert(query, rows(&engine(&folder, |_| {}), map, query).await);
        }
        for first in (0..QUESTIONS.len()).step_by(3) {
            let shared = engine(&folder, |_| {});
            let tight = engine(&folder, |config| config.remember_bytes = 60_000);
            for query in QUESTIONS.iter().cycle().skip(first).take(QUESTIONS.len() + 2) {
                for engine in [&shared, &tight] {
                    assert_eq!(rows(engine, map, query).await, alone[query], "{map}: {query}, from {first}");
                }
            }
        }
    }
}

#[tokio::test]
async fn questions_at_the_same_time_share_what_they_read() {
    let folder = folder().await;
    let shared = engine(&folder, |_| {});
    let answers = futures::future::join_all(QUESTIONS.map(|query| rows(&shared, MAPS[1], query))).await;
    for (query, answer) in QUESTIONS.iter().zip(answers) {
        assert_eq!(answer, rows(&engine(&folder, |_| {}), MAPS[1], query).await, "{query}");
    }
}

#[tokio::test]
async fn what_is_remembered_is_not_told_once_something_new_has_come() {
    let mut folder = folder().await;
    let shared = engine(&folder, |_| {});
    let mut before: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for query in QUESTIONS {
        before.insert(query, rows(&shared, MAPS[1], query).await);
    }
    let numerator = reported_rows()[0]["numerator"].as_i64().unwrap();
    let event = |changes: Value| {
        let mut event = reported_rows().swap_remove(0);
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    let correction = event(json!({
        "event_id": "correction/1", "numerator": numerator + 1, "supersedes": reported_rows()[0]["event_id"],
        "change_reason": "one more",
    }));
    folder.append(Family::Statement.stream(), vec![correction]).await;
    let mut differing = 0;
    for query in QUESTIONS {
        let now = rows(&shared, MAPS[1], query).await;
        assert_eq!(now, rows(&engine(&folder, |_| {}), MAPS[1], query).await, "{query}");
        differing += usize::from(now != before[query]);
    }
    assert!(differing >= 3, "only {differing} answers show the correction");
}
