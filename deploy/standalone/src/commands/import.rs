//! `lantoa import`: files in, receipts out.
//!
//! In: files in a documented form. Out: a line a file on standard output (file, receipt, rows accepted, rows
//! refused), and each refused row with its reason on standard error; where one is asked for, the returned sheet. Of a dry
//! run what would become of each row and what would change (`dry_run`), and nothing is written.
//! Guarantee: the rows of a file that is printed as accepted can be queried when the command ends; importing a file
//! again changes nothing; a returned sheet is there only whole, and never in the place of what was sent.

use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::doorway::through_door;
use crate::arrival::LastRows;
use crate::articles::ARTICLES;
use crate::cli::ImportArgs;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::Desk;
use crate::progress::during;
use crate::run::{Outcome, RunError};

pub(super) mod door;
mod dry_run;
mod giving_back;

use door::{Door, FileResult};
use giving_back::Return;
pub use giving_back::ReturnError;

/// A file to take in.
enum Source {
    OnDisk(PathBuf),
    Article(&'static str, &'static str),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::OnDisk(path) => {
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
            }
            Self::Article(name, _) => (*name).to_owned(),
        }
    }

    async fn read(&self) -> std::io::Result<Bytes> {
        match self {
            Self::OnDisk(path) => Ok(tokio::fs::read(path).await?.into()),
            Self::Article(_, content) => Ok(Bytes::from_static(content.as_bytes())),
        }
    }

    /// Its content; where it cannot be read, that is said.
    async fn read_or_say(&self) -> Option<Bytes> {
        let read = self.read().await;
        read.inspect_err(|error| eprintln!("{}: cannot be read: {error}", self.name())).ok()
    }
}

/// What is to be taken in, and how.
#[derive(Clone, Copy)]
struct Order<'a> {
    sources: &'a [Source],
    form: Option<&'a str>,
    back: Option<&'a Return>,
    /// Whether nothing is to be written.
    is_dry_run: bool,
}

/// What became of all files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sum {
    accepted: usize,
    rejected: usize,
    /// Files of which nothing was taken for a reason of their own.
    failed: usize,
}

/// Takes the files in.
///
/// # Errors
/// When nothing could be taken in: the reasons are on standard error.
pub async fn import(data: &DataDir, settings: Settings, arguments: ImportArgs) -> Result<Outcome, RunError> {
    let files = arguments.files.iter().cloned().map(Source::OnDisk);
    let articles = ARTICLES.iter().filter(|_| arguments.articles).map(|(name, text)| Source::Article(name, text));
    let sources: Vec<Source> = files.chain(articles).collect();
    let form = arguments.form.as_deref();
    let back = arguments.returned.map(|out| Return::of(&arguments.files, out)).transpose()?;
    let order = Order { sources: &sources, form, back: back.as_ref(), is_dry_run: arguments.dry_run };
    let token = arguments.token_file.as_deref();
    let take = async |door: &Door, desk: &Desk| take_all(door, desk, order).await;
    let sum = through_door(data, settings, token, take).await?;
    match sum {
        Sum { accepted: 0, .. } if arguments.dry_run => Err(RunError::NothingGood),
        Sum { accepted: 0, .. } => Err(RunError::NothingImported),
        Sum { rejected: 0, failed: 0, .. } => Ok(Outcome::Done),
        _ => Ok(Outcome::InPart),
    }
}

/// Takes every file in, and waits until all accepted rows can be queried.
async fn take_all(door: &Door, desk: &Desk, order: Order<'_>) -> Result<Sum, RunError> {
    if order.is_dry_run {
        return Ok(dry_run::foresee_all(door, order).await);
    }
    let Order { sources, form, back, .. } = order;
    let mut sum = Sum::default();
    let mut rows = LastRows::default();
    let mut given_back = Ok(());
    for (index, source) in sources.iter().enumerate() {
        let name = source.name();
        let Some(content) = source.read_or_say().await else {
            sum.failed += 1;
            continue;
        };
        let what = format!("{name} ({} of {})", index + 1, sources.len());
        let taken = during(&what, door.take(&name, content.clone(), form, &mut rows)).await;
        if let Some(back) = back {
            given_back = back.write(&name, &content, form, &taken);
        }
        match taken {
            Ok(result) => {
                report(&name, &result);
                sum.accepted += result.accepted;
                sum.rejected += result.rejected;
            }
            Err(refusal) => {
                eprintln!("{name}: {}", refusal.words);
                sum.failed += 1;
            }
        }
    }
    during("waiting until the rows can be queried", rows.arrived(desk)).await?;
    // What was taken stays taken, whatever becomes of the sheet.
    given_back?;
    Ok(sum)
}

fn report(name: &str, result: &FileResult) {
    for problem in &result.refused {
        eprintln!("{name}: {}", door::line(problem));
    }
    let name = Path::new(name).display();
    let _ = writeln!(
        std::io::stdout(),
        "{name}: {} rows accepted, {} refused, receipt {}",
        result.accepted,
        result.rejected,
        result.receipt
    );
}
