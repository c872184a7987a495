//! Makes the files of a year.
//!
//! In: an order. Out: files below a folder, a folder an area: `OUT/<code>-<name>/learning-week-2025-<code>-vi.pdf`. Guarantee:
//! all reports of an order rest on one release; a file is there only whole.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lantoa_query::release::{At, Name, Reference, ReleaseError, Stored};
use lantoa_query::{Engine, QueryError};
use lantoa_schemas::area::name::folded;

use crate::answers::Answers;
use crate::picture::Pictures;
use crate::week::{Place, document, reminder};
use crate::{Document, Format, Language, WriteError};

/// Which areas reports are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Areas {
    /// The nation and every province.
    All,
    /// The nation alone.
    Nation,
    /// By code, or by name in any spelling.
    Named(Vec<String>),
}

/// What is to be made.
#[derive(Debug, Clone)]
pub struct Order {
    /// The year of the Week.
    pub year: i32,
    /// Of which areas.
    pub areas: Areas,
    /// In which language.
    pub language: Language,
    /// In which formats.
    pub formats: Vec<Format>,
    /// Of which release; `None` for the newest of the year, [`release_of`], or where there is none for a draft.
    pub release: Option<Reference>,
    /// Below which folder.
    pub out: PathBuf,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files, in the order of their areas.
    pub files: Vec<PathBuf>,
    /// Name and version of the release; `None` for drafts.
    pub release: Option<String>,
}

/// Reports are not made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The release.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A question.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// No area has the name.
    #[error(
        "'{wanted}' is no province on the map of {map}; give a code or a name, such as {example}, or 00 for the nation"
    )]
    NoArea {
        /// What was asked for.
        wanted: String,
        /// The map on which the Week closed.
        map: String,
        /// One that there is.
        example: String,
    },
    /// A format.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file.
    #[error("cannot write {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ReportError {
    /// Whether it is mended by asking otherwise.
    pub fn is_the_askers(&self) -> bool {
        match self {
            Self::Release(error) => error.is_the_askers(),
            Self::NoArea { .. } => true,
            Self::Query(_) | Self::Write(_) | Self::File { .. } => false,
        }
    }
}

/// The name under which a year's figures are released: `LLW-2025`.
pub fn release_of(year: i32) -> Name {
    format!("LLW-{year}").parse().expect("letters and digits name a release")
}

/// Says how far it is: so many of so many, and what is worked on.
pub type Advance<'a> = &'a (dyn Fn(usize, usize, &str) + Sync);

/// Makes the reports of a Lifelong Learning Week.
///
/// # Errors
/// Any [`ReportError`]. Files that were written before stay.
pub async fn learning_week(engine: &Engine, order: &Order, advance: Advance<'_>) -> Result<Written, ReportError> {
    let stored = ground(engine, order)?;
    make(engine, order, stored, "learning-week", advance, |answers, place| {
        Some(document(answers, place, order.language))
    })
    .await
}

/// Makes a list a province of returns that have not come; of one where nothing is missing there is none. Where no release is
/// named, it tells what is known now: a list of last week's gaps reminds of what has come since.
///
/// # Errors
/// Any [`ReportError`]. Files that were written before stay.
pub async fn reminders(engine: &Engine, order: &Order, advance: Advance<'_>) -> Result<Written, ReportError> {
    let stored = order.release.as_ref().map(|wanted| engine.releases().find(wanted, None)).transpose()?;
    make(engine, order, stored, "reminder", advance, |answers, place| {
        reminder::document(answers, place, order.language)
    })
    .await
}

async fn make(
    engine: &Engine,
    order: &Order,
    stored: Option<Stored>,
    kind: &str,
    advance: Advance<'_>,
    of: impl Fn(&Answers, &Place) -> Option<Document> + Sync,
) -> Result<Written, ReportError> {
    advance(0, 0, "");
    let answers = Answers::of(engine, order.year, stored.as_ref(), engine.now()).await?;
    let places = places(&answers, &order.areas)?;
    let release = answers.ground.reference();
    let work = || write_all(order, kind, &places, advance, |place| of(&answers, place));
    // Setting and drawing take all of a core for a while.
    let files = tokio::task::block_in_place(work)?;
    Ok(Written { files, release })
}

/// The release that is meant; `None` for a draft.
fn ground(engine: &Engine, order: &Order) -> Result<Option<Stored>, ReportError> {
    if let Some(wanted) = &order.release {
        return Ok(Some(engine.releases().find(wanted, None)?));
    }
    match engine.releases().find(&Reference { name: release_of(order.year), at: At::Newest }, None) {
        Ok(stored) => Ok(Some(stored)),
        Err(ReleaseError::NoSuch { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The areas that are meant.
fn places(answers: &Answers, areas: &Areas) -> Result<Vec<Place>, ReportError> {
    let all = Place::all(answers);
    let names = match areas {
        Areas::All => return Ok(all),
        Areas::Nation => return Ok(vec![Place::Nation]),
        Areas::Named(names) => names,
    };
    let find = |wanted: &String| {
        let named = |place: &&Place| place.code() == wanted || place.is_called(wanted);
        all.iter().find(named).cloned().ok_or_else(|| ReportError::NoArea {
            wanted: wanted.clone(),
            map: answers.first_map().map(|map| map.day.to_string()).unwrap_or_default(),
            example: all.last().map(|place| format!("{} ({})", place.code(), place.short())).unwrap_or_default(),
        })
    };
    names.iter().map(find).collect()
}

/// Writes the documents of all places, on as many threads as there are cores.
fn write_all(
    order: &Order,
    kind: &str,
    places: &[Place],
    advance: Advance<'_>,
    of: impl Fn(&Place) -> Option<Document> + Sync,
) -> Result<Vec<PathBuf>, ReportError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(places.len());
    let (next, done) = (Mutex::new(places.iter().enumerate()), Mutex::new(Vec::new()));
    let work = || -> Result<(), ReportError> {
        loop {
            let Some((at, place)) = lock(&next).next() else { return Ok(()) };
            let files = match of(place) {
                Some(document) => write(order, kind, place, &document)?,
                None => Vec::new(),
            };
            let mut done = lock(&done);
            done.push((at, files));
            advance(done.len(), places.len(), place.short());
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut result = work();
        for other in others {
            let ended = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(ended);
        }
        result
    })?;
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().flat_map(|(_, files)| files).collect())
}

/// A report is for others to read; who may is said by its folder.
fn readable() -> Permissions {
    Permissions::from_mode(0o644)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write(order: &Order, kind: &str, place: &Place, document: &Document) -> Result<Vec<PathBuf>, ReportError> {
    let pictures = Pictures::of(document)?;
    let folder = order.out.join(format!("{}-{}", place.code(), folded(place.short()).replace(' ', "-")));
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::File { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(io(&folder))?;
    let mut files = Vec::new();
    for format in &order.formats {
        let bytes = format.write(document, &pictures)?;
        let (language, ending) = (order.language.code(), format.ending());
        let path = folder.join(format!("{kind}-{}-{}-{language}.{ending}", order.year, place.code()));
        let mut file = tempfile::Builder::new().permissions(readable()).tempfile_in(&folder).map_err(io(&path))?;
        file.write_all(&bytes).map_err(io(&path))?;
        file.persist(&path).map_err(|error| ReportError::File { path: path.clone(), source: error.error })?;
        files.push(path);
    }
    Ok(files)
}
