//! One statement's turn: how long it may go on, and what ends it early.
//!
//! In: work that waits. Out: what it comes to, or why it did not. Guarantee: a request to cancel, the end of the time
//! allowed, a client that goes away and the program's stop end any wait here, also while rows are on their way.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::refusal::{Refusal, Stop, state};
use super::wire::{SEND_AT, Wire};

/// How long what is under way may go on once the program stops.
const AFTER_STOP: Duration = Duration::from_secs(10);

/// Waits until the program's stop waits no longer.
pub(super) async fn stopped(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    sleep(AFTER_STOP).await;
}

/// What ends a statement early.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    cancel: CancellationToken,
    within: Option<Duration>,
    until: Option<Instant>,
    shutdown: CancellationToken,
}

impl Turn {
    /// A turn that begins now.
    pub(super) fn begin(cancel: CancellationToken, within: Option<Duration>, shutdown: CancellationToken) -> Self {
        let until = within.and_then(|within| Instant::now().checked_add(within));
        Self { cancel, within, until, shutdown }
    }

    async fn over(&self) -> Refusal {
        let too_long = async {
            match self.until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => Refusal::new(state::CANCELLED, "the statement was cancelled, as was asked for"),
            () = too_long => {
                let within = self.within.unwrap_or_default();
                Refusal::new(state::CANCELLED, format!("the statement took longer than statement_timeout, {within:?}"))
                    .hint("SET statement_timeout = 0 lifts the limit; a narrower question takes less time")
            }
            () = stopped(&self.shutdown) => Refusal::fatal(state::STOPPING, "the program stops"),
        }
    }

    /// Waits for work.
    ///
    /// # Errors
    /// What ended it early.
    pub(super) async fn wait<S, T>(&self, wire: &mut Wire<S>, work: impl Future<Output = T> + Send) -> Result<T, Stop>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        tokio::pin!(work);
        let over = self.over();
        tokio::pin!(over);
        loop {
            tokio::select! {
                biased;
                refusal = &mut over => return Err(refusal.into()),
                done = &mut work => return Ok(done),
                // More to read is for later; only that nobody is there ends the work.
                heard = wire.listen() => heard?,
            }
        }
    }

    /// Sends what is collected, where it is enough to be worth it.
    ///
    /// # Errors
    /// What ended it early.
    pub(super) async fn send<S: AsyncRead + AsyncWrite + Unpin>(&self, wire: &mut Wire<S>) -> Result<(), Stop> {
        if wire.output.len() < SEND_AT {
            return Ok(());
        }
        tokio::select! {
            biased;
            refusal = self.over() => Err(refusal.into()),
            sent = wire.flush() => Ok(sent?),
        }
    }
}
