use super::*;
use crate::seen::hash;
use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, new_null_array};
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::table::stream_table;

mod evolved;
mod spoilt;
mod upkeep;

const STREAM: Stream = Stream::Ledger(Family::Activity);
const AT: StreamPartition = StreamPartition { stream: STREAM, partition: 0 };

fn life() -> LogLife {
    LogLife { cluster: "c".into(), generation: 0 }
}

fn rows(from: i64, to: i64) -> RecordBatch {
    let schema = stream_table(STREAM);
    let count = (to - from) as usize;
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "event_id" => Arc::new(StringArray::from_iter_values((from..to).map(|n| format!("e-{n}")))),
            LOG_CLUSTER => Arc::new(StringArray::from_iter_values((from..to).map(|_| "c"))),
            LOG_OFFSET => Arc::new(Int64Array::from_iter_values(from..to)),
            LOG_GENERATION | LOG_PARTITION => Arc::new(Int32Array::from_value(0, count)),
            "schema_version" => Arc::new(Int32Array::from_value(1, count)),
            "event_type" => Arc::new(StringArray::from_iter_values((from..to).map(|_| "t"))),
            _ => new_null_array(field.data_type(), count),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

async fn open(folder: &Path) -> StreamTable {
    StreamTable::open(folder, STREAM.table(), stream_table(STREAM), "event_id").await.unwrap()
}

/// Sizes of the data files that lie in a table's folder.
fn data_files(table: &Path) -> Vec<u64> {
    let files = std::fs::read_dir(table).unwrap().map(|file| file.unwrap());
    let data = files.filter(|file| file.file_name().to_string_lossy().ends_with(".parquet"));
    data.map(|file| file.metadata().unwrap().len()).collect()
}

fn entries(next: i64) -> BTreeMap<String, i64> {
    BTreeMap::from([(life().app_id(AT), next)])
}

#[tokio::test]
async fn rows_and_offset_land_together_and_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = open(folder.path()).await;
    assert_eq!(table.stored(&life().app_id(AT)).await.unwrap(), None);
    assert_eq!(table.append(&[rows(0, 3), rows(3, 5)], &entries(5), None).await.unwrap(), Commit::Landed);
    assert_eq!(table.append(&[], &entries(7), None).await.unwrap(), Commit::Landed);
    let table = open(folder.path()).await;
    assert_eq!(table.rows(), 5);
    let (footprint, files) = (table.footprint(), data_files(&folder.path().join(STREAM.table())));
    assert_eq!((footprint.files, footprint.bytes), (files.len() as i64, files.iter().sum::<u64>() as i64));
    assert!(footprint.files > 0);
    assert_eq!(table.stored(&life().app_id(AT)).await.unwrap(), Some(NextOffset(7)));
    let last = table.last_row(&life(), AT, NextOffset(7)).await.unwrap();
    assert_eq!(last, Some(LastRow { offset: 4, id: "e-4".into() }));
    assert_eq!(table.last_row(&life(), AT, NextOffset(2)).await.unwrap().map(|row| row.offset), Some(1));
    assert_eq!(table.offsets(&life(), AT, 2, 9).await.unwrap(), HashSet::from([2, 3, 4]));
    let mut ids = HashSet::new();
    table.each_id(|id| assert!(ids.insert(id))).await.unwrap();
    assert_eq!(ids, (0..5).map(|n| hash(&format!("e-{n}"))).collect());
}

#[tokio::test]
async fn of_two_who_start_from_one_version_one_lands() {
    let folder = tempfile::tempdir().unwrap();
    let mut left = open(folder.path()).await;
    let mut right = open(folder.path()).await;
    assert_eq!(left.append(&[rows(0, 3)], &entries(3), None).await.unwrap(), Commit::Landed);
    assert_eq!(right.append(&[rows(0, 4)], &entries(4), None).await.unwrap(), Commit::Lost);
    assert_eq!(right.stored(&life().app_id(AT)).await.unwrap(), Some(NextOffset(3)), "the loser has looked again");
    assert_eq!(right.append(&[rows(3, 4)], &entries(4), None).await.unwrap(), Commit::Landed);
    left.reload().await.unwrap();
    assert_eq!((left.rows(), right.rows()), (4, 4));
}

/// Whoever made the folder died before the first entry, with half of it written beside its place.
#[tokio::test]
async fn a_log_that_never_began_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(STREAM.table()).join("_delta_log");
    std::fs::create_dir_all(&log).unwrap();
    std::fs::write(log.join("00000000000000000000.json#1"), "{").unwrap();
    let mut table = open(folder.path()).await;
    assert_eq!(table.append(&[rows(0, 3)], &entries(3), None).await.unwrap(), Commit::Landed);
    assert_eq!(open(folder.path()).await.rows(), 3);
}
