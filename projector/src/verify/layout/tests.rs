use super::*;
use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::avro::{self, ConfluentSchemas, Encoder, HEADER_LEN};
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::event::{Event, Facts};
use lantoa_schemas::receipt::Receipt;
use lantoa_schemas::reject::{MeantId, Origin, Reject, Sent};
use lantoa_schemas::stream::Family;
use lantoa_schemas::table::stream_table;
use lantoa_schemas::validate::{Judge, Problem, Row, Stamp};
use serde_json::{Value, json};

use crate::older_records;

fn event(id: &str, event_type: &str, fields: &Value) -> Event {
    let judge = Judge {
        history: AreaHistory::shipped(),
        catalogue: Catalogue::shipped(),
        now: "2026-01-15T03:00:00Z".parse().unwrap(),
    };
    let stamp = Stamp { sender: "local".into(), via: Via::Http, receipt: "r-1".into(), row: 4 };
    let row = Row { event_id: Some(id), event_type, reporter: None, fields: fields.as_object().unwrap() };
    judge.judge(&row, &stamp).unwrap().event().clone()
}

fn activity(id: &str) -> Event {
    let fields = json!({
        "source": "s", "area_level": "province", "area_code": "02", "area_date": "2024-12-31",
        "occurred_on": "2024-05-01", "activity": "seminar", "attendances": 40, "topic": "Đọc sách"
    });
    event(id, "vn.lantoa.activity.held.v1", &fields)
}

fn message(event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::default().event(event, &mut out).unwrap();
    out
}

fn layout_of(stream: Stream) -> Layout {
    Layout::of(Revisions::of(stream, &ConfluentSchemas::default()))
}

/// The cells as the contract's own reader shows a message.
fn shown(layout: &Layout, cells: &[Cell<'_>], stream: Stream) -> Value {
    let table = stream_table(stream);
    let cell = |name: &str, cell: &Cell<'_>| match *cell {
        Cell::Null => None,
        Cell::Whole(days) if *table.field_with_name(name).unwrap().data_type() == DataType::Date32 => {
            let day = chrono::NaiveDate::default() + chrono::Duration::days(days);
            Some(json!(day.to_string()))
        }
        Cell::Text(text) => Some(json!(text)),
        Cell::Bytes(bytes) => Some(json!(bytes)),
        Cell::Whole(number) => Some(json!(number)),
        Cell::Real(number) => Some(json!(number)),
        Cell::Flag(flag) => Some(json!(flag)),
    };
    let given = layout.names().zip(cells).filter_map(|(name, value)| Some((name.to_owned(), cell(name, value)?)));
    Value::Object(given.collect())
}

#[test]
fn a_message_is_read_as_the_contract_reads_it() {
    let receipt = Receipt {
        receipt: "r-1".into(),
        recorded: "2026-01-15T03:00:00Z".parse().unwrap(),
        sender: "local".into(),
        via: Via::File,
        name: Some("a.csv".into()),
        content_hash: "0a".into(),
        sent: 300,
        accepted: 299,
        rejected: 1,
        rejects_kept: Some(1),
    };
    let mut manifest = Vec::new();
    Encoder::default().receipt(&receipt, &mut manifest).unwrap();
    let held = Stream::Ledger(Family::Activity);
    let messages =
        [(held, message(&activity("a"))), (Stream::Reject, reject(Some(7))), (Stream::Receipt, manifest.clone())];
    for (stream, message) in messages {
        let layout = layout_of(stream);
        let mut cells = Vec::new();
        assert!(layout.read(&message, &mut cells), "{stream:?}");
        let expected = Value::Object(avro::fields(stream, &message).unwrap());
        assert_eq!(shown(&layout, &cells, stream), expected, "{stream:?}");
    }
    let mut cells = Vec::new();
    let layout = layout_of(Stream::Receipt);
    assert!(layout.read(&manifest, &mut cells));
    let told = layout.tell(&cells, &Keys::default());
    assert_eq!((told.id, told.accepted, told.kept, told.receipt), ("r-1", Some(299), Some(1), None));
}

fn reject(row: Option<u64>) -> Vec<u8> {
    let origin = Origin {
        receipt: "r-1".into(),
        ids: "r-1".into(),
        recorded: "2026-01-15T03:00:00Z".parse().unwrap(),
        sender: "local".into(),
        via: Via::File,
        name: None,
    };
    let sent = Sent {
        row,
        content: b"{}".as_slice().into(),
        text: Some("{}".into()),
        is_read: true,
        is_judged: true,
        event_type: None,
        event_id: MeantId::Made,
    };
    let mut message = Vec::new();
    let reject = Reject::of(&origin, sent, &[Problem::new("period", "is missing", "give it")]);
    Encoder::default().reject(&reject, &mut message).unwrap();
    message
}

#[test]
fn a_reject_is_under_its_receipt_a_whole_content_in_row_0() {
    let layout = layout_of(Stream::Reject);
    for (row, expected) in [(Some(7), 7), (None, 0)] {
        let (message, mut cells) = (reject(row), Vec::new());
        assert!(layout.read(&message, &mut cells));
        let told = layout.tell(&cells, &Keys::default());
        assert_eq!((told.receipt, told.unstamped, told.accepted), (Some(("r-1", expected)), false, None));
    }
}

#[test]
fn every_stream_has_a_layout() {
    for &stream in Stream::ALL {
        let layout = layout_of(stream);
        let table = stream_table(stream);
        assert_eq!(layout.names.len() + 4, table.fields().len());
        assert_eq!(layout.stamps.is_some(), matches!(stream, Stream::Ledger(_)), "{stream:?}");
        assert_eq!(layout.receipt.is_some(), stream != Stream::Receipt, "{stream:?}");
        assert_eq!(layout.accepted.zip(layout.kept).is_some(), stream == Stream::Receipt, "{stream:?}");
    }
}

/// A message of an older revision, or in Confluent's framing, tells what the row says that the projector makes of it.
#[test]
fn a_message_tells_the_same_however_it_was_written() {
    let stream = Stream::Ledger(Family::Activity);
    let layout = Layout::of(older_records::revisions(stream));
    let keys = Keys::default();
    let tell = |message: &[u8]| {
        let mut cells = Vec::new();
        assert!(layout.read(message, &mut cells), "{message:?}");
        let told = layout.tell(&cells, &keys);
        (told.id.to_owned(), told.content, told.receipt.map(|(key, row)| (key.to_owned(), row)))
    };
    let present = message(&activity("a"));
    let older = older_records::written_before(stream, &present);
    assert_eq!(tell(&older), tell(&present));
    for (id, message) in [(older_records::PRESENT_ID, &present), (older_records::OLDER_ID, &older)] {
        assert_eq!(tell(&older_records::confluent(id, message)), tell(&present));
    }
    assert!(!layout.read(&older_records::confluent(older_records::PRESENT_ID, &older), &mut Vec::new()));
    assert!(!layout.read(&older_records::confluent(99, &present), &mut Vec::new()));
    assert!(!layout_of(stream).read(&older, &mut Vec::new()));
}

#[test]
fn what_is_not_exactly_one_message_is_not_read() {
    let good = message(&activity("latin1"));
    let layout = layout_of(Stream::Ledger(Family::Activity));
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut message = good.clone();
        change(&mut message);
        message
    };
    let mut wrong = vec![
        Vec::new(),
        b"{}".to_vec(),
        good[..HEADER_LEN].to_vec(),
        changed(|message| message.truncate(message.len() - 3)),
        changed(|message| message.push(0)),
        changed(|message| message[5] ^= 1),
        changed(|message| message.extend_from_slice(&message.clone())),
        // The length of the id: a negative one, and one that never ends.
        changed(|message| message[HEADER_LEN] = 1),
        changed(|message| drop(message.splice(HEADER_LEN..HEADER_LEN, [0xFF; 10]))),
    ];
    let at = good.windows(6).position(|window| window == b"latin1").unwrap();
    let mut not_utf8 = good.clone();
    not_utf8[at] = 0xFF;
    wrong.push(not_utf8);
    for message in &wrong {
        assert!(!layout.read(message, &mut Vec::new()), "{message:?}");
    }
    assert!(layout.read(&good, &mut Vec::new()));
}

#[test]
fn whole_numbers_are_read_to_their_ends() {
    for (bytes, expected) in [
        (vec![0x00], Some(0)),
        (vec![0x01], Some(-1)),
        (vec![0x80, 0x01], Some(64)),
        (vec![0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], Some(i64::MAX)),
        (vec![0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], Some(i64::MIN)),
        (vec![0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03], None),
        (vec![0x80], None),
        (vec![], None),
    ] {
        assert_eq!(Datum(&bytes).long(), expected, "{bytes:?}");
    }
}

#[test]
fn sums_see_every_difference_but_the_projectors_stamps() {
    let layout = layout_of(Stream::Ledger(Family::Activity));
    let keys = Keys::default();
    let tell = |event: &Event| {
        let message = message(event);
        let mut cells = Vec::new();
        assert!(layout.read(&message, &mut cells));
        let told = layout.tell(&cells, &keys);
        (told.content, told.unstamped, told.stamped_direct, told.receipt.map(|(key, row)| (key.to_owned(), row)))
    };
    let base = activity("a");
    let stamped = tell(&base);
    assert_eq!((stamped.1, stamped.2, stamped.3.clone()), (false, false, Some(("r-1".to_owned(), 4))));
    assert_eq!(tell(&activity("a")), stamped);

    let changed = |change: fn(&mut Event)| {
        let mut event = base.clone();
        change(&mut event);
        event
    };
    let numbers = |event: &mut Event, attendances| match &mut event.facts {
        Facts::Activity(facts) => facts.attendances = attendances,
        _ => unreachable!("it is an activity"),
    };
    let mut more = base.clone();
    numbers(&mut more, Some(41));
    let mut none = base.clone();
    numbers(&mut none, None);
    let others = [
        activity("b"),
        more,
        none,
        changed(|event| event.envelope.area_code = Some("04".to_owned())),
        changed(|event| event.envelope.recorded = None),
        changed(|event| event.envelope.sender = Some("other".to_owned())),
        changed(|event| event.envelope.note = Some(String::new())),
    ];
    for other in &others {
        assert_ne!(tell(other).0, stamped.0, "{other:?}");
    }
    let issuer = changed(|event| event.envelope.source_issuer = Some("x".to_owned()));
    let url = changed(|event| event.envelope.source_url = Some("x".to_owned()));
    assert_ne!(tell(&issuer).0, tell(&url).0, "the same text in the column beside it");

    // A direct producer's record on the log, and the row that the projector makes of it.
    let direct = changed(|event| {
        let envelope = &mut event.envelope;
        (envelope.recorded, envelope.sender, envelope.via) = (None, None, None);
        (envelope.receipt, envelope.receipt_row, envelope.history_version) = (None, None, None);
    });
    let mut row = direct.clone();
    row.envelope.recorded = base.envelope.recorded;
    (row.envelope.sender, row.envelope.via) = (Some("kafka".to_owned()), Some(Via::Kafka));
    row.envelope.history_version = Some(0);
    let (on_log, in_table) = (tell(&direct), tell(&row));
    assert_eq!(on_log.0, in_table.0);
    assert!(on_log.1 && !on_log.2 && !in_table.1 && in_table.2);
    row.envelope.history_version = None;
    assert!(!tell(&row).2, "a stamp is missing");
    numbers(&mut row, Some(41));
    assert_ne!(tell(&row).0, on_log.0);
}
