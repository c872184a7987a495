//! The broker's own folder: its lock, its cluster id and its log.
//!
//! In: paths. Out: what stands there, made where it is missing.
//! Guarantee: the cluster id is made once and never changes, because the projector's offsets are kept under it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::{BrokerError, moment};
use crate::data_dir::{DataDirError, create_dir, open_lock, write_whole};

/// How long the broker of a killed program gets to notice and to end.
pub(super) const EARLIER_ENDS_WITHIN: Duration = Duration::from_secs(10);
/// A log longer than this many bytes is started anew.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;

/// Takes the lock that says "a broker works on this folder"; waits for an earlier broker to end.
pub(super) async fn lock(folder: &Path) -> Result<File, BrokerError> {
    let path = lock_file(folder);
    let file = open_lock(&path)?;
    let deadline = Instant::now() + EARLIER_ENDS_WITHIN;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(DataDirError::io("lock", path)(source).into()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => moment().await,
            Err(TryLockError::WouldBlock) => {
                return Err(BrokerError::EarlierBroker { folder: folder.to_owned(), pid: holder(folder) });
            }
        }
    }
}

/// Takes the lock for this process's life, and writes down whose it is.
pub(super) async fn own(folder: &Path) -> Result<File, BrokerError> {
    let mut file = lock(folder).await?;
    let sign = |file: &mut File| {
        file.set_len(0)?;
        file.write_all(std::process::id().to_string().as_bytes())
    };
    sign(&mut file).map_err(DataDirError::io("write", lock_file(folder)))?;
    Ok(file)
}

/// Process id of the broker that has the lock, or had it last.
fn holder(folder: &Path) -> Option<u32> {
    fs::read_to_string(lock_file(folder)).ok()?.parse().ok()
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("broker.lock")
}

/// Waits until no earlier broker works on the folder, so that its port is free again, too.
pub(super) async fn await_earlier_broker(folder: &Path) -> Result<(), BrokerError> {
    lock(folder).await.map(drop)
}

/// The folder's cluster id, made at the first call.
pub(super) fn cluster_id(folder: &Path) -> Result<String, DataDirError> {
    let path = folder.join("cluster-id");
    if let Ok(text) = fs::read_to_string(&path) {
        return Ok(text.trim().to_owned());
    }
    let id = Uuid::new_v4().to_string();
    write_whole(&path, id.as_bytes())?;
    Ok(id)
}

/// Opens the log for appending.
pub(super) fn open_log(path: &Path) -> Result<File, DataDirError> {
    if let Some(parent) = path.parent() {
        create_dir(parent)?;
    }
    let too_long = fs::metadata(path).is_ok_and(|log| log.len() > LOG_LIMIT);
    if too_long {
        fs::remove_file(path).map_err(DataDirError::io("remove", path))?;
    }
    OpenOptions::new().create(true).append(true).open(path).map_err(DataDirError::io("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_id_stays() {
        let temp = tempfile::tempdir().unwrap();
        let first = cluster_id(temp.path()).unwrap();
        assert_eq!(cluster_id(temp.path()).unwrap(), first);
    }

    #[test]
    fn a_long_log_starts_anew() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("log/broker.log");
        drop(open_log(&path).unwrap());
        fs::write(&path, "short").unwrap();
        assert_eq!(open_log(&path).unwrap().metadata().unwrap().len(), 5);
        OpenOptions::new().write(true).open(&path).unwrap().set_len(LOG_LIMIT + 1).unwrap();
        assert_eq!(open_log(&path).unwrap().metadata().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_lock_that_is_let_go_is_had() {
        let temp = tempfile::tempdir().unwrap();
        let held = own(temp.path()).await.unwrap();
        assert_eq!(holder(temp.path()), Some(std::process::id()));
        let wait = lock(temp.path());
        tokio::pin!(wait);
        assert!(futures::poll!(&mut wait).is_pending());
        drop(held);
        wait.await.unwrap();
    }
}
