//! The users: a file beside the tables, `users.toml`.
//!
//! In: the file, and changes by `lantoa user`. Out: who somebody is, and what proves their password. Guarantee: the file
//! holds no password, is readable to its owner alone, and is replaced whole or not at all; a change counts for the next
//! login. A file that cannot be read lets nobody in.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use lantoa_roster::{List, Roster, RosterError};
use serde::Deserialize;

use super::{Asker, OWNER, Role, Verifier};

/// Longest name of a user.
const MOST_LETTERS: usize = 63;

const HEAD: &str = "# Who may ask. Changed by `lantoa user`; it holds no password, only what proves one.\n";

/// The users cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not as `lantoa user` writes it.
    #[error("{} is not right: {why}; mend it, or put it aside and add the users anew with `lantoa user add`", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The name cannot be one.
    #[error(
        "'{name}' cannot be a user's name: take small letters, digits, '.', '_' and '-', beginning with a letter, at most \
         {MOST_LETTERS}; '{OWNER}' is whoever owns the data folder"
    )]
    Name {
        /// The name given.
        name: String,
    },
    /// The area cannot be one.
    #[error("area '{code}' is no code of a province (such as 24) or a commune (such as 07513): see the table area")]
    Area {
        /// The code given.
        code: String,
    },
    /// Somebody has the name.
    #[error("there is a user '{name}' already: `lantoa user passwd {name}` sets another password")]
    Taken {
        /// The name.
        name: String,
    },
    /// Nobody has the name.
    #[error("there is no user '{name}': `lantoa user list` shows who there is")]
    Nobody {
        /// The name.
        name: String,
    },
}

/// A user as the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What they are trusted with.
    pub role: Role,
    /// The area that all they see lies in.
    pub area: Option<String>,
    /// What proves their password.
    pub verifier: Verifier,
}

impl From<RosterError> for UsersError {
    fn from(error: RosterError) -> Self {
        match error {
            RosterError::Io { action, path, source } => Self::Io { action, path, source },
            RosterError::Content { path, why } => Self::Content { path, why },
        }
    }
}

/// All users of a data folder. While the file cannot be read nobody is let in, and loopback is nobody's.
#[derive(Debug)]
pub struct Users {
    roster: Roster<Everyone>,
}

/// What the file holds: users by name.
#[derive(Debug, Default)]
struct Everyone(BTreeMap<String, User>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    user: BTreeMap<String, UserText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserText {
    role: Role,
    area: Option<String>,
    verifier: String,
}

impl Users {
    /// The users of a file, which need not exist yet.
    ///
    /// # Errors
    /// [`UsersError::Io`], [`UsersError::Content`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, UsersError> {
        Ok(Self { roster: Roster::open(path)? })
    }

    /// Whether there is any user: then everybody has to log in.
    pub fn any(&self) -> bool {
        self.now().is_none_or(|users| !users.0.is_empty())
    }

    /// What proves a user's password.
    pub fn verifier(&self, name: &str) -> Option<Verifier> {
        self.now()?.0.get(name).map(|user| user.verifier.clone())
    }

    /// A user who has proved their password.
    pub fn asker(&self, name: &str) -> Option<Asker> {
        self.now()?.0.get(name).map(|user| user.asker(name))
    }

    /// The user of a name and a password. Takes as long where there is no such name.
    pub fn check_password(&self, name: &str, password: &str) -> Option<Asker> {
        let users = self.now();
        let user = users.as_ref().and_then(|users| users.0.get(name));
        let fits = user.map_or_else(Verifier::of_nobody, |user| user.verifier.clone()).fits(password);
        user.filter(|_| fits).map(|user| user.asker(name))
    }

    /// All users by name.
    pub fn list(&self) -> Vec<(String, User)> {
        let users = self.now();
        users.iter().flat_map(|users| &users.0).map(|(name, user)| (name.clone(), user.clone())).collect()
    }

    /// Adds a user.
    ///
    /// # Errors
    /// Any [`UsersError`] but [`UsersError::Nobody`].
    pub fn add(&self, name: &str, user: User) -> Result<(), UsersError> {
        check_name(name)?;
        if let Some(code) = &user.area {
            check_area(code)?;
        }
        self.change(|users| match users.insert(name.to_owned(), user) {
            None => Ok(()),
            Some(_) => Err(UsersError::Taken { name: name.to_owned() }),
        })
    }

    /// Sets a user's password.
    ///
    /// # Errors
    /// [`UsersError::Nobody`], [`UsersError::Io`], [`UsersError::Content`].
    pub fn set_verifier(&self, name: &str, verifier: Verifier) -> Result<(), UsersError> {
        self.change(|users| match users.get_mut(name) {
            Some(user) => {
                user.verifier = verifier;
                Ok(())
            }
            None => Err(UsersError::Nobody { name: name.to_owned() }),
        })
    }

    /// Removes a user; how many are left.
    ///
    /// # Errors
    /// [`UsersError::Nobody`], [`UsersError::Io`], [`UsersError::Content`].
    pub fn remove(&self, name: &str) -> Result<usize, UsersError> {
        self.change(|users| match users.remove(name) {
            Some(_) => Ok(users.len()),
            None => Err(UsersError::Nobody { name: name.to_owned() }),
        })
    }

    /// The users as the file has them now; `None` where it cannot be read.
    fn now(&self) -> Option<Arc<Everyone>> {
        self.roster.now().ok()
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, User>) -> Result<T, UsersError>,
    ) -> Result<T, UsersError> {
        self.roster.change(|users| change(&mut users.0))
    }
}

impl List for Everyone {
    fn read(text: &str) -> Result<Self, String> {
        let file: FileText = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let users = file.user.into_iter().map(|(name, UserText { role, area, verifier })| {
            check_name(&name).map_err(|error| error.to_string())?;
            if let Some(code) = &area {
                check_area(code).map_err(|error| format!("user {name}: {error}"))?;
            }
            let verifier = verifier.parse::<Verifier>().map_err(|error| format!("the verifier of {name} {error}"))?;
            Ok((name, User { role, area, verifier }))
        });
        users.collect::<Result<_, String>>().map(Self)
    }

    /// All that stands between quotes has letters that need no escape: the checks see to it.
    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (name, User { role, area, verifier }) in &self.0 {
            let area = area.as_ref().map(|code| format!("area = \"{code}\"\n")).unwrap_or_default();
            text += &format!("\n[user.\"{name}\"]\nrole = \"{role}\"\n{area}verifier = \"{verifier}\"\n");
        }
        text
    }
}

impl User {
    fn asker(&self, name: &str) -> Asker {
        Asker { name: name.into(), role: self.role, area: self.area.as_deref().map(Into::into), ..Asker::owner() }
    }
}

fn check_name(name: &str) -> Result<(), UsersError> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
    match begins && letters && name.len() <= MOST_LETTERS && name != OWNER {
        true => Ok(()),
        false => Err(UsersError::Name { name: name.to_owned() }),
    }
}

/// An area may come by an event, so only the form of its code is known here.
fn check_area(code: &str) -> Result<(), UsersError> {
    match matches!(code.len(), 2 | 5) && code.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(()),
        false => Err(UsersError::Area { code: code.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn user(role: Role, area: Option<&str>) -> User {
        User { role, area: area.map(str::to_owned), verifier: Verifier::of("a long password").unwrap() }
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/users.toml");
        (folder, path)
    }

    #[test]
    fn what_one_program_changes_another_sees() {
        let (_folder, path) = file();
        let (served, changed) = (Users::open(&path).unwrap(), Users::open(&path).unwrap());
        assert!(!served.any());
        changed.add("lan", user(Role::Analyst, Some("24"))).unwrap();
        changed.add("minh.t", user(Role::Admin, None)).unwrap();
        assert!(served.any());
        let lan = served.check_password("lan", "a long password").unwrap();
        assert_eq!((&*lan.name, lan.role, lan.area.as_deref()), ("lan", Role::Analyst, Some("24")));
        assert_eq!(served.check_password("lan", "another password"), None);
        assert_eq!(served.check_password("nobody", "a long password"), None);
        assert_eq!(served.verifier("lan"), changed.verifier("lan"));
        let other = Verifier::of("another password").unwrap();
        changed.set_verifier("lan", other).unwrap();
        assert_eq!(served.check_password("lan", "another password"), Some(lan));
        assert_eq!(changed.remove("lan").unwrap(), 1);
        assert_eq!(served.asker("lan"), None);
        assert_eq!(changed.remove("minh.t").unwrap(), 0);
        assert!(!served.any());
    }

    #[test]
    fn the_file_holds_no_password_and_is_its_owners_alone() {
        let (_folder, path) = file();
        Users::open(&path).unwrap().add("lan", user(Role::Analyst, None)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("SCRAM-SHA-256$4096:") && !text.contains("a long password"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for file in [path.clone(), path.with_extension("lock")] {
                assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
            }
        }
        assert!(!path.with_extension("tmp").exists());
    }

    #[test]
    fn a_broken_file_lets_nobody_in() {
        let (_folder, path) = file();
        let users = Users::open(&path).unwrap();
        users.add("lan", user(Role::Analyst, None)).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        for (broken, says) in [
            (good.replace("analyst", "boss"), "boss"),
            (good.replace("$4096", ""), "verifier of lan"),
            (good.replace("\"lan\"", "\"Lan!\""), "Lan!"),
            (format!("{good}password = 'x'\n"), "password"),
        ] {
            fs::write(&path, broken).unwrap();
            assert!(users.any() && users.check_password("lan", "a long password").is_none(), "{says}");
            let error = Users::open(&path).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        fs::write(&path, good).unwrap();
        assert!(users.check_password("lan", "a long password").is_some());
    }

    #[test]
    fn names_and_areas_are_checked_and_nobody_is_added_twice() {
        let (_folder, path) = file();
        let users = Users::open(&path).unwrap();
        for name in ["", "Lan", "1st", "a b", "a:b", "a\"b", "owner", &"a".repeat(64)] {
            assert!(matches!(users.add(name, user(Role::Admin, None)), Err(UsersError::Name { .. })), "{name}");
        }
        for code in ["", "2", "002", "Hà Nội", "2\""] {
            let refused = users.add("lan", user(Role::Analyst, Some(code)));
            assert!(matches!(refused, Err(UsersError::Area { .. })), "{code}");
        }
        assert!(!path.exists());
        users.add("lan", user(Role::Analyst, None)).unwrap();
        assert!(matches!(users.add("lan", user(Role::Admin, None)), Err(UsersError::Taken { .. })));
        assert_eq!(users.list()[0].1.role, Role::Analyst);
        assert!(matches!(users.remove("minh"), Err(UsersError::Nobody { .. })));
        let verifier = Verifier::of("a long password").unwrap();
        assert!(matches!(users.set_verifier("minh", verifier), Err(UsersError::Nobody { .. })));
    }
}
