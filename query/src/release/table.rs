//! The table `release`: what releases there are for whoever asks.
//!
//! In: the folder of releases, and who asks. Out: a row a version, by name and version. Guarantee: who sees releases alone
//! is told of those that are public and of no other; the rows are the same whatever the session stands on.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::TableProvider;
use datafusion::datasource::memory::MemTable;
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::event::days_since_epoch;

use super::{ReleaseError, Releases, Stored, Withdrawn};
use crate::access::{Asker, Role};

/// Its name.
pub(crate) const TABLE: &str = "release";

/// The releases that somebody may know of.
#[derive(Clone)]
pub(crate) struct Shelf {
    releases: Arc<Releases>,
    clock: SharedClock,
    /// Whether those that are not public yet are left out.
    public: bool,
}

impl Shelf {
    pub(crate) fn of(releases: Arc<Releases>, clock: SharedClock, asker: &Asker) -> Self {
        Self { releases, clock, public: asker.role == Role::Reader }
    }

    /// All of them as they are now, by name and version.
    pub(crate) async fn stored(&self) -> std::result::Result<Vec<Stored>, ReleaseError> {
        let releases = Arc::clone(&self.releases);
        let read = tokio::task::spawn_blocking(move || releases.all()).await;
        let mut stored = read.map_err(|broken| {
            let why = broken.to_string();
            ReleaseError::Io { action: "read", path: "the releases".to_owned(), why }
        })??;
        if self.public {
            let now = self.clock.now();
            stored.retain(|stored| !stored.manifest.is_embargoed(now));
        }
        Ok(stored)
    }

    /// The table as it is now.
    pub(crate) async fn table(&self) -> Result<Arc<dyn TableProvider>> {
        let stored = self.stored().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let rows = rows(&stored)?;
        Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?))
    }
}

fn rows(of: &[Stored]) -> std::result::Result<RecordBatch, ArrowError> {
    let text =
        |read: fn(&Stored) -> Option<String>| -> ArrayRef { Arc::new(of.iter().map(read).collect::<StringArray>()) };
    let days = |read: fn(&Stored) -> Option<NaiveDate>| -> ArrayRef {
        Arc::new(of.iter().map(|stored| read(stored).map(days_since_epoch)).collect::<Date32Array>())
    };
    let counts = |read: fn(&Stored) -> i64| -> ArrayRef {
        Arc::new(of.iter().map(|stored| Some(read(stored))).collect::<Int64Array>())
    };
    let embargoes = of.iter().map(|stored| stored.manifest.embargo.map(|embargo| embargo.timestamp_micros()));
    let embargoes = embargoes.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
    RecordBatch::try_from_iter_with_nullable([
        ("release", text(|stored| Some(stored.manifest.reference())), false),
        ("name", text(|stored| Some(stored.manifest.name.to_string())), false),
        ("version", text(|stored| Some(stored.manifest.version.to_string())), false),
        ("title", text(|stored| stored.manifest.title.clone()), true),
        ("as_of", text(|stored| Some(stored.manifest.as_of.clone())), false),
        ("stated_by", days(|stored| stored.manifest.stated_by), true),
        ("maps", text(|stored| Some(stored.manifest.maps.join(", "))), false),
        ("events", counts(|stored| stored.manifest.events), false),
        ("rows", counts(|stored| i64::try_from(stored.rows()).unwrap_or(i64::MAX)), false),
        ("sha256", text(|stored| Some(stored.sha256.clone())), false),
        ("embargo", Arc::new(embargoes) as ArrayRef, true),
        ("withdrawn_on", days(|stored| stored.withdrawn.as_ref().map(Withdrawn::on)), true),
        ("withdrawn_reason", text(|stored| stored.withdrawn.as_ref().map(|withdrawn| withdrawn.reason.clone())), true),
    ])
}
