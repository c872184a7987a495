//! Looks ids up in data files.
//!
//! In: files, their id column, the ids. Out: those that the files hold. Guarantee: exact; of a file only the row groups
//! are read whose range and Bloom filter, where they have one, allow that they hold one of the ids.
//!
//! Not by a scan with `id IN (…)`: deltalake turns the list into a chain of alternatives as deep as the list is long,
//! and one sheet sent twice is thousands of ids.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::PathBuf;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::{layout, text};
use crate::seen::{IdHash, hash};

/// More ids than this hit nearly every Bloom filter by chance, so that reading the filters gains nothing.
const MANY: usize = (1.0 / layout::FALSE_POSITIVES) as usize;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The ids that are there.
    pub ids: HashSet<IdHash>,
    /// Row groups that had to be read.
    pub row_groups: usize,
}

/// Looks ids up. Blocks.
pub(super) fn find(files: &[PathBuf], column: &str, wanted: &HashMap<IdHash, String>) -> Result<Found, ParquetError> {
    let mut found = Found::default();
    for path in files {
        let file = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
        let at = file.parquet_schema().columns().iter().position(|leaf| leaf.path().string() == column);
        let Some(at) = at else { continue };
        let mut groups = Vec::new();
        for group in 0..file.metadata().num_row_groups() {
            if may_hold(&file, group, at, wanted)? {
                groups.push(group);
            }
        }
        if groups.is_empty() {
            continue;
        }
        found.row_groups += groups.len();
        let id_alone = ProjectionMask::leaves(file.parquet_schema(), [at]);
        for batch in file.with_row_groups(groups).with_projection(id_alone).build()? {
            let batch = batch?;
            let ids = (0..batch.num_rows()).filter_map(|row| text(&batch, 0, row)).map(|id| hash(&id));
            found.ids.extend(ids.filter(|id| wanted.contains_key(id)));
        }
    }
    Ok(found)
}

fn may_hold(
    file: &ParquetRecordBatchReaderBuilder<File>,
    group: usize,
    column: usize,
    wanted: &HashMap<IdHash, String>,
) -> Result<bool, ParquetError> {
    let range = file.metadata().row_group(group).column(column).statistics();
    let least = range.and_then(|range| range.min_bytes_opt());
    let most = range.and_then(|range| range.max_bytes_opt());
    let mut possible = wanted
        .values()
        .filter(|id| least.is_none_or(|least| least <= id.as_bytes()) && most.is_none_or(|most| id.as_bytes() <= most));
    if wanted.len() > MANY {
        return Ok(possible.next().is_some());
    }
    match file.get_row_group_column_bloom_filter(group, column)? {
        Some(filter) => Ok(possible.any(|id| filter.check(id.as_str()))),
        None => Ok(possible.next().is_some()),
    }
}
