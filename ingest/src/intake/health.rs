//! Whether the intake can do its work, part by part.
//!
//! In: the log. Out: each part, with the reason where it does not work. Guarantee: the log was asked at most
//! [`ASKED_EVERY`] ago; however many ask at once, it is asked once.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Intake;

/// How old an answer of the log may be.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// How long the log may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// What the log last answered, and when.
pub(super) type LastAnswer = Mutex<Option<(Instant, Result<(), String>)>>;

impl Intake {
    /// The parts by name, each with what is wrong and what to do where it does not work.
    pub async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        let open = if self.shutdown.is_cancelled() { Err("intake is stopping".to_owned()) } else { Ok(()) };
        let mut parts = vec![("intake", open), ("log", self.log_answers().await)];
        if let Some(senders) = &self.senders {
            parts.push(("senders", senders.ready()));
        }
        if let Some(disk) = &self.disk {
            let room = disk.room().map_err(|full| {
                let folder = disk.folder().display();
                format!("{full}; make room where {folder} is, or set min_free_bytes of [ingest] lower")
            });
            parts.push(("disk", room));
        }
        parts
    }

    async fn log_answers(&self) -> Result<(), String> {
        let mut last = self.last_answer.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < ASKED_EVERY
        {
            return answer.clone();
        }
        let log = self.log.clone();
        let answer = match self.tracker.spawn_blocking(move || log.answers(ANSWER)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("{error}; see that the brokers run and can be reached")),
            Err(error) => Err(format!("asking the log broke off ({error}); a fault of ingest")),
        };
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}
