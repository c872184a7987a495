//! Totals of random nations: on every map, of every year and indicator, no figure is in a sum twice, neither by area nor
//! by level, nothing is lost where all report, and an area's own total comes before the sum of its parts.
//!
//! What an area is made of is told by parcels of land, which no code under test knows. Each figure counts a power of two,
//! so that a sum says which figures are in it. Random numbers come from seeds that a failing test names.

use std::collections::BTreeSet;

use lantoa_schemas::area::{Area, Succession};

use super::*;

/// Figures of a round: each has a bit of an `i64`.
const MOST_FIGURES: usize = 40;

/// Numbers that a seed gives (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % end as u64) as usize
    }

    fn hits(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

type Parcels = BTreeSet<u32>;

/// A commune on its way from map to map: its land, and what it came from (code, whole, main).
struct Commune {
    land: Parcels,
    from: Vec<(String, bool, bool)>,
}

/// A made-up history of three maps.
struct World {
    history: AreaHistory,
    /// Land of each area, by its place among the areas.
    land: Vec<Parcels>,
}

impl World {
    /// A few provinces of a few communes each, below districts on the first map and perhaps the second. On the way to
    /// another map provinces merge, communes merge, and some are split, the lesser part by itself or into a neighbour.
    fn new(chance: &mut Chance) -> Self {
        let mut parcels = 0_u32..;
        let mut provinces: Vec<(Vec<String>, Vec<Commune>)> = Vec::new();
        for _ in 0..2 + chance.below(2) {
            let mut communes = Vec::new();
            for _ in 0..2 + chance.below(4) {
                let land = parcels.by_ref().take(1 + chance.below(3)).collect();
                communes.push(Commune { land, from: Vec::new() });
            }
            provinces.push((Vec::new(), communes));
        }
        let (mut areas, mut land, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..3 {
            let map = NaiveDate::from_ymd_opt(2001 + number, 1, 1).unwrap();
            let has_districts = number == 0 || (number == 1 && chance.hits(50));
            let mut put = |level: AreaLevel, code: &str, parent: Option<&str>, parcels: Parcels| {
                areas.push(Area {
                    map,
                    level,
                    code: code.to_owned(),
                    name: code.to_owned(),
                    short_name: code.to_owned(),
                    kind: String::new(),
                    parent_code: parent.map(str::to_owned),
                    valid_from: None,
                    valid_to: None,
                    area_km2: None,
                });
                land.push(parcels);
            };
            put(AreaLevel::Nation, "00", None, provinces.iter().flat_map(|(_, communes)| land_of(communes)).collect());
            let mut coming: Vec<(Vec<String>, Vec<Commune>)> = Vec::new();
            let (mut districts, mut count) = (0, 0);
            for (at, (from, communes)) in provinces.iter().enumerate() {
                let province = format!("{:02}", at + 1);
                put(AreaLevel::Province, province.as_str(), Some("00"), land_of(communes));
                rows.extend(from.iter().map(|old| row(map, AreaLevel::Province, old, &province, true, true)));
                let mut next: Vec<Commune> = Vec::new();
                for some in communes.chunks(2) {
                    districts += 1;
                    let district = format!("{districts:03}");
                    if has_districts {
                        put(AreaLevel::District, district.as_str(), Some(province.as_str()), land_of(some));
                    }
                    for commune in some {
                        count += 1;
                        let code = format!("{count:05}");
                        let parent = if has_districts { &district } else { &province };
                        put(AreaLevel::Commune, code.as_str(), Some(parent.as_str()), commune.land.clone());
                        let from = commune.from.iter();
                        rows.extend(
                            from.map(|(old, whole, main)| row(map, AreaLevel::Commune, old, &code, *whole, *main)),
                        );
                        succeed(&mut next, code, &commune.land, chance);
                    }
                }
                // Two provinces become one.
                match coming.last_mut() {
                    Some((merged, others)) if chance.hits(40) => {
                        merged.push(province);
                        others.extend(next);
                    }
                    _ => coming.push((vec![province], next)),
                }
            }
            provinces = coming;
        }
        Self { history: AreaHistory::of_maps(areas, rows), land }
    }

    fn land(&self, id: AreaId) -> &Parcels {
        &self.land[id.index()]
    }

    fn views(&self) -> Vec<MapView> {
        self.history.maps().iter().map(|map| MapView::new(&self.history, *map)).collect()
    }

    /// Areas of a level and map.
    fn areas(&self, level: AreaLevel, map: NaiveDate) -> Vec<AreaId> {
        let wanted = self.history.iter().filter(|(_, area)| area.level == level && area.map == map);
        wanted.map(|(id, _)| id).collect()
    }
}

fn land_of(communes: &[Commune]) -> Parcels {
    communes.iter().flat_map(|commune| commune.land.iter().copied()).collect()
}

fn row(map: NaiveDate, level: AreaLevel, old: &str, new: &str, whole: bool, main: bool) -> Succession {
    Succession {
        effective_on: map,
        old_level: level,
        old_code: old.to_owned(),
        new_level: level,
        new_code: new.to_owned(),
        share: if whole { "whole" } else { "part" }.to_owned(),
        is_main: u8::from(main),
    }
}

/// What becomes of a commune on the next map, among those of its province that have been decided.
fn succeed(next: &mut Vec<Commune>, code: String, land: &Parcels, chance: &mut Chance) {
    let mut join = |chance: &mut Chance, percent, land: Parcels, from: (String, bool, bool)| match next.last_mut() {
        Some(neighbour) if chance.hits(percent) => {
            neighbour.land.extend(land);
            neighbour.from.push(from);
        }
        _ => next.push(Commune { land, from: vec![from] }),
    };
    if land.len() > 1 && chance.hits(25) {
        let lesser: Parcels = land.iter().take(1).copied().collect();
        join(chance, 30, land.difference(&lesser).copied().collect(), (code.clone(), false, true));
        // Not into the main part itself, which would make a whole of it again.
        next.push(Commune { land: lesser, from: vec![(code, false, false)] });
    } else {
        join(chance, 40, land.clone(), (code, true, true));
    }
}

/// Figures of random areas of all levels and maps, at most one of an area and basis.
fn figures(world: &World, chance: &mut Chance, bases: &[Basis]) -> Vec<Figure> {
    let areas: Vec<AreaId> = world.history.iter().map(|(id, _)| id).collect();
    let mut told: BTreeSet<(AreaId, Basis)> = BTreeSet::new();
    for _ in 0..1 + chance.below(MOST_FIGURES) {
        told.insert((areas[chance.below(areas.len())], bases[chance.below(bases.len())]));
    }
    told.into_iter().enumerate().map(|(at, (area, basis))| Figure::told(area, basis, 1 << at)).collect()
}

/// The figures that a value counts, by the bits of its number.
fn within(value: &Value) -> Vec<usize> {
    let number = value.numerator.expect("every figure has a count");
    (0..MOST_FIGURES).filter(|at| number & (1_i64 << *at) != 0).collect()
}

fn area_of(figures: &[Figure], at: usize) -> AreaId {
    figures[at].area.expect("every figure has an area")
}

fn add(history: &AreaHistory, view: &MapView, figures: &[Figure]) -> Totals {
    Adder::new(history, view).add(true, figures.iter().enumerate())
}

fn of_level<'t>(world: &World, totals: &'t Totals, level: AreaLevel) -> Vec<(AreaId, &'t Value)> {
    let mut of_level = Vec::new();
    for (id, value) in &totals.values {
        if world.history.area(*id).level == level {
            of_level.push((*id, value));
        }
    }
    of_level
}

/// What holds of totals whatever the areas and figures are.
fn check(history: &AreaHistory, view: &MapView, figures: &[Figure], totals: &Totals, said: &str) {
    let mut seen: BTreeSet<AreaId> = BTreeSet::new();
    for (id, value) in &totals.values {
        assert!(seen.insert(*id), "{said}: {id:?} has two values");
        assert_eq!(history.area(*id).map, view.day(), "{said}: {id:?} is of another map");
        let within = within(value);
        // Two of one figure would be another one's bit.
        assert_eq!(within.len(), value.figures, "{said}: {id:?} counts a figure twice: {within:?}");
        assert!(
            within.iter().all(|at| (figures[*at].basis == Basis::Counted) == value.counted),
            "{said}: {id:?} adds up statements and counts"
        );
        assert!((0.0..=1.0 + 1e-9).contains(&value.coverage), "{said}: {id:?} is covered by {}", value.coverage);
        match value.own {
            Some(own) if value.counted => assert!(within.contains(&own), "{said}: {id:?} without its own events"),
            Some(own) => assert_eq!(within, [own], "{said}: {id:?} adds to its own total"),
            None => assert!(value.parts.is_some(), "{said}: {id:?} is a sum of nothing"),
        }
    }
    // An area's own total beats all else, and a count stands only where there is no statement.
    for (at, figure) in figures.iter().enumerate().filter(|(_, figure)| figure.basis == Basis::Stated) {
        let area = area_of(figures, at);
        if history.area(area).map == view.day() {
            let value = totals.values.iter().find(|(id, _)| *id == area);
            let own = value.and_then(|(_, value)| value.own);
            assert_eq!(own, Some(at), "{said}: {:?} has a total of its own", figure.area);
        }
    }
}

/// Land is in a sum of statements once, and what is in a total lies in its area.
fn check_land(world: &World, figures: &[Figure], totals: &Totals, said: &str) {
    for (id, value) in totals.values.iter().filter(|(_, value)| !value.estimated) {
        let mut covered = Parcels::new();
        for at in within(value) {
            let land = world.land(area_of(figures, at));
            assert!(land.is_subset(world.land(*id)), "{said}: {id:?} takes in what lies elsewhere");
            let overlap = covered.intersection(land).next().is_some();
            assert!(value.counted || !overlap, "{said}: {id:?} counts land twice");
            covered.extend(land);
        }
    }
}

#[test]
fn no_figure_is_in_a_sum_twice_neither_by_area_nor_by_level() {
    let (mut sums, mut estimates) = (0, 0);
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let world = World::new(&mut chance);
        for view in world.views() {
            // One adder takes cell after cell.
            let mut adder = Adder::new(&world.history, &view);
            for bases in [&[Basis::Stated][..], &[Basis::Counted], &[Basis::Stated, Basis::Counted]] {
                let figures = figures(&world, &mut chance, bases);
                let said = format!("seed {seed}, map {}, {bases:?}", view.day());
                let totals = adder.add(true, figures.iter().enumerate());
                check(&world.history, &view, &figures, &totals, &said);
                check_land(&world, &figures, &totals, &said);
                assert_eq!(totals.values, add(&world.history, &view, &figures).values, "{said}: what was left over");
                sums += totals.values.iter().filter(|(_, value)| value.figures > 1).count();
                estimates += totals.values.iter().filter(|(_, value)| value.estimated).count();
            }
        }
    }
    assert!(sums > 1000 && estimates > 100, "{sums} sums, {estimates} estimates");
}

#[test]
fn every_event_is_counted_once_in_the_nation_and_in_one_province() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let world = World::new(&mut chance);
        let figures = figures(&world, &mut chance, &[Basis::Counted]);
        for view in world.views() {
            let said = format!("seed {seed}, map {}", view.day());
            let totals = add(&world.history, &view, &figures);
            let mut nation = Vec::new();
            let mut in_provinces = Vec::new();
            for (id, value) in &totals.values {
                match world.history.area(*id).level {
                    AreaLevel::Nation => nation = within(value),
                    AreaLevel::Province => in_provinces.extend(within(value).into_iter().map(|at| (at, *id))),
                    _ => {}
                }
            }
            assert_eq!(nation, (0..figures.len()).collect::<Vec<_>>(), "{said}: the nation");
            for (at, figure) in figures.iter().enumerate() {
                let area = world.history.area(area_of(&figures, at));
                let provinces = in_provinces.iter().filter(|(of, _)| *of == at).map(|(_, id)| *id);
                let provinces: Vec<AreaId> = provinces.collect();
                // What is told of the nation is of no province, and what of a later map perhaps of none that is known.
                let least = usize::from(area.level != AreaLevel::Nation && area.map <= view.day());
                assert!((least..=1).contains(&provinces.len()), "{said}: {:?} is in {provinces:?}", figure.area);
                let land = world.land(area_of(&figures, at));
                assert!(provinces.iter().all(|id| land.is_subset(world.land(*id))), "{said}: {:?}", figure.area);
            }
        }
    }
}

#[test]
fn nothing_is_lost_where_all_report() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let world = World::new(&mut chance);
        let views = world.views();
        for told_on in world.history.maps() {
            let communes = world.areas(AreaLevel::Commune, *told_on);
            assert!(communes.len() <= MOST_FIGURES, "seed {seed}: {} communes", communes.len());
            let figures: Vec<Figure> =
                communes.iter().enumerate().map(|(at, area)| Figure::told(*area, Basis::Stated, 1 << at)).collect();
            let all: i64 = figures.iter().filter_map(|figure| figure.numerator).sum();
            for view in &views {
                let said = format!("seed {seed}, told on {told_on}, map {}", view.day());
                let totals = add(&world.history, view, &figures);
                check(&world.history, view, &figures, &totals, &said);
                check_land(&world, &figures, &totals, &said);
                let nation = of_level(&world, &totals, AreaLevel::Nation);
                assert_eq!(nation.len(), 1, "{said}");
                assert_eq!(nation[0].1.numerator, Some(all), "{said}: the nation");
                assert!((nation[0].1.coverage - 1.0).abs() < 1e-9, "{said}: {}", nation[0].1.coverage);
                if view.day() < *told_on {
                    continue;
                }
                let provinces = of_level(&world, &totals, AreaLevel::Province);
                assert_eq!(provinces.len(), world.areas(AreaLevel::Province, view.day()).len(), "{said}");
                assert_eq!(provinces.iter().filter_map(|(_, value)| value.numerator).sum::<i64>(), all, "{said}");
                for (id, value) in provinces {
                    // No province was split, so what its communes became makes no estimate of it.
                    assert!(!value.estimated && (value.coverage - 1.0).abs() < 1e-9, "{said}: {id:?} {value:?}");
                    let inside = |at: &usize| world.land(communes[*at]).is_subset(world.land(id));
                    assert_eq!(within(value), (0..communes.len()).filter(inside).collect::<Vec<_>>(), "{said}");
                }
            }
        }
    }
}

#[test]
fn on_the_maps_that_ship_it_is_the_same() {
    let history = AreaHistory::shipped();
    let areas: Vec<AreaId> = history.iter().map(|(id, _)| id).collect();
    // Half of the figures in some provinces and what they became, so that they meet.
    let is_near = |id: &AreaId| {
        let mut around = std::iter::successors(Some(*id), |id| history.parent(*id)).map(|id| history.area(id));
        around.any(|area| area.level == AreaLevel::Province && ["01", "02", "08"].contains(&area.code.as_str()))
    };
    let near: Vec<AreaId> = areas.iter().copied().filter(is_near).collect();
    for map in history.maps() {
        let view = MapView::new(history, *map);
        let mut adder = Adder::new(history, &view);
        for seed in 0..60 {
            let mut chance = Chance(seed);
            let mut told: BTreeSet<(AreaId, Basis)> = BTreeSet::new();
            for at in 0..MOST_FIGURES {
                let among = if at.is_multiple_of(2) { &near } else { &areas };
                let basis =
                    if seed % 3 == 0 || (seed % 3 == 1 && chance.hits(50)) { Basis::Counted } else { Basis::Stated };
                told.insert((among[chance.below(among.len())], basis));
            }
            let told = told.into_iter().enumerate();
            let figures: Vec<Figure> = told.map(|(at, (area, basis))| Figure::told(area, basis, 1 << at)).collect();
            let totals = adder.add(true, figures.iter().enumerate());
            check(history, &view, &figures, &totals, &format!("seed {seed}, map {map}"));
        }
    }
}
