//! More than ingest can take, from many connections at once, while the broker goes away and comes back and ingest is killed:
//! the senders' own book is the table, and memory stays within its bound.
//!
//! A sender notes of each batch what it was answered. What was accepted is there once. What was refused before it went to the
//! log is not there. Where the answer was lost, or says that the log did not acknowledge, nobody knows; so it is sent again
//! under its key until it is accepted, and then it is there once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lantoa_tests::events::{cloud_event, id};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::faults::check;
use crate::faults::site::{Role, Site};
use crate::flow::{ledger, ndjson};
use crate::harness::{DEADLINE, run_to, until};

/// Senders of good events.
const SENDERS: u64 = 4;

/// Events of a batch.
const BATCH: u64 = 100;

/// Numbers that a sender has for itself.
const SPACE: u64 = 10_000_000;

/// Senders of large bodies, in which no row is good: together they fill all the room that there is.
const GREEDY: u64 = 8;

/// Rows of such a body, and bytes of each.
const WIDE_ROWS: (u64, usize) = (400, 10 << 10);

/// Most that ingest may hold.
const MOST_RESIDENT_KB: u64 = 256 << 10;

/// How long the senders may take to get their last answers.
const REST: Duration = Duration::from_secs(180);

/// What senders know.
#[derive(Debug, Default)]
struct Book {
    /// Numbers of events that were accepted.
    accepted: BTreeSet<u64>,
    /// Numbers of events that were refused before they went to the log, and not sent again.
    refused: BTreeSet<u64>,
    /// How often each status was answered for each reason; 0 where no answer came.
    answers: BTreeMap<(u16, String), u64>,
    /// Answers that no sender should get.
    complaints: Vec<String>,
}

/// What senders and test share.
#[derive(Debug, Default)]
struct Ground {
    book: Mutex<Book>,
    ingest: Mutex<Option<String>>,
    stop: AtomicBool,
}

/// What a batch came to.
enum Fate {
    Accepted,
    Refused,
    Unknown,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pause(milliseconds: u64) {
    std::thread::park_timeout(Duration::from_millis(milliseconds));
}

impl Ground {
    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    fn accepted(&self) -> usize {
        self.book().accepted.len()
    }

    fn was_answered(&self, status: u16, kind: &str) -> bool {
        self.book().answers.contains_key(&(status, kind.to_owned()))
    }

    /// Where ingest listens, once it does.
    fn address(&self) -> String {
        until("an address of ingest", || lock(&self.ingest).clone())
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// A connection that is kept, of one sender.
struct Line<'g> {
    ground: &'g Ground,
    runtime: Runtime,
    client: reqwest::Client,
}

impl<'g> Line<'g> {
    fn new(ground: &'g Ground) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        Self { ground, runtime, client }
    }

    /// Status and reason of an answer, as the book has it.
    fn ask(&self, key: &str, body: Vec<u8>) -> (u16, String) {
        let address = format!("http://{}/v1/events", self.ground.address());
        let request = self.client.post(address).header("content-type", "application/x-ndjson");
        let answer = self.runtime.block_on(async {
            let answer = request.header("idempotency-key", key).body(body).send().await.ok()?;
            let status = answer.status().as_u16();
            let waits = answer.headers().contains_key("retry-after");
            Some((status, waits, answer.json::<Value>().await.ok()?))
        });
        let (status, kind) = match answer {
            Some((status, waits, body)) => {
                assert!(status != 503 || waits, "503 says when to come again: {body}");
                let kind = body["type"].as_str().unwrap_or_default();
                (status, kind.trim_start_matches("urn:lantoa:problem:").to_owned())
            }
            None => (0, String::new()),
        };
        *self.ground.book().answers.entry((status, kind.clone())).or_default() += 1;
        (status, kind)
    }

    /// Sends a batch once.
    fn send(&self, numbers: &Range<u64>) -> Fate {
        let (status, kind) = self.ask(&format!("batch-{}", numbers.start), ndjson(numbers.clone()));
        match (status, kind.as_str()) {
            (202, _) => {
                self.ground.book().accepted.extend(numbers.clone());
                Fate::Accepted
            }
            (0, _) | (503, "not-acknowledged") => Fate::Unknown,
            (503, "log-away" | "unread" | "no-room" | "stopping") => Fate::Refused,
            _ => {
                self.ground.book().complaints.push(format!("{status} {kind}"));
                Fate::Refused
            }
        }
    }
}

/// Sends as fast as it is answered; what became of a batch that it cannot know it finds out by sending it again.
fn send(ground: &Ground, sender: u64) {
    let line = Line::new(ground);
    let (mut next, mut unknown) = (sender * SPACE, Vec::new());
    let mut is_well = true;
    while !ground.stopped() {
        let again = if is_well { unknown.pop() } else { None };
        let (numbers, is_new) = match again {
            Some(numbers) => (numbers, false),
            None => (next..next + BATCH, true),
        };
        next = next.max(numbers.end);
        let fate = line.send(&numbers);
        is_well = matches!(fate, Fate::Accepted);
        match fate {
            Fate::Accepted => {}
            Fate::Refused if is_new => ground.book().refused.extend(numbers),
            Fate::Refused | Fate::Unknown => unknown.push(numbers),
        }
        if !is_well {
            pause(20);
        }
    }
    let deadline = Instant::now() + REST;
    for numbers in unknown {
        while !matches!(line.send(&numbers), Fate::Accepted) {
            assert!(Instant::now() < deadline, "{numbers:?} was never accepted");
            pause(100);
        }
    }
}

/// Sends large bodies.
fn send_much(ground: &Ground, sender: u64) {
    let line = Line::new(ground);
    let (rows, width) = WIDE_ROWS;
    let mut next = sender * SPACE;
    while !ground.stopped() {
        let wide = |number| {
            let mut event = cloud_event(number);
            event["data"]["fact"] = "none".into();
            let text = event.to_string();
            format!("{{{}{}\n", " ".repeat(width.saturating_sub(text.len())), &text[1..])
        };
        let body = (next..next + rows).map(wide).collect::<String>().into_bytes();
        let (status, kind) = line.ask(&format!("much-{next}"), body);
        if !matches!(status, 0 | 422 | 503) {
            ground.book().complaints.push(format!("{status} {kind} to what is wrong"));
        }
        next += rows;
        // What is refused is kept, so this fills the log as well.
        pause(2_000);
    }
}

/// The most that a process has held so far, in kB.
fn peak(role: &Role) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", role.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[track_caller]
fn stayed_small(role: &Role) {
    let held = peak(role);
    eprintln!("ingest held {} MiB at most", held >> 10);
    assert!(held < MOST_RESIDENT_KB, "ingest held {held} kB");
}

/// Waits until so many more events are accepted.
#[track_caller]
fn more(ground: &Ground, what: &str) {
    let before = ground.accepted();
    until(what, || (ground.accepted() > before + 10 * BATCH as usize).then_some(()));
}

/// Starts ingest, and says where it is once it listens.
fn ingest(site: &Site, ground: &Ground) -> Role {
    let role = site.serve("ingest", "ingest", None, false);
    let address = until("ingest to listen", || role.address());
    *lock(&ground.ingest) = Some(address);
    role
}

#[test]
fn under_any_load_the_senders_book_is_the_table() {
    let (site, ground) = (Site::new(), Arc::new(Ground::default()));
    let broker = site.broker();
    let first = ingest(&site, &ground);
    let mut projector = site.serve("projector", "projector", None, false);
    let mut senders = Vec::new();
    for sender in 1..=SENDERS + GREEDY {
        let ground = Arc::clone(&ground);
        let sends = if sender <= SENDERS { send } else { send_much };
        senders.push(std::thread::spawn(move || sends(&ground, sender)));
    }
    more(&ground, "events to be taken");

    broker.kill();
    until("it to be said that the log is away", || ground.was_answered(503, "log-away").then_some(()));
    until("new events to be refused", || (!ground.book().refused.is_empty()).then_some(()));
    let broker = site.broker();
    more(&ground, "events to be taken again without anybody's help");
    stayed_small(&first);

    first.kill();
    *lock(&ground.ingest) = None;
    let mut second = ingest(&site, &ground);
    more(&ground, "events to be taken by another ingest");
    ground.stop.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.join().unwrap();
    }
    stayed_small(&second);
    until("the tables to have all of the log", || check::missing(&site).is_none().then_some(()));

    {
        let (book, held) = (ground.book(), ledger(&site.data()));
        eprintln!("{} accepted, {} refused; {:?}", book.accepted.len(), book.refused.len(), book.answers);
        assert!(book.complaints.is_empty(), "{:?}", book.complaints);
        let doubled: Vec<_> = held.iter().filter(|(_, times)| **times > 1).collect();
        assert!(doubled.is_empty(), "DOUBLED: {doubled:?}");
        let lost: Vec<_> = book.accepted.iter().filter(|number| !held.contains_key(&id(**number))).collect();
        assert!(lost.is_empty(), "LOST although accepted: {lost:?}");
        let refused: Vec<_> = book.refused.iter().filter(|number| held.contains_key(&id(**number))).collect();
        assert!(refused.is_empty(), "there although refused: {refused:?}");
        assert_eq!(held.len(), book.accepted.len(), "there although nobody was told so");
    }
    run_to(0, &site.data(), &["verify", "--kafka", &site.kafka]);
    for role in [&mut second, &mut projector] {
        role.signal("INT");
        until("an orderly end", || role.ended());
    }
    drop(broker);
}
