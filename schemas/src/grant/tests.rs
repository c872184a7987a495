//! Who may report what, over the history that ships: Bắc Giang (24) and the former Bắc Ninh (27) became Bắc Ninh (24), Hà
//! Nội (01) stayed as it was, and its communes did not.

use super::*;
use crate::area::AreaEvent;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const BEFORE: &str = "2024-12-31";
const AFTER: &str = "2025-08-01";

fn grant(areas: &str, through_changes: bool) -> Grant {
    let areas = areas.split(' ').map(|area| area.parse().unwrap()).collect();
    let families = [Family::Statement, Family::Activity, Family::Reference].into_iter().collect();
    Grant { families, areas: Scope::Areas { areas, through_changes } }
}

/// Whether a statement of an area, written as those of a grant are, may be sent.
fn reports(grant: &Grant, area: &str) -> bool {
    reports_by(AreaHistory::shipped(), grant, area)
}

fn reports_by(history: &AreaHistory, grant: &Grant, area: &str) -> bool {
    let GrantedArea { level, code, day } = area.parse().unwrap();
    let answer = grant.may_report(history, Family::Statement, Some(level), Some(&code), Some(day), None);
    answer.inspect_err(|problem| assert_eq!(problem.field, "area_code")).inspect_err(is_told_in_vietnamese).is_ok()
}

fn is_told_in_vietnamese(problem: &Problem) {
    assert!(problem.in_vietnamese().is_some(), "reason.toml has no words for {problem:?}");
}

#[test]
fn a_province_that_merged_speaks_for_itself_and_through_changes_for_its_part() {
    let (plain, through) = (grant("province/24@2024-12-31", false), grant("province/24@2024-12-31", true));
    for (area, without, with) in [
        ("province/24@2022-10-08", true, true),
        ("district/213@2024-12-31", true, true),
        ("commune/07210@2024-12-31", true, true),
        // The code is Bắc Ninh's now, which has more than Bắc Giang.
        ("province/24@2025-08-01", false, false),
        ("province/27@2024-12-31", false, false),
        ("commune/09169@2024-12-31", false, false),
        ("nation/00@2024-12-31", false, false),
        ("nation/00@2025-08-01", false, false),
        // Phường Bắc Giang, of communes of Bắc Giang alone; Phường Vũ Ninh, of those of the former Bắc Ninh.
        ("commune/07210@2025-08-01", false, true),
        ("commune/09169@2025-08-01", false, false),
        ("province/01@2025-08-01", false, false),
    ] {
        assert_eq!((reports(&plain, area), reports(&through, area)), (without, with), "{area}");
    }
    let history = AreaHistory::shipped();
    let count = |grant: &Grant| {
        let reach = grant.by(history);
        history.iter().filter(|(id, area)| area.map == day("2025-07-01") && reach.holds(*id)).count()
    };
    assert_eq!((count(&plain), count(&through)), (0, 58), "58 of the 99 communes of Bắc Ninh were Bắc Giang's");
}

#[test]
fn the_merged_province_speaks_for_what_went_into_it_through_changes_alone() {
    let (plain, through) = (grant("province/24@2025-08-01", false), grant("province/24@2025-08-01", true));
    for (area, without, with) in [
        ("province/24@2025-08-01", true, true),
        ("commune/07210@2025-08-01", true, true),
        ("province/24@2024-12-31", false, true),
        ("province/27@2024-12-31", false, true),
        ("district/213@2024-12-31", false, true),
        ("commune/09169@2024-12-31", false, true),
        ("province/01@2024-12-31", false, false),
    ] {
        assert_eq!((reports(&plain, area), reports(&through, area)), (without, with), "{area}");
    }
}

#[test]
fn a_province_that_stayed_the_same_is_one_area_through_time() {
    for through_changes in [false, true] {
        for granted in ["province/01@2024-12-31", "province/01@2025-08-01"] {
            let grant = grant(granted, through_changes);
            for area in ["province/01@2024-12-31", "province/01@2025-08-01", "commune/00004@2025-08-01"] {
                assert!(reports(&grant, area), "{granted} {area}");
            }
            assert!(!reports(&grant, "province/24@2024-12-31"));
        }
    }
}

#[test]
fn districts_and_communes_have_their_own_and_what_is_made_of_it() {
    let district = grant("district/213@2024-12-31", true);
    for (area, may) in [
        ("district/213@2024-12-31", true),
        ("commune/07201@2024-12-31", true),
        ("commune/07210@2025-08-01", true),
        ("province/24@2024-12-31", false),
        ("district/215@2024-12-31", false),
    ] {
        assert_eq!(reports(&district, area), may, "{area}");
    }
    // Phường Ba Đình: of some communes all, of others a part.
    let (plain, through) = (grant("commune/00004@2025-08-01", false), grant("commune/00004@2025-08-01", true));
    for (area, without, with) in [
        ("commune/00004@2025-08-01", true, true),
        ("commune/00013@2024-12-31", false, true),
        ("commune/00016@2024-12-31", false, false),
        ("commune/00008@2025-08-01", false, false),
        ("province/01@2025-08-01", false, false),
    ] {
        assert_eq!((reports(&plain, area), reports(&through, area)), (without, with), "{area}");
    }
    let two = grant("province/24@2024-12-31 province/27@2024-12-31", true);
    assert!(reports(&two, "province/24@2025-08-01"), "all of it was granted");
}

#[test]
fn a_change_elsewhere_silences_nobody_and_a_later_merger_is_as_the_first() {
    let went = |old: &str| {
        serde_json::json!({
            "old_level": "province", "old_code": old, "new_level": "province", "new_code": "97", "whole": true,
            "is_main": true
        })
    };
    let area = serde_json::json!({
        "level": "province", "code": "97", "name": "Tỉnh Tuyên Ninh", "short_name": "Tuyên Ninh", "kind": "tỉnh",
        "parent_code": "00"
    });
    let body = serde_json::json!({ "change": "merge", "areas": [area], "succession": [went("08"), went("24")] });
    let change = AreaEvent {
        event_id: "merger".to_owned(),
        effective_on: day("2026-01-01"),
        legal_basis: None,
        body: serde_json::from_value(body).unwrap(),
    };
    let (history, refused) = AreaHistory::shipped().with(&[change]);
    assert!(refused.is_empty(), "{refused:?}");
    let hanoi = grant("province/01@2024-12-31", false);
    assert!(reports_by(&history, &hanoi, "province/01@2026-02-01"));
    assert!(reports_by(&history, &hanoi, "commune/00004@2026-02-01"));
    let giang = grant("province/24@2024-12-31", true);
    assert!(reports_by(&history, &giang, "commune/07210@2026-02-01"));
    assert!(!reports_by(&history, &giang, "province/97@2026-02-01"));
    let merged = grant("province/97@2026-02-01", true);
    assert!(reports_by(&history, &merged, "province/27@2024-12-31"));
}

#[test]
fn a_name_without_a_code_has_to_lie_in_the_grant_whichever_is_meant() {
    let history = AreaHistory::shipped();
    let giang = grant("province/24@2024-12-31", true);
    let named = |grant: &Grant, level, name, on: Option<&str>| {
        let answer = grant.may_report(history, Family::Statement, level, None, on.map(day), Some(name));
        answer.inspect_err(is_told_in_vietnamese).is_ok()
    };
    assert!(named(&giang, Some(AreaLevel::Province), "Bắc Giang", Some(BEFORE)));
    assert!(named(&giang, None, "bac giang", Some(BEFORE)), "province and city are both in it");
    assert!(named(&giang, None, "Phường Bắc Giang", Some(AFTER)));
    assert!(!named(&giang, None, "Bắc Giang", None));
    assert!(!named(&giang, None, "Bắc Ninh", Some(BEFORE)));
    assert!(!named(&giang, None, "the village by the river", Some(BEFORE)));
    assert!(named(&Grant::of_everything(), None, "the village by the river", None));
}

#[test]
fn families_are_granted_by_themselves_and_reference_events_with_the_nation() {
    let history = AreaHistory::shipped();
    let giang = grant("province/24@2024-12-31", true);
    let says = |grant: &Grant, family| {
        let answer = grant.may_report(history, family, Some(AreaLevel::Province), Some("24"), Some(day(BEFORE)), None);
        answer.inspect_err(is_told_in_vietnamese).map_err(|problem| (problem.field, problem.reason))
    };
    assert_eq!(says(&giang, Family::Activity), Ok(()));
    let (field, reason) = says(&giang, Family::Membership).unwrap_err();
    assert!(field == "type" && reason.contains("membership"), "{reason}");
    let (field, reason) = says(&giang, Family::Reference).unwrap_err();
    assert!(field == "type" && reason.contains("Tỉnh Bắc Giang (24) alone"), "{reason}");
    let nation = Grant { areas: Scope::Nation, ..giang };
    assert_eq!(says(&nation, Family::Reference), Ok(()));
    assert!(says(&nation, Family::Membership).is_err());
}

#[test]
fn a_refusal_says_what_the_token_is_for() {
    let history = AreaHistory::shipped();
    let say = |grant: &Grant, code| {
        let (level, day) = (Some(AreaLevel::Commune), Some(day(AFTER)));
        grant.may_report(history, Family::Statement, level, Some(code), day, None).unwrap_err()
    };
    let problem = say(&grant("province/24@2024-12-31", false), "07210");
    assert_eq!(
        problem.reason,
        "Phường Bắc Giang on 2025-08-01 does not lie in Tỉnh Bắc Giang (24), for which this token speaks"
    );
    assert!(problem.remedy.contains("through changes"), "{}", problem.remedy);
    let other = say(&grant("province/24@2024-12-31", false), "09169");
    assert!(other.remedy.contains("token of that area"), "{}", other.remedy);
    let vietnamese = problem.in_vietnamese().unwrap().reason;
    assert!(vietnamese.contains("Phường Bắc Giang") && vietnamese.contains("Tỉnh Bắc Giang (24)"), "{vietnamese}");
}

#[test]
fn areas_of_a_grant_read_back() {
    for text in ["province/24@2024-12-31", "commune/07210@2025-07-01", "nation/00@2025-07-01"] {
        assert_eq!(text.parse::<GrantedArea>().unwrap().to_string(), text);
    }
    for text in [
        "24",
        "province/24",
        "town/24@2024-12-31",
        "province/2@2024-12-31",
        "province/24@2024",
        "province/Bắc@2024-12-31",
    ] {
        assert_eq!(text.parse::<GrantedArea>(), Err(NoGrantedArea), "{text}");
    }
}
