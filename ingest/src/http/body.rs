//! Request body -> bytes, within limits of size, time and memory. A body that was sent packed comes here unpacked, and
//! without the length that it said it has: the limits are of what it unpacks to.
//!
//! A body that is too large is read to its end all the same, up to a bound, and thrown away: a sender that is cut off
//! while it sends sees a broken connection in place of the reason.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::ProblemDocument;
use crate::config::Config;
use crate::intake::IntakeError;

/// How much of a body that is too large is read for politeness, in bytes.
const MOST_DRAINED: usize = 256 << 20;

/// The same of a body that does not say its length. It may be packed, and what a few bytes unpack to costs us more than
/// their sender.
const MOST_DRAINED_UNDECLARED: usize = 16 << 20;

/// The same of a request whose sender is not known, in bytes and time. Nothing of it is kept.
const MOST_DRAINED_UNKNOWN: usize = 1 << 20;
const DRAINED_WITHIN: Duration = Duration::from_secs(5);

/// After how many bytes others have their turn: what is unpacked is there without waiting.
const TURN: usize = 256 << 10;

/// Room for bodies, in units of this many bytes; also what the smallest request takes.
const UNIT: usize = 16 << 10;

/// Memory for request bodies, given out in order of arrival.
pub(super) struct Room {
    units: Arc<Semaphore>,
    most_body: usize,
    within: Duration,
}

impl Room {
    pub(super) fn new(config: &Config) -> Self {
        // One request of the largest size always fits.
        let bytes = config.max_bytes_under_way.max(config.max_body_bytes);
        let units = Semaphore::new(bytes.div_ceil(UNIT).clamp(1, Semaphore::MAX_PERMITS));
        Self { units: Arc::new(units), most_body: config.max_body_bytes, within: config.body_timeout }
    }

    /// Reads a body; the permit is the memory that it takes, to be held as long as the bytes are.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, OwnedSemaphorePermit), ProblemDocument> {
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let taken = declared.filter(|length| *length <= self.most_body);
        // Of an undeclared length the most is taken; of one that will be refused nothing is kept.
        let needed = if declared.is_some() { taken.unwrap_or(0) } else { self.most_body };
        let units = u32::try_from(needed.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let permit = self.units.clone().acquire_many_owned(units).await.map_err(|_| IntakeError::Stopping)?;
        let read = self.collect(body.into_data_stream(), declared);
        let bytes = tokio::time::timeout(self.within, read).await.map_err(|_| too_slow(self.within))??;
        Ok((bytes, permit))
    }

    /// Reads what somebody unknown still sends, and throws it away.
    pub(super) async fn drain(&self, body: Body) {
        let read = async {
            let (mut chunks, mut seen) = (body.into_data_stream(), 0_usize);
            while let Some(Ok(chunk)) = chunks.next().await {
                seen = seen.saturating_add(chunk.len());
                if seen > MOST_DRAINED_UNKNOWN {
                    break;
                }
            }
        };
        // However it ends, it was politeness.
        let _ = tokio::time::timeout(DRAINED_WITHIN.min(self.within), read).await;
    }

    async fn collect(&self, mut chunks: BodyDataStream, declared: Option<usize>) -> Result<Bytes, ProblemDocument> {
        let mut bytes = BytesMut::with_capacity(declared.filter(|length| *length <= self.most_body).unwrap_or(0));
        let most_drained = if declared.is_some() { MOST_DRAINED } else { MOST_DRAINED_UNDECLARED };
        let (mut seen, mut turn) = (0_usize, 0_usize);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| broken())?;
            seen = seen.saturating_add(chunk.len());
            if seen - turn > TURN {
                turn = seen;
                tokio::task::yield_now().await;
            }
            if seen <= self.most_body {
                bytes.extend_from_slice(&chunk);
            } else {
                bytes = BytesMut::new();
            }
            if seen > self.most_body.saturating_add(most_drained) {
                break;
            }
        }
        if seen > self.most_body {
            return Err(IntakeError::TooLarge { most: self.most_body }.into());
        }
        Ok(bytes.freeze())
    }
}

fn too_slow(within: Duration) -> ProblemDocument {
    let title = "The body did not come in time";
    let reason = format!("had not ended after {} seconds", within.as_secs_f64());
    ProblemDocument::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", title).because(
        "body",
        reason,
        "send it in smaller parts",
    )
}

fn broken() -> ProblemDocument {
    let title = "The body ended before its end";
    let reason = "broke off, or its framing or packing is wrong";
    ProblemDocument::new(StatusCode::BAD_REQUEST, "body-broken", title).because("body", reason, "send it again")
}
