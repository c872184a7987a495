//! Rows of an answer as the program itself reads them.
//!
//! In: a question. Out: its rows, as JSON has them.

use lantoa_query::format::{Format, WriteError, write};
use serde::de::DeserializeOwned;

use crate::desk::{Desk, plain};
use crate::run::RunError;

/// The rows of a question's answer.
///
/// # Errors
/// Where there is no answer, or it does not have the columns that `T` wants.
pub(super) async fn rows<T: DeserializeOwned>(desk: &Desk, query: String) -> Result<Vec<T>, RunError> {
    let answer = desk.ask(plain(query)).await?;
    let mut text = Vec::new();
    write(answer, Format::Json, &mut text).await?;
    let rows = serde_json::from_slice(&text).map_err(|error| WriteError::Output(error.into()))?;
    Ok(rows)
}
