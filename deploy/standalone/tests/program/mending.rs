//! What was refused is mended and counts once, figures are corrected and taken back by hand, and receipts add up: with a
//! running program and without one.

use std::path::Path;

use lantoa_tests::events::{WireEvents, id};
use serde_json::{Value, json};

use crate::flow::{http_of, post, produce};
use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;
use crate::page::get;

const HEADER: &str = "source,stated_on,area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,period,\
                      as_at,span,base,numerator,numerator_precision,denominator,sessions,sessions_precision,\
                      printed_percent,plan,quote";
const HA_GIANG: &str = "02,2024-10-02,Hà Giang";
const BAC_GIANG: &str = "24,2024-10-02,Bắc Giang";

/// A sheet of families, a row for each area and count.
fn sheet(folder: &Path, name: &str, source: &str, rows: &[(&str, &str)]) -> String {
    let row = |(area, count): &(&str, &str)| {
        format!(
            "{source},2024-10-02,province,{area},thực hiện,learning_family,recognised,household,2024,2024-09-30,stock,all,\
             {count},exact,200000,,,,,\n"
        )
    };
    let text = format!("{HEADER}\n{}", rows.iter().map(row).collect::<String>());
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Imports a sheet, and gives the key of its receipt.
#[track_caller]
fn import(code: i32, data: &Path, sheet: &str) -> String {
    let (out, _) = run_to(code, data, &["import", sheet]);
    out.trim_end().rsplit_once("receipt ").unwrap().1.to_owned()
}

/// The first column of an answer.
#[track_caller]
fn values(data: &Path, query: &str) -> Vec<String> {
    let (out, _) = run_to(0, data, &["sql", "--format", "csv", query]);
    out.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn value(data: &Path, query: &str) -> String {
    let mut values = values(data, query);
    assert_eq!(values.len(), 1, "{query}");
    values.remove(0)
}

fn event_of(data: &Path, area: &str) -> String {
    value(data, &format!("select event_id from statement where area_code = '{area}' and chosen"))
}

fn families_of_ha_giang(data: &Path) -> String {
    let query = "select numerator from indicator where area_code = '02' and indicator = 'learning_family' \
                 and derivation = 'stated'";
    value(data, query)
}

#[track_caller]
fn receipt(data: &Path, key: &str) -> Value {
    let (out, _) = run_to(0, data, &["receipt", key, "--format", "json"]);
    let receipt: Value = serde_json::from_str(&out).unwrap();
    let rows = receipt["rows"].as_object().unwrap();
    let sum: i64 = rows.values().map(|rows| rows.as_i64().unwrap()).sum();
    assert_eq!((&json!(sum), &receipt["committed"]), (&receipt["sent"], &json!(true)), "{receipt}");
    receipt
}

/// A bad row is found, shown, mended once, and never counts twice.
fn check_rejects(data: &Path, sheets: &Path) {
    let bad = sheet(sheets, "bad.csv", "bad", &[(HA_GIANG, "100000"), (BAC_GIANG, "many")]);
    let key = import(3, data, &bad);
    let told = receipt(data, &key);
    assert_eq!(told["rows"], json!({ "accepted": 1, "duplicate": 0, "corrected": 0, "rejected": 1 }));
    let (words, _) = run_to(0, data, &["receipt", &key]);
    assert!(words.contains("bad.csv") && words.contains("rejects list --receipt"), "{words}");

    let listed = |flags: &[&str]| {
        let (out, _) = run_to(0, data, &[&["rejects", "list", "--format", "csv"], flags].concat());
        out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let of_it = listed(&["--receipt", &key]);
    assert_eq!(of_it.len(), 1, "{of_it:?}");
    assert!(of_it[0].contains("row 2") && of_it[0].contains("numerator"), "{of_it:?}");
    let reject = of_it[0].split(',').next().unwrap();
    assert!(listed(&["--receipt", &key, "--since", "2100-01-01"]).is_empty());
    assert!(listed(&["--receipt", &key, "--sender", "nobody"]).is_empty());
    let (shown, _) = run_to(0, data, &["rejects", "show", reject]);
    for part in ["\"many\" is no whole number", "không phải là số nguyên", "area_name", "Bắc Giang", "rejects fix"]
    {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }

    // As it is it is refused again, and once it is mended it is there, once.
    let (_, err) = run_to(1, data, &["rejects", "replay", reject]);
    assert!(err.contains("no whole number"), "{err}");
    let (_, err) = run_to(1, data, &["rejects", "fix", reject, "numerator=still many"]);
    assert!(err.contains("no whole number"), "{err}");
    let (out, _) = run_to(0, data, &["rejects", "fix", reject, "Số đạt=138.068"]);
    assert!(out.contains("taken as event"), "{out}");
    let figures = "ledger_statement where source = 'bad' and area_code = '24' and numerator = 138068";
    assert_eq!(count(data, figures), 1);
    let (_, err) = run_to(1, data, &["rejects", "fix", reject, "numerator=138069"]);
    assert!(err.contains("mended already") && err.contains("lantoa correct"), "{err}");
    let (_, err) = run_to(0, data, &["rejects", "replay", "--receipt", &key]);
    assert!(err.contains("nothing to send"), "{err}");
    assert_eq!(count(data, "ledger_statement where source = 'bad'"), 2);
    assert!(listed(&["--receipt", &key]).is_empty());
    assert!(listed(&["--receipt", &key, "--all"])[0].ends_with(",true"));
    assert_eq!(receipt(data, &key)["rows"], told["rows"], "a receipt tells of what was sent under it alone");
    let (_, err) = run_to(1, data, &["rejects", "show", "nothing"]);
    assert!(err.contains("rejects list"), "{err}");
}

/// A figure is replaced and taken back; what is asked for twice is done once.
fn check_changes(data: &Path) {
    let first = event_of(data, "02");
    assert_eq!(families_of_ha_giang(data), "100000");
    let correct = ["correct", &first, "numerator=100500", "--reason", "a slip of the pen"];
    let (out, _) = run_to(0, data, &correct);
    assert!(out.contains("numerator (Số đạt): 100000 -> 100500") && out.contains("receipt "), "{out}");
    assert_eq!(families_of_ha_giang(data), "100500");
    let second = event_of(data, "02");
    assert_ne!(first, second);
    let told = receipt(data, out.trim_end().rsplit_once("receipt ").unwrap().1);
    assert_eq!(told["changes"], json!([{ "row": 1, "event_id": second, "replaces": first }]));
    let before = count(data, "ledger_statement");
    let (out, _) = run_to(0, data, &correct);
    assert!(out.contains("done before"), "{out}");
    let (_, err) = run_to(1, data, &["correct", &first, "numerator=7", "--reason", "another"]);
    assert!(err.contains(&second), "{err}");
    let (_, err) = run_to(1, data, &["retract", &first, "--reason", "another"]);
    assert!(err.contains(&second), "{err}");
    for (changes, word) in [("area_code=24", "keeps its area"), ("sender=me", "stamped")] {
        let (_, err) = run_to(2, data, &["correct", &second, changes, "--reason", "another"]);
        assert!(err.contains(word), "{err}");
    }
    let (_, err) = run_to(1, data, &["correct", &second, "numerator=many", "--reason", "another"]);
    assert!(err.contains("no whole number"), "{err}");
    let (_, err) = run_to(1, data, &["correct", "nothing", "numerator=7", "--reason", "another"]);
    assert!(err.contains("there is no event nothing"), "{err}");
    assert_eq!(count(data, "ledger_statement"), before);

    let retract = ["retract", &second, "--reason", "it was right"];
    let (out, _) = run_to(0, data, &retract);
    assert!(out.contains("100500 -> taken back") && out.contains(&format!("{first}, which it replaced")), "{out}");
    assert_eq!(families_of_ha_giang(data), "100000", "what was replaced counts again");
    assert!(run_to(0, data, &retract).0.contains("done before"));
    let (_, err) = run_to(1, data, &correct);
    assert!(err.contains(&second) && err.contains("another --reason"), "it was taken back meanwhile: {err}");
    let (_, err) = run_to(1, data, &["retract", &second, "--reason", "for another reason"]);
    assert!(err.contains("taken back before"), "{err}");
    assert_eq!(count(data, "ledger_statement"), before + 1);
}

#[test]
fn with_a_running_program() {
    let log = Log::embedded();
    let (data, sheets) = (folder(), folder());
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let endpoints = program.ready();
    check_rejects(data.path(), sheets.path());
    check_changes(data.path());

    // The same by whoever sends an event.
    let first = event_of(data.path(), "02");
    let corrected = json!({
        "specversion": "1.0", "id": "by-hand", "source": "/so-gd-dt/ha-giang", "type": "vn.lantoa.statement.corrected.v1",
        "data": {
            "supersedes": first, "change_reason": "counted again", "source": "bad", "stated_on": "2024-10-02",
            "area_level": "province", "area_code": "02", "area_date": "2024-10-02", "area_name": "Hà Giang",
            "fact": "actual", "measure": "learning_family", "stage": "recognised", "subject_scope": "household",
            "period": "2024", "as_at": "2024-09-30", "span": "stock", "base": "all", "numerator": 100_700,
            "denominator": 200_000,
        },
    });
    let http = http_of(&endpoints);
    let body = corrected.to_string().into_bytes();
    let answer = post(&http, "/v1/events", "application/cloudevents+json", body).unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    let address = format!("/v1/receipts/{}", answer.body["receipt"].as_str().unwrap());
    let told = until("the receipt", || {
        let (status, _, body) = get(&http, &address);
        let body: Value = serde_json::from_str(&body).unwrap();
        (status == 200 && body["committed"] == true).then_some(body)
    });
    assert_eq!(told["changes"], json!([{ "row": 1, "event_id": "by-hand", "replaces": first }]));
    assert_eq!(families_of_ha_giang(data.path()), "100700");
    program.stop();
}

#[test]
fn without_one() {
    let (folder_of_data, sheets) = (folder(), folder());
    let data = folder_of_data.path();
    let (_, err) = run_to(1, data, &["correct", "e-1", "numerator=1", "--reason", "a slip"]);
    assert!(err.contains("lantoa up"), "{err}");
    let bad = sheet(sheets.path(), "bad.csv", "bad", &[(HA_GIANG, "100000"), (BAC_GIANG, "many")]);
    let told = receipt(data, &import(3, data, &bad));
    assert_eq!(told["rows"], json!({ "accepted": 1, "duplicate": 0, "corrected": 0, "rejected": 1 }));
    let reject = value(data, "select reject from rejected");
    run_to(1, data, &["rejects", "replay", &reject]);
    assert_eq!(count(data, "rejected where event_id is not null and not mended"), 2);
    let (out, err) = run_to(0, data, &["rejects", "list", "--format", "csv", "--limit", "1"]);
    assert_eq!(out.lines().count(), 2, "a header and the newest: {out}");
    assert!(err.contains("1 older ones are not shown"), "{err}");
    let (out, err) = run_to(0, data, &["rejects", "list", "--format", "csv", "--limit", "0"]);
    assert!(out.lines().count() == 3 && !err.contains("not shown"), "{out}\n{err}");
    run_to(0, data, &["rejects", "fix", &reject, "numerator=5000"]);
    assert_eq!(count(data, "rejected where mended"), 2, "both are of one event");
    assert_eq!(count(data, "ledger_statement"), 2);
    let first = event_of(data, "02");
    run_to(0, data, &["correct", &first, "numerator=100500", "--reason", "a slip of the pen"]);
    assert_eq!(families_of_ha_giang(data), "100500");
    run_to(0, data, &["retract", &event_of(data, "02"), "--reason", "it was right"]);
    assert_eq!(families_of_ha_giang(data), "100000");
}

/// A row of single events has its id by what it says: mended by hand and then in the sheet, it is one event.
#[test]
fn a_mended_activity_counts_once_when_its_sheet_comes_again() {
    let (folder_of_data, sheets) = (folder(), folder());
    let data = folder_of_data.path();
    let sheet = |name: &str, attendances: &str| {
        let row = |topic: &str, attendances: &str| {
            format!("bc-1,province,{HA_GIANG},2024-10-01,Hội thảo,1,exact,{attendances},exact,,,{topic}\n")
        };
        let header = "source,area_level,area_code,area_date,area_name,occurred_on,activity,sessions,sessions_precision,\
                      attendances,attendances_precision,persons,persons_precision,topic";
        let path = sheets.path().join(name);
        std::fs::write(&path, format!("{header}\n{}{}", row("a", "97"), row("b", attendances))).unwrap();
        path.to_str().unwrap().to_owned()
    };
    import(3, data, &sheet("bad.csv", "many"));
    let reject = value(data, "select reject from rejected where event_id is null");
    let (_, err) = run_to(1, data, &["rejects", "replay", &reject]);
    assert!(err.contains("no whole number"), "{err}");
    assert_eq!(count(data, "rejected where not mended"), 2);
    let (out, _) = run_to(0, data, &["rejects", "fix", &reject, "attendances=120"]);
    assert!(out.contains("taken as the event that its row names"), "{out}");
    assert_eq!(count(data, "rejected where mended"), 2, "also what was refused on the way");
    assert_eq!(count(data, "ledger_activity"), 2);
    let (_, err) = run_to(1, data, &["rejects", "fix", &reject, "attendances=121"]);
    assert!(err.contains("mended already"), "{err}");
    import(0, data, &sheet("good.csv", "120"));
    assert_eq!(count(data, "ledger_activity"), 2, "the mended sheet has the same two");
}

#[test]
fn the_receipts_of_a_file_that_comes_twice_and_of_a_corrected_one_add_up() {
    let log = Log::of_environment();
    let (data, sheets) = (folder(), folder());
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    program.ready();
    let first = sheet(sheets.path(), "first.csv", "return", &[(HA_GIANG, "100000"), (BAC_GIANG, "200000")]);
    let key = import(0, data.path(), &first);
    let once = receipt(data.path(), &key);
    assert_eq!(once["rows"], json!({ "accepted": 2, "duplicate": 0, "corrected": 0, "rejected": 0 }));
    assert_eq!((&once["name"], &once["sent_again"]), (&json!("first.csv"), &json!(0)));
    assert_eq!(once["tables"][0]["table"], "ledger_statement");
    let replaced = event_of(data.path(), "02");

    assert_eq!(import(0, data.path(), &first), key);
    let again = until("the second sending", || {
        let again = receipt(data.path(), &key);
        (again["sent_again"] == 1).then_some(again)
    });
    assert_eq!((&again["rows"], &again["changes"]), (&once["rows"], &json!([])));

    let other = sheet(sheets.path(), "other.csv", "return", &[(HA_GIANG, "100900"), (BAC_GIANG, "200000")]);
    let told = receipt(data.path(), &import(0, data.path(), &other));
    assert_eq!(told["rows"]["corrected"], 1, "{told}");
    assert_eq!(told["changes"][0]["replaces"], json!(replaced));
    assert_eq!(receipt(data.path(), &key)["rows"], once["rows"], "what comes later changes nothing of it");
    let (_, err) = run_to(1, data.path(), &["receipt", "nothing", "--wait", "0"]);
    assert!(err.contains("there is no receipt nothing"), "{err}");
    program.stop();
}

#[test]
fn a_record_of_a_direct_producer_is_mended_under_its_own_id() {
    let log = Log::embedded();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let endpoints = program.ready();
    let area = std::cell::RefCell::new(String::new());
    let bad = WireEvents::default().direct(5, |event| {
        *area.borrow_mut() = event.envelope.area_code.replace("99".to_owned()).unwrap();
    });
    produce(endpoints["kafka"].as_str().unwrap(), &[bad, b"not avro".to_vec()]);
    until("what was refused", || (count(data.path(), "rejected") == 2).then_some(()));
    let of_event = format!("select reject from rejected where event_id = '{}'", id(5));
    let reject = value(data.path(), &of_event);
    let (out, _) = run_to(0, data.path(), &["rejects", "fix", &reject, &format!("area_code={}", area.borrow())]);
    assert!(out.contains(&id(5)), "{out}");
    assert_eq!(count(data.path(), &format!("ledger_statement where event_id = '{}'", id(5))), 1);
    assert_eq!(count(data.path(), "rejected where mended"), 1);
    let reject = value(data.path(), "select reject from rejected where not mended");
    let (_, err) = run_to(1, data.path(), &["rejects", "fix", &reject, "numerator=1"]);
    assert!(err.contains("could not be read as fields"), "{err}");
    assert!(run_to(0, data.path(), &["rejects", "show", &reject]).0.contains("not avro"));
    program.stop();
}
