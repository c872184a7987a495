//! Starts the projector: opens the tables, checks that the log is theirs, and only then takes anything in.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::error::ArrowError;
use lantoa_schemas::avro::Revisions;
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::table::{outcome_table, stream_table};
use prometheus_client::registry::Registry;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::commit::{Commit, CommitError, StreamTable};
use crate::config::Config;
use crate::consume::{ConsumeError, Probe, RecordAt, ReferenceReader, Sentry, Source, Watch};
use crate::counters::Counters;
use crate::decode::StreamDecoder;
use crate::health::Health;
use crate::instruments::Instruments;
use crate::judge::References;
use crate::maintain::Maintainer;
use crate::materialise::{Deriver, Materialiser};
use crate::position::{LogLife, NextOffset, StreamPartition};
use crate::project::{Owed, ProjectError, StreamLoop, decode_loop, owed};
use crate::seen::SeenIds;
use crate::start_check::{self, LastRow, NotTheSameLog};

/// Batches that may wait between two steps of one stream. Bounds memory.
const BATCHES_WAITING: usize = 3;

/// Why the projector does not start or does not go on. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be read, or misses records.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// The tables cannot be read or written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The log is not the one that the tables have read.
    #[error(transparent)]
    NotTheSameLog(#[from] NotTheSameLog),
    /// A stream cannot go on.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The written schemas do not decode; a fault of ours.
    #[error("the contract's schemas cannot be decoded: {0}")]
    Schema(#[from] ArrowError),
    /// A task ended without an answer; a fault of ours.
    #[error("a task of the projector broke off: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// A running projector.
pub struct Handle {
    tasks: JoinSet<Result<(), Error>>,
    stop: CancellationToken,
    /// The reading thread ends with the handle, also where nobody joins it.
    _stop_on_drop: DropGuard,
    instruments: Instruments,
    tables: PathBuf,
}

impl Handle {
    /// What has gone through so far.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.instruments.counters)
    }

    /// Makes the projector's series known to the program's registry.
    pub fn register(&self, registry: &mut Registry) {
        self.instruments.register(registry);
    }

    /// Whether it can do its work, for whoever asks while it runs.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.instruments.health)
    }

    /// Folder of the tables.
    pub fn tables(&self) -> &PathBuf {
        &self.tables
    }

    /// Waits until it has stopped: after the shutdown token was cancelled and all that was handed on is committed, or
    /// after a fault.
    ///
    /// # Errors
    /// The first fault of any task; the others are stopped then.
    pub async fn join(mut self) -> Result<(), Error> {
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.map_err(Error::from).and_then(|ended| ended);
            if ended.is_err() {
                self.stop.cancel();
                first = first.and(ended);
            }
        }
        first
    }
}

/// Starts the projector. When it returns, the log has been checked and intake is open. Projections are kept where
/// there is somebody who knows the views.
///
/// # Errors
/// When the broker or the topics are not there in time, the tables cannot be opened, or the log is not theirs.
pub async fn start(
    config: Config,
    deriver: Option<Arc<dyn Deriver>>,
    clock: SharedClock,
    shutdown: CancellationToken,
) -> Result<Handle, Error> {
    let stop = shutdown.child_token();
    let clock = config.faults.clock(clock);
    let instruments = Instruments::new(&config.tables, Arc::clone(&clock));
    let (source, cluster, partitions) = connect(&config).await?;
    let storage = config.faults.storage;
    let outcome = StreamTable::open_on(&config.tables, OUTCOME_TABLE, outcome_table(), "event_id", storage).await?;
    let mut opened = Vec::new();
    for &stream in Stream::ALL {
        let mine: Vec<i32> = partitions.iter().filter(|at| at.stream == stream).map(|at| at.partition).collect();
        opened.push(Opened::open(&config, stream, &cluster, &mine, &outcome).await?);
    }
    let opened = check(&config, opened).await?;
    for partition in opened.iter().flat_map(|opened| &opened.partitions) {
        instruments.lag.committed(partition.at, partition.stored.unwrap_or(NextOffset(0)));
    }
    instruments.counters.table(OUTCOME_TABLE, outcome.footprint());
    let outcome = Arc::new(Mutex::new(outcome));
    let references = References::new(ReferenceReader::open(&config, &partitions)?, Arc::clone(&clock), stop.clone());
    let mut tasks = JoinSet::new();
    let lives = opened.iter().map(|opened| (opened.stream, opened.life.clone())).collect();
    tasks.spawn(stand_guard(Sentry::open(&config, &partitions)?, config.clone(), lives, stop.clone()));
    let mut watch = Watch::open(&config, partitions)?;
    let (committed, news) = watch::channel(0);
    if let Some(deriver) = deriver {
        let keeping = Materialiser::new(&config.tables, deriver).run(news, config.projection_age, stop.clone());
        tasks.spawn(async move {
            keeping.await;
            Ok(())
        });
    }
    let mut to_decode = HashMap::new();
    let mut from = Vec::new();
    for stream in opened {
        from.extend(stream.read_from());
        let (raw_sender, raw) = mpsc::channel(BATCHES_WAITING);
        let (decoded_sender, decoded) = mpsc::channel(BATCHES_WAITING);
        to_decode.insert(stream.stream, raw_sender);
        let decoder = decoder(&config, stream.stream, stream.life.clone())?;
        let stream_loop = stream.project(&config, &outcome, &instruments, &committed, &clock).await?;
        let (references, reads) = (references.clone(), instruments.clone());
        tasks.spawn(async move { Ok(decode_loop(raw, decoded_sender, decoder, references, reads).await?) });
        tasks.spawn(async move { Ok(stream_loop.run(decoded).await?) });
    }
    if !config.maintain.every.is_zero() {
        let maintainer = Maintainer::open(&config, Arc::clone(&clock), stop.clone()).await?;
        tasks.spawn(async move {
            maintainer.run().await;
            Ok(())
        });
    }
    let (health, stop_reading) = (Arc::clone(&instruments.health), stop.clone());
    tasks.spawn_blocking(move || Ok(source.run(&from, &to_decode, &health, &stop_reading)?));
    let (lag, health, stop_looking) = (Arc::clone(&instruments.lag), Arc::clone(&instruments.health), stop.clone());
    tasks.spawn_blocking(move || {
        watch.run(&lag, &health, &stop_looking);
        Ok(())
    });
    let guard = stop.clone().drop_guard();
    Ok(Handle { tasks, stop, _stop_on_drop: guard, instruments, tables: config.tables })
}

/// Watches the log while it is read. Where it has become another one, that is written into the table, so that no start
/// goes on in the new log's midst before `recover` has declared it new.
async fn stand_guard(
    mut sentry: Sentry,
    config: Config,
    lives: HashMap<Stream, LogLife>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let watched = tokio::task::spawn_blocking(move || sentry.run(&stop)).await?;
    if let Err(ConsumeError::Changed { at, offset }) = &watched
        && let Some(life) = lives.get(&at.stream)
    {
        let stream = at.stream;
        let mut table =
            StreamTable::open(&config.tables, stream.table(), stream_table(stream), stream.id_column()).await?;
        let entries = BTreeMap::from([(life.changed_id(*at), *offset)]);
        while table.append(&[], &entries, None).await? == Commit::Lost {}
    }
    Ok(watched?)
}

/// Connects, and learns the cluster and the partitions.
pub(crate) async fn connect(config: &Config) -> Result<(Source, Arc<str>, Vec<StreamPartition>), Error> {
    let config = config.clone();
    let connected = tokio::task::spawn_blocking(move || {
        let source = Source::connect(&config)?;
        let (cluster, partitions) = source.describe(config.start_timeout)?;
        Ok::<_, ConsumeError>((source, cluster, partitions))
    });
    Ok(connected.await??)
}

/// A stream's table and what it knows of the log.
pub(crate) struct Opened {
    pub stream: Stream,
    pub life: LogLife,
    pub table: StreamTable,
    pub partitions: Vec<Partition>,
}

/// What a table knows of one partition.
pub(crate) struct Partition {
    pub at: StreamPartition,
    pub stored: Option<NextOffset>,
    pub last: Option<LastRow>,
    pub owed: Option<Owed>,
    /// Where its log was seen to have become another one.
    pub changed: Option<i64>,
}

impl Opened {
    pub async fn open(
        config: &Config,
        stream: Stream,
        cluster: &Arc<str>,
        partitions: &[i32],
        outcome: &StreamTable,
    ) -> Result<Self, Error> {
        let (name, columns, faults) = (stream.table(), stream_table(stream), config.faults.storage);
        let table = StreamTable::open_on(&config.tables, name, columns, stream.id_column(), faults).await?;
        let mut life = LogLife { cluster: Arc::clone(cluster), generation: 0 };
        let first = StreamPartition { stream, partition: 0 };
        loop {
            let next = LogLife { generation: life.generation + 1, ..life.clone() };
            if table.stored(&next.app_id(first)).await?.is_none() {
                break;
            }
            life = next;
        }
        let mut known = Vec::new();
        for &partition in partitions {
            let at = StreamPartition { stream, partition };
            let stored = table.stored(&life.app_id(at)).await?;
            let last = match stored {
                Some(stored) => table.last_row(&life, at, stored).await?,
                None => None,
            };
            let owed = owed(&table, outcome, &life, at).await?;
            let changed = table.stored(&life.changed_id(at)).await?.map(|offset| offset.0);
            known.push(Partition { at, stored, last, owed, changed });
        }
        Ok(Self { stream, life, table, partitions: known })
    }

    /// Where to read on: at the stored offset, or before it where `outcome` is owed rows.
    fn read_from(&self) -> Vec<(StreamPartition, NextOffset)> {
        let from = |p: &Partition| match (p.owed, p.stored) {
            (Some(owed), _) => NextOffset(owed.from),
            (None, stored) => stored.unwrap_or(NextOffset(0)),
        };
        self.partitions.iter().map(|partition| (partition.at, from(partition))).collect()
    }

    async fn project(
        self,
        config: &Config,
        outcome: &Arc<Mutex<StreamTable>>,
        instruments: &Instruments,
        committed: &watch::Sender<u64>,
        clock: &SharedClock,
    ) -> Result<StreamLoop, Error> {
        instruments.counters.table(self.stream.table(), self.table.footprint());
        let seen = SeenIds::of(&self.table).await?;
        let stored = |p: &Partition| (p.at.partition, p.stored.unwrap_or(NextOffset(0)));
        Ok(StreamLoop {
            stream: self.stream,
            life: self.life,
            config: config.clone(),
            table: self.table,
            outcome: Arc::clone(outcome),
            seen,
            stored: self.partitions.iter().map(stored).collect(),
            owed: self.partitions.iter().filter_map(|p| p.owed.map(|owed| (p.at.partition, owed))).collect(),
            instruments: instruments.clone(),
            committed: committed.clone(),
            clock: Arc::clone(clock),
        })
    }
}

/// Stops unless the log is the one that the tables have read.
async fn check(config: &Config, mut opened: Vec<Opened>) -> Result<Vec<Opened>, Error> {
    if let Some((_, fault)) = faults(config, &opened).await?.into_iter().next() {
        return Err(fault.into());
    }
    // What was never read, or was declared new, starts where the log starts.
    let fresh: Vec<_> = opened
        .iter()
        .flat_map(|o| &o.partitions)
        .filter(|p| p.stored.is_none_or(|stored| stored.0 == 0))
        .map(|p| p.at)
        .collect();
    let starts = look(config, fresh.iter().map(|at| (*at, 0)).collect()).await?;
    for partition in opened.iter_mut().flat_map(|opened| &mut opened.partitions) {
        if let Some(RecordAt::BeforeStart(start)) = starts.get(&partition.at) {
            partition.stored = Some(NextOffset(*start));
        }
    }
    // Records that `outcome` is owed can have left the log; they are then beyond making up for.
    let owed = opened.iter().flat_map(|o| &o.partitions).filter_map(|p| p.owed.map(|owed| (p.at, owed.from)));
    let places = look(config, owed.collect()).await?;
    for partition in opened.iter_mut().flat_map(|opened| &mut opened.partitions) {
        if let (Some(owed), Some(RecordAt::BeforeStart(start))) = (partition.owed, places.get(&partition.at)) {
            tracing::warn!(at = %partition.at, from = owed.from, start, "the log no longer has records that outcome was owed");
            partition.owed = (*start < owed.to).then_some(Owed { from: *start, to: owed.to });
        }
    }
    Ok(opened)
}

/// Each partition's reason for not being the log that its table has read.
pub(crate) async fn faults(config: &Config, opened: &[Opened]) -> Result<Vec<(Stream, NotTheSameLog)>, Error> {
    let known: Vec<(&Partition, NextOffset, Stream)> = opened
        .iter()
        .flat_map(|opened| opened.partitions.iter().map(|partition| (partition, opened.stream)))
        .filter_map(|(partition, stream)| partition.stored.map(|stored| (partition, stored, stream)))
        .filter(|(_, stored, _)| stored.0 > 0)
        .collect();
    let before = look(config, known.iter().map(|(p, stored, _)| (p.at, stored.0 - 1)).collect()).await?;
    let lasts = known.iter().filter_map(|(p, ..)| p.last.as_ref().map(|last| (p.at, last.offset)));
    let last_records = look(config, lasts.collect()).await?;
    let mut faults = Vec::new();
    for (partition, stored, stream) in known {
        let mut checked = before.get(&partition.at).map_or(Ok(()), |b| start_check::check_end(partition.at, stored, b));
        if let (Ok(()), Some(last), Some(found)) = (&checked, &partition.last, last_records.get(&partition.at)) {
            let id = record_id(config, stream, found)?;
            checked = start_check::check_last(partition.at, last, found, id.as_deref());
        }
        if let (Ok(()), Some(offset)) = (&checked, partition.changed) {
            checked = Err(NotTheSameLog::OtherRecord { at: partition.at.to_string(), offset });
        }
        faults.extend(checked.err().map(|fault| (stream, fault)));
    }
    Ok(faults)
}

async fn look(config: &Config, at: Vec<(StreamPartition, i64)>) -> Result<HashMap<StreamPartition, RecordAt>, Error> {
    let probe = Probe::new(config);
    Ok(tokio::task::spawn_blocking(move || probe.look(&at)).await??)
}

fn decoder(config: &Config, stream: Stream, life: LogLife) -> Result<StreamDecoder, ArrowError> {
    StreamDecoder::new(Arc::new(Revisions::of(stream, &config.confluent_schemas)), life)
}

/// The id that a record carries, `None` where it cannot be read.
fn record_id(config: &Config, stream: Stream, record: &RecordAt) -> Result<Option<String>, ArrowError> {
    use arrow::array::{Array, AsArray};
    let RecordAt::Found { payload, .. } = record else {
        return Ok(None);
    };
    let mut raw = crate::consume::RawBatch::new(stream);
    raw.push(0, 0, payload);
    let life = LogLife { cluster: "".into(), generation: 0 };
    let read = decoder(config, stream, life)?.decode(raw)?;
    let ids = read.rows.column_by_name(stream.id_column()).map(|ids| ids.as_string::<i32>().clone());
    Ok(ids.filter(|ids| !ids.is_empty()).map(|ids| ids.value(0).to_owned()))
}
