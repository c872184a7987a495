//! Who may send what: tokens over HTTP, before a real broker.

use std::path::Path;

use chrono::NaiveDate;
use lantoa_schemas::grant::{Grant, Scope};
use lantoa_schemas::stream::Family;

use super::*;
use crate::config::Tokens;
use crate::senders::{NewToken, Senders};

/// The day of the tests' clock in Vietnam.
fn today() -> NaiveDate {
    "2026-01-15".parse().unwrap()
}

fn token_of(senders: &Senders, name: &str, areas: Scope, families: &[Family]) -> String {
    let grant = Grant { families: families.iter().copied().collect(), areas };
    senders.create(NewToken { name: name.to_owned(), grant, expires: None, note: None }, today()).unwrap()
}

/// Bắc Giang, also through changes of areas.
fn bac_giang() -> Scope {
    Scope::Areas { areas: vec!["province/24@2024-12-31".parse().unwrap()], through_changes: true }
}

/// Status, the header that says how to log in, and the body.
async fn post_as(server: &Server, authorization: &str, body: String) -> (u16, Option<String>, Value) {
    let mut request = Client::new().post(format!("{}/v1/events", server.url)).header("content-type", NDJSON);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    let answer = request.body(body).send().await.unwrap();
    let login = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), login, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

fn of_area(id: &str, level: &str, code: &str, day: &str, name: &str) -> String {
    let mut event: Value = serde_json::from_str(&good(id)).unwrap();
    for (field, value) in [("area_level", level), ("area_code", code), ("area_date", day), ("area_name", name)] {
        event["data"][field] = value.into();
    }
    event.to_string()
}

fn config(broker: &TestBroker, senders: &Path) -> Config {
    Config { tokens: Tokens::Required, senders: Some(senders.to_owned()), ..broker.config() }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_known_is_told_the_same_and_noted_for_what_it_was() {
    let (broker, folder) = (TestBroker::start(), tempfile::tempdir().unwrap());
    let file = folder.path().join("senders.toml");
    let handle = crate::start(config(&broker, &file), clock(), CancellationToken::new()).await.unwrap();
    let server = Server::over(handle.intake()).await;
    let senders = Senders::at(&file);
    let token = token_of(&senders, "nation", Scope::Nation, &[Family::Statement]);
    let right = format!("Bearer {token}");
    let (status, _, answer) = post_as(&server, &right, good("e-1")).await;
    assert_eq!(status, 202, "{answer}");
    senders.revoke("nation", today()).unwrap();
    let mut told = Vec::new();
    for wrong in ["", "Basic bGFuOng=", "Bearer lantoa_other", &right] {
        let (status, login, answer) = post_as(&server, wrong, good("e-2")).await;
        assert_eq!((status, login.as_deref()), (401, Some("Bearer")), "{wrong}: {answer}");
        assert_eq!(fields(&answer), ["null Authorization"]);
        told.push(answer);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    std::fs::write(&file, "[[token]]").unwrap();
    let (status, login, answer) = post_as(&server, &right, good("e-3")).await;
    assert_eq!((status, login), (503, None), "{answer}");
    let state = server.intake.ready().await;
    let (_, senders_state) = state.iter().find(|(part, _)| *part == "senders").unwrap();
    assert!(senders_state.as_ref().unwrap_err().contains("senders.toml"), "{senders_state:?}");
    let shown = server.metrics();
    for (reason, times) in [("no_token", 2), ("unknown", 1), ("revoked", 1), ("unreadable", 1)] {
        let line = format!("lantoa_ingest_refused_senders_total{{reason=\"{reason}\"}} {times}");
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert_eq!(server.intake.counts(), Counts { received: 1, accepted: 1, rejected: 0, failed: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_province_reports_that_province_on_both_maps_and_no_other() {
    let (broker, folder) = (TestBroker::start(), tempfile::tempdir().unwrap());
    let file = folder.path().join("senders.toml");
    let senders = Senders::at(&file);
    let families = [Family::Statement, Family::Activity];
    let right = format!("Bearer {}", token_of(&senders, "bac-giang", bac_giang(), &families));
    let nation = format!("Bearer {}", token_of(&senders, "nation", Scope::Nation, &[Family::Statement]));
    let other = format!("Bearer {}", token_of(&senders, "clerk", bac_giang(), &[Family::Activity]));
    let handle = crate::start(config(&broker, &file), clock(), CancellationToken::new()).await.unwrap();
    let server = Server::over(handle.intake()).await;
    let rows = [
        of_area("a-1", "province", "24", "2024-12-31", "Bắc Giang"),
        of_area("a-2", "commune", "07210", "2025-08-01", "Phường Bắc Giang"),
        of_area("a-3", "province", "24", "2025-08-01", "Bắc Ninh"),
        of_area("a-4", "province", "27", "2024-12-31", "Bắc Ninh"),
        of_area("a-5", "province", "99", "2024-12-31", "Bắc Giang"),
    ]
    .join("\n");
    let (status, _, answer) = post_as(&server, &right, rows.clone()).await;
    assert_eq!(
        (status, fields(&answer)),
        (207, ["3", "4", "5"].map(|row| format!("{row} area_code")).to_vec()),
        "{answer}"
    );
    let reason = answer["errors"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("Tỉnh Bắc Ninh on 2025-08-01") && reason.contains("Tỉnh Bắc Giang (24)"), "{reason}");
    let receipt = answer["receipt"].clone();
    let (status, _, answer) = post_as(&server, &nation, rows.clone()).await;
    assert_eq!((status, fields(&answer)), (207, vec!["5 area_code".to_owned()]), "{answer}");
    assert_ne!(answer["receipt"], receipt, "what another sends is another's");
    let (status, login, answer) = post_as(&server, &other, rows).await;
    assert_eq!((status, login), (403, None), "{answer}");
    assert_eq!(fields(&answer), ["null type"]);
    assert!(server.metrics().contains("\nlantoa_ingest_refused_senders_total{reason=\"family\"} 1\n"));
    let reference = good("r-1").replace(".statement.stated.", ".reference.week_declared.");
    let mixed = format!("{reference}\n{}", of_area("a-6", "province", "24", "2024-12-31", "Bắc Giang"));
    let (status, _, answer) = post_as(&server, &right, mixed).await;
    assert_eq!((status, fields(&answer)), (207, vec!["1 type".to_owned()]), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_back_another_event_names_its_area_by_a_code() {
    let (broker, folder) = (TestBroker::start(), tempfile::tempdir().unwrap());
    let file = folder.path().join("senders.toml");
    let right = format!("Bearer {}", token_of(&Senders::at(&file), "bac-giang", bac_giang(), &[Family::Statement]));
    let handle = crate::start(config(&broker, &file), clock(), CancellationToken::new()).await.unwrap();
    let server = Server::over(handle.intake()).await;
    let retraction = |id: &str, area: Value| {
        let mut data = area;
        data["retracts"] = "a-1".into();
        data["change_reason"] = "counted twice".into();
        let kind = "vn.lantoa.statement.retracted.v1";
        json!({"specversion": "1.0", "id": id, "source": "/province/24", "type": kind, "data": data}).to_string()
    };
    for (id, area, status) in [
        ("b-1", json!({"area_level": "province", "area_code": "24", "area_date": "2024-12-31"}), 202),
        ("b-2", json!({"area_level": "province", "area_code": "24", "area_date": "2025-08-01"}), 422),
        ("b-3", json!({"area_level": "province", "area_name": "Bắc Giang", "area_date": "2024-12-31"}), 422),
    ] {
        let (seen, _, answer) = post_as(&server, &right, retraction(id, area)).await;
        assert_eq!(seen, status, "{id}: {answer}");
        if status == 422 {
            assert_eq!(fields(&answer), ["1 area_code"], "{answer}");
        }
    }
}
