//! Settings that are too fine for flags.
//!
//! In: a TOML file with the tables `[ingest]`, `[projector]` and `[query]`, each optional; then the flags. Out: what
//! each role is started with. Guarantee: an unknown key is refused; where a role keeps and finds its data is decided
//! by the flags alone, so that no two roles of one program can look at different folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::data_dir::DataDir;

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
    #[error("{} is not right: {}", path.display(), source.to_string().trim_end())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
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
    /// Of ingest.
    pub ingest: lantoa_ingest::Config,
    /// Of the projector.
    pub projector: lantoa_projector::Config,
    /// Of query.
    pub query: lantoa_query::Config,
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
                toml::from_str(&text)
                    .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?
            }
        };
        settings.projector.tables = data.tables();
        settings.query.data = data.root().to_owned();
        Ok(settings)
    }

    /// The same with all roles on this Kafka, `host:port` separated by commas.
    #[must_use]
    pub fn on_kafka(mut self, kafka: &str) -> Self {
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
        for (text, word) in [("[ingest]\nspeed = 1", "speed"), ("[postgres]", "postgres"), ("ingest", "TOML")] {
            fs::write(&path, text).unwrap();
            let error = Settings::load(Some(&path), &data).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(Settings::default().with_fault(Some("never")).is_err());
        assert!(Settings::default().with_fault(Some("before_commit")).unwrap().projector.fault.is_some());
        let spoilt = Settings::default().with_fault(Some("storage:1:20,clock:3")).unwrap();
        assert!(spoilt.projector.faults.storage.is_some() && spoilt.projector.faults.clock.is_some());
    }
}
