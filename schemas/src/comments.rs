//! What tables, views, columns and functions hold, in Vietnamese and English: what tools show beside a name.
//!
//! In: `data/comments.toml`. Out: texts. A column means the same in every table, unless the table says otherwise.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    column: HashMap<String, Words>,
    table: HashMap<String, Table>,
    function: Vec<Function>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    vi: String,
    en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    vi: String,
    en: String,
    #[serde(default)]
    column: HashMap<String, Words>,
}

/// A function of SQL that is Lantoa's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its arguments, as a person reads them.
    pub arguments: String,
    /// The type of its answer, in SQL.
    pub result: String,
    /// Whether it makes one value of many rows.
    #[serde(default)]
    pub aggregate: bool,
    vi: String,
    en: String,
}

impl Function {
    /// What it answers.
    pub fn comment(&self) -> String {
        both(&self.vi, &self.en)
    }
}

static COMMENTS: LazyLock<File> =
    LazyLock::new(|| toml::from_str(include_str!("../data/comments.toml")).expect("this module's test reads the file"));

fn both(vi: &str, en: &str) -> String {
    format!("{vi} / {en}")
}

/// What a row of a table or view is.
pub fn of_table(name: &str) -> Option<String> {
    COMMENTS.table.get(name).map(|words| both(&words.vi, &words.en))
}

/// What a column holds.
pub fn of_column(table: &str, column: &str) -> Option<String> {
    let own = COMMENTS.table.get(table).and_then(|table| table.column.get(column));
    own.or_else(|| COMMENTS.column.get(column)).map(|words| both(&words.vi, &words.en))
}

/// The functions of SQL that are Lantoa's own.
pub fn functions() -> &'static [Function] {
    &COMMENTS.function
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Stream;
    use crate::table::{outcome_table, stream_table};
    use crate::views::VIEWS;

    #[test]
    fn every_table_and_each_of_its_columns_is_explained() {
        for view in VIEWS.iter().filter(|view| view.listed) {
            assert!(of_table(view.name).is_some(), "{}", view.name);
        }
        let ledgers = Stream::ALL.iter().map(|stream| (stream.table(), stream_table(*stream)));
        for (table, columns) in ledgers.chain([(crate::stream::OUTCOME_TABLE, outcome_table())]) {
            assert!(of_table(table).is_some(), "{table}");
            for field in columns.fields() {
                assert!(of_column(table, field.name()).is_some(), "{table}.{}", field.name());
            }
        }
        assert_eq!(of_column("indicator", "nothing"), None);
    }

    #[test]
    fn functions_are_in_the_order_of_their_names() {
        assert!(functions().is_sorted_by(|one, next| one.name < next.name));
    }
}
