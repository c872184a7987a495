//! What the file of tokens holds, and how it is written.
//!
//! In: text. Out: entries, in the order in which they were made. Guarantee: what is written reads back; an unknown key, a
//! grant that grants nothing and what is no hash are errors, none of which has a secret in it.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::str::FromStr;

use chrono::NaiveDate;
use lantoa_roster::List;
use lantoa_schemas::grant::{Grant, GrantedArea, Scope};
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;
use ring::digest;
use serde::Deserialize;

use super::check_name;

/// Longest remark of a token, in letters.
pub const MOST_NOTE: usize = 200;

const HEAD: &str =
    "# Who may send, and what. Changed by `lantoa token`; it holds no token, only what one is known by.\n";

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// Of a token as a request brings it.
    pub fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for TokenHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is no SHA-256 in 64 hexadecimal digits".to_owned();
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(hash))
    }
}

/// A token as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    /// The sender's name.
    pub name: String,
    /// What the token is known by.
    pub hash: TokenHash,
    /// What the sender may report.
    pub grant: Grant,
    /// The day on which it was made.
    pub created: NaiveDate,
    /// The last day on which it is taken.
    pub expires: Option<NaiveDate>,
    /// The day from which it is refused.
    pub revoked: Option<NaiveDate>,
    /// A remark.
    pub note: Option<String>,
}

impl TokenEntry {
    /// Whether its last day is over.
    pub fn has_run_out(&self, today: NaiveDate) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// Whether it is taken on a day.
    pub fn holds(&self, today: NaiveDate) -> bool {
        self.revoked.is_none() && !self.has_run_out(today)
    }
}

/// All tokens that were ever made.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) tokens: Vec<TokenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    token: Vec<TokenText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenText {
    name: String,
    sha256: String,
    families: Vec<String>,
    #[serde(default)]
    nation: bool,
    #[serde(default)]
    areas: Vec<String>,
    #[serde(default)]
    through_changes: bool,
    created: NaiveDate,
    expires: Option<NaiveDate>,
    revoked: Option<NaiveDate>,
    note: Option<String>,
}

impl TokenText {
    fn entry(self) -> Result<TokenEntry, String> {
        check_name(&self.name).map_err(|error| error.to_string())?;
        let name = &self.name;
        let hash = self.sha256.parse::<TokenHash>().map_err(|why| format!("sha256 of {name} {why}"))?;
        let family =
            |word: &String| Family::parse(word).ok_or_else(|| format!("{name} has {word:?}, which is no family"));
        let families = self.families.iter().map(family).collect::<Result<BTreeSet<_>, String>>()?;
        let area = |text: &String| text.parse::<GrantedArea>().map_err(|error| format!("{name} has {text:?}: {error}"));
        let areas = self.areas.iter().map(area).collect::<Result<Vec<_>, String>>()?;
        let areas = match (self.nation, areas.is_empty()) {
            (true, true) => Scope::Nation,
            (false, false) => Scope::Areas { areas, through_changes: self.through_changes },
            _ => return Err(format!("{name} needs either nation = true or areas")),
        };
        let grant = Grant { families, areas };
        let Self { name, created, expires, revoked, note, .. } = self;
        Ok(TokenEntry { name, hash, grant, created, expires, revoked, note })
    }
}

impl List for Book {
    fn read(text: &str) -> Result<Self, String> {
        let file: FileText = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let tokens = file.token.into_iter().map(TokenText::entry).collect::<Result<Vec<_>, String>>()?;
        Ok(Self { tokens })
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for entry in &self.tokens {
            // A text takes whatever is written.
            let _ = write(&mut text, entry);
        }
        text
    }
}

fn write(text: &mut String, entry: &TokenEntry) -> fmt::Result {
    let TokenEntry { name, hash, grant, created, expires, revoked, note } = entry;
    let families: Vec<String> = grant.families.iter().map(|family| format!("\"{family}\"")).collect();
    write!(text, "\n[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\nfamilies = [{}]\n", families.join(", "))?;
    match &grant.areas {
        Scope::Nation => writeln!(text, "nation = true")?,
        Scope::Areas { areas, through_changes } => {
            let areas: Vec<String> = areas.iter().map(|area| format!("\"{area}\"")).collect();
            write!(text, "areas = [{}]\nthrough_changes = {through_changes}\n", areas.join(", "))?;
        }
    }
    let days = [("created", Some(created)), ("expires", expires.as_ref()), ("revoked", revoked.as_ref())];
    for (key, day) in days.into_iter().filter_map(|(key, day)| Some((key, day?))) {
        writeln!(text, "{key} = \"{day}\"")?;
    }
    match note {
        Some(note) => writeln!(text, "note = \"{}\"", note.replace('\\', "\\\\").replace('"', "\\\"")),
        None => Ok(()),
    }
}

/// Whether a remark can stand in the file.
pub(super) fn is_note(note: &str) -> bool {
    note.chars().count() <= MOST_NOTE && !note.chars().any(char::is_control)
}
