//! Where a file goes in: the running program's HTTP door, or this program's own intake. Both lead to the same code.

use std::sync::Arc;

use bytes::Bytes;
use lantoa_ingest::Intake;
use lantoa_ingest::intake::IntakeError;
use lantoa_ingest::parse::ParseError;
use lantoa_schemas::form::Form;

use crate::arrival::LastRows;
use crate::desk::remote::{Remote, RemoteError, RowError};

/// A way in.
pub(super) enum Door {
    Local(Arc<Intake>),
    Remote(Remote),
}

/// What became of a file that could be read.
#[derive(Debug, Default)]
pub(super) struct FileResult {
    pub receipt: String,
    pub accepted: usize,
    pub rejected: usize,
    /// A line a problem, naming row, field, reason and remedy.
    pub problems: Vec<String>,
}

impl Door {
    /// Takes a file in and notes in `rows` where its rows are; else says in words why none of it was taken.
    pub(super) async fn take(
        &self,
        name: &str,
        content: Bytes,
        form: Option<&str>,
        rows: &mut LastRows,
    ) -> Result<FileResult, String> {
        match self {
            Self::Local(intake) => {
                let answer = intake.import_file(name, content, form.and_then(Form::named)).await.map_err(refusal)?;
                rows.add_accepted(&answer.accepted);
                let problems = answer
                    .rejected
                    .iter()
                    .flat_map(|row| row.problems.iter().map(|p| line(Some(row.row), &p.field, &p.reason, &p.remedy)));
                Ok(FileResult {
                    receipt: answer.receipt,
                    accepted: answer.accepted.len(),
                    rejected: answer.rejected.len(),
                    problems: problems.collect(),
                })
            }
            Self::Remote(remote) => match remote.file(name, content.into(), form).await {
                Ok(taken) => {
                    rows.add_taken(&taken.events);
                    Ok(FileResult {
                        receipt: taken.receipt,
                        accepted: taken.events.len(),
                        rejected: taken.rejected,
                        problems: taken.errors.iter().map(of_row).collect(),
                    })
                }
                Err(RemoteError::Refused(problem)) => {
                    let lines = std::iter::once(problem.words()).chain(problem.errors.iter().map(of_row));
                    Err(lines.collect::<Vec<_>>().join("\n  "))
                }
                Err(error) => Err(in_words(error)),
            },
        }
    }
}

fn of_row(error: &RowError) -> String {
    line(error.row, &error.field, &error.reason, &error.remedy)
}

fn line(row: Option<u64>, field: &str, reason: &str, remedy: &str) -> String {
    let row = row.map_or_else(String::new, |row| format!("row {row}, "));
    format!("{row}{field}: {reason}; {remedy}")
}

/// Why none of a file was taken, with every problem of a header.
fn refusal(error: IntakeError) -> String {
    match error {
        IntakeError::Parse(ParseError::Header(problems)) => {
            let lines = problems.iter().map(|p| line(None, &p.field, &p.reason, &p.remedy));
            let title = "The header is not that of a form".to_owned();
            std::iter::once(title).chain(lines).collect::<Vec<_>>().join("\n  ")
        }
        IntakeError::Parse(error) => format!("the content {error}; {}", error.remedy()),
        error => in_words(error),
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
