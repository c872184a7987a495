//! Where questions put what does not fit in memory: a folder of their engine's own below `DIR/spill`.
//!
//! In: the folder. Out: a disk manager that writes there. Guarantee: what a program that was killed left is removed when
//! the next engine opens, and never what another engine that lives is using: each holds a lock beside its folder, and
//! the kernel lets go of it however a program ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};

/// Name of a lock ends with this, that of the folder is the same without.
const LOCK: &str = "lock";

/// An engine's own folder, gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Spill {
    folder: PathBuf,
    _lock: File,
}

impl Spill {
    /// Removes what is left of others that have ended, and makes a folder of its own.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub(crate) fn open(spill: &Path) -> io::Result<Self> {
        fs::create_dir_all(spill)?;
        for entry in fs::read_dir(spill)?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == LOCK)
                && let Err(error) = remove_if_left(&path)
            {
                tracing::warn!(path = %path.display(), %error, "what a question left on the disk cannot be removed");
            }
        }
        let name = (0_u32..).map(|number| format!("{}-{number}", std::process::id()));
        for folder in name.map(|name| spill.join(name)) {
            // The lock comes first: a folder without one is never somebody's.
            let path = folder.with_extension(LOCK);
            let lock = match OpenOptions::new().create_new(true).write(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                lock => lock?,
            };
            lock.lock()?;
            // Who looks for what is left may have been here before the lock.
            if !leads_to(&path, &lock)? {
                continue;
            }
            fs::create_dir_all(&folder)?;
            return Ok(Self { folder, _lock: lock });
        }
        Err(io::Error::other("no name is free"))
    }

    /// What writes there, at most so many bytes at a time.
    pub(crate) fn disk(&self, most: u64) -> DiskManagerBuilder {
        DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.folder.clone()]))
            .with_max_temp_directory_size(most)
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // What cannot be removed now is at the next start.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(self.folder.with_extension(LOCK));
    }
}

fn remove_if_left(lock: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(lock)?;
    if file.try_lock().is_err() || !leads_to(lock, &file)? {
        return Ok(());
    }
    let folder = lock.with_extension("");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::remove_file(lock)
}

/// Whether a path is still that of an open file, and not of none or of another.
fn leads_to(path: &Path, open: &File) -> io::Result<bool> {
    let there = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there?,
    };
    Ok(is_one(&there, &open.metadata()?))
}

#[cfg(unix)]
fn is_one(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A file that is open cannot be removed here.
#[cfg(not(unix))]
fn is_one(_one: &fs::Metadata, _other: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_goes_and_what_is_used_stays() {
        let temp = tempfile::tempdir().unwrap();
        let spill = temp.path().join("data/spill");
        let used = Spill::open(&spill).unwrap();
        fs::write(used.folder.join("a"), "rows").unwrap();
        fs::create_dir(spill.join("9-9")).unwrap();
        fs::write(spill.join("9-9/b"), "rows").unwrap();
        fs::write(spill.join("9-9.lock"), "").unwrap();
        let other = Spill::open(&spill).unwrap();
        assert!(used.folder.join("a").exists() && other.folder != used.folder);
        assert!(!spill.join("9-9").exists() && !spill.join("9-9.lock").exists());
        drop((used, other));
        assert_eq!(fs::read_dir(&spill).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_that_somebody_else_removed_is_not_taken_for_ones_own() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("1-0.lock");
        let mine = File::create_new(&path).unwrap();
        assert!(leads_to(&path, &mine).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!leads_to(&path, &mine).unwrap());
        let others = File::create_new(&path).unwrap();
        assert!(!leads_to(&path, &mine).unwrap() && leads_to(&path, &others).unwrap());
    }
}
