//! `lantoa token`: who may send, and what.
//!
//! In: what to do. Out: the changed file of tokens; a new token, or the list, on standard output. Guarantee: a token is
//! printed once, when it is made, and is in no file; its areas are such as the history has; nothing is changed where anything
//! is wrong. A running program takes changes up with the next request.

use std::io::Write;
use std::path::PathBuf;

use chrono::NaiveDate;
use lantoa_ingest::senders::{NewToken, Senders, SendersError, TokenEntry};
use lantoa_schemas::grant::{Grant, GrantedArea, Scope};
use lantoa_schemas::vocabulary::Vocabulary;

use super::template::knowledge;
use crate::cli::{NewTokenArgs, TokenAction, TokenArgs};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::DeskError;
use crate::parts::clock;
use crate::run::Outcome;

/// Why the tokens are not changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file of tokens, or what is to be changed in it.
    #[error(transparent)]
    Senders(#[from] SendersError),
    /// No such area.
    #[error("--area {area}: {why}; see the table area, or select * from find_area('…')")]
    Area {
        /// What was asked for.
        area: GrantedArea,
        /// What is wrong with it.
        why: String,
    },
    /// It would never be taken.
    #[error("--expires {day} is over: give today, {today}, or a later day")]
    Over {
        /// What was asked for.
        day: NaiveDate,
        /// The present day.
        today: NaiveDate,
    },
    /// Which areas there are cannot be read.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl TokenError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::Area { .. } | Self::Over { .. } => true,
            Self::Senders(error) => {
                matches!(error, SendersError::Name { .. } | SendersError::Note | SendersError::Reference)
            }
            Self::Desk(_) => false,
        }
    }
}

/// Does it.
///
/// # Errors
/// Any [`TokenError`].
pub async fn token(data: &DataDir, settings: Settings, arguments: TokenArgs) -> Result<Outcome, TokenError> {
    let file: PathBuf = settings.ingest.senders.clone().unwrap_or_else(|| data.senders());
    let senders = Senders::at(file);
    let today = clock().today();
    match arguments.action {
        TokenAction::Create(arguments) => {
            let unasked = !settings.ingest.tokens_required();
            let new = checked(data, settings, arguments, today).await?;
            let token = senders.create(new, today)?;
            let _ = writeln!(std::io::stdout(), "{token}");
            eprintln!(
                "note: this is the only time that it is shown; give it to the sender by a way that is not this one"
            );
            if unasked {
                eprintln!("note: nobody is asked for a token yet; the settings want tokens = \"required\" in [ingest]");
            }
        }
        TokenAction::List => print(&senders.list()?, today),
        TokenAction::Revoke { name } => senders.revoke(&name, today)?,
    }
    Ok(Outcome::Done)
}

/// What is to be made, once all of it is right.
async fn checked(
    data: &DataDir,
    settings: Settings,
    arguments: NewTokenArgs,
    today: NaiveDate,
) -> Result<NewToken, TokenError> {
    let NewTokenArgs { name, areas, nation, families, through_changes, expires, note } = arguments;
    let expires = expires.map(|day| day.0);
    if let Some(day) = expires.filter(|day| *day < today) {
        return Err(TokenError::Over { day, today });
    }
    let areas = if nation {
        Scope::Nation
    } else {
        let knowledge = knowledge(data, settings).await?;
        for area in &areas {
            area.find(&knowledge.history)
                .map_err(|error| TokenError::Area { area: area.clone(), why: error.to_string() })?;
        }
        Scope::Areas { areas, through_changes }
    };
    let grant = Grant { families: families.into_iter().collect(), areas };
    Ok(NewToken { name, grant, expires, note })
}

fn print(entries: &[TokenEntry], today: NaiveDate) {
    let mut out = std::io::stdout().lock();
    let longest = entries.iter().map(|entry| entry.name.len()).max().unwrap_or_default().max("name".len());
    let _ = writeln!(out, "{:<longest$}  {:<18}  {:<10}  families and areas", "name", "state", "made");
    for entry in entries {
        let state = match (entry.revoked, entry.expires) {
            (Some(day), _) => format!("revoked {day}"),
            (None, Some(day)) if entry.has_run_out(today) => format!("ended {day}"),
            (None, Some(day)) => format!("until {day}"),
            (None, None) => "taken".to_owned(),
        };
        let families: Vec<&str> = entry.grant.families.iter().map(|family| Vocabulary::as_str(*family)).collect();
        let areas = match &entry.grant.areas {
            Scope::Nation => "the nation".to_owned(),
            Scope::Areas { areas, through_changes } => {
                let areas: Vec<String> = areas.iter().map(ToString::to_string).collect();
                let through = if *through_changes { ", through changes" } else { "" };
                format!("{}{through}", areas.join(" "))
            }
        };
        let note = entry.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
        let made = entry.created;
        let _ = writeln!(out, "{:<longest$}  {state:<18}  {made}  {} of {areas}{note}", entry.name, families.join(","));
    }
}
