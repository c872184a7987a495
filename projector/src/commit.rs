//! The tables. The only module that uses deltalake, with what lies below it: `layout` (how files are written), `durable`
//! (when they are on the disk), `columns` (those that a later release has), `ids` and `lookup` (which ids a table holds),
//! `compact` (few large files of many small ones), `vacuum` (files that nobody needs).
//!
//! In: record batches and the next offsets that they reach. Out: one Delta commit that has both, or the answer that
//! somebody else committed first. Guarantee: a commit is a compare-and-swap on the table's version; what it names is on
//! the disk before it is named.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, Expr, SessionContext, col, lit};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, MetadataExt, StructType, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use lantoa_schemas::projection::BUCKET;
use lantoa_schemas::table::{LOG_CLUSTER, LOG_GENERATION, LOG_OFFSET, LOG_PARTITION};
use uuid::Uuid;

use crate::config::{FaultPoint, Maintenance};
use crate::faults::StorageFaults;
use crate::position::{LogLife, NextOffset, StreamPartition};
use crate::start_check::LastRow;

mod columns;
mod compact;
mod durable;
mod fault;
mod faulty_store;
mod ids;
mod layout;
mod lookup;
mod replace;
mod vacuum;

pub(crate) use compact::DataFile;
use durable::sync;
pub use fault::CommitError;
use faulty_store::{FaultyStore, Spoiler};
use ids::text;
pub(crate) use replace::{ReplaceError, made, rests_on};

/// Commits between two checkpoints.
const CHECKPOINT_INTERVAL: &str = "50";

/// A commit that takes longer than this was held up, and others may have gone on and cleaned the log meanwhile. Shorter
/// than any time for which the log is kept.
const HELD_UP: Duration = Duration::from_secs(600);

/// Property of a table under which its oldest transaction entries vanish.
const FORGETS: &str = "delta.setTransactionRetentionDuration";

/// Name under which a commit carries its mark.
const COMMIT_MARK: &str = "lantoa.commit";

/// Commits between two looks for old log entries.
const CLEANUP_INTERVAL: u64 = 100;

/// Which of them looks: not one that writes a checkpoint, which has to be durable before what it replaces goes.
const CLEANUP_AT: u64 = 25;

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
    /// The contract's columns; `None` where it has no say in them.
    columns: Option<StructType>,
    table: DeltaTable,
    /// Makes storage calls fail, in tests alone.
    spoiler: Option<Arc<Spoiler>>,
}

impl StreamTable {
    /// Opens the table, or creates it; one that has buckets is divided by them. A table of an earlier release gets the
    /// columns that it lacks, but a table with buckets: its columns are those of the rules that made it.
    pub async fn open(
        tables: &Path,
        name: &str,
        schema: SchemaRef,
        id_column: &'static str,
    ) -> Result<Self, CommitError> {
        Self::open_on(tables, name, schema, id_column, None).await
    }

    /// The same, on a storage that fails where a test asks for it.
    pub async fn open_on(
        tables: &Path,
        name: &str,
        schema: SchemaRef,
        id_column: &'static str,
        faults: Option<StorageFaults>,
    ) -> Result<Self, CommitError> {
        let folder = tables.join(name);
        let fault = |source: DeltaTableError| CommitError::Table { table: name.to_owned(), source: Box::new(source) };
        std::fs::create_dir_all(&folder).map_err(|source| CommitError::Sync { path: folder.clone(), source })?;
        let uri = ensure_table_uri(folder.to_string_lossy()).map_err(fault)?;
        let spoiler = faults.map(|faults| Arc::new(Spoiler::new(faults, name)));
        let mut builder = DeltaTableBuilder::from_url(uri.clone()).map_err(fault)?;
        if let Some(spoiler) = &spoiler {
            builder = builder.with_storage_backend(Arc::new(FaultyStore::new(Arc::clone(spoiler))), uri);
        }
        let mut table = builder.build().map_err(fault)?;
        let columns: StructType = schema
            .as_ref()
            .try_into_kernel()
            .map_err(|source| CommitError::Columns { table: name.to_owned(), source })?;
        let divided = schema.field_with_name(BUCKET).is_ok();
        if has_entries(&folder.join("_delta_log")) {
            table.load().await.map_err(fault)?;
        } else {
            let statistics: Vec<&str> =
                layout::STATISTICS.iter().copied().filter(|column| schema.field_with_name(column).is_ok()).collect();
            let properties = [
                ("delta.checkpointInterval".to_owned(), Some(CHECKPOINT_INTERVAL.to_owned())),
                ("delta.dataSkippingStatsColumns".to_owned(), Some(statistics.join(","))),
            ];
            let kept =
                log_properties(Maintenance::default().log_kept()).into_iter().map(|(key, value)| (key, Some(value)));
            let create = table
                .clone()
                .create()
                .with_table_name(name)
                .with_columns(columns.fields().cloned())
                .with_partition_columns(divided.then_some(BUCKET))
                .with_save_mode(SaveMode::Ignore)
                .with_configuration(properties.into_iter().chain(kept))
                .await;
            // Another projector may have created it in the same moment; then it is there now.
            table.load().await.map_err(|source| fault(create.err().unwrap_or(source)))?;
        }
        let columns = (!divided).then_some(columns);
        let mut opened = Self { name: name.to_owned(), folder, id_column, columns, table, spoiler };
        if opened.table.snapshot().map_err(fault)?.metadata().configuration().contains_key(FORGETS) {
            return Err(CommitError::Forgets { table: name.to_owned() });
        }
        opened.add_columns().await?;
        opened.sync_log().await?;
        sync(vec![opened.folder.clone(), tables.to_owned()]).await?;
        Ok(opened)
    }

    /// Whether a table is there, its log begun.
    pub fn is_there(tables: &Path, name: &str) -> bool {
        has_entries(&tables.join(name).join("_delta_log"))
    }

    /// Opens a table that is there.
    pub async fn open_existing(tables: &Path, name: &str, id_column: &'static str) -> Result<Self, CommitError> {
        let folder = tables.join(name);
        let fault = |source: DeltaTableError| CommitError::Table { table: name.to_owned(), source: Box::new(source) };
        let uri = ensure_table_uri(folder.to_string_lossy()).map_err(fault)?;
        let mut table = DeltaTableBuilder::from_url(uri).and_then(DeltaTableBuilder::build).map_err(fault)?;
        table.load().await.map_err(fault)?;
        Ok(Self { name: name.to_owned(), folder, id_column, columns: None, table, spoiler: None })
    }

    /// Takes in what others have committed.
    pub async fn reload(&mut self) -> Result<(), CommitError> {
        if let Err(source) = self.table.update_state().await {
            // The log in between may have been cleaned away: then only the newest checkpoint leads on.
            let mut anew = self.table.clone();
            anew.state = None;
            anew.load().await.map_err(|_| self.fault(source))?;
            self.table = anew;
        }
        self.check_columns()
    }

    /// Sees to it that log entries and the names of removed files are kept for this long and no longer.
    pub async fn keep_log_for(&mut self, log: Duration) -> Result<(), CommitError> {
        loop {
            let now = self.table.snapshot().map_err(|source| self.fault(source))?.metadata().clone();
            let mut wanted = now.clone();
            let mut properties = HashMap::new();
            for (key, value) in log_properties(log) {
                if now.configuration().get(&key) != Some(&value) {
                    wanted = wanted
                        .add_config_key(key.clone(), value.clone())
                        .map_err(|source| self.fault(source.into()))?;
                    properties.insert(key, value);
                }
            }
            if properties.is_empty() {
                return Ok(());
            }
            let operation = DeltaOperation::SetTableProperties { properties };
            if self.commit(vec![Action::Metadata(wanted)], &BTreeMap::new(), operation).await? == Commit::Landed {
                return Ok(());
            }
        }
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

    /// The version that the table is looked at in.
    pub fn version(&self) -> u64 {
        self.table.version().unwrap_or_default()
    }

    /// Name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        let snapshot = self.table.snapshot().ok();
        snapshot.map_or(0, |s| s.log_data().iter().filter_map(|file| file.num_records()).sum())
    }

    /// The data files of the version that was last looked at, and their bytes.
    pub fn footprint(&self) -> Footprint {
        let Ok(snapshot) = self.table.snapshot() else { return Footprint::default() };
        let files = snapshot.log_data();
        files.iter().map(|file| file.size()).fold(Footprint::default(), |so_far, size| Footprint {
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
        self.commit(actions, entries, operation).await
    }

    /// Commits as exactly the version after the one looked at, or not at all.
    async fn commit(
        &mut self,
        actions: Vec<Action>,
        entries: &BTreeMap<String, i64>,
        operation: DeltaOperation,
    ) -> Result<Commit, CommitError> {
        let begun = Instant::now();
        let version = self.version();
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
        let settled = match settled {
            Ok(()) if begun.elapsed() >= HELD_UP => self.look_for(entries).await,
            settled => settled.map(|()| Commit::Landed),
        };
        settled.map_err(|source| CommitError::Unsettled {
            table: self.name.clone(),
            version: version + 1,
            source: Box::new(source),
        })
    }

    /// After a commit that was held up, by a pause of the process for instance: others may have gone on past its
    /// version and cleaned the log away behind them, so that its entry came to lie where nobody looks any more.
    async fn look_for(&mut self, entries: &BTreeMap<String, i64>) -> Result<Commit, CommitError> {
        self.table.state = None;
        self.reload().await?;
        for (app_id, at) in entries {
            if self.stored(app_id).await?.is_none_or(|stored| stored.0 < *at) {
                return Ok(Commit::Lost);
            }
        }
        Ok(Commit::Landed)
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
        self.spoil_sync()?;
        let mut writer = RecordBatchWriter::for_table(&self.table)
            .map_err(|source| self.fault(source))?
            .with_writer_properties(layout::fresh(self.id_column));
        for batch in rows.iter().filter(|batch| batch.num_rows() > 0) {
            writer.write(batch.clone()).await.map_err(|source| self.fault(source))?;
        }
        self.finish(writer).await
    }

    /// Closes the files of a writer and makes them durable.
    async fn finish(&self, mut writer: RecordBatchWriter) -> Result<Vec<Action>, CommitError> {
        let files = writer.flush().await.map_err(|source| self.fault(source))?;
        self.sync_files(&files).await?;
        Ok(files.into_iter().map(Action::Add).collect())
    }

    async fn scan(&self, columns: &[&str], filter: Expr) -> datafusion::error::Result<DataFrame> {
        let context = SessionContext::new();
        self.scan_files(&context, None).await?.filter(filter)?.select_columns(columns)
    }

    /// All rows of some files of the version looked at, or of all. A column that a file lacks reads as null.
    async fn scan_files(
        &self,
        context: &SessionContext,
        files: Option<Vec<String>>,
    ) -> datafusion::error::Result<DataFrame> {
        let mut provider = self.table.table_provider().with_session(Arc::new(context.state()));
        if let Some(files) = files {
            provider = provider.with_file_paths(files);
        }
        context.read_table(provider.await?)
    }

    async fn collect(&self, frame: datafusion::error::Result<DataFrame>) -> Result<Vec<RecordBatch>, CommitError> {
        let frame = frame.map_err(|source| self.unread(source))?;
        frame.collect().await.map_err(|source| self.unread(source))
    }

    fn fault(&self, source: DeltaTableError) -> CommitError {
        CommitError::Table { table: self.name.clone(), source: Box::new(source) }
    }

    fn unread(&self, source: DataFusionError) -> CommitError {
        CommitError::Scan { table: self.name.clone(), source: Box::new(source) }
    }
}

/// Whether a table's log has begun. The folder alone says nothing: whoever made it may have died before the first entry,
/// or the disk was full, or is making it just now.
fn has_entries(log: &Path) -> bool {
    let begun = |name: &str| name.ends_with(".json") || name.ends_with(".checkpoint.parquet");
    let names = std::fs::read_dir(log).into_iter().flatten();
    names.filter_map(Result::ok).any(|entry| begun(&entry.file_name().to_string_lossy()))
}

fn from_log(life: &LogLife, at: StreamPartition) -> Expr {
    col(LOG_CLUSTER)
        .eq(lit(life.cluster.to_string()))
        .and(col(LOG_GENERATION).eq(lit(life.generation)))
        .and(col(LOG_PARTITION).eq(lit(at.partition)))
}

/// For how long log entries are kept, and the names of removed files in checkpoints. Vacuum does not go by those names
/// but by when a file was last touched, so they need not stay for as long as the files do: under the default settings
/// they are 7,200 an hour, and each checkpoint writes them all.
fn log_properties(log: Duration) -> [(String, String); 2] {
    let interval = format!("interval {} seconds", log.as_secs());
    [
        ("delta.logRetentionDuration".to_owned(), interval.clone()),
        ("delta.deletedFileRetentionDuration".to_owned(), interval),
    ]
}

#[cfg(test)]
mod tests;
