//! Single activities and members: a few a commune and year, each a function of its number.

use chrono::{Days, NaiveDate};

use super::chance::Chance;
use super::land::PlaceId;

/// Kinds of single activities, by number.
const KINDS: [&str; 5] = ["training_class", "seminar", "conference", "centre_class", "week_activity"];

/// What became of an activity after it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amending {
    /// Nothing.
    None,
    /// It was taken back.
    TakenBack,
    /// It was replaced: five attendances more.
    Corrected,
}

/// One class, seminar, conference or Week activity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion {
    pub activity: &'static str,
    pub day: NaiveDate,
    /// `None` is one.
    pub sessions: Option<i64>,
    pub attendances: i64,
    pub persons: Option<i64>,
    pub amending: Amending,
}

/// Joiners of a commune and year are numbered from 0 to this.
pub(super) const MOST_JOINERS: usize = 5;
/// Activities of a commune and year are numbered from 0 to this.
pub(super) const MOST_OCCASIONS: usize = 4;

/// The single activities and members of all communes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasions {
    pub chance: Chance,
}

impl Occasions {
    /// An activity of a commune's year; `None` where it held fewer.
    pub fn held(self, home: PlaceId, year: i32, number: usize) -> Option<Occasion> {
        let chance = self.chance.of(home as u64).of(year as u64).of(0);
        if number as u64 > chance.of(100).below(MOST_OCCASIONS as u64) {
            return None;
        }
        let chance = chance.of(number as u64);
        let activity = KINDS[chance.of(0).below(KINDS.len() as u64) as usize];
        let day = match activity {
            "week_activity" => day(year, 10, 1) + Days::new(chance.of(1).below(7)),
            _ => day(year, 1, 10) + Days::new(chance.of(1).below(329)),
        };
        let attendances = 20 + chance.of(2).below(180) as i64;
        Some(Occasion {
            activity,
            day,
            sessions: chance.of(3).hits(250).then(|| 2 + chance.of(4).below(3) as i64),
            attendances,
            persons: chance.of(5).hits(500).then_some(attendances * 3 / 4),
            amending: match chance.of(6).below(40) {
                0 => Amending::TakenBack,
                1 => Amending::Corrected,
                _ => Amending::None,
            },
        })
    }

    /// The day on which a member joined; `None` where fewer did.
    pub fn joined(self, home: PlaceId, year: i32, number: usize) -> Option<NaiveDate> {
        let chance = self.chance.of(home as u64).of(year as u64).of(1);
        let joined = (number as u64) < chance.of(100).below(MOST_JOINERS as u64 + 1);
        joined.then(|| day(year, 2, 1) + Days::new(chance.of(number as u64).below(280)))
    }

    /// The day on which a member who joined two years before left again, as one of five does.
    pub fn left(self, home: PlaceId, year: i32, number: usize) -> Option<NaiveDate> {
        let joined = self.joined(home, year - 2, number)?;
        let chance = self.chance.of(home as u64).of(year as u64).of(2).of(number as u64);
        // From February on, two years of 365 days never end in another year.
        chance.hits(200).then(|| joined + Days::new(2 * 365))
    }

    /// Whether a member who joined in a year belongs to the Party.
    pub fn is_party_member(self, home: PlaceId, joined: i32, number: usize) -> bool {
        self.chance.of(home as u64).of(joined as u64).of(3).of(number as u64).hits(300)
    }
}

/// A day that the calendar has.
pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar")
}
