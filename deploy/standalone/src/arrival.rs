//! Waits until rows that the log has acknowledged can be queried.
//!
//! In: where the rows are in the log, and the receipts. Out: nothing, once each is in its table, or in `outcome` as a
//! duplicate or refused, and what was refused is with its receipt. Guarantee: a topic is read in order, so when the last row
//! of each partition has arrived, all have.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use lantoa_ingest::intake::Accepted;
use lantoa_schemas::sql::quoted;
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::table::{LOG_OFFSET, LOG_PARTITION};
use tokio::time::{Instant, sleep};

use crate::desk::remote::TakenEvent;
use crate::desk::{Desk, DeskError, plain};

/// How long rows may take from the log to their table.
const ARRIVE_WITHIN: Duration = Duration::from_secs(120);
/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Why the wait ended without the rows.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// They take too long. They are safe in the log.
    #[error(
        "what was sent is in the log but not in the tables after {} s; it will be once the projector works, see `lantoa \
         status`",
        ARRIVE_WITHIN.as_secs()
    )]
    Late,
    /// The tables cannot be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// The last acknowledged row of each partition, and the receipts of what was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastRows(BTreeMap<(Stream, i32), (i64, String)>, BTreeSet<String>);

impl LastRows {
    /// Adds rows as this program's own intake names them.
    pub fn add_accepted(&mut self, rows: &[Accepted]) {
        for row in rows {
            self.add(row.stream, row.position.partition, row.position.offset, &row.event_id);
        }
    }

    /// Adds rows as another program's answer names them. A topic that this program does not know has no table here.
    pub fn add_taken(&mut self, rows: &[TakenEvent]) {
        for row in rows {
            if let Some(stream) = Stream::of_topic(&row.topic) {
                self.add(stream, row.partition, row.offset, &row.event_id);
            }
        }
    }

    /// Adds a receipt, also of what was refused as a whole.
    pub fn add_receipt(&mut self, key: &str) {
        self.1.insert(key.to_owned());
    }

    fn add(&mut self, stream: Stream, partition: i32, offset: i64, event_id: &str) {
        let last = self.0.entry((stream, partition)).or_insert_with(|| (offset, event_id.to_owned()));
        if last.0 < offset {
            *last = (offset, event_id.to_owned());
        }
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// Any [`ArrivalError`].
    pub async fn arrived(self, desk: &Desk) -> Result<(), ArrivalError> {
        let deadline = Instant::now() + ARRIVE_WITHIN;
        let rows = self.0.iter().map(|((stream, partition), (offset, id))| query(*stream, *partition, *offset, id));
        for query in rows.chain(self.1.iter().map(|key| receipt_query(key))) {
            while !is_there(desk, &query).await? {
                if Instant::now() >= deadline {
                    return Err(ArrivalError::Late);
                }
                sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }
}

/// Counts a receipt whose rejects are all there.
fn receipt_query(key: &str) -> String {
    let (receipt, reject) = (Stream::Receipt.table(), Stream::Reject.table());
    let key = quoted(key);
    format!(
        "select count(*) from {receipt} where receipt = {key} \
         and coalesce(rejects_kept, 0) <= (select count(*) from {reject} where receipt = {key})"
    )
}

/// Counts the row of one position, wherever it went. Its id is asked, too: another log may have had that position.
fn query(stream: Stream, partition: i32, offset: i64, event_id: &str) -> String {
    let (table, id, topic) = (stream.table(), stream.id_column(), stream.topic());
    let event_id = quoted(event_id);
    let position = format!("{LOG_PARTITION} = {partition} and {LOG_OFFSET} = {offset}");
    format!(
        "select count(*) from (\
         select 1 from {table} where {position} and {id} = {event_id} union all \
         select 1 from {OUTCOME_TABLE} where {position} and topic = '{topic}' \
         and (event_id = {event_id} or event_id is null))"
    )
}

async fn is_there(desk: &Desk, query: &str) -> Result<bool, DeskError> {
    let batches = desk.ask(plain(query)).await?.collect().await?;
    let counts = batches.iter().filter(|batch| batch.num_rows() > 0).map(|batch| batch.column(0));
    Ok(counts
        .filter_map(|count| count.as_primitive_opt::<Int64Type>())
        .any(|count| !count.is_empty() && count.value(0) > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_row_of_each_partition_is_waited_for() {
        let taken = |topic: &str, partition, offset| TakenEvent {
            event_id: format!("{topic}-{offset}"),
            topic: topic.to_owned(),
            partition,
            offset,
        };
        let mut rows = LastRows::default();
        rows.add_taken(&[
            taken("lantoa.statement.v1", 0, 3),
            taken("lantoa.statement.v1", 0, 7),
            taken("lantoa.statement.v1", 0, 5),
            taken("lantoa.activity.v1", 1, 0),
            taken("elsewhere", 0, 9),
        ]);
        let mut offsets: Vec<i64> = rows.0.values().map(|(offset, _)| *offset).collect();
        offsets.sort_unstable();
        assert_eq!(offsets, vec![0, 7]);
    }

    #[test]
    fn an_id_cannot_end_the_query() {
        assert!(query(Stream::ALL[0], 0, 1, "a' or 'b").contains("'a'' or ''b'"));
        assert!(receipt_query("a' or 'b").contains("'a'' or ''b'"));
    }
}
