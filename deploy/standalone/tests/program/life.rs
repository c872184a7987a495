//! The life of `lantoa up`: start, lock, signals, SIGKILL, start again.

use std::path::Path;

use crate::harness::{Program, broker_of, count, folder, no_broker, run_to, signal, until};
use crate::log::Log;

fn cluster_id(data: &Path) -> String {
    std::fs::read_to_string(data.join("broker/cluster-id")).unwrap()
}

#[test]
fn the_first_start_loads_the_articles_and_the_second_does_not() {
    let log = Log::embedded();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &[]);
    let endpoints = program.ready();
    for key in ["http", "kafka"] {
        assert!(endpoints[key].as_str().unwrap().starts_with("127.0.0.1:"), "{endpoints}");
    }
    let said = program.says("tra-bong-2018").to_owned();
    assert!(said.contains(endpoints["http"].as_str().unwrap()), "{said}");
    assert!(said.contains("73.58") && said.contains("73.5876"), "printed beside computed percent: {said}");
    assert_eq!(count(data.path(), "statement"), 82);
    let id = cluster_id(data.path());
    program.stop();

    assert_eq!(count(data.path(), "statement"), 82, "read without a running program");
    let mut program = Program::up(&log, data.path(), &[]);
    program.ready();
    program.says("tra-bong-2018");
    assert_eq!(count(data.path(), "ledger_statement"), 82);
    assert_eq!(count(data.path(), "outcome"), 0, "nothing was sent again");
    assert_eq!(cluster_id(data.path()), id);
    program.stop();
}

#[test]
fn one_folder_has_one_owner() {
    let log = Log::of_environment();
    let data = folder();
    let mut first = Program::up(&log, data.path(), &["--empty"]);
    first.ready();
    let (_, err) = run_to(1, data.path(), &log.up(&["--empty"]));
    assert!(err.contains(&format!("pid {}", first.child.id())) && err.contains("--data"), "{err}");
    assert_eq!(count(data.path(), "ledger_statement"), 0, "--empty loads nothing");
    first.stop();
}

#[test]
fn sigterm_stops_cleanly() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    program.ready();
    program.signal("TERM");
    assert_eq!(program.ended().code(), Some(0));
    assert!(!data.path().join("endpoints.json").exists());
    assert!(log.left_no_broker(data.path()));
}

#[test]
fn what_a_killed_program_left_behind_is_not_believed() {
    let log = Log::embedded();
    let data = folder();
    let mut killed = Program::up(&log, data.path(), &["--empty"]);
    let endpoints = killed.ready();
    killed.signal("KILL");
    killed.ended();
    until("the broker to end with its parent", || no_broker(data.path()).then_some(()));
    assert!(data.path().join("endpoints.json").exists());

    let (out, _) = run_to(0, data.path(), &["status"]);
    assert!(out.contains("not running"), "{out}");
    assert_eq!(count(data.path(), "ledger_statement"), 0);

    // The same port is free again, and the new program is the one that is found.
    let port = endpoints["kafka"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let mut again = Program::start(
        data.path(),
        &["up", "--empty", "--http", "127.0.0.1:0", "--postgres", "127.0.0.1:0", "--kafka-port", &port],
    );
    assert_eq!(again.ready()["kafka"], endpoints["kafka"]);
    let (out, _) = run_to(0, data.path(), &["status"]);
    assert!(out.contains(&format!("pid {}", again.child.id())) && out.contains("ledger_statement"), "{out}");
    again.stop();
}

#[test]
fn a_kill_while_the_articles_load_is_made_up_for() {
    let log = Log::embedded();
    let data = folder();
    let mut killed = Program::up(&log, data.path(), &[]);
    // As early as there is anything to lose: the broker keeps a log.
    until("the broker's log", || data.path().join("broker/lantoa.db").exists().then_some(()));
    killed.signal("KILL");
    killed.ended();
    let mut again = Program::up(&log, data.path(), &[]);
    again.ready();
    assert_eq!(count(data.path(), "ledger_statement"), 82);
    assert_eq!(count(data.path(), "statement"), 82);
    again.stop();
}

#[test]
fn a_broker_that_dies_ends_the_program_with_the_reason() {
    let log = Log::embedded();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    program.ready();
    signal("KILL", broker_of(data.path()));
    assert_eq!(program.ended().code(), Some(1));
    assert!(!data.path().join("endpoints.json").exists());
}
