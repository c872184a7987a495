//! What is asked. In: `questions.toml`. Out: its questions, in their order.

use anyhow::Result;
use serde::Deserialize;

/// A question about a trend.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in `compare.py`.
    pub key: String,
    /// What is asked, in words.
    pub title: String,
    /// Asked of the ledgers.
    pub scan: String,
    /// The same for DuckDB, where it is not read alike.
    pub duckdb: Option<String>,
    /// Asked of the views.
    pub view: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    question: Vec<Question>,
}

/// All of them.
pub fn read() -> Result<Vec<Question>> {
    Ok(toml::from_str::<Questions>(include_str!("questions.toml"))?.question)
}
