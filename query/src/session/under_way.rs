//! A statement under way: it waits for its turn, is planned and read within its limits, and can be ended at any time. To
//! describe one, or to look what there is to judge by, is work of the same kind.
//!
//! In: the work, the asker's limits, the session's token. Out: the answer, whose rows come from a task of their own.
//! Guarantee: whoever waits hears at once that a statement is cancelled or has taken too long, also while the engine
//! computes; the task then ends at its next step and gives its memory and its place back. An answer that nobody reads on
//! gives them back as well. An answer with more rows or bytes than it may have is an error, never a short one.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::access::Role;
use crate::answer::{Answer, Rows};
use crate::count::bytes_of;
use crate::error::QueryError;
use crate::limits::{Limits, Place, Queue};

/// How many batches of rows are made before somebody reads them.
const AHEAD: usize = 2;

impl Session {
    /// Does what answers one or more statements within the asker's limits. Beside the answer comes what has to be said of it.
    pub(super) async fn answer_within_limits<T: Send + 'static>(
        &self,
        answering: impl Future<Output = Result<(Answer, T), QueryError>> + Send + 'static,
    ) -> Result<(Answer, T), QueryError> {
        let Done { made: (answer, beside), place, cancel, left } = self.within_limits(answering).await?;
        if answer.columns().fields().is_empty() {
            return Ok((answer, beside));
        }
        let config = &self.engine.0.config;
        let (limits, role) = (config.limits(self.asker.role).clone(), self.asker.role);
        let unread = if config.unread.is_zero() { Duration::MAX } else { config.unread };
        let answer = answer.through(|rows| {
            let (rows, work) = made_ahead(rows, place, unread);
            Reading { rows, work, cancel, limits, role, left, unread, seen: (0, 0) }.stream()
        });
        Ok((answer, beside))
    }

    /// Does some work in a place of the asker's and a task of its own, within the time that they have.
    pub(super) async fn within_limits<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<Done<T>, QueryError> {
        self.within_limits_of(&self.engine.0.queue, work).await
    }

    /// The same for work that gives no rows and is done in a moment. It waits for other such work alone: an answer that is
    /// not read to its end, such as a cursor's, keeps a place, and many of them keep all.
    pub(super) async fn describing_within_limits<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, QueryError> {
        Ok(self.within_limits_of(&self.engine.0.describing, work).await?.made)
    }

    async fn within_limits_of<T: Send + 'static>(
        &self,
        queue: &Queue,
        work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<Done<T>, QueryError> {
        let cancel = self.listen();
        let limits = self.engine.0.config.limits(self.asker.role);
        let place = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(QueryError::Cancelled),
            place = queue.enter(&self.asker, limits.at_once) => place?,
        };
        let begun = Instant::now();
        let mut task = JoinSet::new();
        // The place leaves through the task: one that is ended computes until its next step.
        task.spawn(async move { (work.await, place) });
        let (made, place) = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(QueryError::Cancelled),
            made = task.join_next() => match made {
                Some(Ok(made)) => Ok(made),
                Some(Err(broken)) => Err(broke_off(broken)),
                None => Err(QueryError::internal(DataFusionError::Internal("a question was lost".to_owned()))),
            },
            () = after(limits.within()) => Err(timed_out(limits, self.asker.role)),
        }?;
        let left = limits.within().map(|within| within.saturating_sub(begun.elapsed()));
        Ok(Done { made: made?, place, cancel, left })
    }
}

/// Work that was done within its limits.
pub(super) struct Done<T> {
    pub(super) made: T,
    /// Free once this is dropped.
    place: Place,
    cancel: CancellationToken,
    /// What is left of the time.
    left: Option<Duration>,
}

/// How the task that makes rows ended.
enum Ended {
    /// All rows are handed over.
    Whole,
    /// Nobody took them.
    Unread,
}

/// Makes rows in a task of their own, a few ahead of the reader. The place is free once the last is made.
fn made_ahead(
    mut rows: Rows,
    place: Place,
    unread: Duration,
) -> (mpsc::Receiver<Result<RecordBatch, QueryError>>, JoinSet<Ended>) {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let mut work = JoinSet::new();
    work.spawn(async move {
        let _place = place;
        while let Some(batch) = rows.next().await {
            let failed = batch.is_err();
            if sender.send_timeout(batch, unread).await.is_err() {
                return Ended::Unread;
            }
            if failed {
                break;
            }
        }
        Ended::Whole
    });
    (receiver, work)
}

/// An answer as it is read.
struct Reading {
    rows: mpsc::Receiver<Result<RecordBatch, QueryError>>,
    /// Aborted when this is dropped.
    work: JoinSet<Ended>,
    cancel: CancellationToken,
    limits: Limits,
    role: Role,
    /// How long the reader may still have to wait for rows.
    left: Option<Duration>,
    unread: Duration,
    /// Rows and bytes so far.
    seen: (u64, u64),
}

impl Reading {
    fn stream(self) -> Rows {
        let rows = futures::stream::unfold(Some(self), |open| async move {
            let mut reading = open?;
            let next = reading.next().await?;
            // With the reading goes the task, and with that all it holds.
            let open = next.is_ok().then_some(reading);
            Some((next, open))
        });
        rows.boxed()
    }

    async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        let begun = Instant::now();
        let next = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Some(Err(QueryError::Cancelled)),
            next = self.rows.recv() => next,
            () = after(self.left) => return Some(Err(timed_out(&self.limits, self.role))),
        };
        self.left = self.left.map(|left| left.saturating_sub(begun.elapsed()));
        match next {
            Some(Ok(batch)) => Some(self.within_size(batch)),
            Some(Err(error)) => Some(Err(error)),
            None => match self.work.join_next().await {
                Some(Ok(Ended::Whole)) | None => None,
                Some(Ok(Ended::Unread)) => Some(Err(QueryError::Unread { within: self.unread })),
                Some(Err(broken)) => Some(Err(broke_off(broken))),
            },
        }
    }

    fn within_size(&mut self, batch: RecordBatch) -> Result<RecordBatch, QueryError> {
        self.seen.0 += batch.num_rows() as u64;
        self.seen.1 += bytes_of(&batch);
        let sizes = [(self.seen.0, self.limits.rows, "rows"), (self.seen.1, self.limits.bytes, "bytes")];
        match sizes.into_iter().find(|(seen, most, _)| *most > 0 && seen > most) {
            Some((_, most, what)) => Err(QueryError::TooMuch { most, what, role: self.role }),
            None => Ok(batch),
        }
    }
}

/// After a time; never where there is none.
async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

fn timed_out(limits: &Limits, role: Role) -> QueryError {
    QueryError::TimedOut { within: limits.timeout, role }
}

/// A step of the engine panicked.
fn broke_off(error: JoinError) -> QueryError {
    QueryError::internal(DataFusionError::ExecutionJoin(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lantoa_schemas::clock::SystemClock;

    use super::*;
    use crate::access::Asker;
    use crate::config::Config;
    use crate::session::Engine;
    use crate::settings::Settings;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_place_is_free_once_the_work_has_ended_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::over(folder.path());
        (config.wait, config.admin.at_once) = (Duration::from_millis(50), 1);
        let engine = Engine::open(config, Arc::new(SystemClock)).unwrap();
        let session = engine.session(&Asker::owner(), &Settings::default()).unwrap();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        // Work that does not hear that it is ended, as the engine does between two steps.
        let work = async move {
            begin.send(()).unwrap();
            let _ended = ends.recv();
            Ok(())
        };
        let cancel = session.cancel();
        let cancelling = async {
            begun.await.unwrap();
            cancel.cancel();
        };
        let (ended, ()) = tokio::join!(session.within_limits(work), cancelling);
        assert!(matches!(ended.err(), Some(QueryError::Cancelled)));
        let next = async || session.within_limits(async { Ok(()) }).await.map(drop);
        let refused = next().await;
        assert!(matches!(refused, Err(QueryError::Busy { at_once: 1, .. })), "{refused:?}");
        drop(end);
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = next().await {
            assert!(Instant::now() < deadline, "{error}");
        }
    }
}
