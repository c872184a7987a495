//! Settings that are too fine for flags.
//!
//! In: a TOML file with the tables `[kafka]`, `[http]`, `[ingest]`, `[projector]`, `[query]` and `[schedule]`, each optional; then
//! two variables of the environment, for a password and for a sender's token; then the flags. Out: what each role is started
//! with. Guarantee: an unknown key
//! is refused; where a role keeps and finds its data is decided by the flags alone, so that no two roles of one program
//! can look at different folders.

use std::env::{self, VarError};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::data_dir::DataDir;

pub mod http;
pub mod kafka;
pub mod schedule;

use http::HttpTable;
use kafka::{KafkaTable, PASSWORD_VARIABLE};
use schedule::ScheduleTable;

/// The variable of the environment that has a sender's token.
pub const TOKEN_VARIABLE: &str = "LANTOA_TOKEN";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML or has a key that there is not.
    #[error("{} is not right: TOML, line {line}: {why}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// Why, without the line itself, which may hold a password.
        why: String,
    },
    /// A password cannot be had from its file.
    #[error("no password in {}: {why}; see that it is there and readable to the user that runs lantoa", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The environment's password is no text.
    #[error("{PASSWORD_VARIABLE} is not UTF-8; set it anew, or leave it out and name a file with sasl.password.file")]
    PasswordVariable,
    /// A token cannot be had from where it should be.
    #[error("no token in {place}: {why}; it has to be one line, as `lantoa token create` printed it")]
    Token {
        /// A file, or the environment's variable.
        place: String,
        /// Why not.
        why: String,
    },
    /// TLS of an HTTP listener cannot be had.
    #[error(transparent)]
    Tls(#[from] lantoa_query::tls::TlsError),
    /// One of two files is named.
    #[error("[http] needs tls_certificate and tls_key, or neither")]
    HalfOfTls,
    /// A listener for intake could be reached from elsewhere, and is not guarded.
    #[error(
        "{flag} {address} could be reached from other machines, and {missing}; set tls_certificate and tls_key of [http] \
         and tokens = \"required\" of [ingest] in the settings, or listen on 127.0.0.1"
    )]
    Unguarded {
        /// The flag that names it.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// What could happen.
        missing: &'static str,
    },
    /// A listener of another role could be reached from elsewhere.
    #[error(
        "{flag} {address} could be reached from other machines, and of all roles only ingest has TLS and tokens over HTTP; \
         listen on 127.0.0.1 and put a proxy with TLS and passwords in front"
    )]
    NotLocal {
        /// The flag that names it.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// No role has this fault point.
    #[error("--fault {point}: no role has this point")]
    Fault {
        /// What was asked.
        point: String,
    },
}

/// Settings of all roles.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How a Kafka that is named is reached.
    pub kafka: KafkaTable,
    /// Of the HTTP listeners.
    pub http: HttpTable,
    /// Of ingest.
    pub ingest: lantoa_ingest::Config,
    /// Of the projector.
    pub projector: lantoa_projector::Config,
    /// Of query.
    pub query: lantoa_query::Config,
    /// What runs by the clock.
    pub schedule: ScheduleTable,
}

impl Settings {
    /// Reads the file, where one is given, and sets every role to work on `data`.
    ///
    /// # Errors
    /// [`ConfigError::Read`], [`ConfigError::Parse`].
    pub fn load(path: Option<&Path>, data: &DataDir) -> Result<Self, ConfigError> {
        let mut settings = match path {
            None => Self::default(),
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
                toml::from_str(&text).map_err(|error| ConfigError::Parse {
                    path: path.to_owned(),
                    line: line_of(&text, error.span()),
                    why: error.message().to_owned(),
                })?
            }
        };
        settings.ingest.confluent_schemas.clone_from(&settings.projector.confluent_schemas);
        settings.ingest.senders.get_or_insert_with(|| data.senders());
        settings.projector.tables = data.tables();
        settings.query.data = data.root().to_owned();
        Ok(settings)
    }

    /// The same with all roles on this Kafka, `host:port` separated by commas, reached as `[kafka]` says.
    ///
    /// # Errors
    /// [`ConfigError::Password`], [`ConfigError::PasswordVariable`].
    pub fn on_kafka(mut self, kafka: &str) -> Result<Self, ConfigError> {
        let password = match env::var(PASSWORD_VARIABLE) {
            Ok(password) => Some(password).filter(|password| !password.is_empty()),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => return Err(ConfigError::PasswordVariable),
        };
        let connection = self.kafka.connection(password)?;
        self.ingest.connection.clone_from(&connection);
        self.projector.connection = connection;
        Ok(self.at(kafka))
    }

    /// The same with all roles on the embedded broker, which `[kafka]` says nothing of.
    #[must_use]
    pub fn on_embedded_broker(self, address: &str) -> Self {
        self.at(address)
    }

    fn at(mut self, kafka: &str) -> Self {
        kafka.clone_into(&mut self.ingest.kafka);
        kafka.clone_into(&mut self.projector.kafka);
        self
    }

    /// The same with a point at which the program aborts itself, or with what goes wrong in its projector, where one is
    /// given.
    ///
    /// # Errors
    /// [`ConfigError::Fault`].
    pub fn with_fault(mut self, point: Option<&str>) -> Result<Self, ConfigError> {
        let Some(point) = point else { return Ok(self) };
        self.ingest.fault = lantoa_ingest::FaultPoint::from_str(point).ok();
        self.projector.fault = lantoa_projector::FaultPoint::from_str(point).ok();
        let faults = lantoa_projector::Faults::from_str(point).ok();
        if self.ingest.fault.is_none() && self.projector.fault.is_none() && faults.is_none() {
            return Err(ConfigError::Fault { point: point.to_owned() });
        }
        self.projector.faults = faults.unwrap_or_default();
        Ok(self)
    }
}

/// The token that this program shows where it sends: of a file, else of the environment; none where neither has one.
///
/// # Errors
/// [`ConfigError::Token`].
pub fn sender_token(file: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let (place, said) = match file {
        Some(path) => {
            let place = path.display().to_string();
            match fs::read_to_string(path) {
                Ok(text) => (place, text),
                Err(error) => return Err(ConfigError::Token { place, why: error.to_string() }),
            }
        }
        None => match env::var(TOKEN_VARIABLE) {
            Ok(text) if text.is_empty() => return Ok(None),
            Ok(text) => (TOKEN_VARIABLE.to_owned(), text),
            Err(VarError::NotPresent) => return Ok(None),
            Err(VarError::NotUnicode(_)) => {
                return Err(ConfigError::Token { place: TOKEN_VARIABLE.to_owned(), why: "it is not UTF-8".to_owned() });
            }
        },
    };
    let token = said.trim();
    if token.is_empty() {
        Err(ConfigError::Token { place, why: "there is nothing in it".to_owned() })
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err(ConfigError::Token { place, why: "it has blanks or letters that no token has".to_owned() })
    } else {
        Ok(Some(token.to_owned()))
    }
}

/// The line of `text`, counted from 1, on which `span` begins.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.map_or(0, |span| span.start.min(text.len()));
    1 + text.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_the_defaults() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example.toml");
        let data = DataDir::new("x");
        assert_eq!(Settings::load(Some(&example), &data).unwrap(), Settings::load(None, &data).unwrap());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("lantoa.toml");
        let data = DataDir::new("x");
        for (text, word) in [
            ("[ingest]\nspeed = 1", "speed"),
            ("[postgres]", "postgres"),
            ("ingest", "TOML, line 1"),
            ("[kafka]\nacks = 0", "acks"),
            ("[http]\ntls = true", "tls"),
            ("[projector]\nconfluent_schemas = { 12 = 'statement' }", "statement@0.1.0"),
            ("[schedule]\non = false", "on"),
            ("[[schedule.job]]\nname = 'a'\nwhat = 'reminders'\ncron = '0 6 21 10 *'", "5 parts"),
            ("[[schedule.job]]\nname = 'a'\nwhat = 'reminders'\ncron = '0 0 25 21 10 *'", "the hour '25'"),
            ("[kafka]\nsasl.pasword = 'geheim'", "sasl.pasword"),
            ("[kafka]\nsasl.username = 'a'\nsasl.password = \"geheim", "line 3"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Settings::load(Some(&path), &data).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("geheim"), "{error}");
        }
        assert!(Settings::default().with_fault(Some("never")).is_err());
        assert!(Settings::default().with_fault(Some("before_commit")).unwrap().projector.fault.is_some());
        let spoilt = Settings::default().with_fault(Some("storage:1:20,clock:3")).unwrap();
        assert!(spoilt.projector.faults.storage.is_some() && spoilt.projector.faults.clock.is_some());
    }

    #[test]
    fn a_token_is_one_line_of_its_file() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("token");
        assert!(sender_token(Some(&path)).is_err());
        for (text, token) in [("lantoa_a-b_c\n", Some("lantoa_a-b_c")), (" \n", None), ("geheim geheim", None)] {
            fs::write(&path, text).unwrap();
            let read = sender_token(Some(&path));
            match token {
                Some(token) => assert_eq!(read.unwrap().as_deref(), Some(token)),
                None => assert!(!read.unwrap_err().to_string().contains("geheim")),
            }
        }
    }

    #[test]
    fn the_tokens_are_in_the_data_folder_unless_the_settings_say_otherwise() {
        let data = DataDir::new("x");
        assert_eq!(Settings::load(None, &data).unwrap().ingest.senders, Some(data.senders()));
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("lantoa.toml");
        fs::write(&path, "[ingest]\ntokens = 'required'\nsenders = '/etc/lantoa/senders.toml'").unwrap();
        let settings = Settings::load(Some(&path), &data).unwrap();
        assert_eq!(settings.ingest.senders, Some("/etc/lantoa/senders.toml".into()));
        assert!(settings.ingest.tokens_required());
    }

    #[test]
    fn every_client_of_a_named_kafka_is_made_with_the_table() {
        let settings: Settings = toml::from_str("[kafka]\nsecurity.protocol = 'ssl'").unwrap();
        let named = settings.clone().on_kafka("kafka1:9093").unwrap();
        assert_eq!((named.ingest.kafka.as_str(), named.projector.kafka.as_str()), ("kafka1:9093", "kafka1:9093"));
        assert_eq!(named.ingest.connection.get("security.protocol"), Some("ssl"));
        assert_eq!(named.projector.connection, named.ingest.connection);
        let embedded = settings.on_embedded_broker("127.0.0.1:1");
        assert_eq!((embedded.ingest.kafka.as_str(), embedded.projector.kafka.as_str()), ("127.0.0.1:1", "127.0.0.1:1"));
        assert_eq!(embedded.ingest.connection.pairs().count() + embedded.projector.connection.pairs().count(), 0);
    }
}
