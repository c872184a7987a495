//! What must be true once all is quiet: by SQL of our own, by the log's ends, and by `lantoa verify`.
//!
//! In: the book, the log, the tables. Out: nothing, or what is lost or doubled, by name. Each position of the topics is in
//! its ledger or in `outcome`, exactly once; each acknowledged event is in the ledger, exactly once; and nothing is there
//! that nobody sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use lantoa_tests::events::id;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::senders::Book;
use super::site::Site;
use crate::harness::{count, run_to};

/// The topics that the senders fill, with their tables.
const TOPICS: [(&str, &str); 2] = [("lantoa.statement.v1", "ledger_statement"), ("lantoa.receipt.v1", "receipt")];

/// Where each partition of the senders' topics ends.
fn ends(kafka: &str) -> BTreeMap<(&'static str, i32), i64> {
    let patience = Duration::from_secs(20);
    let consumer: BaseConsumer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("group.id", "lantoa-fault-test")
        .create()
        .unwrap();
    let mut ends = BTreeMap::new();
    for (topic, _) in TOPICS {
        let metadata = consumer.fetch_metadata(Some(topic), patience).unwrap();
        let partitions = metadata.topics()[0].partitions();
        assert!(!partitions.is_empty(), "the broker does not know {topic}");
        for partition in partitions {
            let (_, end) = consumer.fetch_watermarks(topic, partition.id(), patience).unwrap();
            ends.insert((topic, partition.id()), end);
        }
    }
    ends
}

/// Of each partition, how many positions the tables hold, how many different ones, and the highest one's next.
fn held(data: &Path) -> BTreeMap<(&'static str, i32), (i64, i64, i64)> {
    let of_topic = |(topic, table): (&str, &str)| {
        format!(
            "select '{topic}' as topic, log_partition, log_offset from {table} union all \
             select topic, log_partition, log_offset from outcome where topic = '{topic}'"
        )
    };
    let query = format!(
        "select topic, log_partition, count(*), count(distinct log_offset), max(log_offset) + 1 from ({}) \
         group by topic, log_partition",
        TOPICS.map(of_topic).join(" union all ")
    );
    let (out, _) = run_to(0, data, &["sql", "--format", "csv", &query]);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let (topic, _) = TOPICS.into_iter().find(|(topic, _)| *topic == cells[0]).unwrap();
        let number = |at: usize| cells[at].parse::<i64>().unwrap();
        ((topic, cells[1].parse::<i32>().unwrap()), (number(2), number(3), number(4)))
    };
    out.lines().skip(1).map(row).collect()
}

/// What the tables lack of the log; nothing where they have all of it. Panics where they have a record twice.
pub fn missing(site: &Site) -> Option<String> {
    // A request whose sender gave up may still arrive, so the ends are asked for anew each time.
    let ends = ends(&site.kafka);
    let held = held(&site.data());
    for (at, (rows, places, _)) in &held {
        assert_eq!(rows, places, "DOUBLED: {} of {at:?} are in the tables more than once", rows - places);
    }
    let all = ends
        .iter()
        .all(|(at, end)| *end == 0 || held.get(at).is_some_and(|(rows, _, next)| rows == end && next == end));
    (!all).then(|| format!("the log ends at {ends:?}; (rows, places, next) in the tables: {held:?}"))
}

/// What the tables came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    /// Rows of the ledger.
    pub rows: u64,
    /// Duplicates in `outcome`.
    pub duplicates: u64,
    /// Refused records in `outcome`.
    pub rejected: u64,
}

/// Checks all that was promised. The tables have all of the log.
pub fn promises(site: &Site, book: &Book) -> Found {
    let data = site.data();
    assert!(book.complaints.is_empty(), "refused without a reason: {:?}", book.complaints);
    let query = "select event_id, count(*) as n from ledger_statement group by event_id";
    let (out, _) = run_to(0, &data, &["sql", "--format", "csv", query]);
    let rows = out.lines().skip(1).filter_map(|line| line.split_once(','));
    let ledger: BTreeMap<&str, u64> = rows.map(|(id, n)| (id, n.parse().unwrap())).collect();
    let doubled: Vec<&&str> = ledger.iter().filter(|(_, n)| **n > 1).map(|(id, _)| id).collect();
    assert!(doubled.is_empty(), "DOUBLED: {doubled:?}");
    let lost: Vec<String> =
        book.acknowledged.iter().map(|number| id(*number)).filter(|id| !ledger.contains_key(id.as_str())).collect();
    assert!(lost.is_empty(), "LOST although acknowledged: {lost:?}");
    let sent: BTreeSet<String> = book.sent.iter().map(|number| id(*number)).collect();
    let made_up: Vec<&&str> = ledger.keys().filter(|id| !sent.contains(**id)).collect();
    assert!(made_up.is_empty(), "nobody sent {made_up:?}");
    let rejected = count(&data, "outcome where outcome = 'rejected' and topic = 'lantoa.statement.v1'");
    assert!(rejected >= book.bad_acknowledged, "{rejected} refused, but {} were bad", book.bad_acknowledged);
    assert_eq!(count(&data, "outcome where outcome = 'rejected' and (field is null or reason = '')"), 0);

    run_to(0, &data, &["verify", "--kafka", &site.kafka]);
    let duplicates = count(&data, "outcome where outcome = 'duplicate'");
    Found { rows: ledger.len() as u64, duplicates, rejected }
}
