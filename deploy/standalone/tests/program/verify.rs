//! `lantoa verify`: it says that all is well where it is, and names what was broken by hand: a check that cannot fail
//! proves nothing.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use lantoa_tests::events::{WireEvents, cloud_event};
use serde_json::Value;
use tempfile::TempDir;

use crate::flow::{http_of, post, produce};
use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;
use crate::tamper::{Table, copy, rows, with_first_text, with_numbers};

const STATEMENTS: &str = "lantoa.statement.v1";
const LEDGER: &str = "ledger_statement";
const HOLDS: [u64; 8] = [103, 51, 50, 2, 0, 0, 0, 0];

fn send(http: &str, numbers: std::ops::Range<u64>) {
    let body: String = numbers.map(|number| cloud_event(number).to_string() + "\n").collect();
    assert_eq!(post(http, "/v1/events", "application/x-ndjson", body.into_bytes()).unwrap().status, 202);
}

/// The numbers of a topic: on the log, in the table, duplicate, rejected, owed, not read yet, only in the tables,
/// faults.
#[track_caller]
fn numbers(out: &str, topic: &str) -> [u64; 8] {
    let line = out.lines().find(|line| line.split_whitespace().next() == Some(topic));
    let line = line.unwrap_or_else(|| panic!("no row of {topic} in\n{out}"));
    let numbers: Vec<u64> = line.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// Checks a folder where all must hold.
#[track_caller]
fn holds(data: &Path, flags: &[&str]) -> [u64; 8] {
    let (out, _) = run_to(0, data, &[&["verify"], flags].concat());
    numbers(&out, STATEMENTS)
}

/// A folder with fifty events, the same again, of a direct producer one good record and two bad ones, and two rows that
/// were refused at the door.
fn filled() -> TempDir {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let endpoints = program.ready();
    send(&http_of(&endpoints), 0..50);
    send(&http_of(&endpoints), 0..50);
    let mut events = WireEvents::default();
    let bad = events.direct(101, |event| event.envelope.area_code = Some("99".to_owned()));
    produce(endpoints["kafka"].as_str().unwrap(), &[events.direct(100, |_| {}), b"not avro".to_vec(), bad]);
    let refused = post(&http_of(&endpoints), "/v1/events", "application/x-ndjson", b"{}\n{}\n".to_vec()).unwrap();
    assert_eq!(refused.status, 422, "{}", refused.body);
    until("what was refused", || (count(data.path(), "reject") == 2).then_some(()));
    until("the receipts", || (count(data.path(), "receipt") == 2).then_some(()));
    // Fifty events and the manifest again, and two that are refused.
    until("all outcomes", || (count(data.path(), "outcome") == 53).then_some(()));
    until("all rows", || (count(data.path(), LEDGER) == 51).then_some(()));
    assert_eq!(holds(data.path(), &[]), HOLDS, "beside the running program");
    program.stop();
    data
}

/// Something that is done to a copy of the folder, and words that must then be there, each in a line.
struct Case {
    what: &'static str,
    break_it: Box<dyn Fn(&Path)>,
    words: &'static [&'static str],
}

fn case(what: &'static str, words: &'static [&'static str], break_it: impl Fn(&Path) + 'static) -> Case {
    Case { what, break_it: Box::new(break_it), words }
}

/// The file with the most rows, and its table.
fn biggest(data: &Path, table: &str) -> (Table, Value) {
    let table = Table::of(data, table);
    let file = table.files().remove(0);
    assert!(rows(&file) > 1);
    (table, file)
}

/// Puts other rows in the place of those of the biggest file.
fn rewritten(table: &'static str, other: fn(&RecordBatch) -> RecordBatch) -> impl Fn(&Path) + 'static {
    move |data: &Path| {
        let (table, file) = biggest(data, table);
        table.rewrite(&file, |batch| other(&batch));
    }
}

/// The ledger says that it has read so many records more.
fn read_more(data: &Path, records: i64) {
    let table = Table::of(data, LEDGER);
    let (name, at) = table.entry(STATEMENTS, "/0");
    table.set_entry(&name, at + records);
}

fn double_first(batch: &RecordBatch) -> RecordBatch {
    concat_batches(&batch.schema(), [batch, &batch.slice(0, 1)]).unwrap()
}

const MISSING: &str = "neither in the table nor in outcome";
const OF_NONE: &str = "called a duplicate, but its event id is not in the table";
const ROW_TWICE: &str = "more than one row of the table";
const ID_TWICE: &str = "in the table more than once";
const PAST: &str = "from behind the place";
const OTHER_CONTENT: &str = "does not say what the record says";

fn cases() -> Vec<Case> {
    vec![
        case("a file of the ledger is lost", &[MISSING, OF_NONE], |data| {
            let (table, file) = biggest(data, LEDGER);
            table.lose(&file);
        }),
        case("a file of the ledger is there twice", &[ROW_TWICE, ID_TWICE], |data| {
            let (table, file) = biggest(data, LEDGER);
            table.double(&file);
        }),
        case("a row is lost", &[MISSING, OF_NONE], rewritten(LEDGER, |batch| batch.slice(1, batch.num_rows() - 1))),
        case("a row is there twice", &[ROW_TWICE, ID_TWICE], rewritten(LEDGER, double_first)),
        case(
            "a figure is another",
            &[OTHER_CONTENT],
            rewritten(LEDGER, |batch| with_numbers(batch, "numerator", |row, n| n + i64::from(row == 0))),
        ),
        case(
            "a stamp is another",
            &[OTHER_CONTENT],
            rewritten(LEDGER, |batch| with_first_text(batch, "sender", "somebody")),
        ),
        case(
            "an id is another",
            &["not of the record that the log has there", OF_NONE],
            rewritten(LEDGER, |batch| with_first_text(batch, "event_id", "another")),
        ),
        case(
            "a row comes from behind what was read",
            &[PAST, MISSING],
            rewritten(LEDGER, |batch| with_numbers(batch, "log_offset", |row, n| n + 1_000 * i64::from(row == 0))),
        ),
        case("the ledger says it has read less", &[PAST], |data| read_more(data, -60)),
        case("the ledger says it has read more", &["behind the end of the log (7 of them)"], |data| {
            read_more(data, 7);
        }),
        case("a file of outcome is lost", &[MISSING], |data| {
            let (table, file) = biggest(data, "outcome");
            table.lose(&file);
        }),
        case("what was refused is lost", &[MISSING, "kept what it refused"], |data| {
            let (table, file) = biggest(data, "reject");
            table.lose(&file);
        }),
        case("a row of outcome is there twice", &["more than one row of outcome"], rewritten("outcome", double_first)),
        // The second sending lies fifty records behind the first.
        case(
            "rows of outcome are of records that are in the ledger",
            &["both in the table and in outcome", MISSING],
            rewritten("outcome", |batch| with_numbers(batch, "log_offset", |_, n| n - 50)),
        ),
    ]
}

#[test]
fn it_holds_and_what_is_broken_is_named() {
    let whole = filled();
    let many_passes = ["--at-once", "20"];
    assert_eq!(holds(whole.path(), &[]), HOLDS);
    assert_eq!(holds(whole.path(), &many_passes), HOLDS);
    let (out, _) = run_to(0, whole.path(), &["verify"]);
    assert_eq!(numbers(&out, "lantoa.receipt.v1"), [3, 2, 1, 0, 0, 0, 0, 0]);
    assert_eq!(numbers(&out, "lantoa.reject.v1"), [2, 2, 0, 0, 0, 0, 0, 0]);
    for (number, Case { what, break_it, words }) in cases().into_iter().enumerate() {
        let data = folder();
        copy(whole.path(), data.path());
        break_it(data.path());
        let flags: &[&str] = if number % 2 == 0 { &[] } else { &many_passes };
        let (out, err) = run_to(1, data.path(), &[&["verify"], flags].concat());
        for word in words {
            assert!(out.lines().any(|line| line.contains(*word)), "{what}: no line with {word:?} in\n{out}\n{err}");
        }
        assert!(err.contains("do not agree"), "{what}: {err}");
    }
}

/// What a kill leaves unread or owed is no fault, and is told; the next start settles it.
#[test]
fn what_a_kill_leaves_open_is_told_as_open() {
    const UNREAD: usize = 5;
    for (point, open) in [("before_commit", UNREAD), ("after_commit", 4)] {
        // Receipts are committed beside the ledger: where theirs came first, the kill left everything else unread.
        let mut rounds = (0..5).map(|_| (killed(point), open)).filter(|((_, found), open)| {
            assert!(found[*open] > 0 || found[UNREAD] > 0, "{point}: {found:?}");
            found[*open] > 0
        });
        let ((data, _), _) = rounds.next().unwrap_or_else(|| panic!("{point}: never at the ledger's commit"));

        let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
        send(&http_of(&program.ready()), 0..31);
        until("the last", || (count(data.path(), LEDGER) == 31).then_some(()));
        until("all settled", || {
            let [.., owed, unread, _, _] = holds(data.path(), &[]);
            ((owed, unread) == (0, 0)).then_some(())
        });
        program.stop();
    }
}

/// A data folder after a kill at a point of the first commit of the second program on it, and what `verify` says of it.
fn killed(point: &str) -> (tempfile::TempDir, [u64; 8]) {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    send(&http_of(&program.ready()), 0..10);
    until("the first ten", || (count(data.path(), LEDGER) == 10).then_some(()));
    until("their receipt", || (count(data.path(), "receipt") == 1).then_some(()));
    program.stop();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty", "--fault", point]);
    let http = http_of(&program.ready());
    let body: String = (0..30).map(|number| cloud_event(number).to_string() + "\n").collect();
    post(&http, "/v1/events", "application/x-ndjson", body.into_bytes());
    assert!(!program.ended().success(), "{point}: it did not die");
    let found = holds(data.path(), &[]);
    (data, found)
}

#[test]
fn beside_a_busy_program_nothing_is_taken_for_a_fault() {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let sender = std::thread::spawn(move || {
        for round in 0..40 {
            // Every event twice, so that there is always something for `outcome`.
            send(&http, round * 10..round * 10 + 20);
        }
    });
    let mut checks = 0;
    while !sender.is_finished() || checks < 2 {
        holds(data.path(), &[]);
        checks += 1;
    }
    sender.join().unwrap();
    program.stop();
}

/// Rows of a log that is gone are counted, and held against what is left.
#[test]
fn what_only_the_tables_have_is_counted() {
    let data = folder();
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    send(&http_of(&program.ready()), 0..10);
    until("the ten", || (count(data.path(), LEDGER) == 10).then_some(()));
    until("their receipt", || (count(data.path(), "receipt") == 1).then_some(()));
    program.stop();
    for file in std::fs::read_dir(data.path().join("broker")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().contains(".db") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let (_, err) = run_to(1, data.path(), &["verify"]);
    assert!(err.contains("no topic"), "{err}");
    run_to(0, data.path(), &["recover"]);
    assert_eq!(holds(data.path(), &[]), [0, 0, 0, 0, 0, 0, 10, 0]);
    let mut program = Program::up(&Log::embedded(), data.path(), &["--empty"]);
    send(&http_of(&program.ready()), 5..20);
    until("the rest", || (count(data.path(), LEDGER) == 20).then_some(()));
    until("the repeated ones", || (count(data.path(), "outcome") == 5).then_some(()));
    program.stop();
    assert_eq!(holds(data.path(), &[]), [15, 10, 5, 0, 0, 0, 10, 0]);
    // What the log no longer has is missed by its receipt alone.
    let table = Table::of(data.path(), LEDGER);
    let first_offset = |file: &Value| {
        let stats: Value = serde_json::from_str(file["stats"].as_str().unwrap()).unwrap();
        stats["minValues"]["log_offset"].as_i64()
    };
    let old = table.files().into_iter().find(|file| first_offset(file) == Some(0));
    table.lose(&old.unwrap());
    let (out, _) = run_to(1, data.path(), &["verify"]);
    assert!(out.contains("acknowledges rows"), "{out}");
}
