//! What can go wrong with a table, and whose failure it is.
//!
//! In: what deltalake, DataFusion, Arrow or the system said. Out: a sentence for the operator. Guarantee: an error that
//! leaves open whether something landed says so.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;

use super::FORGETS;

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
        source: Box<DataFusionError>,
    },
    /// The disk did not do it.
    #[error("{path} cannot be written to the disk or taken from it: {source}")]
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
    /// The table is set to forget how far the log has been read.
    #[error(
        "table {table} has the property {}: it would forget how far the log has been read, and events would come in twice. Remove the property",
        FORGETS
    )]
    Forgets {
        /// Name of the table.
        table: String,
    },
    /// The table has a column that this program does not know.
    #[error(
        "table {table} has the column {column}, which this release of lantoa does not know: it would leave the column blank. Start the later release that added it; where another program did, take the table from a copy of before; the log is read again from there"
    )]
    UnknownColumn {
        /// Name of the table.
        table: String,
        /// The column.
        column: String,
    },
    /// The table has a column that the contract has otherwise.
    #[error(
        "table {table}: the column {column} is {difference}: another program has changed it. Take the table from a copy of before; the log is read again from there"
    )]
    OtherColumn {
        /// Name of the table.
        table: String,
        /// The column.
        column: String,
        /// What it is, and what it must be.
        difference: String,
    },
    /// A compaction did not read what the files are said to hold; nothing was changed.
    #[error(
        "table {table}: files that are said to hold {said} rows gave {read}; they are left as they are. Compare them with a copy"
    )]
    Rows {
        /// Name of the table.
        table: String,
        /// Rows by the log.
        said: u64,
        /// Rows read.
        read: u64,
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
