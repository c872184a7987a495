//! What is wrong with a call is said, with exit code 2 where the call is wrong and 1 where the world is.

use crate::harness::{folder, run_to};

#[test]
fn help_teaches() {
    let data = folder();
    let (out, _) = run_to(0, data.path(), &["--help"]);
    for word in ["Examples:", "Exit codes:", "lantoa sql", "LANTOA_DATA"] {
        assert!(out.contains(word), "{word} is not in\n{out}");
    }
    assert!(!out.contains("  broker "), "the child's command is nobody's business:\n{out}");
    for command in ["up", "serve", "sql", "import", "template", "status", "verify", "report", "schedule"] {
        run_to(0, data.path(), &[command, "--help"]);
    }
}

#[test]
fn wrong_use_ends_with_2_and_a_word() {
    let data = folder();
    let absent = data.path().join("absent.toml");
    let unknown = data.path().join("unknown.toml");
    std::fs::write(&unknown, "[ingest]\nspeed = 1\n").unwrap();
    let misspelt = data.path().join("misspelt.toml");
    std::fs::write(&misspelt, "[http]\nwrite_timout = 1\n").unwrap();
    let cases: [(&[&str], &str); 15] = [
        (&["sql", "select 1", "--bom", "--format", "json"], "--bom goes with csv and tsv"),
        (&["fly"], "fly"),
        (&["up", "--http", "0.0.0.0:0"], "TLS"),
        (&["serve", "ingest"], "--kafka"),
        (&["serve", "ingest", "--kafka", "a:1", "--http", "0.0.0.0:0"], "tokens = \"required\""),
        (&["serve", "query", "--http", "0.0.0.0:0"], "proxy"),
        (&["up", "--intake", "0.0.0.0:0", "--http", "127.0.0.1:0", "--postgres", "127.0.0.1:0"], "tls_certificate"),
        (&["status", "--config", misspelt.to_str().unwrap()], "write_timout"),
        (&["sql", "select 1", "--as-of", "yesterday"], "YYYY-MM-DD"),
        (&["up", "--fault", "never"], "never"),
        (&["status", "--config", absent.to_str().unwrap()], "absent.toml"),
        (&["status", "--config", unknown.to_str().unwrap()], "speed"),
        (&["template", "census"], "known forms: statement"),
        (&["template", "statement", "--date", "2999-01-01"], "to today"),
        (&["template", "statement", "--date", "2026-01-10", "--area", "02"], "no area has the code 02 on 2026-01-10"),
    ];
    for (arguments, word) in cases {
        let (out, err) = run_to(2, data.path(), arguments);
        assert!(out.is_empty() && err.contains(word), "{arguments:?}: {err}");
    }
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let data = folder();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let port = address.port().to_string();
    let (_, err) = run_to(
        1,
        data.path(),
        &["up", "--empty", "--http", &address.to_string(), "--postgres", "127.0.0.1:0", "--kafka-port", "0"],
    );
    assert!(err.contains("--http"), "{err}");
    let (_, err) = run_to(
        1,
        data.path(),
        &["up", "--empty", "--http", "127.0.0.1:0", "--postgres", "127.0.0.1:0", "--kafka-port", &port],
    );
    assert!(err.contains("--kafka-port") && err.contains(&port), "{err}");
}

#[test]
fn an_absent_folder_is_said_to_be_absent() {
    let data = folder();
    let absent = data.path().join("absent");
    let (_, err) = run_to(1, &absent, &["sql", "select 1"]);
    assert!(err.contains("lantoa up"), "{err}");
    let (_, err) = run_to(1, &absent, &["verify"]);
    assert!(err.contains("lantoa up"), "{err}");
    let (out, _) = run_to(0, &absent, &["status"]);
    assert!(out.contains("not running") && out.contains("no tables yet"), "{out}");
    assert!(!absent.exists(), "looking makes nothing");
}

#[test]
fn a_form_is_written_without_data_and_goes_where_it_is_told() {
    let (data, forms) = (folder(), folder());
    let path = forms.path().join("form.xlsx");
    let to = path.to_str().unwrap();
    let absent = data.path().join("absent");
    let (out, err) =
        run_to(0, &absent, &["template", "statement", "--date", "2026-01-10", "--area", "24", "--out", to]);
    assert!(out.contains("form.xlsx") && out.contains("2026-01-10") && err.is_empty(), "{out}{err}");
    let first = std::fs::read(&path).unwrap();
    assert!(first.starts_with(b"PK"));
    let (_, err) = run_to(1, &absent, &["template", "statement", "--out", to]);
    assert!(err.contains("is there already") && std::fs::read(&path).unwrap() == first, "it may be filled: {err}");
    let again = forms.path().join("again.xlsx");
    let again_to = again.to_str().unwrap();
    run_to(0, &absent, &["template", "statement", "--date", "2026-01-10", "--area", "24", "--out", again_to]);
    assert!(std::fs::read(&again).unwrap() == first, "the same form is the same file");
    let (_, err) = run_to(1, &absent, &["template", "statement", "--out", "/absent/form.xlsx"]);
    assert!(err.contains("/absent/form.xlsx"), "{err}");
    assert!(!absent.exists(), "writing a form makes no data folder");
}
