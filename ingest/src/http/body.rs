//! Request body -> bytes, within limits of size, time and memory. A body that was sent packed comes here unpacked, and
//! without the length that it said it has: the limits are of what it unpacks to.
//!
//! Where there is no room for a body, a few wait a little; all others are sent away at once. A body that is too large, or
//! that there is no room for, is read on all the same, up to a bound, and thrown away: a sender that is cut off while it
//! sends sees a broken connection in place of the reason.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::Instant;

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

/// How long a body is read that nothing is kept of because there is no room.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(2);

/// How many such bodies are read at once; of one more nothing is read.
const TURNED_AWAY_AT_ONCE: usize = 64;

/// Memory for request bodies, given out in order of arrival.
pub(super) struct Room {
    units: Arc<Semaphore>,
    /// Places in front of it.
    queue: Arc<Semaphore>,
    queue_timeout: Duration,
    /// How many of those that are sent away are listened to.
    parting: Arc<Semaphore>,
    most_body: usize,
    within: Duration,
}

/// A body, and the memory that it takes: it is given back when both this and the last part of the bytes are gone, so that
/// what is still being judged has its room when its sender went away.
pub(super) type Held = Arc<OwnedSemaphorePermit>;

/// Bytes that hold their room.
struct Roomed {
    bytes: Bytes,
    _room: Held,
}

impl AsRef<[u8]> for Roomed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Room {
    pub(super) fn new(config: &Config) -> Self {
        // One request of the largest size always fits.
        let bytes = config.max_bytes_under_way.max(config.max_body_bytes);
        let units = Semaphore::new(bytes.div_ceil(UNIT).clamp(1, Semaphore::MAX_PERMITS));
        Self {
            units: Arc::new(units),
            queue: Arc::new(Semaphore::new(config.queue.min(Semaphore::MAX_PERMITS))),
            queue_timeout: config.queue_timeout,
            parting: Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)),
            most_body: config.max_body_bytes,
            within: config.body_timeout,
        }
    }

    /// Reads a body; what comes with it is the memory that it takes, to be held as long as what is made of the bytes is.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, Held), ProblemDocument> {
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let taken = declared.filter(|length| *length <= self.most_body);
        // Of an undeclared length the most is taken; of one that will be refused nothing is kept.
        let needed = if declared.is_some() { taken.unwrap_or(0) } else { self.most_body };
        let units = u32::try_from(needed.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        let Some(permit) = self.place(units).await else {
            return Err(self.turned_away(headers, body, no_room()).await);
        };
        let read = self.collect(body.into_data_stream(), declared);
        let bytes = tokio::time::timeout(self.within, read).await.map_err(|_| too_slow(self.within).closing())??;
        let held = Arc::new(permit);
        Ok((Bytes::from_owner(Roomed { bytes, _room: Arc::clone(&held) }), held))
    }

    /// Room, at once or after a short wait; `None` where there is none and too many wait, or it did not come in time.
    async fn place(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        match Arc::clone(&self.units).try_acquire_many_owned(units) {
            Ok(permit) => return Some(permit),
            // The semaphores are never closed.
            Err(TryAcquireError::Closed) => return None,
            Err(TryAcquireError::NoPermits) => {}
        }
        let _turn = Arc::clone(&self.queue).try_acquire_owned().ok()?;
        let permit = Arc::clone(&self.units).acquire_many_owned(units);
        tokio::time::timeout(self.queue_timeout, permit).await.ok()?.ok()
    }

    /// Reads on for a while a body that is refused whatever it says, and gives the answer back to be sent.
    /// Who asks beforehand whether to send it is told at once.
    pub(super) async fn turned_away(&self, headers: &HeaderMap, body: Body, why: ProblemDocument) -> ProblemDocument {
        if headers.contains_key(header::EXPECT) {
            return why.closing();
        }
        let Ok(_place) = Arc::clone(&self.parting).try_acquire_owned() else { return why.closing() };
        let deadline = Instant::now() + TURNED_AWAY_WITHIN;
        let (mut chunks, mut seen) = (body.into_data_stream(), 0_usize);
        while let Ok(next) = tokio::time::timeout_at(deadline, chunks.next()).await {
            match next {
                None => return why,
                Some(Err(_)) => break,
                Some(Ok(chunk)) => seen = seen.saturating_add(chunk.len()),
            }
            if seen > self.most_body {
                break;
            }
            // What is unpacked is there without waiting.
            tokio::task::yield_now().await;
        }
        why.closing()
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

/// There is no memory for what was sent.
fn no_room() -> ProblemDocument {
    let title = "There is no room for it now";
    ProblemDocument::new(StatusCode::SERVICE_UNAVAILABLE, "no-room", title).because(
        "body",
        "was not taken: as much is under way as there is memory for",
        "send the same again after as many seconds as Retry-After says",
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// Room for four bodies of a mebibyte, with one place in front of it.
    fn room(queue: usize, queue_timeout: Duration) -> Room {
        let (max_body_bytes, max_bytes_under_way) = (MIB, 4 * MIB);
        Room::new(&Config { max_body_bytes, max_bytes_under_way, queue, queue_timeout, ..Config::default() })
    }

    async fn read(room: &Room, bytes: usize) -> Result<(Bytes, Held), StatusCode> {
        let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, bytes.into())]);
        room.read(&headers, Body::from(vec![b' '; bytes])).await.map_err(|problem| problem.status())
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_answered_at_once() {
        let room = room(0, Duration::from_secs(3600));
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(read(&room, MIB).await.unwrap());
        }
        assert_eq!(read(&room, 1).await.unwrap_err(), StatusCode::SERVICE_UNAVAILABLE);
        held.pop();
        assert_eq!(read(&room, MIB).await.unwrap().0.len(), MIB);
        // A length that will be refused needs no room, and is told the true reason.
        assert_eq!(read(&room, 2 * MIB).await.unwrap_err(), StatusCode::PAYLOAD_TOO_LARGE);
        held.clear();
        assert_eq!(room.units.available_permits(), 4 * MIB / UNIT);
    }

    #[tokio::test]
    async fn a_few_wait_for_a_while() {
        let room = Arc::new(room(1, Duration::from_secs(3600)));
        let all = read(&room, MIB).await.unwrap();
        let rest = Arc::clone(&room.units).try_acquire_many_owned((3 * MIB / UNIT) as u32).unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        let behind = Arc::clone(&room);
        waiting.spawn(async move { read(&behind, MIB).await.map(drop) });
        while room.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(read(&room, 1).await.unwrap_err(), StatusCode::SERVICE_UNAVAILABLE, "one may wait, and one does");
        drop(all);
        assert_eq!(waiting.join_next().await.unwrap().unwrap(), Ok(()));
        assert_eq!(room.queue.available_permits(), 1);
        drop(rest);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let room = room(1, Duration::from_millis(20));
        let _all = Arc::clone(&room.units).try_acquire_many_owned((4 * MIB / UNIT) as u32).unwrap();
        assert_eq!(read(&room, 1).await.unwrap_err(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(room.queue.available_permits(), 1);
    }

    #[tokio::test]
    async fn the_room_is_taken_as_long_as_the_bytes_are_there() {
        let room = room(0, Duration::ZERO);
        let all = room.units.available_permits();
        let (bytes, held) = read(&room, MIB).await.unwrap();
        let judged = bytes.slice(7..);
        drop((bytes, held));
        assert_eq!(room.units.available_permits(), all - MIB / UNIT);
        drop(judged);
        assert_eq!(room.units.available_permits(), all);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_not_read_for_ever() {
        let room = room(0, Duration::ZERO);
        let chunk = || Ok::<_, std::io::Error>(vec![b' '; 64 << 10]);
        let endless = Body::from_stream(futures::stream::repeat_with(chunk));
        let plain = HeaderMap::new();
        assert!(room.turned_away(&plain, endless, no_room()).await.closes());
        assert!(!room.turned_away(&plain, Body::from("short"), no_room()).await.closes());
        let asks = HeaderMap::from_iter([(header::EXPECT, axum::http::HeaderValue::from_static("100-continue"))]);
        let unsent = Body::from_stream(futures::stream::pending::<std::io::Result<Vec<u8>>>());
        assert!(room.turned_away(&asks, unsent, no_room()).await.closes());
    }
}
