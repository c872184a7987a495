//! A list of who may do something, kept as one file: those who may ask, those who may send.
//!
//! In: the file's path, and how the list is written ([`List`]). Out: the list as the file has it now, and changes of it.
//! Guarantee: the file is readable to its owner alone and is replaced whole or not at all; of two who change it at once one
//! comes after the other; a change counts for the next look; while the file cannot be read there is no list, not an older
//! one. A look costs a question to the system about the file, and reading it only where it has changed.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Most bytes of a file that is read: a look must not take long.
pub const MOST_BYTES: u64 = 4 << 20;

/// What a file holds. A file that is not there holds the default.
pub trait List: Default {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, for whoever mends it; without what is secret in it.
    fn read(text: &str) -> Result<Self, String>;

    /// The text of the file.
    fn text(&self) -> String;
}

/// The file cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not as it should be.
    #[error("{} is not right: {why}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// There is no list because its file cannot be read; why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(Arc<str>);

/// A list and its file.
#[derive(Debug)]
pub struct Roster<T> {
    path: PathBuf,
    seen: Mutex<Option<Seen<T>>>,
}

/// The file as it was last read.
#[derive(Debug)]
struct Seen<T> {
    /// Of the file that was read; `None` where the system did not let it be read, and may the next time.
    stamp: Option<Stamp>,
    list: Result<Arc<T>, Unreadable>,
}

/// What changes with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stamp {
    Missing,
    There {
        changed: Option<SystemTime>,
        bytes: u64,
        /// Which file it is, and when who may read it was changed.
        #[cfg(unix)]
        inode: (u64, i64, i64),
    },
}

impl<T: List> Roster<T> {
    /// The list of a file, which need not exist yet. Nothing is read.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: Mutex::new(None) }
    }

    /// As [`Roster::at`], where the file can be read.
    ///
    /// # Errors
    /// Any [`RosterError`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, RosterError> {
        let roster = Self::at(path);
        let stamp = Some(stamp(&roster.path)?);
        let list = Ok(Arc::new(read(&roster.path)?));
        Ok(Self { seen: Mutex::new(Some(Seen { stamp, list })), ..roster })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The list as the file has it now.
    ///
    /// # Errors
    /// While the file cannot be read. The first time it is logged.
    pub fn now(&self) -> Result<Arc<T>, Unreadable> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let found = stamp(&self.path);
        if let (Some(seen), Ok(found)) = (&*seen, &found)
            && seen.stamp.as_ref() == Some(found)
        {
            return seen.list.clone();
        }
        let (stamp, list) = match found.map(|found| (found, read::<T>(&self.path))) {
            // What is not right stays so until the file changes.
            Ok((found, list @ (Ok(_) | Err(RosterError::Content { .. })))) => (Some(found), list),
            Ok((_, refused)) => (None, refused),
            Err(error) => (None, Err(error)),
        };
        let list = list.map(Arc::new).map_err(|error| Unreadable(Chain(&error).to_string().into()));
        let was_readable = seen.as_ref().is_none_or(|seen| seen.list.is_ok());
        if let (Err(error), true) = (&list, was_readable) {
            tracing::error!(%error, "nobody on this list may do anything until its file is mended");
        }
        *seen = Some(Seen { stamp, list: list.clone() });
        list
    }

    /// Changes the file; two who do it at once come one after the other. Where `change` fails nothing is written.
    ///
    /// # Errors
    /// What `change` refuses, and any [`RosterError`].
    pub fn change<R, E: From<RosterError>>(&self, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
        }
        let lock = self.path.with_extension("lock");
        let lock_file = private(&lock).map_err(failed("open", &lock))?;
        lock_file.lock().map_err(failed("lock", &lock))?;
        let mut list: T = read(&self.path)?;
        let changed = change(&mut list)?;
        write(&self.path, &list.text()).map_err(failed("write", &self.path))?;
        Ok(changed)
    }
}

/// An error with its causes.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |error| error.source()).try_for_each(|error| write!(f, ": {error}"))
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RosterError {
    let path = path.to_owned();
    move |source| RosterError::Io { action, path, source }
}

fn stamp(path: &Path) -> Result<Stamp, RosterError> {
    let file = match fs::metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stamp::Missing),
        Err(error) => return Err(failed("read", path)(error)),
    };
    #[cfg(unix)]
    use std::os::unix::fs::MetadataExt;
    Ok(Stamp::There {
        changed: file.modified().ok(),
        bytes: file.len(),
        #[cfg(unix)]
        inode: (file.ino(), file.ctime(), file.ctime_nsec()),
    })
}

fn read<T: List>(path: &Path) -> Result<T, RosterError> {
    let wrong = |why: String| RosterError::Content { path: path.to_owned(), why };
    let text = match fs::metadata(path) {
        Ok(file) if file.len() > MOST_BYTES => return Err(wrong(format!("it has more than {MOST_BYTES} bytes"))),
        Ok(_) => fs::read_to_string(path),
        Err(error) => Err(error),
    };
    match text {
        Ok(text) => T::read(&text).map_err(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(wrong("it is not UTF-8".to_owned())),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Opens a file that its owner alone may read, making it where it is missing.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let half = path.with_extension("tmp");
    // What a crash left may have been made by somebody who lets others read.
    match fs::remove_file(&half) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    match path.parent() {
        // A path without a folder is in the working folder.
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name a line, in small letters.
    #[derive(Debug, Default, PartialEq)]
    struct Names(Vec<String>);

    impl List for Names {
        fn read(text: &str) -> Result<Self, String> {
            match text.lines().find(|line| line.chars().any(char::is_uppercase)) {
                Some(line) => Err(format!("{line} has a capital letter")),
                None => Ok(Self(text.lines().map(str::to_owned).collect())),
            }
        }

        fn text(&self) -> String {
            self.0.iter().map(|name| format!("{name}\n")).collect()
        }
    }

    fn add(roster: &Roster<Names>, name: &str) -> Result<usize, RosterError> {
        roster.change(|names| {
            names.0.push(name.to_owned());
            Ok(names.0.len())
        })
    }

    #[test]
    fn what_one_changes_another_sees_and_the_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/names.txt");
        let (served, changed) = (Roster::<Names>::at(&path), Roster::<Names>::open(&path).unwrap());
        assert_eq!(*served.now().unwrap(), Names::default());
        assert_eq!((add(&changed, "lan").unwrap(), add(&served, "minh").unwrap()), (1, 2));
        for roster in [&served, &changed] {
            assert_eq!(roster.now().unwrap().0, ["lan", "minh"]);
        }
        assert!(Arc::ptr_eq(&served.now().unwrap(), &served.now().unwrap()), "it is not read again for nothing");
        let refused: Result<(), RosterError> = changed.change(|names| {
            names.0.clear();
            Err(RosterError::Content { path: path.clone(), why: "not so".to_owned() })
        });
        assert!(refused.is_err() && served.now().unwrap().0.len() == 2);
        #[cfg(unix)]
        for file in [path.clone(), path.with_extension("lock")] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        assert!(!path.with_extension("tmp").exists());
    }

    #[test]
    fn while_the_file_cannot_be_read_there_is_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        fs::write(&path, "lan\n").unwrap();
        let roster = Roster::<Names>::open(&path).unwrap();
        for (broken, says) in
            [(b"Lan\n".to_vec(), "capital"), (vec![b'a'; (4 << 20) + 1], "bytes"), (vec![0xFF], "UTF-8")]
        {
            fs::write(&path, broken).unwrap();
            for _ in 0..2 {
                let error = roster.now().unwrap_err().to_string();
                assert!(error.contains(says) && error.contains("names.txt"), "{error}");
            }
            assert!(Roster::<Names>::open(&path).is_err() && add(&roster, "minh").is_err());
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(roster.now().unwrap_err().to_string().contains("cannot read"));
        fs::remove_dir(&path).unwrap();
        assert_eq!(*roster.now().unwrap(), Names::default());
    }
}
