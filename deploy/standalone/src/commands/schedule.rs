//! `lantoa schedule`: what runs by the clock.
//!
//! In: the settings and the data folder, also while `up` runs on it. Out: runs, a line each on standard output as they end.
//! Guarantee: whoever keeps the schedule, and however many do, an instant of a job is run once.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;

use lantoa_query::Engine;
use lantoa_query::format::{WriteError, write};
use lantoa_query::schedule::{History, Run, Status};
use tokio_util::sync::CancellationToken;

use crate::cli::{Format, ScheduleAction, ScheduleArgs};
use crate::config::Settings;
use crate::config::schedule::{Job, ScheduleTable};
use crate::data_dir::DataDir;
use crate::desk::{Desk, DeskError, plain};
use crate::parts::clock;
use crate::progress::Stages;
use crate::run::{Outcome, RunError};
use crate::schedule::work::Advance;
use crate::schedule::{Reports, ScheduleError, Scheduler, due, in_vietnam};
use crate::signals::StopOrder;

const HISTORY: &str = "select job, scheduled_at, started_at, ended_at, status, caught_up, by_hand, attempts, release, files, \
                       folder, error from schedule_run order by scheduled_at, started_at";

/// The schedule of a data folder.
pub fn scheduler(data: &DataDir, table: &ScheduleTable, engine: Engine, advance: Advance) -> Scheduler<Reports> {
    let out: PathBuf = table.out.clone().unwrap_or_else(|| data.reports());
    let reports = Reports::new(engine, &out, clock(), advance);
    Scheduler::new(table.job.clone(), History::open(data.schedule()), clock(), reports)
}

/// Does what was asked of it.
///
/// # Errors
/// Where the history or the tables cannot be read, where a run has failed, or when it is told to stop before one is done.
pub async fn schedule(data: &DataDir, settings: Settings, arguments: ScheduleArgs) -> Result<Outcome, RunError> {
    match arguments.action {
        None => keep(data, settings).await,
        Some(ScheduleAction::List) => list(data, &settings.schedule.job),
        Some(ScheduleAction::History { format }) => history(data, settings, format).await,
        Some(ScheduleAction::Once) => once(data, settings).await,
        Some(ScheduleAction::Run { job, at }) => {
            if !data.has_tables() {
                return Err(DeskError::NoData(data.root().to_owned()).into());
            }
            let mut order = StopOrder::listen()?;
            let stages = Arc::new(Stages::begin());
            let scheduler = open(data, settings, &stages)?;
            let run = tokio::select! {
                () = order.next() => return Err(RunError::Stopped),
                run = scheduler.run(&job, at.map(|at| at.0)) => run?,
            };
            tell(&stages, &run);
            outcome(std::slice::from_ref(&run))
        }
    }
}

fn open(data: &DataDir, settings: Settings, stages: &Arc<Stages>) -> Result<Scheduler<Reports>, RunError> {
    let bar = Arc::clone(stages);
    let advance: Advance = Box::new(move |done, of, what: &str| bar.at(done as u64, of as u64, what));
    let engine = Engine::open(settings.query, clock())?;
    Ok(scheduler(data, &settings.schedule, engine, advance))
}

async fn keep(data: &DataDir, settings: Settings) -> Result<Outcome, RunError> {
    let mut order = StopOrder::listen()?;
    if !data.has_tables() {
        eprintln!("note: nothing has been recorded in {} yet; it runs once there is something", data.root().display());
    }
    list(data, &settings.schedule.job)?;
    let stages = Arc::new(Stages::begin());
    let scheduler = open(data, settings, &stages)?;
    // Dropped with the order: what is under way then is due again.
    let never = CancellationToken::new();
    let ended = |run: &Run| tell(&stages, run);
    tokio::select! {
        () = order.next() => {}
        () = scheduler.keep(&never, &ended) => {}
    }
    stages.end();
    eprintln!("stopping");
    Ok(Outcome::Done)
}

async fn once(data: &DataDir, settings: Settings) -> Result<Outcome, RunError> {
    let mut order = StopOrder::listen()?;
    if !data.has_tables() {
        eprintln!("note: nothing has been recorded in {} yet, so nothing is due", data.root().display());
        return Ok(Outcome::Done);
    }
    let stages = Arc::new(Stages::begin());
    let scheduler = open(data, settings, &stages)?;
    let ended = |run: &Run| tell(&stages, run);
    let runs = tokio::select! {
        () = order.next() => return Err(RunError::Stopped),
        runs = scheduler.once(&ended) => runs?,
    };
    stages.end();
    if runs.is_empty() {
        eprintln!("note: nothing is due");
    }
    outcome(&runs)
}

/// Says what became of a run; what failed is said as an error.
fn tell(stages: &Stages, run: &Run) {
    stages.end();
    if run.status != Status::Done {
        return;
    }
    let of = run.release.as_ref().map(|release| format!(" of {release}")).unwrap_or_default();
    let place = match &run.folder {
        Some(folder) => format!("{} files{of} in {folder}", run.files),
        None => "there is nothing to say".to_owned(),
    };
    let late = if run.caught_up { " (caught up)" } else { "" };
    stages.print(&format!("{} of {}{late}: {place}", run.job, in_vietnam(run.scheduled_at)));
}

fn outcome(runs: &[Run]) -> Result<Outcome, RunError> {
    let failed = runs.iter().filter(|run| run.status == Status::Failed).map(|run| {
        format!(
            "{} of {} failed, tried {} times: {}; once it is mended: lantoa schedule run {} --at {}",
            run.job,
            in_vietnam(run.scheduled_at),
            run.attempts,
            run.error.as_deref().unwrap_or_default(),
            run.job,
            run.scheduled_at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        )
    });
    let failed: Vec<String> = failed.collect();
    if failed.is_empty() { Ok(Outcome::Done) } else { Err(ScheduleError::Failed { failed }.into()) }
}

async fn history(data: &DataDir, settings: Settings, format: Format) -> Result<Outcome, RunError> {
    let answer = Desk::find(data, settings.query).await?.ask(plain(HISTORY)).await?;
    match write(answer, format, &mut std::io::stdout()).await {
        // Whoever reads has had enough.
        Err(WriteError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {}
        written => drop(written?),
    }
    Ok(Outcome::Done)
}

/// A line a job: when it comes next, and what became of it last.
fn list(data: &DataDir, jobs: &[Job]) -> Result<Outcome, RunError> {
    let history = History::open(data.schedule());
    let runs = history.read().map_err(ScheduleError::from)?;
    let since = history.since().map_err(ScheduleError::from)?;
    let now = clock().now();
    let mut lines = vec![["job", "what", "cron", "next (in Vietnam)", "last run"].map(str::to_owned)];
    for job in jobs {
        let last = due::last(&runs, &job.name, &job.cron, now);
        let from = last.max(since);
        let missed = from.and_then(|from| due::missed(&job.cron, from, now));
        let next = match missed {
            Some(missed) => format!("now, for {}", in_vietnam(missed.newest)),
            None => job.cron.after(from.map_or(now, |from| from.max(now))).map(in_vietnam).unwrap_or_default(),
        };
        let ran = runs.iter().rfind(|run| run.job == job.name);
        let ran = ran.map(|run| format!("{} of {}", run.status.as_str(), in_vietnam(run.scheduled_at)));
        let (name, what, cron) = (job.name.clone(), job.what.as_str().to_owned(), job.cron.as_str().to_owned());
        lines.push([name, what, cron, next, ran.unwrap_or_default()]);
    }
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let _ = writeln!(std::io::stdout(), "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    Ok(Outcome::Done)
}
