//! The areas of Vietnam through time. An area is a code and the time in which it was valid: a code alone, or a code
//! with a name, identifies nothing.
//!
//! In: `data/area.csv`, `data/area_succession.csv` (derived from the MIT-licensed package vietnamadminunits 1.0.4; see
//! `data/README.md`), `data/area_change.toml`, and the `area_changed` events known so far. Out: which area a code meant
//! on a day, what became of it, and where its figures stand on another map.
//!
//! A *map* is a stretch of time in which no land and no code changed hands, named by its first known day. A change of
//! name or kind does not begin a map. In reading order: `name` (spellings), `tie` (how areas and maps hang together),
//! `change` (what can change, and the history after it), `on_map` (one map with all that came into it), `made_up` (maps of
//! somebody else's).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use serde::Deserialize;

use crate::vocabulary::AreaLevel;

mod change;
mod made_up;
pub mod name;
mod on_map;
mod tie;

pub use change::{AreaEvent, ChangeError, ChangeKind, FormerArea, KnownChange, NewArea};
pub use on_map::{MapView, Part, Place, Share};

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

/// An area on one map: its place in [`AreaHistory::areas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaId(u32);

impl AreaId {
    /// Its place in [`AreaHistory::areas`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn new(at: usize) -> Self {
        // Fifteen thousand areas a map: billions would be hundreds of thousands of maps.
        Self(u32::try_from(at).unwrap_or(u32::MAX))
    }
}

/// What became of an area when the map changed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Succession {
    /// First day of the map after the change.
    #[serde(default)]
    pub effective_on: NaiveDate,
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

impl Succession {
    /// Whether all of the old area went there.
    pub fn is_whole(&self) -> bool {
        self.share == "whole"
    }
}

/// One step from a map to the next: an area on the one and an area on the other that have land in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The area on the other map.
    pub area: AreaId,
    /// Whether all of the earlier area went into the later one.
    pub whole: bool,
    /// Whether the later area took the main share of the earlier one.
    pub main: bool,
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
    /// The printed name is that of another province.
    #[error("on {day} the code {code} is {actual}; {printed} has the code {right}")]
    OtherName {
        /// Code asked for.
        code: String,
        /// Day asked for.
        day: NaiveDate,
        /// Full name of the area that has the code on that day.
        actual: String,
        /// Name as printed.
        printed: String,
        /// Code of the province of that name.
        right: String,
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
#[derive(Debug, Clone)]
pub struct AreaHistory {
    areas: Vec<Area>,
    successions: Vec<Succession>,
    changes: Vec<KnownChange>,
    /// First known days of the maps, ascending.
    maps: Vec<NaiveDate>,
    /// The last map that ships with the program: nothing up to its day can be changed by events.
    fixed: NaiveDate,
    by_code: HashMap<(AreaLevel, String), Vec<AreaId>>,
    parent: Vec<Option<AreaId>>,
    children: Vec<Vec<AreaId>>,
    after: Vec<Vec<Step>>,
    before: Vec<Vec<Step>>,
    /// Of each area the first of its series: the same code and land, unchanged from map to map.
    series: Vec<AreaId>,
    /// Full and short name of each area, folded; made when a name is first looked for.
    spellings: OnceLock<Vec<[String; 2]>>,
    version: i64,
}

impl AreaHistory {
    /// The history that ships with the program.
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<AreaHistory>> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let mut areas: Vec<Area> = rows(include_str!("../data/area.csv"));
            let mut successions: Vec<Succession> = rows(include_str!("../data/area_succession.csv"));
            let last_map = areas.iter().map(|area| area.map).max().unwrap_or_default();
            successions.iter_mut().for_each(|succession| succession.effective_on = last_map);
            // The nation has no dates of its own in the file; on each map it is that map's.
            for area in areas.iter_mut().filter(|area| area.level == AreaLevel::Nation) {
                if area.map == last_map {
                    area.valid_from = Some(last_map);
                } else {
                    area.valid_to = last_map.pred_opt();
                }
            }
            let mut history = Self::of(areas, successions, 0);
            history.mark(change::shipped());
            Arc::new(history)
        })
    }

    /// All areas of all maps, each once a map, under the latest name known on it.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Every area with its id.
    pub fn iter(&self) -> impl Iterator<Item = (AreaId, &Area)> {
        self.areas.iter().enumerate().map(|(at, area)| (AreaId::new(at), area))
    }

    /// What became of each old area.
    pub fn successions(&self) -> &[Succession] {
        &self.successions
    }

    /// All changes known by name, the earliest first.
    pub fn changes(&self) -> &[KnownChange] {
        &self.changes
    }

    /// Number of area changes applied to the shipped history; an event carries the number it was judged by.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// First known days of the maps, ascending.
    pub fn maps(&self) -> &[NaiveDate] {
        &self.maps
    }

    /// The map in force on a day, by its first known day; for a day before all of them the first.
    pub fn map_on(&self, day: NaiveDate) -> NaiveDate {
        let later = self.maps.partition_point(|map| *map <= day);
        self.maps[later.saturating_sub(1)]
    }

    /// Since when the provinces have been those of the first map: no earlier day has a map here.
    pub fn known_since(&self) -> Option<NaiveDate> {
        let first = self.maps.first()?;
        let of_provinces =
            self.changes.iter().filter(|change| change.effective_on <= *first && change.moves_provinces());
        of_provinces.map(|change| change.effective_on).max()
    }

    /// The area of an id of this history.
    pub fn area(&self, id: AreaId) -> &Area {
        &self.areas[id.index()]
    }

    /// The area above, on the same map; `None` for the nation.
    pub fn parent(&self, id: AreaId) -> Option<AreaId> {
        self.parent[id.index()]
    }

    /// The areas directly below, on the same map.
    pub fn children(&self, id: AreaId) -> &[AreaId] {
        &self.children[id.index()]
    }

    /// What became of an area on the next map; nothing for a district that was abolished.
    pub fn successors(&self, id: AreaId) -> &[Step] {
        &self.after[id.index()]
    }

    /// What an area came from on the map before.
    pub fn predecessors(&self, id: AreaId) -> &[Step] {
        &self.before[id.index()]
    }

    /// The first area of the series that this one belongs to: the same code and land since then. An area whose only
    /// successor is whole and keeps its code is one series; any other change, and land that came in, starts a new one.
    pub fn series(&self, id: AreaId) -> AreaId {
        self.series[id.index()]
    }

    /// Since when the area has been as it is; `None` where the history does not know.
    pub fn since(&self, id: AreaId) -> Option<NaiveDate> {
        self.area(self.series(id)).valid_from
    }

    /// The full name in force on a day of the area's life.
    pub fn name_on(&self, id: AreaId, day: NaiveDate) -> &str {
        let area = self.area(id);
        let later = self.changes.iter().find(|change| change.effective_on > day && change.renames(area));
        let former = later.and_then(|change| {
            let same = |former: &&FormerArea| former.level == area.level && former.code == area.code;
            change.before.iter().find(same)
        });
        former.map_or(area.name.as_str(), |former| &former.name)
    }

    /// A change between a day and the first map that the area went through: what the history knows of it then is not
    /// certain.
    pub fn before_history(&self, id: AreaId, day: NaiveDate) -> Option<&KnownChange> {
        let first = *self.maps.first()?;
        let area = self.area(id);
        let open = self.changes.iter().filter(|change| change.effective_on > day && change.effective_on <= first);
        open.into_iter().find(|change| area.map == first && change.concerns(area))
    }

    /// The area that a code named on a day.
    ///
    /// # Errors
    /// When no area of the level had the code on that day.
    pub fn find(&self, level: AreaLevel, code: &str, day: NaiveDate) -> Result<AreaId, AreaError> {
        let known = self.with_code(level, code);
        if known.is_empty() {
            return Err(AreaError::UnknownCode { level, code: code.to_owned() });
        }
        known.iter().copied().find(|id| self.area(*id).holds_on(day)).ok_or_else(|| {
            let areas = known.iter().map(|id| self.area(*id));
            let lifetimes: Vec<_> = areas.map(|area| format!("{} {}", area.name, area.lifetime())).collect();
            AreaError::NotValidThen { level, code: code.to_owned(), day, known: lifetimes.join("; ") }
        })
    }

    /// As [`AreaHistory::find`], the area itself.
    ///
    /// # Errors
    /// When no area of the level had the code on that day.
    pub fn resolve(&self, level: AreaLevel, code: &str, day: NaiveDate) -> Result<&Area, AreaError> {
        self.find(level, code, day).map(|id| self.area(id))
    }

    /// The area that a code named on a day, and a check that the printed name is not that of the area which had the
    /// same code at another time (`24` was Bắc Giang and is Bắc Ninh), nor that of another province. Other spellings are
    /// taken as they are, and so are other names of communes, of which many are called alike.
    ///
    /// # Errors
    /// As [`AreaHistory::resolve`], and where the name belongs to another time or province.
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
            && let Some(other) = self.with_code(level, code).iter().map(|id| self.area(*id)).find(|other| is(other))
        {
            return Err(AreaError::OtherArea {
                code: code.to_owned(),
                day,
                actual: area.name.clone(),
                printed: printed.to_owned(),
                known: other.lifetime(),
            });
        }
        if !is(area)
            && level == AreaLevel::Province
            && let Some(other) = self.areas.iter().find(|other| other.level == level && is(other))
        {
            return Err(AreaError::OtherName {
                code: code.to_owned(),
                day,
                actual: area.name.clone(),
                printed: printed.to_owned(),
                right: other.code.clone(),
            });
        }
        Ok(area)
    }

    /// Areas in force on a day whose name is the given one in any spelling, the largest level first. A kind before the
    /// name narrows the answer: `xa Tra Bong` is no district.
    pub fn named(&self, printed: &str, day: NaiveDate) -> Vec<AreaId> {
        let wanted = name::with_kind_in_full(&name::folded(printed));
        let spellings = self.spellings.get_or_init(|| {
            self.areas.iter().map(|area| [name::folded(&area.name), name::folded(&area.short_name)]).collect()
        });
        let mut found: Vec<AreaId> = self
            .iter()
            .zip(spellings)
            .filter(|((_, area), spellings)| area.holds_on(day) && spellings.contains(&wanted))
            .map(|((id, _), _)| id)
            .collect();
        found.sort_by_key(|id| self.area(*id).level);
        found
    }

    /// Areas of a level that had a code, on whichever map, the earliest first.
    fn with_code(&self, level: AreaLevel, code: &str) -> &[AreaId] {
        self.by_code.get(&(level, code.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The level that is directly above another on a map.
    fn level_above(&self, level: AreaLevel, map: NaiveDate) -> Option<AreaLevel> {
        let has_districts = || self.areas.iter().any(|area| area.map == map && area.level == AreaLevel::District);
        match level {
            AreaLevel::Nation => None,
            AreaLevel::Province => Some(AreaLevel::Nation),
            AreaLevel::District => Some(AreaLevel::Province),
            AreaLevel::Commune if has_districts() => Some(AreaLevel::District),
            AreaLevel::Commune => Some(AreaLevel::Province),
        }
    }
}

fn rows<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("the shipped area files are read by this crate's tests")
}

#[cfg(test)]
mod tests;
