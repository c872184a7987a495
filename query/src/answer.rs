//! An answer: columns and a stream of rows, with what has to be said beside them.
//!
//! In: a running query, or the bytes of an Arrow stream that another program sent. Out: batches of rows. Guarantee: a
//! stream that ends without an error is whole.

use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use datafusion::arrow::ipc::reader::StreamDecoder;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};

use crate::count::UnderWay;
use crate::error::QueryError;

/// Media type of an Arrow IPC stream.
pub const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// What an Arrow stream ends with: the mark of a message, and that there is none.
const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Rows as they come.
pub(crate) type Rows = BoxStream<'static, Result<RecordBatch, QueryError>>;

/// Columns and rows, and words beside them.
pub struct Answer {
    columns: SchemaRef,
    rows: Rows,
    notices: Vec<String>,
    /// Of an answer that is counted.
    under_way: Option<UnderWay>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("columns", &self.columns).field("notices", &self.notices).finish_non_exhaustive()
    }
}

impl Answer {
    /// The answer of a statement that has no rows, such as `SET`.
    pub(crate) fn nothing() -> Self {
        Self::made_of(Schema::empty().into(), futures::stream::empty().boxed())
    }

    /// Rows of a running query. The session lives as long as they do: what lists tables asks it while it streams.
    pub(crate) fn of(rows: SendableRecordBatchStream, session: SessionContext) -> Self {
        let columns = rows.schema();
        let rows = rows.map(move |row| {
            let _asked = &session;
            row.map_err(QueryError::from)
        });
        Self::made_of(columns, rows.boxed())
    }

    /// Rows that are made already.
    pub(crate) fn made_of(columns: SchemaRef, rows: Rows) -> Self {
        Self { columns, rows, notices: Vec::new(), under_way: None }
    }

    /// The same answer with its rows read through another stream.
    pub(crate) fn through(mut self, read: impl FnOnce(Rows) -> Rows) -> Self {
        let rows = std::mem::replace(&mut self.rows, futures::stream::empty().boxed());
        self.rows = read(rows);
        self
    }

    /// The same answer, counted as it is read.
    pub(crate) fn counted(mut self, under_way: UnderWay) -> Self {
        self.under_way = Some(under_way);
        self
    }

    /// The same answer with these notices, as they came beside it.
    pub fn with_notices(mut self, notices: Vec<String>) -> Self {
        self.notices = notices;
        self
    }

    /// Reads an answer that came as an Arrow IPC stream, such as the body of `POST /v1/sql`. Returns once the columns
    /// are known; a body that stops in the middle becomes an error in the rows.
    ///
    /// # Errors
    /// When the bytes end or fail before the columns, or are no Arrow stream.
    pub async fn read<E>(bytes: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Result<Self, QueryError>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let bytes = bytes.map_err(|error| QueryError::Broken(Box::new(error))).boxed();
        let mut reading = Reading {
            bytes,
            decoder: StreamDecoder::new(),
            left: Buffer::from(Bytes::new()),
            tail: Vec::new(),
            whole: false,
        };
        let first = reading.next_batch().await?;
        let Some(columns) = reading.decoder.schema() else {
            return Err(QueryError::Broken("the answer ends before its columns".into()));
        };
        let rest = futures::stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next_batch().await?.map(|batch| (batch, reading)))
        });
        Ok(Self::made_of(columns, futures::stream::iter(first.map(Ok)).chain(rest).boxed()))
    }

    /// The columns.
    pub fn columns(&self) -> &SchemaRef {
        &self.columns
    }

    /// What a reader has to be told beside the rows, a sentence each.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// All rows at once.
    ///
    /// # Errors
    /// The first error of the stream.
    pub async fn collect(self) -> Result<Vec<RecordBatch>, QueryError> {
        self.try_collect().await
    }
}

impl Stream for Answer {
    type Item = Result<RecordBatch, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.rows.poll_next_unpin(cx);
        if let (Poll::Ready(next), Some(under_way)) = (&polled, &mut self.under_way) {
            match next {
                Some(Ok(batch)) => under_way.read(batch),
                Some(Err(error)) => under_way.failed(error),
                None => under_way.answered(),
            }
        }
        polled
    }
}

struct Reading {
    bytes: BoxStream<'static, Result<Bytes, QueryError>>,
    decoder: StreamDecoder,
    left: Buffer,
    /// The last bytes that came, as many as the mark has.
    tail: Vec<u8>,
    whole: bool,
}

impl Reading {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        let broken = |error| QueryError::Broken(Box::new(error));
        loop {
            if let Some(batch) = self.decoder.decode(&mut self.left).map_err(broken)? {
                return Ok(Some(batch));
            }
            if self.whole {
                return Ok(None);
            }
            match self.bytes.try_next().await? {
                Some(bytes) => {
                    self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(END_OF_STREAM.len())..]);
                    self.tail.drain(..self.tail.len().saturating_sub(END_OF_STREAM.len()));
                    self.left = Buffer::from(bytes);
                }
                None => {
                    self.decoder.finish().map_err(broken)?;
                    // The decoder takes any message for the last one; the format's mark says which it is.
                    if self.tail != END_OF_STREAM {
                        return Err(QueryError::Broken("the answer ends before its end".into()));
                    }
                    self.whole = true;
                }
            }
        }
    }
}
