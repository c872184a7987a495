//! `lantoa serve`: one role alone, on a Kafka elsewhere: how the same program is deployed on several machines.
//!
//! In: a role, a Kafka, a data folder. Out: that role with its routes, `/healthz`, `/readyz` and `/metrics`. Guarantee:
//! the same code as under `up`. The folder is not locked: roles share tables, and every commit is a compare-and-swap.

use std::io::Write;

use crate::cli::{Role, ServeArgs};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::parts::{Parts, bind};
use crate::progress::during;
use crate::run::{Outcome, RunError};
use crate::signals::StopOrder;

/// Runs the role until the order to stop.
///
/// # Errors
/// What kept it from starting, its failure, or that it did not stop well.
pub async fn serve(data: &DataDir, settings: Settings, arguments: ServeArgs) -> Result<Outcome, RunError> {
    let mut order = StopOrder::listen()?;
    let settings = match &arguments.kafka {
        Some(kafka) => settings.on_kafka(kafka)?,
        None => settings,
    };
    let settings = settings.with_fault(arguments.fault.as_deref())?;
    let manner = match arguments.role {
        Role::Ingest => settings.http.of_intake("--http", arguments.http, settings.ingest.tokens_required())?,
        Role::Projector | Role::Query => settings.http.of_role("--http", arguments.http)?,
    };
    let listener = bind("--http", arguments.http).await?;
    let postgres = match arguments.postgres.filter(|_| matches!(arguments.role, Role::Query)) {
        Some(address) => Some(bind("--postgres", address).await?),
        None => None,
    };
    let mut parts = Parts::new();
    let start = async {
        match arguments.role {
            Role::Ingest => parts.add_ingest(settings.ingest).await.map(drop),
            Role::Projector => {
                crate::data_dir::create_dir(data.root())?;
                parts.add_projector(settings.projector, settings.query).await
            }
            Role::Query => match postgres {
                Some(postgres) => {
                    let (_, address) = parts.add_query(settings.query, postgres).await?;
                    let _ = writeln!(std::io::stdout(), "  sql    postgres://{address}/lantoa");
                    Ok(())
                }
                None => parts.add_query_alone(settings.query).await.map(drop),
            },
        }?;
        Ok::<_, RunError>(())
    };
    tokio::select! {
        () = order.next() => return Ok(Outcome::Done),
        started = during("starting", start) => started?,
    }
    let scheme = if manner.tls.is_some() { "https" } else { "http" };
    let (http, readiness) = parts.add_listener(listener, manner)?;
    readiness.set(true);
    let _ = writeln!(std::io::stdout(), "lantoa is ready\n  http   {scheme}://{http}");
    let failure = tokio::select! {
        () = order.next() => None,
        error = parts.failed() => Some(error),
    };
    eprintln!("stopping");
    let stopped = tokio::select! {
        () = order.again() => return Err(RunError::Stopped),
        stopped = during("stopping", parts.stop()) => stopped,
    };
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(stopped.map(|()| Outcome::Done)?),
    }
}
