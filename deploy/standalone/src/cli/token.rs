//! Flags of `token`.

use clap::{Args, Subcommand};
use lantoa_schemas::grant::GrantedArea;
use lantoa_schemas::stream::Family;

use super::Day;
use super::value::known_family;

/// Flags of `token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// What to do
    #[command(subcommand)]
    pub action: TokenAction,
}

/// What can be done with tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenAction {
    /// Make a token and print it, this once: it is kept nowhere
    Create(NewTokenArgs),
    /// Show whose tokens there are and were
    List,
    /// Refuse a sender's token from now on; its entry stays, with the day
    Revoke {
        /// The sender
        name: String,
    },
}

/// Flags of `token create`.
#[derive(Debug, Clone, Args)]
pub struct NewTokenArgs {
    /// The sender's name, which receipts and events bear: small letters, digits, '.', '_' and '-'
    pub name: String,
    /// An area that may be reported, with all that lies in it: as province/24@2024-12-31, the code read at that day. Once for
    /// each area
    #[arg(long = "area", value_name = "LEVEL/CODE@DAY", required_unless_present = "nation", conflicts_with = "nation")]
    pub areas: Vec<GrantedArea>,
    /// All areas may be reported, and what holds for the whole nation
    #[arg(long)]
    pub nation: bool,
    /// Families that may be sent, separated by commas: statement, recognition, activity, membership; with --nation reference
    #[arg(long, value_name = "FAMILY,…", required = true, value_delimiter = ',', value_parser = known_family)]
    pub families: Vec<Family>,
    /// Also areas of other times that are made of the given ones alone: the communes of Bắc Giang that are in Bắc Ninh now
    #[arg(long, conflicts_with = "nation")]
    pub through_changes: bool,
    /// The last day on which it is taken (YYYY-MM-DD, in Vietnam)
    #[arg(long, value_name = "DAY")]
    pub expires: Option<Day>,
    /// A remark, for whoever reads the list; no secrets
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}
