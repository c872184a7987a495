//! The tables. The only module that uses deltalake.
//!
//! In: record batches and the next offsets that they reach. Out: one Delta commit that has both, or the answer that
//! somebody else committed first. Guarantee: a commit is a compare-and-swap on the table's version; what it names is on
//! the disk before it is named.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::prelude::{DataFrame, Expr, SessionContext, col, lit};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, StructType, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use futures::TryStreamExt;
use lantoa_schemas::projection::BUCKET;
use lantoa_schemas::table::{LOG_CLUSTER, LOG_GENERATION, LOG_OFFSET, LOG_PARTITION};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use uuid::Uuid;

use crate::config::FaultPoint;
use crate::position::{LogLife, NextOffset, StreamPartition};
use crate::seen::{IdHash, hash};
use crate::start_check::LastRow;

mod replace;

pub(crate) use replace::{ReplaceError, made, rests_on};

/// Commits between two checkpoints.
const CHECKPOINT_INTERVAL: &str = "50";

/// Log entries older than this can go; nothing relies on old versions.
const LOG_RETENTION: &str = "interval 1 days";

/// Columns whose smallest and largest value each file names: what queries and look-ups filter on.
const STATISTICS: &[&str] = &["recorded", "received", "area_code", LOG_PARTITION, LOG_OFFSET];

/// Name under which a commit carries its mark.
const COMMIT_MARK: &str = "lantoa.commit";

/// Commits between two looks for old log entries.
const CLEANUP_INTERVAL: u64 = 100;

/// Which of them looks: not one that writes a checkpoint, which has to be durable before what it replaces goes.
const CLEANUP_AT: u64 = 25;

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The storage or the table's log failed.
    #[error("table {table}: {source}")]
    Table {
        /// Name of the table.
        table: String,
        /// What deltalake said.
        source: Box<DeltaTableError>,
    },
    /// A scan failed.
    #[error("table {table} cannot be read: {source}")]
    Scan {
        /// Name of the table.
        table: String,
        /// What DataFusion said.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// The disk did not take it.
    #[error("{path} cannot be made durable: {source}")]
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A commit failed, and its log entry cannot be read to learn whether it landed.
    #[error(
        "table {table}: it is not known whether version {version} landed ({source}). Start again once the storage answers: nothing is lost or doubled"
    )]
    Unknown {
        /// Name of the table.
        table: String,
        /// The version aimed at.
        version: u64,
        /// What deltalake said of the commit.
        source: Box<DeltaTableError>,
    },
    /// A commit landed, but the storage failed right after it.
    #[error(
        "table {table}: version {version} landed, but the storage failed then ({source}). Start again once it answers: nothing is lost or doubled"
    )]
    Unsettled {
        /// Name of the table.
        table: String,
        /// The version that landed.
        version: u64,
        /// What failed.
        source: Box<CommitError>,
    },
    /// The columns do not fit; a fault of ours.
    #[error("rows do not fit the table {table}: {source}")]
    Columns {
        /// Name of the table.
        table: String,
        /// What Arrow said.
        source: arrow::error::ArrowError,
    },
}

impl CommitError {
    /// Whether the storage may take it when it is tried again, with nothing landed so far.
    pub(crate) fn can_be_tried_again(&self) -> bool {
        matches!(self, Self::Table { .. } | Self::Scan { .. } | Self::Sync { .. })
    }
}

/// What a table takes on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Footprint {
    /// Its data files.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// It is in the table.
    Landed,
    /// Somebody else committed first; nothing of it is in the table.
    Lost,
}

/// One table of the projector.
pub(crate) struct StreamTable {
    name: String,
    folder: PathBuf,
    id_column: &'static str,
    table: DeltaTable,
}

impl StreamTable {
    /// Opens the table, or creates it; one that has buckets is divided by them.
    pub async fn open(
        tables: &Path,
        name: &str,
        schema: SchemaRef,
        id_column: &'static str,
    ) -> Result<Self, CommitError> {
        let folder = tables.join(name);
        let fault = |source: DeltaTableError| CommitError::Table { table: name.to_owned(), source: Box::new(source) };
        std::fs::create_dir_all(&folder).map_err(|source| CommitError::Sync { path: folder.clone(), source })?;
        let uri = ensure_table_uri(folder.to_string_lossy()).map_err(fault)?;
        let mut table = DeltaTableBuilder::from_url(uri).and_then(DeltaTableBuilder::build).map_err(fault)?;
        if folder.join("_delta_log").exists() {
            table.load().await.map_err(fault)?;
        } else {
            let columns: StructType = schema
                .as_ref()
                .try_into_kernel()
                .map_err(|source| CommitError::Columns { table: name.to_owned(), source })?;
            let statistics: Vec<&str> =
                STATISTICS.iter().copied().filter(|column| schema.field_with_name(column).is_ok()).collect();
            let create = table
                .clone()
                .create()
                .with_table_name(name)
                .with_columns(columns.fields().cloned())
                .with_partition_columns(schema.field_with_name(BUCKET).is_ok().then_some(BUCKET))
                .with_save_mode(SaveMode::Ignore)
                .with_configuration([
                    ("delta.checkpointInterval", Some(CHECKPOINT_INTERVAL.to_owned())),
                    ("delta.logRetentionDuration", Some(LOG_RETENTION.to_owned())),
                    ("delta.dataSkippingStatsColumns", Some(statistics.join(","))),
                ])
                .await;
            // Another projector may have created it in the same moment; then it is there now.
            table.load().await.map_err(|source| fault(create.err().unwrap_or(source)))?;
        }
        let opened = Self { name: name.to_owned(), folder, id_column, table };
        opened.sync_log().await?;
        sync(vec![opened.folder.clone(), tables.to_owned()]).await?;
        Ok(opened)
    }

    /// Opens a table that is there.
    pub async fn open_existing(tables: &Path, name: &str, id_column: &'static str) -> Result<Self, CommitError> {
        let folder = tables.join(name);
        let fault = |source: DeltaTableError| CommitError::Table { table: name.to_owned(), source: Box::new(source) };
        let uri = ensure_table_uri(folder.to_string_lossy()).map_err(fault)?;
        let mut table = DeltaTableBuilder::from_url(uri).and_then(DeltaTableBuilder::build).map_err(fault)?;
        table.load().await.map_err(fault)?;
        Ok(Self { name: name.to_owned(), folder, id_column, table })
    }

    /// Takes in what others have committed.
    pub async fn reload(&mut self) -> Result<(), CommitError> {
        self.table.update_state().await.map_err(|source| self.fault(source))
    }

    /// The next offset that a transaction entry holds.
    pub async fn stored(&self, app_id: &str) -> Result<Option<NextOffset>, CommitError> {
        let snapshot = self.table.snapshot().map_err(|source| self.fault(source))?;
        let version = snapshot.transaction_version(self.table.log_store().as_ref(), app_id).await;
        Ok(version.map_err(|source| self.fault(source))?.map(NextOffset))
    }

    /// The last row that came from a partition before an offset.
    pub async fn last_row(
        &self,
        life: &LogLife,
        at: StreamPartition,
        below: NextOffset,
    ) -> Result<Option<LastRow>, CommitError> {
        let rows = self
            .scan(&[LOG_OFFSET, self.id_column], from_log(life, at).and(col(LOG_OFFSET).lt(lit(below.0))))
            .await
            .and_then(|frame| frame.sort(vec![col(LOG_OFFSET).sort(false, false)])?.limit(0, Some(1)));
        let batches = self.collect(rows).await?;
        let row = batches.iter().find(|batch| batch.num_rows() > 0);
        Ok(row.map(|row| LastRow {
            offset: row.column(0).as_primitive::<Int64Type>().value(0),
            id: text(row, 1, 0).unwrap_or_default(),
        }))
    }

    /// Offsets in `from..to` of a partition that have a row.
    pub async fn offsets(
        &self,
        life: &LogLife,
        at: StreamPartition,
        from: i64,
        to: i64,
    ) -> Result<HashSet<i64>, CommitError> {
        let range = col(LOG_OFFSET).gt_eq(lit(from)).and(col(LOG_OFFSET).lt(lit(to)));
        let batches = self.collect(self.scan(&[LOG_OFFSET], from_log(life, at).and(range)).await).await?;
        Ok(batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
    }

    /// Hands every id of the table to `take`, in bounded memory.
    pub async fn each_id(&self, mut take: impl FnMut(IdHash)) -> Result<(), CommitError> {
        let frame = self.scan(&[self.id_column], lit(true)).await.map_err(|source| self.unread(source))?;
        let mut stream = frame.execute_stream().await.map_err(|source| self.unread(source))?;
        while let Some(batch) = stream.try_next().await.map_err(|source| self.unread(source))? {
            for row in 0..batch.num_rows() {
                if let Some(id) = text(&batch, 0, row) {
                    take(hash(&id));
                }
            }
        }
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        let snapshot = self.table.snapshot().ok();
        snapshot.map_or(0, |s| s.log_data().iter().filter_map(|file| file.num_records()).sum())
    }

    /// The data files of the version that was last looked at, and their bytes.
    pub fn footprint(&self) -> Footprint {
        let Ok(snapshot) = self.table.snapshot() else { return Footprint::default() };
        let sizes = snapshot.log_data().iter().map(|file| file.size());
        sizes.fold(Footprint::default(), |so_far, size| Footprint {
            files: so_far.files + 1,
            bytes: so_far.bytes + size,
        })
    }

    /// Commits rows and transaction entries together, if nobody has committed since the table was last looked at.
    pub async fn append(
        &mut self,
        rows: &[RecordBatch],
        entries: &BTreeMap<String, i64>,
        fault: Option<FaultPoint>,
    ) -> Result<Commit, CommitError> {
        let actions = self.write(rows).await?;
        FaultPoint::BeforeCommit.strike(fault);
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        self.land(actions, entries, operation).await
    }

    /// Commits actions and transaction entries together as the very next version, or not at all. Files that they name
    /// have to be durable.
    async fn land(
        &mut self,
        actions: Vec<Action>,
        entries: &BTreeMap<String, i64>,
        operation: DeltaOperation,
    ) -> Result<Commit, CommitError> {
        let version = self.table.version().unwrap_or_default();
        let transactions = entries.iter().map(|(app_id, at)| Transaction::new(app_id, *at)).collect();
        let mark = Uuid::new_v4().to_string();
        let properties = CommitProperties::default()
            .with_metadata([(COMMIT_MARK.to_owned(), mark.clone().into())])
            .with_application_transactions(transactions)
            .with_max_retries(0)
            .with_cleanup_expired_logs(Some((version + 1) % CLEANUP_INTERVAL == CLEANUP_AT));
        let snapshot = self.table.snapshot().map_err(|source| self.fault(source))?;
        let committed = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(snapshot), self.table.log_store(), operation)
            .await;
        let settled = match committed {
            Ok(committed) => {
                self.table.state = Some(committed.snapshot());
                Ok(())
            }
            Err(error) => {
                if self.did_it_land(version + 1, &mark, error).await? == Commit::Lost {
                    self.reload().await?;
                    return Ok(Commit::Lost);
                }
                // No further than our own version: what others did after it has to be seen by losing to them.
                self.table.update_incremental(Some(version + 1)).await.map_err(|source| self.fault(source))
            }
        };
        let settled = match settled {
            Ok(()) => self.sync_log().await,
            unsettled => unsettled,
        };
        settled.map(|()| Commit::Landed).map_err(|source| CommitError::Unsettled {
            table: self.name.clone(),
            version: version + 1,
            source: Box::new(source),
        })
    }

    /// After an error: a commit can only have landed as the version that it aimed at, and then carries its mark.
    async fn did_it_land(&self, version: u64, mark: &str, error: DeltaTableError) -> Result<Commit, CommitError> {
        let entry = self.table.log_store().read_commit_entry(version).await;
        let found = match entry {
            Ok(found) => found,
            Err(unreadable) => {
                tracing::error!(table = self.name, %unreadable, "cannot tell whether the last commit landed");
                return Err(CommitError::Unknown { table: self.name.clone(), version, source: Box::new(error) });
            }
        };
        match found {
            Some(entry) if entry.windows(mark.len()).any(|window| window == mark.as_bytes()) => Ok(Commit::Landed),
            Some(_) => Ok(Commit::Lost),
            None => Err(self.fault(error)),
        }
    }

    /// Writes rows to files that no commit names yet, and makes them durable.
    async fn write(&self, rows: &[RecordBatch]) -> Result<Vec<Action>, CommitError> {
        if rows.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(Vec::new());
        }
        let mut writer = RecordBatchWriter::for_table(&self.table)
            .map_err(|source| self.fault(source))?
            .with_writer_properties(writer_properties(self.id_column));
        for batch in rows.iter().filter(|batch| batch.num_rows() > 0) {
            writer.write(batch.clone()).await.map_err(|source| self.fault(source))?;
        }
        self.finish(writer).await
    }

    /// Closes the files of a writer and makes them durable.
    async fn finish(&self, mut writer: RecordBatchWriter) -> Result<Vec<Action>, CommitError> {
        let files = writer.flush().await.map_err(|source| self.fault(source))?;
        let mut paths: Vec<PathBuf> = files.iter().map(|file| self.folder.join(&file.path)).collect();
        paths.push(self.folder.clone());
        sync(paths).await?;
        Ok(files.into_iter().map(Action::Add).collect())
    }

    async fn sync_log(&self) -> Result<(), CommitError> {
        let log = self.folder.join("_delta_log");
        let version = self.table.version().unwrap_or_default();
        let names =
            [format!("{version:020}.json"), format!("{version:020}.checkpoint.parquet"), "_last_checkpoint".to_owned()];
        let mut paths: Vec<PathBuf> = names.iter().map(|name| log.join(name)).filter(|path| path.exists()).collect();
        paths.push(log);
        sync(paths).await
    }

    async fn scan(&self, columns: &[&str], filter: Expr) -> datafusion::error::Result<DataFrame> {
        let context = SessionContext::new();
        let provider = self.table.table_provider().with_session(Arc::new(context.state())).await?;
        context.read_table(provider)?.filter(filter)?.select_columns(columns)
    }

    async fn collect(&self, frame: datafusion::error::Result<DataFrame>) -> Result<Vec<RecordBatch>, CommitError> {
        let frame = frame.map_err(|source| self.unread(source))?;
        frame.collect().await.map_err(|source| self.unread(source))
    }

    fn fault(&self, source: DeltaTableError) -> CommitError {
        CommitError::Table { table: self.name.clone(), source: Box::new(source) }
    }

    fn unread(&self, source: datafusion::error::DataFusionError) -> CommitError {
        CommitError::Scan { table: self.name.clone(), source: Box::new(source) }
    }
}

fn from_log(life: &LogLife, at: StreamPartition) -> Expr {
    col(LOG_CLUSTER)
        .eq(lit(life.cluster.to_string()))
        .and(col(LOG_GENERATION).eq(lit(life.generation)))
        .and(col(LOG_PARTITION).eq(lit(at.partition)))
}

/// Text of a cell, whichever of Arrow's string types the reader chose.
fn text(batch: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let column = batch.column(column);
    match column.as_string_view_opt() {
        Some(texts) => Some(texts.value(row).to_owned()),
        None => column.as_string_opt::<i32>().map(|texts| texts.value(row).to_owned()),
    }
}

fn writer_properties(id_column: &str) -> WriterProperties {
    let id = || ColumnPath::from(id_column);
    let offset = || ColumnPath::from(LOG_OFFSET);
    let recorded = || ColumnPath::from("recorded");
    let level = ZstdLevel::try_new(1).expect("zstd has a level 1");
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_column_dictionary_enabled(id(), false)
        .set_column_encoding(id(), Encoding::DELTA_BYTE_ARRAY)
        .set_column_dictionary_enabled(offset(), false)
        .set_column_encoding(offset(), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(recorded(), false)
        .set_column_encoding(recorded(), Encoding::DELTA_BINARY_PACKED)
        .build()
}

/// Makes files and folders durable, in order.
async fn sync(paths: Vec<PathBuf>) -> Result<(), CommitError> {
    let all = move || {
        for path in paths {
            std::fs::File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|source| CommitError::Sync { path, source })?;
        }
        Ok(())
    };
    match tokio::task::spawn_blocking(all).await {
        Ok(done) => done,
        Err(stopped) => {
            Err(CommitError::Sync { path: PathBuf::new(), source: std::io::Error::other(stopped.to_string()) })
        }
    }
}

#[cfg(test)]
mod tests;
