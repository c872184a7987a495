//! One map with all that came into it: where the figures of an area of any map stand on this one.
//!
//! In: the history and the map's first day. Out: for each area of every map its place here, and for each area of this
//! map what it is made of. The rules (decision: an area is a code and a day): merged areas go whole into their
//! successor; of a split area the main part takes all, as an estimate, and the others nothing, because no weights are
//! known; what is known only for a later, larger area cannot be told apart again.

use chrono::NaiveDate;

use super::{AreaHistory, AreaId};

/// Where the figures of an area stand on a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The area here has exactly the same land.
    Same(AreaId),
    /// All of it is a part of the area here.
    Whole(AreaId),
    /// It was split on the way, and the area here took the main share.
    Main(AreaId),
    /// Its land is that of several areas here, or of a part of one: the figure cannot be told apart.
    Of(Vec<AreaId>),
    /// Nothing came of it: a district that was abolished.
    Nowhere,
}

/// How much of an earlier area went into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All of it.
    Whole,
    /// The main share of one that was split.
    Main,
    /// A lesser share of one that was split: its figure is counted elsewhere.
    Lesser,
}

/// An earlier area that went into one of this map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The earlier area.
    pub area: AreaId,
    /// How much of it.
    pub share: Share,
}

/// A map and all that came into it.
#[derive(Debug, Clone)]
pub struct MapView {
    day: NaiveDate,
    places: Vec<Place>,
    /// Of each area of this map the areas of other maps with exactly its land.
    same: Vec<Vec<AreaId>>,
    /// Of each area of this map the parts on earlier maps, all maps together.
    parts: Vec<Vec<Part>>,
}

impl MapView {
    /// The map in force on a day.
    pub fn new(history: &AreaHistory, day: NaiveDate) -> Self {
        let day = history.map_on(day);
        let mut view = Self {
            day,
            places: vec![Place::Nowhere; history.areas().len()],
            same: vec![Vec::new(); history.areas().len()],
            parts: vec![Vec::new(); history.areas().len()],
        };
        for (id, _) in history.iter().filter(|(_, area)| area.map == day) {
            view.places[id.index()] = Place::Same(id);
        }
        // Towards this map from either side, one map after the other, so that each step builds on the one nearer.
        for map in history.maps().iter().rev().filter(|map| **map < day) {
            for (id, _) in history.iter().filter(|(_, area)| area.map == *map) {
                view.forward(history, id);
            }
        }
        for map in history.maps().iter().filter(|map| **map > day) {
            for (id, _) in history.iter().filter(|(_, area)| area.map == *map) {
                view.places[id.index()] = view.backward(history, id);
            }
        }
        for (id, area) in history.iter() {
            if let (Place::Same(here), true) = (&view.places[id.index()], area.map != day) {
                view.same[here.index()].push(id);
            }
        }
        view
    }

    /// First known day of the map.
    pub fn day(&self) -> NaiveDate {
        self.day
    }

    /// Where an area of any map stands on this one.
    pub fn place(&self, id: AreaId) -> &Place {
        &self.places[id.index()]
    }

    /// The areas of other maps that have exactly the land of one of this map.
    pub fn same(&self, id: AreaId) -> &[AreaId] {
        &self.same[id.index()]
    }

    /// What an area of this map is made of: areas of earlier maps, those of exactly its land left out.
    pub fn parts(&self, id: AreaId) -> &[Part] {
        &self.parts[id.index()]
    }

    fn forward(&mut self, history: &AreaHistory, id: AreaId) {
        let same = |next: AreaId| history.same_land_before(next) == Some(id);
        let mut landed: Vec<Part> = Vec::new();
        for step in history.successors(id) {
            let share = match (step.whole, step.main) {
                (true, _) => Share::Whole,
                (false, true) => Share::Main,
                (false, false) => Share::Lesser,
            };
            let (here, share) = match &self.places[step.area.index()] {
                Place::Same(here) if same(step.area) => {
                    self.places[id.index()] = Place::Same(*here);
                    return;
                }
                Place::Same(here) | Place::Whole(here) => (*here, share),
                Place::Main(here) if share != Share::Lesser => (*here, Share::Main),
                Place::Main(here) => (*here, Share::Lesser),
                Place::Of(_) | Place::Nowhere => continue,
            };
            landed.push(Part { area: here, share });
        }
        // Parts that come together again are the whole.
        if landed.len() > 1 && landed.iter().all(|part| part.area == landed[0].area) {
            landed = vec![Part { area: landed[0].area, share: Share::Whole }];
        }
        for part in landed {
            self.parts[part.area.index()].push(Part { area: id, share: part.share });
            match part.share {
                Share::Whole => self.places[id.index()] = Place::Whole(part.area),
                Share::Main => self.places[id.index()] = Place::Main(part.area),
                Share::Lesser => {}
            }
        }
    }

    fn backward(&self, history: &AreaHistory, id: AreaId) -> Place {
        if let Some(former) = history.same_land_before(id) {
            return self.places[former.index()].clone();
        }
        let mut of = Vec::new();
        for step in history.predecessors(id) {
            match &self.places[step.area.index()] {
                Place::Same(here) | Place::Whole(here) | Place::Main(here) => of.push(*here),
                Place::Of(several) => of.extend(several),
                Place::Nowhere => {}
            }
        }
        of.sort_unstable();
        of.dedup();
        if of.is_empty() { Place::Nowhere } else { Place::Of(of) }
    }
}
