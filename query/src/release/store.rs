//! The folder of all releases: `DIR/releases/NAME/VERSION`.
//!
//! In: names and versions. Out: what is stored under them. Guarantee: a version appears by one rename of a whole folder
//! whose files are on the disk, so that nobody sees a part of it, and of two who make the same one only one does; its
//! files are held against their checksums when an engine opens it first. What is withdrawn is marked beside the manifest.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{At, Manifest, Name, Reference, Release, ReleaseError, Version, Withdrawn};

const MANIFEST: &str = "manifest.json";
const WITHDRAWN: &str = "withdrawn.json";
/// What the folder of a release begins with while it is made.
const MAKING: &str = ".making-";

/// All releases of a data folder.
#[derive(Debug)]
pub struct Releases {
    folder: PathBuf,
    /// By folder, with the checksum of the manifest: what was held against its checksums.
    opened: Mutex<HashMap<PathBuf, Opened>>,
}

/// One release as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of the manifest, in hexadecimal: by which the whole release can be cited.
    pub sha256: String,
    /// Whether and why it is not to be used any more.
    pub withdrawn: Option<Withdrawn>,
    /// Its folder.
    pub folder: PathBuf,
}

impl Stored {
    /// Rows of all its tables together.
    pub fn rows(&self) -> u64 {
        self.manifest.tables.iter().map(|table| table.rows).sum()
    }
}

impl Releases {
    /// Those of a folder, which need not exist yet.
    pub fn of(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        // The tables over its files are named by whole paths.
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        Self { folder, opened: Mutex::default() }
    }

    /// All of them, by name and version.
    ///
    /// # Errors
    /// Where the folder or a manifest cannot be read.
    pub fn all(&self) -> Result<Vec<Stored>, ReleaseError> {
        let mut all = Vec::new();
        for name in self.names()? {
            for version in self.versions(&name)? {
                all.push(self.read(&name, version)?);
            }
        }
        Ok(all)
    }

    /// The one that is meant: the newest of those that were not withdrawn, or exactly the one that is named. Where
    /// `public_at` is given, only those that are public by then.
    ///
    /// # Errors
    /// Where there is none, it is under embargo, or its manifest cannot be read.
    pub fn find(&self, reference: &Reference, public_at: Option<DateTime<Utc>>) -> Result<Stored, ReleaseError> {
        let hidden = |stored: &Stored| public_at.is_some_and(|now| stored.manifest.is_embargoed(now));
        let mut embargoed = None;
        let mut withdrawn = false;
        for version in self.versions(&reference.name)?.into_iter().rev().filter(|version| reference.at.takes(*version))
        {
            let stored = self.read(&reference.name, version)?;
            let named = matches!(reference.at, At::Exact(_));
            if hidden(&stored) {
                embargoed = embargoed.or(Some(stored));
            } else if named || stored.withdrawn.is_none() {
                return Ok(stored);
            } else {
                withdrawn = true;
            }
        }
        let possible = self.possible(public_at);
        Err(match embargoed {
            Some(Stored { manifest, .. }) => {
                let until = manifest.public_from().unwrap_or_default();
                ReleaseError::Embargoed { release: manifest.reference(), until, possible }
            }
            None if withdrawn => {
                ReleaseError::NoSuch { wanted: format!("{reference} that was not withdrawn"), possible }
            }
            None => ReleaseError::NoSuch { wanted: reference.to_string(), possible },
        })
    }

    /// What there is to ask, the newest of each name, as a sentence.
    pub(crate) fn possible(&self, public_at: Option<DateTime<Utc>>) -> String {
        let newest = |name: &Name| {
            let mut versions = self.versions(name).ok()?.into_iter().rev();
            versions.find_map(|version| {
                let stored = self.read(name, version).ok()?;
                let hidden = public_at.is_some_and(|now| stored.manifest.is_embargoed(now));
                (!hidden && stored.withdrawn.is_none()).then(|| stored.manifest.reference())
            })
        };
        let names = self.names().unwrap_or_default();
        let there: Vec<String> = names.iter().filter_map(newest).collect();
        match there.as_slice() {
            [] => "nothing is released yet".to_owned(),
            there => format!("you may ask {}", there.join(", ")),
        }
    }

    /// A release over whose files tables can be made. Reads all of it the first time, and when a file was written since, so
    /// not to be called where nobody may wait.
    ///
    /// # Errors
    /// [`ReleaseError::Damaged`] where a file is not as the manifest says.
    pub(crate) fn open(&self, stored: &Stored) -> Result<Arc<Release>, ReleaseError> {
        let known = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&stored.folder).cloned();
        let touched = touched(stored);
        if let Some((sha256, then, release)) = known
            && (&sha256, &then) == (&stored.sha256, &touched)
        {
            return Ok(release);
        }
        self.check(stored)?;
        let release = Arc::new(Release::over(stored)?);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(stored.folder.clone(), (stored.sha256.clone(), touched, Arc::clone(&release)));
        Ok(release)
    }

    /// Holds every file of a release against its checksum.
    ///
    /// # Errors
    /// [`ReleaseError::Damaged`] for the first that does not fit.
    pub fn check(&self, stored: &Stored) -> Result<(), ReleaseError> {
        for table in &stored.manifest.tables {
            let path = stored.folder.join(table.file());
            let found = checksum(&path).map_err(|error| self.damaged(&path, format!("cannot be read ({error})")))?;
            if found != (table.bytes, table.sha256.clone()) {
                return Err(self.damaged(&path, "is not the file that was stored: its checksum differs".to_owned()));
            }
        }
        Ok(())
    }

    /// Marks a release as not to be used any more.
    ///
    /// # Errors
    /// Where there is none, it is withdrawn already, or the mark cannot be written.
    pub fn withdraw(&self, reference: &Reference, reason: &str, now: DateTime<Utc>) -> Result<Stored, ReleaseError> {
        let stored = self.find(reference, None)?;
        if let Some(Withdrawn { reason, .. }) = stored.withdrawn {
            return Err(ReleaseError::Withdrawn { release: stored.manifest.reference(), reason });
        }
        let withdrawn = Withdrawn { reason: reason.to_owned(), at: now };
        let path = stored.folder.join(WITHDRAWN);
        let half = stored.folder.join(format!(".{WITHDRAWN}.tmp"));
        let written = || {
            write_synced(&half, &pretty(&withdrawn)?)?;
            fs::rename(&half, &path)?;
            sync(&stored.folder)
        };
        written().map_err(ReleaseError::io("write", &path))?;
        Ok(Stored { withdrawn: Some(withdrawn), ..stored })
    }

    /// Versions of a name, the first first.
    pub(crate) fn versions(&self, name: &Name) -> Result<Vec<Version>, ReleaseError> {
        let mut versions: Vec<Version> = folders(&self.folder.join(name.as_str()))?;
        versions.sort_unstable();
        Ok(versions)
    }

    fn names(&self) -> Result<Vec<Name>, ReleaseError> {
        let mut names: Vec<Name> = folders(&self.folder)?;
        names.sort_unstable();
        Ok(names)
    }

    /// A release by name and version.
    pub(crate) fn read(&self, name: &Name, version: Version) -> Result<Stored, ReleaseError> {
        let folder = self.folder.join(name.as_str()).join(version.to_string());
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).map_err(|error| self.damaged(&path, format!("cannot be read ({error})")))?;
        let manifest = Manifest::read(&text).map_err(|why| self.damaged(&path, why))?;
        if (&manifest.name, manifest.version) != (name, version) {
            return Err(self.damaged(&path, format!("is that of {}", manifest.reference())));
        }
        let mark = folder.join(WITHDRAWN);
        let withdrawn = match fs::read(&mark) {
            Ok(text) => Some(serde_json::from_slice(&text).map_err(|error| self.damaged(&mark, error.to_string()))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ReleaseError::io("read", &mark)(error)),
        };
        Ok(Stored { manifest, sha256: hex(&Sha256::digest(&text)), withdrawn, folder })
    }

    fn damaged(&self, path: &Path, why: String) -> ReleaseError {
        let file = path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
        ReleaseError::Damaged { file, why }
    }

    /// Begins to make a version of a name; `None` where somebody else is about it.
    pub(crate) fn begin(&self, name: &Name) -> Result<Option<Making>, ReleaseError> {
        let of_name = self.folder.join(name.as_str());
        fs::create_dir_all(&of_name).map_err(ReleaseError::io("create", &of_name))?;
        let path = of_name.join(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(ReleaseError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(ReleaseError::io("lock", &path)(error)),
        }
        // Whoever made these is gone, as the lock is ours.
        for left in fs::read_dir(&of_name).map_err(ReleaseError::io("read", &of_name))?.flatten() {
            if left.file_name().to_string_lossy().starts_with(MAKING) {
                fs::remove_dir_all(left.path()).map_err(ReleaseError::io("remove", &left.path()))?;
            }
        }
        // Readable to its owner alone: a release may be under embargo.
        let folder = tempfile::Builder::new().prefix(MAKING).tempdir_in(&of_name);
        let folder = folder.map_err(ReleaseError::io("create", &of_name))?;
        Ok(Some(Making { all: self.folder.clone(), of_name, folder, _lock: lock }))
    }
}

/// A release that is being made. Dropped before its end, nothing is left of it.
#[derive(Debug)]
pub(crate) struct Making {
    all: PathBuf,
    of_name: PathBuf,
    folder: TempDir,
    /// Free once this is dropped.
    _lock: File,
}

impl Making {
    /// Where its files are written.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the whole release where it belongs; `false` where another took the place meanwhile.
    pub(crate) fn finish(self, manifest: &Manifest) -> Result<bool, ReleaseError> {
        let target = self.of_name.join(manifest.version.to_string());
        let place = || -> io::Result<()> {
            write_synced(&self.folder().join(MANIFEST), &pretty(manifest)?)?;
            for entry in fs::read_dir(self.folder())? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    sync(&entry.path())?;
                }
            }
            sync(self.folder())?;
            // A folder that has anything in it is never replaced by this.
            fs::rename(self.folder(), &target)?;
            sync(&self.of_name)?;
            sync(&self.all)?;
            self.all.parent().map_or(Ok(()), sync)
        };
        match place() {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty) => {
                Ok(false)
            }
            Err(error) => Err(ReleaseError::io("write", &target)(error)),
        }
    }
}

/// The folders below one whose names are what is looked for; none where there is no such folder.
fn folders<T: std::str::FromStr>(folder: &Path) -> Result<Vec<T>, ReleaseError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ReleaseError::io("read", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ReleaseError::io("read", folder))?;
        if entry.path().is_dir()
            && let Some(named) = entry.file_name().to_str().and_then(|name| name.parse().ok())
        {
            found.push(named);
        }
    }
    Ok(found)
}

/// How many bytes a file has, and their SHA-256.
fn checksum(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pretty(value: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Sees to it that the names in a folder are on the disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The checksum of a release's manifest, its files as they were then, and what was opened.
type Opened = (String, Touched, Arc<Release>);

/// Length of each file and when it was written: where that differs, all are held against their checksums again.
type Touched = Vec<Option<(u64, SystemTime)>>;

fn touched(stored: &Stored) -> Touched {
    let of = |file: String| {
        let file = fs::metadata(stored.folder.join(file)).ok()?;
        Some((file.len(), file.modified().ok()?))
    };
    stored.manifest.tables.iter().map(|table| of(table.file())).collect()
}
