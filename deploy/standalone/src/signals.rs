//! The order to stop, from a person (Ctrl-C) or from the system (SIGTERM).

use std::time::Duration;

use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Orders that come this close together are one: some programs that pass a signal on send it to the process and to
/// its group.
const ONE_ORDER: Duration = Duration::from_secs(1);

/// Listens for the order to stop.
#[derive(Debug)]
pub struct StopOrder {
    interrupt: Signal,
    terminate: Signal,
}

impl StopOrder {
    /// Begins to listen; from now on neither signal ends the process by itself.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// After a first order, waits for another one that is meant as one.
    pub async fn again(&mut self) {
        tokio::time::sleep(ONE_ORDER).await;
        while self.next().now_or_never().is_some() {}
        self.next().await;
    }

    /// Waits for the next order.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
