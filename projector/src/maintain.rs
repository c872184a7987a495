//! Looks after the tables, beside the streams.
//!
//! In: the tables, the settings. Out: few large files in place of many small ones, and a disk without what nobody
//! needs. Guarantee: rows, ids, positions and the entries of how far the log has been read stay what they are; a commit
//! of data never waits for this: where both commit at once, the data tries again at once and this stands back. What
//! fails here is told and tried again later, and stops nobody. One table at a time, so that memory is bounded.

use std::time::{Duration, Instant, SystemTime};

use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::table::{outcome_table, stream_table};
use tokio_util::sync::CancellationToken;

use crate::commit::{Commit, CommitError, StreamTable};
use crate::config::{Config, Maintenance};
use crate::start::Error;

mod pick;

/// How often files are looked for that nobody needs.
const VACUUM_EVERY: Duration = Duration::from_secs(3600);

/// Keeps all tables in order.
pub(crate) struct Maintainer {
    tables: Vec<StreamTable>,
    settings: Maintenance,
    clock: SharedClock,
    stop: CancellationToken,
}

impl Maintainer {
    /// Opens the tables a second time: the streams have theirs to themselves.
    pub async fn open(config: &Config, clock: SharedClock, stop: CancellationToken) -> Result<Self, CommitError> {
        let mut tables = Vec::new();
        for &stream in Stream::ALL {
            let columns = stream_table(stream);
            tables.push(StreamTable::open(&config.tables, stream.table(), columns, stream.id_column()).await?);
        }
        tables.push(StreamTable::open(&config.tables, OUTCOME_TABLE, outcome_table(), "event_id").await?);
        Ok(Self { tables, settings: config.maintain.clone(), clock, stop })
    }

    /// Works until it is told to stop, and ends then within moments.
    pub async fn run(mut self) {
        let mut vacuumed: Option<Instant> = None;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(self.settings.every) => {}
            }
            let vacuum = vacuumed.is_none_or(|at| at.elapsed() >= VACUUM_EVERY);
            for table in &mut self.tables {
                let now: SystemTime = self.clock.now().into();
                let mut tidied = compact(table, &self.settings, &self.stop).await;
                if self.stop.is_cancelled() {
                    return;
                }
                if vacuum && tidied.is_ok() {
                    tidied = table.keep_log_for(self.settings.log_kept()).await;
                    if tidied.is_ok() {
                        tidied = table.vacuum(self.settings.files_kept(), now).await.map(|files| {
                            tracing::debug!(table = table.name(), files, "deleted files that nobody needs");
                        });
                    }
                }
                if let Err(error) = tidied {
                    tracing::warn!(table = table.name(), %error, "the table is not tidied up; this is tried again later");
                }
            }
            if vacuum {
                vacuumed = Some(Instant::now());
            }
        }
    }
}

/// Opens all tables, makes those that are not there yet, and merges once what there is to merge, as the running
/// projector does beside its streams: for tables that were filled past the log, such as those of benchmarks.
///
/// # Errors
/// Where a table cannot be read or written.
pub async fn tidy(config: &Config, clock: SharedClock, stop: CancellationToken) -> Result<(), Error> {
    let Maintainer { mut tables, settings, stop, .. } = Maintainer::open(config, clock, stop).await?;
    for table in &mut tables {
        compact(table, &settings, &stop).await?;
    }
    Ok(())
}

/// Merges what there is to merge in one table.
async fn compact(table: &mut StreamTable, settings: &Maintenance, stop: &CancellationToken) -> Result<(), CommitError> {
    loop {
        table.reload().await?;
        let Some(inputs) = pick::pick(table.files()?, settings) else { return Ok(()) };
        let files = inputs.len();
        let Some(merged) = table.merge(inputs, settings, stop).await? else { return Ok(()) };
        if table.replace(&merged).await? == Commit::Lost {
            tracing::debug!(table = table.name(), files, "others were faster; the files stay as they are for now");
            return Ok(());
        }
        tracing::debug!(table = table.name(), files, "files have become one");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use lantoa_schemas::clock::{Clock, SystemClock};
    use lantoa_schemas::stream::Family;
    use tokio::task::JoinSet;

    use super::*;
    use crate::outcome::{self, Fate, OutcomeRow};
    use crate::position::{LogLife, NextOffset, StreamPartition};

    fn row(offset: i64) -> OutcomeRow {
        OutcomeRow {
            at: StreamPartition { stream: Stream::Ledger(Family::Activity), partition: 0 },
            offset,
            fate: Fate::Duplicate,
            event_id: Some(offset.to_string()),
            field: None,
            reason: "there already".to_owned(),
            remedy: None,
            sender: None,
            via: None,
            receipt: None,
            receipt_row: None,
            bytes: Some(Vec::new()),
            content_hash: None,
        }
    }

    /// The table `outcome` after so many commits of a row each.
    async fn filled(config: &Config, commits: i64) -> StreamTable {
        let mut table = StreamTable::open(&config.tables, OUTCOME_TABLE, outcome_table(), "event_id").await.unwrap();
        let life = LogLife { cluster: "c".into(), generation: 0 };
        for offset in 0..commits {
            let rows = [outcome::batch(&[row(offset)], &life, SystemClock.now()).unwrap()];
            let entries = BTreeMap::from([("at".to_owned(), offset + 1)]);
            while table.append(&rows, &entries, None).await.unwrap() == Commit::Lost {}
        }
        table
    }

    #[tokio::test]
    async fn tables_are_made_and_tidied_once() {
        let folder = tempfile::tempdir().unwrap();
        let maintain = Maintenance { files: 2, ..Maintenance::default() };
        let config = Config { tables: folder.path().to_owned(), maintain, ..Config::default() };
        let once = async || tidy(&config, Arc::new(SystemClock), CancellationToken::new()).await;
        once().await.unwrap();
        assert!(Stream::ALL.iter().all(|stream| StreamTable::is_there(&config.tables, stream.table())));
        let mut table = filled(&config, 5).await;
        assert_eq!(table.files().unwrap().len(), 5);
        once().await.unwrap();
        table.reload().await.unwrap();
        assert_eq!((table.files().unwrap().len(), table.rows()), (1, 5));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn files_become_few_while_commits_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let maintain = Maintenance { every: Duration::from_millis(20), files: 2, ..Maintenance::default() };
        let config = Config { tables: folder.path().to_owned(), maintain, ..Config::default() };
        let stop = CancellationToken::new();
        let maintainer = Maintainer::open(&config, Arc::new(SystemClock), stop.clone()).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(maintainer.run());
        let mut table = filled(&config, 30).await;
        let deadline = Instant::now() + Duration::from_secs(60);
        while table.files().unwrap().len() > 2 {
            assert!(Instant::now() < deadline, "{:?}", table.files());
            tokio::time::sleep(Duration::from_millis(20)).await;
            table.reload().await.unwrap();
        }
        stop.cancel();
        tasks.join_next().await.unwrap().unwrap();
        table.reload().await.unwrap();
        assert_eq!(table.rows(), 30);
        assert_eq!(table.stored("at").await.unwrap(), Some(NextOffset(30)));
    }
}
