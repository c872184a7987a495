//! The true answers, as of a day: plain maps with documented keys.
//!
//! In: the nation and the last day whose records are known. Out: what an honest reader of all that was recorded by then
//! would answer. Everything follows from what was drawn and from the answers written beside each course; no event is
//! read.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use lantoa_schemas::vocabulary::AreaLevel;

use super::Nation;
use super::count::Figure;
use super::course::Act;
use super::land::{Land, Map, PlaceId};
use super::line::{Line, MODELS};
use super::occasion::{Amending, MOST_JOINERS, MOST_OCCASIONS, day};
use super::register::Mending;
use super::sheet::Content;

/// An area on a map, and a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaYear {
    /// The map that the code belongs to.
    pub map: Map,
    /// Level of the area.
    pub level: AreaLevel,
    /// Its code.
    pub code: &'static str,
    /// The year; of a target its deadline.
    pub year: i32,
}

/// Area, map, year and line; the line stands for measure, stage, scope, base and span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Area, map and year.
    pub area: AreaYear,
    /// What is counted.
    pub line: Line,
}

/// The figure in force for a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The figure.
    pub figure: Figure,
    /// The event that says it.
    pub event_id: String,
}

/// What single recognitions of one title say of an area and year. Subjects are counted once, by their tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Individuals {
    /// Subjects recognised in the year by a decision that names each.
    pub recognised: i64,
    /// Subjects in decisions that only say how many.
    pub listed: i64,
    /// Subjects recognised in no year before.
    pub new_adopters: i64,
    /// Subjects recognised in this or any year before, whether they lost the title or not.
    pub cumulative_adopters: i64,
    /// Subjects recognised in this year and in the year before.
    pub retained: i64,
    /// Subjects that lost the title in the year.
    pub revoked: i64,
}

/// Single activities of one kind of an area and year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Events in force.
    pub events: i64,
    /// How often they were held; an event that does not say is one.
    pub sessions: i64,
    /// Attendances.
    pub attendances: i64,
    /// Persons, of the events that count them.
    pub persons: i64,
}

/// Members of an area and year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Members {
    /// How many joined.
    pub joined: i64,
    /// How many left.
    pub left: i64,
}

/// How a commune's return of a year came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Last day on which it is in time.
    pub due: NaiveDate,
    /// Day of the first sheet of the office itself; `None` where there was none.
    pub first_recorded: Option<NaiveDate>,
    /// Day of its last one, corrections and retractions included.
    pub last_recorded: Option<NaiveDate>,
    /// Whether the first one came, or is still missing, after the day it was due.
    pub late: bool,
}

/// The true answers as of a day.
#[derive(Debug)]
pub struct Truth {
    /// The last day, in Vietnam, whose records are known.
    pub as_of: NaiveDate,
    /// Figures in force, each on the map on which its office returned it. A cell without one has no entry.
    pub figures: BTreeMap<Cell, Chosen>,
    /// Targets in percent; the cell's year is the deadline.
    pub targets: BTreeMap<Cell, i64>,
    /// Single recognitions by area, year and title, each area with all below it, on both maps: on the old one to 2024,
    /// by the commune that keeps the register or the office that decided; on the new one for all years, by what that
    /// commune or office became (of a district, what its province became).
    pub individuals: BTreeMap<Cell, Individuals>,
    /// Single activities, each area with all below it, on the map of the day on which they were held.
    pub held: BTreeMap<(AreaYear, &'static str), Held>,
    /// Members, each area with all below it, on the map of the day on which they joined or left.
    pub members: BTreeMap<AreaYear, Members>,
    /// Returns of all communes (and islands) that are to report, on the map of the year's end.
    pub returns: BTreeMap<AreaYear, Return>,
}

impl Truth {
    /// What was true by what was recorded up to a day, or of all that is ever recorded (`None`).
    pub fn new(nation: &Nation, as_of: Option<NaiveDate>) -> Self {
        let as_of = as_of.unwrap_or_else(|| day(nation.plan.to_year + 1, 12, 31));
        let mut truth = Self {
            as_of,
            figures: BTreeMap::new(),
            targets: BTreeMap::new(),
            individuals: BTreeMap::new(),
            held: BTreeMap::new(),
            members: BTreeMap::new(),
            returns: BTreeMap::new(),
        };
        for office in 0..nation.land.places().len() {
            for year in nation.plan.from_year..=nation.plan.to_year {
                truth.add_return(nation, office, year);
                truth.add_targets(nation, office, year);
                truth.add_communes(nation, office, year);
            }
            let place = nation.land.place(office);
            if place.map == Map::Old && place.is_leaf() {
                truth.add_register(nation, office);
                truth.add_occasions(nation, office);
            }
        }
        truth.accumulate(nation);
        truth
    }

    fn add_return(&mut self, nation: &Nation, office: PlaceId, year: i32) {
        let Some(course) = nation.course(office, year) else { return };
        let area = area_year(&nation.land, office, year);
        let days = (0..course.turns.len()).map(|turn| nation.day_of(office, year, Content::Figures(turn)));
        let known: Vec<NaiveDate> = days.take_while(|day| *day <= self.as_of).collect();
        if nation.land.place(office).is_leaf() {
            let own = known.iter().zip(course.turns).filter(|(_, turn)| !turn.is_press()).map(|(day, _)| *day);
            let own: Vec<_> = own.collect();
            let due = Nation::due(year);
            let first = own.first().copied();
            let late = first.unwrap_or(self.as_of) > due;
            self.returns.insert(area, Return { due, first_recorded: first, last_recorded: own.last().copied(), late });
        }
        let Some(last) = known.len().checked_sub(1) else { return };
        for line in Line::ALL.into_iter().filter(|line| nation.asks(office, *line)) {
            let in_force = if line.is_touched() { course.touched[last] } else { course.others[last] };
            let Some(turn) = in_force else { continue };
            let figure = nation.counter().said(office, year, line, course.turns[turn].figures);
            let of = if let Act::Again(of) = course.turns[turn].act { of } else { turn };
            let event_id = format!("{}{}", nation.figures_prefix(office, year, of), line as usize);
            self.figures.insert(Cell { area, line }, Chosen { figure, event_id });
        }
    }

    fn add_targets(&mut self, nation: &Nation, office: PlaceId, year: i32) {
        if !nation.plans_in(office, year) || nation.day_of(office, year, Content::Targets) > self.as_of {
            return;
        }
        for deadline in nation.deadlines(office) {
            let area = area_year(&nation.land, office, *deadline);
            for line in MODELS {
                self.targets.insert(Cell { area, line }, nation.target(office, line, *deadline));
            }
        }
    }

    /// The communes that an office's decision lists, added to its area and all above it on both maps.
    fn add_communes(&mut self, nation: &Nation, office: PlaceId, year: i32) {
        let Some(listed) = nation.listed_communes(office, year) else { return };
        if nation.day_of(office, year, Content::Communes) > self.as_of {
            return;
        }
        let land = &nation.land;
        let became = land.upwards(office).find_map(|id| land.place(id).successor);
        let count = Individuals { listed, ..Individuals::default() };
        for id in land.upwards(office).chain(became.into_iter().flat_map(|id| land.upwards(id))) {
            let cell = Cell { area: area_year(land, id, year), line: Line::LearningCommunityCommune };
            self.individuals.entry(cell).or_default().add(&count);
        }
    }

    /// Everything a commune's register tells, added to it and all above it on both maps.
    fn add_register(&mut self, nation: &Nation, home: PlaceId) {
        let (first_year, last_year) = (nation.plan.from_year, nation.plan.to_year);
        let years = (first_year..=last_year).map(|year| Known::of(nation, home, year, self.as_of));
        let known: Vec<Known> = years.collect();
        let mut counts = vec![[Individuals::default(); MODELS.len()]; known.len()];
        let registers = nation.registers();
        for number in 0..registers.subjects_of(home) {
            let subject = registers.subject(home, number);
            if registers.lists(home, subject.model) {
                continue;
            }
            let (mut ever, mut before) = (false, false);
            for ((year, known), counts) in (first_year..).zip(&known).zip(&mut counts) {
                let count = &mut counts[subject.model];
                let taken_back = known.mended && subject.mending(year) == Mending::TakenBack;
                let recognised = known.recognised && subject.is_recognised(year) && !taken_back;
                count.recognised += i64::from(recognised);
                count.new_adopters += i64::from(recognised && !ever);
                count.retained += i64::from(recognised && before);
                count.revoked += i64::from(known.revoked && subject.is_revoked(year));
                (ever, before) = (ever || recognised, recognised);
            }
        }
        for ((year, known), counts) in (first_year..).zip(&known).zip(&mut counts) {
            for (model, count) in counts.iter_mut().enumerate() {
                if known.recognised && registers.lists(home, model) {
                    count.listed = registers.listed(home, model, year);
                }
                for id in both_maps(nation, home, year) {
                    let area = area_year(&nation.land, id, year);
                    self.individuals.entry(Cell { area, line: MODELS[model] }).or_default().add(count);
                }
            }
        }
    }

    /// New adopters add up from year to year; areas without any single recognition have no entry.
    fn accumulate(&mut self, nation: &Nation) {
        let mut so_far: BTreeMap<(Map, AreaLevel, &str, Line), i64> = BTreeMap::new();
        for year in nation.plan.from_year..=nation.plan.to_year {
            for (cell, count) in self.individuals.iter_mut().filter(|(cell, _)| cell.area.year == year) {
                let area = cell.area;
                let sum = so_far.entry((area.map, area.level, area.code, cell.line)).or_default();
                *sum += count.new_adopters;
                count.cumulative_adopters = *sum;
            }
        }
        self.individuals.retain(|_, count| *count != Individuals::default());
    }

    fn add_occasions(&mut self, nation: &Nation, home: PlaceId) {
        let occasions = nation.occasions();
        for year in nation.plan.from_year..=nation.plan.to_year {
            let told = |content| nation.day_of(home, year, content) <= self.as_of;
            let (is_held, is_amended, are_members) =
                (told(Content::Held), told(Content::Amended), told(Content::Members));
            for number in 0..if is_held { MOST_OCCASIONS } else { 0 } {
                let Some(occasion) = occasions.held(home, year, number) else { break };
                let more = match occasion.amending {
                    Amending::TakenBack if is_amended => continue,
                    Amending::Corrected if is_amended => 5,
                    _ => 0,
                };
                for id in nation.land.upwards(nation.land.home_on(home, occasion.day)) {
                    let held = self.held.entry((area_year(&nation.land, id, year), occasion.activity)).or_default();
                    held.events += 1;
                    held.sessions += occasion.sessions.unwrap_or(1);
                    held.attendances += occasion.attendances + more;
                    held.persons += occasion.persons.unwrap_or(0);
                }
            }
            for number in 0..if are_members { MOST_JOINERS } else { 0 } {
                for leaves in [false, true] {
                    let Some(day) = nation.membership_day(home, year, number, leaves) else { continue };
                    for id in nation.land.upwards(nation.land.home_on(home, day)) {
                        let members = self.members.entry(area_year(&nation.land, id, year)).or_default();
                        if leaves { members.left += 1 } else { members.joined += 1 }
                    }
                }
            }
        }
    }
}

impl Individuals {
    fn add(&mut self, other: &Self) {
        self.recognised += other.recognised;
        self.listed += other.listed;
        self.new_adopters += other.new_adopters;
        self.retained += other.retained;
        self.revoked += other.revoked;
    }
}

/// Which of a register's sheets of a year are known.
struct Known {
    recognised: bool,
    mended: bool,
    revoked: bool,
}

impl Known {
    fn of(nation: &Nation, home: PlaceId, year: i32, as_of: NaiveDate) -> Self {
        let told = |content| nation.day_of(home, year, content) <= as_of;
        Self {
            recognised: told(Content::Recognised { again: false }),
            mended: told(Content::Mended),
            revoked: told(Content::Revoked),
        }
    }
}

/// An old commune and all above it, to 2024; and what it became, with all above that.
fn both_maps(nation: &Nation, home: PlaceId, year: i32) -> impl Iterator<Item = PlaceId> {
    let old = (Map::at_end_of(year) == Map::Old).then_some(home);
    let new = nation.land.place(home).successor;
    old.into_iter().chain(new).flat_map(|id| nation.land.upwards(id))
}

/// The key of a place in a year.
pub(super) fn area_year(land: &Land, id: PlaceId, year: i32) -> AreaYear {
    let place = land.place(id);
    AreaYear { map: place.map, level: place.level, code: place.code, year }
}
