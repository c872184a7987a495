//! Releases: answers that were stored under a name, so that they stay as they were published.
//!
//! In: the views on their maps, as of an instant. Out: a folder a version below `DIR/releases`, with a manifest that says
//! what it rests on, and tables over it for whoever asks under it. Guarantee: a release is there whole or not at all, is
//! never changed afterwards, and does not need the ledgers it was made of; a file that is not as the manifest says is
//! refused; of the same events the same files come again, byte for byte.
//!
//! In reading order: how a release is named (`version`), what it says of itself (`manifest`), where it lies (`store`), how
//! it is read (`reader`, `ground`), which there are for whom (`table`), how it is made (`create`, with `file` and
//! `compare`), and what one has that another has not (`diff`, with `cause` and `brief`).

use std::path::Path;

use chrono::{DateTime, Utc};

mod brief;
mod cause;
mod compare;
mod create;
mod diff;
mod file;
pub(crate) mod ground;
mod manifest;
mod reader;
mod store;
mod table;
mod version;

pub use create::{CreateError, Order};
pub use diff::Diff;
pub use manifest::{Ledger, LogPart, Manifest, StoredTable, Withdrawn};
pub(crate) use reader::Release;
pub use store::{Releases, Stored};
pub(crate) use table::{Shelf, TABLE};
pub use version::{At, Name, NotAReference, Reference, Version};

/// The views that are the same on every map: a release has them once.
pub(crate) const ON_EVERY_MAP: [&str; 4] = ["statement", "counted", "activity", "pilot"];

/// The views that stand on a map: a release has them for each of its maps.
pub(crate) const ON_ONE_MAP: [&str; 6] = ["indicator", "trend", "coverage", "reconciliation", "suspicious", "adoption"];

/// The reference events in force, by which a release is read. Nobody can name it.
pub(crate) const REFERENCE_EVENTS: &str = "reference_events";

/// Folder of what is the same on every map.
pub(crate) const EVERY_MAP: &str = "every_map";

/// A release cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// Nothing has the name or the version.
    #[error("there is no release {wanted}; {possible}")]
    NoSuch {
        /// What was asked for.
        wanted: String,
        /// What there is.
        possible: String,
    },
    /// It is not to be read yet.
    #[error("the release {release} is under embargo until {until}; {possible}")]
    Embargoed {
        /// Which.
        release: String,
        /// From when on it is public.
        until: String,
        /// What there is instead.
        possible: String,
    },
    /// A reader asks for something that is not released.
    #[error("with the role reader you see what is released, so name a release: SET lantoa.release = '…'; {possible}")]
    Needed {
        /// What there is.
        possible: String,
    },
    /// The release has other maps.
    #[error("the release {release} has no map {map}; it has {maps}")]
    NoMap {
        /// Which.
        release: String,
        /// The map asked for.
        map: String,
        /// Its maps.
        maps: String,
    },
    /// The release does not have the table.
    #[error(
        "{table} is not a part of the release {release}: it holds {holds}; RESET lantoa.release asks the tables as they are"
    )]
    NotStored {
        /// What was named.
        table: String,
        /// Which.
        release: String,
        /// What it holds.
        holds: String,
    },
    /// A file of it is not what was stored.
    #[error("the release cannot be read: {file} {why}; bring the folder back from a copy, or withdraw the release")]
    Damaged {
        /// The file, below the folder of releases.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The folder of releases cannot be read or written.
    #[error("cannot {action} {path}: {why}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: String,
        /// What the system said.
        why: String,
    },
    /// It is withdrawn already.
    #[error("the release {release} was withdrawn before: {reason}")]
    Withdrawn {
        /// Which.
        release: String,
        /// Why, as it was said then.
        reason: String,
    },
}

impl ReleaseError {
    /// For `map_err`: the error of `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Io { action, path, why: error.to_string() }
    }

    /// Whether it is mended by asking otherwise.
    pub fn is_the_askers(&self) -> bool {
        !matches!(self, Self::Damaged { .. } | Self::Io { .. })
    }
}

/// An instant as it is said to people: the day and hour in Vietnam.
pub(crate) fn in_vietnam(instant: DateTime<Utc>) -> String {
    let day = lantoa_schemas::clock::day_in_vietnam(instant);
    // The first instant of a day in Vietnam says as much as the day.
    match day.pred_opt().map(lantoa_schemas::clock::end_of_day_in_vietnam) {
        Some(begins) if begins == instant => day.to_string(),
        _ => instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    }
}
