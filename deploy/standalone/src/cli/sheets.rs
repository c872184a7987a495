//! Flags of the commands that give out sheets and take them in.

use std::path::PathBuf;

use clap::Args;

use super::Day;
use super::value::known_form;

/// Flags of `import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// Files to take in (CSV or XLSX)
    #[arg(required_unless_present = "articles", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Form of the files; without it, each file's header says
    #[arg(long, value_name = "FORM", value_parser = known_form)]
    pub form: Option<String>,
    /// Take in the five articles that come with the program
    #[arg(long)]
    pub articles: bool,
    /// Write nothing, and say what would become of each row: all that is wrong, and what is new or changed against what is
    /// known now
    #[arg(long, conflicts_with = "returned")]
    pub dry_run: bool,
    /// Write a copy of the one FILE as an Excel workbook, in which bad cells are coloured and say why, in Vietnamese and
    /// English, and each row whether it was taken; mended, it can be imported as it is
    #[arg(long, value_name = "OUT.xlsx", conflicts_with = "articles")]
    pub returned: Option<PathBuf>,
    /// Show a running program that asks for tokens the one in this file; LANTOA_TOKEN in the environment has one as well
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Flags of `template`.
#[derive(Debug, Clone, Args)]
pub struct TemplateArgs {
    /// Which form
    #[arg(value_name = "FORM", value_parser = known_form)]
    pub form: String,
    /// The day whose areas the list has (YYYY-MM-DD); without it today. Figures of before 2025-07-01 want a form of their time
    #[arg(long, value_name = "DAY")]
    pub date: Option<Day>,
    /// Code of an area: the list has only this one and those in it
    #[arg(long, value_name = "CODE")]
    pub area: Option<String>,
    /// Where to write it, a file that is not there yet; without it FORM.xlsx in this folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
