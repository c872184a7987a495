//! Rows of one sheet that say the same.
//!
//! A row of a sheet of single events is known by all that it says. Two occasions may be alike in all of it; they are told
//! apart by which comes first. Guarantee: a row has the same place however often it is asked for, and a row that is put
//! between others moves only those that say the same as it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lantoa_schemas::form::Form;

/// The places of the rows of a sheet.
#[derive(Debug, Default)]
pub(super) struct Twins(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    of_row: HashMap<u64, u64>,
    /// How many rows say one thing, by its key.
    of_content: HashMap<String, u64>,
}

impl Twins {
    /// Those of a sheet of a form whose rows are known by what they say.
    pub(super) fn of(form: &Form) -> Option<Arc<Self>> {
        form.is_of_single_events().then(Arc::default)
    }

    /// The place, from 1, of a row among those that say the same.
    pub(super) fn place(&self, content: &str, row: u64) -> u64 {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Places { of_row, of_content } = &mut *places;
        *of_row.entry(row).or_insert_with(|| {
            let count = of_content.entry(content.to_owned()).or_default();
            *count += 1;
            *count
        })
    }
}

/// Sheets are compared by their rows.
impl PartialEq for Twins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
