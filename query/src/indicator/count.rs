//! Counts of single events of one cell on one map: decisions that name subjects, single occasions.
//!
//! In: the counted figures of a cell, the history, a map. Out: for each area of the map what single events make. Unlike a
//! statement, a single event says nothing of all others, so events add up: an area's count is its own events, those of
//! all areas below it and those of former areas that went into it. Guarantee: each event is in the count of an area at
//! most once. An event stands in the nearest area at or above its own that has a place on the map (a district that was
//! abolished counts for its province), and from there in all above.

use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Place, Share};
use lantoa_schemas::vocabulary::AreaLevel;

use super::figure::Figure;
use super::total::{Grid, UPWARDS, Value, best_sum, each_once, earlier_maps, levels, sum};

/// Counts the single events of one cell on one map; keeps its working space from cell to cell.
pub(super) struct Counts<'a> {
    history: &'a AreaHistory,
    view: &'a MapView,
    levels: Vec<AreaLevel>,
    /// Of each area that was met where its events lie.
    ways: Vec<Option<Way>>,
    /// Of each area on its own map, with all below it.
    there: Grid,
    /// Of each area of the view's map.
    here: Grid,
}

/// The areas of the view's map that events of an area lie in, from the lowest, and whether they are an estimate there.
type Way = Box<[(AreaId, bool)]>;

impl<'a> Counts<'a> {
    pub(super) fn new(history: &'a AreaHistory, view: &'a MapView) -> Self {
        let areas = history.areas().len();
        let (there, here) = (Grid::new(areas), Grid::new(areas));
        Self { history, view, levels: levels(history), ways: vec![None; areas], there, here }
    }

    pub(super) fn clear(&mut self) {
        self.there.clear();
        self.here.clear();
    }

    /// Of each area on its own map, with all below it; once settled.
    pub(super) fn there(&self) -> &Grid {
        &self.there
    }

    /// Of each area of the view's map; once settled.
    pub(super) fn here(&self) -> &Grid {
        &self.here
    }

    /// Takes in a counted figure; where areas do not add up (`additive`), it is told of its own area alone.
    pub(super) fn take(&mut self, additive: bool, at: usize, figure: &Figure) {
        let Some(area) = figure.area.filter(|_| figure.numerator.is_some()) else { return };
        let value = Value::own(at, figure);
        match self.there.get_mut(area) {
            Some(known) => known.take_in(&value),
            None => self.there.put(area, value.clone()),
        }
        self.stand(additive, area, &value);
    }

    /// Adds a figure to each area of the view's map that its events lie in.
    fn stand(&mut self, additive: bool, area: AreaId, own: &Value) {
        let is_own = matches!(self.view.place(area), Place::Same(_));
        if !additive && !is_own {
            return;
        }
        let native = self.history.area(area).map == self.view.day();
        if self.ways[area.index()].is_none() {
            self.ways[area.index()] = Some(self.way(area));
        }
        let Some(way) = &self.ways[area.index()] else { return };
        let steps = if additive { way.len() } else { way.len().min(1) };
        for (step, (id, estimated)) in way[..steps].iter().enumerate() {
            let own_here = own.own.filter(|_| is_own && step == 0);
            let more = usize::from(own_here.is_none());
            let value = Value { own: own_here, more, estimated: *estimated, native, ..own.clone() };
            match self.here.get_mut(*id) {
                // Of two own ones, told under the codes of two maps, the one of this map is the area's own.
                Some(known) => {
                    known.take_in(&value);
                    known.own = if native { value.own.or(known.own) } else { known.own.or(value.own) };
                }
                None => self.here.put(*id, value),
            }
        }
    }

    fn way(&self, area: AreaId) -> Way {
        let mut start: Option<AreaId> = None;
        // Where all of an area went into another whole, or has its land, what is counted there is exact, whatever became
        // of the communes in it.
        let mut exact: Vec<AreaId> = Vec::new();
        for id in std::iter::successors(Some(area), |id| self.history.parent(*id)) {
            let (here, is_exact) = match self.view.place(id) {
                Place::Same(here) => (Some(*here), true),
                Place::Whole(here) => (Some(*here), self.is_of_whole_parts(*here, id)),
                Place::Main(here) => (Some(*here), false),
                Place::Of(_) | Place::Nowhere => (None, false),
            };
            start = start.or(here);
            exact.extend(here.filter(|_| is_exact));
        }
        let mut estimated = true;
        let upwards = std::iter::successors(start, |id| self.history.parent(*id)).map(|id| {
            estimated &= !exact.contains(&id);
            (id, estimated)
        });
        upwards.collect()
    }

    /// Whether no area was split on the way from an earlier map into one of the view's.
    fn is_of_whole_parts(&self, here: AreaId, earlier: AreaId) -> bool {
        let map = self.history.area(earlier).map;
        let mut parts = self.view.parts(here).iter().filter(|part| self.history.area(part.area).map == map);
        parts.all(|part| part.share == Share::Whole)
    }

    /// Finds how much of each area tells of single events, when all figures are taken in.
    pub(super) fn settle(&mut self, additive: bool) {
        if additive {
            self.add_up_there();
        }
        for level in UPWARDS {
            let of_level = self.here.iter().map(|(id, _)| id).filter(|id| self.levels[id.index()] == level);
            for id in of_level.collect::<Vec<_>>() {
                self.cover(additive, id);
            }
        }
    }

    fn add_up_there(&mut self) {
        for level in UPWARDS {
            let above = self.there.iter().filter_map(|(id, _)| self.history.parent(id));
            for parent in each_once(above.filter(|id| self.levels[id.index()] == level).collect()) {
                let Some(sum) = self.below(parent, &self.there) else { continue };
                match self.there.get_mut(parent) {
                    Some(own) => own.take_in(&sum),
                    None => self.there.put(parent, sum),
                }
            }
        }
    }

    /// An area that tells of events of its own reports; of another as many of its parts as do.
    fn cover(&mut self, additive: bool, id: AreaId) {
        let Some(value) = self.here.get(id).filter(|value| value.own.is_none() && additive) else { return };
        let figures = value.figures;
        let former = earlier_maps(self.history, self.view);
        let former = former.filter_map(|map| {
            let parts = self.view.parts(id).iter().filter(|part| self.history.area(part.area).map == map);
            sum(self.history.area(id).level, true, parts.map(|part| (self.there.get(part.area), false, part.share)))
        });
        let former: Vec<Value> = former.collect();
        let elsewhere = self.view.same(id).iter().rev().find_map(|same| self.there.get(*same)).cloned();
        let sum = best_sum(former, self.below(id, &self.here), elsewhere);
        let (Some(sum), Some(value)) = (sum, self.here.get_mut(id)) else { return };
        (value.coverage, value.parts) = (sum.coverage, sum.parts);
        value.more = figures.saturating_sub(sum.figures);
    }

    fn below(&self, id: AreaId, grid: &Grid) -> Option<Value> {
        let children = self.history.children(id);
        let level = self.history.area(*children.first()?).level;
        sum(level, false, children.iter().map(|child| (grid.get(*child), false, Share::Whole)))
    }
}

#[cfg(test)]
mod tests;
