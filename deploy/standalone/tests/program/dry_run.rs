//! What importing a sheet would do, before it is done: over HTTP and on a folder at rest.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::flow::{http_of, post};
use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;

/// A sheet of Bắc Giang with these counts of 2020, 2021 and so on; where one is not a number its row is bad.
fn sheet(folder: &Path, name: &str, counts: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let header = lantoa_schemas::form::STATEMENT.columns.join(",");
    let rows = counts.iter().zip(2020..).map(|(count, year)| {
        format!(
            "bac-giang,2024-10-02,province,24,2024-10-02,Bắc Giang,actual,learning_family,recognised,household,{year},\
             {year}-12-31,stock,all,{count},exact,200000,,,,,\n"
        )
    });
    std::fs::write(&path, format!("{header}\n{}", rows.collect::<String>())).unwrap();
    path
}

/// Rows of every table that intake leads to.
fn rows(data: &Path) -> Vec<u64> {
    ["ledger_statement", "outcome", "receipt", "reject"].into_iter().map(|table| count(data, table)).collect()
}

/// What `statement` shows of 2021: figure, whether it is chosen and why.
fn told(data: &Path) -> String {
    let query = "select numerator, chosen, reason from statement where period = '2021' order by recorded";
    run_to(0, data, &["sql", "--format", "csv", query]).0
}

#[test]
fn a_dry_run_names_the_change_and_writes_nothing() {
    let log = Log::of_environment();
    let (data, files) = (folder(), folder());
    let data = data.path();
    let mut program = Program::up(&log, data, &["--empty"]);
    let http = http_of(&program.ready());
    let first = sheet(files.path(), "first.csv", &["1200", "1234"]);
    run_to(0, data, &["import", first.to_str().unwrap()]);
    until("the receipt", || (count(data, "receipt") == 1).then_some(()));
    let before = rows(data);

    let changed = sheet(files.path(), "changed.csv", &["1200", "1243", "1300", "12x"]);
    let changed_path = changed.to_str().unwrap();
    let (out, err) = run_to(3, data, &["import", "--dry-run", changed_path]);
    assert!(out.contains("row 2: Bắc Giang, 2021, learning_family: numerator 1.234 -> 1.243 (corrects "), "{out}{err}");
    assert!(out.contains("row 3: Bắc Giang, 2022, learning_family: new"), "{out}{err}");
    assert!(!out.contains("row 1:") && err.contains("row 4, "), "{out}{err}");
    let sums =
        "dry run, nothing was written: 3 rows good, 1 would be refused: 1 new, 1 changed, 1 unchanged, 0 there already";
    assert!(out.contains(sums), "{out}{err}");
    let (out, _) = run_to(0, data, &["import", "--dry-run", first.to_str().unwrap()]);
    assert!(out.contains("0 new, 0 changed, 0 unchanged, 2 there already"), "{out}");
    let bad = sheet(files.path(), "bad.csv", &["12x"]);
    let (_, err) = run_to(1, data, &["import", "--dry-run", bad.to_str().unwrap()]);
    assert!(err.contains("row 1, ") && err.contains("nothing was written"), "{err}");

    // Over HTTP the same.
    let content = std::fs::read(&changed).unwrap();
    let answer = post(&http, "/v1/files?dry_run=true", "text/csv", content).unwrap();
    assert_eq!((answer.status, &answer.body["diff"]["changed"]), (200, &json!(1)), "{}", answer.body);
    let row = &answer.body["rows"][1];
    let expected: Value = json!([{"field": "numerator", "from": "1234", "to": "1243"}]);
    assert_eq!(
        (&row["change"], &row["fields"], &row["known"]["source"]),
        (&json!("changed"), &expected, &json!("bac-giang"))
    );

    // A topic keeps its order: what came behind the dry runs stands where it would without them.
    let next = sheet(files.path(), "next.csv", &["1200", "1234", "1399"]);
    run_to(0, data, &["import", next.to_str().unwrap()]);
    until("its receipt", || (count(data, "receipt") == 2).then_some(()));
    assert_eq!(count(data, "ledger_statement"), before[0] + 3);
    assert_eq!((count(data, "reject"), count(data, "outcome")), (before[3], before[1]));
    let last = run_to(0, data, &["sql", "--format", "csv", "select max(log_offset) from ledger_statement"]).0;
    assert_eq!(last.lines().nth(1), Some("4"), "five rows were written, and no other");

    run_to(3, data, &["import", changed_path]);
    until("its reject", || (count(data, "reject") > 0).then_some(()));
    let rejects = run_to(0, data, &["sql", "--format", "csv", "select max(log_offset) from reject"]).0;
    assert_eq!(rejects.lines().nth(1), Some("0"), "of the dry runs none is kept");
    let told_after = told(data);
    let lines: Vec<&str> = told_after.lines().skip(1).collect();
    assert!(lines[0].starts_with("1234,false,replaced by other figures in "), "{told_after}");
    assert!(lines.last().unwrap().starts_with("1243,true,"), "{told_after}");
    program.stop();
}

/// Without a running program the folder's own roles answer for a moment.
#[test]
fn a_folder_at_rest_is_asked_the_same() {
    let (data, files) = (folder(), folder());
    let data = data.path();
    let first = sheet(files.path(), "first.csv", &["1234"]);
    run_to(0, data, &["import", first.to_str().unwrap()]);
    let changed = sheet(files.path(), "changed.csv", &["1243"]);
    let (out, err) = run_to(0, data, &["import", "--dry-run", changed.to_str().unwrap()]);
    assert!(out.contains("numerator 1.234 -> 1.243"), "{out}{err}");
    assert_eq!(count(data, "ledger_statement"), 1);
}
