//! Ledgers divided by the buckets of a projection, in files that go when nobody needs them any more.
//!
//! A bucket is a function of every row and no file holds one alone: a pass over some buckets reads the ledgers whole. Where
//! there are many passes, what they need is read once and laid out by bucket instead.
//!
//! In: the ledgers as the statement sees them, and the buckets that will be asked for. Out: each ledger limited to some of
//! these, from their files alone. Guarantee: the same rows as the ledger has in these buckets; memory is bounded by
//! [`HELD_BYTES`] a share, whatever the ledgers hold; the files are where the engine spills to, and where it
//! has no folder of its own for that, in the system's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Int32Type, SchemaRef};
use datafusion::catalog::SchemaProvider;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use datafusion::physical_plan::execute_stream_partitioned;
use futures::StreamExt;
use futures::stream::select_all;
use lantoa_schemas::projection::{BUCKET, BUCKETS, Division, Projection};
use lantoa_schemas::stream::Family;
use tempfile::TempDir;
use tokio::task::JoinSet;
use url::Url;

use super::kept::bucket_of;
use super::{Desk, EVERYWHERE, LEDGER};

/// Bytes that a share may hold of rows that are not in a file yet. With fewer the files get more and smaller row groups.
const HELD_BYTES: usize = 64 << 20;

/// Most shares in which a ledger is read, each with a file a bucket: what bounds memory and open files.
const MOST_SHARES: usize = 4;

/// Texts of which hardly one is like another: a dictionary of them is memory for nothing.
const ALL_DIFFERENT: [&str; 2] = ["event_id", "subject_token"];

/// What a view that goes by area asks of a ledger from everywhere, whatever buckets its pass is of: few rows, of these
/// columns.
const TAKEN_AWAY: (Family, &str) = (Family::Recognition, "revoked");
const TAKEN_AWAY_COLUMNS: [&str; 5] = ["event_id", "step", "model", "year", "subject_token"];

/// Ledgers divided by bucket.
#[derive(Debug)]
pub(super) struct Divided {
    buckets: BTreeSet<i32>,
    tables: HashMap<String, Files>,
    /// Goes with it.
    _folder: TempDir,
}

/// The files of one ledger.
#[derive(Debug)]
struct Files {
    columns: SchemaRef,
    of_bucket: BTreeMap<i32, Vec<PathBuf>>,
}

impl Divided {
    /// A ledger limited to some buckets; `None` where it has to be asked itself.
    pub(super) fn table(&self, name: &str, buckets: &[i32]) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(files) = self.tables.get(name) else { return Ok(None) };
        if !buckets.iter().all(|bucket| self.buckets.contains(bucket)) {
            return Ok(None);
        }
        let from_everywhere = name.starts_with(EVERYWHERE);
        let paths = files.of_bucket.iter().filter(|(bucket, _)| from_everywhere || buckets.contains(bucket));
        let urls = paths.flat_map(|(_, paths)| paths).map(|path| address(path)).collect::<Result<Vec<_>>>()?;
        let columns = Arc::clone(&files.columns);
        if urls.is_empty() {
            return Ok(Some(Arc::new(EmptyTable::new(columns))));
        }
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
        let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(columns);
        Ok(Some(Arc::new(ListingTable::try_new(config)?)))
    }
}

/// The address of a file, whatever letters its folder has: as a text it would be read as a pattern.
fn address(path: &Path) -> Result<ListingTableUrl> {
    let url = Url::from_file_path(std::path::absolute(path)?);
    let url = url.map_err(|()| DataFusionError::Internal("a file of a divided ledger has no address".to_owned()))?;
    ListingTableUrl::try_new(url, None)
}

impl Desk {
    /// Divides what a projection needs of its ledgers among some buckets. Passes over these read no more than theirs.
    pub(crate) async fn divide(&self, projection: &Projection, buckets: &[i32]) -> Result<()> {
        let spill = self.state()?.runtime_env().disk_manager.temp_dir_paths();
        let mut folder = tempfile::Builder::new();
        folder.prefix("lantoa-");
        let folder = spill.first().map_or_else(|| folder.tempdir(), |spill| folder.tempdir_in(spill))?;
        let needed = self.needed(projection).await?;
        let mut tables = HashMap::new();
        for family in projection.ledgers {
            let ledger = format!("{LEDGER}{family}");
            // A ledger of which nothing is needed is not read in any pass either.
            let Some(names) = needed.get(&ledger).filter(|names| !names.is_empty()) else { continue };
            // In the order of the ledger: a view may take all of its columns.
            let Some(whole) = self.table(&ledger).await? else { continue };
            let order = whole.schema();
            let taken = order.fields().iter().map(|field| field.name()).filter(|name| names.contains(*name));
            let columns = taken.map(|name| col(name.as_str())).collect();
            let bucket = bucket_of(projection.by);
            let limit = (buckets.len() < BUCKETS as usize)
                .then(|| bucket.clone().in_list(buckets.iter().map(|bucket| lit(*bucket)).collect(), false));
            tables.insert(ledger.clone(), self.lay_out(&ledger, bucket, columns, limit, folder.path()).await?);
            if projection.by == Division::Area && *family == TAKEN_AWAY.0 {
                let everywhere = format!("{EVERYWHERE}{family}");
                let (columns, limit) = (TAKEN_AWAY_COLUMNS.map(col).to_vec(), col("step").eq(lit(TAKEN_AWAY.1)));
                let files = self.lay_out(&everywhere, lit(0_i32), columns, Some(limit), folder.path()).await?;
                tables.insert(everywhere, files);
            }
        }
        let divided = Divided { buckets: buckets.iter().copied().collect(), tables, _folder: folder };
        *self.divided.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(divided));
        Ok(())
    }

    /// The columns that a projection needs, by ledger.
    async fn needed(&self, projection: &Projection) -> Result<HashMap<String, BTreeSet<String>>> {
        let plan = self.state()?.optimize(&self.to_keep(projection, &[0]).await?)?;
        let mut needed: HashMap<String, BTreeSet<String>> = HashMap::new();
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let columns = needed.entry(scan.table_name.table().to_owned()).or_default();
                columns.extend(scan.projected_schema.fields().iter().map(|field| field.name().clone()));
                for filter in &scan.filters {
                    columns.extend(filter.column_refs().into_iter().map(|column| column.name.clone()));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(needed)
    }

    /// Writes some columns of a ledger, each row to a file of its bucket.
    async fn lay_out(
        &self,
        ledger: &str,
        bucket: Expr,
        columns: Vec<Expr>,
        limit: Option<Expr>,
        folder: &Path,
    ) -> Result<Files> {
        let state = self.state()?;
        let provider = self
            .table(ledger)
            .await?
            .ok_or_else(|| DataFusionError::Internal(format!("there is no table {ledger}")))?;
        let plan = LogicalPlanBuilder::scan(ledger, provider_as_source(provider), None)?;
        let plan = match limit {
            Some(limit) => plan.filter(limit)?,
            None => plan,
        };
        let plan = plan.project([vec![bucket.alias(BUCKET)], columns].concat())?.build()?;
        let plan = state.create_physical_plan(&plan).await?;
        let schema = plan.schema();
        let columns = Arc::new(schema.project(&(1..schema.fields().len()).collect::<Vec<_>>())?);
        let readers = execute_stream_partitioned(plan, state.task_ctx())?;
        let shares = state.config().target_partitions().clamp(1, MOST_SHARES).min(readers.len().max(1));
        let mut of_share: Vec<Vec<SendableRecordBatchStream>> = (0..shares).map(|_| Vec::new()).collect();
        for (at, reader) in readers.into_iter().enumerate() {
            of_share[at % shares].push(reader);
        }
        let mut writing = JoinSet::new();
        for (number, readers) in of_share.into_iter().enumerate() {
            let share = Share {
                place: folder.join(format!("{ledger}-{number}")),
                columns: Arc::clone(&columns),
                writers: BTreeMap::new(),
                paths: Vec::new(),
            };
            writing.spawn(share.write(readers));
        }
        let mut of_bucket: BTreeMap<i32, Vec<PathBuf>> = BTreeMap::new();
        while let Some(written) = writing.join_next().await {
            for (bucket, path) in written.map_err(|error| DataFusionError::External(Box::new(error)))?? {
                of_bucket.entry(bucket).or_default().push(path);
            }
        }
        Ok(Files { columns, of_bucket })
    }
}

/// Some of a ledger's rows on their way into files, one a bucket.
struct Share {
    /// What the files' names begin with.
    place: PathBuf,
    columns: SchemaRef,
    writers: BTreeMap<i32, ArrowWriter<File>>,
    paths: Vec<(i32, PathBuf)>,
}

impl Share {
    async fn write(mut self, readers: Vec<SendableRecordBatchStream>) -> Result<Vec<(i32, PathBuf)>> {
        let mut rows = select_all(readers);
        while let Some(rows) = rows.next().await {
            self.take(&rows?)?;
        }
        for (_, writer) in self.writers {
            writer.close()?;
        }
        Ok(self.paths)
    }

    /// Takes rows in, of which the first column says the bucket. A row without one is in no bucket of the ledger either.
    fn take(&mut self, rows: &RecordBatch) -> Result<()> {
        let mut places: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
        for (at, bucket) in (0..).zip(rows.column(0).as_primitive::<Int32Type>()) {
            if let Some(bucket) = bucket {
                places.entry(bucket).or_default().push(at);
            }
        }
        let rows = rows.project(&(1..rows.num_columns()).collect::<Vec<_>>())?;
        for (bucket, places) in places {
            let places = UInt32Array::from(places);
            let rows = if places.len() == rows.num_rows() { rows.clone() } else { take_record_batch(&rows, &places)? };
            self.writer(bucket)?.write(&rows)?;
        }
        while self.writers.values().map(ArrowWriter::memory_size).sum::<usize>() > HELD_BYTES {
            let Some(largest) = self.writers.values_mut().max_by_key(|writer| writer.memory_size()) else { break };
            largest.flush()?;
        }
        Ok(())
    }

    fn writer(&mut self, bucket: i32) -> Result<&mut ArrowWriter<File>> {
        use std::collections::btree_map::Entry;
        match self.writers.entry(bucket) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(none) => {
                let mut path = self.place.clone().into_os_string();
                path.push(format!("-{bucket}.parquet"));
                let path = PathBuf::from(path);
                let writer =
                    ArrowWriter::try_new(File::create_new(&path)?, Arc::clone(&self.columns), Some(layout()?))?;
                self.paths.push((bucket, path));
                Ok(none.insert(writer))
            }
        }
    }
}

/// Written once and read whole, soon: small enough for the disk, and nothing to look rows up by.
fn layout() -> Result<WriterProperties> {
    let layout = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::None);
    let layout = ALL_DIFFERENT
        .into_iter()
        .fold(layout, |layout, name| layout.set_column_dictionary_enabled(ColumnPath::from(name), false));
    Ok(layout.build())
}

#[cfg(test)]
mod tests {
    use lantoa_schemas::projection::PROJECTIONS;
    use lantoa_schemas::views;

    use super::*;

    #[test]
    fn views_ask_for_nothing_else_from_everywhere() {
        let (family, step) = TAKEN_AWAY;
        for projection in PROJECTIONS {
            let sql = views::named(projection.view).unwrap().sql;
            let asked = sql.matches(EVERYWHERE).count();
            let known = projection.by == Division::Area && projection.ledgers.contains(&family);
            assert_eq!(asked, usize::from(known), "{}", projection.view);
            if let Some((_, rest)) = sql.split_once(&format!("FROM {EVERYWHERE}{family} AS ledger\n")) {
                let end = rest.find("\n)").unwrap();
                assert!(rest[..end].contains(&format!("WHERE ledger.step = '{step}' AND ")), "{}", &rest[..end]);
                let (_, after) = rest[..end].split_once("WHERE").unwrap();
                assert!(!after.contains(" OR "), "{after}");
            } else {
                assert!(!known, "{}", projection.view);
            }
        }
    }
}
