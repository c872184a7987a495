//! What would become of a submission, and whether its key was used before: both ask what is known.
//!
//! Guarantee: rows are judged by the code that judges what is taken in; nothing is written or counted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::judge::Judgement;
use super::{Considered, Intake, IntakeError, Submission};
use crate::known::{Asked, Found, Known, KnownError};
use crate::preview::Preview;

/// How long saying what rows would change may take.
const DIFF_WITHIN: Duration = Duration::from_secs(30);

/// How long looking up a key may take. Without an answer it goes on: rows of another content have other ids.
const LOOK_UP_WITHIN: Duration = Duration::from_secs(1);

impl Intake {
    /// Says who knows what is there already. Only the first counts.
    pub fn set_known(&self, known: Arc<dyn Known>) {
        if self.known.set(known).is_err() {
            tracing::debug!("what is known is asked of whoever was named first");
        }
    }

    /// Says what [`Intake::submit`] would do with a submission, and what that would change. Nothing is written.
    ///
    /// # Errors
    /// As [`Intake::submit`], but for what only the log can refuse. A content that cannot be read as a whole has no
    /// receipt, as it is not kept.
    pub async fn dry_run(&self, submission: Submission) -> Result<Preview, IntakeError> {
        if self.shutdown.is_cancelled() {
            return Err(IntakeError::Stopping);
        }
        self.tracker.track_future(self.foresee(submission)).await
    }

    async fn foresee(&self, submission: Submission) -> Result<Preview, IntakeError> {
        let Considered { submission, receipt, mut judged, turn, .. } = self.consider(submission, true).await?;
        if let Some(error) = judged.unread.take() {
            return Err(error.into());
        }
        judged.refuse_if_not_granted(&submission.sender)?;
        // What would be written is not needed any more.
        drop(judged.records);
        let good: Vec<Asked> = judged.accepted.into_iter().filter_map(Judgement::asked).collect();
        // The tables may take their time: no other workbook waits for them.
        drop(turn);
        let met = self.met(&good).await;
        Ok(Preview::of(receipt, good, &judged.rejected, met))
    }

    /// What rows meet, or in words why that is not known.
    async fn met(&self, rows: &[Asked]) -> Result<Vec<Found>, String> {
        let Some(known) = self.known.get() else {
            return Err(
                "this program has no tables to hold the rows against; ask one that has, as `lantoa up` does".into()
            );
        };
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match timeout(DIFF_WITHIN, known.known(rows)).await {
            Ok(Ok(met)) => Ok(met),
            Ok(Err(error)) => {
                if let KnownError::Failed(_) = error {
                    tracing::warn!(%error, "what rows would change cannot be said");
                }
                Err(error.to_string())
            }
            Err(_) => Err(format!("the tables did not answer within {} s", DIFF_WITHIN.as_secs())),
        }
    }

    /// Refuses a key that its sender used for another content before, as far as that is known.
    pub(super) async fn refuse_reused_key(&self, receipt: &str, content_hash: &str) -> Result<(), IntakeError> {
        let Some(known) = self.known.get() else { return Ok(()) };
        // Where many ask at once, the others go on without: intake must not wait for the tables.
        let Ok(_turn) = self.looking_up.try_acquire() else { return Ok(()) };
        match timeout(LOOK_UP_WITHIN, known.content_of(receipt)).await {
            Ok(Ok(Some(first))) if first != content_hash => Err(IntakeError::KeyReused),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "whether an idempotency key was used before cannot be said");
                Ok(())
            }
            Err(_) => {
                tracing::warn!(within = ?LOOK_UP_WITHIN, "whether an idempotency key was used before is not said in time");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
