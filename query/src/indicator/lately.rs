//! What was asked lately of the figures on maps, so that it can be made again before the next one asks.
//!
//! In: what each question needed. Out: the few standings that were asked last, each with what was needed of it within the
//! last hour. Guarantee: what nobody asked for within the hour is not among it; nor is what the settings limit to a day or
//! an instant: projections do not serve it, and from the ledgers alone it takes too long to be made for nobody.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use lantoa_schemas::clock::SharedClock;

use super::lot::Lots;
use super::table::Table;
use crate::knowledge::Knowledge;
use crate::settings::Standing;

/// How many standings are known at once.
const STANDINGS: usize = 4;
/// How long what was asked counts as asked.
const LATELY: TimeDelta = TimeDelta::hours(1);

/// What is made of the figures on a map. Lots by number: where the catalogue has grown since, others may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// A lot, added up.
    Totals(usize),
    /// Who has reported in a lot.
    Reported(usize),
    /// All rows of the view `suspicious`.
    Suspicious,
    /// All that the view `reconciliation` has of sums and counts.
    Reconciled,
}

impl Need {
    /// What a table needs of the lots that its rows rest on.
    pub(super) fn of(table: Table, lots: &[bool]) -> Vec<Self> {
        let needed = lots.iter().enumerate().filter(|(_, needed)| **needed).map(|(lot, _)| lot);
        match table {
            Table::Indicator | Table::Adoption => needed.map(Self::Totals).collect(),
            Table::Coverage => needed.map(Self::Reported).collect(),
            Table::Suspicious => vec![Self::Suspicious],
            Table::Reconciled => vec![Self::Reconciled],
        }
    }

    fn all(lots: usize) -> impl Iterator<Item = Self> {
        let of_lots = (0..lots).flat_map(|lot| [Self::Totals(lot), Self::Reported(lot)]);
        of_lots.chain([Self::Suspicious, Self::Reconciled])
    }
}

/// A standing, and when each of its needs was asked for last.
#[derive(Debug)]
struct Asked {
    standing: Standing,
    needs: HashMap<Need, DateTime<Utc>>,
}

/// What was asked lately, the last one last.
pub(crate) struct Lately {
    clock: SharedClock,
    asked: Mutex<Vec<Asked>>,
}

impl std::fmt::Debug for Lately {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lately").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Lately {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self { clock, asked: Mutex::default() }
    }

    /// A question needed this.
    pub(super) fn note(&self, standing: &Standing, needs: impl IntoIterator<Item = Need>) {
        if standing.as_of.is_some() || standing.stated_by.is_some() {
            return;
        }
        let now = self.clock.now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let known = asked.iter().position(|asked| asked.standing == *standing).map(|at| asked.remove(at));
        let mut of = known.unwrap_or_else(|| Asked { standing: standing.clone(), needs: HashMap::new() });
        of.needs.extend(needs.into_iter().map(|need| (need, now)));
        asked.push(of);
        let too_many = asked.len().saturating_sub(STANDINGS);
        asked.drain(..too_many);
    }

    /// Takes as asked what most will ask: each figure on its own, and all on the map of the present day.
    pub(crate) fn take_as_asked(&self, knowledge: &Knowledge) {
        let lots = Lots::of(knowledge.catalogue()).count();
        let present = knowledge.history().map_on(knowledge.today());
        for map in [Some(present), None] {
            self.note(&Standing { map, ..Standing::default() }, Need::all(lots));
        }
    }

    /// What was asked within the hour, the last standing first.
    pub(crate) fn wanted(&self) -> Vec<(Standing, Vec<Need>)> {
        let since = self.clock.now() - LATELY;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain_mut(|asked| {
            asked.needs.retain(|_, at| *at >= since);
            !asked.needs.is_empty()
        });
        asked.iter().rev().map(|asked| (asked.standing.clone(), asked.needs.keys().copied().collect())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use lantoa_schemas::clock::Clock;

    use super::*;

    /// Minutes since 1970.
    #[derive(Default)]
    struct Minutes(AtomicI64);

    impl Clock for Minutes {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + TimeDelta::minutes(self.0.load(Ordering::Relaxed))
        }
    }

    fn on(map: Option<&str>) -> Standing {
        Standing { map: map.map(|day| day.parse().unwrap()), ..Standing::default() }
    }

    #[test]
    fn what_was_asked_within_the_hour_is_wanted_the_last_first() {
        let minutes = Arc::new(Minutes::default());
        let lately = Lately::new(Arc::clone(&minutes) as SharedClock);
        let at = |minute| minutes.0.store(minute, Ordering::Relaxed);
        lately.note(&on(None), [Need::Totals(1), Need::Suspicious]);
        at(20);
        lately.note(&on(Some("2025-07-01")), [Need::Reconciled]);
        at(40);
        lately.note(&on(None), [Need::Totals(1)]);
        at(60);
        let wanted = lately.wanted();
        assert_eq!(
            wanted.iter().map(|(standing, _)| standing.clone()).collect::<Vec<_>>(),
            [on(None), on(Some("2025-07-01"))]
        );
        assert_eq!(wanted[0].1.len(), 2);
        at(81);
        assert_eq!(lately.wanted(), [(on(None), vec![Need::Totals(1)])], "the rest was asked more than an hour ago");
        at(101);
        assert!(lately.wanted().is_empty());
    }

    #[test]
    fn few_standings_are_known_and_none_that_has_a_limit() {
        let lately = Lately::new(Arc::new(Minutes::default()));
        let limited = Standing { stated_by: "2024-10-31".parse().ok(), ..Standing::default() };
        lately.note(&limited, [Need::Suspicious]);
        lately.note(&Standing { as_of: "2999-01-01".parse().ok(), ..Standing::default() }, [Need::Suspicious]);
        assert!(lately.wanted().is_empty());
        let days = ["2008-08-01", "2019-01-01", "2021-02-01", "2025-01-01", "2025-07-01"];
        for day in days {
            lately.note(&on(Some(day)), [Need::Suspicious]);
        }
        let wanted: Vec<_> = lately.wanted().into_iter().map(|(standing, _)| standing).collect();
        assert_eq!(wanted, days[1..].iter().rev().map(|day| on(Some(day))).collect::<Vec<_>>());
    }

    #[test]
    fn at_the_start_all_is_wanted_of_two_standings() {
        let lately = Lately::new(Arc::new(Minutes::default()));
        let knowledge = Knowledge::shipped("2026-02-01".parse().unwrap());
        lately.take_as_asked(&knowledge);
        let wanted = lately.wanted();
        let lots = Lots::of(knowledge.catalogue()).count();
        assert_eq!(wanted.iter().map(|(standing, _)| standing.map.is_some()).collect::<Vec<_>>(), [false, true]);
        assert!(wanted.iter().all(|(_, needs)| needs.len() == 2 * lots + 2));
    }
}
