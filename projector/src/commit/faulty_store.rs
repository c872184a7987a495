//! A file system of which some calls go wrong on purpose, below the real code that reads and writes the tables.
//!
//! In: a seed and how many of a thousand calls. Out: the machine's file system, but a call may be refused, come late, be
//! done and yet answered with an error (so that nobody knows), or begin a time in which the disk is full.
//! Guarantee: what is on the disk is what the real store wrote; each fault is said once on the log. For tests only.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use deltalake::logstore::object_store::local::LocalFileSystem;
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::faults::{Draws, StorageFaults};

/// The longest that a call comes late, in milliseconds.
const LATE_MS: u64 = 400;

/// The longest that the disk is full, in milliseconds: beyond the projector's patience, so that it sometimes gives up.
const FULL_MS: u64 = 5_000;

/// Writes are few beside the reads that a start makes, and are what matters: so many times as many of them go wrong.
const WRITES: u64 = 8;

/// Decides what goes wrong.
#[derive(Debug)]
pub(super) struct Spoiler {
    draws: Draws,
    per_mille: u64,
    full_until: Mutex<Option<Instant>>,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// Not done, and answered with an error.
    Refused,
    /// Done, and answered with an error.
    Unsure,
    /// Not done: no room.
    Full,
    /// Done later.
    Late(Duration),
}

impl Spoiler {
    /// The tables' draws differ, so that one fails while another does not.
    pub fn new(faults: StorageFaults, table: &str) -> Self {
        let of_table = table.bytes().fold(faults.seed, |seed, byte| seed.rotate_left(7) ^ u64::from(byte));
        let per_mille = faults.per_mille.into();
        Self { draws: Draws::new(of_table), per_mille, full_until: Mutex::new(None) }
    }

    /// Files and folders that are made durable: fails as a disk does that reports a lost write.
    pub fn sync(&self, folder: &FilePath) -> io::Result<()> {
        if self.draws.below(1000) >= self.per_mille {
            return Ok(());
        }
        said(Harm::Refused, "fsync", &folder.display());
        Err(io::Error::other("injected: the disk did not take it"))
    }

    fn write(&self, at: &Path) -> Option<Harm> {
        let mut full = self.full_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if full.is_some_and(|until| now < until) {
            return Some(Harm::Full);
        }
        if self.draws.below(1000) >= self.per_mille * WRITES {
            return None;
        }
        let harm = match self.draws.below(4) {
            0 => Harm::Refused,
            1 => Harm::Unsure,
            2 => Harm::Full,
            _ => self.late(),
        };
        if harm == Harm::Full {
            *full = Some(now + Duration::from_millis(self.draws.below(FULL_MS)));
        }
        said(harm, "write", at);
        Some(harm)
    }

    fn read(&self, at: &Path) -> Option<Harm> {
        if self.draws.below(1000) >= self.per_mille {
            return None;
        }
        let harm = if self.draws.below(2) == 0 { Harm::Refused } else { self.late() };
        said(harm, "read", at);
        Some(harm)
    }

    fn late(&self) -> Harm {
        Harm::Late(Duration::from_millis(self.draws.below(LATE_MS)))
    }
}

/// Tests count these lines.
fn said(harm: Harm, call: &str, at: &dyn fmt::Display) {
    tracing::warn!(?harm, call, %at, "storage fault injected");
}

/// The machine's file system with a spoiler in front of it.
#[derive(Debug)]
pub(super) struct FaultyStore {
    disk: LocalFileSystem,
    spoiler: Arc<Spoiler>,
}

impl FaultyStore {
    pub fn new(spoiler: Arc<Spoiler>) -> Self {
        Self { disk: LocalFileSystem::new(), spoiler }
    }

    async fn read(&self, at: &Path) -> Result<()> {
        match self.spoiler.read(at) {
            None => Ok(()),
            Some(Harm::Late(by)) => {
                wait(by).await;
                Ok(())
            }
            Some(_) => Err(error(io::Error::other(format!("injected: {at} did not answer")))),
        }
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({})", self.disk)
    }
}

fn error(source: io::Error) -> Error {
    Error::Generic { store: "FaultyStore", source: Box::new(source) }
}

fn full() -> Error {
    error(io::Error::from(io::ErrorKind::StorageFull))
}

/// Deltalake also calls from runtimes that have no timer.
async fn wait(by: Duration) {
    match tokio::runtime::Handle::try_current() {
        // It breaks off only with the runtime.
        Ok(runtime) => drop(runtime.spawn_blocking(move || std::thread::sleep(by)).await),
        Err(_) => std::thread::sleep(by),
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match self.spoiler.write(location) {
            None => self.disk.put_opts(location, payload, options).await,
            // Between deltalake's look for the newest version and the making of the next one.
            Some(Harm::Late(by)) => {
                wait(by).await;
                self.disk.put_opts(location, payload, options).await
            }
            Some(Harm::Unsure) => {
                self.disk.put_opts(location, payload, options).await?;
                Err(error(io::Error::other("injected: no answer came")))
            }
            Some(Harm::Refused) => Err(error(io::Error::other("injected: refused"))),
            Some(Harm::Full) => Err(full()),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        match self.spoiler.write(location) {
            Some(Harm::Full) => Err(full()),
            Some(Harm::Refused | Harm::Unsure) => Err(error(io::Error::other("injected: refused"))),
            Some(Harm::Late(by)) => {
                wait(by).await;
                self.disk.put_multipart_opts(location, options).await
            }
            None => self.disk.put_multipart_opts(location, options).await,
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.read(location).await?;
        self.disk.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.read(location).await?;
        self.disk.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.disk.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.disk.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.disk.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.read(&prefix.cloned().unwrap_or_default()).await?;
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.disk.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.disk.rename_opts(from, to, options).await
    }
}

impl FaultyStore {
    /// A listing never comes late: it does not wait.
    fn listed(
        &self,
        prefix: Option<&Path>,
        real: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.spoiler.read(&prefix.cloned().unwrap_or_default()) {
            Some(Harm::Refused) => {
                let refused = error(io::Error::other("injected: the folder did not answer"));
                futures::stream::iter([Err(refused)]).boxed()
            }
            _ => real,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deltalake::logstore::object_store::PutMode;

    fn at(folder: &tempfile::TempDir, name: &str) -> Path {
        Path::from_absolute_path(folder.path().join(name)).unwrap()
    }

    fn store(per_mille: u16) -> FaultyStore {
        FaultyStore::new(Arc::new(Spoiler::new(StorageFaults { seed: 5, per_mille }, "t")))
    }

    #[tokio::test]
    async fn what_is_not_spoilt_is_the_real_store() {
        let folder = tempfile::tempdir().unwrap();
        let (store, place) = (store(0), at(&folder, "a"));
        let create = || PutOptions::from(PutMode::Create);
        store.put_opts(&place, PutPayload::from_static(b"one"), create()).await.unwrap();
        let again = store.put_opts(&place, PutPayload::from_static(b"two"), create()).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })));
        assert_eq!(store.get_opts(&place, GetOptions::default()).await.unwrap().bytes().await.unwrap(), "one");
        store.spoiler.sync(folder.path()).unwrap();
    }

    /// All of the ways happen, and an error says nothing about whether it was done.
    #[tokio::test]
    async fn a_write_is_refused_or_unsure_or_finds_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(1000);
        let (mut done, mut not_done, mut full) = (0, 0, 0);
        // Without the long times of a full disk.
        for number in 0..200 {
            *store.spoiler.full_until.lock().unwrap() = None;
            let name = number.to_string();
            let payload = PutPayload::from_static(b"x");
            let Err(error) = store.put_opts(&at(&folder, &name), payload, PutOptions::default()).await else {
                continue;
            };
            match (folder.path().join(&name).exists(), error.to_string().contains("storage space")) {
                (true, _) => done += 1,
                (false, true) => full += 1,
                (false, false) => not_done += 1,
            }
            if done > 0 && not_done > 0 && full > 0 {
                break;
            }
        }
        assert!(done > 0 && not_done > 0 && full > 0, "{done} {not_done} {full}");
        assert!(store.spoiler.sync(folder.path()).is_err());
    }
}
