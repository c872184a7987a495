//! Makes a release.
//!
//! In: a name, the settings of its answers, maps. Out: a stored release with the version that follows from what changed.
//! Guarantee: all its tables are of one version of every ledger; nothing is stored that says the same as the version
//! before; of two who make the same release at once one does, and the other hears of it.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use super::compare::are_the_same;
use super::file::store;
use super::manifest::FORMAT;
use super::{
    EVERY_MAP, Manifest, Name, ON_EVERY_MAP, ON_ONE_MAP, REFERENCE_EVENTS, ReleaseError, Stored, StoredTable, Version,
};
use crate::error::QueryError;
use crate::knowledge::REFERENCES;
use crate::reference_tables;
use crate::session::{Engine, Sitting};
use crate::settings::{AS_REPORTED, AsOf};

/// What is to be released.
#[derive(Debug, Clone)]
pub struct Order {
    /// Under which name.
    pub name: Name,
    /// What it is, for people.
    pub title: Option<String>,
    /// Up to when records count. That time has to be over.
    pub as_of: AsOf,
    /// Last day of telling.
    pub stated_by: Option<NaiveDate>,
    /// Maps: `None` for each figure on its own, or any day of a map. Where none is named, all there are.
    pub maps: Vec<Option<NaiveDate>>,
    /// When it becomes public; `None` for at once.
    pub embargo: Option<DateTime<Utc>>,
    /// Whether a new major is begun, whatever changed.
    pub major: bool,
}

/// A release is not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// What is to be released can still change.
    #[error(
        "as of {as_of}: that time is not over, so what is known by then can still change; name a day that is over, or an \
         instant"
    )]
    NotOver {
        /// Up to when records were to count.
        as_of: AsOf,
    },
    /// There is nothing to release.
    #[error(
        "as of {as_of}: nothing had been recorded by then; as_of is when records came here, --stated-by the day of the \
         sources"
    )]
    Empty {
        /// Up to when records were to count.
        as_of: AsOf,
    },
    /// Who follows the name would go back in time.
    #[error(
        "as of {as_of}: that is before {release}, which knows what was recorded up to {of_release}; name a later day, \
         another name, or --major"
    )]
    GoesBack {
        /// Up to when records were to count.
        as_of: AsOf,
        /// The version before.
        release: String,
        /// Up to when its records count.
        of_release: String,
    },
    /// A map is not known.
    #[error("the areas of {day} are not known; the maps are {maps}")]
    NoMap {
        /// The day asked for.
        day: NaiveDate,
        /// What there is.
        maps: String,
    },
    /// All is as it was.
    #[error("nothing changed since {release}; --major makes a new version all the same")]
    Unchanged {
        /// The version that says the same.
        release: String,
    },
    /// Somebody else is about the same name.
    #[error(
        "somebody else is making a release {name} at this moment; see `lantoa release list {name}`, then try again"
    )]
    Taken {
        /// The name.
        name: Name,
    },
    /// The answers cannot be had or written.
    #[error("the answers of the release cannot be stored")]
    Query(#[from] QueryError),
    /// The folder of releases.
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

impl Engine {
    /// Makes a release of what the tables say.
    ///
    /// # Errors
    /// Any [`CreateError`]; then nothing is stored.
    pub async fn create_release(&self, order: &Order) -> Result<Stored, CreateError> {
        if order.as_of.end_micros() > self.now().timestamp_micros() {
            return Err(CreateError::NotOver { as_of: order.as_of });
        }
        let releases = self.releases();
        let taken = || CreateError::Taken { name: order.name.clone() };
        let making = releases.begin(&order.name)?.ok_or_else(taken)?;
        let versions = releases.versions(&order.name)?;
        let mut previous = None;
        for version in versions.iter().rev() {
            let stored = releases.read(&order.name, *version)?;
            if stored.withdrawn.is_none() {
                previous = Some(stored);
                break;
            }
        }
        if let Some(previous) = previous.as_ref().filter(|_| !order.major) {
            let of_release = previous.manifest.as_of.clone();
            let before: AsOf = of_release.parse().map_err(QueryError::from)?;
            if order.as_of.end_micros() < before.end_micros() {
                let (as_of, release) = (order.as_of, previous.manifest.reference());
                return Err(CreateError::GoesBack { as_of, release, of_release });
            }
        }
        let sitting = self.sit(order.as_of, order.stated_by).await?;
        let ledgers = sitting.ledgers().await?;
        if ledgers.iter().all(|(ledger, _)| ledger.events == 0) {
            return Err(CreateError::Empty { as_of: order.as_of });
        }
        let maps = maps(order, &sitting)?;
        let tables = write(&sitting, &maps, making.folder()).await?;
        let catalogue = sitting.catalogue()?;
        let version = match (versions.last(), &previous) {
            (None, _) => Version::FIRST,
            (Some(last), _) if order.major => last.next_major(),
            (Some(last), Some(previous)) if previous.manifest.catalogue != catalogue => last.next_minor(),
            (Some(_), Some(previous)) if are_the_same(previous, making.folder(), &tables)? => {
                return Err(CreateError::Unchanged { release: previous.manifest.reference() });
            }
            (Some(last), _) => last.next_patch(),
        };
        // A patch of a release is still that release.
        let title = previous.as_ref().and_then(|previous| previous.manifest.title.clone());
        let manifest = Manifest {
            format: FORMAT,
            name: order.name.clone(),
            version,
            title: order.title.clone().or(title),
            as_of: order.as_of.to_string(),
            stated_by: order.stated_by,
            maps: maps.into_iter().map(|(word, _)| word).collect(),
            catalogue,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            embargo: order.embargo,
            previous: previous.map(|previous| previous.manifest.version),
            events: ledgers.iter().map(|(ledger, _)| ledger.events).sum(),
            newest: ledgers.iter().filter_map(|(_, newest)| *newest).max(),
            ledgers: ledgers.into_iter().map(|(ledger, _)| ledger).collect(),
            tables,
        };
        match making.finish(&manifest)? {
            true => Ok(releases.read(&manifest.name, manifest.version)?),
            false => Err(taken()),
        }
    }
}

/// The maps asked for, or all, each with its word, as reported first.
fn maps(order: &Order, sitting: &Sitting) -> Result<Vec<(String, Option<NaiveDate>)>, CreateError> {
    let knowledge = sitting.knowledge();
    let history = knowledge.history();
    let mut maps: Vec<Option<NaiveDate>> = Vec::new();
    for map in &order.maps {
        if let Some(day) = map.filter(|day| history.known_since().is_some_and(|since| *day < since)) {
            let maps = history.maps().iter().map(NaiveDate::to_string).collect::<Vec<_>>().join(", ");
            return Err(CreateError::NoMap { day, maps });
        }
        maps.push(map.map(|day| history.map_on(day)));
    }
    if maps.is_empty() {
        maps.push(None);
        maps.extend(history.maps().iter().copied().map(Some));
    }
    maps.sort_unstable();
    maps.dedup();
    let word = |map: Option<NaiveDate>| map.map_or_else(|| AS_REPORTED.to_owned(), |day| day.to_string());
    Ok(maps.into_iter().map(|map| (word(map), map)).collect())
}

/// Writes all tables below a folder.
async fn write(
    sitting: &Sitting,
    maps: &[(String, Option<NaiveDate>)],
    folder: &Path,
) -> Result<Vec<StoredTable>, CreateError> {
    let make = |name: &str| {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).map_err(ReleaseError::io("create", &folder))
    };
    let mut tables = Vec::new();
    make(EVERY_MAP)?;
    for table in ON_EVERY_MAP.into_iter().chain(reference_tables::NAMES) {
        tables.push(store(folder, table, None, sitting.rows_of(table).await?).await?);
    }
    tables.push(store(folder, REFERENCE_EVENTS, None, sitting.answer(REFERENCES).await?).await?);
    for (word, map) in maps {
        make(word)?;
        sitting.turn_to(*map);
        for view in ON_ONE_MAP {
            tables.push(store(folder, view, Some(word), sitting.rows_of(view).await?).await?);
        }
    }
    Ok(tables)
}
