//! What the program shows of itself: the counts of `/metrics` add up, the lag is there while there is one and falls to
//! nothing, and `/readyz` names the part that cannot work, until it can again.

use std::collections::BTreeMap;

use lantoa_tests::events::{WireEvents, cloud_event};
use serde_json::Value;

use crate::broker::{child, free_address};
use crate::flow::{http_of, post, produce};
use crate::harness::{Program, count, folder, signal, until};
use crate::log::Log;
use crate::roles::http_of as http_of_role;

const NDJSON: &str = "application/x-ndjson";

/// Gets a page of a running program; `None` where it does not answer.
fn get(http: &str, path: &str) -> Option<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = reqwest::Client::new().get(format!("http://{http}{path}")).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    })
}

/// The series of `/metrics`, by name with labels.
struct Series(BTreeMap<String, f64>);

impl Series {
    #[track_caller]
    fn of(http: &str) -> Self {
        let (status, text) = get(http, "/metrics").unwrap();
        assert_eq!(status, 200);
        let series = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        let series: BTreeMap<String, f64> = series.collect();
        for name in series.keys() {
            assert!(name.starts_with("lantoa_"), "{name}");
            let family = name.split('{').next().unwrap();
            let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|part| family.strip_suffix(part));
            let helped = |family: &str| text.contains(&format!("# HELP {family} "));
            assert!(helped(family) || of_histogram.is_some_and(helped), "{name} is not explained");
        }
        Self(series)
    }

    /// Sum of the series of a name whose labels have all of `labels`.
    fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let of_name = |full: &str| full.split('{').next() == Some(name);
        let these = self.0.iter().filter(|(full, _)| of_name(full) && labels.iter().all(|label| full.contains(label)));
        these.map(|(_, value)| value).sum()
    }

    fn read(&self) -> f64 {
        self.sum("lantoa_projector_records_read_total", &[])
    }

    fn done(&self, outcome: &str) -> f64 {
        self.sum("lantoa_projector_records_done_total", &[&format!("outcome=\"{outcome}\"")])
    }

    fn lag(&self) -> f64 {
        self.sum("lantoa_projector_lag_offsets", &[])
    }
}

/// Waits until a projector has read so many records and committed all, and gives what it shows then.
#[track_caller]
fn caught_up(http: &str, records: f64) -> Series {
    until("the projector to catch up", || {
        let series = Series::of(http);
        (series.read() == records && series.lag() == 0.0).then_some(())
    });
    // Asked again: within one answer the lag is looked at after the counts.
    Series::of(http)
}

fn ndjson(numbers: std::ops::Range<u64>) -> Vec<u8> {
    numbers.map(|number| cloud_event(number).to_string() + "\n").collect::<String>().into_bytes()
}

fn readiness(http: &str) -> (u16, Value) {
    let (status, body) = get(http, "/readyz").unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

#[track_caller]
fn until_ready(http: &str) -> Value {
    until("readiness", || Some(readiness(http)).filter(|(status, _)| *status == 200)).1
}

/// Two projectors share the topics, so that each of them reads what the other has committed.
#[test]
fn every_record_read_is_counted_under_one_outcome() {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let endpoints = program.ready();
    let (http, kafka) = (http_of(&endpoints), endpoints["kafka"].as_str().unwrap().to_owned());
    let other = ["serve", "projector", "--kafka", kafka.as_str(), "--http", "127.0.0.1:0"];
    let mut other = Program::start(data.path(), &other);
    let other_http = http_of_role(&mut other);
    for _ in 0..2 {
        assert_eq!(post(&http, "/v1/events", NDJSON, ndjson(0..50)).unwrap().status, 202);
    }
    produce(&kafka, &[b"not avro".to_vec(), WireEvents::default().direct(100, |_| {})]);

    // Beside the statements there are two receipts.
    let records = 104.0;
    let shown = [caught_up(&http, records), caught_up(&other_http, records)];
    for series in &shown {
        for topic in ["lantoa.statement.v1", "lantoa.receipt.v1", "lantoa.reference.v1"] {
            let topic = format!("topic=\"{topic}\"");
            let (read, done) = ("lantoa_projector_records_read_total", "lantoa_projector_records_done_total");
            assert_eq!(series.sum(read, &[&topic]), series.sum(done, &[&topic]), "{topic}");
        }
        let first = series.done("committed") + series.done("duplicate") + series.done("rejected");
        assert_eq!(series.read() - series.done("read_again"), first);
        assert_eq!(series.sum("lantoa_projector_lag_seconds", &[]), 0.0);
        assert!(series.sum("lantoa_projector_table_files", &["table=\"ledger_statement\""]) > 0.0);
        assert!(series.sum("lantoa_process_resident_memory_bytes", &[]) > 1e6);
    }
    let both = |outcome: &str| shown.iter().map(|series| series.done(outcome)).sum::<f64>();
    let outcomes = ["committed", "duplicate", "rejected", "read_again"].map(both);
    assert_eq!(outcomes, [52.0, 51.0, 1.0, records], "of each record one projector is the first to read it");
    assert_eq!(count(data.path(), "outcome"), 52);
    assert_eq!(count(data.path(), "ledger_statement"), 51);

    let series = Series::of(&http);
    for (name, label, expected) in [
        ("lantoa_ingest_rows_received_total", "", 100.0),
        ("lantoa_ingest_rows_total", "outcome=\"accepted\"", 100.0),
        ("lantoa_ingest_rows_total", "outcome=\"failed\"", 0.0),
        ("lantoa_ingest_requests_total", "status=\"202\"", 2.0),
        ("lantoa_ingest_acknowledgement_seconds_count", "", 2.0),
        ("lantoa_ingest_records_in_flight", "", 0.0),
    ] {
        assert_eq!(series.sum(name, &[label]), expected, "{name} {label}");
    }
    until("all questions to end", || {
        let series = Series::of(&http);
        let ended =
            series.sum("lantoa_query_duration_seconds_count", &[]) + series.sum("lantoa_query_failures_total", &[]);
        (ended >= 2.0 && ended == series.sum("lantoa_query_statements_total", &[])).then_some(())
    });
    other.signal("INT");
    program.stop();
}

/// Windows that are not due hold records back for as long as the test likes.
#[test]
fn what_is_not_committed_is_lag() {
    let data = folder();
    let config = data.path().join("slow.toml");
    std::fs::write(&config, "[projector]\nflush_age = 3600\n").unwrap();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty", "--config", config.to_str().unwrap()]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", NDJSON, ndjson(0..50)).unwrap().status, 202);
    let behind = until("the lag", || {
        let series = Series::of(&http);
        let oldest = series.sum("lantoa_projector_lag_seconds", &["lantoa.statement.v1"]);
        (series.read() == 51.0 && series.lag() == 51.0 && oldest > 0.0).then_some(series)
    });
    assert_eq!(behind.sum("lantoa_projector_records_done_total", &[]), 0.0);
    program.stop();

    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(count(data.path(), "ledger_statement"), 50, "an orderly stop commits what is under way");
    assert_eq!(post(&http, "/v1/events", NDJSON, ndjson(50..60)).unwrap().status, 202);
    let series = caught_up(&http, 11.0);
    assert_eq!((series.done("committed"), series.sum("lantoa_projector_lag_seconds", &[])), (11.0, 0.0));
    program.stop();
}

#[test]
fn every_part_says_that_it_can_work() {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let body = until_ready(&http);
    assert_eq!(body["ready"], true);
    let parts = body["parts"].as_array().unwrap().iter();
    let told: Vec<_> = parts.map(|part| (part["part"].as_str().unwrap(), part["check"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("program", "running"),
            ("ingest", "intake"),
            ("ingest", "log"),
            ("ingest", "disk"),
            ("projector", "log"),
            ("projector", "partitions"),
            ("projector", "log_check"),
            ("projector", "tables"),
            ("query", "tables"),
        ]
    );
    program.stop();
}

/// The roles outlive their broker, say that they miss it, and go on when it is back.
#[test]
fn a_broker_that_goes_away_is_missed_by_name_until_it_is_back() {
    let (broker_folder, data) = (folder(), folder());
    let address = free_address();
    let mut broker = child(broker_folder.path(), &address);
    let role = |name: &str| Program::start(data.path(), &["serve", name, "--kafka", &address, "--http", "127.0.0.1:0"]);
    let mut ingest = role("ingest");
    let ingest_http = http_of_role(&mut ingest);
    let mut projector = role("projector");
    let projector_http = http_of_role(&mut projector);
    for http in [&ingest_http, &projector_http] {
        until_ready(http);
    }

    signal("KILL", broker.id());
    broker.wait().unwrap();
    for http in [&ingest_http, &projector_http] {
        let (_, body) = until("the broker to be missed", || Some(readiness(http)).filter(|(status, _)| *status == 503));
        let missed: Vec<&Value> =
            body["parts"].as_array().unwrap().iter().filter(|part| part["ready"] == false).collect();
        assert_eq!((missed.len(), &missed[0]["check"]), (1, &Value::from("log")), "{body}");
        assert!(missed[0]["reason"].as_str().unwrap().contains(&address), "{body}");
        assert_eq!(get(http, "/healthz").unwrap().0, 200, "it lives all the same");
        assert_eq!(get(http, "/metrics").unwrap().0, 200);
    }

    let mut broker = child(broker_folder.path(), &address);
    for http in [&ingest_http, &projector_http] {
        until_ready(http);
    }
    until("an event to be taken", || {
        post(&ingest_http, "/v1/events", NDJSON, ndjson(0..1)).filter(|answer| answer.status == 202)
    });
    until("the event in its table", || (count(data.path(), "ledger_statement") == 1).then_some(()));
    until("no lag", || (Series::of(&projector_http).lag() == 0.0).then_some(()));
    for role in [ingest, projector] {
        role.stop();
    }
    drop(broker.stdin.take());
    assert!(broker.wait().unwrap().success());
}
