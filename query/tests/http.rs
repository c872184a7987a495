//! The HTTP face, without a socket: status codes, formats, problem documents.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use lantoa_query::answer::Answer;
use lantoa_query::{Config, Handle, start};
use lantoa_schemas::clock::SystemClock;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::fixture::Folder;

struct Role {
    handle: Handle,
    shutdown: CancellationToken,
    _folder: Folder,
}

async fn role() -> Role {
    let folder = Folder::with_articles().await;
    let shutdown = CancellationToken::new();
    let config = Config::over(folder.path());
    let handle = start(config, Arc::new(SystemClock), shutdown.clone()).await.unwrap();
    Role { handle, shutdown, _folder: folder }
}

impl Role {
    async fn post(&self, accept: &str, body: impl Into<Body>) -> Response<Body> {
        let request = Request::post("/v1/sql").header("accept", accept).body(body.into()).unwrap();
        self.handle.router().oneshot(request).await.unwrap()
    }

    async fn ask(&self, accept: &str, question: Value) -> (StatusCode, String) {
        let response = self.post(accept, question.to_string()).await;
        let status = response.status();
        (status, text(response).await)
    }
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

const FAMILIES: &str = "SELECT area_name, rate_percent, printed_percent FROM indicator \
                        WHERE indicator = 'learning_family' AND derivation = 'stated'";

#[tokio::test]
async fn the_answer_comes_in_the_format_asked_for() {
    let role = role().await;
    let question = json!({ "query": FAMILIES });
    let csv = "area_name,rate_percent,printed_percent\nHà Giang,73.58760073338166,73.58\n";
    assert_eq!(role.ask("text/csv", question.clone()).await, (StatusCode::OK, csv.to_owned()));
    for accept in ["application/json", "*/*", "text/html, application/json;q=0.9"] {
        let (status, body) = role.ask(accept, question.clone()).await;
        assert_eq!(status, StatusCode::OK);
        let rows: Value = serde_json::from_str(&body).unwrap();
        let expected =
            json!([{ "area_name": "Hà Giang", "rate_percent": 73.58760073338166, "printed_percent": "73.58" }]);
        assert_eq!(rows, expected, "{accept}");
    }
    let response = role.post("application/vnd.apache.arrow.stream", question.to_string()).await;
    assert_eq!(response.headers()["content-type"], "application/vnd.apache.arrow.stream");
    assert_eq!(response.headers()["lantoa-map"], "as_reported");
    let answer = Answer::read(response.into_body().into_data_stream()).await.unwrap();
    assert_eq!(answer.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    assert_eq!(role.ask("text/html", question).await.0, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn files_for_other_programs_are_answers_too() {
    let role = role().await;
    let question = json!({ "query": FAMILIES });
    for (accept, begins) in [
        ("application/vnd.apache.parquet", &b"PAR1"[..]),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ("text/markdown", b"| area_name | rate_percent |"),
        ("text/tab-separated-values", b"area_name\trate_percent\t"),
    ] {
        let response = role.post(accept, question.to_string()).await;
        assert_eq!(response.status(), StatusCode::OK, "{accept}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with(accept), "{accept}");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(body.starts_with(begins), "{accept}: {body:?}");
    }
    // Nothing of a sheet is out before its last row, so that one that is too small still has a status of its own.
    let many = json!({ "query": "SELECT value FROM generate_series(1, 1048576)" });
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let (status, body) = role.ask(sheet, many).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body.contains("1048576"), "{body}");
}

#[tokio::test]
async fn settings_are_parameters() {
    let role = role().await;
    let count = "SELECT count(*) AS n FROM statement";
    let (_, body) = role.ask("text/csv", json!({ "query": count, "stated_by": "2018-12-31" })).await;
    assert_eq!(body, "n\n7\n");
    let early = json!({ "query": count, "as_of": "2020-01-01" });
    let response = role.post("text/csv", early.to_string()).await;
    assert_eq!(response.headers()["lantoa-as-of"], "2020-01-01");
    assert!(response.headers()["lantoa-notice"].to_str().unwrap().contains("2026-01-10"));
    assert_eq!(text(response).await, "n\n0\n");
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem_document() {
    let role = role().await;
    let bad_map = json!({ "query": "SELECT 1", "map": "1999-12-31" });
    for (question, status, says) in [
        (json!({ "query": "SELECT * FROM indicators" }), 400, "Did you mean 'indicator'?"),
        (json!({ "query": "SELECT area_nam FROM indicator" }), 400, "area_name"),
        (json!({ "query": "SELEC 1" }), 400, "SQL"),
        (json!({ "query": "" }), 400, "no statement"),
        (json!({ "query": "SELECT 1/0" }), 400, "ivide by zero"),
        (json!({ "query": "DROP TABLE area" }), 400, "DROP TABLE is refused"),
        (json!({ "query": "SELECT 1", "as-of": "2020-01-01" }), 400, "as-of"),
        (json!({ "sql": "SELECT 1" }), 400, "query"),
        (json!({ "query": "SELECT 1", "as_of": "soon" }), 422, "2024-10-31"),
        (bad_map, 422, "as_reported"),
        (json!({ "query": "SET datafusion.execution.batch_size = 1" }), 422, "lantoa.map"),
    ] {
        let response = role.post("*/*", question.to_string()).await;
        assert_eq!(response.status().as_u16(), status, "{question}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let document: Value = serde_json::from_str(&text(response).await).unwrap();
        assert!(document["detail"].as_str().unwrap().contains(says), "{question}: {document}");
        assert_eq!(document["errors"][0]["reason"], document["detail"]);
    }
    let (_, body) = role.ask("*/*", json!({ "query": "SELECT\n  area_nam FROM indicator" })).await;
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["position"], json!({ "line": 2, "column": 3, "length": 8 }));
    assert_eq!(document["errors"][0]["remedy"], "Did you mean 'area_name'?");
    let long = format!("{{\"query\": \"SELECT '{}'\"}}", "x".repeat(2 << 20));
    assert_eq!(role.post("*/*", long).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(role.post("*/*", "not json").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_answer_that_fails_on_its_way_never_ends_as_if_it_were_whole() {
    let role = role().await;
    // The batches are small enough to be sent before the row that cannot be divided.
    let query = "SELECT 1 / (value - 100000) AS x FROM generate_series(1, 200000)";
    let response = role.post("text/csv", json!({ "query": query }).to_string()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(to_bytes(response.into_body(), usize::MAX).await.is_err());
}

#[tokio::test]
async fn questions_are_counted_by_how_they_end() {
    let role = role().await;
    let engine = role.handle.engine();
    let (mut registry, mut text) = (Registry::default(), String::new());
    engine.register(&mut registry);
    for (query, status) in [
        ("SELECT source FROM statement", StatusCode::OK),
        ("SELECT * FROM indicators", StatusCode::BAD_REQUEST),
        ("DROP TABLE area", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(role.ask("text/csv", json!({ "query": query })).await.0, status);
    }
    let shown = |text: &mut String| {
        text.clear();
        prometheus_text::encode(text, &registry).unwrap();
    };
    shown(&mut text);
    assert!(text.contains("\nlantoa_query_rows_total 82\n"), "{text}");
    let long = json!({ "query": "SELECT value FROM generate_series(1, 100000000)" });
    drop(role.post("text/csv", long.to_string()).await);
    shown(&mut text);
    for line in [
        "lantoa_query_statements_total 4",
        r#"lantoa_query_failures_total{kind="sql"} 1"#,
        r#"lantoa_query_failures_total{kind="read_only"} 1"#,
        r#"lantoa_query_failures_total{kind="given_up"} 1"#,
        r#"lantoa_query_failures_total{kind="internal"} 0"#,
        "lantoa_query_duration_seconds_count 1",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("\nlantoa_query_memory_bytes "), "{text}");
    assert_eq!(engine.ready().await, vec![("tables", Ok::<(), String>(()))]);
}

#[tokio::test]
async fn status_counts_rows_and_the_role_ends_when_told_to() {
    let role = role().await;
    let request = Request::get("/v1/status").body(Body::empty()).unwrap();
    let body = text(role.handle.router().oneshot(request).await.unwrap()).await;
    let status: Value = serde_json::from_str(&body).unwrap();
    let statements = status["tables"].as_array().unwrap().iter().find(|table| table["table"] == "ledger_statement");
    assert_eq!(statements.unwrap()["rows"], 82);
    let router = role.handle.router();
    role.shutdown.cancel();
    role.handle.join().await.unwrap();
    let request = Request::post("/v1/sql").body(Body::from("{\"query\": \"SELECT 1\"}")).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}
