//! The schedule: runs jobs when their time has come.
//!
//! In: jobs, the history of the data folder, a clock, and what does the work. Out: runs, each in the history once it has
//! ended. Guarantee: of several programs over one data folder one runs an instant of a job; an instant whose run was cut off
//! by a crash is due again; of those that passed while nothing ran the newest is made up for and the older are noted as
//! skipped; a clock that is put back brings nothing twice.
//!
//! In reading order: when a job runs (`when`), what of it is due (`due`), what its work is (`work`) and how it is delivered
//! (`deliver`).

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use futures::future::join_all;
use lantoa_query::schedule::{History, HistoryError, Run, Status};
use lantoa_schemas::clock::SharedClock;
use tokio_util::sync::CancellationToken;

use crate::config::schedule::Job;

mod deliver;
pub mod due;
pub mod when;
pub mod work;

use due::Missed;
pub use work::Reports;
use work::{Made, Work, WorkError};

/// Longest time between two looks at what is due: the clock may be set, and another program that has a turn may crash.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How often somebody who waits for another's turn to end looks whether it has.
const TURN_MAY_BE_OVER: Duration = Duration::from_millis(500);
/// What begins later than this after its instant was caught up.
const LATE: Duration = Duration::from_secs(5 * 60);
/// Time before the first retry; each time after it is three times as long, up to an hour, and up to double by chance.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// Longest time before a retry, but for chance.
const LONGEST_RETRY: Duration = Duration::from_secs(60 * 60);

/// What a skipped run says that stands for others, too.
const MORE_BEFORE: &str = "instants before this one were missed, too, and are not noted one by one";

/// A job is not run.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Whether there is anything to run on cannot be said.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// No job has the name.
    #[error("there is no job '{name}'; {possible}")]
    NoJob {
        /// The name asked for.
        name: String,
        /// What there is.
        possible: String,
    },
    /// The instant is still to come.
    #[error("{at} in Vietnam is still to come; name an instant that is over")]
    Future {
        /// The instant.
        at: String,
    },
    /// Another program is about it.
    #[error("job '{name}' is being run by another lantoa; `lantoa schedule history` has it when it is done")]
    Elsewhere {
        /// Name of the job.
        name: String,
    },
    /// What was run has failed.
    #[error("{}", .failed.join("\n"))]
    Failed {
        /// A sentence each.
        failed: Vec<String>,
    },
}

/// What a look at a job has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing is due.
    Nothing,
    /// Another program is about it.
    Elsewhere,
    /// It was run.
    Ran(Run),
}

/// An instant as people read it: in Vietnam.
pub fn in_vietnam(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The jobs of a data folder, and what does their work.
pub struct Scheduler<W> {
    jobs: Vec<Job>,
    history: History,
    clock: SharedClock,
    work: W,
}

impl<W: Work> Scheduler<W> {
    /// Over a history.
    pub fn new(jobs: Vec<Job>, history: History, clock: SharedClock, work: W) -> Self {
        Self { jobs, history, clock, work }
    }

    /// Runs what is due, whenever it is, until it is told to stop; a run that is under way then is due again. `ended` hears
    /// of each run.
    pub async fn keep(&self, stop: &CancellationToken, ended: &(dyn Fn(&Run) + Sync)) {
        let mut keeping = Vec::with_capacity(self.jobs.len());
        for job in &self.jobs {
            keeping.push(self.keep_job(job, ended));
        }
        let all = async {
            join_all(keeping).await;
            // Without jobs there is nothing to wait for but the order.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = all => {}
        }
    }

    async fn keep_job(&self, job: &Job, ended: &(dyn Fn(&Run) + Sync)) -> Infallible {
        let mut trouble = None;
        loop {
            match self.look(job).await {
                Ok(look) => {
                    trouble = None;
                    if let Look::Ran(run) = look {
                        ended(&run);
                    }
                }
                Err(error) => {
                    let said = whole(&error);
                    if trouble.as_ref() != Some(&said) {
                        tracing::error!(job = job.name, error = said, "the schedule cannot say what is due");
                    }
                    trouble = Some(said);
                }
            }
            tokio::time::sleep(self.pause(job)).await;
        }
    }

    /// How long nothing of a job can become due, but for a clock that is set and another that crashes.
    fn pause(&self, job: &Job) -> Duration {
        let now = self.clock.now();
        let next = job.cron.after(now - TimeDelta::microseconds(1));
        // It is due once its instant is over.
        let left = next.and_then(|next| (next - now + TimeDelta::milliseconds(1)).to_std().ok());
        left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))
    }

    /// Runs what is due now, each job once at most, and waits for others that are about the same.
    ///
    /// # Errors
    /// Where the history or the tables cannot be read, or a run cannot be noted.
    pub async fn once(&self, ended: &(dyn Fn(&Run) + Sync)) -> Result<Vec<Run>, ScheduleError> {
        let mut runs = Vec::new();
        for job in &self.jobs {
            loop {
                match self.look(job).await? {
                    Look::Elsewhere => tokio::time::sleep(TURN_MAY_BE_OVER).await,
                    Look::Nothing => break,
                    Look::Ran(run) => {
                        ended(&run);
                        runs.push(run);
                        break;
                    }
                }
            }
        }
        Ok(runs)
    }

    /// Runs what is due of a job, unless another program does.
    ///
    /// # Errors
    /// As [`Scheduler::once`].
    pub async fn look(&self, job: &Job) -> Result<Look, ScheduleError> {
        if self.missed(job).await?.is_none() {
            return Ok(Look::Nothing);
        }
        let Some(_turn) = self.history.turn(&job.name)? else { return Ok(Look::Elsewhere) };
        // Whoever had the turn before may have done it.
        let Some(missed) = self.missed(job).await? else { return Ok(Look::Nothing) };
        let skipped = skipped(job, &missed);
        if !skipped.is_empty() {
            tracing::warn!(
                job = job.name,
                instants = skipped.len(),
                "passed while nothing ran, and only the last is made up for"
            );
            self.history.append(&skipped)?;
        }
        let run = self.carry_out(job, missed.newest, false).await;
        self.history.append(std::slice::from_ref(&run))?;
        Ok(Look::Ran(run))
    }

    /// Runs a job once because somebody wants it, as of an instant that is over, or of now.
    ///
    /// # Errors
    /// [`ScheduleError::NoJob`], [`ScheduleError::Future`], [`ScheduleError::Elsewhere`], or where the run cannot be noted.
    pub async fn run(&self, name: &str, at: Option<DateTime<Utc>>) -> Result<Run, ScheduleError> {
        let Some(job) = self.jobs.iter().find(|job| job.name == name) else {
            let names: Vec<&str> = self.jobs.iter().map(|job| job.name.as_str()).collect();
            let possible = match names.as_slice() {
                [] => "the settings name none".to_owned(),
                names => format!("the settings name {}", names.join(", ")),
            };
            return Err(ScheduleError::NoJob { name: name.to_owned(), possible });
        };
        let now = self.clock.now();
        let at = at.unwrap_or_else(|| now.trunc_subsecs(0));
        if at > now {
            return Err(ScheduleError::Future { at: in_vietnam(at) });
        }
        let elsewhere = || ScheduleError::Elsewhere { name: name.to_owned() };
        let _turn = self.history.turn(&job.name)?.ok_or_else(elsewhere)?;
        let run = self.carry_out(job, at, true).await;
        self.history.append(std::slice::from_ref(&run))?;
        Ok(run)
    }

    /// What of a job is due; nothing before there has been any event to run on.
    async fn missed(&self, job: &Job) -> Result<Option<Missed>, ScheduleError> {
        let since = match self.history.since()? {
            Some(since) => since,
            None => {
                if !self.work.has_events().await? {
                    return Ok(None);
                }
                self.history.begin(self.clock.now())?
            }
        };
        let now = self.clock.now();
        // The first look was by a clock that was ahead.
        let since = if since > now { self.history.begin_anew(now)? } else { since };
        let last = due::last(&self.history.read()?, &job.name, &job.cron, now);
        Ok(due::missed(&job.cron, last.map_or(since, |last| last.max(since)), now))
    }

    /// Tries until it is done, what is wrong does not pass, or it was tried enough.
    async fn carry_out(&self, job: &Job, at: DateTime<Utc>, by_hand: bool) -> Run {
        let started_at = self.clock.now();
        let begun = tokio::time::Instant::now();
        let delays = ExponentialBuilder::new().with_factor(3.0).with_min_delay(FIRST_RETRY).with_jitter();
        let mut delays = delays.with_max_delay(LONGEST_RETRY).with_max_times(job.retries.into()).build();
        let mut attempts = 0;
        let outcome = loop {
            attempts += 1;
            let error = match self.work.attempt(job, at).await {
                Ok(made) => break Ok(made),
                Err(error) => error,
            };
            let delay = if error.may_pass() { delays.next() } else { None };
            let Some(delay) = delay.filter(|delay| begun.elapsed() + *delay <= job.give_up_after) else {
                break Err(error);
            };
            tracing::warn!(job = job.name, attempts, again_in = ?delay, error = whole(&error), "a run of the schedule failed");
            tokio::time::sleep(delay).await;
        };
        let (status, made, error) = match outcome {
            Ok(made) => (Status::Done, made, None),
            Err(error) => (Status::Failed, Made::default(), Some(whole(&error))),
        };
        if let Some(error) = &error {
            tracing::error!(job = job.name, at = %at, attempts, error, "a run of the schedule is given up");
        }
        let is_late = (started_at - at).to_std().is_ok_and(|late| late > LATE);
        Run {
            job: job.name.clone(),
            scheduled_at: at,
            started_at: Some(started_at),
            ended_at: Some(self.clock.now()),
            status,
            caught_up: is_late && !by_hand,
            by_hand,
            attempts,
            release: made.release,
            files: made.files,
            folder: made.folder.map(|folder| folder.display().to_string()),
            error,
        }
    }
}

/// The instants that are not made up for, as runs.
fn skipped(job: &Job, missed: &Missed) -> Vec<Run> {
    let of = |(place, at): (usize, &DateTime<Utc>)| Run {
        job: job.name.clone(),
        scheduled_at: *at,
        started_at: None,
        ended_at: None,
        status: Status::Skipped,
        caught_up: false,
        by_hand: false,
        attempts: 0,
        release: None,
        files: 0,
        folder: None,
        error: (place == 0 && missed.more).then(|| MORE_BEFORE.to_owned()),
    };
    missed.older.iter().enumerate().map(of).collect()
}

/// An error with all its causes, in one line.
fn whole(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        said = format!("{said}: {source}");
        cause = source.source();
    }
    said
}

#[cfg(test)]
mod tests;
