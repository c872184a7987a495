//! Those who send: over HTTP, as careful senders do that send again what was not answered, and directly to the topic, as
//! somebody else's program does, with bad records and repetitions among them. Each keeps book of what it was promised.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use lantoa_tests::events::{WireEvents, cloud_event};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::chance::Chance;
use crate::flow::post;

/// Provinces of the map of 2024; the area is the key, so that the partitions all have their part.
const AREAS: [&str; 4] = ["01", "02", "24", "79"];

/// Numbers that a sender has for itself.
const SPACE: u64 = 10_000_000;

/// What was sent and what was promised.
#[derive(Debug, Default)]
pub struct Book {
    /// Numbers of events that were sent by any way.
    pub sent: BTreeSet<u64>,
    /// Numbers of events that a door or the log has acknowledged: each must be in the ledger, once.
    pub acknowledged: BTreeSet<u64>,
    /// Events of requests over HTTP, however often a request was sent again.
    pub over_http: u64,
    /// Of these the acknowledged ones.
    pub over_http_acknowledged: u64,
    /// Records that were produced directly.
    pub direct: u64,
    /// Of these the acknowledged ones.
    pub direct_acknowledged: u64,
    /// Acknowledged direct records that break the contract: each must be in `outcome`, with its reason.
    pub bad_acknowledged: u64,
    /// Answers that no sender should get.
    pub complaints: Vec<String>,
}

/// What senders and schedule share.
#[derive(Debug, Default)]
pub struct Ground {
    book: Mutex<Book>,
    ingest: Mutex<Option<String>>,
    stop: AtomicBool,
    hold: AtomicBool,
    busy: Mutex<BTreeSet<u64>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ground {
    /// The book.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    /// Says where ingest listens.
    pub fn ingest_is_at(&self, address: Option<String>) {
        *lock(&self.ingest) = address;
    }

    /// Whether senders begin nothing new.
    pub fn hold(&self, hold: bool) {
        self.hold.store(hold, Ordering::SeqCst);
    }

    /// Whether nobody waits for an answer.
    pub fn is_quiet(&self) -> bool {
        lock(&self.busy).is_empty()
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn may_begin(&self) -> bool {
        !self.hold.load(Ordering::SeqCst)
    }

    /// An old number of anybody's, at any distance.
    fn old(&self, chance: &mut Chance) -> Option<u64> {
        let book = self.book();
        let skip = chance.below(book.sent.len() as u64);
        book.sent.iter().nth(skip as usize).copied()
    }
}

/// The senders' threads. They end with it.
pub struct Senders {
    ground: Arc<Ground>,
    threads: Vec<JoinHandle<()>>,
}

impl Senders {
    /// Starts two over HTTP and one that produces directly.
    pub fn start(ground: &Arc<Ground>, kafka: &str, chance: &mut Chance) -> Self {
        let mut threads = Vec::new();
        for sender in 1..=2 {
            let (ground, chance) = (Arc::clone(ground), chance.split());
            threads.push(std::thread::spawn(move || over_http(&ground, sender, chance)));
        }
        let (shared, kafka, chance) = (Arc::clone(ground), kafka.to_owned(), chance.split());
        threads.push(std::thread::spawn(move || directly(&shared, 3, &kafka, chance)));
        Self { ground: Arc::clone(ground), threads }
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.ground.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // A sender's panic fails the test where nothing else has.
            if thread.join().is_err() && !std::thread::panicking() {
                panic!("a sender broke off");
            }
        }
    }
}

/// The number's area, always the same.
fn area(number: u64) -> &'static str {
    AREAS[(number % 4) as usize]
}

fn body(numbers: &[u64]) -> Vec<u8> {
    let line = |&number: &u64| {
        let mut event = cloud_event(number);
        event["data"]["area_code"] = area(number).into();
        event.to_string() + "\n"
    };
    numbers.iter().map(line).collect::<String>().into_bytes()
}

/// Between two requests, so that a busy machine keeps up.
fn breathe(chance: &mut Chance) {
    std::thread::park_timeout(Duration::from_millis(10 + chance.below(60)));
}

fn over_http(ground: &Ground, sender: u64, mut chance: Chance) {
    let mut next = sender * SPACE;
    let mut unanswered: Option<Vec<u64>> = None;
    while !ground.stopped() {
        breathe(&mut chance);
        let Some(address) = lock(&ground.ingest).clone() else { continue };
        let numbers = match unanswered.take() {
            Some(numbers) => numbers,
            None => {
                lock(&ground.busy).remove(&sender);
                // Looked at after it was seen to be busy: whoever holds and then finds nobody busy has the last word.
                lock(&ground.busy).insert(sender);
                if !ground.may_begin() {
                    lock(&ground.busy).remove(&sender);
                    continue;
                }
                let mut numbers: Vec<u64> = (next..next + 1 + chance.below(20)).collect();
                next += numbers.len() as u64;
                if chance.hits(25) {
                    numbers.extend(ground.old(&mut chance));
                }
                let mut book = ground.book();
                book.over_http += numbers.len() as u64;
                book.sent.extend(&numbers);
                numbers
            }
        };
        match post(&address, "/v1/events", "application/x-ndjson", body(&numbers)) {
            Some(answer) if answer.status == 202 => {
                let mut book = ground.book();
                book.over_http_acknowledged += numbers.len() as u64;
                book.acknowledged.extend(&numbers);
            }
            Some(answer) if answer.status < 500 => {
                ground.book().complaints.push(format!("{}: {}", answer.status, answer.body));
            }
            // Some senders never send again; what became of it then nobody was promised.
            _ if chance.hits(10) => {}
            _ => unanswered = Some(numbers),
        }
    }
    lock(&ground.busy).remove(&sender);
}

fn directly(ground: &Ground, sender: u64, kafka: &str, mut chance: Chance) {
    let producer: FutureProducer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("acks", "all")
        .set("message.timeout.ms", "5000")
        .create()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut events = WireEvents::default();
    let mut next = sender * SPACE;
    while !ground.stopped() {
        breathe(&mut chance);
        lock(&ground.busy).insert(sender);
        if !ground.may_begin() {
            lock(&ground.busy).remove(&sender);
            continue;
        }
        let mut under_way = Vec::new();
        for _ in 0..1 + chance.below(10) {
            // A new event, an old one again, or something that is none.
            let number = match chance.below(10) {
                0..6 => {
                    next += 1;
                    Some(next)
                }
                6..8 => ground.old(&mut chance),
                _ => None,
            };
            let mut payload = events.direct(number.unwrap_or_default(), |event| {
                event.envelope.area_code = Some(area(number.unwrap_or_default()).to_owned());
            });
            if number.is_none() {
                payload.truncate(payload.len() - 1 - chance.below(20) as usize);
            }
            let key = format!("province/{}", area(number.unwrap_or_else(|| chance.below(4))));
            let mut book = ground.book();
            book.direct += 1;
            book.sent.extend(number);
            drop(book);
            let record = FutureRecord::to("lantoa.statement.v1").key(&key).payload(&payload);
            if let Ok(delivery) = producer.send_result(record) {
                under_way.push((number, delivery));
            }
        }
        for (number, delivery) in under_way {
            // Without an acknowledgement it may be there or not.
            if let Ok(Ok(_)) = runtime.block_on(delivery) {
                let mut book = ground.book();
                book.direct_acknowledged += 1;
                book.bad_acknowledged += u64::from(number.is_none());
                book.acknowledged.extend(number);
            }
        }
        lock(&ground.busy).remove(&sender);
    }
}
