//! Fields as somebody sent them: the doors (JSON, sheets, Kafka records) each show their rows in this form.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde_json::{Map, Value};

/// The value of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A day, where the door has days; elsewhere it is text.
    Day(NaiveDate),
    /// Something nested, as JSON.
    Nested(&'a Value),
}

/// Named fields of one row.
pub trait Fields {
    /// The value of a field; `None` where it is missing or blank.
    fn get(&self, name: &str) -> Option<Cell<'_>>;

    /// The names that were sent, also of blank fields, and are none of the known ones.
    fn unknown(&self, known: &[&str]) -> Vec<&str>;
}

impl Fields for Map<String, Value> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        match Map::get(self, name)? {
            Value::Null => None,
            Value::Bool(flag) => Some(Cell::Flag(*flag)),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Some(Cell::Integer(whole)),
                None => number.as_f64().map(Cell::Number),
            },
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(Cell::Text(Cow::Borrowed(text.trim()))),
            nested => Some(Cell::Nested(nested)),
        }
    }

    fn unknown(&self, known: &[&str]) -> Vec<&str> {
        self.keys().map(String::as_str).filter(|name| !known.contains(name)).collect()
    }
}

/// A row of a sheet: the header and the cells, as text.
#[derive(Debug, Clone, Copy)]
pub struct SheetRow<'a> {
    /// Column names.
    pub header: &'a [String],
    /// Cells in the order of the columns; missing ones are blank.
    pub cells: &'a [String],
}

impl Fields for SheetRow<'_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        let at = self.header.iter().position(|column| column == name)?;
        let text = self.cells.get(at)?.trim();
        if text.is_empty() { None } else { Some(Cell::Text(Cow::Borrowed(text))) }
    }

    fn unknown(&self, known: &[&str]) -> Vec<&str> {
        self.header.iter().map(String::as_str).filter(|name| !known.contains(name)).collect()
    }
}

/// A cell of a workbook, which has kinds of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum TypedCell {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A day.
    Day(NaiveDate),
}

/// A row of a workbook: the header and the cells, each of its kind.
#[derive(Debug, Clone, Copy)]
pub struct TypedRow<'a> {
    /// Column names.
    pub header: &'a [String],
    /// Cells in the order of the columns; missing ones are blank.
    pub cells: &'a [Option<TypedCell>],
}

impl Fields for TypedRow<'_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        let at = self.header.iter().position(|column| column == name)?;
        match self.cells.get(at)?.as_ref()? {
            TypedCell::Text(text) if text.trim().is_empty() => None,
            TypedCell::Text(text) => Some(Cell::Text(Cow::Borrowed(text.trim()))),
            // A workbook has one kind of numbers; below this bound it keeps each whole one.
            TypedCell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Some(Cell::Integer(*number as i64))
            }
            TypedCell::Number(number) => Some(Cell::Number(*number)),
            TypedCell::Flag(flag) => Some(Cell::Flag(*flag)),
            TypedCell::Day(day) => Some(Cell::Day(*day)),
        }
    }

    fn unknown(&self, known: &[&str]) -> Vec<&str> {
        self.header.iter().map(String::as_str).filter(|name| !known.contains(name)).collect()
    }
}
