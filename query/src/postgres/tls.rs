//! TLS of the listener: what the certificate says, and what channels are bound to.
//!
//! In: two PEM files. Out: an acceptor, and the hash of the certificate that SCRAM binds a login to.

use std::path::Path;
use std::sync::Arc;

use ring::digest::{self, Algorithm, SHA256, SHA384, SHA512};
use tokio_rustls::TlsAcceptor;

use crate::tls::{TlsError, server};

/// TLS as the listener offers it.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// What logins are bound to; `None` for a certificate of which that is not defined.
    pub(super) binding: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("binding", &self.binding.is_some()).finish_non_exhaustive()
    }
}

impl Tls {
    /// TLS with the certificate (and those that vouch for it) and the key of two files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(super) fn of(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let (config, first) = server(certificate, key, b"postgresql")?;
        let binding = binding(&first);
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), binding })
    }
}

/// The certificate's hash by the algorithm of its signature, SHA-256 where that is weaker (RFC 5929, section 4).
fn binding(certificate: &[u8]) -> Option<Arc<[u8]>> {
    let algorithm = hash_of_signature(certificate)?;
    Some(digest::digest(algorithm, certificate).as_ref().into())
}

/// The end of the number of an algorithm (its OID in DER), and its hash.
static ALGORITHMS: [(&[u8], &Algorithm); 8] = [
    // RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], &SHA384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], &SHA512),
    // ECDSA with SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], &SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], &SHA384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], &SHA512),
];

fn hash_of_signature(certificate: &[u8]) -> Option<&'static Algorithm> {
    let (certificate, _) = element(certificate, 0x30)?;
    let (_, rest) = element(certificate, 0x30)?;
    let (algorithm, _) = element(rest, 0x30)?;
    let (number, _) = element(algorithm, 0x06)?;
    ALGORITHMS.iter().find(|(known, _)| *known == number).map(|(_, hash)| *hash)
}

/// The content of the first DER element, which has to be of a kind, and what comes after it.
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(short - 0x80))?;
            (length.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    (found == kind).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate's outline: a body, the algorithm of its signature, nothing more.
    fn certificate(number: &[u8]) -> Vec<u8> {
        let algorithm = [&[0x30, number.len() as u8 + 2, 0x06, number.len() as u8], number].concat();
        let body = [[0x30, 0x81, 200].as_slice(), &[0; 200]].concat();
        let content = [body, algorithm].concat();
        [[0x30, 0x82, 0, content.len() as u8].as_slice(), &content].concat()
    }

    #[test]
    fn a_login_is_bound_by_the_hash_of_the_certificates_signature() {
        for (number, bytes) in [(ALGORITHMS[2].0, 32), (ALGORITHMS[6].0, 48), (ALGORITHMS[4].0, 64)] {
            assert_eq!(binding(&certificate(number)).map(|hash| hash.len()), Some(bytes));
        }
        assert_eq!(binding(&certificate(&[0x2b, 0x65, 0x70])), None, "Ed25519 has no hash to bind by");
        for bad in [&[][..], &[0x30], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x30, 0x7f, 0]] {
            assert_eq!(binding(bad), None);
        }
    }
}
