//! What rows are judged by, kept up to date with the reference topic.
//!
//! In: the reader of the topic. Out: for each submission the knowledge to judge it by. Guarantee: it was read to the
//! end of the topic at most [`Config::reference_refresh`] ago, and after every reference event that this intake itself
//! has put into the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lantoa_schemas::knowledge::Knowledge;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::log::{LogError, ReferenceReader};

/// What the reference topic has brought so far.
pub(crate) struct References {
    reader: Arc<Mutex<ReferenceReader>>,
    latest: RwLock<Option<Latest>>,
    /// How often this intake has put reference events into the log.
    produced: AtomicU64,
    refresh: Duration,
}

struct Latest {
    knowledge: Knowledge,
    read_at: Instant,
    produced: u64,
}

impl References {
    /// Nothing read yet. Does not wait for a broker.
    ///
    /// # Errors
    /// When the Kafka client does not take its settings.
    pub(crate) fn open(config: &Config) -> Result<Self, LogError> {
        Ok(Self {
            reader: Arc::new(Mutex::new(ReferenceReader::open(config)?)),
            latest: RwLock::default(),
            produced: AtomicU64::new(0),
            refresh: config.reference_refresh,
        })
    }

    /// What rows are judged by now. Reads the topic to its end where it is time to.
    ///
    /// # Errors
    /// When the topic gives nothing for as long as `patience`.
    pub(crate) async fn current(
        &self,
        now: DateTime<Utc>,
        patience: Duration,
        tracker: &TaskTracker,
    ) -> Result<Knowledge, LogError> {
        if let Some(knowledge) = self.fresh() {
            return Ok(knowledge);
        }
        let turn = tokio::time::timeout(patience, Arc::clone(&self.reader).lock_owned()).await;
        let mut reader = turn.map_err(|_| LogError::reference_overdue(patience))?;
        // Whoever had it before may have read what is asked for.
        if let Some(knowledge) = self.fresh() {
            return Ok(knowledge);
        }
        let (read_at, produced) = (Instant::now(), self.produced.load(Ordering::Acquire));
        let read = tracker.spawn_blocking(move || reader.read_to_end(now, patience)).await;
        let knowledge = read.map_err(LogError::Ended)??;
        let latest = Latest { knowledge: knowledge.clone(), read_at, produced };
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Some(latest);
        Ok(knowledge)
    }

    /// Notes that reference events went into the log: the next submission is judged by them.
    pub(crate) fn outdated(&self) {
        self.produced.fetch_add(1, Ordering::Release);
    }

    /// What was read lately enough, without asking the log.
    pub(super) fn fresh(&self) -> Option<Knowledge> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let latest = latest.as_ref()?;
        let is_fresh =
            latest.read_at.elapsed() < self.refresh && latest.produced == self.produced.load(Ordering::Acquire);
        is_fresh.then(|| latest.knowledge.clone())
    }

    /// As if a topic without events had just been read, for tests without a broker.
    #[cfg(test)]
    pub(crate) fn of_an_empty_topic(config: &Config) -> Self {
        let references = Self::open(config).unwrap();
        let latest = Latest { knowledge: Knowledge::shipped(), read_at: Instant::now(), produced: 0 };
        *references.latest.write().unwrap() = Some(latest);
        references
    }
}
