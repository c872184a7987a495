//! The table `[kafka]`: how a Kafka that is named with `--kafka` is reached.
//!
//! In: librdkafka's names of the connection's properties, and, for a password, the file that holds it. Out: the
//! properties for every client of the program. Guarantee: a name that there is not is refused; a password is read only
//! when a client needs it, and never shown, not even in what is said of a file that is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use lantoa_schemas::connection::{ConnectionProperties, NotOfTheConnection};
use serde::Deserialize;
use toml::{Table, Value};

use super::ConfigError;

/// The variable that holds the password of the user that `sasl.username` names; it comes before the settings.
pub const PASSWORD_VARIABLE: &str = "LANTOA_KAFKA_PASSWORD";

/// What is behind the name of a password whose value is in a file.
const IN_FILE: &str = ".file";
const PASSWORD: &str = "sasl.password";
const CA: &str = "ssl.ca.location";

/// The table as it is written, its passwords not read yet.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct KafkaTable {
    given: ConnectionProperties,
    password_files: BTreeMap<String, PathBuf>,
}

/// What is wrong with the table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// A name that there is not, or one that the program sets itself.
    #[error(transparent)]
    Unknown(#[from] NotOfTheConnection),
    /// A value that cannot be one of a property.
    #[error("{name} is neither text nor a whole number nor true or false")]
    NotAValue {
        /// The property.
        name: String,
    },
}

impl TryFrom<Table> for KafkaTable {
    type Error = TableError;

    fn try_from(written: Table) -> Result<Self, TableError> {
        let mut table = Self::default();
        table.take(None, written)?;
        Ok(table)
    }
}

impl KafkaTable {
    /// Takes properties in; `a.b = 1` and `"a.b" = 1` are the same.
    fn take(&mut self, above: Option<&str>, written: Table) -> Result<(), TableError> {
        for (key, value) in written {
            let name = above.map_or_else(|| key.clone(), |above| format!("{above}.{key}"));
            let text = match value {
                Value::Table(below) => {
                    self.take(Some(&name), below)?;
                    continue;
                }
                Value::String(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Boolean(flag) => flag.to_string(),
                Value::Float(_) | Value::Datetime(_) | Value::Array(_) => return Err(TableError::NotAValue { name }),
            };
            match name.strip_suffix(IN_FILE) {
                Some(password) if password.ends_with(".password") => {
                    // Refuses a name that there is not; the value comes when it is needed.
                    ConnectionProperties::default().set(password, String::new())?;
                    self.password_files.insert(password.to_owned(), text.into());
                }
                _ => self.given.set(&name, text)?,
            }
        }
        Ok(())
    }

    /// What clients are made with. `password` is the environment's.
    ///
    /// # Errors
    /// [`ConfigError::Password`].
    pub(super) fn connection(&self, password: Option<String>) -> Result<ConnectionProperties, ConfigError> {
        let mut properties = self.given.clone();
        let mut set = |name: &str, value: String| properties.set(name, value).expect("the name was known before");
        let from_outside = password.filter(|_| self.given.get("sasl.username").is_some());
        for (name, path) in &self.password_files {
            if name != PASSWORD || from_outside.is_none() {
                set(name, read(path)?);
            }
        }
        if let Some(password) = from_outside {
            set(PASSWORD, password);
        }
        if self.uses_tls() && self.given.get(CA).is_none() && self.given.get("ssl.ca.pem").is_none() {
            // The client brings its own OpenSSL, which does not know where this system keeps its certificates.
            set(CA, "probe".to_owned());
        }
        Ok(properties)
    }

    fn uses_tls(&self) -> bool {
        self.given.get("security.protocol").is_some_and(|protocol| protocol.to_ascii_lowercase().ends_with("ssl"))
    }
}

/// The password in a file, without the line's end.
fn read(path: &Path) -> Result<String, ConfigError> {
    let wrong = |why: String| ConfigError::Password { path: path.to_owned(), why };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() { Err(wrong("it is empty".to_owned())) } else { Ok(password.to_owned()) }
}

impl fmt::Debug for KafkaTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { given, password_files } = self;
        f.debug_struct("KafkaTable").field("given", given).field("password_files", password_files).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<KafkaTable, toml::de::Error> {
        toml::from_str(text)
    }

    fn connection(text: &str, password: Option<&str>) -> Vec<(&'static str, String)> {
        let properties = table(text).unwrap().connection(password.map(str::to_owned)).unwrap();
        properties.pairs().map(|(name, value)| (name, value.to_owned())).collect()
    }

    #[test]
    fn names_are_written_with_and_without_quotes() {
        let expected = [
            ("sasl.username", "lantoa".to_owned()),
            ("security.protocol", "sasl_plaintext".to_owned()),
            ("socket.keepalive.enable", "true".to_owned()),
            ("socket.timeout.ms", "5000".to_owned()),
        ];
        for text in [
            "security.protocol = 'sasl_plaintext'\nsasl.username = 'lantoa'\nsocket.timeout.ms = 5000\n\
             socket.keepalive.enable = true",
            "'security.protocol' = 'sasl_plaintext'\n'sasl.username' = 'lantoa'\n'socket.timeout.ms' = '5000'\n\
             'socket.keepalive.enable' = true",
        ] {
            assert_eq!(connection(text, None), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("acks = 0", "acks"),
            ("sasl.pasword = 'geheim'", "sasl.pasword"),
            ("sasl.pasword.file = 'geheim'", "sasl.pasword.file"),
            ("sasl.username.file = 'x'", "sasl.username.file"),
            ("kafka.password.file = 'x'", "kafka.password"),
            ("socket.timeout.ms = [1]", "socket.timeout.ms"),
        ] {
            let error = table(text).unwrap_err();
            assert!(error.message().contains(word) && !error.message().contains("geheim"), "{text}: {error}");
        }
    }

    #[test]
    fn the_environments_password_comes_before_the_files_and_the_tables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "from the file\n").unwrap();
        let in_file = format!("sasl.username = 'a'\nsasl.password.file = '{}'", path.display());
        let in_table = "sasl.username = 'a'\nsasl.password = 'from the table'";
        let cases = [
            (in_file.as_str(), None, "from the file"),
            (in_file.as_str(), Some("from outside"), "from outside"),
            (in_table, None, "from the table"),
            (in_table, Some("from outside"), "from outside"),
        ];
        for (text, outside, expected) in cases {
            assert!(connection(text, outside).contains(&(PASSWORD, expected.to_owned())), "{text}, {outside:?}");
            assert!(!format!("{:?}", table(text).unwrap()).contains("from the table"));
        }
        // A password without a user, as where nothing is said of Kafka, is for nobody.
        assert!(connection("", Some("from outside")).is_empty());

        fs::write(&path, "\n").unwrap();
        let empty = table(&in_file).unwrap().connection(None).unwrap_err().to_string();
        assert!(empty.contains("empty") && empty.contains("password"), "{empty}");
        fs::remove_file(&path).unwrap();
        table(&in_file).unwrap().connection(None).unwrap_err();
        table(&in_file).unwrap().connection(Some("from outside".to_owned())).unwrap();
    }

    #[test]
    fn the_systems_certificates_are_looked_for_where_none_are_named() {
        let ca = |text: &str| connection(text, None).into_iter().find(|(name, _)| *name == CA).map(|(_, value)| value);
        for (text, expected) in [
            ("", None),
            ("security.protocol = 'sasl_plaintext'", None),
            ("security.protocol = 'SASL_SSL'", Some("probe")),
            ("security.protocol = 'ssl'", Some("probe")),
            ("security.protocol = 'ssl'\nssl.ca.location = 'ca.pem'", Some("ca.pem")),
            ("security.protocol = 'ssl'\nssl.ca.pem = '-'", None),
        ] {
            assert_eq!(ca(text).as_deref(), expected, "{text}");
        }
    }
}
