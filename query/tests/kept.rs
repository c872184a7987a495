//! What came since a projection was kept, and which of its buckets that changes.

use lantoa_query::format::{Format, write};
use lantoa_query::{Asker, Engine, Settings};
use lantoa_schemas::projection::{Projection, area_bucket};
use lantoa_schemas::stream::Family;
use serde_json::{Value, json};

use crate::fixture::Folder;

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
