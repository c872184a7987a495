//! Portals: statements with their values, and how far each has been answered. A cursor is a portal with a name in SQL.

use arrow::datatypes::SchemaRef;
use pgwire::messages::data::FORMAT_CODE_BINARY;

use super::running::Running;
use super::statement::Statement;
use crate::session::Values;

/// A statement that is ready to be answered.
pub(super) struct Portal {
    /// What it is.
    pub(super) statement: Statement,
    /// Its text, with parameters.
    pub(super) text: String,
    /// The values of its parameters.
    pub(super) values: Values,
    /// Whether the text is as the client sent it, so that a place in it means something.
    pub(super) as_sent: bool,
    /// In which format columns are wanted: none, one for all, or one each.
    pub(super) formats: Vec<i16>,
    /// The columns that the client was told of before there were values.
    pub(super) told: Option<SchemaRef>,
    /// How far it is.
    pub(super) progress: Progress,
    /// Whether it outlives its transaction.
    pub(super) hold: bool,
}

/// How far a portal is.
pub(super) enum Progress {
    /// Nothing was asked of it.
    Waiting,
    /// Some rows may have been read.
    Running(Box<Running>),
    /// Whatever it was, it is done; reading on gives nothing.
    Done,
}

impl Portal {
    /// A portal of a simple question: everything in text.
    pub(super) fn of(statement: Statement, text: &str) -> Self {
        Self {
            statement,
            text: text.to_owned(),
            values: Values::default(),
            as_sent: true,
            formats: Vec::new(),
            told: None,
            progress: Progress::Waiting,
            hold: false,
        }
    }
}

/// Whether a column (or a value) is in binary by the formats of all.
pub(super) fn is_binary(formats: &[i16], column: usize) -> bool {
    let format = match formats {
        [one] => Some(one),
        each => each.get(column),
    };
    format == Some(&FORMAT_CODE_BINARY)
}
