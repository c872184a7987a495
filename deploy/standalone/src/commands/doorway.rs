//! Where commands send and ask: the running program, or the roles started for as long as it takes.
//!
//! In: the data folder, and what is to be done. Out: what came of it. Guarantee: both ways lead to the same code; what was
//! started has ended when this returns, whatever came of the work.

use std::path::Path;
use std::sync::Arc;

use lantoa_query::Engine;
use lantoa_schemas::clock::SystemClock;

use super::import::door::Door;
use crate::broker::EmbeddedBroker;
use crate::config::{Settings, sender_token};
use crate::data_dir::DataDir;
use crate::data_dir::endpoints::Endpoints;
use crate::desk::remote::Remote;
use crate::desk::{Desk, DeskError};
use crate::known::EngineKnown;
use crate::parts::{PartError, Parts};
use crate::progress::during;
use crate::run::RunError;
use crate::signals::StopOrder;

/// Does work that sends something in and asks what came of it. A running program is shown the sender's token, which is in
/// that file or in the environment.
///
/// # Errors
/// Those of the work; else what kept it from being begun.
pub(super) async fn through_door<T>(
    data: &DataDir,
    settings: Settings,
    token_file: Option<&Path>,
    work: impl AsyncFnOnce(&Door, &Desk) -> Result<T, RunError>,
) -> Result<T, RunError> {
    match Endpoints::of_running(data).await {
        Some(endpoints) => {
            let token = sender_token(token_file)?;
            let remote = Remote::of(&endpoints.http).map_err(DeskError::from)?.showing(token.as_deref());
            let desk = Desk::find(data, settings.query).await?;
            work(&Door::Remote(remote), &desk).await
        }
        None => alone(data, settings, work).await,
    }
}

/// The same for work on what is there already.
///
/// # Errors
/// As [`through_door`], and where there is nothing yet.
pub(super) async fn through_door_of<T>(
    data: &DataDir,
    settings: Settings,
    token_file: Option<&Path>,
    work: impl AsyncFnOnce(&Door, &Desk) -> Result<T, RunError>,
) -> Result<T, RunError> {
    if data.has_tables() {
        through_door(data, settings, token_file, work).await
    } else {
        Err(DeskError::NoData(data.root().to_owned()).into())
    }
}

/// Starts broker, ingest and projector for as long as it takes.
async fn alone<T>(
    data: &DataDir,
    settings: Settings,
    work: impl AsyncFnOnce(&Door, &Desk) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let mut stop = StopOrder::listen()?;
    let _lock = data.lock()?;
    let mut parts = Parts::new();
    let engine = Engine::open(settings.query.clone(), Arc::new(SystemClock)).map_err(DeskError::from)?;
    let start = async {
        let broker = EmbeddedBroker::start(data, None).await.map_err(PartError::from)?;
        let settings = settings.on_embedded_broker(&broker.bootstrap());
        parts.add_broker(broker);
        let intake = parts.add_ingest(settings.ingest).await?;
        parts.add_projector(settings.projector, settings.query.clone()).await?;
        // Who can start this owns the folder.
        intake.set_known(Arc::new(EngineKnown::new(engine.clone(), true)));
        Ok::<_, RunError>(intake)
    };
    let intake = tokio::select! {
        () = stop.next() => return Err(RunError::Stopped),
        started = during("starting", start) => started?,
    };
    let (door, desk) = (Door::Local(intake), Desk::Local(engine));
    let done = tokio::select! {
        () = stop.next() => Err(RunError::Stopped),
        error = parts.failed() => Err(error.into()),
        done = work(&door, &desk) => done,
    };
    // The last hold on the log's client, which would otherwise see the broker go and complain.
    drop(door);
    during("stopping", parts.stop()).await?;
    done
}
