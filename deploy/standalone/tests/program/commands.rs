//! `sql` and `import`, with a running program and without one: the same answers.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::harness::{Program, count, folder, lantoa, run_to};
use crate::log::Log;

const HEADER: &str = "source,stated_on,area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,period,\
                      as_at,span,base,numerator,numerator_precision,denominator,sessions,sessions_precision,\
                      printed_percent,plan,quote";

/// A sheet with one good row, and one that says an impossible percent where `with_bad`.
fn sheet(path: &Path, source: &str, with_bad: bool) -> String {
    let row = |numerator: &str| {
        format!(
            "{source},2024-10-02,province,02,2024-10-02,Hà Giang,actual,learning_family,recognised,household,2024,\
             2024-09-30,stock,all,{numerator},exact,200000,,,,,"
        )
    };
    let mut text = format!("{HEADER}\n{}\n", row("100000"));
    if with_bad {
        text.push_str(&format!("{}\n", row("many")));
    }
    let path = path.join(format!("{source}.csv"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn check_import(data: &Path, sheets: &Path, source: &str) {
    let good = sheet(sheets, source, false);
    let of_source = format!("ledger_statement where source = '{source}'");
    for _ in 0..2 {
        let (out, err) = run_to(0, data, &["import", &good]);
        assert!(out.contains("1 rows accepted, 0 refused"), "{out}{err}");
        assert_eq!(count(data, &of_source), 1, "importing again changes nothing");
    }
    // A workbook says the same: the answer of a question is a sheet that goes in again.
    let workbook = sheets.join(format!("{source}.xlsx")).to_str().unwrap().to_owned();
    run_to(0, data, &["sql", &format!("select {HEADER} from {of_source}"), "--out", &workbook]);
    let (out, err) = run_to(0, data, &["import", &workbook]);
    assert!(out.contains("1 rows accepted, 0 refused"), "{out}{err}");
    assert_eq!(count(data, &of_source), 2);
    assert_eq!(count(data, &format!("(select distinct {HEADER} from {of_source}) as said")), 1);
    let mixed = sheet(sheets, &format!("{source}-mixed"), true);
    let (out, err) = run_to(3, data, &["import", &mixed]);
    assert!(out.contains("1 rows accepted, 1 refused"), "{out}");
    assert!(err.contains("row 2") && err.contains("numerator (Số đạt)"), "{err}");
    let back = sheets.join(format!("{source}-back.xlsx"));
    let (_, err) = run_to(3, data, &["import", &mixed, "--returned", back.to_str().unwrap()]);
    assert!(err.contains("-back.xlsx") && std::fs::read(&back).unwrap().starts_with(b"PK"), "{err}");
    let (_, err) = run_to(2, data, &["import", &mixed, "--returned", &mixed]);
    assert!(err.contains("is what is imported"), "{err}");
    let (_, err) = run_to(2, data, &["import", &mixed, &good, "--returned", back.to_str().unwrap()]);
    assert!(err.contains("2 files"), "{err}");
    let (out, err) = run_to(1, data, &["import", "absent.csv"]);
    assert!(out.is_empty() && err.contains("absent.csv"), "{err}");
    let (_, err) = run_to(3, data, &["import", "absent.csv", &good]);
    assert!(err.contains("absent.csv"), "{err}");
}

fn check_sql(data: &Path) {
    let query = "select 1 as one, 'ã' as letter, cast(null as bigint) as nothing";
    for (format, expected) in [
        ("csv", "one,letter,nothing\n1,ã,\n"),
        ("ndjson", "{\"one\":1,\"letter\":\"ã\",\"nothing\":null}\n"),
        ("json", "[{\"one\":1,\"letter\":\"ã\",\"nothing\":null}]\n"),
    ] {
        assert_eq!(run_to(0, data, &["sql", query, "--format", format]).0, expected);
    }
    assert!(run_to(0, data, &["sql", query]).0.contains("letter"));
    let marked = run_to(0, data, &["sql", query, "--format", "csv", "--bom"]).0;
    assert!(marked.starts_with("\u{feff}one,"), "{marked}");
    check_files(data, query);
    check_script(data);
    let (_, err) = run_to(1, data, &["sql", "select area_nam\nfrom indicator"]);
    let said = "error: there is no column 'area_nam' (line 1, column 8). Did you mean 'area_name'?\n  \
                1 | select area_nam\n    |        ^^^^^^^^\n";
    assert_eq!(err, said, "the same words whether a program runs or not");
    for (wrong, word) in
        [("selec 1", "selec"), ("select * from indicater", "indicator"), ("drop table area", "refused")]
    {
        let (out, err) = run_to(1, data, &["sql", wrong]);
        assert!(out.is_empty() && err.to_lowercase().contains(word), "{wrong}: {err}");
    }
}

/// An answer in a file, which is there whole or not at all.
fn check_files(data: &Path, query: &str) {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, begins) in
        [("a.parquet", &b"PAR1"[..]), ("a.xlsx", b"PK"), ("a.md", b"| one | letter"), ("a.tsv", b"one\tletter")]
    {
        let (out, _) = run_to(0, data, &["sql", query, "--out", &path(name)]);
        let written = std::fs::read(path(name)).unwrap();
        assert!(out.is_empty() && written.starts_with(begins), "{name}: {out}");
    }
    let (_, err) =
        run_to(1, data, &["sql", "select 1 / (value - 3) as x from generate_series(0, 9)", "--out", &path("b.csv")]);
    assert!(err.to_lowercase().contains("divide by zero"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "nothing is left of what failed");
}

/// Statements from standard input, one after the other, until one fails.
fn check_script(data: &Path) {
    let run = |script: &str, flags: &[&str]| {
        let mut child = lantoa(data, &[&["sql"], flags].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let script = "-- settings hold; 'a'\nset lantoa.map = '2025-07-01';\nselect ';' as sign;\n\\f tsv\nshow lantoa.map";
    let (code, out, err) = run(script, &["--format", "csv"]);
    assert_eq!((code, out.as_str()), (Some(0), "sign\n;\nname\tvalue\nlantoa.map\t2025-07-01\n"), "{err}");
    let (code, out, err) = run("select 1 as a;\nselect nothing;\nselect 2 as b;", &["--format", "csv"]);
    assert_eq!((code, out.as_str()), (Some(1), "a\n1\n"), "{err}");
    assert!(err.contains("(line 2, column 8)") && err.contains("2 | select nothing;"), "{err}");
    let (code, _, err) = run("select 1;select 2;", &["--format", "parquet"]);
    assert!(code == Some(1) && err.contains("one answer"), "{err}");
    let (code, _, err) = run("\\dance", &[]);
    assert!(code == Some(1) && err.contains("\\?"), "{err}");
}

#[test]
fn with_a_running_program() {
    let log = Log::of_environment();
    let (data, sheets) = (folder(), folder());
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    program.ready();
    check_import(data.path(), sheets.path(), "running");
    check_sql(data.path());
    let (out, _) = run_to(0, data.path(), &["import", "--articles"]);
    assert_eq!(out.lines().count(), 5, "{out}");
    assert_eq!(count(data.path(), "statement where source not like 'running%'"), 82);
    program.stop();
}

#[test]
fn without_one() {
    let log = Log::embedded();
    let (data, sheets) = (folder(), folder());
    check_import(data.path(), sheets.path(), "alone");
    check_sql(data.path());
    let (out, _) = run_to(
        0,
        data.path(),
        &["sql", "select count(*) as n from ledger_statement", "--format", "csv", "--as-of", "2020-01-01"],
    );
    assert_eq!(out, "n\n0\n");
    // What was imported alone is there for the program, which finds the folder not new and loads nothing.
    let mut program = Program::up(&log, data.path(), &[]);
    program.ready();
    assert_eq!(count(data.path(), "ledger_statement"), 3);
    program.stop();
}

#[test]
fn users_are_added_changed_and_removed() {
    let (data, files) = (folder(), folder());
    let file = |name: &str, password: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, format!("{password}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (long, short) = (file("long", "học suốt đời"), file("short", "ngắn"));
    let user = |code: i32, arguments: &[&str]| run_to(code, data.path(), &[&["user"], arguments].concat());
    let add = ["add", "lan", "--role", "analyst", "--area", "24", "--password-file"];
    let (_, err) = user(1, &[&add[..], &[&short]].concat());
    assert!(err.contains("4 letters") && err.contains("at least 8"), "{err}");
    let (_, err) = user(1, &["add", "lan", "--role", "analyst"]);
    assert!(err.contains("--password-file"), "there is no terminal here: {err}");
    let (out, err) = user(0, &[&add[..], &[&long]].concat());
    assert!(out.is_empty() && err.contains("everybody logs in"), "{out}{err}");
    let (_, err) = user(1, &[&add[..], &[&long]].concat());
    assert!(err.contains("user passwd lan"), "{err}");
    let kept = || std::fs::read_to_string(data.path().join("users.toml")).unwrap();
    let before = kept();
    assert!(before.contains("SCRAM-SHA-256$") && !before.contains("học"), "{before}");
    user(0, &["passwd", "lan", "--password-file", &long]);
    assert_ne!(kept(), before, "the salt is another");
    let (out, _) = user(0, &["list"]);
    assert_eq!(out, "name  role      area\nlan   analyst   24\n");
    let (_, err) = user(1, &["remove", "minh"]);
    assert!(err.contains("user list"), "{err}");
    let (_, err) = user(0, &["remove", "lan"]);
    assert!(err.contains("no user is left"), "{err}");
    assert_eq!(user(0, &["list"]).0, "name  role      area\n");
}
