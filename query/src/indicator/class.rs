//! Which areas belong to a class that has targets of its own.
//!
//! In: the areas that events have classified, the history, a map. Out: whether an area of the map belongs to a class at
//! the end of a year. An area belongs where it, or an area around it, or all that it was made of, is classified. It does
//! not where others of its level in its province are and nothing of it is: who lists the areas of a level lists all of a
//! province (of provinces, all of the nation). Where nothing of the kind has been said, it is not known.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Place, Share};
use lantoa_schemas::national::AreaClass;
use lantoa_schemas::vocabulary::AreaLevel;

use crate::knowledge::Classified;

/// Whether an area belongs to a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// It does.
    In,
    /// It does not.
    Out,
    /// Some of what it was made of does.
    Partly,
    /// Nobody has said it.
    Unknown,
}

/// When a class holds: from a day, and to one where an end is set.
type Term = (AreaClass, NaiveDate, Option<NaiveDate>);

/// The classes of areas, as they stand on one map.
pub(crate) struct Classes<'a> {
    pub(super) history: &'a AreaHistory,
    pub(super) view: &'a MapView,
    /// Terms by the area that was classified, on its own map.
    terms: HashMap<AreaId, Vec<Term>>,
    /// Terms of anything of a level in a province of the map; the province is none where the level is that of provinces.
    known: HashMap<(AreaLevel, Option<AreaId>), Vec<Term>>,
}

impl<'a> Classes<'a> {
    pub(super) fn new(history: &'a AreaHistory, view: &'a MapView, classified: &[Classified]) -> Self {
        let mut classes = Self { history, view, terms: HashMap::new(), known: HashMap::new() };
        let mut seen: HashSet<(AreaLevel, Option<AreaId>, NaiveDate, Option<NaiveDate>)> = HashSet::new();
        for Classified { area, class, from, until } in classified.iter().copied() {
            classes.terms.entry(area).or_default().push((class, from, until));
            let mut around = std::iter::successors(Some(area), |id| history.parent(*id));
            let here = around.find_map(|id| match view.place(id) {
                Place::Same(here) | Place::Whole(here) | Place::Main(here) => Some(*here),
                Place::Of(_) | Place::Nowhere => None,
            });
            let Some(here) = here else { continue };
            let (level, province) = classes.peers(history.area(area).level, here);
            if seen.insert((level, province, from, until)) {
                classes.known.entry((level, province)).or_default().push((class, from, until));
            }
        }
        classes
    }

    /// Among whom an area of a level that lies in an area of the map would have been listed.
    fn peers(&self, level: AreaLevel, here: AreaId) -> (AreaLevel, Option<AreaId>) {
        let mut around = std::iter::successors(Some(here), |id| self.history.parent(*id));
        let province = around.find(|id| self.history.area(*id).level == AreaLevel::Province);
        (level, province.filter(|_| level != AreaLevel::Province))
    }

    /// Whether an area of the map belongs to a class at the end of a year.
    pub(super) fn of(&self, area: AreaId, class: AreaClass, year: i64) -> Belongs {
        let end = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31));
        let Some(end) = end.filter(|_| !self.terms.is_empty()) else { return Belongs::Unknown };
        let holds = |terms: Option<&Vec<Term>>| {
            terms
                .into_iter()
                .flatten()
                .any(|(of, from, until)| *of == class && *from <= end && until.is_none_or(|until| until >= end))
        };
        // An area, or one around it, on its own map.
        let is_in = |id: AreaId| {
            std::iter::successors(Some(id), |id| self.history.parent(*id)).any(|id| holds(self.terms.get(&id)))
        };
        let around = std::iter::successors(Some(area), |id| self.history.parent(*id));
        let mut same = around.flat_map(|id| std::iter::once(id).chain(self.view.same(id).iter().copied()));
        if same.any(|id| holds(self.terms.get(&id))) {
            return Belongs::In;
        }
        let parts = self.view.parts(area);
        // The map nearest to this one: what an area was made of once more before is in it.
        let map = parts.iter().map(|part| self.history.area(part.area).map).max();
        let mut nearest =
            parts.iter().filter(|part| Some(self.history.area(part.area).map) == map && part.share != Share::Lesser);
        if map.is_some() && nearest.all(|part| is_in(part.area)) {
            return Belongs::In;
        }
        if parts.iter().any(|part| is_in(part.area)) {
            return Belongs::Partly;
        }
        let peers = self.peers(self.history.area(area).level, area);
        if holds(self.known.get(&peers)) { Belongs::Out } else { Belongs::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "2025-06-30";
    const NEW: &str = "2025-07-01";

    fn area(map: &str, level: AreaLevel, code: &str) -> AreaId {
        AreaHistory::shipped().find(level, code, map.parse().unwrap()).unwrap()
    }

    fn difficult(area: AreaId, from: &str, until: Option<&str>) -> Classified {
        let until = until.map(|day| day.parse().unwrap());
        Classified { area, class: AreaClass::Difficult, from: from.parse().unwrap(), until }
    }

    fn belongs(map: &str, classified: &[Classified], area: AreaId, year: i64) -> Belongs {
        let view = MapView::new(AreaHistory::shipped(), map.parse().unwrap());
        Classes::new(AreaHistory::shipped(), &view, classified).of(area, AreaClass::Difficult, year)
    }

    #[test]
    fn who_is_named_is_in_and_others_of_the_level_in_the_province_are_out() {
        use AreaLevel::{Commune, District, Province};
        // Bắc Lũng and Trường Sơn are in Lục Nam in Bắc Giang.
        let told = [difficult(area(OLD, Commune, "07513"), "2017-01-01", Some("2020-12-31"))];
        let cases = [
            (area(OLD, Commune, "07513"), 2019, Belongs::In),
            (area(OLD, Commune, "07513"), 2020, Belongs::In),
            (area(OLD, Commune, "07513"), 2016, Belongs::Unknown),
            (area(OLD, Commune, "07513"), 2021, Belongs::Unknown),
            (area(OLD, Commune, "07507"), 2019, Belongs::Out),
            // Nobody has listed districts, provinces, or communes of Hà Nội.
            (area(OLD, District, "218"), 2019, Belongs::Unknown),
            (area(OLD, Province, "24"), 2019, Belongs::Unknown),
            (area(OLD, Commune, "00004"), 2019, Belongs::Unknown),
        ];
        for (area, year, expected) in cases {
            assert_eq!(belongs(OLD, &told, area, year), expected, "{area:?} in {year}");
        }
        let whole = [difficult(area(OLD, Province, "02"), "2017-01-01", None)];
        assert_eq!(belongs(OLD, &whole, area(OLD, District, "026"), 2019), Belongs::In);
        assert_eq!(belongs(OLD, &whole, area(OLD, Province, "01"), 2019), Belongs::Out);
        assert_eq!(belongs(OLD, &[], area(OLD, Province, "01"), 2019), Belongs::Unknown);
    }

    #[test]
    fn on_a_later_map_all_parts_must_be_in() {
        use AreaLevel::{Commune, Province};
        // Bắc Lũng and three others became one commune; Trường Sơn and one other became another.
        let merged = area(NEW, Commune, "07498");
        let first = [difficult(area(OLD, Commune, "07513"), "2017-01-01", None)];
        assert_eq!(belongs(NEW, &first, merged, 2025), Belongs::Partly);
        assert_eq!(belongs(NEW, &first, area(NEW, Commune, "07489"), 2025), Belongs::Out);
        let all =
            ["07495", "07498", "07501", "07513"].map(|code| difficult(area(OLD, Commune, code), "2017-01-01", None));
        assert_eq!(belongs(NEW, &all, merged, 2025), Belongs::In);
        let province = [difficult(area(OLD, Province, "02"), "2017-01-01", None)];
        assert_eq!(belongs(NEW, &province, area(NEW, Province, "08"), 2025), Belongs::Partly);
        assert_eq!(belongs(NEW, &province, area(NEW, Province, "24"), 2025), Belongs::Out);
    }
}
