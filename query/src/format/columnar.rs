//! Columns for programs: an Arrow IPC stream, a Parquet file.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Encode, FormError};

/// A row group is written out once it is about so long: what an encoder holds in memory.
const GROUP_BYTES: usize = 64 << 20;

pub(super) struct Arrow {
    /// Gone once the last bytes are made.
    writer: Option<StreamWriter<Vec<u8>>>,
}

impl Arrow {
    pub(super) fn new(columns: &SchemaRef) -> Result<Self, FormError> {
        Ok(Self { writer: Some(StreamWriter::try_new(Vec::new(), columns)?) })
    }
}

impl Encode for Arrow {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        let Some(writer) = &mut self.writer else { return Ok(Vec::new()) };
        writer.write(batch)?;
        Ok(std::mem::take(writer.get_mut()))
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        writer.finish()?;
        Ok(Some(writer.into_inner()?))
    }
}

pub(super) struct Parquet {
    /// Gone once the last bytes are made.
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl Parquet {
    pub(super) fn new(columns: &SchemaRef) -> Result<Self, FormError> {
        // The level that the tables are written with.
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_created_by(concat!("lantoa ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        Ok(Self { writer: Some(ArrowWriter::try_new(Vec::new(), columns.clone(), Some(properties))?) })
    }
}

impl Encode for Parquet {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        let Some(writer) = &mut self.writer else { return Ok(Vec::new()) };
        writer.write(batch)?;
        // The writer counts what it has written by itself, so that what it wrote into may be emptied.
        Ok(std::mem::take(writer.inner_mut()))
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        self.writer.take().map(|writer| Ok(writer.into_inner()?)).transpose()
    }
}
