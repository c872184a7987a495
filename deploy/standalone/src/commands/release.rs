//! `lantoa release`: answers that stay as they were published.
//!
//! In: the data folder, also while `up` runs on it. Out: releases below it, and words on standard output of what there is.
//! Guarantee: a release is there whole or not at all; nothing that is stored is changed or deleted.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use lantoa_query::answer::Answer;
use lantoa_query::format::{WriteError, write};
use lantoa_query::release::{CreateError, Name, Order, ReleaseError, Releases, Stored};
use lantoa_query::{Engine, EngineError, QueryError};

use super::sql::sink::{Whole, read_enough};
use crate::cli::{CreateArgs, DiffArgs, Format, Map, ReleaseAction, ReleaseArgs};
use crate::config::Settings;
use crate::parts::clock;
use crate::run::Outcome;

/// Why a release is not made, shown or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseCommandError {
    /// The folder of releases, or what was asked of it.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// It is not made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The engine that knows the views.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Two releases cannot be compared.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The output.
    #[error(transparent)]
    Output(#[from] WriteError),
    /// Bytes that no terminal can show.
    #[error("{0} is not for a screen: name a file (--out FILE), or send standard output into one")]
    NotForScreens(Format),
    /// The file for a comparison cannot be written.
    #[error("cannot write {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A release without a reason.
    #[error("a withdrawal needs a reason that says something to those who ask: --reason '…'")]
    NoReason,
}

impl ReleaseCommandError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, Self::NotForScreens(_))
    }
}

/// Does it.
///
/// # Errors
/// Any [`ReleaseCommandError`].
pub async fn release(settings: Settings, arguments: ReleaseArgs) -> Result<Outcome, ReleaseCommandError> {
    let releases = Releases::of(settings.query.releases());
    match arguments.action {
        ReleaseAction::Create(arguments) => {
            let engine = Engine::open(settings.query, clock())?;
            let stored = engine.create_release(&order(arguments)).await?;
            let (reference, rows, events) = (stored.manifest.reference(), stored.rows(), stored.manifest.events);
            say(&format!("{reference}: {rows} rows of {events} events in {}", stored.folder.display()));
            if stored.manifest.embargo.is_some() && !stored.manifest.is_embargoed(clock().now()) {
                eprintln!("note: its embargo is over already; it is public");
            }
        }
        ReleaseAction::List { name } => list(&releases.all()?, name.as_ref()),
        ReleaseAction::Show { release, check } => {
            let stored = releases.find(&release, None)?;
            show(&stored);
            if check {
                releases.check(&stored)?;
                say(&format!("checked: all {} files are as they were stored", stored.manifest.tables.len()));
            }
        }
        ReleaseAction::Diff(arguments) => diff(settings, arguments).await?,
        ReleaseAction::Withdraw { release, reason } => {
            if reason.trim().is_empty() {
                return Err(ReleaseCommandError::NoReason);
            }
            let withdrawn = releases.withdraw(&release, reason.trim(), clock().now())?;
            say(&format!("{} is withdrawn", withdrawn.manifest.reference()));
        }
    }
    Ok(Outcome::Done)
}

fn order(arguments: CreateArgs) -> Order {
    let CreateArgs { name, as_of, stated_by, map, embargo, title, major } = arguments;
    Order {
        name,
        title,
        as_of: as_of.0,
        stated_by: stated_by.map(|day| day.0),
        maps: map.into_iter().map(day).collect(),
        embargo: embargo.map(|embargo| embargo.0),
        major,
    }
}

/// A day of a map; `None` for each figure on its own.
fn day(map: Map) -> Option<NaiveDate> {
    match map {
        Map::AsReported => None,
        Map::Of(day) => Some(day),
    }
}

async fn diff(settings: Settings, arguments: DiffArgs) -> Result<(), ReleaseCommandError> {
    let DiffArgs { earlier, later, map, format, out } = arguments;
    let ending = || out.as_ref()?.extension()?.to_str();
    let format = format.or_else(|| Format::of_ending(ending()?)).unwrap_or(Format::Table);
    if out.is_none() && !format.is_text() && std::io::stdout().is_terminal() {
        return Err(ReleaseCommandError::NotForScreens(format));
    }
    let engine = Engine::open(settings.query, clock())?;
    let maps: Vec<Option<NaiveDate>> = map.into_iter().map(day).collect();
    let diff = engine.diff_releases(&earlier, &later, &maps).await?;
    let brief = format == Format::Table;
    let answer = if brief { diff.brief()? } else { diff.whole() };
    for notice in answer.notices() {
        eprintln!("note: {notice}");
    }
    let rows = match &out {
        Some(path) => into_file(answer, format, path).await?,
        None => match write(answer, format, &mut std::io::stdout()).await {
            // Whoever reads has had enough.
            Err(WriteError::Output(error)) if read_enough(&error) => return Ok(()),
            written => written?,
        },
    };
    match rows {
        0 => eprintln!("note: no figure differs"),
        _ if brief => eprintln!("note: of each figure the first number that changed; --format csv has all of it"),
        _ => {}
    }
    Ok(())
}

/// Writes an answer into a file that is there only when it is whole.
async fn into_file(answer: Answer, format: Format, path: &Path) -> Result<u64, ReleaseCommandError> {
    let unwritten = |source| ReleaseCommandError::File { path: path.to_owned(), source };
    let mut file = Whole::begin(path).map_err(unwritten)?;
    let rows = match write(answer, format, &mut file).await {
        Err(WriteError::Output(source)) => return Err(unwritten(source)),
        written => written?,
    };
    file.keep().map_err(unwritten)?;
    Ok(rows)
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn list(all: &[Stored], name: Option<&Name>) {
    const HEADS: [&str; 5] = ["release", "as of", "public from", "withdrawn on", "title"];
    let mut lines = vec![HEADS.map(str::to_owned)];
    for Stored { manifest, withdrawn, .. } in all.iter().filter(|of| name.is_none_or(|name| of.manifest.name == *name))
    {
        lines.push([
            manifest.reference(),
            manifest.as_of.clone(),
            manifest.public_from().unwrap_or_else(|| "at once".to_owned()),
            withdrawn.as_ref().map(|withdrawn| withdrawn.on().to_string()).unwrap_or_default(),
            manifest.title.clone().unwrap_or_default(),
        ]);
    }
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn show(stored: &Stored) {
    let Stored { manifest, sha256, withdrawn, folder } = stored;
    let fact = |name: &str, value: &str| say(&format!("{name:<12} {value}"));
    fact("release", &manifest.reference());
    if let Some(title) = &manifest.title {
        fact("title", title);
    }
    if let Some(withdrawn) = withdrawn {
        fact("withdrawn", &format!("on {}: {}", withdrawn.on(), withdrawn.reason));
    }
    fact("as of", &manifest.as_of);
    if let Some(day) = manifest.stated_by {
        fact("stated by", &day.to_string());
    }
    fact("public from", &manifest.public_from().unwrap_or_else(|| "at once".to_owned()));
    fact("maps", &manifest.maps.join(", "));
    if let Some(previous) = manifest.previous {
        fact("follows", &previous.to_string());
    }
    fact("catalogue", &manifest.catalogue);
    fact("program", &manifest.program);
    fact("events", &manifest.events.to_string());
    for ledger in manifest.ledgers.iter().filter(|ledger| ledger.events > 0) {
        let parts = ledger
            .log
            .iter()
            .map(|part| format!("{}/{}/{} up to {}", part.cluster, part.generation, part.partition, part.last_offset));
        fact("", &format!("{}: {} ({})", ledger.table, ledger.events, parts.collect::<Vec<_>>().join(", ")));
    }
    fact("sha256", sha256);
    fact("folder", &folder.display().to_string());
    for table in &manifest.tables {
        fact("", &format!("{}: {} rows, {} bytes", table.file(), table.rows, table.bytes));
    }
}
