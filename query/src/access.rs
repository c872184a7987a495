//! Who asks, and what they may see.
//!
//! In: a name and a password, or the fact that somebody owns the data folder. Out: an [`Asker`], which every session is
//! opened for. Guarantee: no password is kept, only what proves it (`verifier`, `users`); what an asker may not see is
//! not there for them, whichever way they ask (`scope`, and `granted` in `catalog`).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod scope;
mod users;
mod verifier;

pub(crate) use scope::Scope;
pub use users::{User, Users, UsersError};
pub use verifier::{MIN_PASSWORD, PasswordError, Verifier};

/// How long whoever gave a wrong password waits for the answer, whichever way they ask.
pub(crate) const AFTER_WRONG_PASSWORD: Duration = Duration::from_millis(500);

/// The way of those who ask from within the program; what they ask is not recorded among what others do.
pub const WITHIN: &str = "program";

/// Name of whoever owns the data folder.
const OWNER: &str = "owner";

/// Columns that name a subject, or hold a record word for word, which may.
const WITHHELD: [&str; 2] = ["subject_token", "bytes"];

/// Whether a column is not there for somebody.
pub(crate) fn is_withheld(asker: &Asker, column: &str) -> bool {
    asker.role != Role::Admin && WITHHELD.contains(&column)
}

/// What somebody is trusted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but what names a subject.
    Analyst,
    /// What is released and public, and nothing else.
    Reader,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Analyst, Self::Reader];

    /// Its word in files, flags and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Reader => "reader",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Their name, as they log in.
    pub name: Arc<str>,
    /// What they are trusted with.
    pub role: Role,
    /// Code of the province or commune that all they see lies in; `None` for the whole nation.
    pub area: Option<Arc<str>>,
    /// The way by which they ask, for the log: `http`, `postgres`, or [`WITHIN`].
    pub face: &'static str,
}

impl Asker {
    /// Whoever owns the data folder, or sits on loopback where there are no users.
    pub fn owner() -> Self {
        Self { name: OWNER.into(), role: Role::Admin, area: None, face: WITHIN }
    }

    /// The same by another way of asking.
    #[must_use]
    pub fn through(self, face: &'static str) -> Self {
        Self { face, ..self }
    }

    /// Whether nothing is hidden from them.
    pub fn sees_everything(&self) -> bool {
        self.role == Role::Admin && self.area.is_none()
    }
}
