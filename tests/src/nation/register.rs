//! The registers: which single subjects a commune keeps, and what happens to each.
//!
//! In: the home commune (of the old map; it stays the subject's home), the subject's number. Out: its title, its years,
//! its token. A subject is first recognised in a year of its own, again in four of five later years, and in three of a
//! hundred loses the title within five years for good.

use super::chance::{Chance, mix};
use super::land::PlaceId;
use super::line::{Line, MODELS};

/// Of twenty subjects of a register: twelve households, five citizens, a clan, a village, an organisation.
const BY_TWENTY: [usize; 20] = [0, 4, 0, 0, 4, 0, 1, 0, 0, 4, 0, 2, 0, 4, 0, 0, 3, 0, 4, 0];

/// What became of one recognition after it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mending {
    /// Nothing.
    None,
    /// It was taken back.
    TakenBack,
    /// It was replaced, by one with a rating.
    Corrected,
    /// It was told again under another event id.
    Repeated,
}

/// The registers of all communes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registers {
    pub chance: Chance,
    pub seed: u64,
    pub first_year: i32,
    pub last_year: i32,
    /// Subjects of a register on average.
    pub subjects: u64,
}

/// A subject of a register.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    chance: Chance,
    /// Its title, a place among [`MODELS`].
    pub model: usize,
    /// The year of its first recognition, which may never come.
    pub first: i32,
    revoked: Option<i32>,
}

impl Registers {
    /// How many subjects a register has.
    pub fn subjects_of(&self, home: PlaceId) -> usize {
        let share = 50 + self.chance.of(home as u64).of(0).below(101);
        usize::try_from(self.subjects * share / 100).expect("a register fits in memory")
    }

    /// Whether a commune tells of a title only by decisions that list several subjects, without tokens.
    pub fn lists(&self, home: PlaceId, model: usize) -> bool {
        (1..=3).contains(&model) && self.chance.of(home as u64).of(1).of(model as u64).hits(200)
    }

    /// How many subjects such a decision lists.
    pub fn listed(&self, home: PlaceId, model: usize, year: i32) -> i64 {
        1 + self.chance.of(home as u64).of(2).of(model as u64).of(year as u64).below(9) as i64
    }

    /// A subject.
    pub fn subject(&self, home: PlaceId, number: usize) -> Subject {
        let chance = self.chance.of(home as u64).of(3).of(number as u64);
        let years = u64::from(self.last_year.abs_diff(self.first_year)) + 3;
        let middling = (chance.of(0).below(years) + chance.of(1).below(years)) / 2;
        let first = self.first_year + middling as i32;
        let revoked = chance.of(2).hits(30).then(|| first + 1 + chance.of(3).below(5) as i32);
        Subject { chance, model: BY_TWENTY[number % BY_TWENTY.len()], first, revoked }
    }

    /// The keyed token of a subject: 17 letters and digits, different for every subject of one seed.
    pub fn write_token(&self, home: PlaceId, number: usize, out: &mut String) {
        // Home and number have 32 bits each, and `mix` maps no two values to one.
        self.write_any_token('s', ((home as u64) << 32) | number as u64, out);
    }

    /// The token of a member, who is no subject of a register.
    pub fn write_member_token(&self, home: PlaceId, year: i32, number: usize, out: &mut String) {
        self.write_any_token('m', ((home as u64) << 32) | ((year as u64) << 8) | number as u64, out);
    }

    fn write_any_token(&self, kind: char, whose: u64, out: &mut String) {
        let mut bits = mix(whose ^ mix(self.seed));
        out.clear();
        out.push(kind);
        for _ in 0..16 {
            out.push(char::from(b"0123456789abcdef"[(bits >> 60) as usize]));
            bits <<= 4;
        }
    }
}

impl Subject {
    /// The title.
    pub fn line(&self) -> Line {
        MODELS[self.model]
    }

    /// Whether a decision recognises it in a year.
    pub fn is_recognised(&self, year: i32) -> bool {
        year >= self.first
            && (year == self.first || self.chance.of(4).of(year as u64).hits(800))
            && self.revoked.is_none_or(|end| year < end)
    }

    /// Whether it loses its title in a year.
    pub fn is_revoked(&self, year: i32) -> bool {
        self.revoked == Some(year)
    }

    /// Whether its whole path is told: registered, scored, rated.
    pub fn is_followed(&self) -> bool {
        self.chance.of(5).hits(125)
    }

    /// What became of its recognition of a year.
    pub fn mending(&self, year: i32) -> Mending {
        match self.chance.of(6).of(year as u64).below(200) {
            0 => Mending::TakenBack,
            1 => Mending::Corrected,
            2 => Mending::Repeated,
            _ => Mending::None,
        }
    }

    /// Points of a year, 50 to 100.
    pub fn score(&self, year: i32) -> f64 {
        50.0 + self.chance.of(7).of(year as u64).below(101) as f64 / 2.0
    }
}

/// The rating of a score in the words of the sets.
pub(super) fn rating(score: f64) -> &'static str {
    match score {
        85.0.. => "tốt",
        70.0.. => "khá",
        _ => "trung bình",
    }
}

/// The criteria set of a title, a place among [`MODELS`].
pub(super) fn criteria_set(model: usize) -> &'static str {
    ["448/QĐ-KHVN", "448/QĐ-KHVN", "448/QĐ-KHVN", "24/2023", "324/QĐ-KHVN"][model]
}
