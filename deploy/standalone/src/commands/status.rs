//! `lantoa status`: what runs, where, and what is kept.
//!
//! In: the data folder. Out: words for a person, on standard output. Guarantee: nothing is started or changed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use lantoa_query::Engine;
use lantoa_schemas::clock::SystemClock;

use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::data_dir::endpoints::Endpoints;
use crate::desk::remote::{Remote, Table};
use crate::desk::{DeskError, has_users};
use crate::run::{Outcome, RunError};

/// Prints it.
///
/// # Errors
/// When the tables cannot be read.
pub async fn status(data: &DataDir, settings: Settings) -> Result<Outcome, RunError> {
    let running = Endpoints::of_running(data).await;
    let tables = match &running {
        Some(endpoints) if !has_users(data) => {
            Remote::of(&endpoints.http).map_err(DeskError::from)?.tables().await.map_err(DeskError::from)?
        }
        _ if data.has_tables() => here(settings).await?,
        _ => Vec::new(),
    };
    let _ = std::io::stdout().write_all(words(data, running.as_ref(), &tables).as_bytes());
    Ok(Outcome::Done)
}

async fn here(settings: Settings) -> Result<Vec<Table>, DeskError> {
    let engine = Engine::open(settings.query, Arc::new(SystemClock))?;
    let tables = engine.status().await?.into_iter();
    Ok(tables.map(|t| Table { table: t.table.to_owned(), version: t.version, rows: t.rows, files: t.files }).collect())
}

fn words(data: &DataDir, running: Option<&Endpoints>, tables: &[Table]) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| writeln!(text, "{words}").expect("a String takes any text");
    match running {
        Some(Endpoints { pid, http, intake, postgres, kafka }) => {
            line(format_args!("running, pid {pid}\n  http   http://{http}"));
            if let Some(intake) = intake {
                line(format_args!("  intake {intake}"));
            }
            if let Some(postgres) = postgres {
                line(format_args!("  sql    postgres://{postgres}/lantoa"));
            }
            line(format_args!("  kafka  {kafka}"));
        }
        None => line(format_args!("not running; start it with `lantoa up`")),
    }
    line(format_args!("  data   {}", data.root().display()));
    if tables.is_empty() {
        line(format_args!("no tables yet"));
    } else {
        line(format_args!("{:<20} {:>12} {:>7} {:>9}", "table", "rows", "files", "version"));
    }
    for table in tables {
        let version = table.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        line(format_args!("{:<20} {:>12} {:>7} {:>9}", table.table, table.rows, table.files, version));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_states_are_told() {
        let data = DataDir::new("x");
        assert!(words(&data, None, &[]).contains("not running"));
        let (http, intake, kafka) = ("127.0.0.1:1".into(), Some("0.0.0.0:3".into()), "127.0.0.1:2".into());
        let endpoints = Endpoints { pid: 7, http, intake, postgres: None, kafka };
        let table = Table { table: "ledger_statement".into(), version: Some(3), rows: 82, files: 5 };
        let text = words(&data, Some(&endpoints), &[table]);
        assert!(text.contains("pid 7") && text.contains("http://127.0.0.1:1") && text.contains("0.0.0.0:3"), "{text}");
        assert!(text.lines().any(|line| line.split_whitespace().eq(["ledger_statement", "82", "5", "3"])), "{text}");
    }
}
