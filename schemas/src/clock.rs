//! The time, passed in: no module asks the machine by itself, so that a test can say what day it is.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Asia::Ho_Chi_Minh;

/// Says what time it is.
pub trait Clock: Send + Sync + 'static {
    /// The present instant in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// The present day in Vietnam.
    fn today(&self) -> NaiveDate {
        day_in_vietnam(self.now())
    }
}

/// A clock that several tasks share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still, for tests and for answers that must not depend on the hour.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(
    /// The instant it always tells.
    pub DateTime<Utc>,
);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// The calendar day in Vietnam at an instant.
pub fn day_in_vietnam(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&Ho_Chi_Minh).date_naive()
}

/// The first instant that is no longer part of `day` in Vietnam: what "as of that day" filters on.
pub fn end_of_day_in_vietnam(day: NaiveDate) -> DateTime<Utc> {
    use chrono::TimeZone;
    let midnight = day.succ_opt().unwrap_or(NaiveDate::MAX).and_hms_opt(0, 0, 0).unwrap_or_default();
    // Vietnam keeps one offset all year, so a midnight is never skipped or doubled; the fallback is that offset.
    Ho_Chi_Minh
        .from_local_datetime(&midnight)
        .earliest()
        .map_or_else(|| midnight.and_utc() - chrono::Duration::hours(7), |local| local.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_vietnamese_midnight() {
        let day = NaiveDate::from_ymd_opt(2025, 10, 15).unwrap();
        assert_eq!(end_of_day_in_vietnam(day).to_rfc3339(), "2025-10-15T17:00:00+00:00");
        assert_eq!(day_in_vietnam(end_of_day_in_vietnam(day)), day.succ_opt().unwrap());
    }
}
