//! The data folder: everything that a Lantoa on one machine keeps is below it, so copying it copies everything.
//!
//! In: the path given by `--data`. Out: the paths of its parts, the lock that keeps two programs from owning one
//! folder at once, and what a running program says of itself (`endpoints`).
//! Guarantee: the lock is the kernel's, so a crash releases it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub mod articles_mark;
pub mod endpoints;

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A file or folder below it could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another program owns it.
    #[error(
        "{} is in use by another lantoa{}; stop that one first, or choose another folder with --data DIR",
        root.display(), holder.map_or_else(String::new, |pid| format!(" (pid {pid})"))
    )]
    InUse {
        /// The data folder.
        root: PathBuf,
        /// The owner's process id, where it has said it.
        holder: Option<u32>,
    },
}

impl DataDirError {
    /// For `map_err`: the error of `action` on `path`.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// A data folder by its root. Making one does not touch the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

/// Ownership of a data folder, for as long as it is kept.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataDir {
    /// The folder at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Ledger tables, `outcome` and projections.
    pub fn tables(&self) -> PathBuf {
        self.root.join("tables")
    }

    /// Answers that were stored under a name.
    pub fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    /// What the schedule remembers: its history, since when jobs are due, whose turn it is.
    pub fn schedule(&self) -> PathBuf {
        self.root.join("schedule")
    }

    /// Where reports are delivered to unless the settings name another folder.
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// All that the embedded broker keeps.
    pub fn broker(&self) -> PathBuf {
        self.root.join("broker")
    }

    /// What child processes print.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Who may ask.
    pub fn users(&self) -> PathBuf {
        self.root.join("users.toml")
    }

    /// Who may send.
    pub fn senders(&self) -> PathBuf {
        self.root.join("senders.toml")
    }

    /// Where a running program says how it is reached.
    pub fn endpoints(&self) -> PathBuf {
        self.root.join("endpoints.json")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("lantoa.lock")
    }

    /// Whether nothing has been kept here yet: neither a log nor a table.
    pub fn is_fresh(&self) -> bool {
        !self.broker().exists() && !self.tables().exists()
    }

    /// Whether there are tables to read.
    pub fn has_tables(&self) -> bool {
        self.tables().is_dir()
    }

    /// Whether there are releases to read.
    pub fn has_releases(&self) -> bool {
        self.releases().is_dir()
    }

    /// Makes the folder where it is missing and takes it into ownership.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] when another program owns it, [`DataDirError::Io`] when it cannot be made.
    pub fn lock(&self) -> Result<DataLock, DataDirError> {
        create_dir(&self.root)?;
        let path = self.lock_file();
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(DataLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse {
                root: self.root.clone(),
                holder: endpoints::Endpoints::read(self).map(|endpoints| endpoints.pid),
            }),
            Err(TryLockError::Error(source)) => Err(DataDirError::io("lock", path)(source)),
        }
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`DataDirError::Io`].
pub fn create_dir(path: &Path) -> Result<(), DataDirError> {
    fs::create_dir_all(path).map_err(DataDirError::io("create", path))
}

/// Opens a file that serves as a lock, making it where it is missing and never shortening it.
///
/// # Errors
/// [`DataDirError::Io`].
pub fn open_lock(path: &Path) -> Result<File, DataDirError> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(DataDirError::io("open", path))
}

/// Puts `content` at `path` whole or not at all: a reader never sees a part of it.
///
/// # Errors
/// [`DataDirError::Io`].
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), DataDirError> {
    let half = path.with_extension("tmp");
    let write = || -> io::Result<()> {
        fs::write(&half, content)?;
        File::open(&half)?.sync_all()?;
        fs::rename(&half, path)
    };
    write().map_err(DataDirError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::new(temp.path().join("new/data"));
        assert!(data.is_fresh());
        let first = data.lock().unwrap();
        let error = data.lock().unwrap_err();
        assert!(matches!(error, DataDirError::InUse { holder: None, .. }), "{error}");
        assert!(error.to_string().contains("--data"), "{error}");
        drop(first);
        data.lock().unwrap();
    }

    #[test]
    fn the_owner_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::new(temp.path());
        let _first = data.lock().unwrap();
        let (http, kafka) = ("127.0.0.1:1".into(), "127.0.0.1:2".into());
        endpoints::Endpoints { pid: 4711, http, intake: None, postgres: None, kafka }.write(&data).unwrap();
        assert!(data.lock().unwrap_err().to_string().contains("pid 4711"));
    }
}
