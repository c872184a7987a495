//! `release`: made of the data folder with and without a running program, asked, compared, checked and withdrawn.

use std::path::Path;

use crate::harness::{Program, folder, run_to};
use crate::log::Log;

const SHEET: &str = "source,stated_on,area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,period,\
                     as_at,span,base,numerator,numerator_precision,denominator,sessions,sessions_precision,\
                     printed_percent,plan,quote\n\
                     made-up,2024-10-02,province,04,2024-10-02,Cao Bằng,actual,learning_family,recognised,household,2024,\
                     2024-09-30,stock,all,100000,exact,200000,,,,,\n";

const FAMILIES: &str = "select numerator from indicator where indicator = 'learning_family' and area_code = '04'";

/// Makes a release of what is known now, on one map.
fn create(code: i32, data: &Path) -> (String, String) {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    run_to(code, data, &["release", "create", "LLW-2025", "--as-of", &now, "--map", "as_reported"])
}

#[test]
fn answers_are_stored_asked_compared_and_withdrawn() {
    let log = Log::embedded();
    let (data, sheets) = (folder(), folder());
    let data = data.path();
    run_to(0, data, &["import", "--articles"]);
    let (out, _) = create(0, data);
    assert!(out.starts_with("LLW-2025@1.0.0: "), "{out}");
    let (_, err) = create(1, data);
    assert!(err.contains("nothing changed since LLW-2025@1.0.0"), "{err}");

    let mut program = Program::up(&log, data, &[]);
    program.ready();
    let sheet = sheets.path().join("made-up.csv");
    std::fs::write(&sheet, SHEET).unwrap();
    run_to(0, data, &["import", sheet.to_str().unwrap()]);
    let asked = |release: &str| run_to(0, data, &["sql", FAMILIES, "--format", "csv", "--release", release]);
    assert_eq!(asked("LLW-2025").0, "numerator\n");
    let (out, _) = create(0, data);
    assert!(out.starts_with("LLW-2025@1.0.1: "), "{out}");
    let (out, err) = asked("LLW-2025@1");
    assert!(out == "numerator\n100000\n" && err.contains("from release LLW-2025@1.0.1"), "{out}{err}");
    program.stop();
    let (out, err) = asked("LLW-2025@1.0.0");
    assert!(out == "numerator\n" && err.contains("from release LLW-2025@1.0.0"), "{out}{err}");

    let diff = |one, other| run_to(0, data, &["release", "diff", one, other, "--format", "csv"]);
    let (out, err) = diff("LLW-2025@1.0.0", "LLW-2025@1.0.1");
    let line = out.lines().find(|line| line.starts_with("new,as_reported,province,04,Cao Bằng,2024,learning_family,"));
    assert!(line.is_some_and(|line| line.ends_with(",made-up,2024-10-02")), "{out}{err}");
    // A table is for a screen; a file takes its format from its name.
    let (out, err) = run_to(0, data, &["release", "diff", "LLW-2025@1.0.0", "LLW-2025@1.0.1", "--map", "as_reported"]);
    let line = out.lines().find(|line| line.contains("Cao Bằng (04)")).unwrap_or_else(|| panic!("{out}{err}"));
    assert!(line.contains("| → 100000") && line.contains("(made-up, 2024-10-02)"), "{out}");
    assert!(err.contains("--format csv has all of it"), "{err}");
    let file = sheets.path().join("diff.csv");
    let into = ["release", "diff", "LLW-2025@1.0.0", "LLW-2025@1.0.1", "--out", file.to_str().unwrap()];
    assert_eq!(run_to(0, data, &into).0, "");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.starts_with("change,map,") && written.contains(",made-up,2024-10-02\n"), "{written}");
    let (_, err) = run_to(1, data, &[&into[..4], &["--map", "2025-07-01"][..]].concat());
    assert!(err.contains("has no map 2025-07-01; it has as_reported"), "{err}");
    assert_eq!(diff("LLW-2025@1.0.1", "LLW-2025@1.0.1").1, "note: no figure differs\n");

    let release = |code: i32, arguments: &[&str]| run_to(code, data, &[&["release"], arguments].concat());
    let (_, err) = release(1, &["withdraw", "LLW-2025@1.0.1", "--reason", " "]);
    assert!(err.contains("--reason"), "{err}");
    release(0, &["withdraw", "LLW-2025@1.0.1", "--reason", "sai số hộ"]);
    let (out, err) = asked("LLW-2025@1");
    assert!(out == "numerator\n" && err.contains("LLW-2025@1.0.0"), "{out}{err}");
    assert!(asked("LLW-2025@1.0.1").1.contains("sai số hộ"));
    let (out, _) = release(0, &["list"]);
    assert_eq!(out.lines().count(), 3, "{out}");
    assert_eq!(release(0, &["list", "another"]).0.lines().count(), 1);

    let (out, _) = release(0, &["show", "LLW-2025@1.0.0", "--check"]);
    assert!(out.contains("ledger_statement: 82") && out.contains("checked: all"), "{out}");
    let file = data.join("releases/LLW-2025/1.0.0/every_map/statement.parquet");
    std::fs::write(&file, b"PAR1").unwrap();
    let (_, err) = release(1, &["show", "LLW-2025@1.0.0", "--check"]);
    assert!(err.contains("LLW-2025/1.0.0/every_map/statement.parquet"), "{err}");
    let (_, err) = run_to(1, data, &["sql", FAMILIES, "--release", "LLW-2025@1.0.0"]);
    assert!(err.contains("statement.parquet"), "{err}");
}
