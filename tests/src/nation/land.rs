//! The nation's areas on both maps, and what became of them.
//!
//! In: the shipped area history and the provinces that are taken. Out: places with their parts, their successors and
//! their sizes. Provinces are taken with all that they were merged with, so that sums agree on both maps.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};
use lantoa_schemas::area::{Area, AreaHistory};
use lantoa_schemas::vocabulary::AreaLevel;

use super::chance::Chance;

/// One of the two maps that the history knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Map {
    /// 63 provinces, 696 districts, 10,035 communes: the map of 2025-06-30, on which all earlier days are read.
    Old,
    /// 34 provinces, 3,321 communes: from 2025-07-01.
    New,
}

impl Map {
    /// The map's first known day, by which answers name it.
    pub fn first_day(self) -> NaiveDate {
        let day = match self {
            Self::Old => NaiveDate::from_ymd_opt(2025, 6, 30),
            Self::New => NaiveDate::from_ymd_opt(2025, 7, 1),
        };
        day.expect("both days exist")
    }

    /// The map in force on a day.
    pub fn on(day: NaiveDate) -> Self {
        if day < Self::New.first_day() { Self::Old } else { Self::New }
    }

    /// The map in force at the end of a year, on which the returns of that year stand.
    pub fn at_end_of(year: i32) -> Self {
        if year < Self::New.first_day().year() { Self::Old } else { Self::New }
    }
}

/// Number of a place among [`Land::places`].
pub type PlaceId = usize;

/// How many subjects of each kind a place had in 2019.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Households.
    pub households: i64,
    /// Clans.
    pub clans: i64,
    /// Villages.
    pub villages: i64,
    /// Organisations.
    pub units: i64,
}

/// An area on one map.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its map.
    pub map: Map,
    /// Its level.
    pub level: AreaLevel,
    /// Its code on that map.
    pub code: &'static str,
    /// The area above it.
    pub parent: Option<PlaceId>,
    /// The areas directly below it.
    pub parts: Vec<PlaceId>,
    /// Of an old place without parts, and of an old province: what took all or most of it.
    pub successor: Option<PlaceId>,
    /// Of a new place: the old ones whose successor it is.
    pub predecessors: Vec<PlaceId>,
    /// Whether an old place that was split had a part in it, or it was itself split.
    pub split: bool,
    /// Its subjects in 2019, all parts together.
    pub size: Size,
}

impl Place {
    /// Whether it is a place that others are made of: a commune, or one of the five island districts without communes.
    pub fn is_leaf(&self) -> bool {
        self.parts.is_empty()
    }
}

/// All places.
#[derive(Debug)]
pub struct Land {
    places: Vec<Place>,
    by_code: HashMap<(Map, AreaLevel, &'static str), PlaceId>,
}

impl Land {
    /// The whole country (`None`), or the old provinces named and all that they were merged with.
    pub(super) fn new(provinces: Option<&[&str]>, chance: Chance) -> Self {
        let history = AreaHistory::shipped();
        let mut land = Self { places: Vec::new(), by_code: HashMap::new() };
        let taken = Taken::new(history, provinces);
        // Parents stand before their parts in the history's file, which the assertion in `add` holds it to.
        history.areas().iter().for_each(|area| land.add(area, &taken));
        land.succeed(history);
        land.count(chance);
        land
    }

    /// All places; a [`PlaceId`] is an index here.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// A place.
    pub fn place(&self, id: PlaceId) -> &Place {
        &self.places[id]
    }

    /// The place of a code on a map.
    pub fn find(&self, map: Map, level: AreaLevel, code: &str) -> Option<PlaceId> {
        self.by_code.get(&(map, level, code)).copied()
    }

    /// Ids of the places of one map.
    pub fn on(&self, map: Map) -> impl Iterator<Item = PlaceId> {
        (0..self.places.len()).filter(move |id| self.places[*id].map == map)
    }

    /// Ids of the communes (and islands) of one map.
    pub fn leaves(&self, map: Map) -> impl Iterator<Item = PlaceId> {
        self.on(map).filter(|id| self.places[*id].is_leaf())
    }

    /// The place and all above it.
    pub fn upwards(&self, id: PlaceId) -> impl Iterator<Item = PlaceId> {
        std::iter::successors(Some(id), |id| self.places[*id].parent)
    }

    /// Where the people of an old commune live on a day.
    pub(super) fn home_on(&self, home: PlaceId, day: NaiveDate) -> PlaceId {
        match Map::on(day) {
            Map::Old => home,
            Map::New => self.places[home].successor.expect("every old commune has a successor"),
        }
    }

    fn add(&mut self, area: &'static Area, taken: &Taken) {
        let map = Map::on(area.map);
        let parent = area.parent_code.as_deref().and_then(|code| {
            let levels = match area.level {
                AreaLevel::Nation => &[][..],
                AreaLevel::Province => &[AreaLevel::Nation],
                AreaLevel::District => &[AreaLevel::Province],
                // A commune's parent is a district before the change and a province after it.
                AreaLevel::Commune if map == Map::Old => &[AreaLevel::District],
                AreaLevel::Commune => &[AreaLevel::Province],
            };
            levels.iter().find_map(|level| self.find(map, *level, code))
        });
        let is_taken = match area.level {
            AreaLevel::Nation => true,
            AreaLevel::Province => taken.has(map, &area.code),
            AreaLevel::District | AreaLevel::Commune => parent.is_some(),
        };
        if !is_taken {
            return;
        }
        assert!(parent.is_some() || area.level == AreaLevel::Nation, "{} stands before its parent", area.name);
        let id = self.places.len();
        let place = Place {
            map,
            level: area.level,
            code: &area.code,
            parent,
            parts: Vec::new(),
            successor: None,
            predecessors: Vec::new(),
            split: false,
            size: Size::default(),
        };
        self.places.push(place);
        self.by_code.insert((map, area.level, &area.code), id);
        if let Some(parent) = parent {
            self.places[parent].parts.push(id);
        }
    }

    fn succeed(&mut self, history: &AreaHistory) {
        for row in history.successions() {
            let old = self.find(Map::Old, row.old_level, &row.old_code);
            let new = self.find(Map::New, row.new_level, &row.new_code);
            let (Some(old), Some(new)) = (old, new) else { continue };
            if row.share != "whole" {
                self.places[old].split = true;
                self.places[new].split = true;
            }
            if row.is_main == 1 {
                self.places[old].successor = Some(new);
                self.places[new].predecessors.push(old);
            }
        }
    }

    fn count(&mut self, chance: Chance) {
        let leaves: Vec<_> = self.leaves(Map::Old).chain(self.leaves(Map::New)).collect();
        for id in leaves {
            let size = match self.places[id].predecessors.as_slice() {
                [] => Size::drawn(chance.of(id as u64)),
                old => old.iter().map(|old| self.places[*old].size).fold(Size::default(), Size::and),
            };
            let path: Vec<_> = self.upwards(id).collect();
            path.into_iter().for_each(|above| self.places[above].size = self.places[above].size.and(size));
        }
    }
}

impl Size {
    /// A commune as the census of 2019 has it on average: 2,677 households, 9 villages, 4 clans, 12 organisations.
    fn drawn(chance: Chance) -> Self {
        let households = 677 + chance.of(0).below(4000) as i64;
        Self {
            households,
            clans: 1 + households / 800,
            villages: 4 + chance.of(1).below(11) as i64,
            units: 5 + chance.of(2).below(16) as i64,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            households: self.households + other.households,
            clans: self.clans + other.clans,
            villages: self.villages + other.villages,
            units: self.units + other.units,
        }
    }
}

/// The provinces that are taken, on each map; `None` for all.
struct Taken(Option<HashSet<(Map, String)>>);

impl Taken {
    fn new(history: &AreaHistory, provinces: Option<&[&str]>) -> Self {
        let merges = || history.successions().iter().filter(|row| row.old_level == AreaLevel::Province);
        Self(provinces.map(|named| {
            let new: HashSet<&str> =
                merges().filter(|r| named.contains(&r.old_code.as_str())).map(|r| r.new_code.as_str()).collect();
            let old = merges().filter(|row| new.contains(row.new_code.as_str()));
            let old = old.map(|row| (Map::Old, row.old_code.clone()));
            old.chain(new.iter().map(|code| (Map::New, (*code).to_owned()))).collect()
        }))
    }

    fn has(&self, map: Map, code: &str) -> bool {
        self.0.as_ref().is_none_or(|taken| taken.contains(&(map, code.to_owned())))
    }
}
