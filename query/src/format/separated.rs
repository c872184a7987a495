//! Values parted by a sign, a row a line, under a header. A value that has the sign, a quote or a line's end in it is
//! quoted.

use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::{Encode, FormError};

pub(super) struct Separated {
    columns: SchemaRef,
    sign: u8,
    headed: bool,
}

impl Separated {
    pub(super) fn new(columns: &SchemaRef, sign: u8) -> Self {
        // Without columns there is no header either.
        Self { columns: columns.clone(), sign, headed: columns.fields().is_empty() }
    }

    fn lines(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let header = !std::mem::replace(&mut self.headed, true);
        let mut writer = WriterBuilder::new().with_header(header).with_delimiter(self.sign).build(Vec::new());
        writer.write(batch)?;
        Ok(writer.into_inner())
    }
}

impl Encode for Separated {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        Ok(self.lines(batch)?)
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        if self.headed {
            return Ok(None);
        }
        let empty = RecordBatch::new_empty(self.columns.clone());
        Ok(Some(self.lines(&empty)?))
    }
}
