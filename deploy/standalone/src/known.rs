//! Lets ingest ask the query engine what is known already: the two crates do not know each other.
//!
//! In: good rows of a dry run, or a receipt's key. Out: the events that the rows meet, or the content that came under the
//! key. Guarantee: rows are held against the same view that judges statements, a few hundred at a time, and nothing of them
//! can be taken for SQL; of another area's event nothing is told, and nothing at all to senders that nobody knows where
//! those who ask have to log in.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use async_trait::async_trait;
use chrono::DateTime;
use futures::TryStreamExt;
use lantoa_ingest::known::{Asked, By, COMPARED, Found, Known, KnownError};
use lantoa_query::{Asker, Engine, QueryError, Settings};

mod question;

/// Rows of one question.
const AT_ONCE: usize = 500;

/// The engine that answers, and whom.
#[derive(Debug)]
pub struct EngineKnown {
    engine: Engine,
    /// Whether each sender is somebody who may know: whoever owns the folder, or by a token.
    knows_senders: bool,
}

impl EngineKnown {
    /// `knows_senders` says whether each sender is known by a token, or is whoever owns the data folder.
    pub fn new(engine: Engine, knows_senders: bool) -> Self {
        Self { engine, knows_senders }
    }

    /// The rows of an answer, a batch at a time.
    async fn ask(&self, question: &str, mut take: impl FnMut(&RecordBatch)) -> Result<(), KnownError> {
        let failed = |error: QueryError| KnownError::Failed(Box::new(error));
        let session = self.engine.session(&Asker::owner(), &Settings::default());
        let session = session.map_err(|error| KnownError::Failed(Box::new(error)))?;
        let mut answer = session.sql(question).await.map_err(failed)?;
        while let Some(batch) = answer.try_next().await.map_err(failed)? {
            take(&batch);
        }
        Ok(())
    }
}

#[async_trait]
impl Known for EngineKnown {
    async fn known(&self, rows: &[Asked]) -> Result<Vec<Found>, KnownError> {
        if !self.knows_senders && self.engine.users().any() {
            return Err(KnownError::Withheld);
        }
        let mut met = Vec::new();
        for rows in rows.chunks(AT_ONCE) {
            for question in question::by_id(rows) {
                self.ask(&question, |batch| met.extend(found(batch))).await?;
            }
            if let Some(question) = question::by_key(rows) {
                self.ask(&question, |batch| met.extend(found(batch))).await?;
            }
        }
        Ok(met)
    }

    async fn content_of(&self, receipt: &str) -> Result<Option<String>, KnownError> {
        let mut content = None;
        let take = |batch: &RecordBatch| {
            if content.is_none() {
                content = Texts::of(batch).get(0, 0);
            }
        };
        self.ask(&question::content_of(receipt), take).await?;
        Ok(content)
    }
}

/// The rows of an answer to [`question::by_id`] or [`question::by_key`].
fn found(batch: &RecordBatch) -> Vec<Found> {
    let (texts, numbers) = (Texts::of(batch), Numbers::of(batch));
    let read = |row: usize| {
        let by = match texts.get(1, row)?.as_str() {
            question::ID => By::Id,
            question::TARGET => By::Target,
            question::KEY => By::Key,
            _ => return None,
        };
        // A table of another family has none of them.
        let said = COMPARED.iter().enumerate();
        let said =
            said.filter_map(|(at, name)| Some(((*name).to_owned(), texts.get(question::BEFORE_SAID + at, row)?)));
        Some(Found {
            row: u64::try_from(numbers.get(0, row)?).ok()?,
            by,
            event_id: texts.get(2, row)?,
            recorded: numbers.get(3, row).and_then(DateTime::from_timestamp_micros),
            source: texts.get(4, row),
            said: said.collect(),
        })
    };
    (0..batch.num_rows()).filter_map(read).collect()
}

/// The columns of a batch as texts; what cannot be a text has none.
struct Texts(Vec<Option<ArrayRef>>);

impl Texts {
    fn of(batch: &RecordBatch) -> Self {
        Self(batch.columns().iter().map(|column| cast(column, &DataType::Utf8).ok()).collect())
    }

    fn get(&self, column: usize, row: usize) -> Option<String> {
        let texts = self.0.get(column)?.as_ref()?.as_string_opt::<i32>()?;
        (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row).to_owned())
    }
}

/// The columns of a batch as numbers; what cannot be a number has none.
struct Numbers(Vec<Option<ArrayRef>>);

impl Numbers {
    fn of(batch: &RecordBatch) -> Self {
        let number = |column: &ArrayRef| match column.data_type() {
            DataType::Int64 | DataType::Timestamp(..) => cast(column, &DataType::Int64).ok(),
            _ => None,
        };
        Self(batch.columns().iter().map(number).collect())
    }

    fn get(&self, column: usize, row: usize) -> Option<i64> {
        let numbers = self.0.get(column)?.as_ref()?.as_primitive_opt::<Int64Type>()?;
        (row < numbers.len() && numbers.is_valid(row)).then(|| numbers.value(row))
    }
}
