//! The tables of a release, over its files.
//!
//! In: a release whose files were held against their checksums. Out: what can be named in SQL under it, and what it is
//! judged by. Guarantee: no ledger is looked at.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::{TableProvider, ViewTable, provider_as_source};
use datafusion::logical_expr::LogicalPlanBuilder;
use lantoa_schemas::area::AreaHistory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use url::Url;

use super::{Manifest, REFERENCE_EVENTS, ReleaseError, Stored, StoredTable};
use crate::knowledge::Knowledge;
use crate::reference_tables;
use crate::settings::AS_REPORTED;

/// A release that can be read.
#[derive(Debug)]
pub(crate) struct Release {
    manifest: Manifest,
    folder: PathBuf,
    /// Columns by file.
    columns: HashMap<String, SchemaRef>,
    reference_events: RecordBatch,
}

impl Release {
    /// One whose files are as its manifest says.
    pub(super) fn over(stored: &Stored) -> Result<Self, ReleaseError> {
        let mut columns = HashMap::new();
        let mut reference_events = None;
        for table in &stored.manifest.tables {
            let file = table.file();
            let unreadable = |why: String| ReleaseError::Damaged { file: file.clone(), why };
            let path = stored.folder.join(&file);
            columns.insert(file.clone(), columns_of(&path).map_err(unreadable)?);
            if table.table == REFERENCE_EVENTS {
                reference_events = Some(rows_of(&path).map_err(unreadable)?);
            }
        }
        let reference_events = reference_events.ok_or_else(|| ReleaseError::Damaged {
            file: stored.manifest.reference(),
            why: "has no reference events".to_owned(),
        })?;
        Ok(Self { manifest: stored.manifest.clone(), folder: stored.folder.clone(), columns, reference_events })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Names of all that can be asked, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for StoredTable { table, .. } in &self.manifest.tables {
            if table != REFERENCE_EVENTS && !names.contains(table) {
                names.push(table.clone());
            }
        }
        names
    }

    /// Names of what can be asked on a map.
    pub(crate) fn names_on(&self, map: Option<NaiveDate>, history: &AreaHistory) -> Vec<String> {
        let map = on(map, history);
        self.names().into_iter().filter(|name| self.manifest.table(name, &map).is_some()).collect()
    }

    /// A table on a map; `None` where the release has none of the name on any.
    pub(crate) fn table(
        &self,
        name: &str,
        map: Option<NaiveDate>,
        history: &AreaHistory,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        if name == REFERENCE_EVENTS {
            return Ok(None);
        }
        let map = on(map, history);
        match self.manifest.table(name, &map) {
            Some(of) => self.provider(of).map(Some),
            None if self.manifest.tables.iter().any(|of| of.table == name) => {
                let (release, maps) = (self.manifest.reference(), self.manifest.maps.join(", "));
                Err(DataFusionError::External(Box::new(ReleaseError::NoMap { release, map, maps })))
            }
            None => Ok(None),
        }
    }

    fn provider(&self, of: &StoredTable) -> Result<Arc<dyn TableProvider>> {
        let file = of.file();
        let path = self.folder.join(&file);
        let nowhere = || DataFusionError::Internal(format!("{} has no address", path.display()));
        let url = Url::from_file_path(&path).map_err(|()| nowhere())?;
        let columns = self.columns.get(&file).cloned().ok_or_else(nowhere)?;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
        let config = ListingTableConfig::new(ListingTableUrl::try_new(url, None)?);
        let config = config.with_listing_options(options).with_schema(columns);
        let table: Arc<dyn TableProvider> = Arc::new(ListingTable::try_new(config)?);
        if reference_tables::NAMES.contains(&of.table.as_str()) {
            return Ok(table);
        }
        // It is listed as the view that it was stored of.
        let plan = LogicalPlanBuilder::scan(of.table.as_str(), provider_as_source(table), None)?.build()?;
        Ok(Arc::new(ViewTable::new(plan, None)))
    }

    /// What its areas and its catalogue are, by the events that were in force.
    pub(crate) fn knowledge(&self, today: NaiveDate) -> Result<Knowledge> {
        match self.reference_events.num_rows() {
            0 => Ok(Knowledge::shipped(today)),
            _ => Knowledge::with(&self.reference_events, today),
        }
    }
}

fn columns_of(path: &Path) -> Result<SchemaRef, String> {
    Ok(Arc::clone(builder(path)?.schema()))
}

/// All rows of a file that is known to be small.
fn rows_of(path: &Path) -> Result<RecordBatch, String> {
    let builder = builder(path)?;
    let columns = Arc::clone(builder.schema());
    let reader = builder.build().map_err(|error| error.to_string())?;
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    concat_batches(&columns, &batches).map_err(|error| error.to_string())
}

/// A reader of a file of a release.
pub(super) fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())
}

/// A map as the manifest names it.
pub(super) fn on(map: Option<NaiveDate>, history: &AreaHistory) -> String {
    map.map_or_else(|| AS_REPORTED.to_owned(), |day| history.map_on(day).to_string())
}
