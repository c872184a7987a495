//! The true figures: what each place would have to report, year by year.
//!
//! In: place, year, line. Out: counts, in whole numbers throughout, so that every machine makes the same. Shares follow
//! a logistic curve with a beginning, a speed and a ceiling of each commune's own; bases grow by 0.9 % a year. What is
//! above a commune is the sum of its parts, and where it states a total of its own, a known remainder more or less.

use lantoa_schemas::vocabulary::{AreaLevel, Precision};

use super::chance::Chance;
use super::course::Figures;
use super::land::{Land, Map, PlaceId};
use super::line::Line;

/// What a line of a sheet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The count; of activities, attendances.
    pub numerator: i64,
    /// How exact it is; `None` is exact.
    pub precision: Option<Precision>,
    /// What it is a part of.
    pub denominator: Option<i64>,
    /// Occasions.
    pub sessions: Option<i64>,
    /// The percent as printed, in hundredths, truncated as offices do; only totals have one.
    pub printed: Option<i64>,
}

/// 1000 / (1 + e^-x) for x from -6 to 6 in halves.
const LOGISTIC: [i64; 25] =
    [2, 4, 7, 11, 18, 29, 47, 76, 119, 182, 269, 378, 500, 622, 731, 818, 881, 924, 953, 971, 982, 989, 993, 996, 998];

/// Counts what is true.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter<'a> {
    pub land: &'a Land,
    pub chance: Chance,
}

impl Counter<'_> {
    /// What an office says on a sheet: a commune what is true, a larger area the sum of its parts and its remainder.
    pub fn said(self, place: PlaceId, year: i32, line: Line, figures: Figures) -> Figure {
        let is_leaf = self.land.place(place).is_leaf();
        let mut figure = self.truth(place, year, line);
        if !is_leaf {
            figure.numerator += self.remainder(place, year, line, figure.numerator);
            figure.numerator = figure.denominator.map_or(figure.numerator, |whole| figure.numerator.min(whole));
        }
        match figures {
            Figures::December => {}
            Figures::October => figure.numerator = figure.numerator * 19 / 20,
            Figures::Changed => {
                figure.numerator += 7;
                figure.denominator = figure.denominator.map(|whole| whole + 9);
            }
            Figures::Rounded => {
                figure.numerator = figure.numerator / 10 * 10;
                (figure.precision, figure.denominator) = (Some(Precision::About), None);
            }
            Figures::January => {
                figure.numerator += 3;
                figure.denominator = None;
            }
        }
        if !is_leaf {
            figure.printed = figure.denominator.map(|whole| figure.numerator * 10_000 / whole);
        }
        figure
    }

    /// How much a stated total differs from the sum of what is true in its parts: nothing in one of three, else up to
    /// 2 % either way.
    fn remainder(self, place: PlaceId, year: i32, line: Line, sum: i64) -> i64 {
        let chance = self.draw(place, line, 9).of(year as u64);
        if chance.of(0).below(3) == 0 { 0 } else { sum * (chance.of(1).below(41) as i64 - 20) / 1000 }
    }

    /// What is true, whoever reports it.
    pub fn truth(self, place: PlaceId, year: i32, line: Line) -> Figure {
        let here = self.land.place(place);
        match line {
            Line::LearningCommunityCommune => self.of_parts(place, year, line, AreaLevel::Commune),
            Line::LearningCommunityDistrict => self.of_parts(place, year, line, AreaLevel::District),
            Line::LearningCommunityProvince => self.of_parts(place, year, line, AreaLevel::Province),
            _ if !here.is_leaf() => self.sum(&here.parts, year, line),
            // A new commune carries on what its communes had reached.
            _ if here.map == Map::New && !here.predecessors.is_empty() => self.sum(&here.predecessors, year, line),
            Line::TrainingClass | Line::Seminar | Line::Conference => self.occasions(place, year, line),
            Line::Household | Line::Population | Line::Adult => figure(self.whole(place, year, line), None),
            _ => self.share(place, year, line),
        }
    }

    fn sum(self, parts: &[PlaceId], year: i32, line: Line) -> Figure {
        let mut sum = Figure { sessions: None, ..figure(0, None) };
        for part in parts {
            let part = self.truth(*part, year, line);
            sum.numerator += part.numerator;
            sum.denominator = part.denominator.map(|whole| sum.denominator.unwrap_or(0) + whole).or(sum.denominator);
            sum.sessions = part.sessions.map(|held| sum.sessions.unwrap_or(0) + held).or(sum.sessions);
        }
        sum
    }

    /// Of the areas of a level below a place, how many hold the title themselves.
    fn of_parts(self, place: PlaceId, year: i32, line: Line, level: AreaLevel) -> Figure {
        let below = self.below(place, level);
        figure(below * self.per_mille(place, year, line) / 1000, Some(below))
    }

    fn below(self, place: PlaceId, level: AreaLevel) -> i64 {
        let parts = &self.land.place(place).parts;
        parts.iter().map(|part| i64::from(self.land.place(*part).level == level) + self.below(*part, level)).sum()
    }

    fn share(self, place: PlaceId, year: i32, line: Line) -> Figure {
        let whole = self.whole(place, year, line);
        let reached = match line {
            Line::LearningFamilyRegistered => Line::LearningFamily,
            Line::LearningCitizenRegistered => Line::LearningCitizen,
            line => line,
        };
        let count = whole * self.per_mille(place, year, reached) / 1000;
        // A quarter of the others have registered.
        let count = if reached == line { count } else { count + (whole - count) / 4 };
        figure(count, Some(whole))
    }

    fn per_mille(self, place: PlaceId, year: i32, line: Line) -> i64 {
        let draw = |question| self.draw(place, line, question);
        let middle = 2014 + draw(0).below(9) as i64;
        let speed = 1 + draw(1).below(2) as i64;
        let ceiling = if line == Line::Membership { 140 } else { 650 };
        let ceiling = ceiling + draw(2).below(if line == Line::Membership { 160 } else { 330 }) as i64;
        let at = 12 + (i64::from(year) - middle) * speed;
        LOGISTIC[usize::try_from(at.clamp(0, 24)).expect("clamped")] * ceiling / 1000
    }

    fn whole(self, place: PlaceId, year: i32, line: Line) -> i64 {
        let size = self.land.place(place).size;
        let grown = |count: i64| count * (1000 + 9 * (i64::from(year) - 2019)) / 1000;
        match line {
            Line::LearningClan => size.clans,
            Line::LearningCommunity => size.villages,
            Line::LearningUnit => size.units,
            Line::LearningCitizen | Line::LearningCitizenRegistered | Line::Adult => grown(size.households * 13 / 5),
            Line::Membership | Line::Population => grown(size.households * 18 / 5),
            _ => grown(size.households),
        }
    }

    fn occasions(self, place: PlaceId, year: i32, line: Line) -> Figure {
        let draw = self.draw(place, line, 3).of(year as u64);
        let sessions = 1 + draw.of(0).below(6) as i64;
        Figure { sessions: Some(sessions), ..figure(sessions * (20 + draw.of(1).below(60) as i64), None) }
    }

    fn draw(self, place: PlaceId, line: Line, question: u64) -> Chance {
        self.chance.of(place as u64).of(line as u64).of(question)
    }
}

fn figure(numerator: i64, denominator: Option<i64>) -> Figure {
    Figure { numerator, precision: None, denominator, sessions: None, printed: None }
}
