//! The table `[http]`: how HTTP listeners take connections, and who may reach them.
//!
//! In: certificate, key, limits; an address. Out: the manner of a listener there. Guarantee: intake is listened to beyond
//! this machine only in TLS and only where senders have to show who they are; no other role is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lantoa_query::tls;
use serde::{Deserialize, Deserializer};

use super::ConfigError;
use crate::parts::listener::Manner;

/// The table. Durations are given in seconds, also with a fraction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpTable {
    /// File with the certificate of the listener for intake in PEM form, those that vouch for it behind it. Without it
    /// nothing is encrypted, and only this machine is listened to.
    pub tls_certificate: Option<PathBuf>,
    /// File with the certificate's private key in PEM form.
    pub tls_key: Option<PathBuf>,
    /// Most connections of a listener at once; one more is told so and closed.
    pub connections: usize,
    /// How long a request's head may take to come, and how long a connection may be idle; then it is closed.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// How long a sender may take no byte of its answer; then the connection is closed. Of the listener for intake: how
    /// long answers of query wait for their readers is `unread` of `[query]`.
    #[serde(deserialize_with = "seconds")]
    pub write_timeout: Duration,
}

impl Default for HttpTable {
    fn default() -> Self {
        Self {
            tls_certificate: None,
            tls_key: None,
            connections: 512,
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
        }
    }
}

impl HttpTable {
    /// The manner of a listener that only this machine reaches.
    pub fn local(&self) -> Manner {
        Manner { connections: self.connections, header_timeout: self.header_timeout, write_timeout: None, tls: None }
    }

    /// The same, for a role other than ingest, which `flag` says where to listen.
    ///
    /// # Errors
    /// [`ConfigError::NotLocal`].
    pub fn of_role(&self, flag: &'static str, address: SocketAddr) -> Result<Manner, ConfigError> {
        if address.ip().is_loopback() { Ok(self.local()) } else { Err(ConfigError::NotLocal { flag, address }) }
    }

    /// The manner of a listener for intake, which `flag` says where to listen.
    ///
    /// # Errors
    /// [`ConfigError::Unguarded`], [`ConfigError::HalfOfTls`], [`ConfigError::Tls`].
    pub fn of_intake(
        &self,
        flag: &'static str,
        address: SocketAddr,
        tokens_required: bool,
    ) -> Result<Manner, ConfigError> {
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Arc::new(tls::server(certificate, key, b"http/1.1")?.0)),
            (None, None) => None,
            _ => return Err(ConfigError::HalfOfTls),
        };
        let missing = match (tls.is_some(), tokens_required) {
            _ if address.ip().is_loopback() => None,
            (true, true) => None,
            (false, true) => Some("nothing would be encrypted"),
            (true, false) => Some("whoever reaches it could send"),
            (false, false) => Some("nothing would be encrypted and whoever reaches it could send"),
        };
        match missing {
            Some(missing) => Err(ConfigError::Unguarded { flag, address, missing }),
            None => Ok(Manner { write_timeout: Some(self.write_timeout), tls, ..self.local() }),
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn encrypted() -> HttpTable {
        let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/listener").join(name);
        let (tls_certificate, tls_key) = (Some(file("certificate.pem")), Some(file("key.pem")));
        HttpTable { tls_certificate, tls_key, ..HttpTable::default() }
    }

    #[test]
    fn beyond_this_machine_intake_alone_is_listened_to_and_only_with_tls_and_tokens() {
        let plain = HttpTable::default();
        for (table, address, tokens, right, word) in [
            (plain.clone(), "127.0.0.1:0", false, true, ""),
            (plain.clone(), "[::1]:0", false, true, ""),
            (encrypted(), "127.0.0.1:0", false, true, ""),
            (encrypted(), "0.0.0.0:0", true, true, ""),
            (encrypted(), "10.0.0.1:7443", true, true, ""),
            (encrypted(), "0.0.0.0:0", false, false, "tokens = \"required\""),
            (plain.clone(), "0.0.0.0:0", true, false, "tls_certificate"),
            (plain.clone(), "[::]:0", false, false, "--intake"),
            (HttpTable { tls_key: None, ..encrypted() }, "127.0.0.1:0", false, false, "tls_key"),
            (
                HttpTable { tls_key: Some("absent.pem".into()), ..encrypted() },
                "127.0.0.1:0",
                false,
                false,
                "absent.pem",
            ),
        ] {
            let manner = table.of_intake("--intake", address.parse().unwrap(), tokens);
            match manner {
                Ok(manner) => {
                    assert!(right, "{address} should be refused");
                    assert_eq!(manner.tls.is_some(), table.tls_key.is_some());
                }
                Err(error) => {
                    let said = error.to_string();
                    assert!(!right && said.contains(word), "{address}: {said}");
                }
            }
        }
        assert!(plain.of_role("--http", "127.0.0.1:0".parse().unwrap()).is_ok());
        assert!(encrypted().of_role("--http", "0.0.0.0:0".parse().unwrap()).is_err());
    }
}
