//! When what was written is on the disk.
//!
//! In: files of a table, entries of its log, folders. Out: the same, where a loss of power leaves them. Guarantee: a file is
//! durable before the folder that names it, and `Ok` is said after both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use deltalake::kernel::Add;

use super::{CommitError, StreamTable};

impl StreamTable {
    /// Makes files that have just been written durable, with the folders that name them.
    pub(super) async fn sync_files(&self, files: &[Add]) -> Result<(), CommitError> {
        let mut paths: Vec<PathBuf> = files.iter().map(|file| self.folder.join(&file.path)).collect();
        // The files of a bucket lie in a folder of their own, which may be new as well.
        let mut folders: BTreeSet<PathBuf> =
            paths.iter().filter_map(|path| path.parent()).map(Path::to_owned).collect();
        folders.insert(self.folder.clone());
        paths.extend(folders);
        sync(paths).await
    }

    /// What a test lets go wrong when files are made durable, which does not go through the store.
    pub(super) fn spoil_sync(&self) -> Result<(), CommitError> {
        let spoilt = self.spoiler.as_ref().map_or(Ok(()), |spoiler| spoiler.sync(&self.folder));
        spoilt.map_err(|source| CommitError::Sync { path: self.folder.clone(), source })
    }

    /// Makes the log entry of the version looked at durable, with the checkpoint where it has one.
    pub(super) async fn sync_log(&self) -> Result<(), CommitError> {
        self.spoil_sync()?;
        let log = self.folder.join("_delta_log");
        let version = self.table.version().unwrap_or_default();
        let names =
            [format!("{version:020}.json"), format!("{version:020}.checkpoint.parquet"), "_last_checkpoint".to_owned()];
        let mut paths: Vec<PathBuf> = names.iter().map(|name| log.join(name)).filter(|path| path.exists()).collect();
        paths.push(log);
        sync(paths).await
    }
}

/// Makes files and folders durable, in order.
pub(super) async fn sync(paths: Vec<PathBuf>) -> Result<(), CommitError> {
    let all = move || {
        for path in paths {
            std::fs::File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|source| CommitError::Sync { path, source })?;
        }
        Ok(())
    };
    match tokio::task::spawn_blocking(all).await {
        Ok(done) => done,
        Err(stopped) => {
            Err(CommitError::Sync { path: PathBuf::new(), source: std::io::Error::other(stopped.to_string()) })
        }
    }
}
