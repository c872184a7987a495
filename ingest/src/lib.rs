//! The way in: whatever is sent, by HTTP or as a file, becomes events on the log or is refused with its reasons.
//!
//! In: requests and files. Out: records on the topics of the contract, and an answer to the sender. Guarantee: a row
//! that is answered as accepted was acknowledged by the log (`acks=all`), and so was the receipt that lists it; a row
//! that is not is answered with field, reason and remedy and kept as a reject, or the whole request fails and may be sent
//! again, which changes nothing as ids repeat.
//!
//! In reading order: `config`, what the doors accept (`http`), what is read out of it (`parse`), the one path of all
//! doors (`intake`), the log behind it (`log`), and whether the disk has room for it (`disk`); beside them who may send what
//! (`senders`), what is known already (`known`) and what a submission would change of it (`preview`), the form that an office
//! fills in (`template`), and the sheet that it gets back (`returned`).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lantoa_schemas::clock::SharedClock;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub mod config;
mod disk;
mod http;
pub mod intake;
pub mod known;
pub mod log;
pub mod parse;
pub mod preview;
pub mod returned;
pub mod senders;
pub mod template;

#[cfg(test)]
mod test_broker;
#[cfg(test)]
mod test_workbook;

pub use config::{Config, FaultPoint, Tokens};
pub use disk::DiskFull;
pub use http::api;
use intake::References;
pub use intake::{Answer, Intake};

/// Why the role did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log cannot be reached or its topics are not as they must be. Owned by whoever runs the broker.
    #[error("the log is not ready for intake")]
    Log(#[from] log::LogError),
}

/// Why the role did not end well. What was acknowledged is safe all the same.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// Requests were still under way at the deadline; their senders got no answer.
    #[error("{pending} requests were still under way {within:?} after the order to stop")]
    Drain {
        /// How many.
        pending: usize,
        /// How long they were given.
        within: Duration,
    },
    /// Records were still unacknowledged; nobody was told that they were taken.
    #[error("the log did not take the last records")]
    Flush(#[from] log::LogError),
}

/// A running ingest role.
pub struct Handle {
    intake: Arc<Intake>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    drain_timeout: Duration,
}

/// Starts the role: connects to the log, makes the topics that are missing, checks those that are there, and reads the
/// reference topic, by which rows are judged, to its end. Ready for requests when it returns. `shutdown` ends it: see
/// [`Handle::join`].
///
/// # Errors
/// When the log cannot be reached within [`Config::connect_timeout`], a topic keeps its records for another time than
/// the contract says, or the reference topic cannot be read.
pub async fn start(config: Config, clock: SharedClock, shutdown: CancellationToken) -> Result<Handle, StartError> {
    let log = log::Log::open(&config)?;
    log.ensure_topics(&config).await?;
    let tracker = TaskTracker::new();
    let references = References::open(&config)?;
    references.current(clock.now(), config.connect_timeout, &tracker).await?;
    let drain_timeout = config.drain_timeout;
    let intake = Arc::new(Intake::new(config, log, references, clock, tracker.clone(), shutdown.clone()));
    watch_disk(&intake, &tracker, &shutdown).await;
    Ok(Handle { intake, tracker, shutdown, drain_timeout })
}

/// Looks at the disk before the first request, and then until the stop.
async fn watch_disk(intake: &Arc<Intake>, tracker: &TaskTracker, shutdown: &CancellationToken) {
    let Some(disk) = intake.disk() else { return };
    disk.look(tracker).await;
    let (intake, tasks, stop) = (Arc::clone(intake), tracker.clone(), shutdown.clone());
    tracker.spawn(async move {
        if let Some(disk) = intake.disk() {
            disk.keep_looking(&tasks, &stop).await;
        }
    });
}

impl Handle {
    /// The routes `POST /v1/events` and `POST /v1/files`, for the one HTTP listener.
    pub fn router(&self) -> Router {
        http::router(self.intake.clone())
    }

    /// The path behind the routes, for files that are loaded without HTTP.
    pub fn intake(&self) -> Arc<Intake> {
        self.intake.clone()
    }

    /// Makes ingest's series known to the program's registry.
    pub fn register(&self, registry: &mut Registry) {
        self.intake.register(registry);
    }

    /// Waits for the shutdown token, then for the requests under way, then for the log to have taken what they sent.
    /// New requests are answered 503 from the token on.
    ///
    /// # Errors
    /// When both together take longer than [`Config::drain_timeout`] and a second.
    pub async fn join(self) -> Result<(), StopError> {
        self.shutdown.cancelled().await;
        self.tracker.close();
        let deadline = tokio::time::Instant::now() + self.drain_timeout;
        let drained = tokio::time::timeout_at(deadline, self.tracker.wait()).await;
        // At least a moment: what was drained at the last one has to leave the client's queue.
        let left = deadline.saturating_duration_since(tokio::time::Instant::now()).max(Duration::from_secs(1));
        self.intake.flush(left).await?;
        drained.map_err(|_| StopError::Drain { pending: self.tracker.len(), within: self.drain_timeout })
    }
}
