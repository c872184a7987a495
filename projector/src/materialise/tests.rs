//! What becomes of a projection that breaks off, that nobody named, that events overtake, or that went wrong. The ledger is
//! a list of buckets; the tables are real.

use std::path::Path;
use std::sync::Mutex;

use arrow::array::{ArrayRef, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Field, Schema};
use futures::StreamExt;
use lantoa_schemas::projection::{BUCKET, LogPart};
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::table::LOG_OFFSET;

use super::*;

/// An event is the bucket that it falls in; its offset is its place.
struct Ledger {
    events: Mutex<Vec<i32>>,
    /// So many passes go well, then they break off.
    passes: Mutex<usize>,
    /// How many buckets were made ready for passes, each time that it was done.
    divided: Mutex<Vec<usize>>,
    /// Whether an event comes in whenever somebody looks.
    grows: bool,
    /// A bucket whose events are overlooked once there is a table.
    overlooked: Option<i32>,
}

impl Ledger {
    fn new(events: impl IntoIterator<Item = i32>) -> Self {
        let events = Mutex::new(events.into_iter().collect());
        Self { events, passes: Mutex::new(usize::MAX), divided: Mutex::default(), grows: false, overlooked: None }
    }

    fn append(&self, bucket: i32) {
        self.events.lock().unwrap().push(bucket);
    }
}

fn part() -> LogPart {
    LogPart { stream: Stream::Ledger(Family::Statement), cluster: "c".into(), generation: 0, partition: 0 }
}

/// So that a pass makes four buckets of a table in which each has one event.
const EVENTS_AN_EVENT: u64 = EVENTS_A_PASS / 4;

struct Keeper(Arc<Ledger>);

struct Seen {
    ledger: Arc<Ledger>,
    events: Vec<i32>,
    reach: Reach,
}

#[async_trait]
impl Deriver for Keeper {
    fn rules(&self) -> &str {
        "rules"
    }

    async fn look(&self, _: &'static Projection) -> Result<Box<dyn Look>, DeriveError> {
        let events = {
            let mut events = self.0.events.lock().unwrap();
            if self.0.grows {
                let next = i32::try_from(events.len())? % BUCKETS;
                events.push(next);
            }
            events.clone()
        };
        let reach = (!events.is_empty()).then_some((part(), events.len() as i64)).into_iter().collect();
        Ok(Box::new(Seen { ledger: Arc::clone(&self.0), events, reach }))
    }
}

#[async_trait]
impl Look for Seen {
    fn reach(&self) -> &Reach {
        &self.reach
    }

    async fn events(&self) -> Result<u64, DeriveError> {
        Ok(self.events.len() as u64 * EVENTS_AN_EVENT)
    }

    async fn touched(&self, then: &Reach) -> Result<Vec<i32>, DeriveError> {
        let from = then.next(&part());
        let mut touched = self.events[usize::try_from(from)?..].to_vec();
        touched.sort_unstable();
        touched.dedup();
        touched.retain(|bucket| from == 0 || self.ledger.overlooked != Some(*bucket));
        Ok(touched)
    }

    async fn divide(&self, buckets: &[i32]) -> Result<(), DeriveError> {
        self.ledger.divided.lock().unwrap().push(buckets.len());
        Ok(())
    }

    async fn rows(&self, buckets: &[i32]) -> Result<Rows, DeriveError> {
        {
            let mut passes = self.ledger.passes.lock().unwrap();
            *passes = passes.checked_sub(1).ok_or("the pass breaks off")?;
        }
        let events = self.events.iter().copied().zip(0_i64..).filter(|(bucket, _)| buckets.contains(bucket));
        let (fallen, offsets): (Vec<i32>, Vec<i64>) = events.unzip();
        let fields = [Field::new(BUCKET, DataType::Int32, true), Field::new(LOG_OFFSET, DataType::Int64, true)];
        let columns = Arc::new(Schema::new(fields.to_vec()));
        let values: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(fallen)), Arc::new(Int64Array::from(offsets))];
        let rows = RecordBatch::try_new(Arc::clone(&columns), values)?;
        Ok((columns, futures::stream::iter([Ok(rows)]).boxed()))
    }
}

const PROJECTION: &Projection = &PROJECTIONS[0];

fn materialiser(tables: &Path, ledger: &Arc<Ledger>) -> Materialiser {
    Materialiser::new(tables, Arc::new(Keeper(Arc::clone(ledger))))
}

async fn rebuild(materialiser: &Materialiser) -> Rebuilt {
    materialiser.rebuild(PROJECTION, &mut |_, _| {}).await.unwrap().unwrap()
}

fn the_same() -> Option<Compared> {
    Some(Compared { differing: Vec::new(), uncompared: 0 })
}

#[tokio::test]
async fn what_broke_off_goes_on_where_it_was() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::new(0..BUCKETS));
    let materialiser = materialiser(tables.path(), &ledger);
    *ledger.passes.lock().unwrap() = 3;
    assert!(matches!(materialiser.renew(PROJECTION).await, Err(MaterialiseError::Derive { .. })));
    assert_eq!(generation::present(&materialiser.folder, PROJECTION).await.unwrap(), None, "half a table is none");
    *ledger.passes.lock().unwrap() = usize::MAX;
    ledger.append(1);
    // Twelve are made, and into one of these something fell since.
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::Buckets(64 - 12 + 1));
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::UpToDate);
    ledger.append(7);
    *ledger.passes.lock().unwrap() = 0;
    assert!(materialiser.renew(PROJECTION).await.is_err());
    *ledger.passes.lock().unwrap() = usize::MAX;
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::Buckets(1));
    assert_eq!(rebuild(&materialiser).await, Rebuilt { generation: 2, rows: 66, compared: the_same() });
}

#[tokio::test]
async fn a_whole_table_whose_renewal_broke_off_rests_on_what_it_did_before() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::new(0..BUCKETS));
    let materialiser = materialiser(tables.path(), &ledger);
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::Buckets(64));
    (0..8).for_each(|bucket| ledger.append(bucket));
    // One of three passes goes well.
    *ledger.passes.lock().unwrap() = 1;
    assert!(matches!(materialiser.renew(PROJECTION).await, Err(MaterialiseError::Derive { .. })));
    *ledger.passes.lock().unwrap() = usize::MAX;
    assert_eq!(
        materialiser.renew(PROJECTION).await.unwrap(),
        Renewed::Buckets(8),
        "its word covers no half of the work"
    );
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::UpToDate);
    assert_eq!(rebuild(&materialiser).await, Rebuilt { generation: 2, rows: 72, compared: the_same() });
}

#[tokio::test]
async fn the_ledgers_are_divided_before_many_passes_and_not_before_few() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::new(0..BUCKETS));
    let materialiser = materialiser(tables.path(), &ledger);
    materialiser.renew(PROJECTION).await.unwrap();
    assert_eq!(*ledger.divided.lock().unwrap(), [64], "sixteen passes");
    ledger.append(1);
    materialiser.renew(PROJECTION).await.unwrap();
    assert_eq!(ledger.divided.lock().unwrap().len(), 1, "one pass");
    rebuild(&materialiser).await;
    assert_eq!(*ledger.divided.lock().unwrap(), [64, 64]);
}

#[tokio::test]
async fn a_table_is_absent_then_begun_then_whole() {
    let tables = tempfile::tempdir().unwrap();
    let look = Keeper(Arc::new(Ledger::new(0..BUCKETS))).look(PROJECTION).await.unwrap();
    let (columns, first) = look.rows(&[1, 2]).await.unwrap();
    let mut table = StreamTable::open(tables.path(), "kept", columns, "event_id").await.unwrap();
    let absent = State::of(Some(&table), look.reach()).await.unwrap();
    assert_eq!(absent, State::Absent, "a table without a made bucket");
    assert_eq!(absent.rests_on(), Reach::default());
    let landed = table.replace_buckets(&[1, 2], first, &absent.on_the_way(&[1, 2], look.reach())).await;
    assert!(matches!(landed, Ok(Commit::Landed)));
    let begun = State::of(Some(&table), look.reach()).await.unwrap();
    let others: Vec<i32> = (0..BUCKETS).filter(|bucket| ![1, 2].contains(bucket)).collect();
    assert_eq!(begun, State::Begun { at: look.reach().clone(), not_made: others.clone() });
    assert_eq!(begun.to_make(vec![1, 3]), [vec![0, 1], others[1..].to_vec()].concat());
    let (_, last) = look.rows(&others).await.unwrap();
    let landed = table.replace_buckets(&others, last, &rests_on(look.reach()).collect()).await;
    assert!(matches!(landed, Ok(Commit::Landed)));
    let whole = State::of(Some(&table), look.reach()).await.unwrap();
    assert_eq!(whole, State::Whole(look.reach().clone()));
    assert_eq!(whole.to_make(vec![5]), [5]);
    assert!(whole.on_the_way(&[5], look.reach()).is_empty(), "its readers judge anew what is half done");
}

#[tokio::test]
async fn a_whole_table_that_nobody_named_is_named() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::new([3, 4]));
    let materialiser = materialiser(tables.path(), &ledger);
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::Buckets(2));
    std::fs::remove_file(materialiser.folder.join(PROJECTION.view)).unwrap();
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::UpToDate);
    assert_eq!(generation::present(&materialiser.folder, PROJECTION).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_folder_without_a_log_entry_is_no_table() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::new([]));
    let materialiser = materialiser(tables.path(), &ledger);
    std::fs::create_dir_all(materialiser.folder.join(PROJECTION.generation(1)).join("_delta_log")).unwrap();
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::UpToDate);
    assert_eq!(generation::present(&materialiser.folder, PROJECTION).await.unwrap(), None);
    assert_eq!(materialiser.rebuild(PROJECTION, &mut |_, _| {}).await.unwrap(), None);
    ledger.append(5);
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::Buckets(1));
}

#[tokio::test]
async fn a_rebuild_ends_although_events_keep_coming() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger { grows: true, ..Ledger::new(0..BUCKETS) });
    let materialiser = materialiser(tables.path(), &ledger);
    materialiser.renew(PROJECTION).await.unwrap();
    assert_eq!(rebuild(&materialiser).await.compared, the_same());
}

#[tokio::test]
async fn what_was_kept_wrongly_is_found_and_what_cannot_be_read_is_replaced() {
    let tables = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger { overlooked: Some(3), ..Ledger::new([1, 2, 3]) });
    let materialiser = materialiser(tables.path(), &ledger);
    materialiser.renew(PROJECTION).await.unwrap();
    ledger.append(3);
    ledger.append(1);
    assert_eq!(materialiser.renew(PROJECTION).await.unwrap(), Renewed::Buckets(1));
    let differing = vec![Differing { bucket: 3, only_old: 0, only_new: 1 }];
    let compared = Some(Compared { differing, uncompared: 0 });
    assert_eq!(rebuild(&materialiser).await, Rebuilt { generation: 2, rows: 5, compared });
    let table = materialiser.folder.join(PROJECTION.generation(2));
    std::fs::remove_dir_all(table.join(format!("{BUCKET}=1"))).unwrap();
    let compared = Some(Compared { differing: Vec::new(), uncompared: BUCKETS as usize });
    assert_eq!(rebuild(&materialiser).await, Rebuilt { generation: 3, rows: 5, compared });
}
