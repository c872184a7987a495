//! Answers as text and bytes: an aligned table, CSV, JSON, NDJSON or an Arrow stream.
//!
//! In: columns and batches. Out: bytes, complete only with those of [`Encoder::finish`]. Guarantee: every row, every
//! digit; nothing is cut or rounded. Null is empty in a table and in CSV, `null` in JSON.

use std::io::{self, Write};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder as CsvBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::writer::{JsonArray, LineDelimited, Writer as JsonWriter, WriterBuilder as JsonBuilder};
use arrow::util::display::FormatOptions;
use arrow::util::pretty::pretty_format_batches_with_options;
use datafusion::arrow::ipc::writer::StreamWriter;
use futures::TryStreamExt;

use crate::answer::{ARROW_STREAM, Answer};
use crate::error::QueryError;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns aligned for reading.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// An Arrow IPC stream.
    Arrow,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Table, Self::Csv, Self::Json, Self::Ndjson, Self::Arrow];

    /// Its word, as in `--format`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Arrow => "arrow",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Arrow => ARROW_STREAM,
        }
    }

    /// The format of a media type without its parameters.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = |format: &Self| format.media_type().split(';').next().unwrap_or_default();
        Self::ALL.into_iter().find(|format| essence(format).eq_ignore_ascii_case(media_type))
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| format!("'{word}' is no format: use one of {known}"))
    }
}

/// An answer that could not be written whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The rows broke off.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A value has no form in the format asked for.
    #[error("the answer cannot be written in this format")]
    Form(#[from] ArrowError),
    /// The output does not take it.
    #[error("the answer cannot be written out")]
    Output(#[from] io::Error),
}

/// Writes a whole answer and says how many rows it had. Only when this returns without an error is the output whole.
///
/// # Errors
/// When the rows break off, a value has no form, or the output fails.
pub async fn write(mut answer: Answer, format: Format, out: &mut (dyn Write + Send)) -> Result<u64, WriteError> {
    let mut encoder = Encoder::new(format, answer.columns())?;
    let mut rows = 0;
    while let Some(batch) = answer.try_next().await? {
        rows += batch.num_rows() as u64;
        out.write_all(&encoder.batch(&batch)?)?;
    }
    out.write_all(&encoder.finish()?)?;
    out.flush()?;
    Ok(rows)
}

/// Turns batches into bytes, piece by piece.
pub struct Encoder {
    columns: SchemaRef,
    writer: Writer,
}

enum Writer {
    /// A table's widths are known only with its last row.
    Table(Vec<RecordBatch>),
    /// Whether the header has been written.
    Csv(bool),
    Json(JsonWriter<Vec<u8>, JsonArray>, bool),
    Ndjson(JsonWriter<Vec<u8>, LineDelimited>),
    Arrow(StreamWriter<Vec<u8>>),
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder for rows of these columns.
    ///
    /// # Errors
    /// Where a column's type has no form in the format.
    pub fn new(format: Format, columns: &SchemaRef) -> Result<Self, ArrowError> {
        let json = || JsonBuilder::new().with_explicit_nulls(true);
        let writer = match format {
            Format::Table => Writer::Table(Vec::new()),
            Format::Csv => Writer::Csv(false),
            Format::Json => Writer::Json(json().build(Vec::new()), false),
            Format::Ndjson => Writer::Ndjson(json().build(Vec::new())),
            Format::Arrow => Writer::Arrow(StreamWriter::try_new(Vec::new(), columns)?),
        };
        Ok(Self { columns: columns.clone(), writer })
    }

    /// Bytes of some more rows, all of those columns.
    ///
    /// # Errors
    /// Where a value has no form in the format.
    pub fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match &mut self.writer {
            Writer::Table(batches) => {
                batches.push(batch.clone());
                Ok(Vec::new())
            }
            Writer::Csv(headed) => csv(batch, !std::mem::replace(headed, true)),
            Writer::Json(writer, any) => {
                writer.write(batch)?;
                *any |= batch.num_rows() > 0;
                Ok(std::mem::take(writer.get_mut()))
            }
            Writer::Ndjson(writer) => {
                writer.write(batch)?;
                Ok(std::mem::take(writer.get_mut()))
            }
            Writer::Arrow(writer) => {
                writer.write(batch)?;
                Ok(std::mem::take(writer.get_mut()))
            }
        }
    }

    /// The last bytes; without them the output is not whole.
    ///
    /// # Errors
    /// Where a value has no form in the format.
    pub fn finish(self) -> Result<Vec<u8>, ArrowError> {
        match self.writer {
            Writer::Table(batches) => table(&self.columns, &batches),
            Writer::Csv(headed) if headed || self.columns.fields().is_empty() => Ok(Vec::new()),
            Writer::Csv(_) => csv(&RecordBatch::new_empty(self.columns), true),
            Writer::Json(mut writer, any) => {
                writer.finish()?;
                let bytes = writer.into_inner();
                // Without rows the writer has not begun its array.
                Ok(if !any && bytes.is_empty() { b"[]".to_vec() } else { bytes })
            }
            Writer::Ndjson(mut writer) => {
                writer.finish()?;
                Ok(writer.into_inner())
            }
            Writer::Arrow(mut writer) => {
                writer.finish()?;
                writer.into_inner()
            }
        }
    }
}

fn csv(batch: &RecordBatch, header: bool) -> Result<Vec<u8>, ArrowError> {
    let mut writer = CsvBuilder::new().with_header(header).build(Vec::new());
    writer.write(batch)?;
    Ok(writer.into_inner())
}

fn table(columns: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    if columns.fields().is_empty() {
        return Ok(Vec::new());
    }
    let empty = [RecordBatch::new_empty(columns.clone())];
    let batches = if batches.is_empty() { &empty } else { batches };
    let text = pretty_format_batches_with_options(batches, &FormatOptions::default())?;
    Ok(format!("{text}\n").into_bytes())
}

#[cfg(test)]
mod tests;
