//! The loop of one stream: decoded batches into windows, windows into commits.
//!
//! Guarantee: a window's rows and its next offsets land in one commit or not at all; its `outcome` rows follow before
//! the next window starts, and where the process dies in between, the ledger's own commit says which range owes them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::validate::Problem;
use tokio::sync::{Mutex, mpsc, watch};

use crate::commit::{Commit, CommitError, StreamTable};
use crate::config::{Config, FaultPoint};
use crate::consume::RawBatch;
use crate::counters::Landed;
use crate::decode::{DecodedBatch, StreamDecoder, texts};
use crate::instruments::Instruments;
use crate::judge::References;
use crate::outcome::{self, Fate, OutcomeRow};
use crate::position::{LogLife, NextOffset, StreamPartition};
use crate::seen::{IdHash, IdSet, SeenIds};
use crate::window::Window;

/// How often a commit that the storage refuses is tried before the projector stops.
const STORAGE_ATTEMPTS: u32 = 5;

/// Why a stream cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The tables cannot be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The storage refused too often.
    #[error(
        "{source}; it was tried {attempts} times. See that the disk answers and has room, then start again: what is not in the tables yet is still in the log"
    )]
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// The last refusal.
        source: CommitError,
    },
    /// Columns do not fit; a fault of ours.
    #[error("{stream} cannot be decoded into its table: {source}")]
    Columns {
        /// The topic.
        stream: &'static str,
        /// What Arrow said.
        source: ArrowError,
    },
}

/// A range whose `outcome` rows a crash may have left unwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owed {
    pub from: i64,
    pub to: i64,
}

/// Decodes and judges, off the committing task, so that both cores have work.
pub(crate) async fn decode_loop(
    mut raw: mpsc::Receiver<RawBatch>,
    decoded: mpsc::Sender<DecodedBatch>,
    mut decoder: StreamDecoder,
    references: References,
    instruments: Instruments,
) -> Result<(), ProjectError> {
    while let Some(batch) = raw.recv().await {
        instruments.read(&batch);
        let stream = batch.stream().topic();
        let columns = |source| ProjectError::Columns { stream, source };
        let batch = decoder.decode(batch).map_err(columns)?;
        let Some(batch) = references.judge(batch).await.map_err(columns)? else {
            return Ok(());
        };
        if decoded.send(batch).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Commits the windows of one stream.
pub(crate) struct StreamLoop {
    pub stream: Stream,
    pub life: LogLife,
    pub config: Config,
    pub table: StreamTable,
    pub outcome: Arc<Mutex<StreamTable>>,
    pub seen: SeenIds,
    /// Next offset of each partition, as the table has it.
    pub stored: BTreeMap<i32, NextOffset>,
    /// Ranges before `stored` that are read again for their `outcome` rows.
    pub owed: HashMap<i32, Owed>,
    pub instruments: Instruments,
    /// Tells who keeps projections that there is something new.
    pub committed: watch::Sender<u64>,
    pub clock: SharedClock,
}

impl StreamLoop {
    /// Takes batches until there are no more, then commits what is left.
    pub async fn run(mut self, mut decoded: mpsc::Receiver<DecodedBatch>) -> Result<(), ProjectError> {
        let mut window = Window::default();
        loop {
            let batch = match window.due_at(&self.config) {
                None => decoded.recv().await,
                Some(due) => match tokio::time::timeout_at(due.into(), decoded.recv()).await {
                    Ok(batch) => batch,
                    Err(_) => {
                        self.land(std::mem::take(&mut window)).await?;
                        continue;
                    }
                },
            };
            match batch {
                Some(batch) => window.push(batch),
                None => break,
            }
            if window.is_due(&self.config, std::time::Instant::now()) {
                self.land(std::mem::take(&mut window)).await?;
            }
        }
        if window.is_empty() { Ok(()) } else { self.land(window).await }
    }

    /// Commits a window, its ledger rows first, its `outcome` rows next. What the storage does not take is tried again a
    /// few times, each time against the table as it is then.
    async fn land(&mut self, window: Window) -> Result<(), ProjectError> {
        let (due, table) = (Instant::now(), self.stream.table());
        let mut failures = 0;
        let plan = loop {
            match self.try_to_land(&window, failures > 0).await {
                Ok(plan) => break plan,
                Err(error) => self.wait_or_give_up(table, error, &mut failures).await?,
            }
        };
        self.instruments.health.took(table);
        if !plan.entries.is_empty() {
            self.instruments.counters.committed(table, due.elapsed());
        }
        self.instruments.counters.table(table, self.table.footprint());
        FaultPoint::AfterCommit.strike(self.config.fault);
        failures = 0;
        while let Err(error) = self.land_outcomes(&plan).await {
            self.wait_or_give_up(OUTCOME_TABLE, error, &mut failures).await?;
        }
        FaultPoint::AfterOutcome.strike(self.config.fault);
        plan.ids.iter().for_each(|id| self.seen.insert(*id));
        // Before the lag, so that whoever sees none sees all counts.
        self.instruments.counters.landed(self.stream, plan.landed());
        self.seen.is_at(&self.table);
        for (partition, span) in window.spans() {
            let stored = self.stored.entry(*partition).or_insert(span.next);
            *stored = span.next.max(*stored);
            let at = StreamPartition { stream: self.stream, partition: *partition };
            self.instruments.lag.committed(at, *stored);
            self.owed.retain(|owed, range| owed != partition || span.next.0 < range.to);
        }
        if !plan.ids.is_empty() {
            self.committed.send_modify(|commits| *commits += 1);
        }
        Ok(())
    }

    /// Plans and commits until it lands or the storage fails; each loss is to somebody else's commit.
    async fn try_to_land(&mut self, window: &Window, again: bool) -> Result<Plan, ProjectError> {
        if again {
            self.table.reload().await?;
            self.look_again().await?;
        }
        loop {
            let plan = self.plan(window).await?;
            if plan.entries.is_empty() {
                return Ok(plan);
            }
            match self.table.append(&plan.rows, &plan.entries, self.config.fault).await? {
                Commit::Landed => return Ok(plan),
                Commit::Lost => {
                    self.instruments.counters.lost(self.stream.table());
                    self.look_again().await?;
                }
            }
        }
    }

    async fn wait_or_give_up(
        &self,
        table: &'static str,
        error: ProjectError,
        failures: &mut u32,
    ) -> Result<(), ProjectError> {
        *failures += 1;
        self.instruments.counters.failed(table);
        self.instruments.health.refused(table, error.to_string());
        let error = match error {
            ProjectError::Commit(source) if source.can_be_tried_again() && *failures == STORAGE_ATTEMPTS => {
                return Err(ProjectError::GaveUp { attempts: STORAGE_ATTEMPTS, source });
            }
            ProjectError::Commit(source) if source.can_be_tried_again() => source,
            hopeless => return Err(hopeless),
        };
        tracing::warn!(stream = self.stream.topic(), %error, failures, "the tables cannot be written; trying again");
        tokio::time::sleep(Duration::from_millis(100 << *failures)).await;
        Ok(())
    }

    /// After somebody else's commit: what does the table say of our partitions and of its ids now, and does it owe
    /// `outcome` rows that its writer did not live to write?
    async fn look_again(&mut self) -> Result<(), ProjectError> {
        let mut outcome = self.outcome.lock().await;
        outcome.reload().await?;
        for (partition, stored) in &mut self.stored {
            let at = StreamPartition { stream: self.stream, partition: *partition };
            if let Some(now) = self.table.stored(&self.life.app_id(at)).await? {
                *stored = now;
            }
            match owed(&self.table, &outcome, &self.life, at).await? {
                Some(range) => self.owed.insert(*partition, range),
                None => self.owed.remove(partition),
            };
        }
        drop(outcome);
        self.seen.catch_up(&self.table).await?;
        Ok(())
    }

    /// Decides the fate of each record of a window, by what the table holds now.
    async fn plan(&self, window: &Window) -> Result<Plan, ProjectError> {
        let mut known = IdSet::with_capacity_and_hasher(window.records(), Default::default());
        let doubtful: HashMap<IdHash, String> =
            window.batches().iter().flat_map(|batch| self.doubtful_ids(batch)).collect();
        if !doubtful.is_empty() {
            known.extend(self.table.known(doubtful).await?);
        }
        let mut landed_before = HashMap::new();
        for (&partition, owed) in &self.owed {
            let at = StreamPartition { stream: self.stream, partition };
            landed_before.insert(partition, self.table.offsets(&self.life, at, owed.from, owed.to).await?);
        }
        let mut plan = Plan { ids: Vec::with_capacity(window.records()), ..Plan::default() };
        for batch in window.batches() {
            self.plan_batch(batch, &mut known, &landed_before, &mut plan)?;
        }
        for (&partition, span) in window.spans() {
            if span.next > self.stored_next(partition) {
                let at = StreamPartition { stream: self.stream, partition };
                plan.entries.insert(self.life.app_id(at), span.next.0);
                // All that this plan has to write, what was owed before included: the range replaces the older one.
                let due = plan.outcomes.iter().filter(|row| row.at == at).map(|row| row.offset);
                let (from_id, to_id) = self.life.owed_ids(at);
                let (first, last) = (due.clone().min(), due.max());
                plan.entries.extend(first.map(|first| (from_id, first)));
                plan.entries.extend(last.map(|last| (to_id, last + 1)));
            }
        }
        Ok(plan)
    }

    fn stored_next(&self, partition: i32) -> NextOffset {
        self.stored.get(&partition).copied().unwrap_or(NextOffset(0))
    }

    /// The ids that are not surely new, with their hashes, of rows that the table has not read yet.
    fn doubtful_ids<'a>(&'a self, batch: &'a DecodedBatch) -> impl Iterator<Item = (IdHash, String)> + 'a {
        let texts = texts(&batch.rows, self.stream);
        batch.ids.iter().zip(&batch.raw_index).enumerate().filter_map(move |(row, (&id, &at))| {
            let (partition, offset) = batch.raw.position(at);
            let doubtful = offset >= self.stored_next(partition).0 && self.seen.may_contain(id);
            doubtful.then(|| (id, texts.value(row).to_owned()))
        })
    }

    fn plan_batch(
        &self,
        batch: &DecodedBatch,
        known: &mut IdSet,
        landed_before: &HashMap<i32, HashSet<i64>>,
        plan: &mut Plan,
    ) -> Result<(), ProjectError> {
        let mut keep = Vec::with_capacity(batch.rows.num_rows());
        for (row, (&id, &at)) in batch.ids.iter().zip(&batch.raw_index).enumerate() {
            let (partition, offset) = batch.raw.position(at);
            let fresh = offset >= self.stored_next(partition).0;
            plan.read_again += u64::from(!fresh);
            let taken = fresh && known.insert(id);
            keep.push(taken);
            if taken {
                plan.ids.push(id);
            }
            let owed = !fresh && self.owes(partition, offset) && !landed_before[&partition].contains(&offset);
            if (fresh && !taken) || owed {
                plan.duplicates += u64::from(fresh);
                plan.outcomes.push(self.duplicate(batch, row));
            }
        }
        for refused in &batch.refused {
            let (partition, offset) = batch.raw.position(refused.at);
            let fresh = offset >= self.stored_next(partition).0;
            plan.read_again += u64::from(!fresh);
            if fresh || self.owes(partition, offset) {
                plan.rejected += u64::from(fresh);
                plan.outcomes.push(self.rejected(batch, refused.at, &refused.problems));
            }
        }
        let rows = if keep.contains(&false) {
            filter_record_batch(&batch.rows, &BooleanArray::from(keep))
                .map_err(|source| ProjectError::Columns { stream: self.stream.topic(), source })?
        } else {
            batch.rows.clone()
        };
        plan.rows.push(rows);
        Ok(())
    }

    fn owes(&self, partition: i32, offset: i64) -> bool {
        self.owed.get(&partition).is_some_and(|owed| (owed.from..owed.to).contains(&offset))
    }

    fn outcome_row(&self, batch: &DecodedBatch, at: usize, fate: Fate, reason: String) -> OutcomeRow {
        let (partition, offset) = batch.raw.position(at);
        OutcomeRow {
            at: StreamPartition { stream: self.stream, partition },
            offset,
            fate,
            event_id: None,
            field: None,
            reason,
            remedy: None,
            sender: None,
            via: None,
            receipt: None,
            receipt_row: None,
            bytes: Some(batch.raw.record(at).to_vec()),
            content_hash: None,
        }
    }

    fn duplicate(&self, batch: &DecodedBatch, row: usize) -> OutcomeRow {
        let text = |name: &str| {
            let column = batch.rows.column_by_name(name)?.as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        let receipt_row = batch.rows.column_by_name("receipt_row").and_then(|column| {
            let numbers = column.as_primitive_opt::<Int64Type>()?;
            numbers.is_valid(row).then(|| numbers.value(row))
        });
        let reason = format!("its {} is in the table already", self.stream.id_column());
        OutcomeRow {
            event_id: text(self.stream.id_column()),
            remedy: Some("nothing, if it says the same; else send a correction under an id of its own".to_owned()),
            sender: text("sender"),
            via: text("via"),
            receipt: text("receipt"),
            receipt_row,
            ..self.outcome_row(batch, batch.raw_index[row], Fate::Duplicate, reason)
        }
    }

    fn rejected(&self, batch: &DecodedBatch, at: usize, problems: &[Problem]) -> OutcomeRow {
        OutcomeRow::rejected(self.outcome_row(batch, at, Fate::Rejected, String::new()), problems)
    }

    /// Commits the `outcome` rows of a window that has landed, but for those that are there already.
    async fn land_outcomes(&self, plan: &Plan) -> Result<(), ProjectError> {
        if plan.outcomes.is_empty() {
            return Ok(());
        }
        let mut table = self.outcome.lock().await;
        loop {
            table.reload().await?;
            let mut done = HashMap::new();
            for at in plan.outcomes.iter().map(|row| row.at).collect::<HashSet<_>>() {
                done.insert(at, table.stored(&self.life.app_id(at)).await?.unwrap_or(NextOffset(0)));
            }
            let due = plan.outcomes.iter().filter(|row| done[&row.at].0 <= row.offset);
            let rows: Vec<OutcomeRow> = due.cloned().collect();
            if rows.is_empty() {
                self.instruments.health.took(OUTCOME_TABLE);
                return Ok(());
            }
            let mut entries = BTreeMap::new();
            for row in &rows {
                let next = entries.entry(self.life.app_id(row.at)).or_insert(0);
                *next = (*next).max(row.offset + 1);
            }
            let rows = outcome::batch(&rows, &self.life, self.clock.now())
                .map_err(|source| ProjectError::Columns { stream: self.stream.topic(), source })?;
            if table.append(&[rows], &entries, None).await? == Commit::Landed {
                self.instruments.health.took(OUTCOME_TABLE);
                self.instruments.counters.table(OUTCOME_TABLE, table.footprint());
                return Ok(());
            }
            self.instruments.counters.lost(OUTCOME_TABLE);
        }
    }
}

/// The range whose `outcome` rows were not written before the process died, if any.
pub(crate) async fn owed(
    table: &StreamTable,
    outcome: &StreamTable,
    life: &LogLife,
    at: StreamPartition,
) -> Result<Option<Owed>, CommitError> {
    let (from_id, to_id) = life.owed_ids(at);
    let (Some(from), Some(to)) = (table.stored(&from_id).await?, table.stored(&to_id).await?) else {
        return Ok(None);
    };
    let done = outcome.stored(&life.app_id(at)).await?.unwrap_or(NextOffset(0));
    Ok((done < to).then_some(Owed { from: from.0.max(done.0), to: to.0 }))
}

/// What a window comes to.
#[derive(Default)]
struct Plan {
    rows: Vec<RecordBatch>,
    ids: Vec<IdHash>,
    outcomes: Vec<OutcomeRow>,
    entries: BTreeMap<String, i64>,
    duplicates: u64,
    rejected: u64,
    /// Records that were dealt with before, what of them `outcome` was owed included.
    read_again: u64,
}

impl Plan {
    fn landed(&self) -> Landed {
        Landed {
            committed: self.ids.len() as u64,
            duplicate: self.duplicates,
            rejected: self.rejected,
            read_again: self.read_again,
        }
    }
}
