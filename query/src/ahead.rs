//! Makes what questions needed lately anew after each commit, so that the next asker finds it made.
//!
//! In: what was asked within the hour, the versions of the ledgers. Out: nothing but what the engine then remembers.
//! Guarantee: one thing is made at a time, never while a question waits for its turn, and by the code that answers
//! questions; a question that needs what is being made waits for it. A sixth of one core's time is taken at most. What is
//! never made ahead costs the next asker time, never truth.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::QueryError;
use crate::indicator::Basis;
use crate::session::Engine;
use crate::settings::Standing;

/// How often is looked for something new.
const LOOK: Duration = Duration::from_secs(1);

/// How many times as long as the work took is rested, for each core that it may have used.
const REST: u32 = 5;

/// After so long everything is looked at anew, whatever the names of files say: see [`crate::tables::Tables::are_past`].
const LOOK_ANEW: Duration = Duration::from_secs(900);

/// How long is waited after the tables could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Works until the order to stop, and then ends at the next step.
pub(crate) async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut work = JoinSet::new();
    work.spawn(go(engine));
    tokio::select! {
        biased;
        // The task ends at its next step, and the role not before it.
        () = shutdown.cancelled() => work.shutdown().await,
        Some(Err(broken)) = work.join_next() => {
            tracing::error!(%broken, "nothing is made ahead of questions any more until the program starts again");
        }
    }
}

async fn go(engine: Engine) {
    let partitions = engine.config().partitions;
    let cores = match partitions {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    };
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    let mut ahead = Ahead::default();
    loop {
        tokio::time::sleep(LOOK).await;
        let begun = Instant::now();
        match ahead.step(&engine).await {
            Ok(true) => tokio::time::sleep(begun.elapsed().saturating_mul(REST.saturating_mul(cores))).await,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "the tables cannot be read to make ahead what questions need");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// What has been made so far.
#[derive(Debug, Default)]
struct Ahead {
    /// Whether the role has begun by what most will ask.
    begun: bool,
    made: Vec<Made>,
}

#[derive(Debug)]
struct Made {
    standing: Standing,
    basis: Basis,
    at: Instant,
}

impl Ahead {
    /// Makes what one standing lacks; says whether there was anything to do.
    async fn step(&mut self, engine: &Engine) -> Result<bool, QueryError> {
        if engine.is_waited_for() {
            return Ok(false);
        }
        if !self.begun {
            self.begun = engine.take_as_asked().await?;
        }
        let wanted = engine.asked_lately();
        self.made.retain(|made| wanted.iter().any(|(standing, _)| *standing == made.standing));
        let mut worked = false;
        for (standing, needs) in wanted {
            let made = self.made.iter().find(|made| made.standing == standing);
            if let Some(made) = made.filter(|made| made.at.elapsed() < LOOK_ANEW)
                && !engine.is_past(&made.basis).await
            {
                continue;
            }
            worked = true;
            let at = Instant::now();
            if let Some(basis) = engine.make_ahead(&standing, &needs).await? {
                self.made.retain(|made| made.standing != standing);
                self.made.push(Made { standing, basis, at });
                break;
            }
        }
        Ok(worked)
    }
}
