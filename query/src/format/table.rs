//! Tables for reading: aligned with lines around them, or Markdown.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_options;

use super::{Encode, FormError};
use crate::count::bytes_of;

/// Most bytes of rows that are held until the last is known; as text they take some times as much.
pub(super) const MOST_HELD: u64 = 32 << 20;

pub(super) struct Aligned {
    columns: SchemaRef,
    held: u64,
    /// A table's widths are known only with its last row. Gone once the table is made.
    batches: Option<Vec<RecordBatch>>,
}

impl Aligned {
    pub(super) fn new(columns: &SchemaRef) -> Self {
        Self { columns: columns.clone(), held: 0, batches: Some(Vec::new()) }
    }
}

impl Encode for Aligned {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        self.held += bytes_of(batch);
        if self.held > MOST_HELD {
            self.batches = None;
            return Err(FormError::TableTooLarge);
        }
        self.batches.get_or_insert_default().push(batch.clone());
        Ok(Vec::new())
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        let made = self.batches.take().map(|batches| aligned(&self.columns, &batches)).transpose();
        Ok(made?)
    }
}

fn aligned(columns: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    if columns.fields().is_empty() {
        return Ok(Vec::new());
    }
    let empty = [RecordBatch::new_empty(columns.clone())];
    let batches = if batches.is_empty() { &empty } else { batches };
    let text = pretty_format_batches_with_options(batches, &FormatOptions::default())?;
    Ok(format!("{text}\n").into_bytes())
}

pub(super) struct Markdown {
    columns: SchemaRef,
    headed: bool,
}

impl Markdown {
    pub(super) fn new(columns: &SchemaRef) -> Self {
        Self { columns: columns.clone(), headed: columns.fields().is_empty() }
    }

    fn header(&mut self) -> String {
        if std::mem::replace(&mut self.headed, true) {
            return String::new();
        }
        let fields = self.columns.fields();
        let names = line(fields.iter().map(|field| cell(field.name())));
        let sides = fields.iter().map(|field| if field.data_type().is_numeric() { "---:" } else { "---" });
        names + &line(sides.map(str::to_owned))
    }
}

impl Encode for Markdown {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        let mut text = self.header();
        let options = FormatOptions::default();
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let values = columns.iter().map(|column| column.value(row).try_to_string());
            let values = values.collect::<Result<Vec<_>, _>>()?;
            text += &line(values.iter().map(|value| cell(value)));
        }
        Ok(text.into_bytes())
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        let header = self.header();
        Ok((!header.is_empty()).then(|| header.into_bytes()))
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.fold("|".to_owned(), |line, cell| line + " " + &cell + " |") + "\n"
}

/// A value that is read as it stands: signs of Markdown are masked, a line's end stays within the cell.
fn cell(value: &str) -> String {
    let mut cell = String::with_capacity(value.len());
    for sign in value.chars() {
        match sign {
            '\n' => cell.push_str("<br>"),
            '\r' => {}
            '\\' | '|' | '*' | '`' | '<' | '[' | '~' => cell.extend(['\\', sign]),
            _ => cell.push(sign),
        }
    }
    cell
}
