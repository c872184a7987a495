//! A role's place in the schedule: who runs there, whether it is paused, when the next one starts and what it suffers.

use std::time::{Duration, Instant};

use super::chance::Chance;
use super::site::{Role, Site};
use super::tally::Tally;

/// A role that is killed, paused and started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes events in.
    Ingest,
    /// Brings them into the tables.
    Projector,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Projector => "projector",
        }
    }
}

/// A role's place.
pub struct Slot {
    /// What runs there.
    pub kind: Kind,
    name: String,
    role: Option<Role>,
    wakes: Option<Instant>,
    starts: Option<Instant>,
    /// Told to go, and not yet gone.
    leaving: bool,
    /// Whether storage, disk or clock are spoilt.
    harmed: bool,
    /// Whether whoever starts here next is to be sound.
    at_rest: bool,
    /// Of its own, so that the schedule does not depend on when a process ends.
    chance: Chance,
}

impl Slot {
    /// An empty place.
    pub fn new(kind: Kind, number: usize, chance: Chance) -> Self {
        let name = format!("{}-{number}", kind.name());
        let (leaving, harmed, at_rest) = (false, false, false);
        Self { kind, name, role: None, wakes: None, starts: None, leaving, harmed, at_rest, chance }
    }

    /// Starts the role.
    pub fn start(&mut self, site: &Site, fault: Option<&str>, full_disk: bool) {
        self.harmed = fault.is_some() || full_disk;
        (self.starts, self.wakes, self.leaving) = (None, None, false);
        self.role = Some(site.serve(&self.name, self.kind.name(), fault, full_disk));
    }

    /// Where it listens, once it does.
    pub fn address(&self) -> Option<String> {
        self.role.as_ref().and_then(Role::address)
    }

    /// Whether it runs and nothing is done to it.
    pub fn is_well(&self) -> bool {
        self.role.is_some() && !self.harmed && !self.leaving && self.wakes.is_none()
    }

    /// Kills it, paused or not; the next one starts at once or a little later.
    pub fn kill(&mut self, more: u64, tally: &mut Tally) {
        self.at_rest = false;
        let Some(role) = self.role.take() else { return };
        role.kill();
        *tally.kills.entry(self.kind.name().to_owned()).or_default() += 1;
        (self.wakes, self.leaving) = (None, false);
        self.starts = Some(Instant::now() + Duration::from_millis(more % 1200));
    }

    /// Stops its clock for a while in which others go on: it wakes as a zombie.
    pub fn pause(&mut self, more: u64, tally: &mut Tally) {
        self.at_rest = false;
        let Some(role) = &self.role else { return };
        if self.wakes.is_none() && !self.leaving {
            role.signal("STOP");
            tally.pauses += 1;
            self.wakes = Some(Instant::now() + Duration::from_millis(300 + more % 3500));
        }
    }

    /// Lets it go in order; another one comes.
    pub fn leave(&mut self, tally: &mut Tally) {
        self.at_rest = false;
        self.wake();
        if let Some(role) = &self.role
            && !self.leaving
        {
            role.signal("INT");
            self.leaving = true;
            tally.rebalances += 1;
        }
    }

    /// Undoes what is done to it: it wakes, and who suffers is let go, so that a sound one comes.
    pub fn mend(&mut self) {
        self.at_rest = true;
        self.wake();
        if let Some(role) = &self.role
            && self.harmed
            && !self.leaving
        {
            role.signal("INT");
            self.leaving = true;
        }
    }

    /// Stops it for good, and checks that it ends well.
    pub fn stop(mut self) {
        self.wake();
        let Some(mut role) = self.role.take() else { return };
        role.signal("INT");
        let ended = crate::harness::until("an orderly end", || role.ended());
        assert!(ended.code() == Some(0), "{} ended with {ended}", self.name);
    }

    /// Wakes it when its time has come, sees whether it ended, and starts who is due.
    pub fn tick(&mut self, site: &Site, tally: &mut Tally) {
        let now = Instant::now();
        if self.wakes.is_some_and(|wakes| wakes <= now) {
            self.wake();
        }
        if let Some(ended) = self.role.as_mut().and_then(Role::ended) {
            match ended.code() {
                // A role may stop, but it must say why and never break off.
                Some(1) => tally.stopped += 1,
                // Without a code where it was told to go before it listened for the order.
                Some(0) | None if self.leaving => {}
                _ => panic!("{} ended with {ended} although nobody told it to", self.name),
            }
            self.role = None;
            self.starts = Some(now);
        }
        if self.starts.is_some_and(|starts| starts <= now) {
            self.start_harmed(site, tally);
        }
    }

    fn wake(&mut self) {
        if let Some(role) = &self.role
            && self.wakes.take().is_some()
        {
            role.signal("CONT");
        }
    }

    /// Starts it, about every second time with something that goes wrong.
    fn start_harmed(&mut self, site: &Site, tally: &mut Tally) {
        let chance = &mut self.chance;
        let (kind, seed, per_mille) = (chance.below(20), chance.draw() % 1_000_000, 2 + chance.below(10));
        if self.at_rest || self.kind == Kind::Ingest {
            return self.start(site, None, false);
        }
        match kind {
            0..8 => self.start(site, Some(&format!("storage:{seed}:{per_mille}")), false),
            8..10 => {
                tally.jumping_clocks += 1;
                self.start(site, Some(&format!("storage:{seed}:{per_mille},clock:{seed}")), false);
            }
            10 => {
                tally.full_disks += 1;
                self.start(site, None, true);
            }
            _ => self.start(site, None, false),
        }
    }
}
