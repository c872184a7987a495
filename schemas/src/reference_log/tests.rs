//! Logs of the reference topic, each record written as the contract writes it, and what resolves after them.

use serde_json::json;

use super::*;
use crate::avro::{CONFLUENT_MARKER, ConfluentSchemas, Encoder, HEADER_LEN};
use crate::event::Event;
use crate::validate::{Row, Stamp};
use crate::vocabulary::{AreaLevel, Via};

/// Tuyên Quang and Bắc Ninh become 97, a code that no province has had.
fn merger(on: &str) -> Value {
    let area = |code: &str| {
        json!({
            "level": "province", "code": code, "name": "Tỉnh Tuyên Ninh", "short_name": "Tuyên Ninh", "kind": "tỉnh",
            "parent_code": "00"
        })
    };
    let went = |old: &str| {
        json!({
            "old_level": "province", "old_code": old, "new_level": "province", "new_code": "97", "whole": true,
            "is_main": true
        })
    };
    let body = json!({ "change": "merge", "areas": [area("97")], "succession": [went("08"), went("24")] });
    json!({
        "source": "made-up", "subject": "tuyen-ninh", "effective_on": on, "legal_basis": "a resolution", "body": body
    })
}

fn entry_of(id: &str) -> Value {
    let body = json!({ "id": id, "name_vi": "Đọc sách", "name_en": "Reading", "bases": ["all"] });
    json!({ "source": "made-up", "subject": id, "body": body })
}

/// An event as intake would have judged it, changed as the test likes.
fn event(id: &str, verb: &str, fields: Value, change: impl FnOnce(&mut Event)) -> Vec<u8> {
    let knowledge = Knowledge::shipped();
    let stamp = Stamp { sender: "local".into(), via: Via::Http, receipt: "r".into(), row: 1 };
    let event_type = format!("vn.lantoa.reference.{verb}.v1");
    let fields = fields.as_object().unwrap();
    let row = Row { event_id: Some(id), event_type: &event_type, reporter: None, fields };
    let mut event = knowledge.judge(instant("2026-03-01T02:00:00Z")).judge(&row, &stamp).unwrap().event().clone();
    change(&mut event);
    let mut out = Vec::new();
    Encoder::default().event(&event, &mut out).unwrap();
    out
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn with(mut fields: Value, name: &str, value: &str) -> Value {
    fields[name] = json!(value);
    fields
}

fn retraction(of: &str) -> Value {
    json!({ "retracts": of, "change_reason": "an error" })
}

/// As somebody's own program writes it: without what intake stamps.
fn direct(event: &mut Event) {
    let envelope = &mut event.envelope;
    (envelope.recorded, envelope.sender, envelope.via) = (None, None, None);
    (envelope.receipt, envelope.receipt_row, envelope.history_version) = (None, None, None);
}

fn read(log: &mut ReferenceLog, records: &[Vec<u8>]) -> Vec<Result<(), String>> {
    let taken = records.iter().enumerate().map(|(offset, payload)| {
        let stored = instant("2026-03-01T02:00:01Z");
        let record = LogRecord { partition: 0, offset: offset as i64, stored, payload };
        log.take(&record).map_err(|passed| passed.to_string())
    });
    taken.collect()
}

/// The days from a list on which the new province's code resolves.
fn days_of_97(knowledge: &Knowledge) -> Vec<&'static str> {
    let resolves = |day: &&str| knowledge.history.resolve(AreaLevel::Province, "97", day.parse().unwrap()).is_ok();
    ["2025-12-31", "2026-01-15", "2026-02-15"].into_iter().filter(resolves).collect()
}

#[test]
fn what_resolves_after_a_log() {
    let stamped = |_: &mut Event| {};
    let change = || event("a", "area_changed", merger("2026-01-01"), stamped);
    let correction = |id: &str, of: &str, on: &str| {
        let fields = with(with(merger(on), "supersedes", of), "kind", "area_changed");
        event(id, "corrected", fields, stamped)
    };
    let back = |id: &str, of: &str| event(id, "retracted", retraction(of), stamped);
    let plan = json!({
        "source": "s", "subject": "p",
        "body": { "number": "1", "from_year": 2026, "to_year": 2030, "title": null }
    });
    let unkinded = |event: &mut Event| {
        direct(event);
        if let crate::event::Facts::Reference(facts) = &mut event.facts {
            facts.kind = None;
        }
    };
    let lawless = |event: &mut Event| {
        direct(event);
        if let crate::event::Facts::Reference(facts) = &mut event.facts {
            facts.legal_basis = None;
        }
    };
    let none: &[&str] = &[];
    let both: &[&str] = &["2026-01-15", "2026-02-15"];
    let late: &[&str] = &["2026-02-15"];
    for (name, records, days, version) in [
        ("nothing", vec![], none, 0),
        ("a change", vec![change()], both, 1),
        ("told twice", vec![change(), change()], both, 1),
        ("a plan", vec![event("p", "plan_issued", plan, stamped)], none, 0),
        ("taken back", vec![change(), back("r", "a")], none, 0),
        ("taken back before it came", vec![back("r", "a"), change()], none, 0),
        ("corrected", vec![change(), correction("b", "a", "2026-02-01")], late, 1),
        ("a correction that waits", vec![correction("b", "a", "2026-02-01")], none, 0),
        ("a correction taken back", vec![change(), correction("b", "a", "2026-02-01"), back("r", "b")], both, 1),
        ("a retraction taken back", vec![change(), back("r", "a"), back("s", "r")], both, 1),
        ("a direct one", vec![event("a", "area_changed", merger("2026-01-01"), direct)], both, 1),
        ("a direct one without its kind", vec![event("a", "area_changed", merger("2026-01-01"), unkinded)], both, 1),
        ("a direct one without a law", vec![event("a", "area_changed", merger("2026-01-01"), lawless)], none, 0),
        ("noise before it", vec![b"noise".to_vec(), change()], both, 1),
        ("cut short", vec![change()[..40].to_vec()], none, 0),
        ("too long", vec![[change(), vec![0]].concat()], none, 0),
    ] {
        let mut log = ReferenceLog::default();
        read(&mut log, &records);
        assert_eq!(days_of_97(log.knowledge()), days, "{name}");
        assert_eq!(log.knowledge().history.version(), version, "{name}");
        assert!(log.left_out().is_empty(), "{name}: {:?}", log.left_out());
    }
}

#[test]
fn entries_extend_the_catalogue_and_what_does_not_fit_is_told() {
    let stamped = |_: &mut Event| {};
    let mut log = ReferenceLog::default();
    let taken = read(
        &mut log,
        &[
            event("a", "catalogue_entered", entry_of("reading_person"), stamped),
            event("b", "catalogue_entered", entry_of("reading_person"), stamped),
            event("c", "area_changed", merger("2026-01-01"), stamped),
            // 24 has gone into 97 by then.
            event("d", "area_changed", merger("2026-02-01"), stamped),
        ],
    );
    assert_eq!(taken, vec![Ok(()); 4]);
    assert!(log.knowledge().catalogue.measure("reading_person").is_some());
    assert_eq!(days_of_97(log.knowledge()), ["2026-01-15", "2026-02-15"]);
    let mut left_out: Vec<_> = log.left_out().iter().map(|event| event.event_id.clone()).collect();
    left_out.sort();
    assert_eq!(left_out, ["b", "d"]);
    assert!(log.before(0, 0).catalogue.measure("reading_person").is_none());
    assert!(log.before(0, 1).catalogue.measure("reading_person").is_some());
    assert_eq!(log.before(0, 2).history.version(), 0);
    assert_eq!(log.before(0, 3).history.version(), 1);
}

#[test]
fn what_is_missing_follows_the_ends_of_the_log() {
    let range = |partition, start, end| PartitionRange { partition, start, end };
    let stamped = |_: &mut Event| {};
    let mut log = ReferenceLog::default();
    assert_eq!(log.missing(&[range(0, 0, 0), range(1, 3, 5)]), [(1, 3)]);
    assert_eq!(log.missing(&[range(0, 0, 2), range(1, 3, 5)]), [(0, 0), (1, 3)]);
    read(&mut log, &[event("a", "area_changed", merger("2026-01-01"), stamped), b"noise".to_vec()]);
    assert!(log.has_reached(0, 2) && !log.has_reached(0, 3) && !log.has_reached(1, 5));
    assert_eq!(log.missing(&[range(0, 0, 2), range(1, 3, 3)]), []);
    assert_eq!(read(&mut log, &[b"read before".to_vec()]), [Ok(())], "nothing is read twice");
    assert_eq!(log.knowledge().history.version(), 1);
    assert_eq!(log.missing(&[range(0, 0, 1)]), [(0, 0)], "another log is read anew");
    assert_eq!(log.knowledge().history.version(), 0);
}

#[test]
fn a_record_under_a_registrys_id_counts_where_it_is_known_which_schema_that_is() {
    let merged = event("a", "area_changed", merger("2026-01-01"), |_| {});
    let records = [[&[CONFLUENT_MARKER][..], &3_u32.to_be_bytes(), &merged[HEADER_LEN..]].concat()];
    let ids = ConfluentSchemas::default().with(3, Family::Reference, "0.1.0");
    let mut log = ReferenceLog::reading(Arc::new(Revisions::of(Family::Reference.stream(), &ids)));
    assert_eq!(read(&mut log, &records), [Ok(())]);
    assert_eq!(log.knowledge().history.version(), 1);
    let mut unknowing = ReferenceLog::default();
    assert_eq!(read(&mut unknowing, &records), [Err("the record cannot be read".to_owned())]);
    assert_eq!(unknowing.knowledge().history.version(), 0);
}
