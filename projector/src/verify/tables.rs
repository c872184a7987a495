//! The tables as they are, read by the verifier alone.
//!
//! In: the folder of tables. Out: one version of a table: its transaction entries, and its rows a batch at a time, so
//! that memory does not grow with the table. Nothing is written, and no table is made.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::DataFusionError;
use datafusion::prelude::{Expr, SessionConfig, SessionContext, col, lit};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use futures::TryStreamExt;
use lantoa_schemas::table::{LOG_CLUSTER, LOG_GENERATION, LOG_OFFSET, LOG_PARTITION};

use super::layout::Cell;
use crate::position::LogLife;

/// Rows that are in memory at once of each thread that reads a table.
const BATCH_ROWS: usize = 8_192;

/// Threads that read a table: more of them hold more of it in memory.
const READERS: usize = 2;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Its log cannot be read.
    #[error(
        "table {table} cannot be read: {source}. If the disk is well, the table is damaged: take it from a copy; the log is read again from there"
    )]
    Log {
        /// Name of the table.
        table: String,
        /// What deltalake said.
        source: Box<DeltaTableError>,
    },
    /// Its files cannot be read.
    #[error(
        "table {table} cannot be read: {source}. Where a running projector tidied files away meanwhile, check again; else take the table from a copy"
    )]
    Rows {
        /// Name of the table.
        table: String,
        /// What DataFusion said.
        source: Box<DataFusionError>,
    },
    /// A column is of a type that the contract does not have.
    #[error(
        "table {table} has the column {column} of type {kind}, which the contract does not have: it was changed by another program, or by a later release of this one"
    )]
    Column {
        /// Name of the table.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        kind: DataType,
    },
}

/// One version of a table.
pub(super) struct Snapshot {
    name: &'static str,
    table: DeltaTable,
}

impl Snapshot {
    /// The newest version; `None` where there is no such table.
    pub async fn open(tables: &Path, name: &'static str) -> Result<Option<Self>, TableError> {
        let folder = tables.join(name);
        // Asked first: what makes an address of a folder would make the folder, too.
        if !folder.join("_delta_log").is_dir() {
            return Ok(None);
        }
        let fault = |source| TableError::Log { table: name.to_owned(), source: Box::new(source) };
        let uri = ensure_table_uri(folder.to_string_lossy()).map_err(fault)?;
        let mut table = DeltaTableBuilder::from_url(uri).and_then(DeltaTableBuilder::build).map_err(fault)?;
        match table.load().await {
            Ok(()) => Ok(Some(Self { name, table })),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(source) => Err(fault(source)),
        }
    }

    /// What a transaction entry holds.
    pub async fn entry(&self, app_id: &str) -> Result<Option<i64>, TableError> {
        let fault = |source| TableError::Log { table: self.name.to_owned(), source: Box::new(source) };
        let state = self.table.snapshot().map_err(fault)?;
        state.transaction_version(self.table.log_store().as_ref(), app_id).await.map_err(fault)
    }

    /// Number of rows as the table's log counts them: good enough for a bar.
    pub fn rows(&self) -> u64 {
        let files = self.table.snapshot().ok();
        files.map_or(0, |files| files.log_data().iter().filter_map(|file| file.num_records()).sum::<usize>() as u64)
    }

    /// Hands the rows to `take`, some at a time and in no order. Columns that the table does not have are left out.
    pub async fn each(
        &self,
        columns: &[&str],
        filter: Option<Expr>,
        mut take: impl FnMut(&Rows<'_>) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let fault = |source| TableError::Rows { table: self.name.to_owned(), source: Box::new(source) };
        let config = SessionConfig::new().with_target_partitions(READERS).with_batch_size(BATCH_ROWS);
        let context = SessionContext::new_with_config(config);
        let provider = self.table.table_provider().with_session(Arc::new(context.state())).await.map_err(fault)?;
        let schema = provider.schema();
        let there: Vec<&str> = columns.iter().copied().filter(|name| schema.index_of(name).is_ok()).collect();
        let read = || {
            let frame = context.read_table(provider)?;
            match filter {
                Some(filter) => frame.filter(filter)?.select_columns(&there),
                None => frame.select_columns(&there),
            }
        };
        let mut batches = read().map_err(fault)?.execute_stream().await.map_err(fault)?;
        while let Some(batch) = batches.try_next().await.map_err(fault)? {
            take(&Rows { table: self.name, batch: &batch })?;
        }
        Ok(())
    }
}

/// The rows of a part of a log that have a place in `from..to`.
pub(super) fn within(life: &LogLife, partition: i32, from: i64, to: i64) -> Expr {
    col(LOG_CLUSTER)
        .eq(lit(life.cluster.to_string()))
        .and(col(LOG_GENERATION).eq(lit(life.generation)))
        .and(col(LOG_PARTITION).eq(lit(partition)))
        .and(col(LOG_OFFSET).gt_eq(lit(from)))
        .and(col(LOG_OFFSET).lt(lit(to)))
}

/// Some rows of a table.
pub(super) struct Rows<'a> {
    table: &'static str,
    batch: &'a RecordBatch,
}

impl<'a> Rows<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column of them; one that the table lacks is null throughout.
    pub fn column(&self, name: &str) -> Result<Column<'a>, TableError> {
        let Some(column) = self.batch.column_by_name(name) else { return Ok(Column::Absent) };
        Column::of(column.as_ref()).ok_or_else(|| TableError::Column {
            table: self.table.to_owned(),
            column: name.to_owned(),
            kind: column.data_type().clone(),
        })
    }
}

/// One column, whichever of Arrow's types for it the reader chose.
pub(super) enum Column<'a> {
    Absent,
    Text(&'a StringArray),
    TextView(&'a StringViewArray),
    Bytes(&'a BinaryArray),
    BytesView(&'a BinaryViewArray),
    Long(&'a Int64Array),
    Int(&'a Int32Array),
    Day(&'a Date32Array),
    Instant(&'a TimestampMicrosecondArray),
    Real(&'a Float64Array),
    Flag(&'a BooleanArray),
}

impl<'a> Column<'a> {
    fn of(array: &'a dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8 => array.as_string_opt::<i32>().map(Self::Text),
            DataType::Utf8View => array.as_string_view_opt().map(Self::TextView),
            DataType::Binary => array.as_binary_opt::<i32>().map(Self::Bytes),
            DataType::BinaryView => array.as_binary_view_opt().map(Self::BytesView),
            DataType::Int64 => array.as_primitive_opt().map(Self::Long),
            DataType::Int32 => array.as_primitive_opt().map(Self::Int),
            DataType::Date32 => array.as_primitive_opt().map(Self::Day),
            DataType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive_opt().map(Self::Instant),
            DataType::Float64 => array.as_primitive_opt().map(Self::Real),
            DataType::Boolean => array.as_boolean_opt().map(Self::Flag),
            _ => None,
        }
    }

    /// The value of a row.
    pub fn cell(&self, row: usize) -> Cell<'a> {
        match *self {
            Self::Absent => Cell::Null,
            Self::Text(array) if array.is_valid(row) => Cell::Text(array.value(row)),
            Self::TextView(array) if array.is_valid(row) => Cell::Text(array.value(row)),
            Self::Bytes(array) if array.is_valid(row) => Cell::Bytes(array.value(row)),
            Self::BytesView(array) if array.is_valid(row) => Cell::Bytes(array.value(row)),
            Self::Long(array) if array.is_valid(row) => Cell::Whole(array.value(row)),
            Self::Int(array) if array.is_valid(row) => Cell::Whole(array.value(row).into()),
            Self::Day(array) if array.is_valid(row) => Cell::Whole(array.value(row).into()),
            Self::Instant(array) if array.is_valid(row) => Cell::Whole(array.value(row)),
            Self::Real(array) if array.is_valid(row) => Cell::Real(array.value(row)),
            Self::Flag(array) if array.is_valid(row) => Cell::Flag(array.value(row)),
            _ => Cell::Null,
        }
    }
}
