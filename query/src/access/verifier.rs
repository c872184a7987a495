//! What proves a password without keeping it: SCRAM-SHA-256 (RFC 5802, RFC 7677).
//!
//! In: a password, or the text form that PostgreSQL gives a verifier. Out: a [`Verifier`]. Guarantee: a password is
//! prepared by SASLprep (RFC 4013), and where that refuses it, taken as it is, as PostgreSQL's clients do.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;

/// Fewest letters of a password.
pub const MIN_PASSWORD: usize = 8;

/// How often a new verifier's password is hashed: what PostgreSQL's clients expect.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("4096 is not zero");
/// Most rounds that are believed of a file: more would let one login take minutes.
const MOST_ITERATIONS: u32 = 1_000_000;
const SALT_BYTES: usize = 16;
const MECHANISM: &str = "SCRAM-SHA-256";

/// A password that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is too short.
    #[error(
        "the password has {letters} letters and needs at least {MIN_PASSWORD}: a short sentence is easy to keep in mind"
    )]
    Short {
        /// How many it has.
        letters: usize,
    },
    /// It has what nobody can type.
    #[error("the password has a control character, such as a line's end or a tab: leave it out")]
    Control,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes to keep a password with; try again")]
    Random,
}

/// A text that is no verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no verifier of the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey; set the password anew")]
pub struct NoVerifier;

/// What is kept of a password. Its text form is PostgreSQL's.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    /// Random bytes, so that two equal passwords do not look alike.
    pub salt: Vec<u8>,
    /// How often the password is hashed.
    pub iterations: u32,
    /// What the client's proof is held against.
    pub stored_key: [u8; 32],
    /// What the server proves itself by.
    pub server_key: [u8; 32],
}

/// The keys would be enough to ask as their owner.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

impl Verifier {
    /// The verifier of a new password.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn of(password: &str) -> Result<Self, PasswordError> {
        let letters = password.chars().count();
        if letters < MIN_PASSWORD {
            return Err(PasswordError::Short { letters });
        }
        if password.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        let mut salt = vec![0; SALT_BYTES];
        SystemRandom::new().fill(&mut salt).map_err(|_| PasswordError::Random)?;
        Ok(Self::salted(password, salt, ITERATIONS))
    }

    /// A verifier that no password fits: who asks for an unknown name learns nothing by the time it takes.
    pub(super) fn of_nobody() -> Self {
        let salt = digest::digest(&digest::SHA256, MECHANISM.as_bytes()).as_ref()[..SALT_BYTES].to_vec();
        Self { salt, iterations: ITERATIONS.get(), stored_key: [0; 32], server_key: [0; 32] }
    }

    fn salted(password: &str, salt: Vec<u8>, iterations: NonZeroU32) -> Self {
        let prepared = stringprep::saslprep(password);
        let password = prepared.as_deref().unwrap_or(password);
        let mut key = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut key);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let stored_key = bytes(digest::digest(&digest::SHA256, hmac::sign(&key, b"Client Key").as_ref()).as_ref());
        let server_key = bytes(hmac::sign(&key, b"Server Key").as_ref());
        Self { salt, iterations: iterations.get(), stored_key, server_key }
    }

    /// Whether a password is the one. Takes some milliseconds, by design.
    pub fn fits(&self, password: &str) -> bool {
        let Some(iterations) = NonZeroU32::new(self.iterations) else { return false };
        let given = Self::salted(password, self.salt.clone(), iterations);
        given.stored_key.ct_eq(&self.stored_key).into()
    }
}

fn bytes(of: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(of);
    bytes
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [&self.salt[..], &self.stored_key[..], &self.server_key[..]].map(|bytes| STANDARD.encode(bytes));
        write!(f, "{MECHANISM}${}:{salt}${stored}:{server}", self.iterations)
    }
}

impl FromStr for Verifier {
    type Err = NoVerifier;

    fn from_str(text: &str) -> Result<Self, NoVerifier> {
        let mut parts = text.split('$');
        let (Some(MECHANISM), Some(salted), Some(keys), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoVerifier);
        };
        let (iterations, salt) = salted.split_once(':').ok_or(NoVerifier)?;
        let (stored, server) = keys.split_once(':').ok_or(NoVerifier)?;
        let read = |text: &str| STANDARD.decode(text).map_err(|_| NoVerifier);
        let key = |text: &str| -> Result<[u8; 32], NoVerifier> { read(text)?.try_into().map_err(|_| NoVerifier) };
        let iterations = iterations.parse().map_err(|_| NoVerifier)?;
        let salt = read(salt)?;
        if !(1..=MOST_ITERATIONS).contains(&iterations) || salt.is_empty() {
            return Err(NoVerifier);
        }
        Ok(Self { salt, iterations, stored_key: key(stored)?, server_key: key(server)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange in RFC 7677, section 3: user `user`, password `pencil`.
    #[test]
    fn the_keys_are_those_of_the_rfcs_example() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = Verifier::salted("pencil", salt, ITERATIONS);
        let said = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                    s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let sign = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), said.as_bytes());
        assert_eq!(STANDARD.encode(sign(&verifier.server_key)), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signed = sign(&verifier.stored_key);
        let client_key: Vec<u8> = proof.iter().zip(signed.as_ref()).map(|(proof, signed)| proof ^ signed).collect();
        assert_eq!(digest::digest(&digest::SHA256, &client_key).as_ref(), verifier.stored_key);
    }

    #[test]
    fn a_verifier_fits_its_password_alone_and_survives_its_text_form() {
        let verifier = Verifier::of("học suốt đời").unwrap();
        assert_eq!(verifier.to_string().parse(), Ok(verifier.clone()));
        assert!(verifier.to_string().starts_with("SCRAM-SHA-256$4096:"));
        // The same letters composed and decomposed are the same password.
        for (password, fits) in [
            ("học suốt đời", true),
            ("ho\u{323}c suo\u{302}\u{301}t đo\u{31b}\u{300}i", true),
            ("hoc suot doi", false),
            ("", false),
        ] {
            assert_eq!(verifier.fits(password), fits, "{password}");
        }
        assert_ne!(Verifier::of("học suốt đời").unwrap(), verifier, "the salt is another each time");
        assert!(!Verifier::of_nobody().fits("học suốt đời"));
        assert!(!format!("{verifier:?}").contains(&STANDARD.encode(verifier.stored_key)));
    }

    #[test]
    fn bad_passwords_and_texts_are_refused() {
        assert_eq!(Verifier::of("ngắn quá").err(), None);
        assert_eq!(Verifier::of("bảy chữ"), Err(PasswordError::Short { letters: 7 }));
        assert_eq!(Verifier::of("eight\tletters"), Err(PasswordError::Control));
        let good = Verifier::of("long enough").unwrap().to_string();
        for bad in [
            "",
            "md5abc",
            &good.replace("SHA-256", "SHA-1"),
            &good.replace("4096", "0"),
            &good.replace("4096", "4000000000"),
            &good.replace('=', ""),
            &format!("{good}$"),
        ] {
            assert_eq!(bad.parse::<Verifier>(), Err(NoVerifier), "{bad}");
        }
    }
}
