//! Flags of the commands for what came in: `receipt`, `rejects`, `correct`, `retract`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use lantoa_query::format::Format;

use super::value::{self, Day};

/// Flags of `receipt`.
#[derive(Debug, Clone, Args)]
pub struct ReceiptArgs {
    /// Its key, as the answer to what was sent has it
    pub key: String,
    /// How it is written
    #[arg(long, value_enum, default_value_t = ReceiptFormat::Words)]
    pub format: ReceiptFormat,
    /// How many seconds to wait until all rows are in the tables
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait: u64,
}

/// How a receipt is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReceiptFormat {
    /// Lines for a person
    Words,
    /// As GET /v1/receipts/KEY answers it
    Json,
}

/// Flags of `rejects`.
#[derive(Debug, Clone, Args)]
pub struct RejectsArgs {
    /// What to do
    #[command(subcommand)]
    pub action: RejectsAction,
    /// Show a running program that asks for tokens the one in this file; LANTOA_TOKEN in the environment has one as well
    #[arg(long, value_name = "FILE", global = true)]
    pub token_file: Option<PathBuf>,
}

/// What can be done with what was refused.
#[derive(Debug, Clone, Subcommand)]
pub enum RejectsAction {
    /// List what waits to be mended, the newest first
    List(RejectsListArgs),
    /// Show one: all that is wrong, in English and Vietnamese, and what was sent
    Show {
        /// Its id, as `rejects list` has it in the column reject
        id: String,
    },
    /// Send it again with some fields changed
    Fix {
        /// Its id
        id: String,
        /// What is to be otherwise: the field, or its Vietnamese heading, and the value; FIELD= leaves the field out.
        /// type=vn.lantoa… changes the type of an event
        #[arg(required = true, value_name = "FIELD=VALUE")]
        changes: Vec<Assignment>,
    },
    /// Send it again as it was, such as after a change of areas or a new measure has come in
    Replay {
        /// The ids; those that are mended already are left out
        #[arg(required_unless_present = "receipt", conflicts_with = "receipt", value_name = "ID")]
        ids: Vec<String>,
        /// All that waits of one receipt
        #[arg(long, value_name = "KEY")]
        receipt: Option<String>,
    },
}

/// Flags of `rejects list`.
#[derive(Debug, Clone, Args)]
pub struct RejectsListArgs {
    /// Only of this receipt
    #[arg(long, value_name = "KEY")]
    pub receipt: Option<String>,
    /// Only of this sender
    #[arg(long, value_name = "NAME")]
    pub sender: Option<String>,
    /// Only from this day on (YYYY-MM-DD, in Vietnam)
    #[arg(long, value_name = "DAY")]
    pub since: Option<Day>,
    /// Also what has been mended since
    #[arg(long)]
    pub all: bool,
    /// At most so many; 0: all
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub limit: u64,
    /// How the rows are written
    #[arg(long, value_name = "FORMAT", value_parser = value::format(), default_value = "table")]
    pub format: Format,
}

/// Flags of `correct`.
#[derive(Debug, Clone, Args)]
pub struct CorrectArgs {
    /// Id of the event: `select event_id from statement where …` finds it
    pub id: String,
    /// What is to be otherwise: the field, or its Vietnamese heading, and the value; FIELD= leaves the field out
    #[arg(required = true, value_name = "FIELD=VALUE")]
    pub changes: Vec<Assignment>,
    /// Why, for those who see the figure change
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Show a running program that asks for tokens the one in this file; LANTOA_TOKEN in the environment has one as well
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Flags of `retract`.
#[derive(Debug, Clone, Args)]
pub struct RetractArgs {
    /// Id of the event: `select event_id from statement where …` finds it
    pub id: String,
    /// Why, for those who see the figure go
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Show a running program that asks for tokens the one in this file; LANTOA_TOKEN in the environment has one as well
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// A field and what it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The field, or its Vietnamese heading.
    pub field: String,
    /// The value; empty where the field is to be left out.
    pub value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, value) = text.split_once('=').unwrap_or_default();
        if field.trim().is_empty() {
            return Err("a change is written FIELD=VALUE, as numerator=138068; FIELD= leaves the field out".to_owned());
        }
        Ok(Self { field: field.trim().to_owned(), value: value.trim().to_owned() })
    }
}
