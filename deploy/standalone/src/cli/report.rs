//! Flags of `report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lantoa_query::release::Reference;

use super::value;

/// Flags of `report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// What to write
    #[command(subcommand)]
    pub action: ReportAction,
}

/// What can be written.
#[derive(Debug, Clone, Subcommand)]
pub enum ReportAction {
    /// The reports of the Week: of the nation, and of every province
    LearningWeek(ReportFlags),
    /// Lists of returns that have not come: of every province where there is one
    Reminders(ReportFlags),
}

/// Flags of both reports.
#[derive(Debug, Clone, Args)]
pub struct ReportFlags {
    /// The year
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i32).range(1900..=2100))]
    pub year: i32,
    /// Code or name of an area, in any spelling; may be given several times. Without it: the nation and every province
    #[arg(long, value_name = "AREA")]
    pub area: Vec<String>,
    /// In which language
    #[arg(long, value_name = "LANG", value_parser = value::language(), default_value = "vi")]
    pub lang: lantoa_report::Language,
    /// Of which release: NAME for its newest version, NAME@1 for the newest 1.x.y, NAME@1.0.2 for one
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<Reference>,
    /// In which format; may be given several times. Without it: all
    #[arg(long, value_name = "FORMAT", value_parser = value::report_format())]
    pub format: Vec<lantoa_report::Format>,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "./reports")]
    pub out: PathBuf,
}
