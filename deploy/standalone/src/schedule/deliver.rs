//! Delivery of files to a folder that others read.
//!
//! In: files, as they are made, in a hidden folder beside. Out: the folder under its name. Guarantee: the folder is there
//! whole or not at all, on the disk; what was delivered under the name before stays where it is the same, and is replaced as a
//! whole where it is not; what a crash left is cleared away by the next delivery of the job.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What the hidden folder's name begins with; the job's name and [`AFTER_NAME`] follow.
const MAKING: &str = ".making-";
/// No name of a job has it, so that none is the beginning of another.
const AFTER_NAME: char = '~';
/// Rights of what everybody may read, before the user's mask.
const FOR_ALL: u32 = 0o777;
/// Rights of what is under embargo.
const FOR_THE_OWNER: u32 = 0o700;

/// Files cannot be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// Something in the folder.
    #[error("cannot {action} {}; see that it is a folder, has room and may be written to ([schedule] out)", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A fault of the program.
    #[error("the delivery broke off")]
    Broke(#[from] tokio::task::JoinError),
}

impl DeliverError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// A delivery in the making. Dropped before its end, nothing is left of it.
#[derive(Debug)]
pub(super) struct Delivery {
    out: PathBuf,
    /// What hidden folders of the job begin with.
    prefix: String,
    making: TempDir,
    rights: u32,
}

impl Delivery {
    /// Begins a delivery of a job, whose turn it must be. What is not public is for the owner alone.
    pub(super) fn begin(out: &Path, job: &str, is_embargoed: bool) -> Result<Self, DeliverError> {
        fs::create_dir_all(out).map_err(DeliverError::io("create", out))?;
        let prefix = format!("{MAKING}{job}{AFTER_NAME}");
        for left in fs::read_dir(out).map_err(DeliverError::io("read", out))?.flatten() {
            if left.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(left.path()).map_err(DeliverError::io("remove", &left.path()))?;
            }
        }
        let rights = if is_embargoed { FOR_THE_OWNER } else { FOR_ALL };
        let making = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(Permissions::from_mode(rights))
            .tempdir_in(out)
            .map_err(DeliverError::io("write to", out))?;
        Ok(Self { out: out.to_owned(), prefix, making, rights })
    }

    /// A folder in it, which is made.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, DeliverError> {
        let folder = self.making.path().join(name);
        fs::create_dir_all(&folder).map_err(DeliverError::io("create", &folder))?;
        Ok(folder)
    }

    /// All files are made: the folder takes its name. Says where it is.
    pub(super) async fn finish(self, name: &str) -> Result<PathBuf, DeliverError> {
        let target = self.out.join(name);
        let place = tokio::task::spawn_blocking(move || {
            self.place(&target).map_err(DeliverError::io("deliver to", &target)).map(|()| target)
        });
        place.await?
    }

    fn place(&self, target: &Path) -> io::Result<()> {
        let made = self.making.path();
        for file in below(made)? {
            File::open(made.join(file))?.sync_all()?;
        }
        File::open(made)?.sync_all()?;
        if target.is_dir() {
            if same(made, target)? {
                // An embargo may have ended since.
                return fs::set_permissions(target, Permissions::from_mode(self.rights_by_mask()?));
            }
            // Whoever has a file of it open reads on; it goes with this.
            let aside = tempfile::Builder::new().prefix(&self.prefix).tempdir_in(&self.out)?;
            fs::rename(target, aside.path().join("before"))?;
            fs::rename(made, target)?;
        } else {
            fs::rename(made, target)?;
        }
        File::open(&self.out)?.sync_all()
    }

    /// The rights that the folder got when it was made.
    fn rights_by_mask(&self) -> io::Result<u32> {
        Ok(fs::metadata(self.making.path())?.permissions().mode() & self.rights)
    }
}

/// Everything below a folder, by its path from there, in order; a folder after what is in it.
fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut names: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let name = PathBuf::from(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.extend(below(&entry.path())?.into_iter().map(|path| name.join(path)));
        }
        found.push(name);
    }
    Ok(found)
}

/// Whether two folders have the same files with the same bytes.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let paths = below(one)?;
    if paths != below(other)? {
        return Ok(false);
    }
    for path in paths {
        let (one, other) = (one.join(&path), other.join(&path));
        let is_same = match (one.is_dir(), other.is_dir()) {
            (true, true) => true,
            (false, false) => fs::read(one)? == fs::read(other)?,
            _ => false,
        };
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write(delivery: &Delivery, content: &str) {
        fs::write(delivery.folder("vi").unwrap().join("00.html"), content).unwrap();
    }

    #[tokio::test]
    async fn a_delivery_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("reports");
        let given_up = Delivery::begin(&out, "a", false).unwrap();
        write(&given_up, "half");
        assert_eq!(names(&out).len(), 1);
        assert!(names(&out)[0].starts_with(".making-a~"));
        drop(given_up);
        assert!(names(&out).is_empty());

        // What a crash left of this job goes, what another makes stays.
        fs::create_dir(out.join(".making-a~crash")).unwrap();
        fs::create_dir(out.join(".making-a-b~other")).unwrap();
        let delivery = Delivery::begin(&out, "a", false).unwrap();
        write(&delivery, "one");
        let at = delivery.finish("LLW-2026@1.0.0").await.unwrap();
        assert_eq!(at, out.join("LLW-2026@1.0.0"));
        assert_eq!(names(&out), [".making-a-b~other", "LLW-2026@1.0.0"]);
        assert_eq!(fs::read_to_string(at.join("vi/00.html")).unwrap(), "one");
    }

    #[tokio::test]
    async fn the_same_again_changes_nothing_and_another_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        for (content, is_embargoed, mode) in [("one", true, 0o700), ("one", false, 0o755), ("two", false, 0o755)] {
            let delivery = Delivery::begin(out, "a", is_embargoed).unwrap();
            write(&delivery, content);
            let at = delivery.finish("x").await.unwrap();
            assert_eq!(fs::read_to_string(at.join("vi/00.html")).unwrap(), content);
            assert_eq!(names(out), ["x"]);
            let rights = fs::metadata(&at).unwrap().permissions().mode();
            assert_eq!(rights & 0o700, mode & 0o700);
            assert!(!is_embargoed || rights & 0o077 == 0, "{rights:o}");
        }
        fs::write(out.join("file"), "").unwrap();
        let error = Delivery::begin(&out.join("file"), "a", false).unwrap_err().to_string();
        assert!(error.contains("file") && error.contains("[schedule] out"), "{error}");
    }
}
