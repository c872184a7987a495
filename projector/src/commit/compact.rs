//! Few large files of many small ones.
//!
//! In: files of the version looked at. Out: one file with the same rows, sorted, and a commit that puts it in their
//! place. Guarantee: no row is lost or doubled, whoever else compacts or commits at the same time: the commit is a
//! compare-and-swap like every other, and before each try all files that it removes are seen to be there still. What
//! came in meanwhile stays as it is. Memory is bounded: what does not fit is sorted on the disk.
//!
//! Never deltalake's own `optimize`: two of them at once double the rows.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::kernel::{Action, Add, Remove};
use deltalake::protocol::DeltaOperation;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::{Commit, CommitError, StreamTable, layout};
use crate::config::Maintenance;

/// How often a compaction tries to commit; each time somebody else committed first.
const ATTEMPTS: u32 = 10;

/// How long it stands back for the commits of data after it has lost to one, times the number of its losses.
const STAND_BACK: Duration = Duration::from_millis(100);

/// A merged file older than this is given up: another projector's vacuum, which takes what no commit names, must never
/// be near it.
const GIVE_UP: Duration = Duration::from_secs(1200);

/// Rows that travel from the files to the new one together.
const BATCH: usize = 2048;

/// Folder of a table for what does not fit into memory.
pub(super) const SPILL: &str = "_spill";

/// A file of the version looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    /// Its path below the table's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows, where the log says.
    pub rows: Option<u64>,
    /// When it was written, in milliseconds since 1970.
    pub written: i64,
}

/// A merged file that no commit names yet.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    inputs: Vec<String>,
    files: Vec<Add>,
    begun: Instant,
}

impl StreamTable {
    /// The files of the version looked at, but for those from which rows have been taken by another program.
    pub fn files(&self) -> Result<Vec<DataFile>, CommitError> {
        let files = self.table.snapshot().map_err(|source| self.fault(source))?.log_data();
        let files = files.iter().map(|file| DataFile {
            path: file.path().into_owned(),
            bytes: u64::try_from(file.size()).unwrap_or_default(),
            rows: file.num_records().filter(|_| file.deletion_vector_descriptor().is_none()).map(|rows| rows as u64),
            written: file.modification_time(),
        });
        Ok(files.collect())
    }

    /// Writes the rows of some files into one. `None` where it was told to stop.
    pub async fn merge(
        &self,
        inputs: Vec<String>,
        settings: &Maintenance,
        stop: &CancellationToken,
    ) -> Result<Option<Merged>, CommitError> {
        let begun = Instant::now();
        let context = self.sorting(settings).map_err(|source| self.unread(source))?;
        let mut writer = RecordBatchWriter::for_table(&self.table).map_err(|source| self.fault(source))?;
        let schema = writer.arrow_schema();
        writer = writer.with_writer_properties(layout::compacted(self.id_column, &schema, settings.bloom_filters));
        let frame = self.scan_files(&context, Some(inputs.clone())).await;
        let frame = frame.and_then(|frame| frame.sort(layout::order(&schema))).map_err(|source| self.unread(source))?;
        let mut sorted = frame.execute_stream().await.map_err(|source| self.unread(source))?;
        let mut rows = 0;
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => return Ok(None),
                batch = sorted.try_next() => batch.map_err(|source| self.unread(source))?,
            };
            let Some(batch) = batch else { break };
            rows += batch.num_rows() as u64;
            let batch = self.fit(&batch, &schema)?;
            writer.write(batch).await.map_err(|source| self.fault(source))?;
            // Writing is work for a processor, and the commits of data wait for one.
            tokio::task::yield_now().await;
        }
        let said = self.said_rows(&inputs)?;
        if said != rows {
            return Err(CommitError::Rows { table: self.name.clone(), said, read: rows });
        }
        let mut files = writer.flush().await.map_err(|source| self.fault(source))?;
        files.iter_mut().for_each(|file| file.data_change = false);
        self.sync_files(&files).await?;
        Ok(Some(Merged { inputs, files, begun }))
    }

    /// Puts a merged file in the place of those that it was made of. Lost where one of them is gone, or where others
    /// kept committing first; the table is then as they left it.
    pub async fn replace(&mut self, merged: &Merged) -> Result<Commit, CommitError> {
        for attempt in 1..=ATTEMPTS {
            self.reload().await?;
            match self.try_to_replace(merged).await? {
                Some(Commit::Landed) => return Ok(Commit::Landed),
                Some(Commit::Lost) => tokio::time::sleep(STAND_BACK * attempt).await,
                None => break,
            }
        }
        Ok(Commit::Lost)
    }

    /// The same once, against the version looked at. `None` where trying again is no use.
    pub(super) async fn try_to_replace(&mut self, merged: &Merged) -> Result<Option<Commit>, CommitError> {
        if merged.begun.elapsed() >= GIVE_UP {
            return Ok(None);
        }
        let Some(removed) = self.removal(&merged.inputs)? else { return Ok(None) };
        self.touch(&merged.inputs).await?;
        let removed = removed.into_iter().map(Action::Remove);
        let added = merged.files.iter().cloned().map(Action::Add);
        let next = i64::try_from(self.version() + 1).unwrap_or(i64::MAX);
        let entries = BTreeMap::from([(format!("{}/compaction", self.name), next)]);
        let target_size = merged.files.iter().map(|file| file.size).sum();
        let operation = DeltaOperation::Optimize { predicate: None, target_size };
        self.commit(removed.chain(added).collect(), &entries, operation).await.map(Some)
    }

    /// Actions that remove the files; `None` where one of them is not there any more.
    fn removal(&self, inputs: &[String]) -> Result<Option<Vec<Remove>>, CommitError> {
        let wanted: HashSet<&str> = inputs.iter().map(String::as_str).collect();
        let snapshot = self.table.snapshot().map_err(|source| self.fault(source))?;
        let files = snapshot.log_data();
        let removed: Vec<Remove> =
            files.iter().filter(|file| wanted.contains(&*file.path())).map(|file| file.remove_action(false)).collect();
        Ok((removed.len() == wanted.len()).then_some(removed))
    }

    fn said_rows(&self, inputs: &[String]) -> Result<u64, CommitError> {
        let wanted: HashSet<&str> = inputs.iter().map(String::as_str).collect();
        let files = self.files()?.into_iter().filter(|file| wanted.contains(file.path.as_str()));
        Ok(files.filter_map(|file| file.rows).sum())
    }

    /// Sets when the files were last touched, which is when vacuum begins to count. A second back: the disk's clock is
    /// coarser than ours, and the commit that follows has to be the later of the two.
    pub(super) async fn touch(&self, inputs: &[String]) -> Result<(), CommitError> {
        let paths: Vec<_> = inputs.iter().map(|input| self.folder.join(input)).collect();
        let all = move || {
            let touched = SystemTime::now() - Duration::from_secs(1);
            for path in paths {
                std::fs::File::options()
                    .append(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(touched))
                    .map_err(|source| CommitError::Sync { path, source })?;
            }
            Ok(())
        };
        match tokio::task::spawn_blocking(all).await {
            Ok(done) => done,
            Err(stopped) => {
                Err(CommitError::Sync { path: self.folder.clone(), source: std::io::Error::other(stopped.to_string()) })
            }
        }
    }

    fn sorting(&self, settings: &Maintenance) -> datafusion::error::Result<SessionContext> {
        let config = SessionConfig::new().with_target_partitions(1).with_batch_size(BATCH);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(settings.memory_bytes, 1.0)
            .with_temp_file_path(self.folder.join(SPILL))
            .build_arc()?;
        Ok(SessionContext::new_with_config_rt(config, runtime))
    }

    /// The batch in the types that the table's files have; a scan may give another kind of the same text.
    fn fit(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, CommitError> {
        let columns: Result<Vec<ArrayRef>, _> = schema
            .fields()
            .iter()
            .map(|field| cast(batch.column(batch.schema().index_of(field.name())?), field.data_type()))
            .collect();
        columns
            .and_then(|columns| RecordBatch::try_new(Arc::clone(schema), columns))
            .map_err(|source| CommitError::Columns { table: self.name.clone(), source })
    }
}
