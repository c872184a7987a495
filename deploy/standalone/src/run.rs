//! From what was asked to what does it.
//!
//! In: a command line. Out: how it went. Guarantee: every command ends in [`Outcome`] or in one error that says what
//! failed and what to do.

use crate::broker::BrokerError;
use crate::cli::Cli;
use crate::data_dir::DataDirError;

/// How work went that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it was done.
    Done,
    /// A part was refused, and named on standard error.
    InPart,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The embedded broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

/// Does what was asked.
///
/// # Errors
/// Any [`RunError`].
pub async fn run(cli: Cli) -> Result<Outcome, RunError> {
    let data = crate::data_dir::DataDir::new(cli.data);
    let _lock = data.lock()?;
    let mut broker = crate::broker::EmbeddedBroker::start(&data, None).await?;
    println!("{} {:?}", broker.bootstrap(), broker.pid());
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {},
        error = broker.wait() => return Err(error.into()),
    }
    broker.stop().await?;
    Ok(Outcome::Done)
}
