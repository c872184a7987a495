//! The tables that the projector writes, as a query sees them. The only module that knows Delta Lake.
//!
//! In: the folder of tables. Out: a snapshot of a table as of now, and what `status` says of it. Guarantee: nothing is
//! written; a table that is not there yet is empty and has the contract's columns.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::session_state::SessionState;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use lantoa_schemas::projection::{self, LogPart, Projection};
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::table::{outcome_table, stream_table};
use tokio::sync::Mutex;
use url::Url;

mod sound;

use sound::Sound;

use crate::catalog::kept::TouchedBefore;
use crate::catalog::looked::Looked;
use crate::session::Engine;

/// A table cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    /// The folder's path is no path of this machine.
    #[error("the table folder {0} has no absolute path")]
    Folder(PathBuf),
    /// The table's log or files cannot be read.
    #[error("table {table} cannot be read: {source}")]
    Read {
        /// Its name.
        table: &'static str,
        /// What went wrong.
        source: Box<DeltaTableError>,
    },
    /// The table does not fit the query engine.
    #[error("table {table} cannot be queried: {source}")]
    Provide {
        /// Its name.
        table: &'static str,
        /// What went wrong.
        source: Box<datafusion::error::DataFusionError>,
    },
}

/// One version of one table.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// Rows and columns of that version.
    pub(crate) provider: Arc<dyn TableProvider>,
    /// Columns that the contract gives the table.
    pub(crate) columns: SchemaRef,
    /// Version; `None` where the table is not there yet.
    pub(crate) version: Option<u64>,
    /// Rows of that version.
    pub(crate) rows: u64,
    /// Files of that version.
    pub(crate) files: u64,
    /// What is known of its rows, once somebody has asked.
    pub(crate) looked: Arc<Looked>,
    delta: Option<DeltaTable>,
}

impl Snapshot {
    /// How far a projection rests on a part of the log; `None` where on none of it, or where it was never finished.
    pub(crate) async fn rests_on(&self, part: &LogPart) -> Result<Option<i64>, TableError> {
        let Some(delta) = &self.delta else { return Ok(None) };
        let unreadable = |source| TableError::Read { table: "of a projection", source: Box::new(source) };
        let state = delta.snapshot().map_err(unreadable)?;
        state.transaction_version(delta.log_store().as_ref(), part).await.map_err(unreadable)
    }
}

/// All tables of a folder.
#[derive(Debug)]
pub(crate) struct Tables {
    folder: PathBuf,
    tables: HashMap<&'static str, Table>,
    /// The projections that were asked for, by view, each as the folder of its present generation.
    projections: Mutex<HashMap<&'static str, Arc<Table>>>,
    /// Which buckets of projections changed from when to when, as far as it has been asked lately.
    pub(crate) touched: TouchedBefore,
}

#[derive(Debug)]
struct Table {
    name: &'static str,
    columns: SchemaRef,
    folder: PathBuf,
    latest: Mutex<Option<(DeltaTable, Snapshot)>>,
}

/// A table at its newest version.
enum Newest {
    /// The one that was there, brought up.
    Same(DeltaTable),
    /// One that was opened anew: what was known of the rows before is not said of it.
    Opened(DeltaTable),
}

impl Tables {
    /// Tables of a folder, which need not exist yet. Nothing is read before the first snapshot.
    pub(crate) fn of(folder: &Path) -> Result<Self, TableError> {
        let folder = std::path::absolute(folder).map_err(|_| TableError::Folder(folder.to_owned()))?;
        let streams = Stream::ALL.iter().map(|stream| (stream.table(), stream_table(*stream)));
        let tables = streams.chain([(OUTCOME_TABLE, outcome_table())]).map(|(name, columns)| {
            (name, Table { name, columns, folder: folder.join(name), latest: Mutex::new(None) })
        });
        let tables = tables.collect();
        Ok(Self { folder, tables, projections: Mutex::default(), touched: TouchedBefore::default() })
    }

    /// Names of all tables, in the order of their letters.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.tables.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// The newest version of a table; `None` for a name that no table has.
    pub(crate) async fn snapshot(&self, name: &str, state: &SessionState) -> Option<Result<Snapshot, TableError>> {
        let table = self.tables.get(name)?;
        Some(table.snapshot(state).await)
    }
}

impl Tables {
    /// Whether a ledger has a version after these, which are in the order of the streams. Reads no file: an entry of a
    /// table's log is named by its version. Entries stay for half an hour at least; whoever last looked earlier than that
    /// has to take a snapshot.
    pub(crate) async fn are_past(&self, versions: &[Option<u64>]) -> bool {
        for (stream, version) in Stream::ALL.iter().zip(versions) {
            let next = version.map_or(0, |version| version + 1);
            let entry = self.folder.join(stream.table()).join("_delta_log").join(format!("{next:020}.json"));
            if tokio::fs::try_exists(entry).await.unwrap_or(false) {
                return true;
            }
        }
        false
    }

    /// The newest version of a projection under this build's rules; `None` where there is none.
    pub(crate) async fn kept(
        &self,
        projection: &Projection,
        state: &SessionState,
    ) -> Result<Option<Snapshot>, TableError> {
        let made = self.folder.join(projection::folder(Engine::rules()));
        let Ok(generation) = tokio::fs::read_to_string(made.join(projection.view)).await else { return Ok(None) };
        let folder = made.join(projection.generation(generation.trim()));
        let mut known = self.projections.lock().await;
        let table = match known.get(projection.view).filter(|table| table.folder == folder) {
            Some(table) => Arc::clone(table),
            None => {
                let columns = Arc::new(Schema::empty());
                let table = Arc::new(Table { name: projection.view, columns, folder, latest: Mutex::new(None) });
                known.insert(projection.view, Arc::clone(&table));
                table
            }
        };
        drop(known);
        let snapshot = table.snapshot(state).await?;
        Ok(snapshot.version.is_some().then_some(snapshot))
    }
}

impl Table {
    async fn snapshot(&self, state: &SessionState) -> Result<Snapshot, TableError> {
        let mut latest = self.latest.lock().await;
        let (delta, known) = match latest.take() {
            None => match self.open().await? {
                None => return Ok(self.empty()),
                Some(delta) => (delta, None),
            },
            Some((delta, known)) => match self.newest(delta).await? {
                Newest::Same(delta) => (delta, Some(known)),
                Newest::Opened(delta) => (delta, None),
            },
        };
        let version = delta.version();
        let snapshot = match known {
            Some(known) if known.version == version => known,
            Some(known) => self.read(&delta, state, Arc::new(known.looked.later())).await?,
            None => self.read(&delta, state, Arc::default()).await?,
        };
        *latest = Some((delta, snapshot.clone()));
        Ok(snapshot)
    }

    /// The table as it is now, `None` where it has not been created yet.
    async fn open(&self) -> Result<Option<DeltaTable>, TableError> {
        // Asked of the file system first: a table folder may be there before its first log entry.
        if !tokio::fs::try_exists(self.folder.join("_delta_log")).await.unwrap_or(false) {
            return Ok(None);
        }
        let url = Url::from_directory_path(&self.folder).map_err(|()| TableError::Folder(self.folder.clone()))?;
        let mut delta = DeltaTableBuilder::from_url(url)
            .and_then(DeltaTableBuilder::build)
            .map_err(|error| self.unreadable(error))?;
        match delta.load().await {
            Ok(()) => Ok(Some(delta)),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// The same table at its newest version.
    async fn newest(&self, mut delta: DeltaTable) -> Result<Newest, TableError> {
        if let Err(error) = delta.update_state().await {
            // The log between may have been cleaned away: then only a fresh start from the checkpoint helps.
            tracing::debug!(table = self.name, %error, "table is opened anew");
            return self.open().await?.map(Newest::Opened).ok_or_else(|| self.unreadable(error));
        }
        Ok(Newest::Same(delta))
    }

    async fn read(
        &self,
        delta: &DeltaTable,
        state: &SessionState,
        looked: Arc<Looked>,
    ) -> Result<Snapshot, TableError> {
        delta.update_datafusion_session(state).map_err(|error| self.unreadable(error))?;
        let provider = delta
            .table_provider()
            .with_session(Arc::new(state.clone()))
            .await
            .map_err(|source| TableError::Provide { table: self.name, source: Box::new(source) })?;
        let files = delta.snapshot().map_err(|error| self.unreadable(error))?.log_data();
        let rows = files.iter().map(|file| file.num_records().unwrap_or(0) as u64).sum();
        let files = files.num_files() as u64;
        Ok(Snapshot {
            provider: Arc::new(Sound(provider)),
            columns: Arc::clone(&self.columns),
            version: delta.version(),
            rows,
            files,
            looked,
            delta: Some(delta.clone()),
        })
    }

    fn empty(&self) -> Snapshot {
        let provider = Arc::new(EmptyTable::new(Arc::clone(&self.columns)));
        let columns = Arc::clone(&self.columns);
        Snapshot { provider, columns, version: None, rows: 0, files: 0, looked: Arc::default(), delta: None }
    }

    fn unreadable(&self, error: DeltaTableError) -> TableError {
        TableError::Read { table: self.name, source: Box::new(error) }
    }
}
