//! The order to stop, from a person (Ctrl-C) or from the system (SIGTERM).

use tokio::signal::unix::{Signal, SignalKind, signal};

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

    /// Waits for the next order.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
