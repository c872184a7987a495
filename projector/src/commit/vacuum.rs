//! Files that nobody needs any more.
//!
//! In: a table, how long files are kept. Out: fewer files. What a version of that time may need stays, as a question
//! that began then may still read it; so does what a running commit has just written.
//!
//! A file goes when the version looked at does not name it, it has not been touched for that time, and the version's
//! own log entry is younger than it. When it was touched is when it was written or, by compaction, removed. The last
//! condition is what makes it safe that a process is paused between writing and committing, for however long: whoever
//! wrote the file had looked at an older version than this one, so that its commit can only be refused. Only compaction
//! carries files over to a newer version, and gives them up long before they are this old.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lantoa_schemas::projection::BUCKET;

use super::compact::SPILL;
use super::{CommitError, StreamTable};

impl StreamTable {
    /// Deletes what is not needed, and says how many files that were.
    pub async fn vacuum(&mut self, keep: Duration, now: SystemTime) -> Result<usize, CommitError> {
        self.reload().await?;
        let active: HashSet<String> = self.files()?.into_iter().map(|file| file.path).collect();
        let (folder, version) = (self.folder.clone(), self.version());
        let path = folder.clone();
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, version, &active, keep, now)).await;
        swept
            .unwrap_or_else(|stopped| Err(std::io::Error::other(stopped.to_string())))
            .map_err(|source| CommitError::Sync { path, source })
    }
}

fn sweep(
    folder: &Path,
    version: u64,
    active: &HashSet<String>,
    keep: Duration,
    now: SystemTime,
) -> std::io::Result<usize> {
    let entry = folder.join("_delta_log").join(format!("{version:020}.json"));
    let committed = match std::fs::metadata(entry) {
        Ok(entry) => entry.modified()?,
        Err(gone) if gone.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let old = |touched: SystemTime| now.duration_since(touched).is_ok_and(|age| age >= keep);
    let mut gone = 0;
    for path in data_files(folder)? {
        let name = path.strip_prefix(folder).ok().and_then(Path::to_str);
        if name.is_some_and(|name| active.contains(name)) {
            continue;
        }
        let touched = match std::fs::metadata(&path) {
            Ok(file) => file.modified()?,
            Err(gone) if gone.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if old(touched) && touched < committed {
            forgive_absence(std::fs::remove_file(path))?;
            gone += 1;
        }
    }
    // What a sort left on the disk when its process died.
    if let Ok(spilled) = std::fs::read_dir(folder.join(SPILL)) {
        for item in spilled {
            let item = item?;
            if item.file_type()?.is_dir() && old(item.metadata()?.modified()?) {
                forgive_absence(std::fs::remove_dir_all(item.path()))?;
            }
        }
    }
    Ok(gone)
}

/// The data files of a table, and of the folders of its buckets.
fn data_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let (item, bucket) = (item?, format!("{BUCKET}="));
        if is_data(&item.file_name()) {
            files.push(item.path());
        } else if item.file_name().to_str().is_some_and(|name| name.starts_with(&bucket)) {
            files.extend(data_files(&item.path())?);
        }
    }
    Ok(files)
}

/// Data files, and parts of them: one that is being written has a `#` and a number behind its name.
fn is_data(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.ends_with(".parquet") || name.contains(".parquet#"))
}

/// Another projector's vacuum may have been faster.
fn forgive_absence(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
