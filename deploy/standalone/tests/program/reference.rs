//! What reference events change: rows are judged by them from the moment they are acknowledged, at both ways in, until
//! they are taken back.

use lantoa_tests::events::{WireEvents, cloud_event, id};
use serde_json::{Value, json};

use crate::flow::{Answer, http_of, post, produce};
use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;

/// The day at which the statements here read their codes: after the merger, and past.
const DAY: &str = "2026-01-10";

fn send(http: &str, event: &Value) -> Answer {
    post(http, "/v1/events", "application/cloudevents+json", event.to_string().into_bytes()).unwrap()
}

fn reference(id: &str, verb: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": format!("vn.lantoa.reference.{verb}.v1"),
        "data": data
    })
}

/// Tuyên Quang and Bắc Ninh become 97, a code that no province has had.
fn merger() -> Value {
    let went = |old: &str| {
        json!({
            "old_level": "province", "old_code": old, "new_level": "province", "new_code": "97", "whole": true,
            "is_main": true
        })
    };
    let area = json!({
        "level": "province", "code": "97", "name": "Tỉnh Tuyên Ninh", "short_name": "Tuyên Ninh", "kind": "tỉnh",
        "parent_code": "00"
    });
    let body = json!({ "change": "merge", "areas": [area], "succession": [went("08"), went("24")] });
    let data = json!({
        "source": "made-up", "subject": "tuyen-ninh", "effective_on": "2026-01-01", "legal_basis": "a resolution",
        "body": body
    });
    reference("merger", "area_changed", data)
}

/// The `number`th statement, of a province on [`DAY`].
fn statement(number: u64, code: &str) -> Value {
    let mut event = cloud_event(number);
    event["data"]["area_code"] = json!(code);
    event["data"]["area_date"] = json!(DAY);
    event
}

/// The same as somebody else's program writes it.
fn direct(number: u64, code: &str) -> Vec<u8> {
    WireEvents::default().direct(number, |event| {
        event.envelope.area_code = Some(code.to_owned());
        event.envelope.area_date = DAY.parse().ok();
    })
}

#[track_caller]
fn assert_refused(answer: &Answer, field: &str) {
    assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (422, &json!(field)), "{}", answer.body);
}

#[track_caller]
fn assert_taken(answer: &Answer) {
    assert_eq!(answer.status, 202, "{}", answer.body);
}

#[test]
fn rows_are_judged_by_the_area_changes_in_force() {
    let log = Log::of_environment();
    let data = folder();
    let count_of = |number, more: &str| {
        count(data.path(), &format!("ledger_statement where event_id = '{}' and history_version = 1{more}", id(number)))
    };
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let endpoints = program.ready();
    let (http, kafka) = (http_of(&endpoints), endpoints["kafka"].as_str().unwrap().to_owned());
    assert_refused(&send(&http, &statement(1, "97")), "area_code");
    assert_taken(&send(&http, &merger()));
    assert_taken(&send(&http, &statement(1, "97")));
    assert_refused(&send(&http, &statement(2, "24")), "area_date");
    until("the statement by HTTP", || (count_of(1, "") == 1).then_some(()));

    produce(&kafka, &[direct(3, "97"), direct(4, "24")]);
    until("the statement of a direct producer", || (count_of(3, " and via = 'kafka'") == 1).then_some(()));
    let rejected = "outcome where outcome = 'rejected'";
    until("the refused one", || (count(data.path(), rejected) == 1).then_some(()));
    let (out, _) = run_to(0, data.path(), &["sql", "--format", "csv", &format!("select field from {rejected}")]);
    assert_eq!(out.lines().nth(1), Some("area_date"));
    program.stop();

    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let endpoints = program.ready();
    let (http, kafka) = (http_of(&endpoints), endpoints["kafka"].as_str().unwrap().to_owned());
    assert_taken(&send(&http, &statement(5, "97")));
    produce(&kafka, &[direct(6, "97")]);
    until("the statement after a restart", || (count_of(5, "") + count_of(6, "") == 2).then_some(()));

    let retraction = json!({ "retracts": "merger", "change_reason": "an error" });
    assert_taken(&send(&http, &reference("back", "retracted", retraction)));
    assert_refused(&send(&http, &statement(7, "97")), "area_code");
    assert_taken(&send(&http, &statement(8, "24")));
    produce(&kafka, &[direct(9, "97")]);
    until("the one refused again", || (count(data.path(), rejected) == 2).then_some(()));
    program.stop();
}
