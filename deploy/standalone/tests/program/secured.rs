//! On a Kafka that asks for a password and speaks TLS: the whole way of an event, and what is said to who is not let
//! in. Runs where `LANTOA_TEST_KAFKA_SASL` names such a listener (see `log.rs`), as `deploy/kafka-dev` makes one.

use std::path::{Path, PathBuf};

use crate::flow::{http_of, ledger, ndjson, once_each, post};
use crate::harness::{Program, folder, lantoa, run_to, until};
use crate::log::Log;

/// A password that nobody has.
const WRONG: &str = "not-the-password";

fn secured() -> Option<Log> {
    let log = Log::secured();
    if log.is_none() {
        eprintln!("not run: LANTOA_TEST_KAFKA_SASL names no listener");
    }
    log
}

#[test]
fn events_go_their_way_over_sasl_and_tls() {
    let Some(log) = secured() else { return };
    let (data, elsewhere) = (folder(), folder());
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(0..30)).unwrap().status, 202);
    until("the events", || (ledger(data.path()) == once_each(0..30)).then_some(()));

    let role = [&["serve", "projector", "--http", "127.0.0.1:0"][..], &log.flags()].concat();
    let mut projector = Program::start(elsewhere.path(), &role);
    projector.says("http://");
    until("the events elsewhere", || (ledger(elsewhere.path()) == once_each(0..30)).then_some(()));
    projector.stop();
    program.stop();

    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", "application/x-ndjson", ndjson(20..40)).unwrap().status, 202);
    until("the new ones", || (ledger(data.path()) == once_each(0..40)).then_some(()));
    program.stop();
    let (out, _) = run_to(0, data.path(), &[&["recover"][..], &log.flags()].concat());
    assert!(out.contains("nothing was done"), "{out}");
}

/// Settings of the listener without the lines that contain `without`, and with little patience.
fn settings(to: &Path, from: &str, without: &str) -> PathBuf {
    let text = std::fs::read_to_string(from).unwrap();
    let kept: String = text.lines().filter(|line| !line.contains(without)).map(|line| line.to_owned() + "\n").collect();
    assert!(kept.len() < text.len(), "no line of {from} has {without}");
    let path = to.join("lantoa.toml");
    std::fs::write(&path, kept + "[ingest]\nconnect_timeout = 15\n[projector]\nstart_timeout = 15\n").unwrap();
    path
}

#[test]
fn who_is_not_let_in_is_told_where_to_look() {
    let Some(log) = secured() else { return };
    let (data, files) = (folder(), folder());
    let flags = log.flags();
    let [_, address, _, right] = flags[..] else { panic!("{flags:?}") };
    // The role, a line of the settings that it lacks, the environment's password, a word of what is said.
    let cases = [
        ("ingest", "# Settings", WRONG, "not trusted"),
        ("projector", "# Settings", WRONG, "not trusted"),
        ("ingest", "ssl.ca.location", "", "not trusted"),
        ("projector", "ssl.ca.location", "", "not trusted"),
        ("ingest", "security.protocol", "", address),
        ("projector", "security.protocol", "", address),
    ];
    for (role, without, password, word) in cases {
        let path = settings(files.path(), right, without);
        let arguments =
            ["serve", role, "--http", "127.0.0.1:0", "--kafka", address, "--config", path.to_str().unwrap()];
        let output = lantoa(data.path(), &arguments).env("LANTOA_KAFKA_PASSWORD", password).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{role} without {without}: {said}");
        assert!(said.contains(word) && !said.contains(WRONG), "{role} without {without}: {said}");
    }
}
