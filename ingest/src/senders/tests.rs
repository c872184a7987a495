use std::fs;

use tempfile::TempDir;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/senders.toml");
    (folder, path)
}

fn of_giang(name: &str) -> NewToken {
    let areas = vec!["province/24@2024-12-31".parse().unwrap()];
    let families = [Family::Statement, Family::Activity].into_iter().collect();
    let grant = Grant { families, areas: Scope::Areas { areas, through_changes: true } };
    NewToken { name: name.to_owned(), grant, expires: None, note: None }
}

const TODAY: &str = "2026-01-15";

#[test]
fn a_token_is_its_senders_until_it_is_revoked_or_runs_out() {
    let (_folder, path) = file();
    let (served, changed) = (Senders::at(&path), Senders::at(&path));
    let today = day(TODAY);
    assert_eq!(served.sender(Some("lantoa_x"), today), Err(Refused::Unknown));
    let token = changed.create(of_giang("bac-giang"), today).unwrap();
    assert!(token.starts_with("lantoa_") && token.len() == 7 + 43, "{token}");
    let sender = served.sender(Some(&token), today).unwrap();
    assert_eq!(sender, Sender { name: "bac-giang".to_owned(), grant: of_giang("").grant });
    for (other, refused) in [
        (None, Refused::NoToken),
        (Some(""), Refused::Unknown),
        (Some(&token[..49]), Refused::Unknown),
        (Some("bac-giang"), Refused::Unknown),
    ] {
        assert_eq!(served.sender(other, today), Err(refused));
    }
    assert!(matches!(changed.create(of_giang("bac-giang"), today), Err(SendersError::Taken { .. })));
    changed.revoke("bac-giang", today).unwrap();
    assert_eq!(served.sender(Some(&token), today), Err(Refused::Revoked("bac-giang".to_owned())));
    assert!(matches!(changed.revoke("bac-giang", today), Err(SendersError::Nobody { .. })));
    // The name goes on with another token, the old one stays on the list.
    let short =
        NewToken { expires: Some(today), note: Some("của \"Sở\" \\ 2026".to_owned()), ..of_giang("bac-giang") };
    let next = changed.create(short.clone(), today).unwrap();
    assert_eq!(served.sender(Some(&next), today).unwrap().name, "bac-giang");
    assert_eq!(served.sender(Some(&token), today), Err(Refused::Revoked("bac-giang".to_owned())));
    assert_eq!(served.sender(Some(&next), day("2026-01-16")), Err(Refused::Expired("bac-giang".to_owned())));
    let listed = served.list().unwrap();
    let told: Vec<_> = listed.iter().map(|entry| (entry.revoked, entry.expires, entry.note.clone())).collect();
    assert_eq!(told, [(Some(today), None, None), (None, Some(today), short.note)]);
    assert!(changed.create(of_giang("bac-giang"), day("2026-01-16")).is_ok(), "what has run out holds no name");
}

#[test]
fn the_file_holds_no_token() {
    let (_folder, path) = file();
    let senders = Senders::at(&path);
    let token = senders.create(of_giang("bac-giang"), day(TODAY)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&token[7..]), "{text}");
    assert!(text.contains(&TokenHash::of(&token).to_string()), "{text}");
    assert!(text.contains("areas = [\"province/24@2024-12-31\"]\nthrough_changes = true\n"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{:?}", senders.list().unwrap()).contains(&token[7..]));
}

#[test]
fn a_file_that_cannot_be_read_refuses_everybody() {
    let (_folder, path) = file();
    let senders = Senders::at(&path);
    let today = day(TODAY);
    let token = senders.create(of_giang("bac-giang"), today).unwrap();
    assert_eq!(senders.ready(), Ok(()));
    let good = fs::read_to_string(&path).unwrap();
    for (broken, says) in [
        (good.replace("statement", "statements"), "no family"),
        (good.replace("province/24", "town/24"), "town/24"),
        (good.replace("sha256 = \"", "sha256 = \"x"), "hexadecimal"),
        (good.replace("areas = ", "area = "), "area"),
        (good.replace("through_changes", "nation = true\nthrough_changes"), "either"),
        (good.replace("\"bac-giang\"", "\"local\""), "local"),
        ("[[token]]\nname = ".to_owned(), "senders.toml"),
    ] {
        fs::write(&path, &broken).unwrap();
        let Err(Refused::Unreadable(why)) = senders.sender(Some(&token), today) else { panic!("{broken}") };
        assert!(why.contains(says), "{why}");
        assert!(senders.ready().unwrap_err().contains(says));
        assert!(matches!(senders.create(of_giang("other"), today), Err(SendersError::File(_))));
    }
    fs::write(&path, good).unwrap();
    assert!(senders.sender(Some(&token), today).is_ok());
}

#[test]
fn what_cannot_be_a_token_is_refused() {
    let (_folder, path) = file();
    let senders = Senders::at(&path);
    let today = day(TODAY);
    for name in ["", "Lan", "1st", "a b", "a\"b", "local", &"a".repeat(64)] {
        assert!(matches!(senders.create(of_giang(name), today), Err(SendersError::Name { .. })), "{name}");
    }
    let mut nothing = of_giang("a");
    nothing.grant.families.clear();
    assert!(matches!(senders.create(nothing, today), Err(SendersError::NoFamily)));
    let mut reference = of_giang("a");
    reference.grant.families.insert(Family::Reference);
    assert!(matches!(senders.create(reference, today), Err(SendersError::Reference)));
    let note = NewToken { note: Some("two\nlines".to_owned()), ..of_giang("a") };
    assert!(matches!(senders.create(note, today), Err(SendersError::Note)));
    assert!(!path.exists());
}
