//! The sheets: who sends what on which day. A sheet is what one office sends at once; its rows are made when it is its
//! turn, so a nation of any size holds only the sheets of about a year.

use std::iter::Peekable;
use std::vec::IntoIter;

use chrono::{Datelike, Days, NaiveDate};
use lantoa_schemas::event::days_since_epoch;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::AreaLevel;

use super::Nation;
use super::course::{self, Act, Course, When};
use super::land::{Map, PlaceId};
use super::occasion::day;

/// What a sheet holds. The place is the office of the first four and of the last, and the home commune (on the old map)
/// of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// The year's Lifelong Learning Week.
    Week,
    /// The office's plan.
    Plan,
    /// The plan's targets.
    Targets,
    /// A turn of the office's course.
    Figures(usize),
    /// Subjects that registered.
    Registered,
    /// Subjects that lost their titles.
    Revoked,
    /// Scores and ratings.
    Assessed,
    /// The decisions of the year; `again` is the same sheet once more.
    Recognised {
        /// Sent once more, with the same event ids.
        again: bool,
    },
    /// What was wrong in the decisions.
    Mended,
    /// Single activities.
    Held,
    /// What was wrong in them.
    Amended,
    /// Members who joined and left.
    Members,
    /// The office's decision that lists communes as learning communities.
    Communes,
}

impl Content {
    pub fn family(self) -> Family {
        match self {
            Self::Week | Self::Plan => Family::Reference,
            Self::Targets | Self::Figures(_) => Family::Statement,
            Self::Registered
            | Self::Revoked
            | Self::Assessed
            | Self::Recognised { .. }
            | Self::Mended
            | Self::Communes => Family::Recognition,
            Self::Held | Self::Amended => Family::Activity,
            Self::Members => Family::Membership,
        }
    }
}

/// One sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sheet {
    /// The instant of recording, in microseconds since 1970.
    pub recorded: i64,
    pub place: PlaceId,
    /// The year it is of.
    pub year: i32,
    pub content: Content,
}

const MICROS_A_DAY: i64 = 86_400_000_000;
const MICROS_AN_HOUR: i64 = 3_600_000_000;

impl Nation {
    /// The course of an office in a year; `None` where it returns nothing and nobody waits for it.
    pub(super) fn course(&self, office: PlaceId, year: i32) -> Option<&'static Course> {
        let place = self.land.place(office);
        if place.map != Map::at_end_of(year) {
            return None;
        }
        // The nation has a row on both maps and one office.
        course::drawn(place.level, place.is_leaf(), self.chance.of(20).of(office as u64).of(year as u64))
    }

    /// The day in Vietnam on which a sheet is recorded.
    pub(super) fn day_of(&self, place: PlaceId, year: i32, content: Content) -> NaiveDate {
        let chance = self.chance.of(21).of(place as u64).of(year as u64);
        let within = |from: NaiveDate, question: u64, days: u64| from + Days::new(chance.of(question).below(days));
        match content {
            Content::Week => day(year, 9, 10),
            Content::Plan | Content::Targets => {
                let from = if Map::at_end_of(year) == Map::Old { day(year, 3, 1) } else { day(year, 9, 1) };
                within(from, 1, 20) + Days::new(u64::from(content == Content::Targets))
            }
            Content::Figures(turn) => {
                let when = self.course(place, year).map_or(When::OnTime, |course| course.turns[turn].when);
                let on_time = within(day(year + 1, 1, 5), 2, 20);
                match when {
                    When::October => within(day(year, 10, 8), 3, 20),
                    When::OnTime => on_time,
                    When::Late => within(day(year + 1, 2, 1), 4, 100),
                    When::NextDay => on_time + Days::new(1),
                    When::First => within(on_time, 5, 15) + Days::new(3),
                    When::Second => within(on_time, 6, 15) + Days::new(21),
                }
            }
            Content::Registered => within(day(year, 3, 1), 7, 20),
            Content::Revoked => within(day(year, 11, 1), 8, 5),
            Content::Assessed => within(day(year, 11, 10), 9, 15),
            Content::Recognised { again } => within(day(year, 12, 10), 10, 15) + Days::new(u64::from(again)),
            Content::Mended => within(day(year + 1, 1, 10), 11, 15),
            Content::Held => within(day(year, 12, 15), 12, 10),
            Content::Amended => within(day(year + 1, 1, 15), 13, 10),
            Content::Members => within(day(year, 12, 1), 14, 10),
            Content::Communes => within(day(year, 12, 5), 15, 20),
        }
    }

    fn sheet(&self, place: PlaceId, year: i32, content: Content) -> Sheet {
        let day = i64::from(days_since_epoch(self.day_of(place, year, content)));
        let chance = self.chance.of(22).of(place as u64).of(year as u64).of(content.family() as u64);
        // Between eight and five in Vietnam, so that the day is the same in UTC.
        let of_day = MICROS_AN_HOUR + chance.below(9 * MICROS_AN_HOUR as u64) as i64;
        Sheet { recorded: day * MICROS_A_DAY + of_day, place, year, content }
    }

    /// Appends the sheets that an office sends of a year.
    pub(super) fn sheets_of(&self, office: PlaceId, year: i32, family: Option<Family>, out: &mut Vec<Sheet>) {
        let wanted = |of: Family| family.is_none_or(|family| family == of);
        if wanted(Family::Statement)
            && let Some(course) = self.course(office, year)
        {
            out.extend((0..course.turns.len()).map(|turn| self.sheet(office, year, Content::Figures(turn))));
        }
        let place = self.land.place(office);
        if self.plans_in(office, year) {
            let issued = [Content::Plan, Content::Targets].into_iter().filter(|content| wanted(content.family()));
            out.extend(issued.map(|content| self.sheet(office, year, content)));
        }
        let is_week = place.level == AreaLevel::Nation && place.map == Map::at_end_of(year);
        if is_week && wanted(Family::Reference) {
            out.push(self.sheet(office, year, Content::Week));
        }
        if wanted(Family::Recognition) && self.listed_communes(office, year).is_some() {
            out.push(self.sheet(office, year, Content::Communes));
        }
        if place.map == Map::Old && place.is_leaf() {
            let again = self.sends_decisions_again(office, year);
            let singles = [
                (Content::Registered, true),
                (Content::Revoked, true),
                (Content::Assessed, true),
                (Content::Recognised { again: false }, true),
                (Content::Recognised { again: true }, again),
                (Content::Mended, true),
                (Content::Held, true),
                (Content::Amended, true),
                (Content::Members, true),
            ];
            let sent = singles.into_iter().filter(|(content, sent)| *sent && wanted(content.family()));
            out.extend(sent.map(|(content, _)| self.sheet(office, year, content)));
        }
    }

    /// Whether a province or the nation issues its plan in a year: the first in which its map is in force.
    pub(super) fn plans_in(&self, office: PlaceId, year: i32) -> bool {
        let place = self.land.place(office);
        let first = match place.map {
            Map::Old => self.plan.from_year,
            Map::New => self.plan.from_year.max(Map::New.first_day().year()),
        };
        let plans = match place.level {
            AreaLevel::Nation => place.map == Map::at_end_of(self.plan.from_year),
            AreaLevel::Province => self.chance.of(23).of(office as u64).hits(600),
            _ => false,
        };
        plans && year == first && Map::at_end_of(year) == place.map
    }

    /// How many communes an office's decision of a year lists; `None` where it decides nothing. Communes, districts and
    /// provinces all decide, each of other communes, so that a province's count is of several levels.
    pub(super) fn listed_communes(&self, office: PlaceId, year: i32) -> Option<i64> {
        let place = self.land.place(office);
        let (of_thousand, most) = match place.level {
            AreaLevel::Nation => return None,
            AreaLevel::Province => (600, 9),
            AreaLevel::District => (400, 3),
            AreaLevel::Commune => (100, 1),
        };
        let chance = self.chance.of(26).of(office as u64).of(year as u64);
        let decides = place.map == Map::at_end_of(year) && chance.of(0).hits(of_thousand);
        decides.then(|| 1 + chance.of(1).below(most) as i64)
    }

    fn sends_decisions_again(&self, home: PlaceId, year: i32) -> bool {
        self.chance.of(24).of(home as u64).of(year as u64).hits(20)
    }
}

/// The sheets in the order in which they are recorded.
pub(super) struct Sheets<'n> {
    nation: &'n Nation,
    family: Option<Family>,
    /// The calendar year whose sheets are being given.
    year: i32,
    /// What is recorded in that year, or later.
    waiting: Peekable<IntoIter<Sheet>>,
}

impl<'n> Sheets<'n> {
    pub fn new(nation: &'n Nation, family: Option<Family>) -> Self {
        let year = nation.plan.from_year - 1;
        Self { nation, family, year, waiting: Vec::new().into_iter().peekable() }
    }

    fn turn_the_year(&mut self) {
        self.year += 1;
        let mut sheets: Vec<_> = self.waiting.by_ref().collect();
        if self.year <= self.nation.plan.to_year {
            for office in 0..self.nation.land.places().len() {
                self.nation.sheets_of(office, self.year, self.family, &mut sheets);
            }
        }
        sheets.sort_unstable();
        self.waiting = sheets.into_iter().peekable();
    }
}

impl Iterator for Sheets<'_> {
    type Item = Sheet;

    fn next(&mut self) -> Option<Sheet> {
        // What is of a year is recorded by the middle of the next.
        while self.year <= self.nation.plan.to_year + 1 {
            let end = i64::from(days_since_epoch(day(self.year + 1, 1, 1))) * MICROS_A_DAY;
            if let Some(sheet) = self.waiting.next_if(|sheet| sheet.recorded < end) {
                return Some(sheet);
            }
            self.turn_the_year();
        }
        None
    }
}

/// Whether a sheet is one that was sent before, with the same event ids: what the projector drops as duplicates.
pub(super) fn is_again(nation: &Nation, sheet: &Sheet) -> bool {
    match sheet.content {
        Content::Recognised { again } => again,
        Content::Figures(turn) => {
            nation.course(sheet.place, sheet.year).is_some_and(|course| matches!(course.turns[turn].act, Act::Again(_)))
        }
        _ => false,
    }
}
