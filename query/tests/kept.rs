//! What came since a projection was kept, and which of its buckets that changes.

use std::path::PathBuf;

use lantoa_query::answer::Answer;
use lantoa_query::format::{Format, write};
use lantoa_query::{Asker, Engine, Settings};
use lantoa_schemas::projection::{BUCKETS, PROJECTIONS, Projection, area_bucket};
use lantoa_schemas::stream::Family;
use lantoa_tests::nation::{Nation, Plan};
use serde_json::{Value, json};

use crate::fixture::Folder;
use crate::nation::written;

/// How many subjects are counted in a commune.
async fn counted(engine: &Engine, commune: &str) -> String {
    let session = engine.session(&Asker::owner(), &Settings::default()).unwrap();
    let query = format!("SELECT coalesce(sum(numerator), 0) AS subjects FROM counted WHERE area_code = '{commune}'");
    let mut out = Vec::new();
    write(session.sql(&query).await.unwrap(), Format::Csv, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

fn step(id: &str, step: &str, area: (&str, &str), changes: Value) -> Value {
    let mut event = json!({
        "event_id": id, "step": step, "model": "learning_family", "year": 2024, "subject_token": "family-a-00000001",
        "area_level": area.0, "area_code": area.1, "area_date": "2024-12-31", "occurred_on": "2024-12-20",
        "source": "register",
    });
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event
}

/// A title is taken away by another area, in a correction that comes before what it corrects: by itself it says nothing
/// yet, and what it waits for names neither the subject nor any other event.
#[tokio::test]
async fn a_revocation_that_waited_changes_the_bucket_of_its_subject() {
    let mut folder = Folder::empty();
    let (commune, province) = (("commune", "07513"), ("province", "12"));
    let recognition = Family::Recognition.stream();
    let events = vec![
        step("given", "recognised", commune, json!({})),
        step("taken", "revoked", province, json!({ "supersedes": "later", "change_reason": "the wrong step" })),
    ];
    folder.append(recognition, events).await;
    let engine = folder.engine();
    let projection = Projection::of("counted").unwrap();
    let then = engine.derive(projection).await.unwrap().reach().clone();
    assert_eq!(counted(&engine, commune.1).await, "subjects\n1\n");
    let later = step("later", "registered", province, json!({ "subject_token": "family-b-00000002" }));
    folder.append(recognition, vec![later]).await;
    assert_eq!(counted(&engine, commune.1).await, "subjects\n0\n");
    let touched = engine.derive(projection).await.unwrap().touched(&then).await.unwrap();
    let mut expected = [commune, province].map(|(level, code)| area_bucket(Some(level), Some(code), None));
    expected.sort_unstable();
    assert_eq!(touched, expected);
}

/// The lines of an answer, in the order of their letters, without those that name its columns.
async fn lines(answer: Answer) -> Vec<String> {
    let mut out = Vec::new();
    write(answer, Format::Csv, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Folders of divided ledgers where the engine puts what does not fit in memory.
fn laid_out(folder: &Folder) -> usize {
    let below = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let places = below(folder.path().join("spill")).flat_map(below).flat_map(below);
    let is_one = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lantoa-"));
    places.filter(is_one).count()
}

#[tokio::test]
async fn divided_ledgers_give_the_rows_that_whole_ones_give() {
    let folder = written(&Nation::new(Plan::small())).await;
    let engine = folder.engine_on("2026-06-01T03:00:00Z");
    let all: Vec<i32> = (0..BUCKETS).collect();
    for projection in PROJECTIONS {
        let derivation = engine.derive(projection).await.unwrap();
        let mut whole = Vec::new();
        for some in all.chunks(40) {
            whole.push(lines(derivation.rows(some).await.unwrap()).await);
        }
        assert!(whole.iter().any(|lines| !lines.is_empty()), "{projection:?}");
        // All of them, and then some: the others are then asked of the ledgers.
        for divided in [&all[..], &all[..50]] {
            derivation.divide(divided).await.unwrap();
            assert!(laid_out(&folder) > 0);
            for (some, whole) in all.chunks(40).zip(&whole) {
                assert_eq!(
                    &lines(derivation.rows(some).await.unwrap()).await,
                    whole,
                    "{projection:?} {}",
                    divided.len()
                );
            }
        }
    }
}

/// Events come in commit after commit. What an engine knows of earlier versions of the ledger changes nothing of what it
/// says about a later one.
#[tokio::test]
async fn what_is_known_of_earlier_versions_leads_to_the_same_buckets() {
    let mut folder = Folder::empty();
    let [first, second, third] = [("commune", "07513"), ("province", "12"), ("commune", "07507")];
    let correction = |target: &str| json!({ "supersedes": target, "change_reason": "the wrong step" });
    let commits = [
        vec![step("a", "recognised", first, json!({})), step("b", "recognised", second, json!({}))],
        vec![step("c", "registered", first, correction("a"))],
        vec![step("waits", "revoked", second, correction("late"))],
        vec![step("d", "recognised", third, json!({ "subject_token": "family-c-00000003" }))],
        vec![step("late", "registered", second, json!({ "subject_token": "family-b-00000002" }))],
        vec![step("e", "recognised", first, correction("c"))],
    ];
    folder.append(Family::Recognition.stream(), vec![step("0", "registered", third, json!({}))]).await;
    let (engine, projection) = (folder.engine(), Projection::of("counted").unwrap());
    let mut thens = vec![engine.derive(projection).await.unwrap().reach().clone()];
    let mut found = std::collections::BTreeSet::new();
    for commit in commits {
        folder.append(Family::Recognition.stream(), commit).await;
        let (known, anew) =
            (engine.derive(projection).await.unwrap(), folder.engine().derive(projection).await.unwrap());
        assert_eq!(known.reach(), anew.reach());
        for then in &thens {
            let touched = known.touched(then).await.unwrap();
            assert_eq!(touched, anew.touched(then).await.unwrap(), "since {then:?}");
            assert_eq!(touched, known.touched(then).await.unwrap(), "asked again");
            found.insert(touched);
        }
        assert_ne!(Some(known.reach()), thens.last(), "every commit goes further");
        thens.push(known.reach().clone());
    }
    assert!(found.len() > 3, "{found:?}");
}
