//! Several answers over one look at the tables: what a release is made of.
//!
//! In: the last instant of record, and the last day of telling. Out: the rows of views, on one map after the other.
//! Guarantee: all of them are of one version of every ledger, and nothing in them depends on the day on which it is asked:
//! what is late is late by the day of knowledge.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::Expr;
use datafusion::prelude::DataFrame;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::table::{LOG_CLUSTER, LOG_GENERATION, LOG_OFFSET, LOG_PARTITION};
use lantoa_schemas::vocabulary::Vocabulary;

use super::{Engine, Session, version_of};
use crate::access::Asker;
use crate::error::QueryError;
use crate::knowledge::Knowledge;
use crate::release::{Ledger, LogPart};
use crate::settings::{AsOf, Standing};

/// A session that has looked at the tables once.
#[derive(Debug)]
pub(crate) struct Sitting {
    session: Session,
}

impl Engine {
    /// Looks at the tables as they are now.
    pub(crate) async fn sit(&self, as_of: AsOf, stated_by: Option<NaiveDate>) -> Result<Sitting, QueryError> {
        let standing = Standing { as_of: Some(as_of), stated_by, ..Standing::default() };
        let session = Session::new(self.clone(), Asker::owner(), standing);
        session.desk.renew();
        // All at once, before the first is read: writing the answers takes minutes, and what was recorded just before the
        // instant may still be on its way into a ledger.
        let state = session.whole.state();
        for stream in Stream::ALL {
            session.desk.snapshot(stream.table(), &state).await?;
        }
        session.learn_on(as_of.day()).await?;
        Ok(Sitting { session })
    }
}

impl Sitting {
    /// What its answers are judged by.
    pub(crate) fn knowledge(&self) -> Arc<Knowledge> {
        self.session.present.get()
    }

    /// The version of its catalogue.
    pub(crate) fn catalogue(&self) -> Result<String, QueryError> {
        version_of(&self.knowledge())
    }

    /// From now on, views stand on another map; the versions of the ledgers stay.
    pub(crate) fn turn_to(&self, map: Option<NaiveDate>) {
        self.session.stand_on(Standing { map, ..self.session.standing() });
        self.session.desk.plan_anew();
    }

    /// All rows of a table or view, in an order that depends on nothing but what they say.
    pub(crate) async fn rows_of(&self, table: &str) -> Result<SendableRecordBatchStream, QueryError> {
        let all = self.session.whole.table(table).await?;
        // Rows that are the same in all columns may change places unseen.
        let columns = all.schema().columns().into_iter().map(|column| Expr::Column(column).sort(true, true));
        let columns = columns.collect();
        Ok(all.sort(columns)?.execute_stream().await?)
    }

    /// The rows of a question, which says in which order.
    pub(crate) async fn answer(&self, query: &str) -> Result<SendableRecordBatchStream, QueryError> {
        Ok(self.asked(query).await?.execute_stream().await?)
    }

    async fn asked(&self, query: &str) -> Result<DataFrame, QueryError> {
        Ok(self.session.whole.sql(query).await?)
    }

    /// What the answers rest on of each ledger, and when its newest event was recorded.
    pub(crate) async fn ledgers(&self) -> Result<Vec<(Ledger, Option<DateTime<Utc>>)>, QueryError> {
        let mut ledgers = Vec::new();
        for table in Family::ALL.iter().map(|family| family.stream().table()) {
            let query = format!(
                "SELECT {LOG_CLUSTER}, {LOG_GENERATION}, {LOG_PARTITION}, max({LOG_OFFSET}), count(*), max(recorded)
                FROM {table}
                GROUP BY {LOG_CLUSTER}, {LOG_GENERATION}, {LOG_PARTITION}
                ORDER BY {LOG_CLUSTER}, {LOG_GENERATION}, {LOG_PARTITION}"
            );
            let mut ledger = Ledger { table: table.to_owned(), events: 0, log: Vec::new() };
            let mut newest = None;
            for batch in self.asked(&query).await?.collect().await? {
                for (part, recorded) in parts(&batch)? {
                    ledger.events += part.events;
                    ledger.log.push(part);
                    newest = newest.max(recorded);
                }
            }
            ledgers.push((ledger, newest));
        }
        Ok(ledgers)
    }
}

/// A part of the log, and when its newest event was recorded.
type Part = (LogPart, Option<DateTime<Utc>>);

/// Parts of the log, as the question for them has its columns.
fn parts(rows: &RecordBatch) -> Result<Vec<Part>, QueryError> {
    let column = |at: usize, kind: &DataType| cast(rows.column(at), kind).map_err(QueryError::internal);
    let clusters = column(0, &DataType::Utf8)?;
    let clusters = clusters.as_string::<i32>();
    let mut numbers = Vec::new();
    for at in 1..5 {
        numbers.push(column(at, &DataType::Int64)?);
    }
    let number = |at: usize, row: usize| numbers[at].as_primitive::<Int64Type>().value(row);
    let instants = column(5, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let instants = instants.as_primitive::<TimestampMicrosecondType>();
    let parts = (0..rows.num_rows()).map(|row| {
        let part = LogPart {
            cluster: clusters.value(row).to_owned(),
            generation: number(0, row),
            partition: number(1, row),
            last_offset: number(2, row),
            events: number(3, row),
        };
        let recorded = instants.is_valid(row).then(|| DateTime::from_timestamp_micros(instants.value(row))).flatten();
        (part, recorded)
    });
    Ok(parts.collect())
}
