//! Rows as JSON objects, in one array or one a line. Nulls are written.

use arrow::array::RecordBatch;
use arrow::json::writer::{JsonArray, JsonFormat, LineDelimited, Writer, WriterBuilder};

use super::{Encode, FormError};

pub(super) struct Json<F: JsonFormat> {
    /// Gone once the last bytes are made.
    writer: Option<Writer<Vec<u8>, F>>,
    /// What an answer without rows is: without any the writer has not begun its array.
    nothing: &'static [u8],
    any: bool,
}

/// All rows in one array.
pub(super) fn array() -> Json<JsonArray> {
    json(b"[]")
}

/// A row a line.
pub(super) fn lines() -> Json<LineDelimited> {
    json(b"")
}

fn json<F: JsonFormat>(nothing: &'static [u8]) -> Json<F> {
    let writer = WriterBuilder::new().with_explicit_nulls(true).build(Vec::new());
    Json { writer: Some(writer), nothing, any: false }
}

impl<F: JsonFormat + Send> Encode for Json<F> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        let Some(writer) = &mut self.writer else { return Ok(Vec::new()) };
        writer.write(batch)?;
        self.any |= batch.num_rows() > 0;
        Ok(std::mem::take(writer.get_mut()))
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        writer.finish()?;
        let bytes = writer.into_inner();
        Ok(Some(if !self.any && bytes.is_empty() { self.nothing.to_vec() } else { bytes }))
    }
}
