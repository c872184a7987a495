use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::form::STATEMENT;
use lantoa_schemas::stream::Family;

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

async fn import(intake: &Intake) -> Answer {
    intake.import_file("ha-giang.csv", sheet(), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_twice_has_the_same_receipt_and_ids() {
    let broker = TestBroker::start();
    let clock = Arc::new(FixedClock("2026-01-15T03:00:00Z".parse().unwrap()));
    let shutdown = CancellationToken::new();
    let handle = crate::start(broker.config(), clock, shutdown.clone()).await.unwrap();
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
        ..Config::default()
    };
    let clock = Arc::new(FixedClock("2026-01-15T03:00:00Z".parse().unwrap()));
    let log = Log::open(&config).unwrap();
    let intake = Intake::new(config, log, clock, TaskTracker::new(), CancellationToken::new());
    let refused = intake.import_file("ha-giang.csv", sheet(), None).await;
    assert!(matches!(refused, Err(IntakeError::NotAcknowledged { records: 2, acknowledged: 0, .. })), "{refused:?}");
    assert_eq!(intake.counts(), Counts { received: 4, accepted: 0, rejected: 2, failed: 2 });
}
