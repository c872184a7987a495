//! `lantoa rebuild`: makes the tables anew that views are kept in.
//!
//! In: the data folder's ledgers, also while `up` runs. Out: a line a view on standard output: its rows, and in how many
//! buckets the kept ones differed. Guarantee: a table takes the place of another only when it is whole.

use std::io::Write;
use std::sync::Arc;

use lantoa_projector::materialise::{Materialiser, Rebuilt};
use lantoa_query::Engine;
use lantoa_schemas::projection::{PROJECTIONS, Projection};

use crate::config::Settings;
use crate::deriver::EngineDeriver;
use crate::parts::clock;
use crate::progress::Stages;
use crate::run::{Outcome, RunError};
use crate::signals::StopOrder;

/// Makes all projections anew.
///
/// # Errors
/// When the ledgers cannot be read or the tables cannot be written, or when it is told to stop before it is done.
pub async fn rebuild(settings: Settings) -> Result<Outcome, RunError> {
    let mut order = StopOrder::listen()?;
    let deriver = EngineDeriver(Engine::open(settings.query, clock())?);
    let materialiser = Materialiser::new(&settings.projector.tables, Arc::new(deriver));
    for projection in PROJECTIONS {
        let stages = Stages::begin();
        let mut before = 0;
        let mut progress = |done: usize, all: usize| {
            if done <= before || before == 0 {
                stages.stage(projection.view, all as u64);
                before = 0;
            }
            stages.step((done - before) as u64);
            before = done;
        };
        let rebuilt = tokio::select! {
            () = order.next() => return Err(RunError::Stopped),
            rebuilt = materialiser.rebuild(projection, &mut progress) => rebuilt?,
        };
        stages.end();
        report(projection, rebuilt.as_ref());
    }
    Ok(Outcome::Done)
}

fn report(projection: &Projection, rebuilt: Option<&Rebuilt>) {
    let mut out = std::io::stdout().lock();
    let view = projection.view;
    let _ = match rebuilt {
        None => writeln!(out, "{view}: there is nothing to make it of"),
        Some(Rebuilt { rows, differing: None, .. }) => writeln!(out, "{view}: {rows} rows, made for the first time"),
        Some(Rebuilt { rows, differing: Some(differing), .. }) if differing.is_empty() => {
            writeln!(out, "{view}: {rows} rows, the same as before")
        }
        Some(Rebuilt { rows, differing: Some(differing), .. }) => {
            let (old, new) = differing.iter().fold((0, 0), |(old, new), one| (old + one.only_old, new + one.only_new));
            writeln!(
                out,
                "{view}: {rows} rows; {old} rows were wrong and {new} take their place, in {} buckets. This is a fault of \
                 ours: please report it",
                differing.len()
            )
        }
    };
}
