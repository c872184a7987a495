//! Who may send, and what: a file of tokens, `senders.toml`.
//!
//! In: the file, changes by `lantoa token`, and tokens as requests bring them. Out: a [`Sender`], whose name goes on what it
//! sends and whose grant each row is judged by. Guarantee: no token is kept, only its SHA-256; one that was revoked or has
//! run out is refused from the next request on, without a restart; while the file cannot be read every token is.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use lantoa_roster::{Roster, RosterError};
use lantoa_schemas::grant::{Grant, Scope};
use lantoa_schemas::stream::Family;
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

mod book;

use book::Book;
pub use book::{MOST_NOTE, TokenEntry, TokenHash};

/// Who sends from within the program, or from this machine where no tokens are asked for.
pub const LOCAL_SENDER: &str = "local";

/// In front of every token, so that one that lies about is known for what it is.
const PREFIX: &str = "lantoa_";
const TOKEN_BYTES: usize = 32;
/// Longest name of a sender.
const MOST_LETTERS: usize = 63;

/// Whoever sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name that receipts and events bear.
    pub name: String,
    /// What they may report.
    pub grant: Grant,
}

impl Sender {
    /// Whoever owns the data folder, or sits at this machine where no tokens are asked for: may report everything.
    pub fn local() -> Self {
        Self { name: LOCAL_SENDER.to_owned(), grant: Grant::of_everything() }
    }
}

/// Why a request is from nobody. The sender is told the same of the first four.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It has no token.
    NoToken,
    /// Nobody has the token.
    Unknown,
    /// The token of the sender named has run out.
    Expired(String),
    /// The token of the sender named was revoked.
    Revoked(String),
    /// The file of tokens cannot be read; why.
    Unreadable(String),
}

impl Refused {
    /// The word for logs and counters.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Unknown => "unknown",
            Self::Expired(_) => "expired",
            Self::Revoked(_) => "revoked",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Whose token it was, where that is known.
    pub fn sender(&self) -> Option<&str> {
        match self {
            Self::Expired(name) | Self::Revoked(name) => Some(name),
            Self::NoToken | Self::Unknown | Self::Unreadable(_) => None,
        }
    }
}

/// The tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SendersError {
    /// The file. Owned by whoever keeps it.
    #[error("{0}; mend it, or put it aside and make the tokens anew with `lantoa token create`")]
    File(String),
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(RosterError),
    /// The name cannot be one.
    #[error(
        "'{name}' cannot be a sender's name: take small letters, digits, '.', '_' and '-', beginning with a letter, at most \
         {MOST_LETTERS}; '{LOCAL_SENDER}' is whoever owns the data folder"
    )]
    Name {
        /// The name given.
        name: String,
    },
    /// The sender has a token already.
    #[error(
        "'{name}' has a token already; `lantoa token revoke {name}` first, or take another name: what is sent again under \
         another name counts as another's"
    )]
    Taken {
        /// The name.
        name: String,
    },
    /// The sender has no token that holds.
    #[error("'{name}' has no token that could be revoked: `lantoa token list` shows who has")]
    Nobody {
        /// The name.
        name: String,
    },
    /// The remark is too long or has what nobody can print.
    #[error("the note has more than {MOST_NOTE} letters, or a control character such as a line's end")]
    Note,
    /// No family.
    #[error("a token needs at least one family")]
    NoFamily,
    /// Reference events are the whole nation's.
    #[error("reference events are what all rows are judged by: the family reference is granted with --nation alone")]
    Reference,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes to make a token of; try again")]
    Random,
}

impl From<RosterError> for SendersError {
    fn from(error: RosterError) -> Self {
        match error {
            RosterError::Content { .. } => Self::File(error.to_string()),
            RosterError::Io { .. } => Self::Io(error),
        }
    }
}

/// All tokens of a file.
#[derive(Debug)]
pub struct Senders {
    roster: Roster<Book>,
}

impl Senders {
    /// The tokens of a file, which need not exist yet. Nothing is read.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { roster: Roster::at(path) }
    }

    /// Whose token it is, on a day in Vietnam. Takes as long whoever's it is.
    ///
    /// # Errors
    /// Why it is nobody's.
    pub fn sender(&self, token: Option<&str>, today: NaiveDate) -> Result<Sender, Refused> {
        let book = self.roster.now().map_err(|error| Refused::Unreadable(error.to_string()))?;
        let hash = TokenHash::of(token.ok_or(Refused::NoToken)?);
        let mut found: Option<&TokenEntry> = None;
        for entry in &book.tokens {
            if bool::from(entry.hash.0.as_slice().ct_eq(hash.0.as_slice())) {
                found = Some(entry);
            }
        }
        let entry = found.ok_or(Refused::Unknown)?;
        if entry.revoked.is_some() {
            return Err(Refused::Revoked(entry.name.clone()));
        }
        if entry.has_run_out(today) {
            return Err(Refused::Expired(entry.name.clone()));
        }
        Ok(Sender { name: entry.name.clone(), grant: entry.grant.clone() })
    }

    /// Whether the file can be read.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn ready(&self) -> Result<(), String> {
        match self.roster.now() {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("no token is taken: {error}; mend the file, or make the tokens anew")),
        }
    }

    /// Makes a token, which is returned and nowhere kept. A name whose tokens have all ended can have a new one.
    ///
    /// # Errors
    /// Any [`SendersError`] but [`SendersError::Nobody`].
    pub fn create(&self, new: NewToken, today: NaiveDate) -> Result<String, SendersError> {
        let NewToken { name, grant, expires, note } = new;
        check_name(&name)?;
        if grant.families.is_empty() {
            return Err(SendersError::NoFamily);
        }
        if grant.families.contains(&Family::Reference) && grant.areas != Scope::Nation {
            return Err(SendersError::Reference);
        }
        if note.as_deref().is_some_and(|note| !book::is_note(note)) {
            return Err(SendersError::Note);
        }
        let mut bytes = [0; TOKEN_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| SendersError::Random)?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = TokenHash::of(&token);
        self.roster.change(|book| {
            if book.tokens.iter().any(|entry| entry.name == name && entry.holds(today)) {
                return Err(SendersError::Taken { name });
            }
            book.tokens.push(TokenEntry { name, hash, grant, created: today, expires, revoked: None, note });
            Ok(())
        })?;
        Ok(token)
    }

    /// All tokens, in the order in which they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<TokenEntry>, SendersError> {
        let book = self.roster.now().map_err(|error| SendersError::File(error.to_string()))?;
        Ok(book.tokens.clone())
    }

    /// Revokes a sender's token. Its entry stays, with the day.
    ///
    /// # Errors
    /// [`SendersError::Nobody`], and what is wrong with the file.
    pub fn revoke(&self, name: &str, today: NaiveDate) -> Result<(), SendersError> {
        self.roster.change(|book| {
            let mut found = Err(SendersError::Nobody { name: name.to_owned() });
            for entry in book.tokens.iter_mut().filter(|entry| entry.name == name && entry.holds(today)) {
                entry.revoked = Some(today);
                found = Ok(());
            }
            found
        })
    }
}

/// A token that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The sender's name.
    pub name: String,
    /// What they may report.
    pub grant: Grant,
    /// The last day in Vietnam on which it is taken.
    pub expires: Option<NaiveDate>,
    /// A remark, for whoever reads the list.
    pub note: Option<String>,
}

fn check_name(name: &str) -> Result<(), SendersError> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
    match begins && letters && name.len() <= MOST_LETTERS && name != LOCAL_SENDER {
        true => Ok(()),
        false => Err(SendersError::Name { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests;
