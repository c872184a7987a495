//! Which command lines are taken, and which are refused with what.

use super::*;
use clap::CommandFactory;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn what_is_asked_is_understood_or_refused() {
    // arguments, whether they are right, a word that a refusal must have
    let cases: &[(&[&str], bool, &str)] = &[
        (&[], true, ""),
        (&["up", "--empty", "--data", "x"], true, ""),
        (&["--data", "x", "up", "--http", "localhost:0", "--kafka-port", "0"], true, ""),
        (&["up", "--http", "0.0.0.0:7080"], false, "TLS"),
        (&["up", "--http", "7080"], false, "127.0.0.1:7080"),
        (&["up", "--postgres", "0.0.0.0:7432"], true, ""),
        (&["up", "--intake", "0.0.0.0:7443"], true, ""),
        (&["up", "--intake", "7443"], false, "127.0.0.1:7432"),
        (&["serve", "ingest", "--kafka", "a:1", "--http", "0.0.0.0:7443"], true, ""),
        (&["up", "--postgres", "7432"], false, "127.0.0.1:7432"),
        (&["serve", "query", "--postgres", "localhost:0"], true, ""),
        (&["up", "--kafka", "a:1", "--kafka-port", "2"], false, "--kafka-port"),
        (&["serve", "projector"], false, "--kafka"),
        (&["serve", "query"], true, ""),
        (&["serve", "broker", "--kafka", "a:1"], false, "projector"),
        (&["sql", "select 1", "--format", "xml"], false, "ndjson"),
        (&["sql", "select 1", "--as-of", "2024-13-01"], false, "YYYY-MM-DD"),
        (&["sql", "select 1", "--map", "as_reported", "--as-of", "2024-10-15"], true, ""),
        (&["sql"], true, ""),
        (&["sql", "select 1", "--format", "xlsx", "--out", "a.xlsx"], true, ""),
        (&["sql", "--bom", "--format", "tsv"], true, ""),
        (&["import"], false, "FILE"),
        (&["import", "--articles"], true, ""),
        (&["import", "a.csv", "--form", "census"], false, "statement"),
        (&["import", "a.csv", "--returned", "b.xlsx"], true, ""),
        (&["import", "--articles", "--returned", "b.xlsx"], false, "--articles"),
        (&["template", "statement", "--date", "2025-07-01", "--area", "24", "--out", "a.xlsx"], true, ""),
        (&["template", "census"], false, "statement"),
        (&["template"], false, "FORM"),
        (&["receipt", "3f2a", "--wait", "5", "--format", "json"], true, ""),
        (&["receipt"], false, "KEY"),
        (&["receipt", "3f2a", "--format", "csv"], false, "words"),
        (&["rejects", "list", "--receipt", "3f2a", "--sender", "local", "--since", "2026-01-10", "--all"], true, ""),
        (&["rejects", "list", "--since", "10/01/2026"], false, "YYYY-MM-DD"),
        (&["rejects", "show"], false, "ID"),
        (&["rejects", "fix", "r-1", "numerator=5", "quote=a=b", "base="], true, ""),
        (&["rejects", "fix", "r-1"], false, "FIELD=VALUE"),
        (&["rejects", "fix", "r-1", "numerator"], false, "numerator=138068"),
        (&["rejects", "replay", "r-1", "r-2"], true, ""),
        (&["rejects", "replay", "--receipt", "3f2a"], true, ""),
        (&["rejects", "replay", "r-1", "--receipt", "3f2a"], false, "--receipt"),
        (&["rejects", "replay"], false, "ID"),
        (&["correct", "e-1", "numerator=5", "--reason", "a slip"], true, ""),
        (&["correct", "e-1", "numerator=5"], false, "--reason"),
        (&["correct", "e-1", "--reason", "a slip"], false, "FIELD=VALUE"),
        (&["retract", "e-1", "--reason", "counted twice"], true, ""),
        (&["retract", "e-1"], false, "--reason"),
        (&["token-subject"], false, "--new-key"),
        (&["token-subject", "--new-key", "a.key"], true, ""),
        (&["token-subject", "--key", "a.key"], true, ""),
        (&["token-subject", "--key", "a.key", "--new-key", "b.key"], false, "--key"),
        (&["token-subject", "--key", "a.key", "a.csv"], false, "--column"),
        (&["token-subject", "--key", "a.key", "a.csv", "--column", "CCCD"], false, "--out"),
        (&["token-subject", "--key", "a.key", "--column", "CCCD", "--out", "b.csv"], false, "SHEET.csv"),
        (&["token-subject", "--key", "k", "a.csv", "--column", "CCCD", "--drop", "A,B", "--out", "b.csv"], true, ""),
        (&["rebuild"], true, ""),
        (&["verify"], true, ""),
        (&["verify", "--kafka", "a:1", "--at-once", "3"], true, ""),
        (&["verify", "--at-once", "many"], false, "many"),
        (&["user", "add", "lan", "--role", "analyst", "--area", "24"], true, ""),
        (&["user", "add", "lan"], false, "--role"),
        (&["user", "add", "lan", "--role", "boss"], false, "admin, analyst or reader"),
        (&["user", "add", "lan", "--role", "reader"], true, ""),
        (&["release", "create", "LLW-2025", "--as-of", "2025-10-20", "--map", "2025-07-01"], true, ""),
        (&["release", "create", "LLW-2025"], false, "--as-of"),
        (&["release", "create", "LLW-2025@1", "--as-of", "2025-10-20"], false, "LLW-2025@1"),
        (&["release", "create", "L", "--as-of", "2025-10-20", "--embargo", "soon"], false, "YYYY-MM-DD"),
        (&["release", "list"], true, ""),
        (&["release", "show", "LLW-2025@1", "--check"], true, ""),
        (&["release", "diff", "LLW-2025@1.0.0", "LLW-2025@1.0.1", "--format", "csv"], true, ""),
        (&["release", "diff", "L@1", "L@2", "--map", "2025-07-01", "--out", "a.xlsx"], true, ""),
        (&["release", "diff", "L@1", "L@2", "--map", "new"], false, "YYYY-MM-DD"),
        (&["release", "diff", "L@1"], false, "LATER"),
        (&["release", "withdraw", "LLW-2025@1.0.0"], false, "--reason"),
        (&["sql", "select 1", "--release", "LLW-2025@1", "--map", "2025-07-01"], true, ""),
        (&["sql", "select 1", "--release", "LLW-2025@1", "--as-of", "2025-10-20"], false, "--as-of"),
        (&["sql", "select 1", "--release", "LLW 2025"], false, "LLW-2025@1.0.2"),
        (&["report", "learning-week", "--year", "2025"], true, ""),
        (&["report", "learning-week"], false, "--year"),
        (&["report", "learning-week", "--year", "25"], false, "1900..=2100"),
        (&["report", "reminders", "--year", "2025", "--area", "24", "--area", "Hà Nội", "--format", "pdf"], true, ""),
        (&["report", "learning-week", "--year", "2025", "--lang", "fr"], false, "en"),
        (&["report", "learning-week", "--year", "2025", "--format", "odt"], false, "docx"),
        (&["report"], false, "learning-week"),
        (&["schedule"], true, ""),
        (&["schedule", "once", "--data", "x"], true, ""),
        (&["schedule", "history", "--format", "csv"], true, ""),
        (&["schedule", "run", "learning-week", "--at", "2026-10-21T06:00:00+07:00"], true, ""),
        (&["schedule", "run", "learning-week", "--at", "2026-10-21"], false, "+07:00"),
        (&["schedule", "run"], false, "NAME"),
        (
            &["token", "create", "bac-giang", "--area", "province/24@2024-12-31", "--families", "statement,activity"],
            true,
            "",
        ),
        (
            &["token", "create", "--area", "province/24@2024-12-31", "--families", "statement,activity", "bac-giang"],
            true,
            "",
        ),
        (&["token", "create", "--families", "statement", "--area", "province/24@2024-12-31", "bac-giang"], true, ""),
        (
            &[
                "token",
                "create",
                "a",
                "--area",
                "province/24@2024-12-31",
                "--area",
                "province/27@2024-12-31",
                "--through-changes",
                "--families",
                "statement",
                "--expires",
                "2026-12-31",
                "--note",
                "x",
            ],
            true,
            "",
        ),
        (&["token", "create", "a", "--nation", "--families", "statement,reference"], true, ""),
        (&["token", "create", "a", "--families", "statement"], false, "--area"),
        (&["token", "create", "a", "--nation"], false, "--families"),
        (
            &["token", "create", "a", "--nation", "--area", "province/24@2024-12-31", "--families", "statement"],
            false,
            "--nation",
        ),
        (&["token", "create", "a", "--area", "24", "--families", "statement"], false, "LEVEL/CODE@DAY"),
        (&["token", "create", "a", "--nation", "--families", "figures"], false, "statement"),
        (&["token", "list"], true, ""),
        (&["token", "revoke"], false, "NAME"),
        (&["import", "a.csv", "--token-file", "x"], true, ""),
        (&["import", "a.csv", "--token", "lantoa_x"], false, "--token"),
        (&["user", "passwd", "lan", "--password-file", "x"], true, ""),
        (&["user"], false, "passwd"),
        (&["fly"], false, "fly"),
    ];
    for (arguments, right, word) in cases {
        let parsed = Cli::try_parse_from([&["lantoa"], *arguments].concat());
        match parsed {
            Ok(_) => assert!(right, "{arguments:?} should be refused"),
            Err(error) => {
                assert!(!right && error.exit_code() == 2, "{arguments:?}: {error}");
                assert!(error.to_string().contains(word), "{arguments:?}: {error}");
            }
        }
    }
}

#[test]
fn up_without_flags_is_the_default() {
    let Some(Command::Up(parsed)) = Cli::try_parse_from(["lantoa", "up"]).unwrap().command else { panic!() };
    let default = UpArgs::default();
    assert_eq!((parsed.http, parsed.kafka_port), (default.http, default.kafka_port));
    assert_eq!((parsed.postgres, parsed.intake), (default.postgres, default.intake));
}
