//! Single commits to a ledger, by the writer that the projector's commits use.
//!
//! In: a data folder, rows. Out: one more version of a ledger. Guarantee: each event that [`one_more`] adds is another one and
//! comes after all others of the log.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, ensure_table_uri};
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::table::LOG_OFFSET;
use lantoa_tests::nation::{Nation, Plan};

/// An offset that no ledger of a bench reaches.
const BEYOND: u64 = 1 << 40;

async fn open(folder: &Path, stream: Stream) -> DeltaTable {
    let table = folder.join("tables").join(stream.table());
    std::fs::create_dir_all(&table).expect("a folder of its own");
    let url = ensure_table_uri(table.to_str().expect("the folder's name is text")).expect("a URL");
    DeltaTable::try_from_url(url).await.expect("a table")
}

/// Commits rows to a ledger, which need not be there yet.
pub async fn commit(folder: &Path, stream: Stream, rows: RecordBatch) {
    let mut delta = open(folder, stream).await;
    if delta.version().is_none() {
        let columns: StructType = rows.schema().as_ref().try_into_kernel().expect("the columns fit Delta");
        delta = delta.create().with_columns(columns.fields().cloned()).await.expect("a table");
    }
    let mut writer = RecordBatchWriter::for_table(&delta).expect("a writer");
    writer.write(rows).await.expect("rows are written");
    writer.flush_and_commit(&mut delta).await.expect("rows are committed");
}

/// Commits one more statement.
pub async fn one_more(folder: &Path) {
    let stream = Family::Statement.stream();
    let version = open(folder, stream).await.version().unwrap_or_default();
    let nation = Nation::new(Plan::small());
    let row = nation.batches(Family::Statement).next().expect("the nation states something").slice(0, 1);
    let offset = i64::try_from(BEYOND + version).expect("an offset");
    let id: ArrayRef = Arc::new(StringArray::from(vec![format!("one-more-{version}")]));
    let offset: ArrayRef = Arc::new(Int64Array::from(vec![offset]));
    let schema = row.schema();
    let columns = schema.fields().iter().zip(row.columns()).map(|(field, column)| match field.name().as_str() {
        "event_id" => Arc::clone(&id),
        LOG_OFFSET => Arc::clone(&offset),
        _ => Arc::clone(column),
    });
    let row = RecordBatch::try_new(Arc::clone(&schema), columns.collect()).expect("the columns are the ledger's");
    commit(folder, stream, row).await;
}
