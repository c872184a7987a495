//! The schedule under a clock that is moved by hand, with work that notes what it is asked for.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lantoa_query::release::CreateError;
use lantoa_query::settings::AsOf;
use lantoa_schemas::clock::Clock;
use tempfile::TempDir;

use super::deliver::DeliverError;
use super::*;
use crate::config::schedule::ScheduleTable;

const FIRST: &str = "2024-10-20T23:00:00Z";
const SECOND: &str = "2025-10-20T23:00:00Z";
const THIRD: &str = "2026-10-20T23:00:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A clock that is moved by hand.
struct Hands(Mutex<DateTime<Utc>>);

impl Hands {
    fn put(&self, instant: &str) {
        *self.0.lock().unwrap() = at(instant);
    }
}

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// How work goes.
#[derive(Clone, Copy)]
enum Goes {
    Well,
    /// It may pass.
    Wrong,
    /// It does not.
    WrongForGood,
}

struct Noted {
    has_events: AtomicBool,
    goes: Mutex<Goes>,
    asked: Mutex<Vec<DateTime<Utc>>>,
}

#[derive(Clone)]
struct Notes(Arc<Noted>);

impl Notes {
    fn asked(&self) -> Vec<DateTime<Utc>> {
        self.0.asked.lock().unwrap().clone()
    }
}

impl Work for Notes {
    async fn has_events(&self) -> Result<bool, WorkError> {
        Ok(self.0.has_events.load(Ordering::Relaxed))
    }

    async fn attempt(&self, _job: &Job, at: DateTime<Utc>) -> Result<Made, WorkError> {
        self.0.asked.lock().unwrap().push(at);
        // Others go on meanwhile.
        tokio::task::yield_now().await;
        let goes = *self.0.goes.lock().unwrap();
        match goes {
            Goes::Well => Ok(Made { release: Some("LLW-2025@1.0.0".to_owned()), files: 4, folder: None }),
            Goes::Wrong => {
                let source = io::Error::other("no room");
                Err(WorkError::Deliver(DeliverError::Io { action: "write to", path: "x".into(), source }))
            }
            Goes::WrongForGood => Err(WorkError::Create(CreateError::Empty { as_of: AsOf::Instant(at) })),
        }
    }
}

struct Site {
    folder: TempDir,
    clock: Arc<Hands>,
    notes: Notes,
}

impl Site {
    fn new(now: &str) -> Self {
        let noted = Noted { has_events: AtomicBool::new(true), goes: Mutex::new(Goes::Well), asked: Mutex::default() };
        let clock = Arc::new(Hands(Mutex::new(at(now))));
        Self { folder: tempfile::tempdir().unwrap(), clock, notes: Notes(Arc::new(noted)) }
    }

    fn history(&self) -> History {
        History::open(self.folder.path().join("schedule"))
    }

    /// A program that keeps one job, on every 21 October at 06:00.
    fn program(&self) -> Scheduler<Notes> {
        let mut job = ScheduleTable::default().job.swap_remove(0);
        job.retries = 1;
        let clock = Arc::clone(&self.clock) as SharedClock;
        Scheduler::new(vec![job], self.history(), clock, self.notes.clone())
    }

    async fn once(&self) -> Vec<Run> {
        self.program().once(&|_: &Run| {}).await.unwrap()
    }

    /// Instant, status and whether it was caught up, of all that is noted.
    fn noted(&self) -> Vec<(DateTime<Utc>, Status, bool)> {
        let runs = self.history().read().unwrap();
        runs.into_iter().map(|run| (run.scheduled_at, run.status, run.caught_up)).collect()
    }
}

#[tokio::test]
async fn nothing_is_due_before_there_is_anything_to_run_on() {
    let site = Site::new("2024-01-01T00:00:00Z");
    site.notes.0.has_events.store(false, Ordering::Relaxed);
    for now in ["2024-01-01T00:00:00Z", "2024-11-01T00:00:00Z"] {
        site.clock.put(now);
        assert!(site.once().await.is_empty() && site.history().since().unwrap().is_none());
    }
    assert!(!site.folder.path().join("schedule").exists());
    site.notes.0.has_events.store(true, Ordering::Relaxed);
    assert!(site.once().await.is_empty());
    assert_eq!(site.history().since().unwrap(), Some(at("2024-11-01T00:00:00Z")));
    site.clock.put("2025-10-20T23:00:01Z");
    assert_eq!(site.once().await.len(), 1);
    assert_eq!(site.noted(), [(at(SECOND), Status::Done, false)]);
}

#[tokio::test]
async fn of_what_passed_the_newest_is_made_up_for_once() {
    let site = Site::new("2024-01-01T00:00:00Z");
    assert!(site.once().await.is_empty());
    site.clock.put("2026-10-21T08:00:00Z");
    let runs = site.once().await;
    assert_eq!((runs[0].files, runs[0].attempts, runs[0].release.as_deref()), (4, 1, Some("LLW-2025@1.0.0")));
    let expected =
        [(at(FIRST), Status::Skipped, false), (at(SECOND), Status::Skipped, false), (at(THIRD), Status::Done, true)];
    assert_eq!(site.noted(), expected);
    // Neither another look nor a clock that is put back and forth brings it again.
    for now in ["2026-10-21T08:00:01Z", "2026-10-20T22:59:00Z", "2026-10-20T23:00:01Z", "2025-01-01T00:00:00Z"] {
        site.clock.put(now);
        assert!(site.once().await.is_empty(), "{now}");
    }
    assert_eq!((site.noted().len(), site.notes.asked()), (3, vec![at(THIRD)]));
}

#[tokio::test]
async fn a_run_that_somebody_else_is_about_is_left_to_them_and_looked_at_again() {
    let site = Site::new("2025-01-01T00:00:00Z");
    assert!(site.once().await.is_empty());
    site.clock.put("2025-10-20T23:00:01Z");
    let program = site.program();
    let turn = site.history().turn("learning-week").unwrap().unwrap();
    assert_eq!(program.look(&program.jobs[0]).await.unwrap(), Look::Elsewhere);
    let refused = program.run("learning-week", None).await.unwrap_err();
    assert!(matches!(refused, ScheduleError::Elsewhere { .. }), "{refused}");
    assert!(site.notes.asked().is_empty());
    // The other has crashed: nothing is noted.
    drop(turn);
    assert!(matches!(program.look(&program.jobs[0]).await.unwrap(), Look::Ran(_)));
    assert_eq!(program.look(&program.jobs[0]).await.unwrap(), Look::Nothing);
}

#[tokio::test]
async fn two_programs_run_an_instant_once() {
    let site = Site::new("2025-01-01T00:00:00Z");
    assert!(site.once().await.is_empty());
    site.clock.put("2025-10-20T23:00:01Z");
    let (one, other) = tokio::join!(site.once(), site.once());
    assert_eq!(one.len() + other.len(), 1);
    assert_eq!(site.notes.asked(), [at(SECOND)]);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_then_noted_as_failed() {
    for (goes, attempts, word) in [(Goes::Wrong, 2, "no room"), (Goes::WrongForGood, 1, "nothing had been recorded")] {
        let site = Site::new("2025-01-01T00:00:00Z");
        assert!(site.once().await.is_empty());
        *site.notes.0.goes.lock().unwrap() = goes;
        site.clock.put("2025-10-20T23:00:01Z");
        let runs = site.once().await;
        assert_eq!((runs[0].status, runs[0].attempts, runs[0].files), (Status::Failed, attempts, 0));
        assert!(runs[0].error.as_ref().is_some_and(|error| error.contains(word)), "{:?}", runs[0].error);
        assert!(site.once().await.is_empty());
        assert_eq!(site.noted(), [(at(SECOND), Status::Failed, false)]);
    }
}

#[tokio::test]
async fn by_hand_a_job_runs_as_of_an_instant_and_the_schedule_goes_on() {
    let site = Site::new("2025-01-01T00:00:00Z");
    assert!(site.once().await.is_empty());
    site.clock.put("2025-11-01T00:00:00Z");
    let program = site.program();
    let unknown = program.run("weekly", None).await.unwrap_err().to_string();
    assert!(unknown.contains("weekly") && unknown.contains("learning-week"), "{unknown}");
    let future = program.run("learning-week", Some(at(THIRD))).await.unwrap_err().to_string();
    assert!(future.contains("2026-10-21 06:00:00"), "{future}");
    // One that is not the schedule's does not stand for one that is.
    let run = program.run("learning-week", None).await.unwrap();
    assert_eq!((run.scheduled_at, run.by_hand, run.caught_up), (at("2025-11-01T00:00:00Z"), true, false));
    let runs = site.once().await;
    assert_eq!((runs[0].scheduled_at, runs[0].by_hand, runs[0].caught_up), (at(SECOND), false, true));
    // One that is does.
    site.clock.put("2026-10-21T00:00:00Z");
    program.run("learning-week", Some(at(THIRD))).await.unwrap();
    assert!(site.once().await.is_empty());
}
