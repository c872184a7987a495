//! What was put together lately, so that the next question on the same tables and settings is answered at once.
//!
//! In: what an answer stands on: the versions of the ledgers, the settings, the day. Out: what has been put together of it
//! so far, for whoever asks to use and to add to. Guarantee: what is recalled is what would be put together anew; between
//! two questions at most so many bytes and [`MOST_KEPT`] standings are kept, the least lately used go first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use lantoa_schemas::clock::SharedClock;

use super::lately::Lately;
use super::reads::Reads;
use super::settled::Settled;
use crate::count::LotsRead;
use crate::settings::Standing;

/// Most standings that are kept: an instant of knowledge is one of its own, and even one without figures takes memory.
const MOST_KEPT: usize = 16;

/// All that an answer on a map stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Basis {
    /// Version of each ledger, in the order of the streams; `None` where there is none yet.
    pub(crate) versions: Vec<Option<u64>>,
    /// The settings.
    pub(crate) standing: Standing,
    /// The present day, by which returns are late.
    pub(crate) today: NaiveDate,
}

impl Basis {
    fn differs_in_map_alone(&self, other: &Self) -> bool {
        let on_its_map = Standing { map: other.standing.map, ..self.standing.clone() };
        (&self.versions, self.today, &on_its_map) == (&other.versions, other.today, &other.standing)
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        self.versions.iter().zip(&other.versions).any(|(mine, others)| mine > others)
    }
}

/// What is settled on each basis, the most lately used last.
#[derive(Debug)]
pub(crate) struct Remembered {
    most_bytes: usize,
    kept: Mutex<Vec<(Basis, Arc<Settled>)>>,
    /// What questions needed lately.
    pub(crate) lately: Lately,
    /// Lots that had to be read.
    pub(crate) lots_read: LotsRead,
}

impl Remembered {
    pub(crate) fn new(most_bytes: usize, clock: SharedClock) -> Self {
        Self { most_bytes, kept: Mutex::default(), lately: Lately::new(clock), lots_read: LotsRead::default() }
    }

    /// What is settled on a basis; begun where nothing is, with what those on other maps have read. What is made `ahead`
    /// nobody has used yet: it goes first.
    pub(super) fn on(
        &self,
        basis: &Basis,
        ahead: bool,
        begin: impl FnOnce(Option<Arc<Reads>>) -> Settled,
    ) -> Arc<Settled> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(known, _)| known == basis) {
            let settled = Arc::clone(&kept[at].1);
            if !ahead {
                kept[at..].rotate_left(1);
            }
            return settled;
        }
        let elsewhere = kept.iter().find(|(known, _)| known.differs_in_map_alone(basis));
        let settled = Arc::new(begin(elsewhere.map(|(_, settled)| Arc::clone(&settled.reads))));
        // An older version of the ledgers is not asked for again: a question always sees the newest.
        if !kept.iter().any(|(known, _)| known.is_newer_than(basis)) {
            kept.retain(|(known, _)| known.versions == basis.versions);
            let place = if ahead { 0 } else { kept.len() };
            kept.insert(place, (basis.clone(), Arc::clone(&settled)));
        }
        settled
    }

    /// Lets go of what is too much, after somebody has added to it.
    pub(super) fn trim(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever adds meanwhile trims again.
        while kept.len() > MOST_KEPT || (kept.len() > 1 && bytes(&kept) > self.most_bytes) {
            kept.remove(0);
        }
        if bytes(&kept) > self.most_bytes
            && kept.iter().any(|(_, settled)| settled.shed(self.most_bytes) > self.most_bytes)
        {
            kept.clear();
        }
    }
}

/// About how many bytes all of it takes; what several have of one reading counts once.
fn bytes(kept: &[(Basis, Arc<Settled>)]) -> usize {
    let read: HashMap<_, _> =
        kept.iter().flat_map(|(_, settled)| settled.read()).map(|lot| (Arc::as_ptr(&lot), lot)).collect();
    let read = read.values().map(|lot| lot.bytes()).sum::<usize>();
    read + kept.iter().map(|(_, settled)| settled.own_bytes()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use lantoa_schemas::clock::FixedClock;

    use super::*;
    use crate::knowledge::Knowledge;

    #[test]
    fn what_was_made_ahead_goes_before_what_was_asked() {
        let remembered = Remembered::new(0, Arc::new(FixedClock(chrono::DateTime::UNIX_EPOCH)));
        let today: NaiveDate = "2026-02-01".parse().unwrap();
        let knowledge = Arc::new(Knowledge::shipped(today));
        let on = |map: &str, ahead| {
            let standing = Standing { map: map.parse().ok(), ..Standing::default() };
            let basis = Basis { versions: vec![Some(1)], standing, today };
            remembered.on(&basis, ahead, |reads| Settled::new(Arc::clone(&knowledge), &basis, reads))
        };
        let order = || {
            let kept = remembered.kept.lock().unwrap();
            kept.iter().map(|(basis, _)| basis.standing.map.unwrap().to_string()).collect::<Vec<_>>()
        };
        let (old, new) = ("2025-06-30", "2025-07-01");
        let asked = on(old, false);
        let made = on(new, true);
        assert_eq!(order(), [new, old]);
        assert!(Arc::ptr_eq(&made, &on(new, false)), "the question finds it");
        assert_eq!(order(), [old, new]);
        assert!(Arc::ptr_eq(&asked, &on(old, true)));
        assert!(Arc::ptr_eq(&asked.reads, &made.reads), "what is read is read for both maps");
        assert_eq!(order(), [old, new], "to make it again is not to ask for it");
    }

    #[test]
    fn no_number_of_standings_is_kept_without_end() {
        let remembered = Remembered::new(usize::MAX, Arc::new(FixedClock(chrono::DateTime::UNIX_EPOCH)));
        let today: NaiveDate = "2026-02-01".parse().unwrap();
        let knowledge = Arc::new(Knowledge::shipped(today));
        for day in (1..=MOST_KEPT as u64 + 3).map(|days| today - chrono::Days::new(days)) {
            let standing = Standing { stated_by: Some(day), ..Standing::default() };
            let basis = Basis { versions: vec![Some(1)], standing, today };
            remembered.on(&basis, false, |reads| Settled::new(Arc::clone(&knowledge), &basis, reads));
            remembered.trim();
        }
        let kept = remembered.kept.lock().unwrap();
        assert_eq!(kept.len(), MOST_KEPT);
        assert_eq!(kept[0].0.standing.stated_by, Some(today - chrono::Days::new(4)), "the oldest go");
    }
}
