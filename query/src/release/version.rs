//! How a release is named: `LLW-2025` for the newest, `LLW-2025@1` for a major with its patches, `LLW-2025@1.0.2` for one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name of a release.
const MOST_LETTERS: usize = 64;

/// What is no name of a release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' names no release: write its name (letters, digits, '-' and '_', at most {MOST_LETTERS}), as LLW-2025, and where \
     not the newest is meant a version, as LLW-2025@1, LLW-2025@1.0 or LLW-2025@1.0.2"
)]
pub struct NotAReference(
    /// What was written.
    pub String,
);

/// Name of a release, without a version. It is also the name of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        match begins && letters && text.len() <= MOST_LETTERS {
            true => Ok(Self(text.to_owned())),
            false => Err(NotAReference(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NotAReference;

    fn try_from(text: String) -> Result<Self, NotAReference> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Version of a release: figures that changed count the patch on, another catalogue the minor, a decision the major.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// Counted on by whoever makes the release.
    pub major: u32,
    /// Counted on by another catalogue.
    pub minor: u32,
    /// Counted on by other figures.
    pub patch: u32,
}

impl Version {
    /// The first of a name.
    pub const FIRST: Self = Self { major: 1, minor: 0, patch: 0 };

    /// The next major.
    pub fn next_major(self) -> Self {
        Self { major: self.major.saturating_add(1), minor: 0, patch: 0 }
    }

    /// The next minor.
    pub fn next_minor(self) -> Self {
        Self { minor: self.minor.saturating_add(1), patch: 0, ..self }
    }

    /// The next patch.
    pub fn next_patch(self) -> Self {
        Self { patch: self.patch.saturating_add(1), ..self }
    }
}

impl FromStr for Version {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        match numbers(text).as_deref() {
            Some([major, minor, patch]) => Ok(Self { major: *major, minor: *minor, patch: *patch }),
            _ => Err(NotAReference(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = NotAReference;

    fn try_from(text: String) -> Result<Self, NotAReference> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Numbers between dots, each in its one form.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let number = |part: &str| part.parse::<u32>().ok().filter(|number| number.to_string() == part);
    text.split('.').map(number).collect()
}

/// Which versions of a name are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The newest.
    Newest,
    /// The newest of a major.
    Major(u32),
    /// The newest of a minor.
    Minor(u32, u32),
    /// This one alone.
    Exact(Version),
}

impl At {
    /// Whether a version is meant.
    pub fn takes(self, version: Version) -> bool {
        match self {
            Self::Newest => true,
            Self::Major(major) => version.major == major,
            Self::Minor(major, minor) => (version.major, version.minor) == (major, minor),
            Self::Exact(exact) => version == exact,
        }
    }
}

/// What is written to name a release: a name, and which of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub name: Name,
    /// Which versions.
    pub at: At,
}

impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let wrong = || NotAReference(text.to_owned());
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let at = match version.map(numbers) {
            None => At::Newest,
            Some(numbers) => match numbers.ok_or_else(wrong)?.as_slice() {
                [major] => At::Major(*major),
                [major, minor] => At::Minor(*major, *minor),
                [major, minor, patch] => At::Exact(Version { major: *major, minor: *minor, patch: *patch }),
                _ => return Err(wrong()),
            },
        };
        Ok(Self { name: name.parse().map_err(|_| wrong())?, at })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        match self.at {
            At::Newest => Ok(()),
            At::Major(major) => write!(f, "@{major}"),
            At::Minor(major, minor) => write!(f, "@{major}.{minor}"),
            At::Exact(version) => write!(f, "@{version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_in_their_one_form_and_written_as_they_were_read() {
        let exact = Version { major: 1, minor: 0, patch: 2 };
        for (text, at) in [
            ("LLW-2025", At::Newest),
            ("LLW-2025@1", At::Major(1)),
            ("LLW-2025@1.0", At::Minor(1, 0)),
            ("LLW-2025@1.0.2", At::Exact(exact)),
        ] {
            let read: Reference = text.parse().unwrap();
            assert_eq!((read.at, read.to_string().as_str()), (at, text));
            assert!(at.takes(exact), "{text}");
            assert_eq!(at.takes(Version { major: 2, minor: 0, patch: 2 }), at == At::Newest, "{text}");
        }
        for wrong in ["", "@1", "LLW@", "LLW@1.", "LLW@01", "LLW@1.2.3.4", "LLW@v1", "../x", ".x", "a b", "a/b@1"] {
            let error = wrong.parse::<Reference>().unwrap_err();
            assert!(error.to_string().contains("LLW-2025@1.0.2"), "{wrong}");
        }
    }

    #[test]
    fn versions_are_counted_on_and_ordered() {
        let version = Version { major: 1, minor: 9, patch: 10 };
        let next = [version.next_patch(), version.next_minor(), version.next_major()].map(|next| next.to_string());
        assert_eq!(next, ["1.9.11", "1.10.0", "2.0.0"]);
        assert!(version < version.next_patch() && version.next_patch() < version.next_minor());
        assert!("1.9".parse::<Version>().is_err());
    }
}
