use async_trait::async_trait;
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::form::STATEMENT;
use lantoa_schemas::vocabulary::Via;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::{Counts as Received, References};
use super::*;
use crate::config::Config;
use crate::known::By;
use crate::log::Log;
use crate::parse::{Notation, ParseError};
use crate::preview::{Change, Counts, FieldChange, GoodRow};
use crate::senders::Sender;
use crate::test_broker::free_address;

/// Knows one event of each period below, and the first content of every key.
struct TestKnown {
    content: Option<&'static str>,
    answers: bool,
}

impl TestKnown {
    fn meet(asked: &Asked) -> Option<Found> {
        let envelope = &asked.event.envelope;
        let mut said = asked.said();
        let by = match (said.get("period").map(String::as_str), &envelope.supersedes, &envelope.retracts) {
            (_, Some(_), _) | (_, _, Some(_)) => {
                said.insert("numerator".to_owned(), "5".to_owned());
                said.insert("stage".to_owned(), "registered".to_owned());
                By::Target
            }
            (Some("2022"), ..) => {
                said.insert("numerator".to_owned(), "138000".to_owned());
                said.remove("printed_percent");
                By::Key
            }
            (Some("2023"), ..) => By::Key,
            (Some("2024"), ..) => By::Id,
            _ => return None,
        };
        Some(Found {
            row: asked.row,
            by,
            event_id: "known".to_owned(),
            // Already the next day in Vietnam.
            recorded: Some("2025-01-01T20:00:00Z".parse().unwrap()),
            source: Some("elsewhere".to_owned()),
            said,
        })
    }
}

#[async_trait]
impl Known for TestKnown {
    async fn known(&self, rows: &[Asked]) -> Result<Vec<Found>, KnownError> {
        if !self.answers {
            return Err(KnownError::Failed("they are away".into()));
        }
        Ok(rows.iter().rev().filter_map(Self::meet).collect())
    }

    async fn content_of(&self, _receipt: &str) -> Result<Option<String>, KnownError> {
        if !self.answers {
            return Err(KnownError::Failed("they are away".into()));
        }
        Ok(self.content.map(str::to_owned))
    }
}

/// Over a log that is not there: whatever would write fails.
fn intake(known: Option<TestKnown>) -> Intake {
    let config = Config {
        kafka: free_address(),
        ack_timeout: Duration::from_millis(300),
        reference_refresh: Duration::from_secs(3600),
        ..Config::default()
    };
    let (log, references) = (Log::open(&config).unwrap(), References::of_an_empty_topic(&config));
    let clock = Arc::new(FixedClock("2026-01-15T03:00:00Z".parse().unwrap()));
    let intake = Intake::new(config, log, references, clock, TaskTracker::new(), CancellationToken::new());
    if let Some(known) = known {
        intake.set_known(Arc::new(known));
    }
    intake
}

fn knowing() -> Option<TestKnown> {
    Some(TestKnown { content: None, answers: true })
}

fn sheet(periods: &[&str]) -> String {
    let row = |period: &&str| {
        format!(
            "ha-giang-2024,2024,province,02,2024-12-31,Hà Giang,actual,learning_family,recognised,household,{period},2024,stock,all,138068,exact,187624,,,73.58,,quote\n"
        )
    };
    format!("{}\n{}", STATEMENT.columns.join(","), periods.iter().map(row).collect::<String>())
}

fn submission(content: String, notation: Notation, key: Option<&str>) -> Submission {
    Submission {
        sender: Sender::local(),
        content: content.into(),
        notation,
        via: Via::File,
        name: None,
        idempotency_key: key.map(str::to_owned),
    }
}

async fn foresee(intake: &Intake, periods: &[&str], key: Option<&str>) -> Result<Preview, IntakeError> {
    intake.dry_run(submission(sheet(periods), Notation::Sheet(None), key)).await
}

fn changes(preview: &Preview) -> Vec<(u64, Option<Change>)> {
    preview.rows.iter().map(|row| (row.row, row.change)).collect()
}

fn field(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    let text = |value: Option<&str>| value.map(str::to_owned);
    FieldChange { field: field.to_owned(), from: text(from), to: text(to) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_judged_and_held_against_what_is_known() {
    let intake = intake(knowing());
    let preview = foresee(&intake, &["2021", "2022", "24", "2023", "2024"], None).await.unwrap();
    assert_eq!((preview.sent, preview.accepted, preview.rejected), (5, 4, 1));
    let expected = [(1, Change::New), (2, Change::Changed), (4, Change::Unchanged), (5, Change::Duplicate)];
    assert_eq!(changes(&preview), expected.map(|(row, change)| (row, Some(change))));
    assert_eq!(preview.diff, Some(Counts { new: 1, changed: 1, unchanged: 1, duplicate: 1 }));
    assert_eq!((preview.dry_run, &preview.why), (true, &None));
    let changed = &preview.rows[1];
    let figures = [field("numerator", Some("138000"), Some("138068")), field("printed_percent", None, Some("73.58"))];
    assert_eq!(changed.fields, figures);
    let known = changed.known.as_ref().unwrap();
    let told = (known.event_id.as_str(), known.source.as_deref(), known.recorded.as_deref());
    assert_eq!(told, ("known", Some("elsewhere"), Some("2025-01-02")));
    let what = [&changed.area, &changed.period, &changed.measure].map(|part| part.as_deref().unwrap());
    assert_eq!(what, ["Hà Giang", "2022", "learning_family"]);
    // The event of a duplicate may be anybody's: nothing is told but the id, which the sender has.
    let duplicate = &preview.rows[3];
    let known = duplicate.known.as_ref().unwrap();
    assert_eq!((&known.event_id, &known.source, &known.recorded), (&duplicate.event_id, &None, &None));
    assert_eq!((preview.errors[0].row, preview.errors[0].field.as_str()), (3, "period"));
    assert_eq!(intake.counts(), Received::default(), "nothing came in");

    // What it says is what would be taken in: the same content fails here only for want of a log.
    let sent = intake.submit(submission(sheet(&["2021"]), Notation::Sheet(None), None)).await;
    assert!(matches!(sent, Err(IntakeError::NotAcknowledged { .. })), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_held_against_its_target_and_an_id_counts_once() {
    let data = json!({
        "source": "s", "stated_on": "2025-01-10", "area_level": "province", "area_code": "02",
        "area_date": "2024-12-31", "fact": "actual", "measure": "learning_family", "stage": "recognised",
        "subject_scope": "household", "period": "2019", "as_at": "2024", "span": "stock", "base": "all", "numerator": 7
    });
    let with = |verb: &str, id: &str, more: Value, data: &Value| {
        let mut data = data.clone();
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let event_type = format!("vn.lantoa.statement.{verb}.v1");
        json!({"specversion": "1.0", "id": id, "source": "/t", "type": event_type, "data": data})
    };
    let place = json!({"area_level": "province", "area_code": "02", "area_date": "2024-12-31"});
    let why = json!({"retracts": "known", "change_reason": "twice"});
    let events = json!([
        with("corrected", "e-1", json!({"supersedes": "known", "change_reason": "a slip"}), &data),
        with("retracted", "e-2", why, &place),
        with("stated", "e-3", json!({}), &data),
        with("stated", "e-3", json!({}), &data),
    ]);
    let intake = intake(knowing());
    let preview = intake.dry_run(submission(events.to_string(), Notation::Json, None)).await.unwrap();
    let expected = [(1, Change::Changed), (2, Change::Changed), (3, Change::New), (4, Change::Duplicate)];
    assert_eq!(changes(&preview), expected.map(|(row, change)| (row, Some(change))), "{preview:?}");
    let fields = |row: &GoodRow| row.fields.clone();
    let corrected = [field("stage", Some("registered"), Some("recognised")), field("numerator", Some("5"), Some("7"))];
    assert_eq!(fields(&preview.rows[0]), corrected);
    assert_eq!(fields(&preview.rows[1]), [field("numerator", Some("5"), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_rows_are_judged_all_the_same() {
    for (known, word) in [(None, "no tables"), (Some(TestKnown { content: None, answers: false }), "away")] {
        let intake = intake(known);
        let preview = foresee(&intake, &["2022", "24"], Some("k")).await.unwrap();
        assert_eq!((preview.accepted, preview.rejected, preview.diff), (1, 1, None));
        assert!(preview.why.as_ref().is_some_and(|why| why.contains(word)), "{preview:?}");
        assert_eq!(changes(&preview), [(1, None)]);
    }
    let intake = intake(knowing());
    let unread = intake.dry_run(submission("a,b\n1,2\n".to_owned(), Notation::Sheet(None), None)).await;
    assert!(matches!(unread, Err(IntakeError::Parse(ParseError::Header(_)))), "{unread:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_content_under_a_key_is_refused_and_never_takes_its_ids() {
    let other = intake(Some(TestKnown { content: Some("another content"), answers: true }));
    let refused = foresee(&other, &["2021"], Some("k")).await;
    assert!(matches!(refused, Err(IntakeError::KeyReused)), "{refused:?}");
    let refused = other.submit(submission(sheet(&["2021"]), Notation::Sheet(None), Some("k"))).await;
    assert!(matches!(refused, Err(IntakeError::KeyReused)), "{refused:?}");
    assert!(foresee(&other, &["2021"], None).await.is_ok(), "the content's own key has no other content");

    let intake = intake(knowing());
    let ids = async |periods: &[&str], key: Option<&str>| {
        let preview = foresee(&intake, periods, key).await.unwrap();
        (preview.receipt, preview.rows[0].event_id.clone())
    };
    let (first, again, other) =
        (ids(&["2021"], Some("k")).await, ids(&["2021"], Some("k")).await, ids(&["2020"], Some("k")).await);
    assert_eq!(first, again);
    assert_eq!(first.0, other.0, "the receipt is the key's");
    assert_ne!(first.1, other.1, "the events are the content's");
    let keyless = ids(&["2021"], None).await;
    assert_eq!(keyless.1, lantoa_schemas::receipt::event_id(&keyless.0, 1), "as ever");
}
