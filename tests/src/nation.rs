//! The synthetic nation: made-up learning events of a whole country whose every true answer is known.
//!
//! In: a [`Plan`] with a seed. Out: events in the order of recording ([`Nation::events`]), the same as rows of the ledger
//! tables ([`Nation::batches`]) and as CloudEvents ([`cloud_event`]), and the answers ([`Truth`]), as of any day. The same
//! plan always makes the same nation. The truth is computed from what was drawn and from rules written down beside it,
//! never from the events, and shares no code with the views.
//!
//! # What it contains
//!
//! *Land*: the shipped history. Years to 2024 are returned on the map of 2025-06-30 (63 provinces, 696 districts, 10,035
//! communes; the five island districts without communes return like communes), 2025 on that of 2025-07-01 (34 and
//! 3,321). Codes that name another area since (24 was Bắc Giang and is Bắc Ninh) and 471 split communes are part of it.
//!
//! *Figures*: every commune states, counted on 31 December, five recognised titles (families, clans, villages,
//! organisations, citizens, each of all), members of the population, and classes, seminars and conferences with
//! attendances; 40 % of the communes also families and citizens registered. Shares follow logistic curves of each
//! commune's own. 30 % of the districts, 55 % of the provinces and the nation in 30 % of the years state totals of their
//! own, two of three of them with a remainder of up to 2 % against the true sum of their parts; provinces also count
//! communes and districts that hold titles, and 40 % state their households, people and adults. 60 % of the provinces
//! and the nation issue a plan with targets for 2025 or 2030 in the first year of their map.
//!
//! *How returns come in* ([`Nation::due`] is 31 January): of a thousand communes in a year 40 return nothing (and where
//! they keep registers, are counted by those), 60 return late, 150 return in October and again in December, 30 in
//! October only, 30 send the same sheet twice with the same event ids and 20 with others, 50 correct under the same
//! natural key (10 of them there and back again), 40 correct by id (10 take that back again, which revives the first
//! figure), 10 send the correction before what it corrects, 30 take figures back (10 have October's behind them), 50
//! have a newspaper beside the return or in its place, 10 one with a later count.
//!
//! *Single subjects*: every commune of the old map keeps a register of `subjects_per_commune` subjects on average (60 %
//! households, 25 % citizens, 5 % each clans, villages, organisations). Each has a year of first recognition, is
//! recognised again in 80 % of later years, and 3 % lose the title; of one in eight registration, score and rating are
//! told too. Of a thousand recognitions 5 are taken back, 5 corrected by id, 5 told again under another id; 2 % of the
//! sheets are sent twice. A fifth of the communes tell of clans, villages or organisations only by decisions that list
//! several. Tokens stay when a commune is merged; the area of the events becomes its main successor. Of 60 % of the
//! provinces, 40 % of the districts and 10 % of the communes a decision each year lists communes that became learning
//! communities, each office its own. Beside them 1 to 4 single activities and 0 to 5 joining members a commune and
//! year, some taken back or corrected, some leaving after
//! two years; each year's Learning Week.
//!
//! Without registers that is, reckoned from these shares, about 1.1 million figures and 0.6 million single events in ten
//! years.

use chrono::NaiveDate;
use lantoa_schemas::stream::Family;

mod batches;
pub(crate) mod chance;
mod count;
mod course;
mod events;
mod fields;
mod land;
mod line;
mod occasion;
mod register;
mod render;
mod sheet;
mod total;
mod truth;

pub use batches::{BATCH_ROWS, Batches, CLUSTER};
pub use count::Figure;
pub use events::Events;
pub use fields::{cloud_event, to_fields};
pub use land::{Land, Map, Place, PlaceId, Size};
pub use line::{Line, MODELS};
pub use total::{Derivation, Total};
pub use truth::{AreaYear, Cell, Chosen, Held, Individuals, Members, Return, Truth};

use chance::Chance;
use count::Counter;
use occasion::Occasions;
use register::Registers;

/// What nation is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Another seed is another nation of the same kind.
    pub seed: u64,
    /// First year that is reported.
    pub from_year: i32,
    /// Last year that is reported, at most 2025; the last events are recorded in May after it.
    pub to_year: i32,
    /// Codes of the old provinces that are taken, with all that they were merged with; `None` for all.
    pub provinces: Option<Vec<&'static str>>,
    /// Subjects that the register of a commune has on average.
    pub subjects_per_commune: u64,
}

impl Plan {
    /// Three years of five provinces, about 40,000 events: Bắc Giang and Bắc Ninh, which merged; Hà Giang and Tuyên
    /// Quang, which merged and had communes that were split; Lai Châu, which stayed.
    pub fn small() -> Self {
        Self {
            seed: 1,
            from_year: 2023,
            to_year: 2025,
            provinces: Some(vec!["24", "27", "02", "08", "12"]),
            subjects_per_commune: 10,
        }
    }

    /// Ten years of the whole country without registers.
    pub fn whole() -> Self {
        Self { seed: 1, from_year: 2016, to_year: 2025, provinces: None, subjects_per_commune: 0 }
    }

    /// Ten years of the whole country, with registers of such a size that there are about so many events. Fewer than
    /// [`Plan::whole`] has are not possible.
    pub fn of_events(events: u64) -> Self {
        const TRIAL: u64 = 100;
        let size =
            |subjects_per_commune| Nation::new(Self { subjects_per_commune, ..Self::whole() }).estimated_events();
        let (without, trial) = (size(0), size(TRIAL));
        let subjects_per_commune = events.saturating_sub(without) * TRIAL / (trial - without).max(1);
        Self { subjects_per_commune, ..Self::whole() }
    }
}

/// A made-up nation.
#[derive(Debug)]
pub struct Nation {
    plan: Plan,
    land: Land,
    chance: Chance,
}

impl Nation {
    /// The nation of a plan.
    ///
    /// # Panics
    /// When the years are not in order or beyond 2025, for which there would be events of days to come.
    pub fn new(plan: Plan) -> Self {
        assert!((2000..=plan.to_year).contains(&plan.from_year) && plan.to_year <= 2025, "years of {plan:?}");
        let chance = Chance::new(plan.seed);
        let land = Land::new(plan.provinces.as_deref(), chance.of(1));
        Self { plan, land, chance }
    }

    /// The plan it was made of.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its areas.
    pub fn land(&self) -> &Land {
        &self.land
    }

    /// All events in the order in which they are recorded.
    pub fn events(&self) -> Events<'_> {
        Events::new(self, None)
    }

    /// The events of one family in the order in which they are recorded.
    pub fn events_of(&self, family: Family) -> Events<'_> {
        Events::new(self, Some(family))
    }

    /// The events of one family as rows of its ledger table.
    pub fn batches(&self, family: Family) -> Batches<'_> {
        Batches::new(self.events_of(family), family)
    }

    /// The last day on which the return of a year is in time.
    pub fn due(year: i32) -> NaiveDate {
        occasion::day(year + 1, 1, 31)
    }

    /// About how many events there are, told from the offices at regular distances: exact where there are few.
    pub fn estimated_events(&self) -> u64 {
        const SAMPLE: usize = 1500;
        let offices = self.land.places().len();
        let stride = offices.div_ceil(SAMPLE);
        let sampled = (0..offices).step_by(stride);
        let mut sheets = Vec::new();
        for office in sampled.clone() {
            for year in self.plan.from_year..=self.plan.to_year {
                self.sheets_of(office, year, None, &mut sheets);
            }
        }
        let mut events = 0_u64;
        for sheet in sheets {
            let mut open = render::OpenSheet::new(self, sheet);
            while open.advance(self) {
                events += 1;
            }
        }
        events * offices as u64 / sampled.count() as u64
    }

    fn counter(&self) -> Counter<'_> {
        Counter { land: &self.land, chance: self.chance.of(2) }
    }

    fn registers(&self) -> Registers {
        Registers {
            chance: self.chance.of(3),
            seed: self.plan.seed,
            first_year: self.plan.from_year,
            last_year: self.plan.to_year,
            subjects: self.plan.subjects_per_commune,
        }
    }

    fn occasions(&self) -> Occasions {
        Occasions { chance: self.chance.of(4) }
    }

    /// Whether an office's sheet has a line.
    fn asks(&self, office: PlaceId, line: Line) -> bool {
        line.is_asked_of(self.land.place(office), self.chance.of(25).of(office as u64).hits(400))
    }
}

#[cfg(test)]
mod tests;
