//! Each role alone, on a Kafka that somebody else runs: the same rows as under one roof.

use lantoa::desk::remote::Remote;
use serde_json::Value;

use crate::harness::{Program, count, folder, until};
use crate::log::Log;
use crate::page::get;

const SHEET: &str = include_str!("../../articles/ha-giang-2024.csv");

/// The address that a role prints when it is ready.
pub fn http_of(role: &mut Program) -> String {
    let said = role.says("http://");
    said.rsplit("http://").next().unwrap().trim().to_owned()
}

#[test]
fn roles_alone_make_one_whole() {
    let log = Log::of_environment();
    let (home, elsewhere) = (folder(), folder());
    let mut up = Program::up(&log, home.path(), &["--empty"]);
    let kafka = up.ready()["kafka"].as_str().unwrap().to_owned();
    let role =
        |name: &str| Program::start(elsewhere.path(), &["serve", name, "--kafka", &kafka, "--http", "127.0.0.1:0"]);
    let (mut ingest, mut projector, mut query) = (role("ingest"), role("projector"), role("query"));
    let ingest_at = http_of(&mut ingest);
    projector.says("http://");
    let query_at = http_of(&mut query);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sent = SHEET.as_bytes().to_vec();
    let taken = runtime.block_on(Remote::of(&ingest_at).unwrap().file("a.csv", sent, None)).unwrap();
    assert_eq!((taken.events.len(), taken.rejected), (21, 0));
    for data in [elsewhere.path(), home.path()] {
        until("the rows in the tables", || (count(data, "ledger_statement") == 21).then_some(()));
    }
    let tables = runtime.block_on(Remote::of(&query_at).unwrap().tables()).unwrap();
    assert!(tables.iter().any(|table| table.table == "ledger_statement" && table.rows == 21), "{tables:?}");
    assert!(!elsewhere.path().join("endpoints.json").exists(), "roles alone own no folder");
    // Each describes what it answers, and nothing of the others.
    for (at, own, other) in [(&ingest_at, "/v1/events", "/v1/sql"), (&query_at, "/v1/sql", "/v1/events")] {
        let document: Value = serde_json::from_str(&get(at, "/v1/openapi.json").2).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.contains_key(own) && paths.contains_key("/healthz") && !paths.contains_key(other), "{at}");
        assert_eq!(document["info"]["title"], "Lantoa");
    }
    for role in [ingest, projector, query, up] {
        role.stop();
    }
}
