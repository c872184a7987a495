use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::form::STATEMENT;
use serde_json::{Value, json};

use super::*;
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
    assert!(matches!(refused, Err(IntakeError::NotAcknowledged { records: 2, acknowledged: 0, .. })), "{refused:?}");
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
