//! Dates that a source gives only in part: `2024`, `2024-10` or `2024-10-02`.
//!
//! A partial date is kept as it was said. It filters and orders by its last day and is refused as future by its first.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{Datelike, Months, NaiveDate};
use serde::{Serialize, Serializer};

/// Years of which anything can be said.
const YEARS: RangeInclusive<i32> = 1900..=2200;

/// A year, a month or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartialDate {
    /// A calendar year.
    Year(i32),
    /// A month of a year, kept as its first day.
    Month(NaiveDate),
    /// One day.
    Day(NaiveDate),
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next(), parts.next());
        let written = digits(year, 4) && [month, day].into_iter().flatten().all(|part| digits(part, 2));
        if !written || parts.next().is_some() {
            return None;
        }
        let year: i32 = year.parse().ok().filter(|year| YEARS.contains(year))?;
        match (month, day) {
            (None, _) => Some(Self::Year(year)),
            (Some(month), None) => NaiveDate::from_ymd_opt(year, month.parse().ok()?, 1).map(Self::Month),
            (Some(month), Some(day)) => {
                NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?).map(Self::Day)
            }
        }
    }

    /// Whether a day lies in a year of which anything can be said.
    pub fn has_year_of(day: NaiveDate) -> bool {
        YEARS.contains(&day.year())
    }

    /// The first day it can mean.
    pub fn first_day(self) -> NaiveDate {
        match self {
            Self::Year(year) => NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default(),
            Self::Month(day) | Self::Day(day) => day,
        }
    }

    /// The last day it can mean.
    pub fn last_day(self) -> NaiveDate {
        match self {
            Self::Year(year) => NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or_default(),
            Self::Month(first) => {
                first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(first)
            }
            Self::Day(day) => day,
        }
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.first_day().year()
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(day) => write!(f, "{}", day.format("%Y-%m")),
            Self::Day(day) => write!(f, "{}", day.format("%Y-%m-%d")),
        }
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A reporting period: one year or a run of years, `2024` or `2023-2024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// First year.
    pub first: i32,
    /// Last year, the same as the first where the period is one year. It is the year that answers file it under.
    pub last: i32,
}

impl Period {
    /// Reads `YYYY` or `YYYY-YYYY` with the later year behind; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let year = |part: &str| match PartialDate::parse(part) {
            Some(PartialDate::Year(year)) => Some(year),
            _ => None,
        };
        match text.split_once('-') {
            None => year(text).map(|year| Self { first: year, last: year }),
            Some((first, last)) => Some(Self { first: year(first)?, last: year(last)? }).filter(|p| p.first < p.last),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.last) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_the_same() {
        for (text, first, last) in [
            ("2024", "2024-01-01", "2024-12-31"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("2024-10-02", "2024-10-02", "2024-10-02"),
        ] {
            let date = PartialDate::parse(text).unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(date.first_day().to_string(), first);
            assert_eq!(date.last_day().to_string(), last);
        }
        for text in ["", "24", "2024-13", "2024-02-30", "2024-1", "02/10/2024", "2024-10-02-01", "+024", "１２３４"]
        {
            assert_eq!(PartialDate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn periods() {
        assert_eq!(Period::parse("2023-2024").map(|p| (p.first, p.last)), Some((2023, 2024)));
        assert_eq!(Period::parse("2024").map(|p| p.to_string()), Some("2024".into()));
        for text in ["2024-2023", "2024-10", "2024-2024", "", "abcd"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
