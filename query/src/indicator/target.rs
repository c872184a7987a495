//! Which target is in force for an area of a map.
//!
//! In: the targets that were set, on whatever map, and a map. Out: for an area, a thing and a year the target with the
//! nearest deadline at or after the year, and the level that set it. A plan of a lower level overrides one of a higher
//! for the same deadline: nation, province, district, commune. On another map than its own a target holds only where
//! all parts agree; else there is none, with the reason. Where the nation has another target for a class of areas, an
//! area takes that of the class it is in at the end of the year, where it is known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Place, Share};
use lantoa_schemas::vocabulary::{AreaLevel, Base};

use super::class::{Belongs, Classes};
use super::figure::{Aim, Cell};

/// Whose target it is read as: the thing, the scope and the base.
type Kind = (u16, Option<u16>, Base);

/// What holds for an area at a deadline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InForce {
    /// A target, by its place among the aims.
    Aim(usize),
    /// The parts of the area have targets that differ, or it is not known for which class of areas one holds.
    Unclear(String),
}

/// The target that speaks of a figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) deadline: i64,
    pub(crate) scope: Option<u16>,
    pub(crate) base: Base,
    pub(crate) in_force: InForce,
}

/// All targets, as they stand on one map.
pub(crate) struct Targets<'a> {
    history: &'a AreaHistory,
    view: &'a MapView,
    aims: &'a [Aim],
    classes: &'a Classes<'a>,
    /// Aims by what they are of, then deadline and area on its own map.
    by_kind: HashMap<Kind, BTreeMap<i64, HashMap<AreaId, Vec<usize>>>>,
}

impl<'a> Targets<'a> {
    pub(crate) fn new(aims: &'a [Aim], classes: &'a Classes<'a>) -> Self {
        let (history, view) = (classes.history, classes.view);
        let mut by_kind: HashMap<Kind, BTreeMap<i64, HashMap<AreaId, Vec<usize>>>> = HashMap::new();
        for (at, aim) in aims.iter().enumerate() {
            let Some(area) = aim.area else { continue };
            let kind = (aim.cell.thing, aim.cell.scope, aim.cell.base);
            let deadlines = by_kind.entry(kind).or_default();
            deadlines.entry(aim.cell.year).or_default().entry(area).or_default().push(at);
        }
        // What events set comes before what ships with the program.
        let events_first = |at: &usize| aims[*at].row.is_none();
        for areas in by_kind.values_mut().flat_map(BTreeMap::values_mut) {
            areas.values_mut().for_each(|aims| aims.sort_by_key(events_first));
        }
        Self { history, view, aims, classes, by_kind }
    }

    /// The target for a figure of an area of the map: nearest deadline first, then the figure's own scope before one
    /// that its scope answers (`scopes`, in that order), then its own base before one that was read as all.
    pub(crate) fn of(&self, area: AreaId, cell: &Cell, scopes: &[Option<u16>]) -> Option<Target> {
        let mut bases = vec![cell.base];
        if cell.base == Base::Unknown {
            bases.push(Base::All);
        }
        let kinds: Vec<Kind> =
            scopes.iter().flat_map(|scope| bases.iter().map(|base| (cell.thing, *scope, *base))).collect();
        let deadlines: BTreeSet<i64> = kinds
            .iter()
            .filter_map(|kind| self.by_kind.get(kind))
            .flat_map(|deadlines| deadlines.range(cell.year..).map(|(deadline, _)| *deadline))
            .collect();
        deadlines.into_iter().find_map(|deadline| {
            kinds.iter().find_map(|kind| {
                let in_force = self.at(area, kind, deadline, cell.year)?;
                Some(Target { deadline, scope: kind.1, base: kind.2, in_force })
            })
        })
    }

    /// Every deadline for which an area of the map, or a part of it, has set a target of its own.
    pub(crate) fn set(&self) -> Vec<(AreaId, Cell, InForce)> {
        let mut set = Vec::new();
        for (kind, deadlines) in &self.by_kind {
            for (deadline, areas) in deadlines {
                let here: BTreeSet<AreaId> = areas.keys().filter_map(|area| self.here(*area)).collect();
                for area in here {
                    let (thing, scope, base) = *kind;
                    let cell = Cell { thing, year: *deadline, scope, base };
                    set.extend(self.at(area, kind, *deadline, *deadline).map(|in_force| (area, cell, in_force)));
                }
            }
        }
        set.sort_by_key(|(area, cell, _)| (*area, *cell));
        set
    }

    fn here(&self, area: AreaId) -> Option<AreaId> {
        match self.view.place(area) {
            Place::Same(here) | Place::Whole(here) => Some(*here),
            Place::Main(_) | Place::Of(_) | Place::Nowhere => None,
        }
    }

    /// What holds at a deadline for an area as it was in a year.
    fn at(&self, area: AreaId, kind: &Kind, deadline: i64, year: i64) -> Option<InForce> {
        let areas = self.by_kind.get(kind)?.get(&deadline)?;
        if self.history.area(area).level == AreaLevel::Nation {
            return self.nation(areas).map(InForce::Aim);
        }
        if let Some(aim) = self.own_here(area, areas) {
            return Some(InForce::Aim(aim));
        }
        let mut above = self.history.parent(area);
        while let Some(parent) = above.filter(|id| self.history.area(*id).level != AreaLevel::Nation) {
            // What a province planned on this map speaks for the areas that it has now.
            if let Some(aim) = self.own_on_this_map(parent, areas) {
                return Some(InForce::Aim(aim));
            }
            above = self.history.parent(parent);
        }
        if let Some(of_parts) = self.of_parts(area, areas) {
            return Some(of_parts);
        }
        self.national(area, areas, year)
    }

    fn own_here(&self, area: AreaId, areas: &HashMap<AreaId, Vec<usize>>) -> Option<usize> {
        let same = std::iter::once(area).chain(self.view.same(area).iter().copied());
        same.into_iter().find_map(|area| areas.get(&area)?.first().copied())
    }

    fn own_on_this_map(&self, area: AreaId, areas: &HashMap<AreaId, Vec<usize>>) -> Option<usize> {
        areas.get(&area)?.first().copied()
    }

    /// What holds for all parts of an area; `None` where no part, nor an area above one, has a plan of its own.
    fn of_parts(&self, area: AreaId, areas: &HashMap<AreaId, Vec<usize>>) -> Option<InForce> {
        let parts = self.view.parts(area).iter().filter(|part| part.share != Share::Lesser).map(|part| part.area);
        let earlier = |id: &AreaId| self.history.area(*id).map < self.view.day();
        let parts: Vec<AreaId> = parts.chain(self.view.same(area).iter().copied().filter(earlier)).collect();
        // The map nearest to this one: what an area was made of once more before is in it.
        let map = parts.iter().map(|part| self.history.area(*part).map).max()?;
        let held: Vec<(AreaId, Option<usize>)> = parts
            .into_iter()
            .filter(|part| self.history.area(*part).map == map)
            .map(|part| (part, self.lineage(part, areas)))
            .collect();
        if held.iter().all(|(_, aim)| aim.is_none()) {
            return None;
        }
        let nation = self.nation(areas);
        let percents: Vec<_> =
            held.iter().map(|(part, aim)| (*part, aim.or(nation).and_then(|aim| self.aims[aim].percent))).collect();
        if percents.iter().all(|(_, percent)| percent.is_some() && *percent == percents[0].1) {
            return held.iter().find_map(|(_, aim)| *aim).map(InForce::Aim);
        }
        let told: Vec<_> = percents
            .iter()
            .map(|(part, percent)| {
                let name = &self.history.area(*part).short_name;
                percent.map_or_else(|| format!("{name} none"), |percent| format!("{name} {percent} %"))
            })
            .collect();
        Some(InForce::Unclear(format!("its parts have different targets: {}", told.join(", "))))
    }

    /// The plan of an area, or the nearest above it below the nation, on the area's own map.
    fn lineage(&self, area: AreaId, areas: &HashMap<AreaId, Vec<usize>>) -> Option<usize> {
        let mut at = Some(area);
        while let Some(id) = at.filter(|id| self.history.area(*id).level != AreaLevel::Nation) {
            if let Some(aim) = areas.get(&id).and_then(|aims| aims.first()) {
                return Some(*aim);
            }
            at = self.history.parent(id);
        }
        None
    }

    fn nation(&self, areas: &HashMap<AreaId, Vec<usize>>) -> Option<usize> {
        let nations = areas.iter().filter(|(area, _)| self.history.area(**area).level == AreaLevel::Nation);
        let aims = nations.flat_map(|(_, aims)| aims.iter().copied());
        aims.min_by_key(|aim| (self.aims[*aim].class.is_some(), self.aims[*aim].row.is_none(), *aim))
    }

    fn national(&self, area: AreaId, areas: &HashMap<AreaId, Vec<usize>>, year: i64) -> Option<InForce> {
        let general = self.nation(areas)?;
        let nations = areas.iter().filter(|(area, _)| self.history.area(**area).level == AreaLevel::Nation);
        let of_class = nations
            .flat_map(|(_, aims)| aims.iter())
            .find_map(|aim| Some((*aim, self.aims[*aim].class?, self.aims[*aim].percent?)));
        let Some((special, class, percent)) = of_class else { return Some(InForce::Aim(general)) };
        let name = &self.history.area(area).short_name;
        let whether = match self.classes.of(area, class, year) {
            Belongs::In => return Some(InForce::Aim(special)),
            Belongs::Out => return (general != special).then_some(InForce::Aim(general)),
            Belongs::Partly => format!("only a part of {name} is one"),
            Belongs::Unknown => format!("nobody has said whether {name} is one"),
        };
        let all = self.aims[general].percent.map_or_else(String::new, |percent| format!("{percent} %"));
        Some(InForce::Unclear(format!(
            "the national target is {all}, or {percent} % in difficult areas, and {whether}"
        )))
    }
}
