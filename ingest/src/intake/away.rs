//! What intake does while the log is away: it says so at once, and takes in again as soon as the log answers.
//!
//! In: submissions that wait for the log longer than usual, or in vain. Out: whether the log is known to be away.
//! Guarantee: nobody is sent away because of what went wrong once; the log is asked first, and only while it does not
//! answer is there no waiting for it. It is asked again every second, by one task however many wait.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lantoa_schemas::knowledge::Knowledge;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Intake, IntakeError};
use crate::log::Log;

/// How long a submission waits for the log before the log is asked whether it is there.
const DOUBTED_AFTER: Duration = Duration::from_secs(3);

/// How long the log may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// How long it is left in peace after it did not.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Whether the log is there, as far as somebody had to ask.
pub(super) struct Watch {
    log: Arc<Log>,
    away: AtomicBool,
    looking: AtomicBool,
}

impl Watch {
    /// Over a log that nobody has doubted yet.
    pub(super) fn over(log: Arc<Log>) -> Self {
        Self { log, away: AtomicBool::new(false), looking: AtomicBool::new(false) }
    }

    fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    /// Asks the log until it answers or all stops. Where somebody does so already, nothing more is done.
    fn look(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (watch, asking, stop) = (Arc::clone(self), tasks.clone(), stop.clone());
        tasks.spawn(async move {
            while !stop.is_cancelled() {
                let log = Arc::clone(&watch.log);
                match asking.spawn_blocking(move || log.answers(ANSWER)).await {
                    Ok(Err(error)) => {
                        if !watch.away.swap(true, Ordering::AcqRel) {
                            tracing::error!(%error, "the log does not answer, nothing is taken in until it does; see that the brokers run and can be reached");
                        }
                    }
                    Ok(Ok(())) | Err(_) => break,
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(ASKED_AGAIN_AFTER) => {}
                }
            }
            if watch.away.swap(false, Ordering::AcqRel) && !stop.is_cancelled() {
                tracing::warn!("the log answers again");
            }
            watch.looking.store(false, Ordering::Release);
        });
    }
}

impl Intake {
    /// Does what needs the log: not at all while it is known to be away; where it takes long or fails, the log is asked.
    ///
    /// # Errors
    /// [`IntakeError::Away`], or that of the work.
    pub(super) async fn with_log<T>(
        &self,
        work: impl Future<Output = Result<T, IntakeError>>,
    ) -> Result<T, IntakeError> {
        if self.watch.is_away() {
            return Err(IntakeError::Away);
        }
        let mut work = pin!(work);
        let soon = tokio::time::timeout(DOUBTED_AFTER, work.as_mut()).await;
        let done = match soon {
            Ok(done) => done,
            Err(_) => {
                self.watch.look(&self.tracker, &self.shutdown);
                work.await
            }
        };
        if matches!(done, Err(IntakeError::NotAcknowledged { .. } | IntakeError::Unread(_))) {
            self.watch.look(&self.tracker, &self.shutdown);
        }
        done
    }

    /// What rows are judged by now. What was read lately needs no log.
    ///
    /// # Errors
    /// [`IntakeError::Away`], [`IntakeError::Unread`].
    pub(super) async fn knowledge(&self, now: DateTime<Utc>) -> Result<Knowledge, IntakeError> {
        if let Some(knowledge) = self.references.fresh() {
            return Ok(knowledge);
        }
        self.with_log(async {
            let read = self.references.current(now, self.config.ack_timeout, &self.tracker).await;
            read.map_err(|error| IntakeError::Unread(Box::new(error)))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::config::Config;
    use crate::test_broker::{TestBroker, free_address};

    fn watch(kafka: &str) -> Arc<Watch> {
        let config = Config { kafka: kafka.to_owned(), ..Config::default() };
        Arc::new(Watch::over(Arc::new(Log::open(&config).unwrap())))
    }

    async fn until(what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !done() {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_that_is_there_is_never_said_to_be_away() {
        let broker = TestBroker::start();
        let (watch, tasks, stop) = (watch(&broker.address), TaskTracker::new(), CancellationToken::new());
        watch.look(&tasks, &stop);
        watch.look(&tasks, &stop);
        let mut away = false;
        until("the look to end", || {
            away |= watch.is_away();
            !watch.looking.load(Ordering::Acquire)
        })
        .await;
        assert!(!away);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_is_away_is_asked_until_the_stop() {
        let (watch, tasks, stop) = (watch(&free_address()), TaskTracker::new(), CancellationToken::new());
        watch.look(&tasks, &stop);
        assert!(!watch.is_away(), "not before it was asked");
        until("the log to be missed", || watch.is_away()).await;
        assert!(watch.looking.load(Ordering::Acquire));
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        assert!(!watch.looking.load(Ordering::Acquire));
    }
}
