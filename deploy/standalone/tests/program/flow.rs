//! The whole way of an event: what was sent is in the tables once, whatever is sent again and whenever the program
//! dies; what is refused is answered with its reasons and stored nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lantoa_tests::events::{WireEvents, cloud_event, id};
use serde_json::{Value, json};

use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;

/// An answer over HTTP: its status and its JSON body.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// Posts a body to a running program; `None` where it died before it answered.
pub fn post(http: &str, path: &str, content_type: &str, body: Vec<u8>) -> Option<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = reqwest::Client::new().post(format!("http://{http}{path}")).header("content-type", content_type);
        let answer = request.body(body).send().await.ok()?;
        let status = answer.status().as_u16();
        Some(Answer { status, body: serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or(Value::Null) })
    })
}

/// Produces records to the statement topic, as somebody else's program does.
pub fn produce(kafka: &str, records: &[Vec<u8>]) {
    produce_to(kafka, "lantoa.statement.v1", "none", records);
}

/// The same to any topic, compressed.
pub fn produce_to(kafka: &str, topic: &str, compression: &str, records: &[Vec<u8>]) {
    let producer: rdkafka::producer::ThreadedProducer<rdkafka::producer::DefaultProducerContext> =
        rdkafka::ClientConfig::new()
            .set("bootstrap.servers", kafka)
            .set("acks", "all")
            .set("compression.type", compression)
            .create()
            .unwrap();
    for record in records {
        let record = rdkafka::producer::BaseRecord::to(topic).key("province/24").payload(record);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    rdkafka::producer::Producer::flush(&producer, std::time::Duration::from_secs(30)).unwrap();
}

/// A body of events, by their numbers.
pub fn ndjson(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    numbers.into_iter().map(|number| cloud_event(number).to_string() + "\n").collect::<String>().into_bytes()
}

/// Where a running program listens for HTTP.
pub fn http_of(endpoints: &Value) -> String {
    endpoints["http"].as_str().unwrap().to_owned()
}

/// Ids in the ledger with how often each is there.
pub fn ledger(data: &Path) -> BTreeMap<String, u64> {
    let query = "select event_id, count(*) as n from ledger_statement group by event_id";
    let (out, _) = run_to(0, data, &["sql", "--format", "csv", query]);
    let rows = out.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.map(|(id, n)| (id.to_owned(), n.parse().unwrap())).collect()
}

/// What a ledger must hold that has each of these events once.
pub fn once_each(numbers: impl IntoIterator<Item = u64>) -> BTreeMap<String, u64> {
    numbers.into_iter().map(|number| (id(number), 1)).collect()
}

#[test]
fn the_articles_come_back_word_for_word() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &[]);
    program.ready();
    log.load_articles(data.path());
    let columns = lantoa_schemas::form::STATEMENT.columns;
    let query = format!("select {} from statement", columns.join(", "));
    let (out, _) = run_to(0, data.path(), &["sql", "--format", "json", &query]);
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap();
    let mut said: Vec<Vec<String>> = rows.iter().map(|row| columns.iter().map(|c| text(&row[*c])).collect()).collect();
    let mut printed = Vec::new();
    for (_, article) in lantoa::articles::ARTICLES {
        for record in csv::Reader::from_reader(article.as_bytes()).into_records() {
            printed.push(record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
        }
    }
    said.sort();
    printed.sort();
    assert_eq!(printed.len(), 82);
    assert_eq!(said, printed);
    program.stop();
}

#[test]
fn sent_again_and_after_a_restart_it_is_there_once() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let send = |http: &str| post(http, "/v1/events", "application/x-ndjson", ndjson(0..50)).unwrap();
    let first = send(&http);
    assert_eq!((first.status, &first.body["accepted"]), (202, &json!(50)));
    assert_eq!(send(&http).body["receipt"], first.body["receipt"]);
    until("the duplicates", || (count(data.path(), "outcome") == 51).then_some(()));
    program.stop();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    send(&http_of(&program.ready()));
    // Fifty events and the receipt itself, twice more than once.
    until("the duplicates", || (count(data.path(), "outcome") == 102).then_some(()));
    assert_eq!(ledger(data.path()), once_each(0..50));
    program.stop();
}

/// Dies at each step boundary; what had a receipt is there once afterwards, and so is what is sent again.
#[test]
fn a_kill_at_any_step_loses_and_doubles_nothing() {
    for point in ["before_produce", "after_acknowledge", "before_commit", "after_commit", "after_outcome"] {
        let log = Log::of_environment();
        let data = folder();
        let mut program = Program::up(&log, data.path(), &["--empty"]);
        let http = http_of(&program.ready());
        assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(0..10)).unwrap().status, 202);
        until("the first ten", || (count(data.path(), "ledger_statement") == 10).then_some(()));
        program.stop();

        let mut program = Program::up(&log, data.path(), &["--empty", "--fault", point]);
        let http = http_of(&program.ready());
        // Five of them are there already, so that `outcome` has its part.
        let answer = post(&http, "/v1/events", "application/x-ndjson", ndjson(5..30));
        assert!(!program.ended().success(), "{point}: it did not die");

        let mut program = Program::up(&log, data.path(), &["--empty"]);
        let http = http_of(&program.ready());
        if answer.is_some_and(|answer| answer.status == 202) {
            until(point, || (count(data.path(), "ledger_statement") == 30).then_some(()));
        }
        assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(5..30)).unwrap().status, 202);
        assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(30..31)).unwrap().status, 202);
        until(point, || ledger(data.path()).contains_key(&id(30)).then_some(()));
        assert_eq!(ledger(data.path()), once_each(0..31), "{point}");
        let twice = "(select log_offset, topic from outcome group by log_offset, topic having count(*) > 1)";
        assert_eq!(count(data.path(), twice), 0, "{point}: an outcome twice");
        let whole = "select count(*) from (select log_offset from ledger_statement union all \
            select log_offset from outcome where topic = 'lantoa.statement.v1')";
        let highest = "select max(log_offset) + 1 from ledger_statement";
        let (out, _) = run_to(0, data.path(), &["sql", "--format", "csv", &format!("select ({whole}), ({highest})")]);
        let (records, end) = out.lines().nth(1).unwrap().split_once(',').unwrap();
        assert_eq!(records, end, "{point}: each record of the log is in the ledger or in outcome, once");
        program.stop();
    }
}

/// Two projectors that both believe to own every partition write each event once, and each outcome once.
#[test]
fn two_projectors_on_the_same_tables_double_nothing() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let endpoints = program.ready();
    let kafka = endpoints["kafka"].as_str().unwrap();
    let second = Program::start(data.path(), &["serve", "projector", "--kafka", kafka, "--http", "127.0.0.1:0"]);
    for round in 0..30 {
        // Every event twice, in requests that overlap.
        let numbers = round * 10..round * 10 + 20;
        let answer = post(&http_of(&endpoints), "/v1/events", "application/x-ndjson", ndjson(numbers)).unwrap();
        assert_eq!(answer.status, 202);
    }
    until("all", || (ledger(data.path()).len() == 310).then_some(()));
    assert_eq!(ledger(data.path()), once_each(0..310));
    let repeated = "outcome where topic = 'lantoa.statement.v1'";
    until("the repeated ones", || (count(data.path(), repeated) >= 290).then_some(()));
    let places = "(select distinct log_offset from outcome where topic = 'lantoa.statement.v1')";
    assert_eq!((count(data.path(), repeated), count(data.path(), places)), (290, 290));
    second.signal("INT");
    program.stop();
}

/// Killed at moments of no plan while a sender sends: the sender's own book is in the table, each id once.
#[test]
fn a_kill_at_any_moment_loses_and_doubles_nothing() {
    let log = Log::of_environment();
    let data = folder();
    let mut acknowledged = BTreeSet::new();
    let mut next = 0;
    for round in 0..5_u64 {
        let mut program = Program::up(&log, data.path(), &["--empty"]);
        let http = http_of(&program.ready());
        let pid = program.child.id();
        let killer = std::thread::spawn(move || {
            std::thread::park_timeout(std::time::Duration::from_millis(150 + 217 * round));
            crate::harness::signal("KILL", pid);
        });
        loop {
            let numbers = next..next + 20;
            let Some(answer) = post(&http, "/v1/events", "application/x-ndjson", ndjson(numbers.clone())) else {
                break;
            };
            next = numbers.end;
            if answer.status == 202 {
                acknowledged.extend(numbers.map(id));
            }
        }
        killer.join().unwrap();
        program.ended();
        // Sent again, as a sender without an answer does.
        next = next.saturating_sub(20);
    }
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson([9_999])).unwrap().status, 202);
    until("the last", || ledger(data.path()).contains_key(&id(9_999)).then_some(()));
    let ledger = ledger(data.path());
    assert!(acknowledged.iter().all(|id| ledger.contains_key(id)), "an acknowledged event is not there");
    assert!(ledger.values().all(|n| *n == 1), "an event is there twice");
    program.stop();
}

#[test]
fn bad_input_is_named_and_stored_nowhere() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let with = |field: &str, value: Value| {
        let mut event = cloud_event(1);
        event["data"][field] = value;
        event.to_string().into_bytes()
    };
    let mut no_type = cloud_event(1);
    no_type["type"] = json!("vn.lantoa.statement.said.v1");
    let mut not_utf8 = cloud_event(1).to_string().into_bytes();
    let at = not_utf8.windows(7).position(|w| w == b"made-up").unwrap();
    not_utf8[at] = 0xFF;
    let json_type = "application/cloudevents+json";
    for (body, status, field) in [
        (b"not json".to_vec(), 400, "body"),
        (not_utf8, 400, "body"),
        (vec![b' '; 10_000_000], 413, "body"),
        (no_type.to_string().into_bytes(), 422, "type"),
        (with("period", Value::Null), 422, "period"),
        (with("numerator", json!("138,000")), 422, "numerator"),
        (with("area_code", json!("99")), 422, "area_code"),
        (with("area_date", json!("2999-01-01")), 422, "area_date"),
        (with("as_at", json!("2999")), 422, "as_at"),
        (with("stated_on", json!("2999-01")), 422, "stated_on"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let answer = post(&http, "/v1/events", json_type, body).unwrap();
        assert_eq!(answer.status, status, "{shown}: {}", answer.body);
        let error = &answer.body["errors"][0];
        assert_eq!(error["field"], field, "{shown}: {}", answer.body);
        assert!(!error["reason"].as_str().unwrap().is_empty() && !error["remedy"].as_str().unwrap().is_empty());
    }
    let mut ended = cloud_event(1);
    ended["data"]["area_level"] = json!("district");
    ended["data"]["area_code"] = json!("525");
    ended["data"]["area_date"] = json!("2025-07-01");
    let answer = post(&http, "/v1/events", json_type, ended.to_string().into_bytes()).unwrap();
    assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (422, &json!("area_date")));

    let mixed = [ndjson([1]), b"not json\n".to_vec(), ndjson([2])].concat();
    let answer = post(&http, "/v1/events", "application/x-ndjson", mixed).unwrap();
    assert_eq!(answer.status, 207, "{}", answer.body);
    assert_eq!((&answer.body["accepted"], &answer.body["rejected"]), (&json!(2), &json!(1)));
    assert_eq!(answer.body["errors"][0]["row"], 2);
    until("the good ones", || (ledger(data.path()) == once_each([1, 2])).then_some(()));
    program.stop();
}

/// Records that somebody else produced are judged by the same rules, stamped, and where they are bad kept with reasons.
#[test]
fn a_direct_producer_is_held_to_the_contract() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let kafka = program.ready()["kafka"].as_str().unwrap().to_owned();
    let mut events = WireEvents::default();
    let mut cut = events.direct(1, |_| {});
    cut.truncate(cut.len() - 4);
    let records = [
        events.direct(0, |_| {}),
        b"not avro".to_vec(),
        cut,
        events.direct(2, |event| event.envelope.area_code = Some("99".to_owned())),
        events.direct(3, |event| event.envelope.event_type = "vn.lantoa.activity.held.v1".to_owned()),
        events.direct(4, |event| event.envelope.receipt = Some("forged".to_owned())),
        events.direct(5, |_| {}),
    ];
    produce(&kafka, &records);
    until("the good ones", || (ledger(data.path()) == once_each([0, 5])).then_some(()));
    until("the bad ones", || (count(data.path(), "outcome where outcome = 'rejected'") == 5).then_some(()));
    let stamped = "ledger_statement where via = 'kafka' and sender = 'kafka' and recorded is not null";
    assert_eq!(count(data.path(), stamped), 2);
    let query = "select field from outcome order by log_offset";
    let (out, _) = run_to(0, data.path(), &["sql", "--format", "csv", query]);
    assert_eq!(out.lines().skip(1).collect::<Vec<_>>(), ["value", "value", "area_code", "event_type", "receipt"]);
    program.stop();
}

/// The choice of how records are compressed on the log is their producer's.
#[test]
fn records_count_however_their_producer_compressed_them() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let kafka = program.ready()["kafka"].as_str().unwrap().to_owned();
    let mut events = WireEvents::default();
    let mut number = 0;
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        // Enough of them at once that a compression makes them smaller: a client leaves it where it does not.
        let records: Vec<Vec<u8>> = (number..number + 50).map(|number| events.direct(number, |_| {})).collect();
        produce_to(&kafka, "lantoa.statement.v1", compression, &records);
        number += 50;
        until(compression, || (ledger(data.path()) == once_each(0..number)).then_some(()));
    }
    program.stop();
}

/// A log that lost its end is refused, with what to do; after that is done nothing is lost that is in the tables.
#[test]
fn another_log_is_refused_until_it_is_declared_new() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(0..10)).unwrap().status, 202);
    until("the ten", || (count(data.path(), "ledger_statement") == 10).then_some(()));
    program.stop();
    log.lose(data.path());
    let recover = [&["recover"][..], &log.flags()].concat();
    let (_, err) = run_to(1, data.path(), &log.up(&["--empty"]));
    assert!(err.contains("lantoa recover"), "{err}");
    let (out, _) = run_to(0, data.path(), &recover);
    assert!(out.contains("lantoa.statement.v1: generation 1 begins"), "{out}");
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(5..20)).unwrap().status, 202);
    until("the rest", || (ledger(data.path()) == once_each(0..20)).then_some(()));
    program.stop();
    let (out, _) = run_to(0, data.path(), &recover);
    assert!(out.contains("nothing was done"), "{out}");
}
