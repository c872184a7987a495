//! What a statement reads, and what it is judged by.
//!
//! In: who asks, their settings, the tables and releases as they are now. Out: the ground that the session's desk gives
//! tables of, and the session's knowledge. Guarantee: both are of one moment, and under a release no ledger is looked at.

use std::sync::Arc;

use arrow::compute::concat_batches;
use chrono::NaiveDate;
use lantoa_schemas::stream::Family;

use super::Session;
use crate::error::QueryError;
use crate::functions;
use crate::knowledge::{Knowledge, Present, REFERENCES};
use crate::release::ground::Ground;

impl Session {
    /// Lets go of what the last statement saw, and sees everything as it is now.
    pub(super) async fn look_anew(&self) -> Result<(), QueryError> {
        self.desk.renew();
        let now = self.engine.0.clock.now();
        let ground = Ground::of(&self.engine.0.releases, &self.asker, &self.standing(), now).await;
        let of_ledgers = matches!(ground, Ground::Ledgers);
        self.desk.read(ground);
        if of_ledgers {
            self.desk.see_projections().await?;
        }
        self.learn().await
    }

    /// Takes in what reference events say by the day asked for.
    pub(super) async fn learn(&self) -> Result<(), QueryError> {
        self.learn_on(self.engine.0.clock.today()).await
    }

    /// The same by what is late on another day than the present one.
    pub(super) async fn learn_on(&self, today: NaiveDate) -> Result<(), QueryError> {
        let knowledge = match self.desk.ground() {
            Ground::Ledgers => self.learned(today).await?,
            Ground::Release(release, _) => release.knowledge(today)?,
            Ground::Nothing(_) => Knowledge::shipped(today),
        };
        let knowledge = Arc::new(knowledge);
        self.present.set(Arc::clone(&knowledge));
        // A plan keeps its functions: rows that a reader asks for later are made by what the statement knew.
        let known = Arc::new(Present::new(knowledge));
        for function in functions::all(&known) {
            self.whole.register_udf(function.clone());
            self.context.register_udf(function);
        }
        Ok(())
    }

    /// What the ledger of reference events says.
    async fn learned(&self, today: NaiveDate) -> Result<Knowledge, QueryError> {
        let table = Family::Reference.stream().table();
        let snapshot = self.desk.snapshot(table, &self.whole.state()).await?;
        let any = snapshot.is_some_and(|snapshot| snapshot.rows > 0);
        if !any {
            return Ok(Knowledge::shipped(today));
        }
        let rows = self.whole.sql(REFERENCES).await?;
        let columns = Arc::clone(rows.schema().inner());
        let rows = concat_batches(&columns, &rows.collect().await?).map_err(QueryError::internal)?;
        Ok(Knowledge::with(&rows, today)?)
    }
}
