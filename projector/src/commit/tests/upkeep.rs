//! Compaction, vacuum, checkpoints and cleanup over real tables, with the looks at ids that go with them.

use std::fs::File;
use std::time::SystemTime;

use deltalake::checkpoints::cleanup_expired_logs_for;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::commit::lookup;
use crate::seen::SeenIds;

const DAY: Duration = Duration::from_secs(86_400);

/// Rows whose areas go round, so that sorting by area moves them.
fn rows_of_areas(from: i64, to: i64) -> RecordBatch {
    let plain = rows(from, to);
    let schema = plain.schema();
    let areas = StringArray::from_iter_values((from..to).map(|n| format!("{:02}", n % 7)));
    let columns = schema.fields().iter().zip(plain.columns()).map(|(field, column)| -> ArrayRef {
        if field.name() == "area_code" { Arc::new(areas.clone()) } else { Arc::clone(column) }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

async fn land(table: &mut StreamTable, from: i64, to: i64) {
    assert_eq!(table.append(&[rows_of_areas(from, to)], &entries(to), None).await.unwrap(), Commit::Landed);
}

/// A table with as many files as commits, ten rows each.
async fn table_of(folder: &Path, commits: i64) -> StreamTable {
    let mut table = open(folder).await;
    for commit in 0..commits {
        land(&mut table, commit * 10, commit * 10 + 10).await;
    }
    table
}

fn paths(table: &StreamTable) -> Vec<String> {
    table.files().unwrap().into_iter().map(|file| file.path).collect()
}

async fn merged(table: &StreamTable, inputs: Vec<String>) -> super::super::compact::Merged {
    table.merge(inputs, &Maintenance::default(), &CancellationToken::new()).await.unwrap().unwrap()
}

/// Panics unless the table has each of the first `count` rows once, at its position, and says how far it has read.
async fn check_rows(table: &StreamTable, count: i64) {
    assert_eq!(table.rows() as i64, count);
    let mut ids = Vec::new();
    table.each_id(|id| ids.push(id)).await.unwrap();
    assert_eq!(ids.len() as i64, count);
    assert_eq!(ids.into_iter().collect::<HashSet<_>>(), (0..count).map(|n| hash(&format!("e-{n}"))).collect());
    assert_eq!(table.offsets(&life(), AT, 0, count + 9).await.unwrap(), (0..count).collect());
    assert_eq!(table.stored(&life().app_id(AT)).await.unwrap(), Some(NextOffset(count)));
    let last = table.last_row(&life(), AT, NextOffset(count)).await.unwrap();
    assert_eq!(last, Some(LastRow { offset: count - 1, id: format!("e-{}", count - 1) }));
}

fn data_files(folder: &Path) -> HashSet<String> {
    let names = std::fs::read_dir(folder.join(STREAM.table())).unwrap();
    let names = names.map(|item| item.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".parquet")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compaction_keeps_rows_ids_positions_and_entries() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = table_of(folder.path(), 9).await;
    let one = merged(&table, paths(&table)).await;
    assert_eq!(table.replace(&one).await.unwrap(), Commit::Landed);
    check_rows(&table, 90).await;
    let table = open(folder.path()).await;
    check_rows(&table, 90).await;
    let files = table.files().unwrap();
    let [file] = &files[..] else { panic!("{files:?}") };
    assert_eq!(file.rows, Some(90));
    let at = NextOffset(i64::try_from(table.version()).unwrap());
    assert_eq!(table.stored("ledger_activity/compaction").await.unwrap(), Some(at));

    let file = File::open(table.folder.join(&file.path)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    let column = |name: &str| columns.iter().find(|column| column.column_path().string() == name).unwrap();
    assert!(column("event_id").bloom_filter_offset().is_some());
    assert!(column("area_code").bloom_filter_offset().is_none());
    assert!(column("area_code").column_index_offset().is_some(), "no page index");
    let mut areas = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let column = batch.column_by_name("area_code").unwrap().as_string::<i32>();
        areas.extend(column.iter().map(|area| area.unwrap().to_owned()));
    }
    assert!(areas.len() == 90 && areas.is_sorted(), "{areas:?}");
    let entry = table.table.log_store().read_commit_entry(table.version()).await.unwrap().unwrap();
    let changes = deltalake::logstore::get_actions(table.version(), &entry).unwrap();
    let changes = changes.iter().filter_map(|action| match action {
        Action::Add(add) => Some(add.data_change),
        Action::Remove(remove) => Some(remove.data_change),
        _ => None,
    });
    assert_eq!(changes.collect::<Vec<_>>(), [false; 10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_compactors_from_one_base_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut left = table_of(folder.path(), 4).await;
    let mut right = open(folder.path()).await;
    let mut late = open(folder.path()).await;
    let all = paths(&left);
    let by_left = merged(&left, all.clone()).await;
    let by_right = merged(&right, all[..3].to_vec()).await;
    let by_late = merged(&late, all).await;
    assert_eq!(left.replace(&by_left).await.unwrap(), Commit::Landed);
    assert_eq!(right.try_to_replace(&by_right).await.unwrap(), Some(Commit::Lost), "its version is taken");
    assert_eq!(right.replace(&by_right).await.unwrap(), Commit::Lost, "its files are gone");
    assert_eq!(late.replace(&by_late).await.unwrap(), Commit::Lost);
    for table in [left, right, late, open(folder.path()).await] {
        assert_eq!(table.files().unwrap().len(), 1);
        check_rows(&table, 40).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lands_between_plan_and_commit_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut data = table_of(folder.path(), 3).await;
    let mut seen = SeenIds::of(&data).await.unwrap();
    let mut compactor = open(folder.path()).await;
    let one = merged(&compactor, paths(&compactor)).await;
    land(&mut data, 30, 40).await;
    (30..40).for_each(|n| seen.insert(hash(&format!("e-{n}"))));
    seen.is_at(&data);
    assert_eq!(compactor.replace(&one).await.unwrap(), Commit::Landed);
    check_rows(&compactor, 40).await;
    assert_eq!(compactor.files().unwrap().len(), 2);

    let batch = rows_of_areas(40, 50);
    let refused = data.append(std::slice::from_ref(&batch), &entries(50), None).await.unwrap();
    assert_eq!(refused, Commit::Lost, "it has to look again, as after anybody's commit");
    seen.catch_up(&data).await.unwrap();
    assert_eq!(data.append(&[batch], &entries(50), None).await.unwrap(), Commit::Landed);
    check_rows(&data, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_others_are_taken_in_also_where_they_were_compacted_since() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = table_of(folder.path(), 2).await;
    let table = open(folder.path()).await;
    let since = table.version();
    land(&mut other, 20, 30).await;
    let came_in = |ids: &[i64]| ids.iter().map(|n| hash(&format!("e-{n}"))).collect::<HashSet<_>>();
    let mut ids = HashSet::new();
    assert!(
        other
            .each_id_since(since, |id| {
                ids.insert(id);
            })
            .await
            .unwrap()
    );
    assert_eq!(ids, came_in(&(20..30).collect::<Vec<_>>()), "only what is new is read");
    let one = merged(&other, paths(&other)).await;
    assert_eq!(other.replace(&one).await.unwrap(), Commit::Landed);
    land(&mut other, 30, 40).await;
    ids.clear();
    assert!(
        other
            .each_id_since(since, |id| {
                ids.insert(id);
            })
            .await
            .unwrap()
    );
    assert_eq!(ids, came_in(&(0..40).collect::<Vec<_>>()));
    ids.clear();
    assert!(
        other
            .each_id_since(other.version() - 2, |id| {
                ids.insert(id);
            })
            .await
            .unwrap()
    );
    assert_eq!(ids, came_in(&(30..40).collect::<Vec<_>>()), "a compaction brings no new ids");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_looked_up_where_they_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = table_of(folder.path(), 8).await;
    let wanted = |ids: &[&str]| ids.iter().map(|id| (hash(id), (*id).to_owned())).collect::<HashMap<_, _>>();
    let hashes = |ids: &[&str]| ids.iter().map(|id| hash(id)).collect::<HashSet<_>>();
    let mixed = ["e-3", "e-77", "e-80", "f"];
    assert_eq!(table.known(wanted(&mixed)).await.unwrap(), hashes(&["e-3", "e-77"]));
    let one = merged(&table, paths(&table)).await;
    assert_eq!(table.replace(&one).await.unwrap(), Commit::Landed);
    assert_eq!(table.known(wanted(&mixed)).await.unwrap(), hashes(&["e-3", "e-77"]));
    let files: Vec<PathBuf> = paths(&table).iter().map(|path| table.folder.join(path)).collect();
    // Out of the range of ids; within it, where only the Bloom filter can tell; there.
    for (id, row_groups) in [("a", 0), ("f", 0), ("e-4x", 0), ("e-41", 1)] {
        let found = lookup::find(&files, "event_id", &wanted(&[id])).unwrap();
        assert_eq!(found.row_groups, row_groups, "{id}");
    }
    let many: Vec<String> = (0..5000).map(|n| format!("e-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(table.known(wanted(&many)).await.unwrap().len(), 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_memory_is_sorted_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    for part in 0..4 {
        land(&mut table, part * 50_000, part * 50_000 + 50_000).await;
    }
    // Less than the rows take, and enough for the merge of what was sorted.
    let little = Maintenance { memory_bytes: 24 << 20, ..Maintenance::default() };
    let one = table.merge(paths(&table), &little, &CancellationToken::new()).await.unwrap().unwrap();
    assert_eq!(table.replace(&one).await.unwrap(), Commit::Landed);
    check_rows(&table, 200_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vacuum_takes_what_nobody_needs_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = table_of(folder.path(), 3).await;
    let replaced = paths(&table);
    let one = merged(&table, replaced.clone()).await;
    assert_eq!(table.replace(&one).await.unwrap(), Commit::Landed);
    let active = paths(&table);

    // Died after it had written, as a compaction may, and as a commit of data may.
    let never_named = merged(&table, active.clone()).await;
    drop(never_named);
    let before = data_files(folder.path());
    assert_eq!(before.len(), 5);
    assert_eq!(table.vacuum(DAY, SystemTime::now()).await.unwrap(), 0, "a question may still read what was replaced");
    let later = SystemTime::now() + 2 * DAY;
    assert_eq!(table.vacuum(DAY, later).await.unwrap(), 3, "whoever wrote the last file may still commit it");
    assert!(replaced.iter().all(|path| !data_files(folder.path()).contains(path)));
    check_rows(&table, 30).await;

    land(&mut table, 30, 40).await;
    let later = SystemTime::now() + 2 * DAY;
    assert_eq!(table.vacuum(DAY, later).await.unwrap(), 1, "it would be refused now");
    assert_eq!(data_files(folder.path()), paths(&table).into_iter().collect());
    check_rows(&open(folder.path()).await, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_checkpoint_and_cleanup_all_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = table_of(folder.path(), 5).await;
    let mut reader = open(folder.path()).await;
    let one = merged(&table, paths(&table)).await;
    assert_eq!(table.replace(&one).await.unwrap(), Commit::Landed);
    let compacted = table.stored("ledger_activity/compaction").await.unwrap();
    for commit in 5..60 {
        land(&mut table, commit * 10, commit * 10 + 10).await;
    }
    let log = table.folder.join("_delta_log");
    assert!(log.join("00000000000000000049.checkpoint.parquet").exists());
    let cutoff = chrono::Utc::now().timestamp_millis() + 1000;
    let gone = cleanup_expired_logs_for(table.version(), table.table.log_store().as_ref(), cutoff, None).await.unwrap();
    assert_eq!(gone, 49);
    assert!(!log.join("00000000000000000006.json").exists());
    reader.reload().await.unwrap();
    for table in [table, reader, open(folder.path()).await] {
        check_rows(&table, 600).await;
        assert_eq!(table.stored("ledger_activity/compaction").await.unwrap(), compacted);
    }
    let reader = open(folder.path()).await;
    let mut seen = SeenIds::default();
    assert!(!reader.each_id_since(3, |id| seen.insert(id)).await.unwrap(), "the log no longer says");
    seen.catch_up(&reader).await.unwrap();
    assert!((0..600).all(|n| seen.may_contain(hash(&format!("e-{n}")))));
}

#[tokio::test]
async fn how_long_the_log_is_kept_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = table_of(folder.path(), 1).await;
    let version = table.version();
    table.keep_log_for(Maintenance::default().log_kept()).await.unwrap();
    assert_eq!(table.version(), version, "a new table has the default");
    table.keep_log_for(2 * DAY).await.unwrap();
    let mut table = open(folder.path()).await;
    assert_eq!(table.version(), version + 1);
    let kept = table.table.snapshot().unwrap().table_config().log_retention_duration;
    assert_eq!(kept, Some(2 * DAY));
    table.reload().await.unwrap();
    check_rows(&table, 10).await;
}

#[tokio::test]
async fn a_table_that_forgets_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await;
    let forgets = HashMap::from([(FORGETS.to_owned(), "interval 30 days".to_owned())]);
    table.table.clone().set_tbl_properties().with_properties(forgets).await.unwrap();
    let opened = StreamTable::open(folder.path(), STREAM.table(), stream_table(STREAM), "event_id").await;
    assert!(matches!(opened, Err(CommitError::Forgets { .. })));
}
