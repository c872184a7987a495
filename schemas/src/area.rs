//! The areas of Vietnam through time. An area is a code and the time in which it was valid: a code alone, or a code
//! with a name, identifies nothing.
//!
//! In: `data/area.csv`, `data/area_succession.csv` (derived from the MIT-licensed package vietnamadminunits 1.0.4; see
//! `data/README.md`). Out: which area a code meant on a day, and what became of it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use serde::Deserialize;

use crate::vocabulary::AreaLevel;

pub mod name;

/// One area as it was on one map.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Area {
    /// First known day of the map that the row belongs to.
    pub map: NaiveDate,
    /// Level.
    pub level: AreaLevel,
    /// Official code on that map.
    pub code: String,
    /// Full name with its kind.
    pub name: String,
    /// Name without its kind.
    pub short_name: String,
    /// Kind in Vietnamese.
    pub kind: String,
    /// Code of the area above; `None` for the nation.
    pub parent_code: Option<String>,
    /// First day; `None` where the history does not know.
    pub valid_from: Option<NaiveDate>,
    /// Last day; `None` while it is in force.
    pub valid_to: Option<NaiveDate>,
    /// Size in square kilometres, where known.
    pub area_km2: Option<f64>,
}

impl Area {
    /// Whether the area was in force on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    fn lifetime(&self) -> String {
        match (self.valid_from, self.valid_to) {
            (_, Some(to)) => format!("until {to}"),
            (Some(from), None) => format!("from {from}"),
            (None, None) => "always".to_owned(),
        }
    }
}

/// What became of an area when the map changed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Succession {
    /// Level before.
    pub old_level: AreaLevel,
    /// Code before.
    pub old_code: String,
    /// Level after.
    pub new_level: AreaLevel,
    /// Code after.
    pub new_code: String,
    /// `whole` where all of the old area went there, `part` where it was split.
    pub share: String,
    /// 1 for the part that took the main share (and for a whole one), else 0.
    pub is_main: u8,
}

/// A code that does not name an area on the day it is read at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AreaError {
    /// No area of that level ever had the code.
    #[error("no {level} has the code {code}")]
    UnknownCode {
        /// Level asked for.
        level: AreaLevel,
        /// Code asked for.
        code: String,
    },
    /// The code named an area, but not on that day.
    #[error("{level} {code} is not valid on {day}: it was {known}")]
    NotValidThen {
        /// Level asked for.
        level: AreaLevel,
        /// Code asked for.
        code: String,
        /// Day asked for.
        day: NaiveDate,
        /// What the code named, and when.
        known: String,
    },
    /// The printed name belongs to the area that had the code at another time.
    #[error("on {day} the code {code} is {actual}, not {printed}, which had it {known}")]
    OtherArea {
        /// Code asked for.
        code: String,
        /// Day asked for.
        day: NaiveDate,
        /// Full name of the area that has the code on that day.
        actual: String,
        /// Name as printed.
        printed: String,
        /// When the printed one had it.
        known: String,
    },
}

/// The history of all areas.
#[derive(Debug)]
pub struct AreaHistory {
    areas: Vec<Area>,
    successions: Vec<Succession>,
    by_code: HashMap<(AreaLevel, String), Vec<usize>>,
}

impl AreaHistory {
    /// The history that ships with the program.
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<AreaHistory>> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let areas = rows(include_str!("../data/area.csv"));
            let successions = rows(include_str!("../data/area_succession.csv"));
            Arc::new(Self::new(areas, successions))
        })
    }

    fn new(areas: Vec<Area>, successions: Vec<Succession>) -> Self {
        let mut by_code: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, area) in areas.iter().enumerate() {
            by_code.entry((area.level, area.code.clone())).or_default().push(at);
        }
        Self { areas, successions, by_code }
    }

    /// All areas of all maps, each once a map.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// What became of each old area.
    pub fn successions(&self) -> &[Succession] {
        &self.successions
    }

    /// Number of area changes applied to the shipped history; an event carries the number it was judged by.
    pub fn version(&self) -> i64 {
        0
    }

    /// The area that a code named on a day.
    ///
    /// # Errors
    /// When no area of the level had the code on that day.
    pub fn resolve(&self, level: AreaLevel, code: &str, day: NaiveDate) -> Result<&Area, AreaError> {
        let known: Vec<&Area> = self.with_code(level, code).collect();
        if known.is_empty() {
            return Err(AreaError::UnknownCode { level, code: code.to_owned() });
        }
        known.iter().copied().find(|area| area.holds_on(day)).ok_or_else(|| {
            let lifetimes: Vec<_> = known.iter().map(|a| format!("{} {}", a.name, a.lifetime())).collect();
            AreaError::NotValidThen { level, code: code.to_owned(), day, known: lifetimes.join("; ") }
        })
    }

    /// The area that a code named on a day, and a check that the printed name is not that of the area which had the
    /// same code at another time (`24` was Bắc Giang and is Bắc Ninh). Other spellings are taken as they are.
    ///
    /// # Errors
    /// As [`AreaHistory::resolve`], and where the name belongs to another time.
    pub fn resolve_named(
        &self,
        level: AreaLevel,
        code: &str,
        day: NaiveDate,
        printed: &str,
    ) -> Result<&Area, AreaError> {
        let area = self.resolve(level, code, day)?;
        let is = |area: &Area| name::same(printed, &area.short_name) || name::same(printed, &area.name);
        if !is(area)
            && let Some(other) = self.with_code(level, code).find(|other| is(other))
        {
            return Err(AreaError::OtherArea {
                code: code.to_owned(),
                day,
                actual: area.name.clone(),
                printed: printed.to_owned(),
                known: other.lifetime(),
            });
        }
        Ok(area)
    }

    /// Areas in force on a day whose name is the given one in any spelling, best known first: the largest level first.
    pub fn named(&self, printed: &str, day: NaiveDate) -> Vec<&Area> {
        let mut found: Vec<&Area> = self
            .areas
            .iter()
            .filter(|a| a.holds_on(day) && (name::same(printed, &a.short_name) || name::same(printed, &a.name)))
            .collect();
        found.sort_by_key(|area| area.level);
        found
    }

    fn with_code(&self, level: AreaLevel, code: &str) -> impl Iterator<Item = &Area> {
        let at = self.by_code.get(&(level, code.to_owned())).map_or(&[][..], Vec::as_slice);
        at.iter().map(|&at| &self.areas[at])
    }
}

fn rows<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("the shipped area files are read by this crate's tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_shipped_history_is_whole() {
        let history = AreaHistory::shipped();
        let count = |map: &str, level| history.areas().iter().filter(|a| a.map == day(map) && a.level == level).count();
        assert_eq!(
            [
                count("2025-06-30", AreaLevel::Province),
                count("2025-06-30", AreaLevel::District),
                count("2025-06-30", AreaLevel::Commune),
                count("2025-07-01", AreaLevel::Province),
                count("2025-07-01", AreaLevel::Commune),
            ],
            [63, 696, 10_035, 34, 3_321]
        );
        assert_eq!(history.successions().len(), 10_665);
    }

    #[test]
    fn a_code_is_read_at_its_day() {
        let history = AreaHistory::shipped();
        let name = |code, on| history.resolve(AreaLevel::Province, code, day(on)).map(|a| a.short_name.as_str());
        assert_eq!(name("24", "2022-10-08"), Ok("Bắc Giang"));
        assert_eq!(name("24", "2025-07-01"), Ok("Bắc Ninh"));
        assert_eq!(name("82", "2017-12-31"), Ok("Tiền Giang"));
        assert_eq!(name("82", "2025-07-01"), Ok("Đồng Tháp"));
        assert!(matches!(name("99", "2025-07-01"), Err(AreaError::UnknownCode { .. })));
        assert!(matches!(name("02", "2025-07-01"), Err(AreaError::NotValidThen { .. })));
    }

    #[test]
    fn a_name_of_another_time_is_refused() {
        let history = AreaHistory::shipped();
        let named = |code, on, printed| history.resolve_named(AreaLevel::Province, code, day(on), printed).is_ok();
        assert!(named("24", "2022-10-08", "bac giang"));
        assert!(named("24", "2025-08-01", "Tỉnh Bắc Ninh"));
        assert!(!named("24", "2025-08-01", "Bắc Giang"));
        assert!(named("24", "2025-08-01", "Bac Nính"), "another spelling is no other area");
    }

    #[test]
    fn a_name_is_found_in_any_spelling() {
        let history = AreaHistory::shipped();
        let found = history.named("bac giang", day("2024-01-01"));
        assert_eq!(found.first().map(|a| (a.level, a.code.as_str())), Some((AreaLevel::Province, "24")));
        assert!(history.named("khanh hoa", day("2025-08-01")).iter().any(|a| a.code == "56"));
    }
}
