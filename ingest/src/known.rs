//! What is known already, asked of whoever has the tables: ingest itself does not know them.
//!
//! In: rows that the validator took ([`Asked`]). Out: the events that each of them meets ([`Found`]). Guarantee: nothing
//! is taken or refused by it but an idempotency key that was used for another content; without it, or where it fails,
//! intake works all the same.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lantoa_schemas::event::{Event, Facts};
use serde_json::Value;

/// A good row that nobody has written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its number, from 1.
    pub row: u64,
    /// Its event.
    pub event: Event,
}

impl Asked {
    /// What a statement says, by column, blanks left out; empty for other families and for what only takes back.
    pub fn said(&self) -> BTreeMap<String, String> {
        let Facts::Statement(facts) = &self.event.facts else { return BTreeMap::new() };
        let facts = serde_json::to_value(facts).expect("a statement is a struct of texts, numbers and words");
        let Value::Object(fields) = facts else { return BTreeMap::new() };
        let text = |value| match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        fields.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
    }
}

/// How a known event and a row meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Both have the same event id.
    Id,
    /// The row corrects it or takes it back, and names the same area.
    Target,
    /// It is the statement in force under the row's natural key.
    Key,
}

/// An event that is known, and the row that it meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The row's number.
    pub row: u64,
    /// How they meet.
    pub by: By,
    /// The known event's id.
    pub event_id: String,
    /// When it was recorded.
    pub recorded: Option<DateTime<Utc>>,
    /// Its source.
    pub source: Option<String>,
    /// What a statement says, at least of [`COMPARED`], as [`Asked::said`] has it.
    pub said: BTreeMap<String, String>,
}

/// The columns of a statement that are compared, figures among them.
pub const COMPARED: [&str; 15] = [
    "fact",
    "measure",
    "stage",
    "subject_scope",
    "period",
    "as_at",
    "span",
    "base",
    "numerator",
    "numerator_precision",
    "denominator",
    "sessions",
    "sessions_precision",
    "printed_percent",
    "plan",
];

/// Why what is known cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// The tables do not answer.
    #[error("the tables do not answer: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// Who asks is not known, and not everybody may ask.
    #[error("who may ask is asked for by name here, and senders show no token")]
    Withheld,
}

/// Whoever has the tables.
#[async_trait]
pub trait Known: Send + Sync {
    /// The events that rows meet; none for a row that meets nothing. In any order.
    ///
    /// # Errors
    /// Where it cannot be said.
    async fn known(&self, rows: &[Asked]) -> Result<Vec<Found>, KnownError>;

    /// SHA-256 of the content that first came under a receipt's key, hexadecimal; `None` where none is known.
    ///
    /// # Errors
    /// Where it cannot be said.
    async fn content_of(&self, receipt: &str) -> Result<Option<String>, KnownError>;
}
