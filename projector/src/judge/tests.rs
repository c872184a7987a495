//! Direct records of two families, judged after a merger that the reference topic told.

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use lantoa_schemas::avro::{Encoder, known};
use lantoa_schemas::event::Event;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::reference_log::LogRecord;
use lantoa_schemas::validate::{Row, Stamp};
use serde_json::{Value, json};

use super::*;
use crate::consume::RawBatch;
use crate::decode::StreamDecoder;
use crate::position::LogLife;

fn now() -> DateTime<Utc> {
    "2026-03-01T02:00:00Z".parse().unwrap()
}

/// An event that `knowledge` takes, as ingest makes it.
fn event(knowledge: &Knowledge, id: &str, event_type: &str, fields: &Value) -> Event {
    let stamp = Stamp { sender: "local".into(), via: Via::Http, receipt: "r".into(), row: 1 };
    let fields = fields.as_object().unwrap();
    let row = Row { event_id: Some(id), event_type, reporter: None, fields };
    knowledge.judge(now()).judge(&row, &stamp).unwrap().event().clone()
}

fn record(event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::default().event(event, &mut out).unwrap();
    out
}

/// The same as somebody's own program writes it.
fn direct_record(knowledge: &Knowledge, id: &str, event_type: &str, fields: &Value) -> Vec<u8> {
    let mut event = event(knowledge, id, event_type, fields);
    let envelope = &mut event.envelope;
    (envelope.recorded, envelope.sender, envelope.via) = (None, None, None);
    (envelope.receipt, envelope.receipt_row, envelope.history_version) = (None, None, None);
    record(&event)
}

fn merger(id: &str) -> Vec<u8> {
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
    let fields = json!({
        "source": "s", "subject": id, "effective_on": "2026-01-01", "legal_basis": "a resolution",
        "body": { "change": "merge", "areas": [area], "succession": [went("08"), went("24")] }
    });
    direct_record(&Knowledge::shipped(), id, "vn.lantoa.reference.area_changed.v1", &fields)
}

/// Ids with their history versions after judging, and the fields of what was refused.
fn judged(family: Family, records: &[Vec<u8>], log: &mut ReferenceLog) -> (Vec<(String, i64)>, Vec<String>) {
    let mut raw = RawBatch::new(family.stream());
    for (offset, record) in records.iter().enumerate() {
        raw.push(0, offset as i64, record);
    }
    let life = LogLife { cluster: "c".into(), generation: 0 };
    let batch = StreamDecoder::new(known(family.stream()), life).unwrap().decode(raw).unwrap();
    let (found, is_direct) = direct(&batch).unwrap().unwrap();
    assert_eq!(found, family);
    let batch = judge(batch, family, &is_direct, log, now()).unwrap();
    let column = |name| Arc::clone(batch.rows.column_by_name(name).unwrap());
    let (ids, versions) = (column("event_id"), column("history_version"));
    let row = |row| (ids.as_string::<i32>().value(row).to_owned(), versions.as_primitive::<Int64Type>().value(row));
    let refused = batch.refused.iter().flat_map(|refused| &refused.problems).map(|problem| problem.field.clone());
    ((0..batch.rows.num_rows()).map(row).collect(), refused.collect())
}

#[test]
fn a_row_carries_the_version_of_the_history_that_it_was_judged_by() {
    let mut log = ReferenceLog::default();
    let reference = [merger("a")];
    let record = LogRecord { partition: 0, offset: 0, stored: now(), payload: &reference[0] };
    log.take(&record).unwrap();
    let held = |knowledge: &Knowledge, id: &str, code: &str| {
        let fields = json!({
            "source": "s", "area_level": "province", "area_code": code, "area_date": "2026-01-10",
            "occurred_on": "2026-01-10", "activity": "seminar", "attendances": 40
        });
        direct_record(knowledge, id, "vn.lantoa.activity.held.v1", &fields)
    };
    let records = [
        held(log.knowledge(), "new", "97"),
        held(&Knowledge::shipped(), "gone", "24"),
        held(&Knowledge::shipped(), "other", "01"),
    ];
    let (rows, refused) = judged(Family::Activity, &records, &mut log);
    assert_eq!(rows, [("new".to_owned(), 1), ("other".to_owned(), 1)]);
    assert_eq!(refused, ["area_date"]);
    let (rows, refused) = judged(Family::Activity, &records, &mut ReferenceLog::default());
    assert_eq!(rows, [("gone".to_owned(), 0), ("other".to_owned(), 0)]);
    assert_eq!(refused, ["area_code"]);
    let (rows, _) = judged(Family::Reference, &reference, &mut log);
    assert_eq!(rows, [("a".to_owned(), 0)], "no event is judged by itself");
}

#[test]
fn in_a_mixed_batch_only_direct_records_are_stamped() {
    let fields = json!({
        "source": "s", "area_level": "province", "area_code": "01", "area_date": "2026-01-10",
        "occurred_on": "2026-01-10", "activity": "seminar", "attendances": 40
    });
    let (shipped, held) = (Knowledge::shipped(), "vn.lantoa.activity.held.v1");
    let mut raw = RawBatch::new(Family::Activity.stream());
    raw.push(0, 0, &direct_record(&shipped, "direct", held, &fields));
    raw.push(0, 1, &record(&event(&shipped, "stamped", held, &fields)));
    let life = LogLife { cluster: "c".into(), generation: 0 };
    let batch = StreamDecoder::new(known(Family::Activity.stream()), life).unwrap().decode(raw).unwrap();
    let (family, is_direct) = direct(&batch).unwrap().unwrap();
    let later = now() + chrono::Duration::days(1);
    let batch = judge(batch, family, &is_direct, &mut ReferenceLog::default(), later).unwrap();
    let texts = |name| {
        let column = batch.rows.column_by_name(name).unwrap().as_string::<i32>();
        [column.value(0).to_owned(), column.value(1).to_owned()]
    };
    assert_eq!([texts("sender"), texts("via")], [["kafka", "local"], ["kafka", "http"]]);
    let recorded = batch.rows.column_by_name("recorded").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(recorded.values()[..], [later.timestamp_micros(), now().timestamp_micros()]);
    let versions = batch.rows.column_by_name("history_version").unwrap();
    assert_eq!(versions.null_count(), 0);
}

/// A producer's own program may send anything. What is refused for personal data says so, and nothing of it.
#[test]
fn a_direct_record_with_personal_data_is_refused_as_such() {
    let shipped = Knowledge::shipped();
    let held = |id: &str, topic: &str| {
        let fields = json!({
            "source": "s", "area_level": "province", "area_code": "01", "area_date": "2026-01-10",
            "occurred_on": "2026-01-10", "activity": "seminar", "attendances": 40
        });
        let mut event = event(&shipped, "e", "vn.lantoa.activity.held.v1", &fields);
        let envelope = &mut event.envelope;
        envelope.event_id = id.to_owned();
        (envelope.recorded, envelope.sender, envelope.via) = (None, None, None);
        (envelope.receipt, envelope.receipt_row, envelope.history_version) = (None, None, None);
        // No door would take it.
        if let lantoa_schemas::event::Facts::Activity(facts) = &mut event.facts {
            facts.topic = Some(topic.to_owned());
        }
        record(&event)
    };
    let records = [
        held("good", "Đọc sách"),
        held("phone", "Đọc sách, gọi 0912 345 678"),
        held("name", "ông Nguyễn Văn An kể chuyện"),
        held("001203012345", "Đọc sách"),
    ];
    let mut raw = RawBatch::new(Family::Activity.stream());
    for (offset, record) in records.iter().enumerate() {
        raw.push(0, offset as i64, record);
    }
    let life = LogLife { cluster: "c".into(), generation: 0 };
    let batch = StreamDecoder::new(known(Family::Activity.stream()), life).unwrap().decode(raw).unwrap();
    let (family, is_direct) = direct(&batch).unwrap().unwrap();
    let batch = judge(batch, family, &is_direct, &mut ReferenceLog::default(), now()).unwrap();
    assert_eq!(batch.raw_index, [0]);
    let refused = batch.refused.iter().map(|refused| {
        let [problem] = &refused.problems[..] else { panic!("{refused:?}") };
        (refused.at, problem.field.as_str(), problem.personal)
    });
    assert_eq!(refused.collect::<Vec<_>>(), [(1, "topic", true), (2, "topic", true), (3, "id", true)]);
    let told = format!("{:?}", batch.refused);
    assert!(!told.contains("0912") && !told.contains("Nguyễn") && !told.contains("001203012345"), "{told}");
}
