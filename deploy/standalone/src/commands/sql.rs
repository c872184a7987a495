//! `lantoa sql`: questions and their answers.
//!
//! In: SQL as an argument, from a file, or typed at a prompt; a format; the settings of the answers. Out: all rows, on
//! standard output or in a file. Guarantee: when it ends with 0, the output is whole; a file is there only whole; what
//! Ctrl-C cancels is no longer worked on.
//!
//! In reading order: how SQL is taken apart (`statement`), what a line with a backslash asks for (`order`), what is asked
//! and where the answer goes (`shell`, `sink`, `record`), what is said of a mistake (`trouble`), and the prompt (`prompt`
//! with `typing`, completed by `complete` from `words`).

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use lantoa_query::format::{Format, WriteError};

use crate::cli::SqlArgs;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::{Desk, DeskError};
use crate::run::{Outcome, RunError};

mod complete;
mod order;
mod prompt;
mod record;
mod shell;
pub(super) mod sink;
mod statement;
mod trouble;
mod typing;
mod words;

use shell::{Flow, Shell};

/// Why a question is not asked, or its answer not written.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// A byte order mark where none belongs.
    #[error("--bom goes with csv and tsv: {0} never begins with a byte order mark")]
    Bom(Format),
    /// Bytes that no terminal can show.
    #[error(
        "{0} is not for a screen: name a file (--out FILE, at the prompt \\o FILE), or send standard output into one"
    )]
    NotForScreens(Format),
    /// Answers one after the other that would be read as one.
    #[error(
        "one file holds one answer, and there are several: ask one question, or name a file for each with \\o FILE"
    )]
    OneAnswer,
    /// A line with a backslash that asks for nothing known.
    #[error("{0}")]
    Order(String),
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file for an answer cannot be written.
    #[error("cannot write {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The question is wrong, at a place that is known.
    #[error("{why}{mark}")]
    Marked {
        /// Why.
        why: Box<DeskError>,
        /// The line, and a mark under the place.
        mark: String,
    },
    /// There is no answer.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The answer cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The terminal does not do what a prompt needs.
    #[error("the terminal cannot be read")]
    Terminal(#[source] rustyline::error::ReadlineError),
    /// The system's signals.
    #[error("cannot listen for Ctrl-C")]
    Signals(#[source] std::io::Error),
}

impl SqlError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, Self::Bom(_) | Self::NotForScreens(_))
    }
}

/// Asks and writes.
///
/// # Errors
/// When the command is wrong, there is nobody to ask, or no answer, or the output does not take it.
pub async fn sql(data: &DataDir, settings: Settings, arguments: SqlArgs) -> Result<Outcome, RunError> {
    let format = format_of(&arguments)?;
    let screen = std::io::stdout().is_terminal();
    let prompt = arguments.query.is_none() && screen && std::io::stdin().is_terminal();
    if screen && !prompt && arguments.out.is_none() && !format.is_text() {
        return Err(SqlError::NotForScreens(format).into());
    }
    let desk = Desk::find(data, settings.query).await?;
    let SqlArgs { query, bom, out, map, as_of, stated_by, release, around, .. } = arguments;
    let standing = lantoa_query::Settings {
        map: map.map(|map| map.to_string()),
        as_of: as_of.map(|day| day.to_string()),
        stated_by: stated_by.map(|day| day.to_string()),
        release: release.map(|release| release.to_string()),
    };
    let mut shell = Shell::new(desk, standing, format, bom, out);
    let flow = match query {
        Some(query) => shell.ask_whole(&query).await?,
        None if prompt => prompt::run(&mut shell, around).await?,
        None => {
            let script = tokio::task::block_in_place(|| {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).map(|_| text)
            });
            let path = PathBuf::from("standard input");
            shell.take(&script.map_err(|source| SqlError::Read { path, source })?).await?
        }
    };
    Ok(if flow == Flow::Interrupted { Outcome::Interrupted } else { Outcome::Done })
}

/// The format asked for, or the one that the file's name ends in.
fn format_of(arguments: &SqlArgs) -> Result<Format, SqlError> {
    let ending = || arguments.out.as_ref()?.extension()?.to_str();
    let format = arguments.format.or_else(|| Format::of_ending(ending()?)).unwrap_or(Format::Table);
    if arguments.bom && !format.takes_bom() { Err(SqlError::Bom(format)) } else { Ok(format) }
}
