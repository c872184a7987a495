//! Questions with values that are bound, and what their answers rest on.
//!
//! In: one question with named places for values, and the values. Out: an answer, the instant up to which records are in
//! it, and the catalogue it was made by. Guarantee: no value becomes a part of the text; what is said of the answer is of
//! the very versions of the tables that the answer is of.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Int64Type};
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::common::ScalarValue;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;
use sha2::{Digest, Sha256};

use super::{Session, guard};
use crate::answer::Answer;
use crate::asked::Asked;
use crate::error::QueryError;
use crate::knowledge::Knowledge;
use crate::page::words::Translator;
use crate::reference_tables;
use crate::settings::AsOf;

/// An answer and what it rests on.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) answer: Answer,
    pub(crate) known: Known,
}

/// What makes the same answer come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Up to when records are in the answer.
    pub(crate) as_of: AsOf,
    /// How many events are in the ledgers by then. Where it is another number later, some came late.
    pub(crate) events: i64,
    /// The catalogue by which it was made.
    pub(crate) catalogue: String,
    /// The release, with its exact version, where the answer is one's.
    pub(crate) release: Option<String>,
}

impl Session {
    /// What this session judges by at this moment; to find that out is held to the limits that an answer has.
    pub(crate) async fn knowledge(&self) -> Result<Arc<Knowledge>, QueryError> {
        let session = self.clone();
        let looking = async move {
            let _turn = session.turn.lock().await;
            session.look_anew().await?;
            Ok(session.present.get())
        };
        Ok(self.within_limits(looking).await?.made)
    }

    /// What says in Vietnamese what the engine says beside the figures of this session.
    ///
    /// # Errors
    /// Where what the session stands on cannot be read.
    pub async fn translator(&self) -> Result<Translator, QueryError> {
        self.knowledge().await.map(Translator)
    }

    /// The map that answers stand on; `None` for each figure on its own.
    pub(crate) fn map(&self) -> Option<NaiveDate> {
        self.standing().map
    }

    /// Answers one question over what [`Session::knowledge`] has looked at; `spelled` is the same with its values written
    /// out, for the record of who asked what.
    pub(crate) async fn ask_bound(
        &self,
        text: String,
        values: Vec<(String, ScalarValue)>,
        spelled: &str,
    ) -> Result<Bound, QueryError> {
        let asked = Asked::new(&self.asker, spelled, self.engine.0.clock.now());
        let mut under_way = self.engine.0.counters.statement(asked);
        let session = self.clone();
        let work = async move { session.answer_bound(&text, values).await };
        match self.answer_within_limits(work).await {
            Ok((answer, known)) => Ok(Bound { answer: answer.counted(under_way), known }),
            Err(error) => {
                under_way.failed(&error);
                Err(error)
            }
        }
    }

    async fn answer_bound(
        &self,
        text: &str,
        values: Vec<(String, ScalarValue)>,
    ) -> Result<(Answer, Known), QueryError> {
        let mut statements = guard::read(text)?;
        let statement = statements.pop().filter(|_| statements.is_empty()).ok_or(QueryError::SeveralQueries)?;
        guard::check(&statement)?;
        let _turn = self.turn.lock().await;
        let plan = self.context.state().statement_to_plan(statement.clone()).await;
        let plan = plan.and_then(|plan| plan.with_param_values(values));
        let plan = plan.map_err(|error| self.unplanned(error))?;
        let answer = self.execute(&statement, plan).await;
        let known = self.known().await;
        self.desk.let_go();
        Ok((answer?, known?))
    }

    /// What the present statement knows: read from the same versions of the ledgers, and from all of them. Rows of one area
    /// rest on events of others too, such as a plan of the nation.
    async fn known(&self) -> Result<Known, QueryError> {
        if let Some(release) = self.desk.ground().release() {
            return Ok(Known {
                as_of: release.as_of.parse()?,
                events: release.events,
                catalogue: release.catalogue.clone(),
                release: Some(release.reference()),
            });
        }
        let ledgers = Family::ALL.iter().map(|family| family.stream().table());
        let ledgers = ledgers.map(|table| format!("SELECT max(recorded) AS newest, count(*) AS events FROM {table}"));
        let query = format!(
            "SELECT CAST(max(newest) AS TIMESTAMP) AS newest, sum(events) AS events FROM ({})",
            ledgers.collect::<Vec<_>>().join(" UNION ALL ")
        );
        let rows = self.whole.sql(&query).await?.collect().await?;
        let rows = rows.first();
        let newest = rows.and_then(guard::first_instant);
        let events = rows.and_then(|rows| cast(rows.column(1), &DataType::Int64).ok());
        let events = events.and_then(|events| events.as_primitive::<Int64Type>().iter().next().flatten());
        let catalogue = version_of(&self.present.get())?;
        let as_of = self.limit(self.engine.0.clock.now(), newest);
        Ok(Known { as_of, events: events.unwrap_or(0), catalogue, release: None })
    }

    /// What was asked for where it is over, else the newest record that the answer has: the present day still goes on, and
    /// what is recorded after the newest record is not in the answer.
    fn limit(&self, now: DateTime<Utc>, newest: Option<DateTime<Utc>>) -> AsOf {
        let asked = self.standing().as_of;
        let over = asked.filter(|as_of| as_of.end_micros() <= now.timestamp_micros());
        over.unwrap_or_else(|| AsOf::Instant(newest.unwrap_or(now)))
    }
}

/// The version of a catalogue, by which answers are made.
pub(crate) fn version_of(knowledge: &Knowledge) -> Result<String, QueryError> {
    fingerprint(knowledge).map_err(QueryError::internal)
}

/// One short text for all that the catalogue says: its number and a fingerprint, because events add to it.
fn fingerprint(knowledge: &Knowledge) -> Result<String, arrow::error::ArrowError> {
    let mut hash = Sha256::new();
    for table in ["catalogue", "criteria_set", "containment"] {
        if let Some(rows) = reference_tables::rows(table, knowledge) {
            hash.update(as_text(&rows?)?);
        }
    }
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{digest}", knowledge.catalogue().version()))
}

fn as_text(rows: &RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut writer = WriterBuilder::new().with_header(true).build(Vec::new());
    writer.write(rows)?;
    Ok(writer.into_inner())
}
