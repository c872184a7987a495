//! What has to be said beside an answer, because of what it stands on.
//!
//! In: the settings of a session, what its statement reads, and today. Out: a sentence each.

use chrono::{DateTime, Utc};
use lantoa_schemas::stream::Stream;

use super::{Session, guard};
use crate::access::Asker;
use crate::error::QueryError;
use crate::release::ground::Ground;
use crate::settings::Standing;

impl Session {
    /// What the settings make it necessary to say beside an answer.
    pub(super) async fn notices(&self) -> Result<Vec<String>, QueryError> {
        let ground = self.desk.ground();
        // Whoever does not read the ledgers hears nothing of them either.
        let (Ground::Ledgers, Some(as_of)) = (&ground, self.standing().as_of) else {
            return Ok(ground.notices(self.engine.0.clock.now()));
        };
        let today = self.engine.0.clock.today();
        if as_of.day() > today {
            return Ok(vec![format!("as of {as_of}: that day has not come; the answer is what is known on {today}")]);
        }
        match self.first_record().await? {
            Some(first) if first.timestamp_micros() >= as_of.end_micros() => {
                let first = lantoa_schemas::clock::day_in_vietnam(first);
                Ok(vec![format!("as of {as_of}: nothing had been recorded by then; the first record is of {first}")])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// When anything was recorded first.
    async fn first_record(&self) -> Result<Option<DateTime<Utc>>, QueryError> {
        let everything = Session::new(self.engine.clone(), Asker::owner(), Standing::default());
        let ledgers = Stream::ALL.iter().map(|stream| format!("SELECT min(recorded) AS first FROM {}", stream.table()));
        let query = format!(
            "SELECT CAST(min(first) AS TIMESTAMP) AS first FROM ({})",
            ledgers.collect::<Vec<_>>().join(" UNION ALL ")
        );
        let batches = everything.context.sql(&query).await?.collect().await?;
        Ok(batches.first().and_then(guard::first_instant))
    }
}
