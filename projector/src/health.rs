//! Whether the projector can do its work, part by part.
//!
//! In: what the steps have met with. Out: each part, with the reason where it does not work. Guarantee: a part that is
//! said to work did so when it was last used or looked at, at most a few seconds ago for the log.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What was last met with, shared by all steps.
#[derive(Debug)]
pub struct Health {
    tables: PathBuf,
    log: Mutex<Result<(), String>>,
    assigned: AtomicBool,
    /// Tables whose last commit the storage refused, with its reason.
    refused: Mutex<BTreeMap<&'static str, String>>,
}

impl Health {
    /// Of a projector that has just reached the log and found it to be the one that its tables have read.
    pub(crate) fn new(tables: &Path) -> Self {
        Self {
            tables: tables.to_owned(),
            log: Mutex::new(Ok(())),
            assigned: AtomicBool::new(false),
            refused: Mutex::default(),
        }
    }

    /// The parts by name, each with what is wrong and what to do where it does not work.
    pub async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let assigned = if self.assigned.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err("no partition is being read yet".to_owned())
        };
        vec![
            ("log", log),
            ("partitions", assigned),
            // A log that is another one ends the projector before anybody can ask.
            ("log_check", Ok(())),
            ("tables", self.writable().await),
        ]
    }

    /// What came of looking at the log.
    pub(crate) fn log(&self, seen: Result<(), String>) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*log, &seen) {
            (Ok(()), Err(reason)) => tracing::warn!(reason, "the log is out of reach; the client tries again"),
            (Err(_), Ok(())) => tracing::info!("the log is in reach again"),
            _ => {}
        }
        *log = seen;
    }

    /// The log is being read.
    pub(crate) fn assigned(&self) {
        self.assigned.store(true, Ordering::Release);
    }

    /// The storage refused a commit.
    pub(crate) fn refused(&self, table: &'static str, reason: String) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(table, reason);
    }

    /// The storage took a commit.
    pub(crate) fn took(&self, table: &'static str) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
    }

    async fn writable(&self) -> Result<(), String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((table, reason)) = refused.into_iter().next() {
            return Err(format!("the storage refused the last commit to {table} ({reason}); it is tried again"));
        }
        let folder = self.tables.clone();
        match tokio::task::spawn_blocking(move || try_to_write(&folder)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!(
                "the folder of the tables cannot be written ({error}); see that its disk has room and that this user may \
                 write there"
            )),
            Err(error) => {
                Err(format!("a look at the folder of the tables broke off ({error}); a fault of the projector"))
            }
        }
    }
}

/// Whether a file can be made, filled and removed: a full disk lets one be made.
fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".writable-{}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(b"?"));
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => written.and(Err(error)),
        _ => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn broken(health: &Health) -> Vec<&'static str> {
        health.ready().await.into_iter().filter(|(_, state)| state.is_err()).map(|(part, _)| part).collect()
    }

    #[tokio::test]
    async fn each_part_says_for_itself_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("tables");
        let health = Health::new(&tables);
        assert_eq!(broken(&health).await, ["partitions", "tables"], "no folder yet, nothing read");
        std::fs::create_dir(&tables).unwrap();
        health.assigned();
        assert!(broken(&health).await.is_empty());
        assert_eq!(std::fs::read_dir(&tables).unwrap().count(), 0, "nothing is left behind");
        health.log(Err("no broker answers".to_owned()));
        health.refused("ledger_activity", "no space".to_owned());
        health.refused("outcome", "no space".to_owned());
        health.took("ledger_activity");
        assert_eq!(broken(&health).await, ["log", "tables"]);
        let said = health.ready().await.pop().unwrap().1.unwrap_err();
        assert!(said.contains("outcome") && said.contains("no space"), "{said}");
        health.took("outcome");
        health.log(Ok(()));
        assert!(broken(&health).await.is_empty());
    }
}
