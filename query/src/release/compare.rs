//! Whether two releases say the same.
//!
//! In: what is stored, and what was just made. Out: yes or no. Guarantee: rows are compared and not files, so that another
//! version of the program, which writes other bytes, changes nothing by itself.

use std::path::Path;

use super::reader::builder;
use super::{REFERENCE_EVENTS, ReleaseError, Stored, StoredTable};

/// Whether tables that were just written below a folder have the rows of a stored release, on the same maps.
pub(super) fn are_the_same(then: &Stored, folder: &Path, now: &[StoredTable]) -> Result<bool, ReleaseError> {
    let (before, after) = (told(&then.manifest.tables), told(now));
    if before.len() != after.len() {
        return Ok(false);
    }
    for after in after {
        let Some(before) = before.iter().find(|of| (&of.table, &of.map) == (&after.table, &after.map)) else {
            return Ok(false);
        };
        if before.sha256 == after.sha256 {
            continue;
        }
        if before.rows != after.rows || !same_rows(&then.folder, folder, &after.file())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The tables that tell something by themselves.
fn told(tables: &[StoredTable]) -> Vec<&StoredTable> {
    tables.iter().filter(|of| of.table != REFERENCE_EVENTS).collect()
}

/// Whether a file has the same rows in the same order below both folders.
fn same_rows(one: &Path, other: &Path, file: &str) -> Result<bool, ReleaseError> {
    let unreadable = |why: String| ReleaseError::Damaged { file: file.to_owned(), why };
    let open = |folder: &Path| builder(&folder.join(file)).map_err(unreadable);
    let (one, other) = (open(one)?, open(other)?);
    if one.schema() != other.schema() {
        return Ok(false);
    }
    let broken = |error: &dyn std::fmt::Display| unreadable(error.to_string());
    let mut one = one.build().map_err(|error| broken(&error))?;
    let mut other = other.build().map_err(|error| broken(&error))?;
    loop {
        // Both come in batches of the same size.
        match (one.next().transpose(), other.next().transpose()) {
            (Ok(None), Ok(None)) => return Ok(true),
            (Ok(one), Ok(other)) if one == other => {}
            (Ok(_), Ok(_)) => return Ok(false),
            (Err(error), _) | (_, Err(error)) => return Err(broken(&error)),
        }
    }
}
