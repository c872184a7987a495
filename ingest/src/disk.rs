//! Whether the disk has room for what would be taken in.
//!
//! In: how many bytes are free, by whatever measures it. Out: open or closed, and why. Guarantee: the disk is asked once a
//! second and on no thread that serves requests; who wants to know reads what was found last. It closes below a bound and
//! opens an eighth above it, so that it does not do so with each file that comes and goes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the disk is asked.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Says how many bytes are free.
type Measure = Arc<dyn Fn() -> io::Result<u64> + Send + Sync>;

/// A disk with too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the disk has {free} bytes free, and nothing is taken in below {least}")]
pub struct DiskFull {
    /// Free bytes, when it was last asked.
    pub free: u64,
    /// The bound: the setting `min_free_bytes`.
    pub least: u64,
}

/// What is known of a disk.
pub(crate) struct Disk {
    folder: PathBuf,
    measure: Measure,
    gate: Mutex<Gate>,
}

impl Disk {
    /// The disk that holds a folder, below whose bound of free bytes it is full.
    pub(crate) fn of(folder: &Path, least: u64) -> Self {
        let watched = folder.to_owned();
        Self::measured(folder, least, move || free_bytes(&watched))
    }

    /// The same, measured by whatever is given.
    pub(crate) fn measured(
        folder: &Path,
        least: u64,
        measure: impl Fn() -> io::Result<u64> + Send + Sync + 'static,
    ) -> Self {
        Self { folder: folder.to_owned(), measure: Arc::new(measure), gate: Mutex::new(Gate::open(least)) }
    }

    /// Whether there is room, as of the last look.
    ///
    /// # Errors
    /// [`DiskFull`].
    pub(crate) fn room(&self) -> Result<(), DiskFull> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).state()
    }

    /// The folder that it holds.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks the disk, on a thread of `tasks` that may wait.
    pub(crate) async fn look(&self, tasks: &TaskTracker) {
        let measure = Arc::clone(&self.measure);
        let measured = match tasks.spawn_blocking(move || measure()).await {
            Ok(measured) => measured,
            Err(error) => Err(io::Error::other(error)),
        };
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        match gate.see(measured) {
            Some(Turn::Closed(full)) => tracing::error!(
                folder = %self.folder.display(), free = full.free, least = full.least,
                "the disk is nearly full, nothing is taken in until there is room; make some, or set min_free_bytes lower"
            ),
            Some(Turn::Opened) => tracing::warn!(folder = %self.folder.display(), "the disk has room again"),
            Some(Turn::Blind(error)) => tracing::warn!(
                folder = %self.folder.display(), %error, "how much of the disk is free cannot be found out"
            ),
            None => {}
        }
    }

    /// Looks every second until the stop.
    pub(crate) async fn keep_looking(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(ASKED_EVERY) => self.look(tasks).await,
            }
        }
    }
}

/// Bytes that whoever runs the program may still write on the disk that holds a folder.
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Open or closed, by what was measured.
#[derive(Debug)]
struct Gate {
    least: u64,
    /// Free bytes at the last look, while it is closed.
    closed_at: Option<u64>,
    /// Whether the last look found nothing out.
    blind: bool,
}

/// What a look changed.
#[derive(Debug)]
enum Turn {
    Closed(DiskFull),
    Opened,
    Blind(io::Error),
}

impl Gate {
    fn open(least: u64) -> Self {
        Self { least, closed_at: None, blind: false }
    }

    fn state(&self) -> Result<(), DiskFull> {
        self.closed_at.map_or(Ok(()), |free| Err(DiskFull { free, least: self.least }))
    }

    /// Takes a measurement in. One that failed changes nothing: a disk that cannot be asked is no full one.
    fn see(&mut self, measured: io::Result<u64>) -> Option<Turn> {
        let free = match measured {
            Ok(free) => free,
            Err(error) => return (!std::mem::replace(&mut self.blind, true)).then_some(Turn::Blind(error)),
        };
        self.blind = false;
        let was_closed = self.closed_at.is_some();
        // What is exactly the bound is still open, so that a bound of 0 never closes.
        let bound = if was_closed { self.least.saturating_add(self.least / 8) } else { self.least };
        self.closed_at = (free < bound).then_some(free);
        match (was_closed, self.closed_at) {
            (false, Some(free)) => Some(Turn::Closed(DiskFull { free, least: self.least })),
            (true, None) => Some(Turn::Opened),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn it_closes_at_the_bound_and_opens_an_eighth_above_it() {
        let mut gate = Gate::open(800);
        for (free, open, turned) in [
            (5000, true, false),
            (800, true, false),
            (799, false, true),
            (0, false, false),
            (850, false, false),
            (899, false, false),
            (900, true, true),
            (801, true, false),
            (799, false, true),
        ] {
            assert_eq!(gate.see(Ok(free)).is_some(), turned, "{free}");
            assert_eq!(gate.state(), if open { Ok(()) } else { Err(DiskFull { free, least: 800 }) }, "{free}");
        }
    }

    #[test]
    fn a_disk_that_cannot_be_asked_stays_as_it_was_and_is_said_once() {
        let failed = || Err(io::Error::from(io::ErrorKind::NotFound));
        let mut gate = Gate::open(800);
        assert!(matches!(gate.see(failed()), Some(Turn::Blind(_))));
        assert!(gate.see(failed()).is_none() && gate.state().is_ok());
        gate.see(Ok(1));
        assert!(matches!(gate.see(failed()), Some(Turn::Blind(_))));
        assert_eq!(gate.state(), Err(DiskFull { free: 1, least: 800 }));
    }

    #[test]
    fn extreme_bounds() {
        let mut never = Gate::open(0);
        assert!(never.see(Ok(0)).is_none() && never.state().is_ok());
        let mut always = Gate::open(u64::MAX);
        assert!(always.see(Ok(u64::MAX - 1)).is_some() && always.see(Ok(u64::MAX - 1)).is_none());
        assert!(always.state().is_err());
    }

    #[tokio::test]
    async fn what_is_measured_is_known_after_the_look() {
        let free = Arc::new(AtomicU64::new(10));
        let measured = Arc::clone(&free);
        let disk = Disk::measured(Path::new("x"), 100, move || Ok(measured.load(Ordering::SeqCst)));
        let tasks = TaskTracker::new();
        assert_eq!(disk.room(), Ok(()), "not asked yet");
        disk.look(&tasks).await;
        assert_eq!(disk.room(), Err(DiskFull { free: 10, least: 100 }));
        free.store(200, Ordering::SeqCst);
        assert!(disk.room().is_err(), "as of the last look");
        disk.look(&tasks).await;
        assert_eq!(disk.room(), Ok(()));
        let here = Disk::of(&std::env::temp_dir(), u64::MAX);
        here.look(&tasks).await;
        assert!(here.room().is_err_and(|full| full.free > 0));
        let nowhere = Disk::of(Path::new("/no/such/folder"), u64::MAX);
        nowhere.look(&tasks).await;
        assert_eq!(nowhere.room(), Ok(()));
    }
}
