//! `lantoa rebuild`: makes the tables anew that views are kept in.
//!
//! In: the data folder's ledgers, also while `up` runs. Out: a line a view on standard output: its rows, and in how many
//! buckets the kept ones differed. Guarantee: a table takes the place of another only when it is whole.

use std::io::Write;
use std::sync::Arc;

use lantoa_projector::materialise::{Compared, Materialiser, Rebuilt};
use lantoa_query::Engine;
use lantoa_schemas::projection::{BUCKETS, PROJECTIONS, Projection};

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
    let _ = writeln!(out, "{}: {}", projection.view, said(rebuilt));
}

fn said(rebuilt: Option<&Rebuilt>) -> String {
    let Some(Rebuilt { rows, compared, .. }) = rebuilt else { return "there is nothing to make it of".to_owned() };
    let Some(Compared { differing, uncompared }) = compared else {
        return format!("{rows} rows, made for the first time");
    };
    let (old, new) = differing.iter().fold((0, 0), |(old, new), one| (old + one.only_old, new + one.only_new));
    let left = match uncompared {
        0 => String::new(),
        left => format!("; {left} of {BUCKETS} buckets could not be compared"),
    };
    match differing.len() {
        0 if *uncompared == BUCKETS as usize => format!("{rows} rows; those before could not be compared"),
        0 => format!("{rows} rows, the same as before{left}"),
        buckets => format!(
            "{rows} rows; {old} rows were wrong and {new} take their place, in {buckets} buckets{left}. This is a fault of \
             ours: please report it"
        ),
    }
}
