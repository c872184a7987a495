//! Tables of an earlier release and of a later one, before and after they have the same columns.

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, Schema};
use tokio_util::sync::CancellationToken;

use super::*;

/// Columns that the earlier release did not have: one of the envelope and one of the facts.
const LATER: [&str; 2] = ["note", "organiser"];

fn is_later(name: &str) -> bool {
    LATER.contains(&name)
}

async fn open_earlier(folder: &Path) -> Result<StreamTable, CommitError> {
    let present = stream_table(STREAM);
    let fields: Vec<_> = present.fields().iter().filter(|field| !is_later(field.name())).cloned().collect();
    StreamTable::open(folder, STREAM.table(), Arc::new(Schema::new(fields)), "event_id").await
}

/// Rows as the earlier release has them.
fn earlier_rows(from: i64, to: i64) -> RecordBatch {
    let batch = rows(from, to);
    let schema = batch.schema();
    let kept: Vec<usize> = (0..batch.num_columns()).filter(|at| !is_later(schema.field(*at).name())).collect();
    batch.project(&kept).unwrap()
}

/// Rows that say something in the later columns.
fn later_rows(from: i64, to: i64) -> RecordBatch {
    let batch = rows(from, to);
    let schema = batch.schema();
    let said: ArrayRef = Arc::new(StringArray::from_iter_values((from..to).map(|n| format!("said-{n}"))));
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| Arc::clone(if is_later(field.name()) { &said } else { column }));
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

/// A table of the earlier release with five rows in two files.
async fn of_the_earlier_release(folder: &Path) -> StreamTable {
    let mut table = open_earlier(folder).await.unwrap();
    for (from, to) in [(0, 3), (3, 5)] {
        assert_eq!(table.append(&[earlier_rows(from, to)], &entries(to), None).await.unwrap(), Commit::Landed);
    }
    table
}

/// What each row says in the later columns.
async fn said(table: &StreamTable) -> BTreeMap<String, [Option<String>; 2]> {
    let [note, organiser] = LATER;
    let batches = table.collect(table.scan(&["event_id", note, organiser], lit(true)).await).await.unwrap();
    let cell = |batch: &RecordBatch, column: usize, row: usize| {
        text(batch, column, row).filter(|_| batch.column(column).is_valid(row))
    };
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    rows.map(|(batch, row)| (text(batch, 0, row).unwrap(), [1, 2].map(|column| cell(batch, column, row)))).collect()
}

/// Panics unless the table has the first five rows without the later columns, and three more with them.
async fn check(table: &StreamTable) {
    let expected = |n: i64| [(); 2].map(|()| (n >= 5).then(|| format!("said-{n}")));
    let expected: BTreeMap<_, _> = (0..8).map(|n| (format!("e-{n}"), expected(n))).collect();
    assert_eq!(said(table).await, expected);
    assert_eq!(table.rows(), 8);
    let ids: HashMap<_, _> = (0..9).map(|n| format!("e-{n}")).map(|id| (hash(&id), id)).collect();
    assert_eq!(table.known(ids).await.unwrap(), (0..8).map(|n| hash(&format!("e-{n}"))).collect());
    let mut ids = 0;
    table.each_id(|_| ids += 1).await.unwrap();
    assert_eq!(ids, 8);
    assert_eq!(table.offsets(&life(), AT, 0, 9).await.unwrap(), (0..8).collect());
    assert_eq!(table.stored(&life().app_id(AT)).await.unwrap(), Some(NextOffset(8)));
    let last = table.last_row(&life(), AT, NextOffset(8)).await.unwrap();
    assert_eq!(last, Some(LastRow { offset: 7, id: "e-7".into() }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_an_earlier_release_gets_the_columns_and_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut earlier = of_the_earlier_release(folder.path()).await;
    let version = earlier.version();
    let mut table = open(folder.path()).await;
    assert_eq!(table.version(), version + 1);
    assert_eq!(open(folder.path()).await.version(), version + 1, "they are added once");
    assert_eq!(table.append(&[later_rows(5, 8)], &entries(8), None).await.unwrap(), Commit::Landed);
    check(&table).await;

    let refused = earlier.append(&[earlier_rows(8, 9)], &entries(9), None).await.unwrap_err();
    assert!(matches!(refused, CommitError::UnknownColumn { .. }) && !refused.can_be_tried_again(), "{refused}");
    table.reload().await.unwrap();
    check(&table).await;

    let inputs: Vec<String> = table.files().unwrap().into_iter().map(|file| file.path).collect();
    assert!(inputs.len() > 2, "{inputs:?}");
    let merged = table.merge(inputs, &Maintenance::default(), &CancellationToken::new()).await.unwrap().unwrap();
    assert_eq!(table.replace(&merged).await.unwrap(), Commit::Landed);
    assert_eq!(table.files().unwrap().len(), 1);
    check(&table).await;
    check(&open(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_open_it_at_once_one_adds_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let version = of_the_earlier_release(folder.path()).await.version();
    let (left, mut right) = tokio::join!(open(folder.path()), open(folder.path()));
    assert_eq!((left.version(), right.version()), (version + 1, version + 1));
    assert_eq!(right.append(&[later_rows(5, 8)], &entries(8), None).await.unwrap(), Commit::Landed);
    check(&right).await;
}

#[tokio::test]
async fn a_table_that_does_not_fit_is_left_alone_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let version = open(folder.path()).await.version();
    let refused = open_earlier(folder.path()).await.err().unwrap();
    assert!(matches!(refused, CommitError::UnknownColumn { .. }), "{refused}");
    assert!(refused.to_string().contains("later release"), "{refused}");
    assert_eq!(open(folder.path()).await.version(), version);

    for other in [Field::new("note", DataType::Int64, true), Field::new("note", DataType::Utf8, false)] {
        let folder = tempfile::tempdir().unwrap();
        let present = stream_table(STREAM);
        let field =
            |field: &Arc<Field>| if field.name() == "note" { Arc::new(other.clone()) } else { Arc::clone(field) };
        let fields: Vec<_> = present.fields().iter().map(field).collect();
        let schema = Arc::new(Schema::new(fields));
        let version =
            StreamTable::open(folder.path(), STREAM.table(), schema.clone(), "event_id").await.unwrap().version();
        let refused = StreamTable::open(folder.path(), STREAM.table(), present, "event_id").await.err().unwrap();
        assert!(matches!(refused, CommitError::OtherColumn { .. }), "{refused}");
        assert!(refused.to_string().contains("must be string"), "{refused}");
        let again = StreamTable::open(folder.path(), STREAM.table(), schema, "event_id").await.unwrap();
        assert_eq!(again.version(), version);
    }
}
