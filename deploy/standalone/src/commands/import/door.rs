//! Where a file goes in: the running program's HTTP door, or this program's own intake. Both lead to the same code.

use std::sync::Arc;

use bytes::Bytes;
use lantoa_ingest::Intake;
use lantoa_ingest::intake::{Answer, IntakeError, Rejected, Submission};
use lantoa_ingest::parse::{Notation, ParseError};
use lantoa_ingest::preview::Preview;
use lantoa_ingest::returned::Refused;
use lantoa_ingest::senders::Sender;
use lantoa_schemas::form::{Form, column};
use lantoa_schemas::validate::Problem;
use lantoa_schemas::vocabulary::Via;
use lantoa_schemas::wording::Named;
use serde_json::Value;
use uuid::Uuid;

use crate::arrival::LastRows;
use crate::desk::remote::{Remote, RemoteError, RowError, Taken};

/// A way in.
pub(in crate::commands) enum Door {
    Local(Arc<Intake>),
    Remote(Remote),
}

/// What became of a file that could be read.
#[derive(Debug, Default)]
pub(in crate::commands) struct FileResult {
    pub receipt: String,
    pub accepted: usize,
    pub rejected: usize,
    /// What is wrong with the others.
    pub refused: Vec<Refused>,
}

/// Why none of a file was taken.
#[derive(Debug)]
pub(in crate::commands) struct Refusal {
    /// In words, with every problem.
    pub words: String,
    /// The same, problem by problem; none where the sheet could not be read.
    pub refused: Vec<Refused>,
}

impl Door {
    /// Takes a file in and notes in `rows` where its rows are; else says why none of it was taken.
    pub(in crate::commands) async fn take(
        &self,
        name: &str,
        content: Bytes,
        form: Option<&str>,
        rows: &mut LastRows,
    ) -> Result<FileResult, Refusal> {
        match self {
            Self::Local(intake) => taken(intake.import_file(name, content, form.and_then(Form::named)).await, rows),
            Self::Remote(remote) => sent(remote.file(name, content.into(), form).await, rows),
        }
    }

    /// Takes events in and notes in `rows` where they are; else says why none of them was taken. Each sending has a receipt
    /// of its own: what was refused before and is good by now is not told as it was then.
    pub(in crate::commands) async fn take_events(
        &self,
        events: &[Value],
        rows: &mut LastRows,
    ) -> Result<FileResult, Refusal> {
        let content = serde_json::to_vec(events).map_err(|error| Refusal::of(in_words(error), Vec::new()))?;
        let key = Uuid::new_v4().to_string();
        match self {
            Self::Local(intake) => taken(intake.import_events(content.into(), Some(key)).await, rows),
            Self::Remote(remote) => sent(remote.events(content, &key).await, rows),
        }
    }

    /// Says what would become of a file; else why none of it would be taken.
    pub(in crate::commands) async fn foresee(
        &self,
        name: &str,
        content: Bytes,
        form: Option<&str>,
    ) -> Result<Preview, Refusal> {
        match self {
            Self::Local(intake) => {
                let submission = Submission {
                    sender: Sender::local(),
                    content,
                    notation: Notation::Sheet(form.and_then(Form::named)),
                    via: Via::File,
                    name: Some(name.to_owned()),
                    idempotency_key: None,
                };
                intake.dry_run(submission).await.map_err(refusal)
            }
            Self::Remote(remote) => remote.foresee(name, content.into(), form).await.map_err(of_remote),
        }
    }
}

/// What this program's own intake says.
fn taken(answer: Result<Answer, IntakeError>, rows: &mut LastRows) -> Result<FileResult, Refusal> {
    if let Err(IntakeError::Unreadable { receipt, .. }) = &answer {
        rows.add_receipt(receipt);
    }
    let answer = answer.map_err(refusal)?;
    rows.add_receipt(&answer.receipt);
    rows.add_accepted(&answer.accepted);
    let rejected = answer.rejected.len();
    let of_row = |row: Rejected| row.problems.into_iter().map(move |problem| (row.row, problem));
    let refused = answer.rejected.into_iter().flat_map(of_row);
    Ok(FileResult {
        receipt: answer.receipt,
        accepted: answer.accepted.len(),
        rejected,
        refused: refused.map(|(row, problem)| Refused { row: Some(row), problem }).collect(),
    })
}

/// What the running program says.
fn sent(answer: Result<Taken, RemoteError>, rows: &mut LastRows) -> Result<FileResult, Refusal> {
    match answer {
        Ok(taken) => {
            rows.add_receipt(&taken.receipt);
            rows.add_taken(&taken.events);
            Ok(FileResult {
                receipt: taken.receipt,
                accepted: taken.events.len(),
                rejected: taken.rejected,
                refused: taken.errors.into_iter().map(refused).collect(),
            })
        }
        Err(error) => {
            if let RemoteError::Refused(problem) = &error {
                problem.receipt.iter().for_each(|receipt| rows.add_receipt(receipt));
            }
            Err(of_remote(error))
        }
    }
}

/// Why the running program takes none of a file.
fn of_remote(error: RemoteError) -> Refusal {
    match error {
        RemoteError::Refused(problem) => {
            let (title, is_of_a_sheet) = (problem.words(), problem.is_of_a_sheet());
            let mut refusal = Refusal::of(title, problem.errors.into_iter().map(refused).collect());
            if !is_of_a_sheet {
                refusal.refused.clear();
            }
            refusal
        }
        error => Refusal::of(in_words(error), Vec::new()),
    }
}

impl Refusal {
    fn of(title: String, refused: Vec<Refused>) -> Self {
        let lines: Vec<String> = std::iter::once(title).chain(refused.iter().map(line)).collect();
        Self { words: lines.join("\n  "), refused }
    }
}

fn refused(error: RowError) -> Refused {
    Refused { row: error.row, problem: Problem::new(error.field, error.reason, error.remedy) }
}

/// A problem in one line, its column by the name and by the heading that an office reads.
pub(in crate::commands) fn line(Refused { row, problem }: &Refused) -> String {
    let row = row.map_or_else(String::new, |row| format!("row {row}, "));
    let field = column(&problem.field).map_or_else(|| problem.field.clone(), Named::in_both);
    format!("{row}{field}: {}; {}", problem.reason, problem.remedy)
}

/// Why none of a file was taken, with every problem of a header.
fn refusal(error: IntakeError) -> Refusal {
    match error {
        IntakeError::Parse(ParseError::Header(problems))
        | IntakeError::Unreadable { error: ParseError::Header(problems), .. } => {
            let refused = problems.into_iter().map(|problem| Refused { row: None, problem });
            Refusal::of("The header is not that of a form".to_owned(), refused.collect())
        }
        IntakeError::Parse(error) | IntakeError::Unreadable { error, .. } => {
            Refusal::of(format!("the content {error}; {}", error.remedy()), Vec::new())
        }
        error => Refusal::of(in_words(error), Vec::new()),
    }
}

/// An error with its causes.
fn in_words(error: impl std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
