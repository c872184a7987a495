//! Nothing lost, nothing doubled, whatever goes wrong: senders send, three projectors share the topics, and a schedule
//! drawn from a seed kills and pauses roles, lets projectors leave and join, starts them twice, spoils their storage,
//! fills their disk and lets their clock jump. Once all is mended and quiet, the books must balance (`check.rs`).
//!
//! A short round runs with all tests. The long run is by hand, and goes on where it was stopped:
//!
//! ```sh
//! LANTOA_FAULT_SEED=7 cargo test --test program -- --ignored --nocapture a_thousand_kills
//! ```
//!
//! `LANTOA_FAULT_SEED` is what the schedules are drawn from (without it, the clock says), `LANTOA_FAULT_KILLS` how many
//! kills there are to be (1,000), `LANTOA_FAULT_STATE` the file that holds how far the run is (in the build's folder).
//! The seed fixes what is done, not how the processes take turns, so a failure may need more than one try to come back;
//! it leaves its folder behind, with the log and the tables.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[path = "faults/chance.rs"]
mod chance;
#[path = "faults/check.rs"]
pub mod check;
#[path = "faults/senders.rs"]
mod senders;
#[path = "faults/site.rs"]
pub mod site;
#[path = "faults/slot.rs"]
mod slot;
#[path = "faults/tally.rs"]
mod tally;

use chance::Chance;
use senders::{Ground, Senders};
use site::{Role, Site};
use slot::{Kind, Slot};
use tally::Tally;

/// How long all may take to come to rest once nothing goes wrong any more.
const REST: Duration = Duration::from_secs(180);

/// Projectors that share the topics.
const PROJECTORS: usize = 3;

/// One round: a place of its own, on which bouts of faults are followed by rest and a check.
struct Round<'t> {
    // In this order they go: a sender may wait for an answer of a role that is paused, until that dies.
    slots: Vec<Slot>,
    broker: Option<Role>,
    senders: Option<Senders>,
    ground: Arc<Ground>,
    site: Site,
    chance: Chance,
    tally: &'t mut Tally,
    found: check::Found,
    /// How it can be drawn again.
    name: String,
}

impl<'t> Round<'t> {
    fn begin(tally: &'t mut Tally) -> Self {
        let number = tally.rounds;
        let mut chance = Chance::new(tally.seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
        let name = format!("LANTOA_FAULT_SEED={}, round {number}", tally.seed);
        let mut slots = vec![Slot::new(Kind::Ingest, 0, chance.split())];
        slots.extend((0..PROJECTORS).map(|number| Slot::new(Kind::Projector, number, chance.split())));
        let (ground, site, found) = (Arc::new(Ground::default()), Site::new(), check::Found::default());
        let mut round = Self { slots, broker: None, senders: None, ground, site, chance, tally, found, name };
        round.broker = Some(round.site.broker());
        // All at once: ingest makes the topics, and the projectors make the tables together.
        for slot in &mut round.slots {
            slot.start(&round.site, None, false);
        }
        round.senders = Some(Senders::start(&round.ground, &round.site.kafka, &mut round.chance));
        round
    }

    /// Faults, then rest, then the check.
    fn bout(&mut self, faults: u64) {
        self.ground.hold(false);
        for _ in 0..faults {
            let until = Instant::now() + Duration::from_millis(150 + self.chance.below(1200));
            while Instant::now() < until {
                self.tick();
            }
            self.strike();
        }
        self.rest();
        let book = self.ground.book();
        self.found = check::promises(&self.site, &book);
    }

    /// What has to be done by the hour: wake the paused, start what is due, see who ended.
    fn tick(&mut self) {
        for slot in &mut self.slots {
            slot.tick(&self.site, self.tally);
        }
        let ingest = self.slots.iter().find(|slot| slot.kind == Kind::Ingest);
        self.ground.ingest_is_at(ingest.and_then(Slot::address));
        std::thread::park_timeout(Duration::from_millis(20));
    }

    /// One fault of the schedule. Each draw is made whether or not it can be used, so that a seed means one schedule.
    fn strike(&mut self) {
        let (what, whom, more) = (self.chance.below(100), self.chance.below(PROJECTORS as u64), self.chance.draw());
        let projector = 1 + whom as usize;
        match what {
            0..48 => self.slots[projector].kill(more, self.tally),
            48..60 => self.slots[0].kill(more, self.tally),
            60..64 => self.kill_broker(),
            64..78 => self.slots[projector].pause(more, self.tally),
            78..82 => self.slots[0].pause(more, self.tally),
            82..92 => self.slots[projector].leave(self.tally),
            _ => self.start_another(),
        }
    }

    fn kill_broker(&mut self) {
        if let Some(broker) = self.broker.take() {
            broker.kill();
            *self.tally.kills.entry("broker".to_owned()).or_default() += 1;
        }
        self.broker = Some(self.site.broker());
    }

    /// A fourth projector, as a supervisor does that believes the third to be dead. It goes when all comes to rest.
    fn start_another(&mut self) {
        let mut slot = Slot::new(Kind::Projector, self.slots.len() - 1, self.chance.split());
        slot.start(&self.site, None, false);
        self.slots.push(slot);
        self.tally.double_starts += 1;
    }

    /// Mends all, lets the senders get their answers, and waits until the tables have all of the log.
    fn rest(&mut self) {
        self.ground.hold(true);
        for slot in &mut self.slots {
            slot.mend();
        }
        let deadline = Instant::now() + REST;
        self.wait(deadline, "the roles to be ready", |round| {
            round.slots.iter().all(|slot| slot.is_well() && slot.address().is_some())
        });
        self.wait(deadline, "the senders to have their answers", |round| round.ground.is_quiet());
        while let Some(missing) = check::missing(&self.site) {
            assert!(Instant::now() < deadline, "LOST or late: {missing}");
            self.tick();
        }
        // Those that were started beside the three go, in order.
        for slot in self.slots.drain(1 + PROJECTORS..) {
            slot.stop();
        }
    }

    fn wait(&mut self, deadline: Instant, what: &str, mut done: impl FnMut(&Self) -> bool) {
        while !done(&*self) {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            self.tick();
        }
    }

    /// Stops all in order and adds what the round came to.
    fn end(mut self) {
        {
            let book = self.ground.book();
            self.tally.sent += book.over_http;
            self.tally.acknowledged += book.over_http_acknowledged;
            self.tally.direct += book.direct;
            self.tally.direct_acknowledged += book.direct_acknowledged;
        }
        for slot in self.slots.drain(..) {
            slot.stop();
        }
        self.senders = None;
        self.tally.rows += self.found.rows;
        self.tally.duplicates += self.found.duplicates;
        self.tally.rejected += self.found.rejected;
        self.tally.storage_faults += self.site.said("storage fault injected");
        self.tally.rounds += 1;
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let words = self.site.last_words();
            eprintln!("{words}\nfailed: {}; all of it is in {}", self.name, self.site.keep().display());
        }
    }
}

fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    variable("LANTOA_FAULT_SEED").unwrap_or_else(now)
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn whatever_goes_wrong_nothing_is_lost_or_doubled() {
    let mut tally = Tally { seed: seed(), ..Tally::default() };
    let mut round = Round::begin(&mut tally);
    round.bout(8);
    round.bout(6);
    round.end();
    eprintln!("{tally}");
    assert!(tally.acknowledged > 0 && tally.direct_acknowledged > 0 && tally.all_kills() > 0, "nothing happened");
}

#[test]
#[ignore = "takes about an hour; run by hand"]
fn a_thousand_kills() {
    let state = std::env::var_os("LANTOA_FAULT_STATE").map(PathBuf::from);
    let state = state.unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults.json"));
    // Without a seed a run that was stopped goes on.
    let seed = variable("LANTOA_FAULT_SEED").unwrap_or_else(|| Tally::seed_of(&state).unwrap_or_else(seed));
    let kills = variable("LANTOA_FAULT_KILLS").unwrap_or(1000);
    let mut tally = Tally::resume(&state, seed);
    eprintln!("seed {seed}, {} kills done, {kills} wanted; state in {}", tally.all_kills(), state.display());
    while tally.all_kills() < kills {
        let mut round = Round::begin(&mut tally);
        for _ in 0..4 {
            round.bout(12);
        }
        round.end();
        tally.keep(&state);
        eprintln!("{tally}\n");
    }
}
