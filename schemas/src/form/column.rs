//! The columns of the forms: what a header may call them, what their cells hold, and what to write there.
//!
//! In: `data/form.toml`. Out: the column of a name.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::wording::{List, Named, spelt};

/// What a cell of a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// Any text.
    Text,
    /// The code of an area, or code and name.
    Area,
    /// One day.
    Day,
    /// A year, a month or a day.
    Date,
    /// A year or two.
    Period,
    /// A whole number from 0.
    Count,
    /// A percent as printed.
    Percent,
    /// A year.
    Year,
    /// A number that may have decimals.
    Number,
    /// A measure of the catalogue.
    Measure,
    /// A measure of the catalogue that is a title.
    Title,
    /// A measure of the catalogue that is an activity.
    Activity,
    /// An indicator of the catalogue.
    Indicator,
    /// A criteria set of the catalogue, or another one.
    CriteriaSet,
    /// A scope of the catalogue.
    Scope,
    /// An object in JSON.
    Json,
    /// A word of a closed list.
    Word(List),
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// The field that it fills.
    pub name: String,
    /// Its Vietnamese heading.
    pub heading: String,
    /// What its cells hold.
    pub holds: Holds,
    /// What to write there, in Vietnamese.
    pub vi: String,
    /// The same in English.
    pub en: String,
    /// All Vietnamese headings, as they are compared.
    headings: Vec<String>,
}

impl Column {
    /// All that a header may call it in Vietnamese, as [`spelt`] makes it.
    pub(super) fn headings(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(String::as_str)
    }
}

impl Named for Column {
    fn code(&self) -> &str {
        &self.name
    }

    fn name_vi(&self) -> &str {
        &self.heading
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    heading: String,
    #[serde(default)]
    also: Vec<String>,
    holds: Holds,
    vi: String,
    en: String,
}

static COLUMNS: LazyLock<HashMap<String, Column>> = LazyLock::new(|| {
    let entries: HashMap<String, Entry> =
        toml::from_str(include_str!("../../data/form.toml")).expect("the shipped columns are read by the forms' tests");
    let column = |key: &str, entry: Entry| Column {
        name: key.rsplit_once('.').map_or(key, |(_, name)| name).to_owned(),
        headings: std::iter::once(&entry.heading).chain(&entry.also).map(|heading| spelt(heading)).collect(),
        heading: entry.heading,
        holds: entry.holds,
        vi: entry.vi,
        en: entry.en,
    };
    entries.into_iter().map(|(key, entry)| (key.clone(), column(&key, entry))).collect()
});

/// The column of a name, as forms share it.
pub fn column(name: &str) -> Option<&'static Column> {
    COLUMNS.get(name)
}

/// The column of a name as one form explains it: in words of its own, or as forms share it.
pub(super) fn column_of(form: &str, name: &str) -> Option<&'static Column> {
    COLUMNS.get(&format!("{form}.{name}")).or_else(|| column(name))
}
