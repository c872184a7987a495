//! What runs by the clock: caught up for after a stop, once among several programs, tried again and given up; and what the
//! system's timer calls.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Asia::Ho_Chi_Minh;
use clap::Parser;
use lantoa::cli::{Cli, Command, ScheduleAction};
use lantoa_query::schedule::History;

use crate::harness::{Program, folder, lantoa, run_to, until};
use crate::log::Log;

/// Since when jobs are due, where a test wants some to have been missed.
const SINCE: &str = "2023-06-01T00:00:00Z";

/// Settings with one job, below a folder of their own.
/// The job of [`settings`], and the folder of what it delivers.
const JOB: &str = "week";

fn settings(folder: &Path, out: &Path, what: &str, cron: &str) -> String {
    let path = folder.join("lantoa.toml");
    let text = format!(
        "[schedule]\nout = '{}'\n[[schedule.job]]\nname = '{JOB}'\nwhat = '{what}'\ncron = '{cron}'\nformats = ['html']\n\
         retries = 1\n",
        out.display()
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The articles, and a schedule that has been kept since an instant.
fn kept_since(data: &Path, since: DateTime<Utc>) {
    run_to(0, data, &["import", "--articles"]);
    History::open(data.join("schedule")).begin(since).unwrap();
}

fn schedule(code: i32, data: &Path, settings: &str, arguments: &[&str]) -> (String, String) {
    run_to(code, data, &[&["--config", settings, "schedule"], arguments].concat())
}

/// Instant, status, whether it was caught up, by hand, and attempts of every run, as the table has them.
fn runs(data: &Path) -> Vec<String> {
    let query = "select cast(scheduled_at as date) as scheduled_on, status, caught_up, by_hand, attempts \
                 from schedule_run order by scheduled_at, started_at";
    let (out, _) = run_to(0, data, &["sql", query, "--format", "csv"]);
    out.lines().skip(1).map(str::to_owned).collect()
}

/// Names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_passed_while_nothing_ran_is_run_once() {
    let log = Log::embedded();
    let (data, own) = (folder(), folder());
    let data = data.path();
    let out = own.path().join("out");
    kept_since(data, SINCE.parse().unwrap());
    // Once a year: of all that passed the last is made up for.
    let settings = settings(own.path(), &out, "reminders", "0 0 0 1 1 *");
    let (listed, _) = schedule(0, data, &settings, &["list"]);
    assert!(listed.lines().nth(1).is_some_and(|line| line.contains("now, for ")), "{listed}");
    let mut program = Program::up(&log, data, &["--config", &settings]);
    program.ready();
    let first = until("the run", || {
        let runs = runs(data);
        runs.last().is_some_and(|run| run.contains("done")).then_some(runs)
    });
    program.stop();
    let (last, before) = first.split_last().unwrap();
    assert!(last.ends_with(",done,true,false,1"), "{first:?}");
    assert!(!before.is_empty() && before.iter().all(|run| run.ends_with(",skipped,false,false,0")), "{first:?}");
    let delivered = out.join(JOB);
    assert!(names(&delivered).iter().all(|name| name.starts_with("reminders-")), "{:?}", names(&delivered));

    let mut program = Program::up(&log, data, &["--config", &settings]);
    program.ready();
    assert_eq!(runs(data), first);
    program.stop();
    let (said, err) = schedule(0, data, &settings, &["once"]);
    assert!(said.is_empty() && err.contains("nothing is due"), "{said}{err}");
    assert_eq!(runs(data), first);
    let (listed, _) = schedule(0, data, &settings, &["list"]);
    assert!(listed.contains("done of ") && !listed.contains("now, for "), "{listed}");
    let (listed, _) = schedule(0, data, &settings, &["history", "--format", "csv"]);
    assert_eq!(listed.lines().count(), first.len() + 1, "{listed}");
}

#[test]
fn two_programs_on_one_schedule_make_one_run() {
    let (data, own) = (folder(), folder());
    let data = data.path();
    let out = own.path().join("out");
    kept_since(data, Utc::now() - TimeDelta::hours(1));
    // The next full second, so that the articles are known by then.
    let at = Utc::now().trunc_subsecs(0) + TimeDelta::seconds(1);
    let cron = at.with_timezone(&Ho_Chi_Minh).format("%-S %-M %-H %-d %-m * %Y").to_string();
    let settings = settings(own.path(), &out, "learning-week", &cron);
    until("the second", || (Utc::now() > at).then_some(()));
    let start = || {
        let mut once = lantoa(data, &["--config", &settings, "schedule", "once"]);
        once.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()].map(|child| child.wait_with_output().unwrap());
    for output in &both {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let said: Vec<String> = both.iter().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).collect();
    assert_eq!(said.iter().filter(|said| said.starts_with("week of ")).count(), 1, "{said:?}");
    let noted = runs(data);
    assert!(noted.len() == 1 && noted[0].ends_with(",done,false,false,1"), "{noted:?}");
    let name = format!("LLW-{}@1.0.0", at.with_timezone(&Ho_Chi_Minh).format("%Y"));
    assert_eq!(names(&out.join(JOB)), [name.as_str()]);
    let delivered = out.join(JOB).join(&name).join("vi");
    let areas = names(&delivered);
    assert_eq!(areas.len(), 35, "the nation and its provinces: {areas:?}");
    for area in &areas {
        let files = names(&delivered.join(area));
        assert!(files.len() == 1 && files[0].ends_with(".html"), "{area}: {files:?}");
    }
    let (listed, _) = run_to(0, data, &["release", "list"]);
    assert!(listed.lines().count() == 2 && listed.contains(&name), "{listed}");

    // By hand as of the same instant: the same release, the same files in the same place.
    let instant = at.to_rfc3339();
    let (again, _) = schedule(0, data, &settings, &["run", "week", "--at", &instant]);
    assert!(again.contains(&name), "{again}");
    assert_eq!(names(&out.join(JOB)), [name.as_str()]);
    assert_eq!(runs(data).iter().filter(|run| run.ends_with(",done,false,true,1")).count(), 1);
}

#[test]
fn what_cannot_be_delivered_is_tried_again_and_noted_as_failed() {
    let (data, own) = (folder(), folder());
    let data = data.path();
    let out = own.path().join("out");
    std::fs::write(&out, "a file in the folder's place").unwrap();
    kept_since(data, SINCE.parse().unwrap());
    let settings = settings(own.path(), &out, "reminders", "0 0 0 1 1 * 2024");
    let (said, err) = schedule(1, data, &settings, &["once"]);
    assert!(said.is_empty() && err.contains(out.to_str().unwrap()), "{said}{err}");
    assert!(err.contains("tried 2 times") && err.contains("schedule run week --at 2023-12-31T17:00:00Z"), "{err}");
    assert_eq!(runs(data), ["2023-12-31,failed,true,false,2"]);
    schedule(0, data, &settings, &["once"]);
    assert_eq!(runs(data).len(), 1, "it is not tried for ever");
    std::fs::remove_file(&out).unwrap();
    schedule(0, data, &settings, &["run", "week", "--at", "2023-12-31T17:00:00Z"]);
    assert_eq!(runs(data)[1..], ["2023-12-31,done,false,true,1"]);
}

#[test]
fn without_events_nothing_runs_and_what_is_wrong_is_said_at_the_start() {
    let (data, own) = (folder(), folder());
    let data = data.path();
    let out = own.path().join("out");
    let good = settings(own.path(), &out, "learning-week", "* * * * * *");
    let (said, err) = schedule(0, data, &good, &["once"]);
    assert!(said.is_empty() && err.contains("nothing has been recorded"), "{said}{err}");
    let log = Log::embedded();
    let mut program = Program::up(&log, data, &["--empty", "--config", &good]);
    program.ready();
    program.stop();
    let (said, err) = schedule(0, data, &good, &["once"]);
    assert!(said.is_empty() && err.contains("nothing is due"), "{said}{err}");
    assert!(runs(data).is_empty() && !out.exists() && !data.join("releases").exists());
    assert_eq!(History::open(data.join("schedule")).since().unwrap(), None);
    let (_, err) = schedule(1, data, &good, &["run", "weekly"]);
    assert!(err.contains("weekly") && err.contains("week"), "{err}");
    let bad = settings(own.path(), &out, "learning-week", "0 0 25 21 10 *");
    let (_, err) = run_to(2, data, &["--config", &bad, "up"]);
    assert!(err.contains("the hour '25'") && err.contains("0 0 6 21 10 *"), "{err}");
}

#[test]
fn the_units_call_what_there_is() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd");
    let unit = std::fs::read_to_string(folder.join("lantoa-schedule.service")).unwrap();
    let started = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let called = Cli::try_parse_from(started.split_whitespace()).unwrap();
    assert_eq!(called.data, Path::new("/var/lib/lantoa"));
    let Some(Command::Schedule(arguments)) = called.command else { panic!("{started}") };
    assert!(matches!(arguments.action, Some(ScheduleAction::Once)));
    let writes = unit.lines().find_map(|line| line.strip_prefix("ReadWritePaths=")).unwrap();
    assert_eq!(writes, "/var/lib/lantoa");
    let timer = std::fs::read_to_string(folder.join("lantoa-schedule.timer")).unwrap();
    for line in ["OnCalendar=*-*-* 08:01:00 Asia/Ho_Chi_Minh", "Persistent=true", "WantedBy=timers.target"] {
        assert!(timer.lines().any(|one| one == line), "{line}");
    }
}
