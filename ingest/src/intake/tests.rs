use lantoa_schemas::avro;
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::form::STATEMENT;
use lantoa_schemas::receipt::reject_id;
use serde_json::{Value, json};

use super::*;
use crate::log::MAX_RECORD_BYTES;
use crate::log::tests::read_back;
use crate::test_broker::TestBroker;

fn sheet() -> Bytes {
    let row = |area: &str, period: &str| {
        format!(
            "ha-giang-2024,2024,province,02,2024-12-31,{area},actual,learning_family,recognised,household,{period},2024,stock,all,138068,exact,187624,,,73.58,,quote\n"
        )
    };
    let rows = [row("Hà Giang", "2024"), row("Hà Giang", "24"), "short\n".to_owned(), row("Hà Giang", "2023")];
    format!("{}\n{}", STATEMENT.columns.join(","), rows.concat()).into()
}

fn clock(day: &str) -> SharedClock {
    Arc::new(FixedClock(format!("{day}T03:00:00Z").parse().unwrap()))
}

async fn import(intake: &Intake) -> Answer {
    intake.import_file("ha-giang.csv", sheet(), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_twice_has_the_same_receipt_and_ids() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock("2026-01-15"), shutdown.clone()).await.unwrap();
    let intake = handle.intake();
    let (first, second) = (import(&intake).await, import(&intake).await);
    assert_eq!((first.sent, first.accepted.len()), (4, 2));
    assert_eq!(first.receipt, receipt_key("local", &content_hash(&sheet())));
    let ids = |answer: &Answer| answer.accepted.iter().map(|a| (a.row, a.event_id.clone())).collect::<Vec<_>>();
    assert_eq!((first.receipt.clone(), ids(&first)), (second.receipt.clone(), ids(&second)));
    assert_eq!(ids(&first)[1], (4, lantoa_schemas::receipt::event_id(&first.receipt, 4)));
    assert_eq!(first.accepted[1].stream, Stream::Ledger(Family::Statement));
    assert_eq!((first.accepted[1].position.offset, second.accepted[0].position.offset), (1, 2));
    let said: Vec<_> = first.rejected.iter().map(|r| (r.row, r.problems[0].field.as_str())).collect();
    assert_eq!(said, [(2, "period"), (3, "row")]);
    assert!(first.rejected[0].problems[0].reason.ends_with("(line 3)"), "{:?}", first.rejected);
    shutdown.cancel();
    handle.join().await.unwrap();
    assert!(matches!(intake.import_file("x.csv", sheet(), None).await, Err(IntakeError::Stopping)));
}

/// The first records of a topic, by what they say.
fn said(broker: &TestBroker, stream: Stream, count: usize) -> Vec<Value> {
    let read = read_back(&broker.config(), stream, count).into_iter();
    read.map(|(_, message)| Value::Object(avro::fields(stream, &message).unwrap())).collect()
}

async fn submit(intake: &Intake, content: impl Into<Bytes>, notation: Notation) -> Result<Answer, IntakeError> {
    let content = content.into();
    let sender = Sender::local();
    intake.submit(Submission { sender, content, notation, via: Via::Http, name: None, idempotency_key: None }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_kept_before_its_receipt() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock("2026-01-15"), shutdown.clone()).await.unwrap();
    let intake = handle.intake();
    let mixed = import(&intake).await;
    let again = import(&intake).await;
    assert_eq!((&again.receipt, &again.rejected), (&mixed.receipt, &mixed.rejected));
    assert_eq!(again.accepted[0].position.offset, 2, "rejects do not lie among events");
    let rejects = said(&broker, Stream::Reject, 4);
    assert_eq!(rejects[..2], rejects[2..], "the same again has the same ids");
    let row = |at: usize, row: i64, field: &str| {
        assert_eq!((&rejects[at]["receipt"], &rejects[at]["receipt_row"]), (&json!(mixed.receipt), &json!(row)));
        assert_eq!((&rejects[at]["field"], &rejects[at]["via"]), (&json!(field), &json!("file")));
        assert_eq!(rejects[at]["name"], "ha-giang.csv");
        assert_eq!(rejects[at]["event_type"], "vn.lantoa.statement.stated.v1");
        assert_eq!(rejects[at]["event_id"], lantoa_schemas::receipt::event_id(&mixed.receipt, row as u64));
        let bytes = rejects[at]["bytes"].as_str().unwrap();
        let hash = content_hash(bytes.as_bytes());
        assert_eq!(rejects[at]["reject"], reject_id(&mixed.receipt, Some(row as u64), &hash));
        assert_eq!(rejects[at]["content_hash"], hash);
        serde_json::from_str::<Value>(bytes).unwrap()
    };
    let sent = row(0, 2, "period");
    assert_eq!((&sent["period"], &sent["area_name"], sent.get("plan")), (&json!("24"), &json!("Hà Giang"), None));
    assert_eq!(row(1, 3, "row"), json!(["short"]));

    // Without a good row there is a receipt all the same, and for a content that cannot be read.
    let none = submit(&intake, "{}", Notation::Json).await.unwrap();
    assert_eq!((none.sent, none.accepted.len(), none.rejected.len()), (1, 0, 1));
    let unread = submit(&intake, "a,b\n1,2\n", Notation::Sheet(None)).await;
    let Err(IntakeError::Unreadable { receipt, error: ParseError::Header(problems) }) = unread else {
        panic!("{unread:?}")
    };
    let empty = submit(&intake, "[]", Notation::Json).await;
    assert!(matches!(empty, Err(IntakeError::Parse(ParseError::Empty))), "there is nothing to keep: {empty:?}");
    let manifests = said(&broker, Stream::Receipt, 4);
    let counts = |at: usize| ["sent", "accepted", "rejected", "rejects_kept"].map(|name| manifests[at][name].clone());
    let numbers = |numbers: [i64; 4]| numbers.map(Value::from);
    assert_eq!(counts(0), numbers([4, 2, 2, 2]));
    assert_eq!((counts(2), &manifests[2]["receipt"]), (numbers([1, 0, 1, 1]), &json!(none.receipt)));
    assert_eq!((counts(3), &manifests[3]["receipt"]), (numbers([0, 0, 0, 1]), &json!(receipt)));
    let rejects = said(&broker, Stream::Reject, 6);
    assert_eq!((&rejects[4]["bytes"], &rejects[4]["receipt"]), (&json!("{}"), &json!(none.receipt)));
    let told: Vec<Value> = serde_json::from_str(rejects[4]["problems"].as_str().unwrap()).unwrap();
    assert_eq!(told.len(), none.rejected[0].problems.len());
    assert_eq!(rejects[5].get("receipt_row"), None);
    assert_eq!((&rejects[5]["bytes"], &rejects[5]["reason"]), (&json!("a,b\n1,2\n"), &json!(problems[0].reason)));
    assert_eq!(rejects[5]["content_hash"], manifests[3]["content_hash"]);
    assert_eq!(intake.counts(), Counts { received: 9, accepted: 4, rejected: 5, failed: 0 });
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_very_many_bad_rows_the_first_are_kept_and_the_number_of_the_others() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock("2026-01-15"), shutdown.clone()).await.unwrap();
    let (intake, rows) = (handle.intake(), 20_000_u64);
    let answer = submit(&intake, "{}\n".repeat(rows as usize), Notation::Lines).await.unwrap();
    assert_eq!((answer.sent, answer.rejected.len() as u64), (rows, rows), "each row is answered");
    let kept = answer.rejected.iter().position(|row| row.problems[0].reason.contains("is not told")).unwrap();
    let manifest = &said(&broker, Stream::Receipt, 1)[0];
    assert_eq!(manifest["rejects_kept"], kept as i64 + 1);
    let last = said(&broker, Stream::Reject, kept + 1).pop().unwrap();
    assert_eq!(last["reason"], format!("has {} refused rows more, of which nothing is kept", rows - kept as u64));
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_file_tells_of_no_person() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock("2026-01-15"), shutdown.clone()).await.unwrap();
    let intake = handle.intake();
    for (name, is_kept) in [("Nguyễn_Văn_An.csv", false), ("a 0912345678.csv", false), ("bao-cao-2024.csv", true)] {
        let sheet = Bytes::from(format!("a,b\n1,{name}\n"));
        let _ = intake.import_file(name, sheet, None).await;
        let at = if is_kept { 3 } else { 1 };
        let manifest = said(&broker, Stream::Receipt, at).pop().unwrap();
        assert_eq!(manifest.get("name").is_some(), is_kept, "{manifest}");
    }
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_is_never_too_large_for_the_log() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock("2026-01-15"), shutdown.clone()).await.unwrap();
    let intake = handle.intake();
    let mut data: serde_json::Map<String, Value> = (0..2_000).map(|at| (format!("ẩn_{at}"), json!(at))).collect();
    data.insert("note".to_owned(), json!("\u{1}".repeat(1_000_000)));
    let kind = "vn.lantoa.statement.stated.v1";
    let event =
        json!({ "specversion": "1.0", "id": "e".repeat(500_000), "source": "/test", "type": kind, "data": data });
    let answer = submit(&intake, event.to_string(), Notation::Json).await.unwrap();
    assert!(answer.rejected[0].problems.len() > 2_000);
    let (_, message) = read_back(&broker.config(), Stream::Reject, 1).remove(0);
    assert!(message.len() > MAX_RECORD_BYTES / 2 && message.len() <= MAX_RECORD_BYTES, "{}", message.len());
    let reject = avro::fields(Stream::Reject, &message).unwrap();
    assert!(reject["bytes"].as_str().unwrap().ends_with('…'));
    assert_eq!(reject["content_hash"], content_hash(event.to_string().as_bytes()));
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_log_is_away_nothing_is_claimed() {
    let config = Config {
        kafka: crate::test_broker::free_address(),
        ack_timeout: Duration::from_millis(300),
        reference_refresh: Duration::from_secs(3600),
        ..Config::default()
    };
    let over = |config: Config| {
        let (log, references) = (Log::open(&config).unwrap(), References::of_an_empty_topic(&config));
        Intake::new(config, log, references, clock("2026-01-15"), TaskTracker::new(), CancellationToken::new())
    };
    let unread = over(Config { reference_refresh: Duration::ZERO, ..config.clone() });
    let refused = unread.import_file("ha-giang.csv", sheet(), None).await;
    assert!(matches!(refused, Err(IntakeError::Unread(_))), "{refused:?}");
    let intake = over(config);
    let refused = intake.import_file("ha-giang.csv", sheet(), None).await;
    assert!(matches!(refused, Err(IntakeError::NotAcknowledged { records: 4, acknowledged: 0, .. })), "{refused:?}");
    assert_eq!(intake.counts(), Counts { received: 4, accepted: 0, rejected: 2, failed: 2 });
}

/// The problems' fields of a single event that is sent, none where it is accepted.
async fn send(intake: &Intake, id: &str, event_type: &str, data: Value) -> Vec<String> {
    let event = json!({ "specversion": "1.0", "id": id, "source": "/test", "type": event_type, "data": data });
    let submission = Submission {
        sender: Sender::local(),
        content: event.to_string().into(),
        notation: Notation::Json,
        via: Via::Http,
        name: None,
        idempotency_key: None,
    };
    let answer = intake.submit(submission).await.unwrap();
    answer.rejected.into_iter().flat_map(|row| row.problems).map(|problem| problem.field).collect()
}

/// A statement of the province that the merger makes, counted on 10 January.
async fn state_97(intake: &Intake, id: &str) -> Vec<String> {
    let data = json!({
        "source": "s", "stated_on": "2026-01-12", "area_level": "province", "area_code": "97",
        "area_date": "2026-01-10", "fact": "actual", "measure": "learning_family", "stage": "recognised",
        "subject_scope": "household", "period": "2025", "numerator": 1
    });
    send(intake, id, "vn.lantoa.statement.stated.v1", data).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_judged_by_what_the_reference_topic_says() {
    let broker = TestBroker::start();
    let shutdown = CancellationToken::new();
    let slow = Config { reference_refresh: Duration::from_secs(3600), ..broker.config() };
    let quick = Config { reference_refresh: Duration::ZERO, ..broker.config() };
    let start = async |config: &Config| crate::start(config.clone(), clock("2026-01-15"), shutdown.clone()).await;
    let (one, other) = (start(&slow).await.unwrap(), start(&quick).await.unwrap());
    let (one, other) = (one.intake(), other.intake());
    assert_eq!(state_97(&one, "s-1").await, ["area_code"]);
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
    let merger = json!({
        "source": "s", "subject": "tuyen-ninh", "effective_on": "2026-01-01", "legal_basis": "a resolution",
        "body": { "change": "merge", "areas": [area], "succession": [went("08"), went("24")] }
    });
    let changed = "vn.lantoa.reference.area_changed.v1";
    assert!(send(&one, "merger", changed, merger.clone()).await.is_empty());
    assert!(send(&one, "merger", changed, merger).await.is_empty(), "sent again it is no other change");
    assert!(state_97(&one, "s-2").await.is_empty(), "its own events count at once");
    assert!(state_97(&other, "s-3").await.is_empty(), "those of others after a while");
    let again = start(&slow).await.unwrap();
    assert!(state_97(&again.intake(), "s-4").await.is_empty(), "and all of them after a start");
    let entry = json!({
        "source": "s", "subject": "reading_person",
        "body": { "id": "reading_person", "name_vi": "Đọc sách", "name_en": "Reading", "bases": ["adult"] }
    });
    let reading = || {
        json!({
            "source": "s", "stated_on": "2026-01-12", "area_level": "nation", "area_code": "00",
            "area_date": "2026-01-10", "fact": "actual", "measure": "reading_person", "period": "2025", "numerator": 1
        })
    };
    let stated = "vn.lantoa.statement.stated.v1";
    assert_eq!(send(&one, "r-1", stated, reading()).await, ["measure"]);
    assert!(send(&one, "reading", "vn.lantoa.reference.catalogue_entered.v1", entry).await.is_empty());
    assert!(send(&one, "r-2", stated, reading()).await.is_empty());
    let retraction = json!({ "retracts": "merger", "change_reason": "an error" });
    assert!(send(&one, "back", "vn.lantoa.reference.retracted.v1", retraction).await.is_empty());
    assert_eq!(state_97(&one, "s-5").await, ["area_code"]);
    assert_eq!(state_97(&other, "s-6").await, ["area_code"]);
    shutdown.cancel();
}
