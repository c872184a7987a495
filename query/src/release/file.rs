//! One table into its file.
//!
//! In: rows in their order. Out: a Parquet file that is on the disk, and what the manifest says of it. Guarantee: the same
//! rows make the same bytes, however they come in batches.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::{BatchCoalescer, cast};
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};

use super::StoredTable;
use super::store::hex;
use crate::error::QueryError;
use crate::session::as_filed;

/// How many rows are handed to the writer at once: where pages end depends on it.
const ROWS_AT_ONCE: usize = 8192;

/// Rows of a row group: what is skipped or read as one.
const ROW_GROUP: usize = 1 << 17;

/// A file that knows its checksum.
struct Hashed {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let written = self.file.write(part)?;
        self.hash.update(&part[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes the rows of a table, on a map or on every map alike, below a folder that has its map's folder already.
pub(super) async fn store(
    folder: &Path,
    table: &str,
    map: Option<&str>,
    mut rows: SendableRecordBatchStream,
) -> Result<StoredTable, QueryError> {
    let mut stored =
        StoredTable { table: table.to_owned(), map: map.map(str::to_owned), rows: 0, bytes: 0, sha256: String::new() };
    let columns = as_filed(&rows.schema());
    let file = File::create(folder.join(stored.file())).map_err(QueryError::internal)?;
    let hashed = Hashed { file, hash: Sha256::new(), bytes: 0 };
    let properties = properties().map_err(QueryError::internal)?;
    let mut writer = ArrowWriter::try_new(hashed, columns.clone(), Some(properties)).map_err(QueryError::internal)?;
    let mut even = BatchCoalescer::new(columns.clone(), ROWS_AT_ONCE);
    while let Some(batch) = rows.try_next().await? {
        stored.rows += batch.num_rows() as u64;
        even.push_batch(filed(&batch, &columns)?).map_err(QueryError::internal)?;
        while let Some(batch) = even.next_completed_batch() {
            writer.write(&batch).map_err(QueryError::internal)?;
        }
    }
    even.finish_buffered_batch().map_err(QueryError::internal)?;
    while let Some(batch) = even.next_completed_batch() {
        writer.write(&batch).map_err(QueryError::internal)?;
    }
    let Hashed { file, hash, bytes } = writer.into_inner().map_err(QueryError::internal)?;
    file.sync_all().map_err(QueryError::internal)?;
    Ok(StoredTable { bytes, sha256: hex(&hash.finalize()), ..stored })
}

/// A batch with columns of types that a file has.
fn filed(batch: &RecordBatch, columns: &SchemaRef) -> Result<RecordBatch, QueryError> {
    let values = batch.columns().iter().zip(columns.fields()).map(|(column, field)| cast(column, field.data_type()));
    let values = values.collect::<Result<_, _>>().map_err(QueryError::internal)?;
    RecordBatch::try_new(columns.clone(), values).map_err(QueryError::internal)
}

fn properties() -> Result<WriterProperties, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by(concat!("lantoa ", env!("CARGO_PKG_VERSION")).to_owned());
    Ok(properties.build())
}
