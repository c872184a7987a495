//! The words that can be completed, as the engine knows them.
//!
//! In: answers to questions about the catalogue. Out: names. They come while the prompt is there already; whoever needs
//! them before waits a moment.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use lantoa_schemas::area::name::folded;

use crate::desk::{Desk, DeskError, plain};

/// So long a first completion waits for the words.
const COME_WITHIN: Duration = Duration::from_secs(2);

/// A name with its kind or meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// What is put into the text.
    pub(super) name: String,
    /// What stands beside it in the list.
    pub(super) about: String,
    /// What it is also found by, without diacritics.
    pub(super) found_by: String,
}

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Views and tables.
    pub(super) tables: Vec<String>,
    /// Table and column.
    pub(super) columns: Vec<(String, String)>,
    pub(super) functions: Vec<String>,
    /// Ids of indicators with their names.
    pub(super) indicators: Vec<Named>,
    /// Names of areas with their level, provinces first.
    pub(super) areas: Vec<Named>,
    /// First days of maps.
    pub(super) maps: Vec<String>,
}

/// Words that come.
#[derive(Debug, Default)]
pub(super) struct Words {
    known: Mutex<Option<Arc<Known>>>,
    came: Condvar,
}

impl Words {
    /// What is known by now; waits a moment for the first.
    pub(super) fn now(&self) -> Arc<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let came = self.came.wait_timeout_while(known, COME_WITHIN, |known| known.is_none());
        let (known, _) = came.unwrap_or_else(PoisonError::into_inner);
        known.clone().unwrap_or_default()
    }

    fn come(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(known));
        self.came.notify_all();
    }
}

const COLUMNS: &str = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' \
                       ORDER BY table_name, ordinal_position";
const FUNCTIONS: &str = "SELECT DISTINCT routine_name FROM information_schema.routines ORDER BY 1";
const INDICATORS: &str = "SELECT indicator, name_vi, name_en FROM catalogue ORDER BY 1";
const AREAS: &str = "SELECT DISTINCT short_name, level FROM area ORDER BY 1";
const MAPS: &str = "SELECT DISTINCT map FROM area ORDER BY 1";

/// Asks for all words. What is not answered is not completed, and is no fault.
pub(super) async fn load(desk: Desk, words: Arc<Words>) {
    let columns = rows(&desk, COLUMNS).await;
    let functions = rows(&desk, FUNCTIONS).await;
    let (indicators, areas) = (rows(&desk, INDICATORS).await, rows(&desk, AREAS).await);
    let maps = rows(&desk, MAPS).await;
    let mut known = Known {
        columns: columns.into_iter().map(|row| (cell(&row, 0), cell(&row, 1))).collect(),
        functions: functions.iter().map(|row| cell(row, 0)).collect(),
        indicators: indicators.iter().map(|row| indicator(row)).collect(),
        areas: areas_of(&areas),
        maps: maps.iter().map(|row| cell(row, 0)).collect(),
        tables: Vec::new(),
    };
    known.tables = known.columns.iter().map(|(table, _)| table.clone()).collect();
    known.tables.dedup();
    words.come(known);
}

fn cell(row: &[String], at: usize) -> String {
    row.get(at).cloned().unwrap_or_default()
}

fn indicator(row: &[String]) -> Named {
    let (name, vi, en) = (cell(row, 0), cell(row, 1), cell(row, 2));
    let found_by = folded(&format!("{vi} {en}"));
    Named { name, about: vi, found_by }
}

/// Each name once, with all its levels.
fn areas_of(rows: &[Vec<String>]) -> Vec<Named> {
    let mut areas: Vec<Named> = Vec::new();
    for row in rows {
        let (name, level) = (cell(row, 0), cell(row, 1));
        match areas.last_mut() {
            Some(last) if last.name == name => last.about += &format!(", {level}"),
            _ => areas.push(Named { found_by: folded(&name), name, about: level }),
        }
    }
    areas.sort_by_key(|area| (!area.about.contains("province"), area.found_by.clone()));
    areas
}

/// The rows of an answer as texts.
async fn rows(desk: &Desk, query: &str) -> Vec<Vec<String>> {
    match texts(desk, query).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::debug!(%error, "words of the prompt cannot be read");
            Vec::new()
        }
    }
}

async fn texts(desk: &Desk, query: &str) -> Result<Vec<Vec<String>>, DeskError> {
    let mut rows = Vec::new();
    for batch in desk.ask(plain(query)).await?.collect().await? {
        // All that is asked for is text, or a day, which has one.
        let columns: Vec<_> = batch.columns().iter().filter_map(|column| cast(column, &DataType::Utf8).ok()).collect();
        for row in 0..batch.num_rows() {
            let text = |column: &arrow::array::ArrayRef| {
                let column = column.as_string::<i32>();
                if column.is_valid(row) { column.value(row).to_owned() } else { String::new() }
            };
            rows.push(columns.iter().map(text).collect());
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_several_areas_is_one_word() {
        let row = |name: &str, level: &str| vec![name.to_owned(), level.to_owned()];
        let areas = areas_of(&[
            row("An Bình", "commune"),
            row("Bắc Giang", "district"),
            row("Bắc Giang", "province"),
            row("Đà Nẵng", "province"),
        ]);
        let found: Vec<_> = areas.iter().map(|area| (area.found_by.as_str(), area.about.as_str())).collect();
        assert_eq!(found, [("bac giang", "district, province"), ("da nang", "province"), ("an binh", "commune")]);
    }

    #[test]
    fn words_that_come_are_waited_for() {
        let words = Arc::new(Words::default());
        let coming = Arc::clone(&words);
        let thread = std::thread::spawn(move || coming.now());
        words.come(Known { tables: vec!["indicator".into()], ..Known::default() });
        assert_eq!(thread.join().unwrap().tables, ["indicator"]);
    }
}
