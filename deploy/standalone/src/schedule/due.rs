//! What of a job is due: plain arithmetic over instants.
//!
//! In: when a job runs, what ran, the present instant. Out: the instant to make up for, and those that are too old for it.
//! Guarantee: an instant that a run is noted of is never due again, whatever the clock does.

use chrono::{DateTime, TimeDelta, Utc};
use lantoa_query::schedule::Run;

use super::when::When;

/// Most instants that are noted as skipped, each by itself.
const MOST_LISTED: usize = 1000;

/// Instants that passed without a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The newest: it is made up for.
    pub newest: DateTime<Utc>,
    /// Those before it, the oldest first.
    pub older: Vec<DateTime<Utc>>,
    /// Whether there are more, before all these.
    pub more: bool,
}

/// The newest instant up to now that a run of a job is noted of. One by hand counts where it is of an instant of the
/// schedule. One that is still to come was noted by a clock that was ahead: it counts when its time has come, and until
/// then those before it are due as ever.
pub fn last(runs: &[Run], job: &str, when: &When, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_over = |run: &&Run| run.scheduled_at <= now && (!run.by_hand || when.has(run.scheduled_at));
    let of_job = runs.iter().filter(|run| run.job == job).filter(is_over);
    of_job.map(|run| run.scheduled_at).max()
}

/// The instants after `since` that are over.
pub fn missed(when: &When, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<Missed> {
    let (mut from, mut until, mut more) = (since, now, false);
    loop {
        let due = when.all_after(from).take_while(|at| *at < until);
        let mut found: Vec<DateTime<Utc>> = due.take(MOST_LISTED + 1).collect();
        if found.len() <= MOST_LISTED {
            return found.pop().map(|newest| Missed { newest, older: found, more });
        }
        // Too many: of the half that has the newest.
        let middle = from + (until - from) / 2;
        if when.after(middle).is_some_and(|at| at < until) {
            (from, more) = (middle, true);
        } else {
            until = middle + TimeDelta::microseconds(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_query::schedule::Status;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_newest_is_made_up_for_and_the_older_are_not() {
        for (cron, since, now, newest, older) in [
            ("0 0 6 21 10 *", "2025-01-01T00:00:00Z", "2025-10-20T22:59:59Z", None, 0),
            // Over, and not only come.
            ("0 0 6 21 10 *", "2025-01-01T00:00:00Z", "2025-10-20T23:00:00Z", None, 0),
            ("0 0 6 21 10 *", "2025-01-01T00:00:00Z", "2025-10-20T23:00:00.001Z", Some("2025-10-20T23:00:00Z"), 0),
            ("0 0 6 21 10 *", "2025-10-20T23:00:00Z", "2026-10-20T00:00:00Z", None, 0),
            ("0 0 6 21 10 *", "2022-10-20T23:00:00Z", "2025-11-01T00:00:00Z", Some("2025-10-20T23:00:00Z"), 2),
            ("0 0 8 13,18 10 *", "2025-10-01T00:00:00Z", "2025-10-19T00:00:00Z", Some("2025-10-18T01:00:00Z"), 1),
            // The clock was put back.
            ("0 0 6 21 10 *", "2025-10-20T23:00:00Z", "2025-10-20T22:00:00Z", None, 0),
            ("* * * * * *", "2025-10-20T23:00:00Z", "2025-10-20T22:00:00Z", None, 0),
        ] {
            let found = missed(&cron.parse().unwrap(), at(since), at(now));
            let told = found.as_ref().map(|missed| (missed.newest, missed.older.len(), missed.more));
            assert_eq!(told, newest.map(|newest| (at(newest), older, false)), "{cron} since {since} at {now}");
        }
    }

    #[test]
    fn of_very_many_the_newest_is_found_and_the_rest_is_owned_up_to() {
        let found = missed(&"* * * * * *".parse().unwrap(), at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00.5Z"));
        let found = found.unwrap();
        assert!(found.newest == at("2026-01-01T00:00:00Z") && found.more);
        assert!(!found.older.is_empty() && found.older.len() < MOST_LISTED && found.older.is_sorted());
        // All of them in a year that is long over.
        let found =
            missed(&"* * * * * * 2020".parse().unwrap(), at("2019-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
        assert_eq!(found.unwrap().newest, at("2020-12-31T16:59:59Z"));
    }

    #[test]
    fn a_run_by_hand_counts_where_it_is_the_schedules() {
        let run = |job: &str, scheduled_at: &str, by_hand: bool| Run {
            job: job.to_owned(),
            scheduled_at: at(scheduled_at),
            started_at: None,
            ended_at: None,
            status: Status::Done,
            caught_up: false,
            by_hand,
            attempts: 1,
            release: None,
            files: 0,
            folder: None,
            error: None,
        };
        let when: When = "0 0 6 21 10 *".parse().unwrap();
        let mut runs = vec![run("a", "2024-10-20T23:00:00Z", false), run("b", "2026-10-20T23:00:00Z", false)];
        let now = at("2025-12-01T00:00:00Z");
        let last = |runs: &[Run], job: &str, when: &When| last(runs, job, when, now);
        assert_eq!(last(&runs, "a", &when), Some(at("2024-10-20T23:00:00Z")));
        runs.push(run("a", "2025-11-02T10:00:00Z", true));
        assert_eq!(last(&runs, "a", &when), Some(at("2024-10-20T23:00:00Z")));
        runs.push(run("a", "2025-10-20T23:00:00Z", true));
        assert_eq!(last(&runs, "a", &when), Some(at("2025-10-20T23:00:00Z")));
        assert_eq!(last(&runs, "c", &when), None);
        // A clock that was ahead has noted what is still to come.
        assert_eq!(last(&runs, "b", &when), None);
    }
}
