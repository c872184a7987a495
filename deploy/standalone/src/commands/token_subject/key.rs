//! The key of subject tokens: a secret in a file of its owner.
//!
//! In: 32 random bytes, or a file that has them. Out: tokens. Guarantee: the key is read from and written to that file and
//! nowhere else; a file that others may read is no secret, and is refused.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// How the file begins; a digit behind it for another way to make tokens.
const HEAD: &str = "lantoa-subject-key-1:";
/// How a token begins.
const TOKEN: &str = "st_";
/// Bytes of the key.
const BYTES: usize = 32;
/// Bytes of the sum that a token has.
const OF_SUM: usize = 20;
/// What is summed before an id, so that the key is good for nothing else.
const PURPOSE: &[u8] = b"lantoa subject 1\0";
/// Bytes that are read of the file.
const MOST_READ: u64 = 1_024;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be made.
    #[error("no key was written to {}; name a file that is not there yet, in a folder that is", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key would be lost, and with it all its tokens.
    #[error("{} is there already and is not replaced: without a key its tokens cannot be made again", .0.display())]
    Exists(PathBuf),
    /// The system has no random numbers.
    #[error("the system gives no random numbers; try again")]
    Random,
    /// The file cannot be read.
    #[error("the key {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read it.
    #[error("others may read the key {}; allow it to yourself alone with chmod 600, or make another one with --new-key", .0.display())]
    Open(PathBuf),
    /// It has something else.
    #[error("{} is no key of subject tokens; --new-key makes one", .0.display())]
    NoKey(PathBuf),
}

/// A key. It is never shown.
pub(super) struct Key(hmac::Key);

impl Key {
    /// The key of these bytes.
    pub fn of(bytes: [u8; BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }

    /// Makes a new one in a file that is not there yet.
    pub fn make(path: &Path) -> Result<(), KeyError> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Random)?;
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(format!("{HEAD}{}\n", hex(&bytes)).as_bytes())?;
            file.sync_all()
        };
        write().map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => KeyError::Make { path: path.to_owned(), source },
        })
    }

    /// Reads the one of a file.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let fault = |source| KeyError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(fault)?;
        // Of the file that is open, whatever becomes of its name.
        if file.metadata().map_err(fault)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Open(path.to_owned()));
        }
        let mut text = Vec::new();
        file.take(MOST_READ).read_to_end(&mut text).map_err(fault)?;
        let bytes = text.trim_ascii_end().strip_prefix(HEAD.as_bytes()).and_then(from_hex);
        bytes.map(Self::of).ok_or_else(|| KeyError::NoKey(path.to_owned()))
    }

    /// The token of an id.
    pub fn token(&self, id: &str) -> String {
        let mut sum = hmac::Context::with_key(&self.0);
        sum.update(PURPOSE);
        sum.update(id.as_bytes());
        format!("{TOKEN}{}", hex(&sum.sign().as_ref()[..OF_SUM]))
    }
}

/// Whether a text has the form of a token of any key.
pub(super) fn is_token(text: &str) -> bool {
    text.strip_prefix(TOKEN)
        .is_some_and(|sum| sum.len() == OF_SUM * 2 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &[u8]) -> Option<[u8; BYTES]> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == BYTES * 2 && text.is_ascii())?;
    let mut bytes = [0; BYTES];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_its_owners_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("subjects.key");
        Key::make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let token = Key::read(&path).unwrap().token("001203012345");
        assert_eq!(Key::read(&path).unwrap().token("001203012345"), token);
        assert!(is_token(&token) && !token.contains("001203012345"), "{token}");
        assert!(matches!(Key::make(&path), Err(KeyError::Exists(_))));
        assert_eq!(Key::read(&path).unwrap().token("001203012345"), token);
        let other = folder.path().join("other.key");
        Key::make(&other).unwrap();
        assert_ne!(Key::read(&other).unwrap().token("001203012345"), token);
        for rights in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(rights)).unwrap();
            assert!(matches!(Key::read(&path), Err(KeyError::Open(_))), "{rights:o}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("subjects.key");
        let digits = "0f".repeat(BYTES);
        for text in [String::new(), digits.clone(), format!("{HEAD}{}", &digits[1..]), format!("{HEAD}{digits}00")] {
            fs::write(&path, &text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = Key::read(&path).err().unwrap();
            assert!(matches!(error, KeyError::NoKey(_)), "{text}");
            assert!(!error.to_string().contains("0f0f"), "{error}");
        }
        fs::write(&path, format!("{HEAD}{digits}\n")).unwrap();
        assert!(Key::read(&path).is_ok());
        assert!(matches!(Key::read(&folder.path().join("none")), Err(KeyError::Read { .. })));
    }

    #[test]
    fn a_token_is_what_the_validator_takes() {
        let token = Key::of([7; BYTES]).token("a");
        assert_eq!(token.len(), TOKEN.len() + 2 * OF_SUM);
        assert!((16..=128).contains(&token.len()));
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    }
}
