//! Answers as text and bytes: for reading, for spreadsheets, for programs.
//!
//! In: columns and batches. Out: bytes, complete only with the last of [`Encoder::last`]. Guarantee: every row, every
//! digit; nothing is cut or rounded, but that a sheet tells time to the millisecond. Null is empty in a table, in CSV and
//! in a sheet, `null` in JSON. Batches are let go of as they are written; a table alone holds all of them, because the
//! last row can make a column wider, and so has a bound.

use std::io::{self, Write};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::TryStreamExt;
use parquet::errors::ParquetError;
use rust_xlsxwriter::XlsxError;

use crate::answer::{ARROW_STREAM, Answer};
use crate::error::QueryError;

mod columnar;
mod json;
mod separated;
mod sheet;
mod table;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns aligned for reading.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// A Parquet file, compressed with zstd.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
    /// A workbook of one sheet.
    Xlsx,
    /// A table in Markdown.
    Markdown,
}

/// What there is to know of a format.
struct Facts {
    word: &'static str,
    media_type: &'static str,
    /// How names of its files end.
    ending: &'static str,
    /// Whether its bytes are text.
    text: bool,
    about: &'static str,
}

const fn facts(format: Format) -> Facts {
    let (word, media_type, ending, text, about) = match format {
        Format::Table => ("table", "text/plain; charset=utf-8", "txt", true, "Columns for reading"),
        Format::Csv => ("csv", "text/csv; charset=utf-8", "csv", true, "Comma-separated, with a header"),
        Format::Tsv => ("tsv", "text/tab-separated-values; charset=utf-8", "tsv", true, "Tab-separated, with a header"),
        Format::Json => ("json", "application/json", "json", true, "One array of objects"),
        Format::Ndjson => ("ndjson", "application/x-ndjson", "ndjson", true, "One object a line"),
        Format::Parquet => ("parquet", "application/vnd.apache.parquet", "parquet", false, "A Parquet file (zstd)"),
        Format::Arrow => ("arrow", ARROW_STREAM, "arrows", false, "An Arrow IPC stream"),
        Format::Xlsx => (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
            false,
            "A workbook for Excel and LibreOffice",
        ),
        Format::Markdown => ("markdown", "text/markdown; charset=utf-8", "md", true, "A table in Markdown"),
    };
    Facts { word, media_type, ending, text, about }
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 9] = [
        Self::Table,
        Self::Csv,
        Self::Tsv,
        Self::Json,
        Self::Ndjson,
        Self::Parquet,
        Self::Arrow,
        Self::Xlsx,
        Self::Markdown,
    ];

    /// Its word, as in `--format`.
    pub fn as_str(self) -> &'static str {
        facts(self).word
    }

    /// A line about it.
    pub fn about(self) -> &'static str {
        facts(self).about
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        facts(self).media_type
    }

    /// Its media type without parameters.
    pub fn essence(self) -> &'static str {
        self.media_type().split(';').next().unwrap_or_default()
    }

    /// Whether its bytes are text, which a terminal can show.
    pub fn is_text(self) -> bool {
        facts(self).text
    }

    /// Whether it may begin with a byte order mark, by which some spreadsheets know UTF-8.
    pub fn takes_bom(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv)
    }

    /// The format of a media type without its parameters.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.essence().eq_ignore_ascii_case(media_type))
    }

    /// The format of files whose name ends so, without the dot.
    pub fn of_ending(ending: &str) -> Option<Self> {
        let is_it = |format: &Self| [facts(*format).ending, format.as_str()].contains(&ending);
        Self::ALL.into_iter().find(is_it)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
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

/// An answer that has no form in the format asked for.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// A type or a value has none.
    #[error("the answer cannot be written in this format")]
    Value(#[from] ArrowError),
    /// A type or a value has none in Parquet.
    #[error("the answer cannot be written as Parquet")]
    Parquet(#[from] ParquetError),
    /// A table for reading is held whole, because its last row can make a column wider.
    #[error(
        "a table has at most {} MiB of values, because its last row can make a column wider, and the answer has more: ask \
         for fewer rows, or take markdown, csv or another format",
        table::MOST_HELD >> 20
    )]
    TableTooLarge,
    /// A sheet ends before the answer.
    #[error(
        "a sheet has {} rows with its header, and the answer has more: ask for fewer, or take csv or parquet",
        sheet::MOST_ROWS
    )]
    TooManyRows,
    /// A sheet is narrower than the answer.
    #[error(
        "a sheet has {} columns, and the answer has {columns}: ask for fewer, or take csv or parquet",
        sheet::MOST_COLUMNS
    )]
    TooManyColumns {
        /// How many it has.
        columns: usize,
    },
    /// A cell of a sheet is smaller than a text.
    #[error(
        "a cell of a sheet has {} characters, and a text of column '{column}' has {characters}: ask for a part of it, or \
         take csv or parquet",
        sheet::MOST_CHARACTERS
    )]
    TooLong {
        /// In which column.
        column: String,
        /// How many characters it has.
        characters: usize,
    },
    /// The sheet could not be put together.
    #[error("the sheet cannot be put together")]
    Sheet(#[from] XlsxError),
    /// The temporary file that a sheet is put together in.
    #[error("the sheet cannot be put together in the system's temporary folder")]
    Aside(#[from] io::Error),
}

impl FormError {
    /// Whether the asker can mend it, by asking for less or in another format.
    pub fn is_the_askers(&self) -> bool {
        !matches!(self, Self::Sheet(_) | Self::Aside(_))
    }
}

/// An answer that could not be written whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The rows broke off.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// It has no form in the format asked for.
    #[error(transparent)]
    Form(#[from] FormError),
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
    while let Some(bytes) = encoder.last()? {
        out.write_all(&bytes)?;
    }
    out.flush()?;
    Ok(rows)
}

/// One format at work.
trait Encode: Send {
    /// Bytes of some more rows; may be none yet.
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError>;

    /// After the last batch, some of the bytes that are still to come; `None` once there are none.
    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError>;
}

/// Turns batches into bytes, piece by piece.
pub struct Encoder {
    format: Format,
    encode: Box<dyn Encode>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Encoder {
    /// An encoder for rows of these columns.
    ///
    /// # Errors
    /// Where a column's type has no form in the format.
    pub fn new(format: Format, columns: &SchemaRef) -> Result<Self, FormError> {
        let encode: Box<dyn Encode> = match format {
            Format::Table => Box::new(table::Aligned::new(columns)),
            Format::Markdown => Box::new(table::Markdown::new(columns)),
            Format::Csv => Box::new(separated::Separated::new(columns, b',')),
            Format::Tsv => Box::new(separated::Separated::new(columns, b'\t')),
            Format::Json => Box::new(json::array()),
            Format::Ndjson => Box::new(json::lines()),
            Format::Arrow => Box::new(columnar::Arrow::new(columns)?),
            Format::Parquet => Box::new(columnar::Parquet::new(columns)?),
            Format::Xlsx => Box::new(sheet::Sheet::new(columns)?),
        };
        Ok(Self { format, encode })
    }

    /// Bytes of some more rows, all of those columns.
    ///
    /// # Errors
    /// Where a value has no form in the format.
    pub fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        self.encode.batch(batch)
    }

    /// After the last batch, some of the bytes that are still to come; without all of them the output is not whole. `None`
    /// once there are none.
    ///
    /// # Errors
    /// Where a value has no form in the format.
    pub fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        self.encode.last()
    }

    /// All the last bytes at once.
    ///
    /// # Errors
    /// As [`Encoder::last`].
    pub fn finish(mut self) -> Result<Vec<u8>, FormError> {
        let mut bytes = Vec::new();
        while let Some(some) = self.last()? {
            bytes.extend(some);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
