//! An answer on its way to a client, as far as it was asked for.
//!
//! In: a session's answer. Out: rows, a few at a time. Guarantee: what was told of the columns stays true to the last
//! row; after an error nothing of the answer is held.

use arrow::array::timezone::Tz;
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt;
use tokio::io::{AsyncRead, AsyncWrite};

use super::encode::Rows;
use super::message;
use super::refusal::{Refusal, Stop, state};
use super::turn::Turn;
use super::wire::Wire;
use crate::answer::Answer;

/// An answer, its place, and its columns as they were told.
pub(super) struct Running {
    /// Gone once its last row is read.
    answer: Option<Answer>,
    columns: SchemaRef,
    zone: Option<Tz>,
    rows: Option<Rows>,
    /// The next row of `rows`.
    at: usize,
    /// Rows that were sent or passed over so far.
    pub(super) passed: u64,
}

impl Running {
    /// An answer with its own columns, or with those that were told before it was there.
    ///
    /// # Errors
    /// Where it has not as many, or more than can be sent.
    pub(super) fn new(answer: Answer, told: Option<SchemaRef>, zone: Option<Tz>) -> Result<Self, Refusal> {
        let own = answer.columns().clone();
        let columns = told.unwrap_or_else(|| own.clone());
        if columns.fields().len() != own.fields().len() {
            let refusal =
                Refusal::new(state::UNSUPPORTED, "the statement answers with other columns than it was said to");
            return Err(refusal.hint("prepare it anew"));
        }
        message::fit(&columns)?;
        Ok(Self { answer: Some(answer), columns, zone, rows: None, at: 0, passed: 0 })
    }

    /// The columns.
    pub(super) fn columns(&self) -> &SchemaRef {
        &self.columns
    }

    /// The next row as a place in a batch; `None` behind the last.
    ///
    /// # Errors
    /// What ended the statement.
    pub(super) async fn next<S>(&mut self, wire: &mut Wire<S>, turn: &Turn) -> Result<Option<(&Rows, usize)>, Stop>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while self.rows.as_ref().is_none_or(|rows| self.at >= rows.len()) {
            let Some(answer) = &mut self.answer else { return Ok(None) };
            let more = turn.wait(wire, answer.try_next()).await;
            match self.taken(more) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(stop) => {
                    (self.answer, self.rows) = (None, None);
                    return Err(stop);
                }
            }
        }
        let at = self.at;
        self.at += 1;
        self.passed += 1;
        Ok(self.rows.as_ref().map(|rows| (rows, at)))
    }

    /// Takes in what was read; false where it was nothing.
    fn taken(
        &mut self,
        more: Result<Result<Option<arrow::array::RecordBatch>, crate::error::QueryError>, Stop>,
    ) -> Result<bool, Stop> {
        let Some(batch) = more?.map_err(|error| Refusal::of(&error, None))? else {
            (self.answer, self.rows) = (None, None);
            return Ok(false);
        };
        let rows = Rows::of(&batch, &self.columns, self.zone);
        let unfit = |error: arrow::error::ArrowError| {
            Refusal::new(state::OUT_OF_RANGE, format!("a value cannot be sent: {error}"))
        };
        self.rows = Some(rows.map_err(unfit)?);
        self.at = 0;
        Ok(true)
    }
}
