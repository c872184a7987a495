//! The work of a job: a release and the reports of it, or lists of what is missing.
//!
//! In: a job, and the instant that it is of. Out: files in a folder that is there only when it is whole. Guarantee: a run of
//! `learning-week` gives what was known at its instant, however late it runs; run again, it finds what is there already.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Datelike, Days, Utc};
use lantoa_query::release::{At, CreateError, Order as ReleaseOrder, Reference, ReleaseError, Stored};
use lantoa_query::settings::AsOf;
use lantoa_query::{Engine, QueryError};
use lantoa_report::{Areas, Order, ReportError, release_of};
use lantoa_schemas::clock::{SharedClock, day_in_vietnam, end_of_day_in_vietnam};
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;

use super::deliver::{DeliverError, Delivery};
use crate::config::schedule::{Job, What};

/// What was recorded just before an instant is in the tables this long after it.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// What a run has made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// The release that it is made of, `NAME@x.y.z`.
    pub release: Option<String>,
    /// How many files there are.
    pub files: u32,
    /// Where they are; `None` where there was nothing to say.
    pub folder: Option<PathBuf>,
}

/// The work was not done.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The tables.
    #[error("whether there are events cannot be said")]
    Tables(#[from] QueryError),
    /// The release is not made.
    #[error("the release cannot be made")]
    Create(#[from] CreateError),
    /// The release that says the same is not found.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The reports are not made.
    #[error("the reports cannot be made")]
    Report(#[from] ReportError),
    /// The files are not delivered.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
}

impl WorkError {
    /// Whether it may be otherwise when it is tried again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Create(error) => match error {
                // The clock was put back.
                CreateError::NotOver { .. } | CreateError::Taken { .. } => true,
                CreateError::Query(error) => !error.is_the_askers(),
                CreateError::Release(error) => !error.is_the_askers(),
                CreateError::Empty { .. }
                | CreateError::GoesBack { .. }
                | CreateError::NoMap { .. }
                | CreateError::Unchanged { .. } => false,
            },
            Self::Tables(error) => !error.is_the_askers(),
            Self::Release(error) => !error.is_the_askers(),
            Self::Report(error) => !error.is_the_askers(),
            Self::Deliver(_) => true,
        }
    }
}

/// Does the work of jobs.
pub trait Work: Send + Sync {
    /// Whether there is any event to run on.
    fn has_events(&self) -> impl Future<Output = Result<bool, WorkError>> + Send;

    /// Tries once.
    fn attempt(&self, job: &Job, at: DateTime<Utc>) -> impl Future<Output = Result<Made, WorkError>> + Send;
}

/// Hears how far a report is: steps done, of how many, and what is made.
pub type Advance = Box<dyn Fn(usize, usize, &str) + Send + Sync>;

/// Reports of the answers of an engine.
pub struct Reports {
    engine: Engine,
    out: PathBuf,
    clock: SharedClock,
    advance: Advance,
}

impl Reports {
    /// Delivered below `out`.
    pub fn new(engine: Engine, out: &Path, clock: SharedClock, advance: Advance) -> Self {
        // The history says where they are to whoever asks, from whichever folder.
        let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
        Self { engine, out, clock, advance }
    }

    async fn learning_week(&self, job: &Job, at: DateTime<Utc>) -> Result<Made, WorkError> {
        self.settled(at).await;
        let year = day_in_vietnam(at).year();
        let Stored { manifest, .. } = self.release(job, year, at).await?;
        let name = manifest.reference();
        let exact = Reference { name: manifest.name.clone(), at: At::Exact(manifest.version) };
        let delivery = Delivery::begin(&self.out.join(&job.name), &job.name, manifest.is_embargoed(self.clock.now()))?;
        let mut files = 0;
        for language in &job.lang {
            let order = Order {
                year,
                areas: Areas::All,
                language: *language,
                formats: job.formats.clone(),
                release: Some(exact.clone()),
                out: delivery.folder(language.code())?,
            };
            files += lantoa_report::learning_week(&self.engine, &order, &*self.advance).await?.files.len();
        }
        let folder = delivery.finish(&name).await?;
        Ok(Made { release: Some(name), files: count(files), folder: Some(folder) })
    }

    async fn reminders(&self, job: &Job, at: DateTime<Utc>) -> Result<Made, WorkError> {
        let day = day_in_vietnam(at);
        let delivery = Delivery::begin(&self.out.join(&job.name), &job.name, false)?;
        let mut files = 0;
        for language in &job.lang {
            let order = Order {
                year: day.year(),
                areas: Areas::All,
                language: *language,
                formats: job.formats.clone(),
                release: None,
                out: delivery.folder(language.code())?,
            };
            files += lantoa_report::reminders(&self.engine, &order, &*self.advance).await?.files.len();
        }
        let folder = match files {
            0 => None,
            _ => Some(delivery.finish(&format!("reminders-{day}")).await?),
        };
        Ok(Made { release: None, files: count(files), folder })
    }

    /// The release of a year as of an instant: a new one, or the one that says the same.
    async fn release(&self, job: &Job, year: i32, at: DateTime<Utc>) -> Result<Stored, WorkError> {
        let order = ReleaseOrder {
            name: release_of(year),
            title: Some(format!("Tuần lễ hưởng ứng học tập suốt đời năm {year}")),
            as_of: AsOf::Instant(at),
            stated_by: None,
            maps: Vec::new(),
            embargo: embargo(job, at),
            major: false,
        };
        match self.engine.create_release(&order).await {
            Err(CreateError::Unchanged { release }) => {
                let reference: Reference = release.parse().expect("a release is named by its reference");
                Ok(self.engine.releases().find(&reference, None)?)
            }
            made => Ok(made?),
        }
    }

    /// Waits until what was recorded before an instant can be in the tables.
    async fn settled(&self, at: DateTime<Utc>) {
        let gone = (self.clock.now() - at).to_std().unwrap_or_default();
        if let Some(left) = SETTLED_AFTER.checked_sub(gone) {
            tokio::time::sleep(left).await;
        }
    }
}

/// Until when a release of a job is kept back: where the day begins that is so many days after that of its instant.
fn embargo(job: &Job, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let days = u64::from(job.embargo_days).checked_sub(1)?;
    day_in_vietnam(at).checked_add_days(Days::new(days)).map(end_of_day_in_vietnam)
}

fn count(files: usize) -> u32 {
    u32::try_from(files).unwrap_or(u32::MAX)
}

impl Work for Reports {
    async fn has_events(&self) -> Result<bool, WorkError> {
        let tables = self.engine.status().await?;
        let is_ledger = |table: &str| Family::ALL.iter().any(|family| family.stream().table() == table);
        Ok(tables.iter().any(|of| of.rows > 0 && is_ledger(of.table)))
    }

    async fn attempt(&self, job: &Job, at: DateTime<Utc>) -> Result<Made, WorkError> {
        match job.what {
            What::LearningWeek => self.learning_week(job, at).await,
            What::Reminders => self.reminders(job, at).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schedule::ScheduleTable;

    #[test]
    fn an_embargo_ends_where_a_day_begins() {
        let at: DateTime<Utc> = "2026-10-20T23:00:00Z".parse().unwrap();
        let mut job = ScheduleTable::default().job.swap_remove(0);
        for (days, until) in [(0, None), (1, Some("2026-10-21T17:00:00Z")), (7, Some("2026-10-27T17:00:00Z"))] {
            job.embargo_days = days;
            assert_eq!(embargo(&job, at), until.map(|until| until.parse::<DateTime<Utc>>().unwrap()), "{days}");
        }
    }
}
