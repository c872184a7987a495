//! TLS of whatever listener the program has: certificate and key from files.
//!
//! In: two PEM files and the protocol that is spoken inside. Out: what a listener greets with. Guarantee: a listener that
//! cannot prove who it is does not begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or has no such content.
    #[error("{} has no {what} in PEM form: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should have.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Certificate and key do not go together.
    #[error("the certificate in {} and the key in {} cannot be used together", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls said.
        source: Box<rustls::Error>,
    },
}

/// TLS with the certificate (and those that vouch for it) and the key of two files, for a protocol by its ALPN name; and the
/// certificate.
///
/// # Errors
/// [`TlsError`].
pub fn server(
    certificate: &Path,
    key: &Path,
    protocol: &[u8],
) -> Result<(ServerConfig, CertificateDer<'static>), TlsError> {
    let wrong = |path: &Path, what, why: String| TlsError::File { path: path.to_owned(), what, why };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .map_err(|error| wrong(certificate, "certificate", error.to_string()))?;
    let Some(first) = chain.first().cloned() else {
        return Err(wrong(certificate, "certificate", "there is none in it".to_owned()));
    };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, "private key", error.to_string()))?;
    let pair = |source| {
        let (certificate, key, source) = (certificate.to_owned(), key.to_owned(), Box::new(source));
        TlsError::Pair { certificate, key, source }
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(pair)?;
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok((config, first))
}
