//! Who may send: tokens from the command line to the door, while the program runs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::flow::{http_of, post};
use crate::harness::{Program, count, folder, lantoa, run_to, until};
use crate::log::Log;

const GIANG: &str = "province/24@2024-12-31";

/// Makes a token and gives what is printed.
#[track_caller]
fn created(data: &Path, arguments: &[&str]) -> String {
    let (out, err) = run_to(0, data, &[&["token", "create"][..], arguments].concat());
    let token = out.trim_end().to_owned();
    assert!(token.starts_with("lantoa_") && token.lines().count() == 1, "{out}{err}");
    token
}

fn event(id: &str, level: &str, code: &str, day: &str) -> Value {
    let data = json!({
        "source": "bac-giang-2024", "stated_on": "2025-08-20", "area_level": level, "area_code": code, "area_date": day,
        "fact": "actual", "measure": "learning_family", "stage": "recognised", "subject_scope": "household",
        "period": "2024", "as_at": "2024", "span": "stock", "base": "all", "numerator": 1000, "denominator": 2000
    });
    let kind = "vn.lantoa.statement.stated.v1";
    json!({"specversion": "1.0", "id": id, "source": "/province/24", "type": kind, "data": data})
}

/// Sends events with a token: status and body.
fn send(http: &str, token: &str, events: &[Value]) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = reqwest::Client::new().post(format!("http://{http}/v1/events")).bearer_auth(token);
        let answer = request.header("content-type", "application/json").body(Value::from(events).to_string());
        let answer = answer.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    })
}

/// A sheet with a row of Bắc Giang.
fn sheet(folder: &Path) -> PathBuf {
    let path = folder.join("bac-giang.csv");
    let header = lantoa_schemas::form::STATEMENT.columns.join(",");
    let row = "bac-giang-2023,2024-10-02,province,24,2024-10-02,Bắc Giang,actual,learning_family,recognised,household,2023,\
               2023-12-31,stock,all,100000,exact,200000,,,,,";
    std::fs::write(&path, format!("{header}\n{row}\n")).unwrap();
    path
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let data = folder();
    let arguments = ["bac-giang", "--area", GIANG, "--families", "statement,activity", "--through-changes"];
    let token = created(data.path(), &arguments);
    created(data.path(), &["bo-gd-dt", "--nation", "--families", "statement,reference", "--note", "Vụ \"GDTX\""]);
    let (out, _) = run_to(0, data.path(), &["token", "list"]);
    assert!(
        out.contains("bac-giang") && out.contains("statement,activity of province/24@2024-12-31, through changes"),
        "{out}"
    );
    assert!(out.contains("statement,reference of the nation; Vụ \"GDTX\""), "{out}");
    assert!(!out.contains(&token), "{out}");
    for (arguments, code, word) in [
        (&["create", "bac-giang", "--area", GIANG, "--families", "statement"][..], 1, "revoke bac-giang"),
        (&["create", "Bắc Giang", "--area", GIANG, "--families", "statement"], 2, "small letters"),
        (&["create", "a", "--area", "province/99@2024-12-31", "--families", "statement"], 2, "province/99"),
        (&["create", "a", "--area", "province/02@2025-08-01", "--families", "statement"], 2, "Hà Giang"),
        (&["create", "a", "--area", GIANG, "--families", "reference"], 2, "--nation"),
        (&["create", "a", "--nation", "--families", "statement", "--expires", "2024-01-01"], 2, "--expires"),
        (&["revoke", "nobody"], 1, "nobody"),
    ] {
        let (out, err) = run_to(code, data.path(), &[&["token"][..], arguments].concat());
        assert!(out.is_empty() && err.contains(word), "{arguments:?}: {out}{err}");
    }
    run_to(0, data.path(), &["token", "revoke", "bac-giang"]);
    let (out, _) = run_to(0, data.path(), &["token", "list"]);
    assert!(out.lines().any(|line| line.starts_with("bac-giang") && line.contains("revoked")), "{out}");
    let text = std::fs::read_to_string(data.path().join("senders.toml")).unwrap();
    assert!(!text.contains(&token) && !text.contains(&token[7..]), "{text}");
}

#[test]
fn a_token_of_one_province_reports_for_no_other() {
    let log = Log::of_environment();
    let (data, files) = (folder(), folder());
    let settings = files.path().join("lantoa.toml");
    std::fs::write(&settings, "[ingest]\ntokens = 'required'\n").unwrap();
    let flags = ["--empty", "--config", settings.to_str().unwrap()];
    let mut program = Program::up(&log, data.path(), &flags);
    let http = http_of(&program.ready());
    let arguments = ["bac-giang", "--area", GIANG, "--families", "statement", "--through-changes"];
    let token = created(data.path(), &arguments);

    let unknown =
        post(&http, "/v1/events", "application/json", event("x", "province", "24", "2024-12-31").to_string().into());
    assert_eq!(unknown.unwrap().status, 401);
    let events = [
        event("before", "province", "24", "2024-12-31"),
        event("after", "commune", "07210", "2025-08-01"),
        event("ninh", "province", "24", "2025-08-01"),
        event("former-ninh", "province", "27", "2024-12-31"),
    ];
    let (status, answer) = send(&http, &token, &events);
    let refused: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| error["row"].clone()).collect();
    assert_eq!((status, refused), (207, vec![json!(3), json!(4)]), "{answer}");

    // A file goes in by the same token, which is in a file or in the environment.
    let sheet = sheet(files.path());
    let sheet = sheet.to_str().unwrap();
    let (_, err) = run_to(1, data.path(), &["import", sheet]);
    assert!(err.contains("Authorization"), "{err}");
    let secret = files.path().join("token");
    std::fs::write(&secret, format!("{token}\n")).unwrap();
    let (out, err) = run_to(0, data.path(), &["import", sheet, "--token-file", secret.to_str().unwrap()]);
    assert!(out.contains("1 rows accepted"), "{out}{err}");
    let output = lantoa(data.path(), &["import", sheet]).env("LANTOA_TOKEN", &token).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(count(data.path(), "ledger_statement where sender = 'bac-giang'"), 3);
    until("the receipts", || (count(data.path(), "receipt where sender = 'bac-giang'") == 2).then_some(()));
    assert_eq!(count(data.path(), "ledger_statement where sender <> 'bac-giang'"), 0);

    run_to(0, data.path(), &["token", "revoke", "bac-giang"]);
    let (status, answer) = send(&http, &token, &[event("late", "province", "24", "2024-12-31")]);
    assert_eq!(status, 401, "{answer}");
    program.stop();
}
