use lantoa_schemas::vocabulary::AreaLevel;

use super::*;
use crate::indicator::figure::Basis::{Counted, Stated};
use crate::indicator::total::{Adder, Totals};

const OLD: &str = "2025-06-30";
const NEW: &str = "2025-07-01";

fn area(map: &str, level: AreaLevel, code: &str) -> AreaId {
    AreaHistory::shipped().find(level, code, map.parse().unwrap()).unwrap()
}

fn totals(map: &str, figures: &[Figure]) -> Totals {
    let history = AreaHistory::shipped();
    let view = MapView::new(history, map.parse().unwrap());
    Adder::new(history, &view).add(true, figures.iter().enumerate())
}

fn value(totals: &Totals, area: AreaId) -> Option<&Value> {
    totals.values.iter().find(|(id, _)| *id == area).map(|(_, value)| value)
}

fn counts(totals: &Totals, area: AreaId) -> Option<i64> {
    value(totals, area).and_then(|value| value.numerator)
}

/// Decisions of Bắc Giang (24), its district Lục Nam (218), and two communes in it, which became parts of two communes
/// of Bắc Ninh (24 since 2025); one more of Bắc Ninh's today, and one of the old Bắc Ninh (27).
fn of_several_levels() -> [Figure; 6] {
    use AreaLevel::{Commune, District, Province};
    [
        Figure::told(area(OLD, Province, "24"), Counted, 100),
        Figure::told(area(OLD, District, "218"), Counted, 20),
        Figure::told(area(OLD, Commune, "07507"), Counted, 3),
        Figure::told(area(OLD, Commune, "07513"), Counted, 4),
        Figure::told(area(NEW, Province, "24"), Counted, 1000),
        Figure::told(area(OLD, Province, "27"), Counted, 5000),
    ]
}

#[test]
fn events_of_an_area_of_those_below_and_of_former_ones_are_one_count() {
    use AreaLevel::{Commune, District, Nation, Province};
    let figures = of_several_levels();
    let old = totals(OLD, &figures);
    for (level, code, count) in [
        (Commune, "07507", 3),
        (District, "218", 27),
        (Province, "24", 127),
        (Province, "27", 5000),
        // What is told of today's province was told of land that no former one had alone.
        (Nation, "00", 6127),
    ] {
        assert_eq!(counts(&old, area(OLD, level, code)), Some(count), "{level} {code} on the old map");
    }
    let new = totals(NEW, &figures);
    for (level, code, count) in
        [(Commune, "07489", 3), (Commune, "07498", 4), (Province, "24", 6127), (Nation, "00", 6127)]
    {
        let id = area(NEW, level, code);
        assert_eq!(counts(&new, id), Some(count), "{level} {code} on the new map");
        assert!(value(&new, id).unwrap().counted);
    }
    assert!(new.values.iter().chain(&old.values).all(|(_, value)| value.counted && value.figures <= figures.len()));
}

#[test]
fn an_area_with_events_of_its_own_reports_and_of_others_as_many_parts_as_do() {
    use AreaLevel::{Nation, Province};
    let figures = of_several_levels();
    let new = totals(NEW, &figures);
    let own = value(&new, area(NEW, Province, "24")).unwrap();
    assert_eq!((own.own, own.coverage, own.parts, own.more), (Some(4), 1.0, None, 5));
    let nation = value(&new, area(NEW, Nation, "00")).unwrap();
    let parts = nation.parts.unwrap();
    assert_eq!((nation.own, parts.reporting, parts.of), (None, 1, 34));
    // Without the province's own events its former provinces are its parts, and both report.
    let without: Vec<Figure> = figures.iter().filter(|figure| figure.numerator != Some(1000)).cloned().collect();
    let summed = totals(NEW, &without);
    let province = value(&summed, area(NEW, Province, "24")).unwrap();
    let parts = province.parts.unwrap();
    assert_eq!((parts.former, parts.reporting, parts.of, province.more), (true, 2, 2, 0));
    assert!((province.coverage - 1.0).abs() < 1e-9 && !province.estimated);
}

#[test]
fn events_told_on_both_maps_are_added_in_the_province_that_they_lie_in() {
    use AreaLevel::{Commune, Province};
    let figures = [
        Figure::told(area(OLD, Commune, "07513"), Counted, 4),
        Figure::told(area(NEW, Commune, "07498"), Counted, 7),
        Figure::told(area(NEW, Commune, "07489"), Counted, 9),
    ];
    let new = totals(NEW, &figures);
    assert_eq!(counts(&new, area(NEW, Commune, "07498")), Some(11));
    assert_eq!(counts(&new, area(NEW, Province, "24")), Some(20));
    // On the old map what is told of today's communes cannot be told apart from their neighbours.
    let old = totals(OLD, &figures);
    assert_eq!(counts(&old, area(OLD, Province, "24")), Some(4));
    assert_eq!(counts(&old, area(OLD, AreaLevel::Nation, "00")), Some(20));
}

#[test]
fn the_main_part_of_a_split_commune_takes_its_events_as_an_estimate_and_the_province_exactly() {
    // Ngọc Hà (00016) in Ba Đình was split.
    let split = area(OLD, AreaLevel::Commune, "00016");
    let new = totals(NEW, &[Figure::told(split, Counted, 6)]);
    let view = MapView::new(AreaHistory::shipped(), NEW.parse().unwrap());
    let Place::Main(main) = view.place(split) else { panic!("00016 was split") };
    assert!(value(&new, *main).unwrap().estimated);
    let hanoi = value(&new, area(NEW, AreaLevel::Province, "01")).unwrap();
    assert_eq!((hanoi.numerator, hanoi.estimated), (Some(6), false));
}

#[test]
fn a_statement_comes_before_a_count_and_the_two_are_never_added() {
    use AreaLevel::{Commune, District, Province};
    let [province, district, first, second, ..] = of_several_levels();
    let stated = Figure::told(second.area.unwrap(), Stated, 50);
    let told = totals(OLD, &[district.clone(), first.clone(), second.clone(), stated]);
    // The commune's own total, and the sum of it in the district; the count is beside the total it is of.
    for (level, code, count) in [(Commune, "07513", 50), (District, "218", 50), (Commune, "07507", 3)] {
        assert_eq!(counts(&told, area(OLD, level, code)), Some(count), "{level} {code}");
    }
    let beside: Vec<_> = told.beside.iter().map(|b| (b.area, b.taken.numerator, b.other.numerator)).collect();
    assert_eq!(beside, [(second.area.unwrap(), Some(50), Some(4))]);
    // Beside the province's own total stands the whole count of it.
    let stated = Figure::told(area(OLD, Province, "24"), Stated, 500);
    let told = totals(OLD, &[province, district, first, second, stated]);
    let beside: Vec<_> = told.beside.iter().map(|b| (b.area, b.taken.numerator, b.other.numerator)).collect();
    assert_eq!(beside, [(area(OLD, Province, "24"), Some(500), Some(127))]);
    assert_eq!(counts(&told, area(OLD, District, "218")), Some(27));
}

#[test]
fn where_areas_do_not_add_up_a_count_is_of_its_own_area_alone() {
    let history = AreaHistory::shipped();
    let view = MapView::new(history, NEW.parse().unwrap());
    let figures = of_several_levels();
    let told = Adder::new(history, &view).add(false, figures.iter().enumerate());
    assert_eq!(told.values.len(), 1);
    assert_eq!(counts(&told, area(NEW, AreaLevel::Province, "24")), Some(1000));
}
