//! `lantoa verify`: holds the tables against the log.
//!
//! In: the data folder and the log that its tables were read from: the running program's, the Kafka that is named, or
//! the embedded broker, started for as long as the check takes. Out, on standard output: a line for each thing that does
//! not hold, then a table with a row a topic. Guarantee: nothing is written to log or tables; it ends well only where
//! all holds.

use std::fmt::Write as _;
use std::io::Write as _;

use lantoa_projector::verify::{Exception, Report, TopicCount, Watch, verify as hold};

use crate::broker::EmbeddedBroker;
use crate::cli::VerifyArgs;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::data_dir::endpoints::Endpoints;
use crate::desk::DeskError;
use crate::parts::{PartError, Parts};
use crate::progress::{Stages, during};
use crate::run::{Outcome, RunError};
use crate::signals::StopOrder;

impl Watch for Stages {
    fn stage(&self, what: &str, steps: u64) {
        Self::stage(self, what, steps);
    }

    fn step(&self, steps: u64) {
        Self::step(self, steps);
    }

    fn exception(&self, exception: &Exception) {
        self.print(&exception.to_string());
    }
}

/// Checks and prints.
///
/// # Errors
/// [`RunError::NotProven`] where not all holds; else what kept it from being checked.
pub async fn verify(data: &DataDir, settings: Settings, arguments: VerifyArgs) -> Result<Outcome, RunError> {
    let mut order = StopOrder::listen()?;
    if !data.has_tables() {
        return Err(DeskError::NoData(data.root().to_owned()).into());
    }
    let mut parts = Parts::new();
    // Kept until the end where the folder's own broker is started: two of them must not work on one folder.
    let mut lock = None;
    let running = match &arguments.kafka {
        Some(_) => None,
        None => Endpoints::of_running(data).await.map(|endpoints| endpoints.kafka),
    };
    let settings = match (arguments.kafka, running) {
        (Some(kafka), _) => settings.on_kafka(&kafka)?,
        (None, Some(embedded)) if data.broker().exists() => settings.on_embedded_broker(&embedded),
        (None, Some(kafka)) => settings.on_kafka(&kafka)?,
        (None, None) if !data.broker().exists() => return Err(RunError::NoLog(data.root().to_owned())),
        (None, None) => {
            lock = Some(data.lock()?);
            let start = EmbeddedBroker::start(data, None);
            let broker = during("starting the log", start).await.map_err(PartError::from)?;
            let bootstrap = broker.bootstrap();
            parts.add_broker(broker);
            settings.on_embedded_broker(&bootstrap)
        }
    };
    let stages = Stages::begin();
    let report = tokio::select! {
        () = order.next() => Err(RunError::Stopped),
        error = parts.failed() => Err(error.into()),
        report = hold(&settings.projector, arguments.at_once, &stages) => report.map_err(RunError::from),
    };
    stages.end();
    let stopped = parts.stop().await;
    drop(lock);
    let report = report?;
    stopped?;
    let _ = std::io::stdout().write_all(table(&report).as_bytes());
    for note in notes(&report) {
        eprintln!("note: {note}");
    }
    match report.faults() {
        0 => Ok(Outcome::Done),
        faults => Err(RunError::NotProven { faults }),
    }
}

/// A row a topic. Without faults, the first number is the sum of the next five.
fn table(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |words: [&str; 9]| {
        let [topic, log, ledger, duplicate, rejected, owed, unread, only_tables, faults] = words;
        writeln!(
            text,
            "{topic:<24} {log:>12} {ledger:>12} {duplicate:>12} {rejected:>12} {owed:>8} {unread:>12} \
             {only_tables:>18} {faults:>8}"
        )
        .expect("a String takes any text");
    };
    line([
        "topic",
        "on the log",
        "in the table",
        "duplicate",
        "rejected",
        "owed",
        "not read yet",
        "only in the tables",
        "faults",
    ]);
    for (stream, count) in &report.topics {
        let TopicCount { log, ledger, duplicate, rejected, owed, unread, only_tables, faults } = count;
        let numbers =
            [log, ledger, duplicate, rejected, owed, unread, only_tables, faults].map(|number| number.to_string());
        let [log, ledger, duplicate, rejected, owed, unread, only_tables, faults] = numbers.each_ref();
        line([stream.topic(), log, ledger, duplicate, rejected, owed, unread, only_tables, faults]);
    }
    text
}

/// What is no fault, but not done either.
fn notes(report: &Report) -> Vec<String> {
    let sum = |of: fn(&TopicCount) -> u64| report.topics.iter().map(|(_, count)| of(count)).sum::<u64>();
    let mut notes = Vec::new();
    let owed = sum(|count| count.owed);
    if owed > 0 {
        notes.push(format!(
            "{owed} records were duplicates or refused, and have no row of outcome yet; the projector writes it with its \
             next commit, or as it starts (`lantoa up`)"
        ));
    }
    let unread = sum(|count| count.unread);
    if unread > 0 {
        notes.push(format!("{unread} records wait for the projector to read them; check again after that"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::stream::Stream;

    #[test]
    fn every_number_has_its_column_and_what_is_open_is_told() {
        let count = TopicCount {
            log: 21,
            ledger: 1,
            duplicate: 2,
            rejected: 3,
            owed: 4,
            unread: 11,
            only_tables: 7,
            faults: 8,
        };
        let report = Report { topics: vec![(Stream::ALL[1], count), (Stream::Receipt, TopicCount::default())] };
        let text = table(&report);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["lantoa.statement.v1", "21", "1", "2", "3", "4", "11", "7", "8"]);
        assert_eq!(rows[2], ["lantoa.receipt.v1", "0", "0", "0", "0", "0", "0", "0", "0"]);
        let notes = notes(&report);
        assert!(notes[0].starts_with("4 records") && notes[1].starts_with("11 records"), "{notes:?}");
        assert!(super::notes(&Report::default()).is_empty());
    }
}
