//! Flags of `schedule`.

use clap::{Args, Subcommand};
use lantoa_query::format::Format;

use super::value::{self, Instant};

/// Flags of `schedule`.
#[derive(Debug, Clone, Args)]
pub struct ScheduleArgs {
    /// What to do; run what is due until Ctrl-C where nothing is named
    #[command(subcommand)]
    pub action: Option<ScheduleAction>,
}

/// What can be done with the schedule.
#[derive(Debug, Clone, Subcommand)]
pub enum ScheduleAction {
    /// Show the jobs, when each comes next, and what became of it last
    List,
    /// Show what ran: the table schedule_run
    History {
        /// How the rows are written
        #[arg(long, value_name = "FORMAT", value_parser = value::format(), default_value = "table")]
        format: Format,
    },
    /// Run a job now
    Run {
        /// Name of the job
        #[arg(value_name = "NAME")]
        job: String,
        /// As of this instant (2026-10-21T06:00:00+07:00), which has to be over, in place of now
        #[arg(long, value_name = "INSTANT")]
        at: Option<Instant>,
    },
    /// Run what is due, then stop: for a timer of the system
    Once,
}
