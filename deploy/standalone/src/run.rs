//! From what was asked to what does it.
//!
//! In: a command line. Out: how it went. Guarantee: every command ends in [`Outcome`] or in one error that says what
//! failed and what to do.

use std::path::PathBuf;

use crate::arrival::ArrivalError;
use crate::cli::{Cli, Command, UpArgs};
use crate::commands::change::{ChangeError, correct, retract};
use crate::commands::import::{ReturnError, import};
use crate::commands::rebuild::rebuild;
use crate::commands::receipt::{ReceiptError, receipt};
use crate::commands::recover::recover;
use crate::commands::rejects::{RejectsError, rejects};
use crate::commands::release::{ReleaseCommandError, release};
use crate::commands::report::report;
use crate::commands::schedule::schedule;
use crate::commands::sql::{SqlError, sql};
use crate::commands::status::status;
use crate::commands::template::{TemplateCommandError, template};
use crate::commands::token::{TokenError, token};
use crate::commands::token_subject::{TokenSubjectError, token_subject};
use crate::commands::user::{UserError, user};
use crate::commands::verify::verify;
use crate::config::{ConfigError, Settings};
use crate::data_dir::{DataDir, DataDirError};
use crate::desk::DeskError;
use crate::parts::PartError;
use crate::schedule::ScheduleError;
use crate::serve::serve;
use crate::up::up;

/// How work went that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it was done.
    Done,
    /// A part was refused, and named on standard error.
    InPart,
    /// Ctrl-C ended it.
    Interrupted,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A part of the program.
    #[error(transparent)]
    Part(Box<PartError>),
    /// A question.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The users.
    #[error(transparent)]
    User(#[from] UserError),
    /// The tokens.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Releases.
    #[error(transparent)]
    Release(#[from] ReleaseCommandError),
    /// Reports.
    #[error(transparent)]
    Report(#[from] lantoa_report::ReportError),
    /// What runs by the clock.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// A sheet to give back.
    #[error(transparent)]
    Return(#[from] ReturnError),
    /// A receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// What was refused.
    #[error(transparent)]
    Rejects(#[from] RejectsError),
    /// A correction or a retraction.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Of what was sent nothing was taken.
    #[error("nothing was taken: {0}")]
    Refused(String),
    /// A form to fill in.
    #[error(transparent)]
    Template(#[from] TemplateCommandError),
    /// Tokens of persons.
    #[error(transparent)]
    TokenSubject(#[from] TokenSubjectError),
    /// The articles.
    #[error("the five articles cannot be loaded")]
    Articles(#[from] lantoa_ingest::intake::IntakeError),
    /// Rows on their way to the tables.
    #[error(transparent)]
    Arrival(#[from] ArrivalError),
    /// The engine that knows the views.
    #[error(transparent)]
    Engine(#[from] lantoa_query::EngineError),
    /// A view that is kept as a table.
    #[error("the view cannot be made anew; what was made stays, and running it again goes on from there")]
    Materialise(#[from] lantoa_projector::materialise::MaterialiseError),
    /// The output.
    #[error(transparent)]
    Output(#[from] lantoa_query::format::WriteError),
    /// A question, or where its answer was to go.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The system's signals.
    #[error("cannot listen for signals")]
    Signals(#[from] std::io::Error),
    /// Of several files not one row was taken.
    #[error("no row was accepted")]
    NothingImported,
    /// Of several files not one row would be taken.
    #[error("no row is good; nothing was written")]
    NothingGood,
    /// There is no log to hold the tables against.
    #[error(
        "{} has no log of its own; say which Kafka its tables were read from with --kafka HOST:PORT, or where the data is with --data DIR", .0.display()
    )]
    NoLog(PathBuf),
    /// The check could not be done.
    #[error("the check could not be done, and says nothing of the tables")]
    Verify(#[from] lantoa_projector::verify::Error),
    /// The check was done, and not all holds.
    #[error("log and tables do not agree in {faults} places; standard output names each, and what to do about it")]
    NotProven {
        /// In how many.
        faults: u64,
    },
    /// Told to stop before it was done.
    #[error("stopped before it was done; nothing that was acknowledged is lost, and running it again is safe")]
    Stopped,
}

impl From<PartError> for RunError {
    fn from(error: PartError) -> Self {
        Self::Part(Box::new(error))
    }
}

impl RunError {
    /// Whether the command line or the settings were wrong.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::Config(_) => true,
            Self::Sql(error) => error.is_wrong_use(),
            Self::Release(error) => error.is_wrong_use(),
            Self::Template(error) => error.is_wrong_use(),
            Self::Return(error) => error.is_wrong_use(),
            Self::Token(error) => error.is_wrong_use(),
            Self::Change(error) => error.is_wrong_use(),
            Self::TokenSubject(error) => error.is_wrong_use(),
            _ => false,
        }
    }
}

/// Does what was asked.
///
/// # Errors
/// Any [`RunError`].
pub async fn run(cli: Cli) -> Result<Outcome, RunError> {
    let data = DataDir::new(cli.data);
    let settings = Settings::load(cli.config.as_deref(), &data)?;
    match cli.command.unwrap_or_else(|| Command::Up(UpArgs::default())) {
        Command::Up(arguments) => up(&data, settings, arguments).await,
        Command::Serve(arguments) => serve(&data, settings, arguments).await,
        Command::Sql(arguments) => sql(&data, settings, arguments).await,
        Command::Import(arguments) => import(&data, settings, arguments).await,
        Command::Receipt(arguments) => receipt(&data, settings, arguments).await,
        Command::Rejects(arguments) => rejects(&data, settings, arguments).await,
        Command::Correct(arguments) => correct(&data, settings, arguments).await,
        Command::Retract(arguments) => retract(&data, settings, arguments).await,
        Command::Template(arguments) => Ok(template(&data, settings, arguments).await?),
        Command::Recover(arguments) => recover(&data, settings, arguments).await,
        Command::TokenSubject(arguments) => Ok(token_subject(&arguments)?),
        Command::User(arguments) => Ok(user(&data, arguments)?),
        Command::Token(arguments) => Ok(token(&data, settings, arguments).await?),
        Command::Release(arguments) => Ok(release(settings, arguments).await?),
        Command::Report(arguments) => report(&data, settings, arguments).await,
        Command::Schedule(arguments) => schedule(&data, settings, arguments).await,
        Command::Rebuild => rebuild(settings).await,
        Command::Verify(arguments) => verify(&data, settings, arguments).await,
        Command::Status => status(&data, settings).await,
        Command::Broker(_) => unreachable!("main runs the broker itself, because its exit code is its own"),
    }
}
