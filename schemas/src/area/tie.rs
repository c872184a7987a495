//! Ties areas and successions together.
//!
//! In: the areas of all maps, in the order of these, and what became of each. Out: a history in which every area knows
//! what is above and below it, what it came from and became, and since when it has been as it is. Guarantee: what names
//! no area of the maps ties nothing together.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::NaiveDate;

use super::{Area, AreaHistory, AreaId, Step, Succession};
use crate::vocabulary::AreaLevel;

impl AreaHistory {
    /// Ties areas and successions together.
    pub(super) fn of(areas: Vec<Area>, successions: Vec<Succession>, version: i64) -> Self {
        let count = areas.len();
        let mut maps: Vec<NaiveDate> = areas.iter().map(|area| area.map).collect();
        maps.sort_unstable();
        maps.dedup();
        let fixed = maps.last().copied().unwrap_or_default();
        let mut by_code: HashMap<_, Vec<AreaId>> = HashMap::new();
        for (at, area) in areas.iter().enumerate() {
            by_code.entry((area.level, area.code.clone())).or_default().push(AreaId::new(at));
        }
        let mut history = Self {
            areas,
            successions,
            changes: Vec::new(),
            maps,
            fixed,
            by_code,
            parent: vec![None; count],
            children: vec![Vec::new(); count],
            after: vec![Vec::new(); count],
            before: vec![Vec::new(); count],
            series: (0..count).map(AreaId::new).collect(),
            spellings: OnceLock::new(),
            version,
        };
        history.tie_parents();
        history.tie_maps();
        history.tie_series();
        history
    }

    pub(super) fn on(&self, map: NaiveDate, level: AreaLevel, code: &str) -> Option<AreaId> {
        self.with_code(level, code).iter().copied().find(|id| self.area(*id).map == map)
    }

    fn tie_parents(&mut self) {
        let above: HashMap<(NaiveDate, AreaLevel), AreaLevel> = self
            .maps
            .iter()
            .flat_map(|map| {
                [AreaLevel::Province, AreaLevel::District, AreaLevel::Commune]
                    .into_iter()
                    .filter_map(|level| Some(((*map, level), self.level_above(level, *map)?)))
                    .collect::<Vec<_>>()
            })
            .collect();
        for at in 0..self.areas.len() {
            let area = &self.areas[at];
            let parent = above
                .get(&(area.map, area.level))
                .zip(area.parent_code.as_deref())
                .and_then(|(level, code)| self.on(area.map, *level, code));
            self.parent[at] = parent;
            if let Some(parent) = parent {
                self.children[parent.index()].push(AreaId::new(at));
            }
        }
    }

    fn tie_maps(&mut self) {
        for pair in self.maps.clone().windows(2) {
            let &[old_map, new_map] = pair else { continue };
            // The nation is one on every map and in no list of changes.
            let nation = |map| self.on(map, AreaLevel::Nation, "00");
            let mut steps: Vec<_> =
                nation(old_map).zip(nation(new_map)).map(|(old, new)| (old, new, true, true)).into_iter().collect();
            for row in self.successions.iter().filter(|row| row.effective_on == new_map) {
                let old = self.on(old_map, row.old_level, &row.old_code);
                let new = self.on(new_map, row.new_level, &row.new_code);
                steps.extend(old.zip(new).map(|(old, new)| (old, new, row.is_whole(), row.is_main == 1)));
            }
            for (old, new, whole, main) in steps {
                self.after[old.index()].push(Step { area: new, whole, main });
                self.before[new.index()].push(Step { area: old, whole, main });
            }
        }
    }

    fn tie_series(&mut self) {
        // Areas stand in the order of their maps, so what an area came from has its series already.
        for at in 0..self.areas.len() {
            let id = AreaId::new(at);
            if let Some(former) = self.same_land_before(id)
                && self.area(former).code == self.area(id).code
            {
                self.series[at] = self.series[former.index()];
            }
        }
    }

    /// The one area on the map before that had exactly the same land.
    pub(super) fn same_land_before(&self, id: AreaId) -> Option<AreaId> {
        let [only] = self.before[id.index()].as_slice() else { return None };
        (only.whole && self.area(only.area).level == self.area(id).level).then_some(only.area)
    }
}
