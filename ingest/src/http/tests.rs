use std::time::Duration;

use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::receipt::{content_hash, receipt_key};
use lantoa_schemas::validate;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::config::Config;
use crate::intake::{Counts, References};
use crate::known::{Asked, Found, Known, KnownError};
use crate::log::Log;
use crate::parse::made::{self, Made};
use crate::test_broker::{TestBroker, free_address};

mod tokens;

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A listening server over a path, until it is dropped with the test's runtime.
struct Server {
    url: String,
    intake: Arc<Intake>,
    tasks: tokio::task::JoinSet<()>,
}

impl Server {
    async fn over(intake: Arc<Intake>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = router(intake.clone());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, intake, tasks }
    }

    /// Over a broker that is not there: for what is answered before the log.
    async fn alone(shutdown: CancellationToken) -> Self {
        let config = Config {
            kafka: free_address(),
            max_body_bytes: 1 << 20,
            max_rows: 3,
            ack_timeout: Duration::from_millis(300),
            body_timeout: Duration::from_millis(500),
            reference_refresh: Duration::from_secs(3600),
            ..Config::default()
        };
        let log = Log::open(&config).unwrap();
        let references = References::of_an_empty_topic(&config);
        Self::over(Arc::new(Intake::new(config, log, references, clock(), TaskTracker::new(), shutdown))).await
    }

    /// Over a broker, with the same bounds: what is refused is answered once it is kept.
    async fn bounded(broker: &TestBroker) -> Self {
        let config = Config {
            max_body_bytes: 1 << 20,
            max_rows: 3,
            reference_refresh: Duration::from_secs(3600),
            ..broker.config()
        };
        Self::over(crate::start(config, clock(), CancellationToken::new()).await.unwrap().intake()).await
    }

    fn metrics(&self) -> String {
        let (mut registry, mut text) = (prometheus_client::registry::Registry::default(), String::new());
        self.intake.register(&mut registry);
        prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
        text
    }

    async fn post(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.post_packed(path, content_type, "", body).await
    }

    /// With a content encoding that is said and is not looked at here; none where it is blank.
    async fn post_packed(
        &self,
        path: &str,
        content_type: &str,
        encoding: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let mut request = Client::new().post(format!("{}{path}", self.url)).body(body);
        for (name, value) in [("content-type", content_type), ("content-encoding", encoding)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let type_of_answer = response.headers()["content-type"].to_str().unwrap().to_owned();
        let expected = if status < 400 { "application/json" } else { "application/problem+json" };
        assert_eq!(type_of_answer, expected);
        assert_eq!(response.headers().contains_key("retry-after"), [503, 507].contains(&status));
        assert_eq!(response.headers().contains_key("accept-encoding"), status == 415);
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }
}

/// As gzip, in blocks that are stored as they are (RFC 1951 and 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = b"\x1F\x8B\x08\0\0\0\0\0\0\xFF".to_vec();
    for block in bytes.chunks(0xFFFF) {
        let length = block.len() as u16;
        packed.push(0);
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(b"\x01\0\0\xFF\xFF");
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 * (sum & 1));
        }
    }
    packed.extend((!sum).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

/// As zstd with a window of a megabyte (RFC 8878): these bytes, and behind them so many blocks of 128 KiB of blanks.
fn zstd(bytes: &[u8], blanks: usize) -> Vec<u8> {
    let mut packed = b"\x28\xB5\x2F\xFD\0\x50".to_vec();
    let mut block = |kind: u32, length: usize, content: &[u8]| {
        packed.extend(&((kind << 1) | ((length as u32) << 3)).to_le_bytes()[..3]);
        packed.extend(content);
    };
    for part in bytes.chunks(128 << 10) {
        block(0, part.len(), part);
    }
    for _ in 0..blanks {
        block(1, 128 << 10, b" ");
    }
    packed.extend(b"\x01\0\0");
    packed
}

fn clock() -> lantoa_schemas::clock::SharedClock {
    Arc::new(FixedClock("2026-01-15T03:00:00Z".parse().unwrap()))
}

fn event(id: &str, field: &str, value: Value) -> String {
    let mut data = json!({
        "source": "ha-giang-2024", "stated_on": "2024", "area_level": "province", "area_code": "02",
        "area_date": "2024-12-31", "area_name": "Hà Giang", "fact": "actual", "measure": "learning_family",
        "stage": "recognised", "subject_scope": "household", "period": "2024", "as_at": "2024", "span": "stock",
        "base": "all", "numerator": 138068, "numerator_precision": "exact", "denominator": 187624,
        "printed_percent": "73.58"
    });
    data[field] = value;
    let kind = "vn.lantoa.statement.stated.v1";
    json!({"specversion": "1.0", "id": id, "source": "/province/02", "type": kind, "data": data}).to_string()
}

fn good(id: &str) -> String {
    event(id, "note", Value::Null)
}

/// A workbook with a good row below its header and one with an error.
fn filled_form() -> Vec<u8> {
    let rows = [(2, made::header()), (3, made::row(vec![])), (4, made::row(vec![("numerator", Made::Error("#REF!"))]))];
    made::packed(&made::parts(&[("Form", "", made::sheet(&rows, &[]))], &[]))
}

fn fields(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().unwrap();
    errors.iter().map(|e| format!("{} {}", e["row"], e["field"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_bad_request_has_its_status_and_names_what_is_wrong() {
    let broker = TestBroker::start();
    let server = Server::bounded(&broker).await;
    let unknown_type = good("e").replace(".stated.", ".said.");
    let many = format!("{0}\n{0}\n{0}\n{0}", good("e"));
    for (path, content_type, body, status, named) in [
        ("/v1/events", JSON, "{\"a\":".into(), 400, vec!["null body"]),
        ("/v1/events", JSON, "".into(), 400, vec!["null body"]),
        ("/v1/events", JSON, "[]".into(), 400, vec!["null body"]),
        ("/v1/events", JSON, b"{\"id\": \"\xFF\"}".to_vec(), 400, vec!["null body"]),
        ("/v1/events", "", good("e").into(), 415, vec!["null Content-Type"]),
        ("/v1/events", "text/plain", good("e").into(), 415, vec!["null Content-Type"]),
        ("/v1/events", "application/json; charset=windows-1258", good("e").into(), 415, vec!["null Content-Type"]),
        ("/v1/events", "application/cloudevents+json", unknown_type.into_bytes(), 422, vec!["1 type"]),
        ("/v1/events", JSON, event("e", "numerator", json!("138,000")).into(), 422, vec!["1 numerator"]),
        ("/v1/events", JSON, event("e", "source", Value::Null).into(), 422, vec!["1 source"]),
        ("/v1/events", JSON, event("e", "area_code", json!("99")).into(), 422, vec!["1 area_code"]),
        ("/v1/events", JSON, event("e", "area_date", json!("2025-07-01")).into(), 422, vec!["1 area_date"]),
        ("/v1/events", JSON, event("e", "as_at", json!("2026-02")).into(), 422, vec!["1 as_at"]),
        ("/v1/events", JSON, event("e", "stated_on", json!("2027")).into(), 422, vec!["1 stated_on"]),
        ("/v1/events", JSON, event("two words", "note", Value::Null).into(), 422, vec!["1 id"]),
        (
            "/v1/events",
            NDJSON,
            b"\xFF\n{}".to_vec(),
            422,
            vec!["1 event", "2 specversion", "2 id", "2 source", "2 type", "2 data"],
        ),
        ("/v1/events", NDJSON, many.into_bytes(), 413, vec!["null body"]),
        ("/v1/events", JSON, vec![b' '; 10 << 20], 413, vec!["null body"]),
        ("/v1/files", "text/csv", "a,b\n1,2".into(), 422, vec!["null header"]),
        ("/v1/files", "text/csv", "a;b\n1;2".into(), 422, vec!["null header"]),
        ("/v1/files", "text/csv", "a,b;c\n1,2;3".into(), 400, vec!["null body"]),
        ("/v1/files", "text/csv; charset=utf-16", b"\xFF\xFEa\0,\0b\0\n\0".to_vec(), 422, vec!["null header"]),
        ("/v1/files", "text/csv", b"a,b\nho\xF2c,t\xE2\xF2p".to_vec(), 400, vec!["null body"]),
        ("/v1/files", "text/csv; charset=windows-1258", "a,b".into(), 415, vec!["null Content-Type"]),
        ("/v1/files", JSON, "a,b\n1,2".into(), 415, vec!["null Content-Type"]),
        ("/v1/files", XLSX, "a,b\n1,2".into(), 400, vec!["null body"]),
        ("/v1/files", XLSX, b"PK\x03\x04".to_vec(), 400, vec!["null body"]),
        ("/v1/files", XLSX, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), 400, vec!["null body"]),
        ("/v1/files", "text/csv", b"PK\x03\x04".to_vec(), 400, vec!["null body"]),
        ("/v1/events", JSON, b"PK\x03\x04".to_vec(), 400, vec!["null body"]),
        ("/v1/files?form=nothing", "text/csv", "a,b\n1,2".into(), 400, vec!["null form"]),
        ("/v1/files?fromm=statement", "text/csv", "a,b\n1,2".into(), 400, vec!["null query"]),
        ("/v1/files?dry_run=yes", "text/csv", "a,b\n1,2".into(), 400, vec!["null dry_run"]),
        ("/v1/events?dry_run=", JSON, good("e").into(), 400, vec!["null dry_run"]),
        ("/v1/events?dryrun=true", JSON, good("e").into(), 400, vec!["null query"]),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let (seen, answer) = server.post(path, content_type, body).await;
        assert_eq!(seen, status, "{shown} {answer}");
        assert_eq!(answer["status"], status);
        assert_eq!(fields(&answer), named, "{shown} {answer}");
        for text in ["type", "title", "detail"] {
            assert!(answer[text].as_str().is_some_and(|text| !text.is_empty()), "{text} of {answer}");
        }
    }
    assert_eq!(server.intake.counts(), Counts { received: 10, accepted: 0, rejected: 10, failed: 0 });
    let got = Client::new().get(format!("{}/v1/files", server.url)).send().await.unwrap();
    assert_eq!(got.status().as_u16(), 405);
    let shown = server.metrics();
    for line in [
        r#"lantoa_ingest_requests_total{path="/v1/events",status="422"} 9"#,
        r#"lantoa_ingest_requests_total{path="/v1/files",status="405"} 1"#,
        "lantoa_ingest_records_in_flight 0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert_eq!(server.tasks.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unknown_length_and_one_that_never_ends_are_answered() {
    let server = Server::alone(CancellationToken::new()).await;
    let chunk = || Ok::<_, std::io::Error>(vec![b' '; 64 << 10]);
    let endless = futures::stream::iter((0..160).map(move |_| chunk()));
    assert_eq!(server.post("/v1/events", JSON, reqwest::Body::wrap_stream(endless)).await.0, 413);
    let stuck = futures::StreamExt::chain(futures::stream::iter([chunk()]), futures::stream::pending());
    assert_eq!(server.post("/v1/events", JSON, reqwest::Body::wrap_stream(stuck)).await.0, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_body_is_what_it_unpacks_to() {
    let broker = TestBroker::start();
    let server = Server::bounded(&broker).await;
    let event = good("e").into_bytes();
    let many = [event.as_slice(); 4].join(&b'\n');
    let cut = |packed: Vec<u8>| packed[..packed.len() / 2].to_vec();
    for (path, content_type, encoding, body, status, named) in [
        ("/v1/events", NDJSON, "gzip", gzip(&many), 413, "body"),
        ("/v1/events", NDJSON, "zstd", zstd(&many, 0), 413, "body"),
        ("/v1/files", "text/csv", "gzip", gzip(b"a,b\n1,2"), 422, "header"),
        // A mebibyte is the most, and is read.
        ("/v1/events", JSON, "zstd", zstd(b"", 8), 400, "body"),
        ("/v1/events", JSON, "zstd", zstd(b" ", 8), 413, "body"),
        // A kilobyte that unpacks to more than is read for politeness.
        ("/v1/files", "text/csv", "zstd", zstd(b"", 200), 413, "body"),
        ("/v1/events", JSON, "gzip", gzip(&b" ".repeat(2 << 20)), 413, "body"),
        ("/v1/events", JSON, "gzip", event.clone(), 400, "body"),
        ("/v1/events", JSON, "gzip", cut(gzip(&event)), 400, "body"),
        ("/v1/events", JSON, "zstd", cut(zstd(&event, 0)), 400, "body"),
        ("/v1/events", JSON, "br", event.clone(), 415, "Content-Encoding"),
        ("/v1/events", JSON, "gzip, gzip", gzip(&gzip(&event)), 415, "Content-Encoding"),
        ("/v1/files", "text/csv", "deflate", event.clone(), 415, "Content-Encoding"),
    ] {
        let (seen, answer) = server.post_packed(path, content_type, encoding, body).await;
        assert_eq!((seen, fields(&answer)), (status, vec![format!("null {named}")]), "{encoding} {answer}");
    }
    // Unpacked it is the same content, so it has the same key.
    for (encoding, body) in [("gzip", gzip(&event)), ("zstd", zstd(&event, 0)), ("identity", event.clone())] {
        let (status, answer) = server.post_packed("/v1/events", JSON, encoding, body).await;
        assert_eq!((status, &answer["receipt"]), (202, &receipt_of(&event)), "{encoding} {answer}");
    }
    let rejected = self::event("e", "fact", json!("x")).into_bytes();
    for (encoding, body) in [("", rejected.clone()), ("gzip", gzip(&rejected))] {
        let (status, answer) = server.post_packed("/v1/events", JSON, encoding, body).await;
        assert_eq!((status, fields(&answer)), (422, vec!["1 fact".to_owned()]));
        assert_eq!(answer["receipt"], receipt_of(&rejected), "{encoding} {answer}");
    }
}

/// The key of the receipt of a content whose sender gives no key.
fn receipt_of(content: &[u8]) -> Value {
    json!(receipt_key("local", &content_hash(content)))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_answered_with_its_receipt_and_noise_without() {
    let broker = TestBroker::start();
    let server = Server::bounded(&broker).await;
    let workbook = b"PK\x03\x04".to_vec();
    for (path, content_type, body, status, is_kept) in [
        ("/v1/events", JSON, event("e", "fact", json!("x")).into_bytes(), 422, true),
        ("/v1/events", JSON, b"{\"a\":".to_vec(), 400, true),
        ("/v1/events", NDJSON, b"{}\n{}\n{}\n{}".to_vec(), 413, true),
        ("/v1/files", "text/csv", b"a,b\n1,2".to_vec(), 422, true),
        ("/v1/files", XLSX, workbook, 400, true),
        ("/v1/events", JSON, b"[]".to_vec(), 400, false),
        ("/v1/events", JSON, vec![b' '; 2 << 20], 413, false),
        ("/v1/events", "text/plain", b"{}".to_vec(), 415, false),
        ("/v1/files?form=nothing", "text/csv", b"a,b\n1,2".to_vec(), 400, false),
    ] {
        let receipt = is_kept.then(|| receipt_of(&body));
        let (seen, answer) = server.post(path, content_type, body).await;
        assert_eq!((seen, answer.get("receipt")), (status, receipt.as_ref()), "{path} {answer}");
    }
}

/// What is refused is kept or refused again: a sender that is answered 503 sends it once more.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_log_nothing_is_answered_as_kept() {
    let server = Server::alone(CancellationToken::new()).await;
    for body in [good("e"), event("e", "fact", json!("x")), "{\"a\":".to_owned()] {
        let (status, answer) = server.post("/v1/events", JSON, body).await;
        assert_eq!((status, fields(&answer)), (503, vec!["null body".to_owned()]), "{answer}");
        assert_eq!(answer.get("receipt"), None);
    }
}

/// Knows of another content under every key.
struct Used;

#[async_trait::async_trait]
impl Known for Used {
    async fn known(&self, _rows: &[Asked]) -> Result<Vec<Found>, KnownError> {
        Ok(Vec::new())
    }

    async fn content_of(&self, _receipt: &str) -> Result<Option<String>, KnownError> {
        Ok(Some("another content".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_become_of_each_row_and_writes_nothing() {
    // Without a log: whatever writes is answered 503.
    let server = Server::alone(CancellationToken::new()).await;
    let mixed = || format!("{}\n{}", good("e-1"), event("e-2", "fact", json!("x")));
    let (status, answer) = server.post("/v1/events?dry_run=true", NDJSON, mixed()).await;
    assert_eq!(
        (status, &answer["dry_run"], fields(&answer)),
        (200, &json!(true), vec!["2 fact".to_owned()]),
        "{answer}"
    );
    assert_eq!([&answer["sent"], &answer["accepted"], &answer["rejected"]], [&json!(2), &json!(1), &json!(1)]);
    assert_eq!((&answer["diff"], &answer["rows"][0]["event_id"]), (&Value::Null, &json!("e-1")));
    assert!(answer["why"].as_str().is_some_and(|why| why.contains("no tables")), "{answer}");
    assert_eq!(server.post("/v1/events?dry_run=false", NDJSON, mixed()).await.0, 503);
    for (path, content_type, body, named) in [
        ("/v1/events?dry_run=true", JSON, event("e", "fact", json!("x")), "1 fact"),
        ("/v1/files?dry_run=true", "text/csv", "a,b\n1,2\n".to_owned(), "null header"),
    ] {
        let (status, answer) = server.post(path, content_type, body).await;
        assert_eq!((status, fields(&answer), answer.get("receipt")), (422, vec![named.to_owned()], None), "{answer}");
    }
    assert!(server.post("/v1/files?dry_run=true", XLSX, filled_form()).await.0 == 200);

    server.intake.set_known(Arc::new(Used));
    let (_, answer) = server.post("/v1/events?dry_run=true", NDJSON, mixed()).await;
    assert_eq!((&answer["diff"]["new"], &answer["rows"][0]["change"]), (&json!(1), &json!("new")), "{answer}");
    let request = Client::new().post(format!("{}/v1/events", server.url)).header("idempotency-key", "k");
    let refused = request.header("content-type", JSON).body(good("e")).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 409);
    let answer: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!(fields(&answer), ["null Idempotency-Key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_document_lists_is_taken() {
    let broker = TestBroker::start();
    let server = Server::bounded(&broker).await;
    let document = serde_json::to_value(api()).unwrap();
    let listed = |part: &Value| part.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(listed(&document["paths"]), ["/v1/events", "/v1/files"]);
    for path in ["/v1/events", "/v1/files"] {
        let operation = &document["paths"][path]["post"];
        let parameters = operation["parameters"].as_array().unwrap();
        let parameter = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
        assert_eq!(parameter("Idempotency-Key")["schema"]["maxLength"], crate::intake::MAX_KEY);
        let encodings = parameter("Content-Encoding")["schema"]["enum"].as_array().unwrap();
        let encodings: Vec<&str> = encodings.iter().map(|encoding| encoding.as_str().unwrap()).collect();
        assert_eq!(encodings, ["gzip", "zstd", "identity"]);
        let answers = listed(&operation["responses"]);
        for content_type in listed(&operation["requestBody"]["content"]) {
            for encoding in &encodings {
                let body = match *encoding {
                    "gzip" => gzip(b"a,b\n1,2"),
                    "zstd" => zstd(b"a,b\n1,2", 0),
                    _ => b"a,b\n1,2".to_vec(),
                };
                let (status, answer) = server.post_packed(path, &content_type, encoding, body).await;
                assert!([400, 422].contains(&status), "{path} {content_type} {encoding}: {answer}");
                assert!(answers.contains(&status.to_string()), "{path} {status}");
            }
        }
        for status in ["408", "413", "415", "503", "507"] {
            assert!(answers.iter().any(|answer| answer == status), "{path} {status}");
        }
    }
    let name = document["paths"]["/v1/files"]["post"]["parameters"].as_array().unwrap();
    let name = name.iter().find(|parameter| parameter["name"] == "name").unwrap();
    assert_eq!((&name["in"], &name["schema"]["maxLength"]), (&json!("query"), &json!(MAX_NAME)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_the_examples_of_the_document() {
    let broker = TestBroker::start();
    let server = Server::bounded(&broker).await;
    let document = serde_json::to_value(api()).unwrap();
    let event = document["components"]["schemas"]["CloudEvent"]["examples"][0].to_string();
    let sheet =
        document["paths"]["/v1/files"]["post"]["requestBody"]["content"]["text/csv"]["example"].as_str().unwrap();
    for (path, content_type, body) in
        [("/v1/events", "application/cloudevents+json", event), ("/v1/files", "text/csv", sheet.to_owned())]
    {
        let (status, answer) = server.post(path, content_type, body).await;
        assert_eq!(status, 202, "{path} {answer}");
    }
}

/// Whether a value has all that its schema requires, and nothing that the schema does not know.
fn check_against(schema: &str, value: &Value) {
    let document = serde_json::to_value(api()).unwrap();
    let schema = &document["components"]["schemas"][schema];
    let value = value.as_object().unwrap();
    let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("{schema}"));
    for required in schema["required"].as_array().unwrap() {
        assert!(value.contains_key(required.as_str().unwrap()), "{required} of {schema}");
    }
    for name in value.keys() {
        assert!(properties.contains_key(name), "{name} of {schema}");
    }
}

#[test]
fn answers_have_the_fields_that_the_document_lists() {
    let problem = validate::Problem::new("fact", "is missing", "write a fact");
    let error = RowError { row: Some(1), problem };
    check_against("RowError", &serde_json::to_value(&error).unwrap());
    let document = problem::no_good_row("r".to_owned(), 1, vec![error]);
    check_against("IntakeProblem", &serde_json::to_value(&document).unwrap());
    let event = EventBody { row: 1, event_id: "e", topic: "lantoa.statement.v1", partition: 0, offset: 7 };
    check_against("TakenEvent", &serde_json::to_value(&event).unwrap());
    let (events, errors) = (vec![event], Vec::new());
    let body = AnswerBody { receipt: "r", sent: 1, accepted: 1, rejected: 0, events, errors };
    check_against("Taken", &serde_json::to_value(&body).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_a_stopping_server_say_so() {
    let shutdown = CancellationToken::new();
    let server = Server::alone(shutdown.clone()).await;
    let answer = Client::new().get(format!("{}/v1/events", server.url)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "POST"));
    for key in ["", "two words", "é"] {
        let request = Client::new().post(format!("{}/v1/events", server.url)).header("idempotency-key", key);
        let answer = request.header("content-type", JSON).body(good("e")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 400, "{key}");
    }
    shutdown.cancel();
    assert_eq!(server.post("/v1/events", JSON, good("e")).await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        kafka: free_address(),
        min_free_bytes: u64::MAX,
        watch: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let (log, references) = (Log::open(&config).unwrap(), References::of_an_empty_topic(&config));
    let tasks = TaskTracker::new();
    let intake = Arc::new(Intake::new(config, log, references, clock(), tasks.clone(), CancellationToken::new()));
    let server = Server::over(Arc::clone(&intake)).await;
    intake.disk().unwrap().look(&tasks).await;
    let (status, answer) = server.post("/v1/events", JSON, good("e")).await;
    assert_eq!((status, &answer["type"]), (507, &json!("urn:lantoa:problem:disk-full")), "{answer}");
    let told = answer["errors"][0]["remedy"].as_str().unwrap();
    assert!(told.contains("min_free_bytes") && !answer.to_string().contains(folder.path().to_str().unwrap()));
    assert!(matches!(
        intake.import_file("a.csv", Bytes::from_static(b"a,b"), None).await,
        Err(crate::intake::IntakeError::DiskFull(_))
    ));
    assert_eq!(intake.counts(), Counts::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn good_rows_are_acknowledged_and_told_apart_from_bad_ones() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock(), shutdown.clone()).await.unwrap();
    let server = Server::over(handle.intake()).await;
    let (status, one) = server.post("/v1/events", "application/cloudevents+json", good("e-1")).await;
    assert_eq!(status, 202, "{one}");
    let stored = json!([{"row": 1, "event_id": "e-1", "topic": "lantoa.statement.v1", "partition": 0, "offset": 0}]);
    assert_eq!((&one["events"], &one["sent"], one.get("errors")), (&stored, &json!(1), None));
    let again = server.post("/v1/events", JSON, good("e-1")).await.1;
    assert_eq!(again["receipt"], one["receipt"]);
    let mixed = format!("{}\n{}\nnot json\n{}", good("e-2"), event("e-3", "fact", json!("x")), good("e-4"));
    let (status, answer) = server.post("/v1/events", NDJSON, mixed).await;
    assert_eq!((status, fields(&answer)), (207, vec!["2 fact".to_owned(), "3 event".to_owned()]));
    assert_eq!((&answer["sent"], &answer["accepted"], &answer["rejected"]), (&json!(4), &json!(2), &json!(2)));
    let rows: Vec<_> =
        answer["events"].as_array().unwrap().iter().map(|e| (e["row"].clone(), e["offset"].clone())).collect();
    assert_eq!(rows, [(json!(1), json!(2)), (json!(4), json!(3))]);
    assert_eq!(server.intake.counts(), Counts { received: 6, accepted: 4, rejected: 2, failed: 0 });
    assert!(server.metrics().contains("\nlantoa_ingest_acknowledgement_seconds_count 3\n"));
    assert!(server.intake.ready().await.iter().all(|(_, state)| state.is_ok()));
    for content_type in [XLSX, "application/octet-stream"] {
        let (status, answer) = server.post("/v1/files", content_type, filled_form()).await;
        assert_eq!((status, fields(&answer)), (207, vec!["2 numerator".to_owned()]), "{answer}");
        let reason = answer["errors"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("#REF!") && reason.contains("Form!O4"), "{reason}");
        assert_eq!((&answer["accepted"], &answer["events"][0]["row"]), (&json!(1), &json!(1)));
    }
    shutdown.cancel();
    assert!(server.intake.ready().await[0].1.is_err());
    handle.join().await.unwrap();
}

/// What is answered to personal data names the field, and has nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_not_in_the_answer() {
    let broker = TestBroker::start();
    let server = Server::bounded(&broker).await;
    let sheet = format!("{},Họ và tên\n", lantoa_schemas::form::STATEMENT.columns.join(","));
    for (path, content_type, body, named, secret) in [
        ("/v1/events", JSON, event("e", "note", json!("CCCD 001203012345")), "1 note", "001203"),
        ("/v1/events", JSON, event("e", "numerator", json!("0912 345 678")), "1 numerator", "0912"),
        ("/v1/events", JSON, event("e", "quote", json!("lan@example.vn")), "1 quote", "lan@"),
        ("/v1/events", NDJSON, event("e", "note", json!("bà Trần Thị Bình")), "1 note", "Trần"),
        ("/v1/events", JSON, event("e", "full_name", json!("x-y-z")), "1 full_name", "x-y-z"),
        ("/v1/events", JSON, event("001203012345", "fact", json!("w-x")), "1 id", "001203"),
        ("/v1/events", JSON, event("001203012345", "fact", json!("w-x")), "1 id", "w-x"),
        ("/v1/files", "text/csv", sheet, "null Họ và tên", "did you mean"),
    ] {
        let (status, answer) = server.post(path, content_type, body).await;
        assert_eq!((status, fields(&answer)), (422, vec![named.to_owned()]), "{answer}");
        assert!(!answer.to_string().contains(secret), "{answer}");
        assert_eq!(answer["errors"][0].get("personal"), None);
    }
}
