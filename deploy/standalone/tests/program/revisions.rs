//! What other releases have written and what other programs write: records under the id of a schema registry, tables that
//! lack a column and tables that have one too many.

use std::path::{Path, PathBuf};

use lantoa_schemas::avro::{CONFLUENT_MARKER, Encoder, HEADER_LEN};
use lantoa_schemas::event::Event;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::stream::Family;
use lantoa_schemas::table::stream_table;
use lantoa_schemas::validate::{Row, Stamp};
use lantoa_schemas::vocabulary::Via;
use lantoa_tests::events::{WireEvents, cloud_event};
use serde_json::{Value, json};

use crate::flow::{http_of, ledger, ndjson, once_each, post, produce, produce_to};
use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;
use crate::tamper::Table;

const LEDGER: &str = "ledger_statement";

/// A message as a program writes it that has its schemas in a registry.
fn under_id(id: u32, message: &[u8]) -> Vec<u8> {
    [&[CONFLUENT_MARKER][..], &id.to_be_bytes(), &message[HEADER_LEN..]].concat()
}

/// Settings that say what the ids 7, 8 and 0 of a registry stand for.
fn settings(to: &Path) -> PathBuf {
    let path = to.join("lantoa.toml");
    let ids = "{ 7 = 'statement@0.1.0', 8 = 'reference@0.1.0', 0 = 'statement@0.1.0' }";
    std::fs::write(&path, format!("[projector]\nconfluent_schemas = {ids}\n")).unwrap();
    path
}

/// A further measure, told by a program that is not ours.
fn entry(id: &str) -> Vec<u8> {
    let body = json!({ "id": id, "name_vi": "Đọc sách", "name_en": "Reading", "bases": ["all"] });
    let fields = json!({ "source": "made-up", "subject": id, "body": body });
    let stamp = Stamp { sender: "local".into(), via: Via::Http, receipt: "made-up".into(), row: 1 };
    let row = Row {
        event_id: Some(id),
        event_type: "vn.lantoa.reference.catalogue_entered.v1",
        reporter: None,
        fields: fields.as_object().unwrap(),
    };
    let knowledge = Knowledge::shipped();
    let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
    let mut event: Event = judge.judge(&row, &stamp).unwrap().event().clone();
    let envelope = &mut event.envelope;
    (envelope.recorded, envelope.sender, envelope.via) = (None, None, None);
    (envelope.receipt, envelope.receipt_row, envelope.history_version) = (None, None, None);
    let mut out = Vec::new();
    Encoder::default().event(&event, &mut out).unwrap();
    out
}

/// Mixed with others, records under an id count as the settings say, for the ledger, for what rows are judged by at both
/// ways in, after a restart and for the verifier; others are kept with what to do.
#[test]
fn records_under_the_id_of_a_registry_count_as_the_settings_say() {
    let log = Log::of_environment();
    let data = folder();
    let config = settings(data.path());
    let flags = ["--config", config.to_str().unwrap()];
    let up = [&["--empty"][..], &flags].concat();
    let mut program = Program::up(&log, data.path(), &up);
    let endpoints = program.ready();
    let (http, kafka) = (http_of(&endpoints), endpoints["kafka"].as_str().unwrap().to_owned());
    let mut events = WireEvents::default();
    let mut wire = |number| events.direct(number, |_| {});
    let mut cut = under_id(7, &wire(1));
    cut.truncate(cut.len() - 4);
    let records = [
        under_id(7, &wire(0)),
        wire(2),
        cut,
        under_id(0, &wire(3)),
        under_id(8, &wire(4)),
        wire(5),
        under_id(9, &wire(6)),
        under_id(7, &wire(7)),
    ];
    produce(&kafka, &records);
    until("the good ones", || (ledger(data.path()) == once_each([0, 2, 3, 5, 7])).then_some(()));
    until("the bad ones", || (count(data.path(), "outcome where outcome = 'rejected'") == 3).then_some(()));
    let of_offset = |offset: u64, column: &str| {
        let query = format!("select {column} from outcome where log_offset = {offset}");
        run_to(0, data.path(), &["sql", "--format", "csv", &query]).0
    };
    assert!(of_offset(2, "reason").contains("cannot be read"));
    assert!(of_offset(4, "reason").contains("schema id 8") && of_offset(4, "remedy").contains("lantoa.reference.v1"));
    assert!(of_offset(6, "reason").contains("schema id 9") && of_offset(6, "remedy").contains("confluent_schemas"));

    let of_the_measure = |number: u64| {
        let mut event = cloud_event(number);
        event["data"]["measure"] = json!("reading");
        event["data"].as_object_mut().unwrap().retain(|field, _| !["stage", "subject_scope"].contains(&field.as_str()));
        event.to_string().into_bytes()
    };
    let send = |number| post(&http, "/v1/events", "application/cloudevents+json", of_the_measure(number)).unwrap();
    assert_eq!(send(10).status, 422, "no such measure yet");
    produce_to(&kafka, "lantoa.reference.v1", "none", &[under_id(8, &entry("reading"))]);
    until("ingest to judge by it", || (send(10).status == 202).then_some(()));
    until("its row", || (count(data.path(), "ledger_reference") == 1).then_some(()));
    program.stop();

    let mut program = Program::up(&log, data.path(), &up);
    let endpoints = program.ready();
    let again = endpoints["kafka"].as_str().unwrap();
    produce(again, &[under_id(7, &wire(8)), under_id(7, &wire(0))]);
    until("the new one", || (count(data.path(), LEDGER) == 7).then_some(()));
    until("the repeated one", || {
        (count(data.path(), "outcome where outcome = 'duplicate' and topic = 'lantoa.statement.v1'") == 1).then_some(())
    });
    let (out, _) = run_to(0, data.path(), &[&["verify"][..], &flags].concat());
    let line = out.lines().find(|line| line.starts_with("lantoa.statement.v1")).unwrap();
    let numbers: Vec<&str> = line.split_whitespace().skip(1).collect();
    assert_eq!(numbers, ["11", "7", "1", "3", "0", "0", "0", "0"], "{out}");
    program.stop();
}

#[test]
fn a_table_of_an_earlier_release_gets_the_column_that_it_lacks() {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(0..5)).unwrap().status, 202);
    until("the first", || (count(data.path(), LEDGER) == 5).then_some(()));
    program.stop();

    let table = Table::of(data.path(), LEDGER);
    table.change_columns(|columns| columns.retain(|column| column["name"] != "quote"));
    let without = format!("{LEDGER} where quote is null");
    assert_eq!(count(data.path(), &without), 5, "before it is there");

    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let mut quoting = cloud_event(5);
    quoting["data"]["quote"] = json!("nguyên văn");
    let answer = post(&http, "/v1/events", "application/cloudevents+json", quoting.to_string().into_bytes()).unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    until("the one that quotes", || {
        (count(data.path(), &format!("{LEDGER} where quote = 'nguyên văn'")) == 1).then_some(())
    });
    assert_eq!((count(data.path(), &without), ledger(data.path())), (5, once_each(0..6)));
    let (out, _) = run_to(0, data.path(), &["sql", "--format", "csv", &format!("select * from {LEDGER} limit 0")]);
    let present = stream_table(Family::Statement.stream());
    let expected: Vec<&str> = present.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(out.trim_end(), expected.join(","), "the columns are where a new table has them");
    run_to(0, data.path(), &["verify"]);
    program.stop();
}

#[test]
fn a_table_of_a_later_release_is_left_to_it() {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    program.ready();
    program.stop();
    let table = Table::of(data.path(), "outcome");
    let column: Value = json!({ "name": "shade", "type": "string", "nullable": true, "metadata": {} });
    table.change_columns(|columns| columns.push(column));
    let (_, err) = run_to(1, data.path(), &Log::embedded().up(&["--empty"]));
    assert!(err.contains("shade") && err.contains("later release"), "{err}");
    assert_eq!(count(data.path(), "outcome"), 0, "it can still be asked");
}
