//! Which ids a table holds.
//!
//! In: a table at the version looked at. Out: every id, the ids that came in since an earlier version, or which of some
//! ids are there. Guarantee: the answers are those of the table's own rows; memory is bounded by a batch.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use deltalake::kernel::Action;
use deltalake::logstore::get_actions;
use futures::TryStreamExt;

use super::{CommitError, StreamTable, lookup};
use crate::seen::{IdHash, hash};

impl StreamTable {
    /// Hands every id of the table to `take`, in bounded memory.
    pub async fn each_id(&self, take: impl FnMut(IdHash)) -> Result<(), CommitError> {
        self.each_id_of(None, take).await
    }

    /// Hands every id to `take` that came in after a version, and perhaps some that were there before. False where the
    /// log no longer says which those are; then nothing was handed over.
    pub async fn each_id_since(&self, version: u64, take: impl FnMut(IdHash)) -> Result<bool, CommitError> {
        let (mut fresh, mut moved) = (Vec::new(), Vec::new());
        for version in version + 1..=self.version() {
            let entry = self.table.log_store().read_commit_entry(version).await.map_err(|source| self.fault(source))?;
            let Some(entry) = entry else { return Ok(false) };
            for action in get_actions(version, &entry).map_err(|source| self.fault(source))? {
                if let Action::Add(add) = action {
                    if add.data_change { fresh.push(add.path) } else { moved.push(add.path) }
                }
            }
        }
        let active: HashSet<String> = self.files()?.into_iter().map(|file| file.path).collect();
        let added = fresh.len();
        fresh.retain(|path| active.contains(path));
        if fresh.len() < added {
            // What came in has been compacted since, and lies in one of the files that compactions have left.
            fresh.extend(moved.into_iter().filter(|path| active.contains(path)));
        }
        if !fresh.is_empty() {
            self.each_id_of(Some(fresh), take).await?;
        }
        Ok(true)
    }

    async fn each_id_of(&self, files: Option<Vec<String>>, mut take: impl FnMut(IdHash)) -> Result<(), CommitError> {
        let context = SessionContext::new();
        let frame = self.scan_files(&context, files).await.and_then(|frame| frame.select_columns(&[self.id_column]));
        let frame = frame.map_err(|source| self.unread(source))?;
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

    /// Which of the ids the table holds. Reads of each file only the row groups that may hold one.
    pub async fn known(&self, wanted: HashMap<IdHash, String>) -> Result<HashSet<IdHash>, CommitError> {
        let files: Vec<PathBuf> = self.files()?.iter().map(|file| self.folder.join(&file.path)).collect();
        let column = self.id_column;
        let found = tokio::task::spawn_blocking(move || lookup::find(&files, column, &wanted)).await;
        let found = found.map_err(|stopped| self.unread(DataFusionError::External(Box::new(stopped))))?;
        found.map(|found| found.ids).map_err(|source| self.unread(DataFusionError::External(Box::new(source))))
    }
}

/// Text of a cell, whichever of Arrow's string types the reader chose.
pub(super) fn text(batch: &RecordBatch, column: usize, row: usize) -> Option<String> {
    let column = batch.column(column);
    match column.as_string_view_opt() {
        Some(texts) => Some(texts.value(row).to_owned()),
        None => column.as_string_opt::<i32>().map(|texts| texts.value(row).to_owned()),
    }
}
