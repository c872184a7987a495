//! How addresses are understood, and that nothing of them becomes SQL.

use super::*;

fn knowledge() -> Knowledge {
    Knowledge::shipped("2026-01-15".parse().unwrap())
}

fn day(day: &str) -> Option<NaiveDate> {
    Some(day.parse().unwrap())
}

fn selected(query: &str, map: Option<NaiveDate>) -> Result<(Selection, Vec<String>), Wrong> {
    let knowledge = knowledge();
    let asked = Asked::read(query, &["view"])?;
    Selection::of(indicator("learning_family", knowledge.catalogue())?, &asked, &knowledge, map)
}

fn areas(query: &str, map: Option<NaiveDate>) -> Vec<String> {
    let (selection, _) = selected(query, map).unwrap();
    selection.areas.iter().map(|area| format!("{} {}", area.word(), area.name)).collect()
}

const OLD: &str = "2024-12-31";
const NEW: &str = "2025-07-01";

#[test]
fn areas_are_found_by_name_code_and_day() {
    for (query, map, expected) in [
        ("area=bac+giang", day(OLD), vec!["province:24@2025-06-30 Bắc Giang"]),
        ("area=24", day(NEW), vec!["province:24@2025-07-01 Bắc Ninh"]),
        ("area=province:24", day(OLD), vec!["province:24@2025-06-30 Bắc Giang"]),
        ("area=province:24@2024-12-31", day(NEW), vec!["province:24@2025-07-01 Bắc Ninh"]),
        ("area=Bac+Giang", None, vec!["province:24@2025-06-30 Bắc Giang"]),
        (
            "area=T%E1%BB%89nh+B%E1%BA%AFc+Giang,27",
            day(OLD),
            vec!["province:24@2025-06-30 Bắc Giang", "province:27@2025-06-30 Bắc Ninh"],
        ),
        ("area=24&area=province:24", day(NEW), vec!["province:24@2025-07-01 Bắc Ninh"]),
    ] {
        assert_eq!(areas(query, map), expected, "{query}");
    }
    // Two provinces in turn have had the code.
    assert_eq!(areas("area=24", None).len(), 2);
    let (selection, notices) = selected("area=ha+giang", day(NEW)).unwrap();
    assert_eq!((selection.areas.len(), selection.areas[0].name.as_str()), (1, "Tuyên Quang"));
    assert!(notices[0].contains("Hà Giang lies in") && notices[0].contains("Tuyên Quang"), "{notices:?}");
}

#[test]
fn what_is_not_understood_is_an_error_that_says_what_would_be_right() {
    for (query, field, says) in [
        ("aera=24", "aera", "did you mean area?"),
        ("from=2020&from=2021", "from", "once"),
        ("from=2025&to=2020", "from", "earlier"),
        ("year=24", "year", "four digits"),
        ("base=al", "base", "registered"),
        ("level=ward", "level", "commune"),
        ("view=statement", "view", "trend"),
        ("subject_scope=families", "subject_scope", "household"),
        ("area=bac+gianng", "area", "Bắc Giang"),
        ("area=ward:24", "area", "province"),
        ("area=province:99", "area", "area"),
        ("area=province:24@soon", "area", "2024-12-31"),
        ("area=99999", "area", "2024-12-31"),
        ("area=tan+thinh", "area", "say which: commune:"),
    ] {
        let error = selected(query, day(OLD)).expect_err(query);
        assert_eq!(error.field, field, "{query}: {error}");
        assert!(error.to_string().contains(says), "{query}: {error}");
    }
    let error = indicator("learning_familly", knowledge().catalogue()).unwrap_err();
    assert!(error.remedy.contains("learning_family"), "{error}");
}

#[test]
fn values_are_bound_or_quoted() {
    let hostile = "household' OR '1'='1";
    let mut selection =
        selected("area=bac+giang&from=2020&year=2024,2025&base=all&subject_scope=household", None).unwrap().0;
    selection.scopes = vec![hostile.to_owned()];
    let (text, values) = selection.bound();
    assert!(!text.contains("household") && !text.contains("2024") && !text.contains("Bắc"), "{text}");
    assert_eq!(values.len(), 9);
    let mut names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), values.len(), "each value has a place of its own");
    let spelled = selection.spelled(&[("map", "as_reported".to_owned())]);
    assert!(spelled.starts_with("SET lantoa.map = 'as_reported';\nSELECT *\nFROM indicator\n"), "{spelled}");
    assert!(spelled.contains("'household'' OR ''1''=''1'"), "{spelled}");
    assert!(spelled.contains("area_name = 'Bắc Giang'") && spelled.contains("year IN (2024, 2025)"), "{spelled}");
}

#[test]
fn an_address_asks_for_the_same_again() {
    for query in [
        "",
        "area=bac+giang,27&from=2020&to=2025&base=all,unknown&level=province&view=trend",
        "year=2024&year=2025&subject_scope=household",
    ] {
        let (selection, _) = selected(query, day(OLD)).unwrap();
        let parameters = selection.parameters();
        let again = address("", parameters.iter().map(|(name, value)| (*name, value.as_str())));
        let again = again.trim_start_matches('?');
        assert_eq!(selected(again, day(OLD)).unwrap().0, selection, "{query} became {again}");
    }
    let asked = Asked::read("area=24&lang=vi", &["lang"]).unwrap();
    assert_eq!(asked.address("/", &[("lang", "en")]), "/?area=24&lang=en");
}
