//! The ledgers that benches of views stand on: those of the synthetic nation.
//!
//! In: which nation, and a folder. Out: the tables, written by the writer that the projector's commits use, in few
//! large files as after compaction, but not sorted. A table that is there and empty keeps its properties. Guarantee:
//! the same events for the same plan.

use std::path::Path;

use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, ensure_table_uri};
use lantoa_schemas::stream::Family;
use lantoa_schemas::table::stream_table;
use lantoa_schemas::vocabulary::Vocabulary;
use lantoa_tests::nation::{Nation, Plan};

/// Rows that are committed together.
const COMMIT_ROWS: usize = 1_000_000;

/// Writes the ledgers of a nation below a folder; gives the rows that it wrote.
pub async fn write(plan: Plan, folder: &Path) -> usize {
    let nation = Nation::new(plan);
    let mut written = 0;
    for family in Family::ALL {
        let stream = family.stream();
        let table = folder.join("tables").join(stream.table());
        std::fs::create_dir_all(&table).expect("a folder of its own");
        let url = ensure_table_uri(table.to_str().expect("the folder's name is text")).expect("a URL");
        let mut delta = DeltaTable::try_from_url(url).await.expect("a table");
        if delta.version().is_none() {
            let columns: StructType = stream_table(stream).as_ref().try_into_kernel().expect("the columns fit Delta");
            delta = delta.create().with_columns(columns.fields().cloned()).await.expect("a table");
        }
        let mut writer = RecordBatchWriter::for_table(&delta).expect("a writer");
        let mut waiting = 0;
        for batch in nation.batches(*family) {
            waiting += batch.num_rows();
            written += batch.num_rows();
            writer.write(batch).await.expect("rows are written");
            if waiting >= COMMIT_ROWS {
                writer.flush_and_commit(&mut delta).await.expect("rows are committed");
                waiting = 0;
            }
        }
        if waiting > 0 {
            writer.flush_and_commit(&mut delta).await.expect("rows are committed");
        }
    }
    written
}
