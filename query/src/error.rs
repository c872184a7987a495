//! Why a question has no answer, and whose fault that is.

use std::time::Duration;

use datafusion::error::DataFusionError;
use lantoa_schemas::catalogue::nearest;
use lantoa_schemas::views::VIEWS;

use crate::access::Role;
use crate::settings::SettingError;

/// Whose it is that a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The asker's: asked otherwise, it has one.
    Asker,
    /// That of what is around: asked later, it has one.
    Outside,
    /// Ours: a fault of the program or its machine.
    Us,
}

impl Owner {
    /// Its word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asker => "asker",
            Self::Outside => "outside",
            Self::Us => "us",
        }
    }
}

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is no statement at all.
    #[error("there is no statement in the query")]
    Empty,
    /// The text is not SQL that the engine reads, or names what is not there; the asker's to mend.
    #[error("{message}")]
    Sql {
        /// What is wrong and, where that can be guessed, what would be right.
        message: String,
    },
    /// The statement would change something.
    #[error("{kind} is refused: this door only answers questions; facts come in through import or POST /v1/events")]
    ReadOnly {
        /// The statement's first words.
        kind: String,
    },
    /// A query stands before the last statement, so that its rows would be lost.
    #[error("only the last of several statements may be a query; those before it can be SET or RESET")]
    SeveralQueries,
    /// A setting cannot be taken.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The query needs more memory than it may have.
    #[error("the query needs more memory than there is for it: ask for fewer rows or groups ({message})")]
    TooLarge {
        /// Which step of the plan asked for how much.
        message: String,
    },
    /// A column is not for everybody.
    #[error("{column} is not there for you: it is for those with the role admin; leave it out")]
    Withheld {
        /// The column.
        column: String,
    },
    /// It took longer than it may.
    #[error(
        "the answer took longer than {} s and was broken off: ask for less, such as fewer areas or years, or have the \
         limit raised ([query.{role}] timeout)", .within.as_secs_f64()
    )]
    TimedOut {
        /// How long it may take.
        within: Duration,
        /// Whose limit it is.
        role: Role,
    },
    /// The answer is larger than it may be.
    #[error(
        "the answer has more than {most} {what}, which is all that it may have: ask for less ([query.{role}] {setting})"
    )]
    TooMuch {
        /// How many.
        most: u64,
        /// Of what, `rows` or `bytes`, as the setting is named.
        what: &'static str,
        /// Whose limit it is.
        role: Role,
    },
    /// Nobody read on.
    #[error("the rest of the answer was given up, because nobody read it for {} s: ask again", .within.as_secs_f64())]
    Unread {
        /// How long it was kept.
        within: Duration,
    },
    /// The asker, or somebody for them, has cancelled it.
    #[error("the statement was cancelled as asked")]
    Cancelled,
    /// Too many questions are under way.
    #[error("{at_once} questions {whose} are under way, and none of them ended within {} s: ask again in a moment", .waited.as_secs_f64())]
    Busy {
        /// How many may be.
        at_once: usize,
        /// Whose: `of yours` or `of all`.
        whose: &'static str,
        /// How long it waited.
        waited: Duration,
    },
    /// A table or the machine failed; not the asker's fault.
    #[error("the answer could not be read from the tables")]
    Internal(#[source] Box<DataFusionError>),
    /// The bytes of an answer stopped or made no sense.
    #[error("the answer broke off: {0}")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl QueryError {
    /// Whose it is that there is no answer.
    pub fn owner(&self) -> Owner {
        match self {
            Self::Internal(_) | Self::Broken(_) => Owner::Us,
            Self::Busy { .. } => Owner::Outside,
            _ => Owner::Asker,
        }
    }

    /// Whether the asker can mend it by asking otherwise.
    pub fn is_the_askers(&self) -> bool {
        self.owner() == Owner::Asker
    }

    /// A fault of the program's own, outside the engine.
    pub(crate) fn internal(error: impl Into<DataFusionError>) -> Self {
        Self::Internal(Box::new(error.into()))
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        // What did not fit in memory did not fit on the disk either; the engine says so as a failure of the disk.
        if error.to_string().contains("during the spilling process") {
            return Self::TooLarge { message: "what was put on the disk reached [query] spill_bytes".to_owned() };
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(message) => Self::TooLarge { message: message.clone() },
            DataFusionError::SQL(parser, _) => Self::Sql { message: format!("not readable as SQL: {parser}") },
            DataFusionError::Plan(_) | DataFusionError::SchemaError(..) | DataFusionError::NotImplemented(_) => {
                Self::Sql { message: with_hint(&error.find_root().strip_backtrace()) }
            }
            // What a row's values led to, such as a division by zero or a text that is no number.
            DataFusionError::ArrowError(arrow, _) if is_of_values(arrow) => Self::Sql { message: arrow.to_string() },
            DataFusionError::Execution(message) => Self::Sql { message: message.clone() },
            _ => match setting(&error) {
                Some(setting) => Self::Setting(setting),
                None => Self::Internal(Box::new(error)),
            },
        }
    }
}

fn is_of_values(error: &arrow::error::ArrowError) -> bool {
    use arrow::error::ArrowError;
    matches!(
        error,
        ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::DivideByZero
            | ArrowError::ArithmeticOverflow(_)
            | ArrowError::InvalidArgumentError(_)
    )
}

fn setting(error: &DataFusionError) -> Option<SettingError> {
    match error.find_root() {
        DataFusionError::External(inner) => inner.downcast_ref::<SettingError>().cloned(),
        _ => None,
    }
}

/// The engine names the nearest column by itself; tables it does not know to be near.
fn with_hint(message: &str) -> String {
    // Where the message leads with its own kind, the reader gains nothing from it.
    let message = message.trim_start_matches("Error during planning: ").trim_start_matches("Schema error: ");
    let missing = |what: &str| message.strip_prefix(what).and_then(|rest| rest.strip_suffix("' not found"));
    if let Some(function) = missing("table function '") {
        return format!(
            "there is no table function '{function}'. A question reads the tables here, no file and no address; files come \
             in through import. There are {}",
            TABLE_FUNCTIONS.join(", ")
        );
    }
    let Some(missing) = missing("table '") else {
        return message.to_owned();
    };
    if let Some(file) = missing.strip_prefix("lantoa.public.").filter(|name| name.contains(['.', '/', ':', '\\'])) {
        return format!(
            "there is no table '{file}'. A question reads the tables here, no file and no address; files come in through \
             import"
        );
    }
    let missing = missing.rsplit('.').next().unwrap_or(missing);
    let known: Vec<&str> = known_tables();
    match nearest(missing, known.iter().copied()) {
        Some(near) => format!("there is no table or view '{missing}'. Did you mean '{near}'?"),
        None => format!("there is no table or view '{missing}'. There are {}", known.join(", ")),
    }
}

/// What may stand in FROM like a function.
const TABLE_FUNCTIONS: [&str; 6] =
    ["find_area", "areas_above", "areas_below", "restate_area", "indicator_on", "generate_series", "range"];

fn known_tables() -> Vec<&'static str> {
    use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
    let views = VIEWS.iter().filter(|view| view.listed).map(|view| view.name);
    let ledgers = Stream::ALL.iter().map(|stream| stream.table());
    let standing = crate::indicator::ON_A_MAP.into_iter().chain(crate::reference_tables::NAMES);
    views.chain(standing).chain(ledgers).chain([OUTCOME_TABLE]).collect()
}
