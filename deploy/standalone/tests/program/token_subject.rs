//! `token-subject`: ids from standard input or a sheet to tokens, and a sheet of tokens on to the log.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use crate::harness::{folder, lantoa, run_to};

/// What it answers to ids on standard input: exit code, standard output, standard error.
fn asked(data: &Path, key: &str, ids: &str) -> (Option<i32>, String, String) {
    let mut child = lantoa(data, &["--log", "trace", "token-subject", "--key", key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A key that is refused ends it before it reads.
    let _ = child.stdin.take().unwrap().write_all(ids.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn one_key_gives_one_token_and_another_key_another() {
    let (data, keys) = (folder(), folder());
    let path = |name: &str| keys.path().join(name).to_str().unwrap().to_owned();
    let (key, other) = (path("a.key"), path("b.key"));
    for key in [&key, &other] {
        let (out, _) = run_to(0, data.path(), &["token-subject", "--new-key", key]);
        assert_eq!(out, "");
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let secret = std::fs::read_to_string(&key).unwrap();
    let secret = secret.trim_end().rsplit_once(':').unwrap().1;
    let ids = "001203012345\n001 203 012 345\nHV-0012\n";
    let (code, out, err) = asked(data.path(), &key, ids);
    let tokens: Vec<&str> = out.lines().collect();
    assert_eq!((code, tokens.len()), (Some(0), 3), "{err}");
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[0], tokens[2]);
    assert!(tokens.iter().all(|token| token.starts_with("st_") && token.len() >= 16));
    assert_eq!(asked(data.path(), &key, ids).1, out, "the same key, the same tokens");
    assert!(asked(data.path(), &other, ids).1.lines().all(|token| !tokens.contains(&token)));
    for said in [&out, &err] {
        assert!(!said.contains("001203012345") && !said.contains("HV-0012") && !said.contains(secret), "{said}");
    }

    let (code, out, err) = asked(data.path(), &key, "001203012345\n\n");
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("line 2 is blank") && !err.contains("001203012345"), "{err}");
    let (_, err) = run_to(1, data.path(), &["token-subject", "--new-key", &key]);
    assert!(err.contains("not replaced"), "{err}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, out, err) = asked(data.path(), &key, ids);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("others may read") && !err.contains(secret), "{err}");
}

#[test]
fn a_sheet_of_persons_becomes_one_of_tokens() {
    let (data, place) = (folder(), folder());
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (key, sheet, out) = (path("a.key"), path("members.csv"), path("sent.csv"));
    run_to(0, data.path(), &["token-subject", "--new-key", &key]);
    std::fs::write(&sheet, "Họ và tên;CCCD;Ngày\nNguyễn Văn An;001203012345;2024-10-02\n").unwrap();
    let column: [&str; 8] = ["token-subject", "--key", &key, &sheet, "--column", "CCCD", "--out", &out];
    let (_, err) = run_to(2, data.path(), &column);
    assert!(err.contains("Họ và tên") && err.contains("--drop") && !err.contains("Nguyễn"), "{err}");
    assert!(!Path::new(&out).exists());
    let (said, err) = run_to(0, data.path(), &[&column[..], &["--drop", "Họ và tên"]].concat());
    assert!(said.is_empty() && err.contains("1 rows"), "{err}");
    let made = std::fs::read_to_string(&out).unwrap();
    let (code, token, _) = asked(data.path(), &key, "001203012345");
    assert_eq!((code, made), (Some(0), format!("subject_token;Ngày\n{};2024-10-02\n", token.trim_end())));
    let (_, err) = run_to(2, data.path(), &["token-subject", "--key", &key, "001203012345"]);
    assert!(!err.contains("001203012345"), "{err}");
}
