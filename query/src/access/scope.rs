//! The areas that an asker's figures are limited to.
//!
//! In: the code of a province or commune, and the history. Out: which areas of any map lie in it. Guarantee: an area lies
//! in another where its figures would stand on the other's map; what cannot be told apart counts for what it lies in; what
//! is not known to lie in it does not.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use lantoa_schemas::area::{AreaHistory, AreaId, Place};
use lantoa_schemas::vocabulary::AreaLevel;

use crate::knowledge::Knowledge;

/// An area and all that lies in it, on every map.
pub(crate) struct Scope {
    history: Arc<AreaHistory>,
    /// By number of the area.
    areas: Vec<bool>,
    codes: HashMap<String, Code>,
}

/// What a code names on all maps together.
#[derive(Default)]
struct Code {
    /// Names of the areas in the scope that have it.
    inside: HashSet<String>,
    /// Names of the others.
    outside: HashSet<String>,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("codes", &self.codes.len()).finish_non_exhaustive()
    }
}

impl Scope {
    /// The scope of a code as it is read today; of one that only an earlier map has, as it was read then last. A code
    /// that nothing has is a scope without areas.
    pub(crate) fn of(code: &str, knowledge: &Knowledge) -> Self {
        let history = knowledge.history();
        let today = history.map_on(knowledge.today());
        let named = history.iter().filter(|(_, area)| {
            area.code == code && area.map <= today && matches!(area.level, AreaLevel::Province | AreaLevel::Commune)
        });
        let top = named.max_by_key(|(_, area)| area.map).map(|(id, area)| (id, area.map));
        let mut areas = vec![false; history.areas().len()];
        if let Some((top, map)) = top {
            let view = knowledge.view(map);
            for (id, _) in history.iter() {
                // A district that was abolished, or land that cannot be told apart, counts for what it lies in.
                let here = above(history, id).find_map(|area| match view.place(area) {
                    Place::Same(here) | Place::Whole(here) | Place::Main(here) => Some(*here),
                    Place::Of(_) | Place::Nowhere => None,
                });
                areas[id.index()] = here.is_some_and(|here| above(history, here).any(|area| area == top));
            }
        }
        let mut codes: HashMap<String, Code> = HashMap::new();
        for (id, area) in history.iter() {
            let code = codes.entry(area.code.clone()).or_default();
            let names = if areas[id.index()] { &mut code.inside } else { &mut code.outside };
            names.extend([area.name.clone(), area.short_name.clone()]);
        }
        codes.retain(|_, code| !code.inside.is_empty());
        Self { history: knowledge.shared_history(), areas, codes }
    }

    /// Whether the area that a code named on a day lies in it.
    pub(crate) fn holds(&self, level: Option<AreaLevel>, code: Option<&str>, day: Option<NaiveDate>) -> bool {
        let (Some(level), Some(code), Some(day)) = (level, code, day) else { return false };
        self.codes.contains_key(code) && self.history.find(level, code, day).is_ok_and(|area| self.areas[area.index()])
    }

    /// Whether the area of a code and a name lies in it. Where a code has named several areas, the name decides.
    pub(crate) fn holds_named(&self, code: Option<&str>, name: Option<&str>) -> bool {
        let Some(of) = code.and_then(|code| self.codes.get(code)) else { return false };
        of.outside.is_empty() || name.is_some_and(|name| of.inside.contains(name) && !of.outside.contains(name))
    }
}

/// An area and all that it lies in.
fn above(history: &AreaHistory, area: AreaId) -> impl Iterator<Item = AreaId> {
    std::iter::successors(Some(area), move |area| history.parent(*area))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_all_that_came_into_it_on_every_map() {
        let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
        let province =
            |scope: &Scope, code, day: &str| scope.holds(Some(AreaLevel::Province), Some(code), day.parse().ok());
        let (before, after) = ("2024-12-31", "2025-08-01");
        // 24 was Bắc Giang and is Bắc Ninh, which Bắc Giang and the former Bắc Ninh (27) became.
        let ninh = Scope::of("24", &knowledge);
        assert!(province(&ninh, "24", before) && province(&ninh, "24", after) && province(&ninh, "27", before));
        assert!(!province(&ninh, "01", before) && !province(&ninh, "01", after));
        assert!(!ninh.holds(Some(AreaLevel::Nation), Some("00"), after.parse().ok()));
        assert!(!ninh.holds(Some(AreaLevel::Province), Some("24"), None));
        for (code, name, held) in [
            (Some("24"), Some("Bắc Giang"), true),
            (Some("24"), Some("Bắc Ninh"), true),
            (Some("27"), None, true),
            (Some("01"), Some("Bắc Ninh"), false),
            (None, Some("Bắc Ninh"), false),
        ] {
            assert_eq!(ninh.holds_named(code, name), held, "{code:?} {name:?}");
        }
        let history = knowledge.history();
        let day = before.parse().unwrap();
        let giang = history.find(AreaLevel::Province, "24", day).unwrap();
        let mut below = history.children(giang).to_vec();
        assert!(!below.is_empty());
        while let Some(area) = below.pop() {
            assert!(ninh.areas[area.index()], "{}", history.area(area).name);
            below.extend(history.children(area));
        }
    }

    #[test]
    fn a_commune_has_itself_and_its_parts_and_an_unknown_code_has_nothing() {
        let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
        let history = knowledge.history();
        let today = history.map_on(knowledge.today());
        let (id, commune) =
            history.iter().find(|(_, area)| area.map == today && area.level == AreaLevel::Commune).unwrap();
        let scope = Scope::of(&commune.code, &knowledge);
        assert!(scope.areas[id.index()]);
        assert!(!scope.areas[history.parent(id).unwrap().index()]);
        let on_its_map = history.iter().filter(|(at, area)| area.map == today && scope.areas[at.index()]).count();
        assert_eq!(on_its_map, 1);
        for code in ["00", "99999", ""] {
            assert!(Scope::of(code, &knowledge).codes.is_empty(), "{code}");
        }
    }
}
