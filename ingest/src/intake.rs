//! The one path of all doors: content -> rows -> judged events -> log -> receipt -> answer.
//!
//! In: what somebody sent, as bytes, with the way it is written. Out: an [`Answer`] in which every row is either
//! accepted, with its position, or rejected, with its problems. Guarantee: an answer is given only after the log has
//! acknowledged every accepted row, a reject for every other one, and the receipt's manifest; otherwise the whole
//! submission fails and may be sent again, by which nothing is doubled. A content that cannot be read as a whole is
//! refused with a receipt of no row and one reject of its own. Rows are judged by the reference topic as `references` has
//! read it, and carry the version of the history that they were judged by.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lantoa_schemas::avro::{EncodeError, Encoder};
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::form::Form;
use lantoa_schemas::receipt::{Receipt, content_hash, ground_of_ids, receipt_key};
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::validate::{Problem, personal};
use lantoa_schemas::vocabulary::Via;
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, FaultPoint};
use crate::disk::{Disk, DiskFull};
use crate::known::Known;
use crate::log::{Log, LogError, Position, ProduceError, Record};
use crate::parse::{Notation, ParseError, is_workbook};
use crate::senders::{Refused, Sender, Senders};

mod away;
mod count;
mod dry_run;
mod health;
mod judge;
mod references;

pub use count::Counts;
pub(crate) use references::References;

/// Longest idempotency key, in bytes.
pub const MAX_KEY: usize = 256;

/// Idempotency keys that are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 4;

/// What somebody sends.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Who sends it, and what they may report.
    pub sender: Sender,
    /// The bytes as they came.
    pub content: Bytes,
    /// How they are written.
    pub notation: Notation,
    /// The way in.
    pub via: Via,
    /// Name of the file.
    pub name: Option<String>,
    /// The sender's own key for it, by default the hash of the content: what is sent again under one key gets the same
    /// receipt, and its rows, where they bring no ids of their own, the same ids. Another content under the same key is
    /// refused where the first is known; its rows never have the ids of the first's.
    pub idempotency_key: Option<String>,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Key of the receipt, whose manifest is in the log.
    pub receipt: String,
    /// Rows sent: accepted and rejected add up to it.
    pub sent: u64,
    /// Rows that the log has acknowledged, in the order sent.
    pub accepted: Vec<Accepted>,
    /// Rows refused, in the order sent.
    pub rejected: Vec<Rejected>,
}

/// A row that is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its number, from 1.
    pub row: u64,
    /// Its event id.
    pub event_id: String,
    /// The stream, which names the topic.
    pub stream: Stream,
    /// Where it is.
    pub position: Position,
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its number, from 1.
    pub row: u64,
    /// All that is wrong with it, never empty.
    pub problems: Vec<Problem>,
}

/// Why a submission got no answer. Of its rows none is claimed to have been taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The content cannot be read as a whole, and nothing of it is kept: it has no row. Owned by the sender.
    #[error("the content {0}")]
    Parse(#[from] ParseError),
    /// The content cannot be read as a whole; it is kept as a reject. Owned by the sender.
    #[error("the content {error}")]
    Unreadable {
        /// Key of the receipt.
        receipt: String,
        /// What is wrong.
        error: ParseError,
    },
    /// The content is too large. Owned by the sender.
    #[error("the content has more than {most} bytes")]
    TooLarge {
        /// The limit, in bytes.
        most: usize,
    },
    /// The idempotency key is not 1 to [`MAX_KEY`] visible characters. Owned by the sender.
    #[error("the idempotency key is not 1 to {MAX_KEY} visible ASCII characters")]
    Key,
    /// The idempotency key was used for another content. Owned by the sender.
    #[error("the idempotency key was used for another content")]
    KeyReused,
    /// All rows are of families that the sender may not send. Owned by the sender.
    #[error("the token of {sender} is for other families: {families}")]
    NotGranted {
        /// The sender's name.
        sender: String,
        /// What it may send.
        families: String,
    },
    /// The log did not acknowledge everything. Owned by the outside; may be sent again.
    #[error("the log acknowledged {acknowledged} of {records} records")]
    NotAcknowledged {
        /// Records sent to the log, or the receipt's manifest once all others were in.
        records: usize,
        /// How many of them it acknowledged.
        acknowledged: usize,
        /// What became of the first other.
        source: ProduceError,
    },
    /// What rows are judged by cannot be read. Owned by the outside; may be sent again.
    #[error("what rows are judged by cannot be read")]
    Unread(#[source] Box<LogError>),
    /// The log is known to be away, so nothing was sent there. Owned by the outside; may be sent again.
    #[error("the log does not answer")]
    Away,
    /// The disk is nearly full. Owned by whoever runs the program; may be sent again once there is room.
    #[error("nothing is taken in; make room on the disk, or set min_free_bytes of [ingest] lower")]
    DiskFull(#[from] DiskFull),
    /// The role is stopping. May be sent again.
    #[error("intake is stopping")]
    Stopping,
    /// A fault of this program.
    #[error("an event does not fit its own schema")]
    Encode(#[from] EncodeError),
    /// A fault of this program: judging ended without a result.
    #[error("judging ended without a result")]
    Judging(#[from] tokio::task::JoinError),
}

/// A submission whose rows are judged.
struct Considered<'a> {
    /// Without its content.
    submission: Submission,
    receipt: String,
    content_hash: String,
    now: DateTime<Utc>,
    judged: judge::Judged,
    /// Held until what a workbook has is stored or, where it is not to be, judged.
    turn: Option<SemaphorePermit<'a>>,
}

/// The path behind all doors.
pub struct Intake {
    config: Config,
    log: Arc<Log>,
    references: References,
    /// Whose tokens are taken; `None` where none are asked for.
    senders: Option<Senders>,
    clock: SharedClock,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    /// Held while a workbook is read: they are read one after the other.
    workbooks: Semaphore,
    /// Who knows what is there already, where anybody does.
    known: OnceLock<Arc<dyn Known>>,
    /// Held while a key is looked up.
    looking_up: Semaphore,
    counters: count::Counters,
    last_answer: health::LastAnswer,
    watch: Arc<away::Watch>,
    disk: Option<Disk>,
}

impl Intake {
    /// The path over a log. Submissions under way are in `tracker`; after `shutdown` none is taken.
    pub(crate) fn new(
        config: Config,
        log: Log,
        references: References,
        clock: SharedClock,
        tracker: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let file = || config.senders.clone().unwrap_or_else(|| "senders.toml".into());
        let senders = config.tokens_required().then(|| Senders::at(file()));
        let log = Arc::new(log);
        let disk = config.watch.as_deref().map(|folder| Disk::of(folder, config.min_free_bytes));
        Self {
            config,
            watch: Arc::new(away::Watch::over(Arc::clone(&log))),
            disk,
            log,
            references,
            senders,
            clock,
            tracker,
            shutdown,
            workbooks: Semaphore::new(1),
            known: OnceLock::new(),
            looking_up: Semaphore::new(LOOKED_UP_AT_ONCE),
            counters: count::Counters::default(),
            last_answer: health::LastAnswer::default(),
        }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes ingest's series known to the program's registry.
    pub fn register(&self, registry: &mut Registry) {
        self.counters.register(registry);
    }

    /// Notes how a request was answered.
    pub(crate) fn count_request(&self, path: &'static str, status: u16) {
        self.counters.request(path, status);
    }

    /// Whose a token is that a request brought, or did not. Where none are asked for it is whoever is at this machine.
    ///
    /// # Errors
    /// Why it is from nobody.
    pub(crate) fn sender(&self, token: Option<&str>) -> Result<Sender, Refused> {
        match &self.senders {
            Some(senders) => senders.sender(token, self.clock.today()),
            None => Ok(Sender::local()),
        }
    }

    /// Notes that a request was refused for who sent it.
    pub(crate) fn count_refused_sender(&self, reason: &'static str) {
        self.counters.refused_sender(reason);
    }

    /// Rows since the start, by what became of them.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Takes a sheet in from within the program: as [`Intake::submit`], of [`Sender::local`], for a file without an
    /// idempotency key of its own. `form` is found by the header where none is given.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub async fn import_file(
        &self,
        name: &str,
        content: Bytes,
        form: Option<&'static Form>,
    ) -> Result<Answer, IntakeError> {
        let notation = Notation::Sheet(form);
        let name = Some(name.to_owned());
        let sender = Sender::local();
        self.submit(Submission { sender, content, notation, via: Via::File, name, idempotency_key: None }).await
    }

    /// Whether anything can be taken in now, for a door that would rather not read what it must refuse.
    ///
    /// # Errors
    /// [`IntakeError::Stopping`], [`IntakeError::DiskFull`].
    pub(crate) fn open(&self) -> Result<(), IntakeError> {
        if self.shutdown.is_cancelled() {
            return Err(IntakeError::Stopping);
        }
        Ok(self.disk.as_ref().map_or(Ok(()), Disk::room)?)
    }

    /// The disk that is watched, if one is.
    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// Takes events in from within the program, as a JSON array: as [`Intake::submit`].
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub async fn import_events(&self, content: Bytes, idempotency_key: Option<String>) -> Result<Answer, IntakeError> {
        let (sender, notation) = (Sender::local(), Notation::Json);
        self.submit(Submission { sender, content, notation, via: Via::Http, name: None, idempotency_key }).await
    }

    /// Takes a submission in. When it answers, every accepted row and the receipt are in the log.
    ///
    /// # Errors
    /// When the content cannot be read as a whole, the log does not say what it is judged by, or does not acknowledge
    /// all of it, what was refused included.
    pub async fn submit(&self, submission: Submission) -> Result<Answer, IntakeError> {
        self.open()?;
        // Tracked, so that a stop waits for it.
        self.tracker.track_future(self.take(submission)).await
    }

    /// Has the rows of a submission judged. Nothing is written yet. `keeps_events` keeps the good rows' events.
    async fn consider(&self, mut submission: Submission, keeps_events: bool) -> Result<Considered<'_>, IntakeError> {
        if submission.content.len() > self.config.max_body_bytes {
            return Err(IntakeError::TooLarge { most: self.config.max_body_bytes });
        }
        // What a workbook unpacks to is many times what was sent, and no room was made for it. The semaphore is never
        // closed.
        let turn = if is_workbook(&submission.content) { self.workbooks.acquire().await.ok() } else { None };
        let now = self.clock.now();
        if submission.name.as_deref().is_some_and(personal::in_file_name) {
            tracing::info!("the name of a file is left out of its receipt, because it seems to have personal data");
            submission.name = None;
        }
        let content_hash = content_hash(&submission.content);
        let key = submission.idempotency_key.as_deref().unwrap_or(&content_hash);
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IntakeError::Key);
        }
        let receipt = receipt_key(&submission.sender.name, key);
        if key != content_hash {
            self.refuse_reused_key(&receipt, &content_hash).await?;
        }
        let ids = ground_of_ids(&receipt, key, &content_hash);
        let order = judge::Order {
            content: std::mem::take(&mut submission.content),
            notation: submission.notation,
            via: submission.via,
            name: submission.name.clone(),
            sender: submission.sender.clone(),
            receipt: receipt.clone(),
            ids,
            keeps_events,
            most_rows: self.config.max_rows,
            now,
            knowledge: self.knowledge(now).await?,
        };
        // Megabytes of text take a while: not on a thread that serves connections.
        let judged = self.tracker.spawn_blocking(move || judge::judge(order)).await??;
        Ok(Considered { submission, receipt, content_hash, now, judged, turn })
    }

    async fn take(&self, submission: Submission) -> Result<Answer, IntakeError> {
        let Considered { submission, receipt, content_hash, now, judged, turn: _turn } =
            self.consider(submission, false).await?;
        let sent = judged.accepted.len() + judged.rejected.len();
        let under_way = self.counters.received(judged.accepted.len(), judged.rejected.len());
        judged.refuse_if_not_granted(&submission.sender)?;
        let manifest = Receipt {
            receipt: receipt.clone(),
            recorded: now,
            sender: submission.sender.name,
            via: submission.via,
            name: submission.name,
            content_hash,
            sent: sent as i64,
            accepted: judged.accepted.len() as i64,
            rejected: judged.rejected.len() as i64,
            rejects_kept: Some(judged.rejects as i64),
        };
        let begun = Instant::now();
        let positions = self.with_log(self.store(&judged.records, &manifest)).await?;
        under_way.acknowledged(begun.elapsed());
        if let Some(error) = judged.unread {
            return Err(IntakeError::Unreadable { receipt, error });
        }
        let accepted = judged.accepted.into_iter().zip(positions).map(|(row, position)| row.at(position)).collect();
        Ok(Answer { receipt, sent: sent as u64, accepted, rejected: judged.rejected })
    }

    /// Puts rows and rejects and then their manifest into the log: a receipt is there only for what is there.
    async fn store(&self, records: &[Record], manifest: &Receipt) -> Result<Vec<Position>, IntakeError> {
        let mut payload = Vec::new();
        let stream = Encoder::default().receipt(manifest, &mut payload)?;
        let manifest = Record { stream, key: manifest.receipt.clone(), payload };
        FaultPoint::BeforeProduce.strike(self.config.fault);
        let produced = self.log.produce(records).await;
        if records.iter().any(|record| record.stream == Family::Reference.stream()) {
            // Also where some were not acknowledged: they may be there all the same.
            self.references.outdated();
        }
        let positions = all_acknowledged(produced)?;
        all_acknowledged(self.log.produce(std::slice::from_ref(&manifest)).await)?;
        FaultPoint::AfterAcknowledge.strike(self.config.fault);
        Ok(positions)
    }

    /// Waits until the log has taken what was sent.
    pub(crate) async fn flush(&self, within: Duration) -> Result<(), LogError> {
        let log = self.log.clone();
        // A closed tracker still takes tasks; this is the last, and it ends by itself.
        match self.tracker.spawn_blocking(move || log.flush(within)).await {
            Ok(flushed) => flushed,
            Err(error) => {
                tracing::error!(%error, "waiting for the log ended without a result");
                Ok(())
            }
        }
    }
}

fn all_acknowledged(results: Vec<Result<Position, ProduceError>>) -> Result<Vec<Position>, IntakeError> {
    let records = results.len();
    let acknowledged = results.iter().filter(|result| result.is_ok()).count();
    results.into_iter().collect::<Result<Vec<_>, _>>().map_err(|source| IntakeError::NotAcknowledged {
        records,
        acknowledged,
        source,
    })
}

#[cfg(test)]
mod tests;
