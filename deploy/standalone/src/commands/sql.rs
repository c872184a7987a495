//! `lantoa sql`: a question, and its answer on standard output.
//!
//! In: SQL, a format, the settings of the answer. Out: all rows. Guarantee: when it ends with 0, the output is whole.

use std::io::{ErrorKind, Write};

use lantoa_query::face::Question;
use lantoa_query::format::{WriteError, write};

use crate::cli::{Format, SqlArgs};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::Desk;
use crate::progress::during;
use crate::run::{Outcome, RunError};

/// Asks and prints.
///
/// # Errors
/// When there is nobody to ask, or no answer, or the output does not take it.
pub async fn sql(data: &DataDir, settings: Settings, arguments: SqlArgs) -> Result<Outcome, RunError> {
    let desk = Desk::find(data, settings.query).await?;
    let question = Question {
        query: arguments.query,
        map: arguments.map.map(|map| map.to_string()),
        as_of: arguments.as_of.map(|day| day.to_string()),
        stated_by: arguments.stated_by.map(|day| day.to_string()),
    };
    let answer = during("asking", desk.ask(question)).await?;
    for notice in answer.notices() {
        eprintln!("note: {notice}");
    }
    let mut out = std::io::stdout();
    let format = format(arguments.format);
    let written = write(answer, format, &mut out).await.and_then(|rows| {
        // A text file ends with a line's end, and so does what is shown in a terminal.
        if format == lantoa_query::format::Format::Json {
            writeln!(out)?;
        }
        Ok(rows)
    });
    match written {
        // Whoever reads has read enough, as `head` does.
        Err(WriteError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Done),
        written => Ok(written.map(|_| Outcome::Done)?),
    }
}

fn format(format: Format) -> lantoa_query::format::Format {
    match format {
        Format::Table => lantoa_query::format::Format::Table,
        Format::Csv => lantoa_query::format::Format::Csv,
        Format::Json => lantoa_query::format::Format::Json,
        Format::Ndjson => lantoa_query::format::Format::Ndjson,
    }
}
