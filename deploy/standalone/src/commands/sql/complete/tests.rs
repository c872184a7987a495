//! What Tab offers at a place, marked by `|` in the line.

use super::*;

fn known() -> Known {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let columns = [
        ("area", "level"),
        ("area", "map"),
        ("area", "name"),
        ("indicator", "area_name"),
        ("indicator", "indicator"),
        ("indicator", "map"),
        ("indicator", "rate_percent"),
    ];
    let named = |name: &str, about: &str, found_by: &str| Named {
        name: name.into(),
        about: about.into(),
        found_by: folded(found_by),
    };
    Known {
        tables: texts(&["area", "indicator", "ledger_activity"]),
        columns: columns.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned())).collect(),
        functions: texts(&["area_full_name", "find_area", "min"]),
        indicators: vec![
            named("learning_clan", "Dòng họ học tập", "Dòng họ học tập Learning clans"),
            named("learning_family", "Gia đình học tập", "Gia đình học tập Learning families"),
        ],
        areas: vec![
            named("Bắc Giang", "province", "Bắc Giang"),
            named("Bắc Ninh", "province, district", "Bắc Ninh"),
            named("Đắk Lắk", "province", "Đắk Lắk"),
            named("Bắc Hà", "commune", "Bắc Hà"),
            named("Ea H'leo", "commune", "Ea H'leo"),
        ],
        maps: texts(&["2025-06-30", "2025-07-01"]),
    }
}

#[track_caller]
fn check(marked: &str, from: usize, expected: &[&str]) {
    let at = marked.find('|').unwrap();
    let line = marked.replacen('|', "", 1);
    let (begins, candidates) = complete(&known(), &line, at);
    let put: Vec<&str> = candidates.iter().map(|candidate| candidate.put.as_str()).collect();
    assert_eq!((begins, put.as_slice()), (from, expected), "{marked}");
}

#[test]
fn names_and_keywords() {
    for (line, from, expected) in [
        ("sel|", 0, &["select"][..]),
        ("SEL|", 0, &["SELECT"]),
        ("select * from |", 14, &["area", "indicator", "ledger_activity"]),
        ("select * from indi|", 14, &["indicator"]),
        ("select * from area join led|", 24, &["ledger_activity"]),
        ("select ra| from indicator", 7, &["rate_percent"]),
        ("select ra| from area", 7, &[]),
        ("select | from area", 7, &["level", "map", "name"]),
        ("select area_| from indicator", 7, &["area_full_name(", "area_name"]),
        ("select mi|", 7, &["min"]),
        ("select i.ra| from indicator i", 9, &["rate_percent"]),
        ("select i.ra| from indicator AS i", 9, &["rate_percent"]),
        ("select area.l|", 12, &["level"]),
        ("select x.l|", 9, &[]),
        ("set |", 4, &["lantoa.map", "lantoa.as_of", "lantoa.stated_by", "lantoa.release"]),
        ("SET lantoa.st|", 4, &["lantoa.stated_by"]),
        ("select 'Hà', le| from area", 14, &["ledger_activity", "left", "level"]),
        ("select 1 -- sel|", 15, &[]),
        ("select \"ra|", 10, &[]),
    ] {
        check(line, from, expected);
    }
}

#[test]
fn what_stands_in_quotes() {
    for (line, from, expected) in [
        ("where indicator = '|", 19, &["learning_clan'", "learning_family'"][..]),
        ("where indicator = 'learning_f|", 19, &["learning_family'"]),
        ("where indicator in ('learning_clan', 'gia dinh|", 38, &["learning_family'"]),
        ("where area_name = 'bac gi|", 19, &["Bắc Giang'"]),
        ("where area_name = 'Bắc |", 19, &["Bắc Giang'", "Bắc Ninh'", "Bắc Hà'"]),
        ("where area_name = 'dak|", 19, &["Đắk Lắk'"]),
        ("where area_name = 'b|", 19, &["Bắc Giang'", "Bắc Ninh'"]),
        ("where area_name = 'bac gi|'", 19, &["Bắc Giang"]),
        ("where area_name = 'ea h|", 19, &["Ea H''leo'"]),
        ("select * from find_area('bac n|", 25, &["Bắc Ninh'"]),
        ("where area_name is not distinct from 'bac n|", 38, &["Bắc Ninh'"]),
        ("where x = 'learning_c|", 11, &["learning_clan'"]),
        ("set lantoa.map = '2025-07|", 18, &["2025-07-01'"]),
    ] {
        check(line, from, expected);
    }
}

#[test]
fn orders() {
    for (line, from, expected) in [
        ("\\d|", 0, &["\\d", "\\dt", "\\dv", "\\df", "\\di"][..]),
        ("\\d indi|", 3, &["indicator"]),
        ("\\f n|", 3, &["ndjson"]),
        ("\\set st|", 5, &["stated_by"]),
        ("\\set map 2025-06|", 9, &["2025-06-30"]),
        ("\\i a|", 3, &[]),
    ] {
        check(line, from, expected);
    }
}

#[test]
fn the_list_says_what_a_word_is() {
    let (_, candidates) = complete(&known(), "where area_name = 'bac n", 24);
    assert_eq!(candidates[0].shown, "Bắc Ninh (province, district)");
}
