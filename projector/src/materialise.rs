//! Keeps the projections: views as tables, so that a question need not judge every event anew.
//!
//! In: what has been committed to the ledgers, and the rows of views from whoever knows them ([`Deriver`]: the query
//! engine). Out: a table a projection, each with how far of the ledgers it rests on. Guarantee: buckets are replaced whole,
//! and the table says that it rests on something only once all buckets that it touched are replaced, so at any moment
//! its rows and its word agree; a projection that lags or fails costs its readers time, never truth.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::stream::BoxStream;
use lantoa_schemas::projection::{BUCKETS, PROJECTIONS, Projection, Reach, folder};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::commit::{Commit, CommitError, ReplaceError, StreamTable, rests_on};

mod generation;
mod rebuild;
mod state;

pub use rebuild::{Compared, Differing, Rebuilt};
use state::State;

/// Events of the ledgers whose rows are made in one pass. Bounds memory as long as one bucket, the least that a pass makes,
/// is of fewer.
const EVENTS_A_PASS: u64 = 50_000;

/// Passes from which on the ledgers are divided among the buckets first. That costs about as much as reading them three
/// times, and spares reading them whole in each pass.
const PASSES_WORTH_DIVIDING: usize = 4;

/// How many times as long as the last renewal took the next one waits: so that keeping takes a sixth of the time at most.
const REST: u32 = 5;

/// How long files that were replaced stay for questions that still read them, and how often is looked for such.
const REPLACED_LEFT_FOR: Duration = Duration::from_secs(900);

/// Longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What went wrong with whoever knows the views.
pub type DeriveError = Box<dyn std::error::Error + Send + Sync>;

/// Columns and rows of some buckets.
pub type Rows = (SchemaRef, BoxStream<'static, Result<RecordBatch, DeriveError>>);

/// Whoever knows the views.
#[async_trait]
pub trait Deriver: Send + Sync {
    /// What identifies the rules by which it judges: rows that were made under others are not its own.
    fn rules(&self) -> &str;

    /// Looks at the ledgers as they are now.
    async fn look(&self, projection: &'static Projection) -> Result<Box<dyn Look>, DeriveError>;
}

/// A projection over one version of each ledger.
#[async_trait]
pub trait Look: Send + Sync {
    /// How far the ledgers go.
    fn reach(&self) -> &Reach;

    /// Rows of the ledgers.
    async fn events(&self) -> Result<u64, DeriveError>;

    /// The buckets that have to be made anew by who rests on `then`.
    async fn touched(&self, then: &Reach) -> Result<Vec<i32>, DeriveError>;

    /// Makes ready for many passes over these buckets: what is read for each pass may be read once for all.
    async fn divide(&self, buckets: &[i32]) -> Result<(), DeriveError>;

    /// The rows of some buckets, with the column of the bucket.
    async fn rows(&self, buckets: &[i32]) -> Result<Rows, DeriveError>;
}

/// Why a projection is not renewed.
#[derive(Debug, thiserror::Error)]
pub enum MaterialiseError {
    /// Its table cannot be read or written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Its rows cannot be had.
    #[error("the rows of {view} cannot be made: {source}")]
    Derive {
        /// The view.
        view: &'static str,
        /// What went wrong.
        source: DeriveError,
    },
    /// What says which table is the present one cannot be read or written.
    #[error("{path} cannot be read or written: {source}")]
    Generation {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a renewal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// Nothing new had come.
    UpToDate,
    /// So many buckets were replaced.
    Buckets(usize),
    /// Somebody else keeps it as well and was faster.
    Lost,
}

/// Keeps the projections in a folder.
pub struct Materialiser {
    folder: PathBuf,
    deriver: Arc<dyn Deriver>,
}

impl std::fmt::Debug for Materialiser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Materialiser").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Materialiser {
    /// Over a folder of tables.
    pub fn new(tables: &std::path::Path, deriver: Arc<dyn Deriver>) -> Self {
        Self { folder: tables.join(folder(deriver.rules())), deriver }
    }

    /// Renews all projections whenever something was committed, until the order to stop. A projection that cannot be
    /// renewed is tried again: nobody needs it to be right.
    pub(crate) async fn run(self, mut committed: watch::Receiver<u64>, age: Duration, stop: CancellationToken) {
        let mut failures = 0_u32;
        let mut vacuumed = Instant::now();
        committed.mark_changed();
        loop {
            tokio::select! {
                changed = committed.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
            let begun = Instant::now();
            let vacuum = vacuumed.elapsed() > REPLACED_LEFT_FOR;
            let renewed = tokio::select! {
                renewed = self.renew_all(vacuum) => renewed,
                () = stop.cancelled() => return,
            };
            let rest = match renewed {
                Ok(lost) => {
                    failures = 0;
                    if lost {
                        // Who was faster may have looked before what we saw came in.
                        committed.mark_changed();
                    }
                    if vacuum {
                        vacuumed = begun;
                    }
                    age.max(begun.elapsed() * REST)
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, failures, "a projection is not renewed: views over it are slower until it is");
                    committed.mark_changed();
                    age.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(LONGEST_WAIT)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Renews each, whatever becomes of the others; says whether somebody else was faster with one of them.
    async fn renew_all(&self, vacuum: bool) -> Result<bool, MaterialiseError> {
        let (mut lost, mut failed) = (false, None);
        for projection in PROJECTIONS {
            let begun = Instant::now();
            match self.renew_and_tidy(projection, vacuum).await {
                Ok(renewed) => {
                    lost |= renewed == Renewed::Lost;
                    tracing::debug!(view = projection.view, ?renewed, took = ?begun.elapsed(), "projection renewed");
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(lost), Err)
    }

    async fn renew_and_tidy(&self, projection: &'static Projection, vacuum: bool) -> Result<Renewed, MaterialiseError> {
        let renewed = self.renew(projection).await?;
        if vacuum && let Some(present) = generation::present(&self.folder, projection).await? {
            let name = projection.generation(present);
            let mut table = StreamTable::open_existing(&self.folder, &name, "event_id").await?;
            table.vacuum(REPLACED_LEFT_FOR, SystemTime::now()).await?;
        }
        Ok(renewed)
    }

    /// Renews the present table of a projection, or makes the first.
    ///
    /// # Errors
    /// Where its rows cannot be made or its table cannot be written.
    pub async fn renew(&self, projection: &'static Projection) -> Result<Renewed, MaterialiseError> {
        let present = generation::present(&self.folder, projection).await?;
        let renewed = self.bring_up(projection, present.unwrap_or(1), &mut |_, _| {}).await?;
        // Also one that was whole already: whoever made it may have died before it could say so.
        if present.is_none() && renewed != Renewed::Lost && self.is_begun(projection, 1) {
            generation::switch(&self.folder, projection, 1).await?;
        }
        generation::clean(&self.folder, projection).await?;
        Ok(renewed)
    }

    /// Makes all buckets of a table anew that rest on less than the ledgers have now; `progress` hears how many of how
    /// many are done. Where it broke off, it goes on.
    async fn bring_up(
        &self,
        projection: &'static Projection,
        generation: u64,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> Result<Renewed, MaterialiseError> {
        let derive = |source| MaterialiseError::Derive { view: projection.view, source };
        let look = self.look(projection).await?;
        let name = projection.generation(generation);
        let mut table = match self.is_begun(projection, generation) {
            true => Some(StreamTable::open_existing(&self.folder, &name, "event_id").await?),
            false => None,
        };
        let state = State::of(table.as_ref(), look.reach()).await?;
        let touched = state.to_make(look.touched(&state.rests_on()).await.map_err(derive)?);
        if touched.is_empty() {
            return Ok(Renewed::UpToDate);
        }
        let events = look.events().await.map_err(derive)?;
        let passes = (events * touched.len() as u64 / BUCKETS as u64).div_ceil(EVENTS_A_PASS).max(1);
        let a_pass = touched.len().div_ceil(passes as usize);
        if touched.len().div_ceil(a_pass) >= PASSES_WORTH_DIVIDING {
            look.divide(&touched).await.map_err(derive)?;
        }
        let mut done = 0;
        for buckets in touched.chunks(a_pass) {
            let (columns, rows) = look.rows(buckets).await.map_err(derive)?;
            let table = match &mut table {
                Some(table) => table,
                None => table.insert(StreamTable::open(&self.folder, &name, columns, "event_id").await?),
            };
            done += buckets.len();
            let entries = match done == touched.len() {
                true => rests_on(look.reach()).collect(),
                false => state.on_the_way(buckets, look.reach()),
            };
            match table.replace_buckets(buckets, rows, &entries).await {
                Ok(Commit::Landed) => progress(done, touched.len()),
                Ok(Commit::Lost) => return Ok(Renewed::Lost),
                Err(ReplaceError::Commit(error)) => return Err(error.into()),
                Err(ReplaceError::Rows(error)) => return Err(derive(error)),
            }
        }
        Ok(Renewed::Buckets(done))
    }

    fn is_begun(&self, projection: &Projection, generation: u64) -> bool {
        StreamTable::is_there(&self.folder, &projection.generation(generation))
    }

    async fn look(&self, projection: &'static Projection) -> Result<Box<dyn Look>, MaterialiseError> {
        let look = self.deriver.look(projection).await;
        look.map_err(|source| MaterialiseError::Derive { view: projection.view, source })
    }
}

#[cfg(test)]
mod tests;
