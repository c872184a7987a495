//! `lantoa receipt`: what became of what was sent.
//!
//! In: the key. Out: the receipt, on standard output. Guarantee: what is told as committed is final, and its four numbers add
//! up to what was sent.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use lantoa_query::receipt::Receipt;
use tokio::time::{Instant, sleep};

use crate::cli::{ReceiptArgs, ReceiptFormat};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::data_dir::endpoints::Endpoints;
use crate::desk::{Desk, DeskError};
use crate::progress::during;
use crate::run::{Outcome, RunError};

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Why there is no receipt, or no whole one.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The tables do not have it.
    #[error(
        "there is no receipt {0}, or it is not committed yet; `select receipt, name from receipt` lists what there is"
    )]
    Unknown(String),
    /// Some of its rows are on their way.
    #[error("not all rows are in the tables yet; they will be once the projector works, see `lantoa status`")]
    NotCommitted,
}

/// Waits for it, and prints it.
///
/// # Errors
/// Any [`ReceiptError`]; else that of whoever is asked.
pub async fn receipt(data: &DataDir, settings: Settings, arguments: ReceiptArgs) -> Result<Outcome, RunError> {
    let ReceiptArgs { key, format, wait } = arguments;
    let runs = Endpoints::of_running(data).await.is_some();
    let desk = Desk::find(data, settings.query).await?;
    // Where nothing runs, nothing changes. A projector elsewhere may write to the same folder, and is not waited for.
    let wait = if runs { Duration::from_secs(wait) } else { Duration::ZERO };
    let Some(receipt) = during("waiting until the rows are in the tables", find(&desk, &key, wait)).await? else {
        return Err(ReceiptError::Unknown(key).into());
    };
    let text = match format {
        ReceiptFormat::Words => words(&receipt),
        ReceiptFormat::Json => serde_json::to_string_pretty(&receipt).expect("plain fields are always JSON") + "\n",
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
    if receipt.committed { Ok(Outcome::Done) } else { Err(ReceiptError::NotCommitted.into()) }
}

/// The receipt once it is committed, or as it is when the time is over.
async fn find(desk: &Desk, key: &str, wait: Duration) -> Result<Option<Receipt>, DeskError> {
    let begun = Instant::now();
    loop {
        let found = desk.receipt(key).await?;
        if found.as_ref().is_some_and(|receipt| receipt.committed) || begun.elapsed() >= wait {
            return Ok(found);
        }
        sleep(LOOK_EVERY).await;
    }
}

fn words(receipt: &Receipt) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| writeln!(text, "{words}").expect("a String takes any text");
    let Receipt {
        receipt: key, sender, via, name, recorded, sent, sent_again, committed, rows, tables, changes, ..
    } = receipt;
    let name = name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let (sender, via) = (sender.as_deref().unwrap_or("nobody known"), via.as_deref().unwrap_or("?"));
    line(format_args!("receipt {key}"));
    line(format_args!("  sent{name} by {sender} ({via}), {}", recorded.to_rfc3339()));
    match (sent, committed) {
        (0, _) => line(format_args!("  it could not be read as a whole; see lantoa rejects list --receipt {key}")),
        (_, true) => line(format_args!("  {sent} rows, committed")),
        (_, false) => line(format_args!("  {sent} rows, not all of them in the tables yet")),
    }
    line(format_args!("  accepted   {:>8}", rows.accepted));
    line(format_args!("  corrected  {:>8}", rows.corrected));
    line(format_args!("  duplicate  {:>8}", rows.duplicate));
    line(format_args!("  rejected   {:>8}", rows.rejected));
    if rows.rejected > 0 {
        line(format_args!("  mend them: lantoa rejects list --receipt {key}"));
    }
    if *sent_again > 0 {
        line(format_args!("  the same came again {sent_again} times since, and changed nothing of this"));
    }
    for table in tables {
        let version = table.version.map(|version| format!(", version {version}")).unwrap_or_default();
        line(format_args!("  table {}{version}: {} rows", table.table, table.rows));
    }
    for change in changes {
        line(format_args!("  row {}: {} replaces {}", change.row, change.event_id, change.replaces));
    }
    text
}

#[cfg(test)]
mod tests {
    use lantoa_query::receipt::{Change, InTable, Rows};

    use super::*;

    #[test]
    fn a_receipt_in_words_has_all_that_it_says() {
        let receipt = Receipt {
            receipt: "k".to_owned(),
            sender: Some("lan".to_owned()),
            via: Some("file".to_owned()),
            name: Some("figures.csv".to_owned()),
            recorded: "2026-01-12T02:00:00Z".parse().unwrap(),
            content_hash: None,
            sent: 10,
            sent_again: 2,
            committed: true,
            rows: Rows { accepted: 4, duplicate: 3, corrected: 2, rejected: 1 },
            tables: vec![InTable { table: "ledger_statement".to_owned(), version: Some(7), rows: 6 }],
            changes: vec![Change { row: 3, event_id: "new".to_owned(), replaces: "old".to_owned() }],
        };
        let told = words(&receipt);
        for part in [
            "sent figures.csv by lan (file)",
            "10 rows, committed",
            "rejects list --receipt k",
            "again 2 times",
            "ledger_statement, version 7: 6 rows",
            "row 3: new replaces old",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        let numbers = |word: &str| {
            let line = told.lines().find(|line| line.trim_start().starts_with(word)).unwrap();
            line.split_whitespace().last().unwrap().parse::<i64>().unwrap()
        };
        assert_eq!(["accepted", "corrected", "duplicate", "rejected"].map(numbers).iter().sum::<i64>(), 10);
        let whole = words(&Receipt { sent: 0, committed: false, ..receipt });
        assert!(whole.contains("could not be read"), "{whole}");
    }
}
