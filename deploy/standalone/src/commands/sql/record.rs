//! Rows with a line for each column, for answers that are wider than the screen.
//!
//! In: an answer. Out: text, batch by batch.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use lantoa_query::answer::Answer;
use lantoa_query::format::{FormError, WriteError};
use unicode_width::UnicodeWidthStr;

/// Writes all rows, and says how many.
pub(super) async fn write(mut answer: Answer, out: &mut (dyn Write + Send)) -> Result<u64, WriteError> {
    let columns = answer.columns().clone();
    let mut rows = 0;
    while let Some(batch) = answer.try_next().await? {
        let text = records(&columns, &batch, rows).map_err(FormError::from)?;
        out.write_all(text.as_bytes())?;
        rows += batch.num_rows() as u64;
    }
    out.flush()?;
    Ok(rows)
}

fn records(columns: &SchemaRef, batch: &RecordBatch, before: u64) -> Result<String, ArrowError> {
    let widest = columns.fields().iter().map(|field| field.name().width()).max().unwrap_or(0);
    let options = FormatOptions::default();
    let values = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let mut text = String::new();
    for (row, number) in (0..batch.num_rows()).zip(before + 1..) {
        text += &format!("-- {number} --\n");
        for (field, value) in columns.fields().iter().zip(&values) {
            let blanks = " ".repeat(widest - field.name().width());
            // The lines of a value stand below each other.
            let value = value.value(row).try_to_string()?.replace('\n', &format!("\n{}   ", " ".repeat(widest)));
            text += &format!("{}{blanks} | {value}\n", field.name());
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_line_a_column() {
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("tỉnh", Arc::new(StringArray::from(vec![Some("Hà Giang"), Some("a\nb")])) as ArrayRef, true),
            ("n", Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef, true),
        ])
        .unwrap();
        assert_eq!(
            records(&batch.schema(), &batch, 7).unwrap(),
            "-- 8 --\ntỉnh | Hà Giang\nn    | 1\n-- 9 --\ntỉnh | a\n       b\nn    | \n"
        );
    }
}
