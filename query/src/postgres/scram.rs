//! The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without channel binding.
//!
//! In: what the client says, and what is kept of the password. Out: what to answer, and in the end whether the client
//! knows the password. Guarantee: pure, no clock; who names a user that is not there learns it from nothing but the last
//! answer, which is the same as for a wrong password. pgwire has such an exchange too, but behind a feature that links its
//! whole server: a reader of certificates, types of values, and further features of `digest` and `syn`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::access::Verifier;

/// Without channel binding.
pub(super) const PLAIN: &str = "SCRAM-SHA-256";
/// With channel binding.
pub(super) const BOUND: &str = "SCRAM-SHA-256-PLUS";

/// The only kind of channel binding there is here (RFC 5929).
const BINDING: &str = "tls-server-end-point";
const KEY_BYTES: usize = 32;
/// Rounds that are told to whoever names a user that is not there: as many as of a new user.
const ITERATIONS: u32 = 4096;

/// What a client said that the mechanism does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the login does not follow SCRAM: {0}")]
pub(super) struct NotScram(&'static str);

/// An exchange after its first half.
#[derive(Debug)]
pub(super) struct Exchange {
    /// What the channel is known by, with the header that came first.
    bound_to: Vec<u8>,
    nonce: String,
    said: String,
    verifier: Verifier,
}

/// A verifier that no password fits, the same for the same name each time.
pub(super) fn of_nobody(name: &str, secret: &[u8]) -> Verifier {
    let salt = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), name.as_bytes()).as_ref()[..16].to_vec();
    Verifier { salt, iterations: ITERATIONS, stored_key: [0; KEY_BYTES], server_key: [0; KEY_BYTES] }
}

impl Exchange {
    /// Reads the client's first message; also what to answer. `binding` is what the channel is known by, where it is
    /// encrypted; `nonce` is random text without a comma.
    ///
    /// # Errors
    /// [`NotScram`].
    pub(super) fn begin(
        mechanism: &str,
        first: &[u8],
        binding: Option<&[u8]>,
        verifier: Verifier,
        nonce: &str,
    ) -> Result<(Self, String), NotScram> {
        let first = std::str::from_utf8(first).map_err(|_| NotScram("the first message is not UTF-8"))?;
        let mut parts = first.splitn(3, ',');
        let (Some(flag), Some(_), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotScram("the first message is too short"));
        };
        let header = &first[..first.len() - bare.len()];
        let mut bound_to = header.as_bytes().to_vec();
        match (mechanism, flag.split_once('='), flag, binding) {
            (BOUND, Some(("p", BINDING)), _, Some(binding)) => bound_to.extend_from_slice(binding),
            (BOUND, ..) => return Err(NotScram("it does not bind to the channel in a way that is known here")),
            // A client that could bind and was told that the server cannot: somebody is between the two.
            (PLAIN, _, "y", Some(_)) => return Err(NotScram("it was not told that the channel can be bound to")),
            (PLAIN, _, "y" | "n", _) => {}
            _ => return Err(NotScram("it binds to a channel without the mechanism for it")),
        }
        let theirs = field(bare, 'r').filter(|nonce| !nonce.is_empty()).ok_or(NotScram("it has no nonce"))?;
        if bare.starts_with("m=") {
            return Err(NotScram("it asks for an extension that is not known here"));
        }
        let nonce = format!("{theirs}{nonce}");
        let answer = format!("r={nonce},s={},i={}", STANDARD.encode(&verifier.salt), verifier.iterations);
        let said = format!("{bare},{answer}");
        Ok((Self { bound_to, nonce, said, verifier }, answer))
    }

    /// Reads the client's last message: what to answer where it proves the password, `None` where it does not.
    ///
    /// # Errors
    /// [`NotScram`].
    pub(super) fn finish(self, last: &[u8]) -> Result<Option<String>, NotScram> {
        let last = std::str::from_utf8(last).map_err(|_| NotScram("the last message is not UTF-8"))?;
        let (without_proof, proof) = last.rsplit_once(",p=").ok_or(NotScram("it has no proof"))?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| NotScram("it is not in base64"));
        let bound_to = decode(field(without_proof, 'c').ok_or(NotScram("it has no header"))?)?;
        if bound_to != self.bound_to {
            return Err(NotScram("it is bound to another channel"));
        }
        if field(without_proof, 'r') != Some(self.nonce.as_str()) {
            return Err(NotScram("its nonce is another one"));
        }
        let proof = decode(proof)?;
        let said = format!("{},{without_proof}", self.said);
        let sign = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), said.as_bytes());
        let signed = sign(&self.verifier.stored_key);
        if proof.len() != KEY_BYTES {
            return Ok(None);
        }
        let key: Vec<u8> = proof.iter().zip(signed.as_ref()).map(|(proof, signed)| proof ^ signed).collect();
        let stored = digest::digest(&digest::SHA256, &key);
        if !bool::from(stored.as_ref().ct_eq(&self.verifier.stored_key)) {
            return Ok(None);
        }
        Ok(Some(format!("v={}", STANDARD.encode(sign(&self.verifier.server_key).as_ref()))))
    }
}

/// The value of a field `x=…` among those parted by commas.
fn field(text: &str, name: char) -> Option<&str> {
    text.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange in RFC 7677, section 3, with the keys that its password `pencil` has.
    #[test]
    fn the_example_of_the_rfc_is_let_in_and_nobody_else() {
        let verifier = || Verifier {
            salt: STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(),
            iterations: 4096,
            stored_key: keys("Client Key", true),
            server_key: keys("Server Key", false),
        };
        let begin = || {
            let first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
            Exchange::begin(PLAIN, first, None, verifier(), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").unwrap()
        };
        let (exchange, answer) = begin();
        assert_eq!(answer, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                    p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let proven = exchange.finish(last.as_bytes()).unwrap();
        assert_eq!(proven.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        for (changed, refused) in [
            (last.replace("p=dHzb", "p=dHzc"), false),
            (last.replace("c=biws", "c=eSws"), true),
            (last.replace("rOpr", "rOpq"), true),
            (last.replace(",p=", ",q="), true),
            ("p=".to_owned(), true),
        ] {
            match begin().0.finish(changed.as_bytes()) {
                Ok(proven) => assert!(!refused && proven.is_none(), "{changed}"),
                Err(_) => assert!(refused, "{changed}"),
            }
        }
    }

    /// The keys of RFC 7677's password, made as the RFC says.
    fn keys(word: &str, stored: bool) -> [u8; 32] {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let mut salted = [0; 32];
        let rounds = 4096.try_into().unwrap();
        ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, b"pencil", &mut salted);
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salted), word.as_bytes());
        let key = if stored {
            digest::digest(&digest::SHA256, key.as_ref()).as_ref().to_vec()
        } else {
            key.as_ref().to_vec()
        };
        key.try_into().unwrap()
    }

    #[test]
    fn a_channel_is_bound_to_where_there_is_one() {
        let begin = |mechanism, first: &str, binding: Option<&[u8]>| {
            Exchange::begin(mechanism, first.as_bytes(), binding, of_nobody("x", b"s"), "n").is_ok()
        };
        for (mechanism, first, binding, taken) in [
            (BOUND, "p=tls-server-end-point,,n=,r=a", Some(b"hash".as_slice()), true),
            (BOUND, "p=tls-unique,,n=,r=a", Some(b"hash"), false),
            (BOUND, "n,,n=,r=a", Some(b"hash"), false),
            (PLAIN, "n,,n=,r=a", Some(b"hash"), true),
            (PLAIN, "y,,n=,r=a", Some(b"hash"), false),
            (PLAIN, "y,,n=,r=a", None, true),
            (PLAIN, "p=tls-server-end-point,,n=,r=a", None, false),
            (PLAIN, "n,,n=", None, false),
            (PLAIN, "", None, false),
        ] {
            assert_eq!(begin(mechanism, first, binding), taken, "{mechanism} {first}");
        }
    }
}
