use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_shipped_history_is_whole() {
    let history = AreaHistory::shipped();
    let count = |map: &str, level| history.areas().iter().filter(|a| a.map == day(map) && a.level == level).count();
    assert_eq!(
        [
            count("2025-06-30", AreaLevel::Province),
            count("2025-06-30", AreaLevel::District),
            count("2025-06-30", AreaLevel::Commune),
            count("2025-07-01", AreaLevel::Province),
            count("2025-07-01", AreaLevel::Commune),
        ],
        [63, 696, 10_035, 34, 3_321]
    );
    assert_eq!(history.successions().len(), 10_665);
}

#[test]
fn a_code_is_read_at_its_day() {
    let history = AreaHistory::shipped();
    let name = |code, on| history.resolve(AreaLevel::Province, code, day(on)).map(|a| a.short_name.as_str());
    assert_eq!(name("24", "2022-10-08"), Ok("Bắc Giang"));
    assert_eq!(name("24", "2025-07-01"), Ok("Bắc Ninh"));
    assert_eq!(name("82", "2017-12-31"), Ok("Tiền Giang"));
    assert_eq!(name("82", "2025-07-01"), Ok("Đồng Tháp"));
    assert!(matches!(name("99", "2025-07-01"), Err(AreaError::UnknownCode { .. })));
    assert!(matches!(name("02", "2025-07-01"), Err(AreaError::NotValidThen { .. })));
}

#[test]
fn a_name_of_another_time_is_refused() {
    let history = AreaHistory::shipped();
    let named = |code, on, printed| history.resolve_named(AreaLevel::Province, code, day(on), printed).is_ok();
    assert!(named("24", "2022-10-08", "bac giang"));
    assert!(named("24", "2025-08-01", "Tỉnh Bắc Ninh"));
    assert!(!named("24", "2025-08-01", "Bắc Giang"));
    assert!(named("24", "2025-08-01", "Bac Nính"), "another spelling is no other area");
    assert!(!named("02", "2024-08-01", "Bắc Ninh"), "the name of another province");
}

#[test]
fn a_name_is_found_in_any_spelling() {
    let history = AreaHistory::shipped();
    let found = history.named("bac giang", day("2024-01-01"));
    assert_eq!(
        found.first().map(|id| (history.area(*id).level, history.area(*id).code.as_str())),
        Some((AreaLevel::Province, "24"))
    );
    assert!(history.named("khanh hoa", day("2025-08-01")).iter().any(|id| history.area(*id).code == "56"));
}

#[test]
fn a_kind_before_a_name_narrows_it() {
    let history = AreaHistory::shipped();
    let levels = |name, on| history.named(name, day(on)).iter().map(|id| history.area(*id).level).collect::<Vec<_>>();
    assert!(levels("tra bong", "2024-01-01").contains(&AreaLevel::District));
    assert_eq!(levels("huyen tra bong", "2024-01-01"), [AreaLevel::District]);
    assert_eq!(levels("TP. Huế", "2025-08-01"), [AreaLevel::Province]);
    assert_eq!(levels("quan hoa", "2024-01-01").first(), Some(&AreaLevel::District));
}

#[test]
fn names_are_those_of_the_day() {
    let history = AreaHistory::shipped();
    let name = |code, on: &str| {
        let id = history.find(AreaLevel::Province, code, day(on)).unwrap();
        history.name_on(id, day(on)).to_owned()
    };
    assert_eq!(name("75", "2026-04-29"), "Tỉnh Đồng Nai");
    assert_eq!(name("75", "2026-04-30"), "Thành phố Đồng Nai");
    assert_eq!(name("46", "2024-12-31"), "Tỉnh Thừa Thiên Huế");
    assert_eq!(name("46", "2025-07-01"), "Thành phố Huế");
}

#[test]
fn a_day_before_history_says_what_changed_since() {
    let history = AreaHistory::shipped();
    let change = |level, code, on: &str| {
        let id = history.find(level, code, day(on)).unwrap();
        history.before_history(id, day(on)).map(|change| change.effective_on.to_string())
    };
    assert_eq!(change(AreaLevel::Province, "01", "2007-12-31").as_deref(), Some("2008-08-01"));
    assert_eq!(change(AreaLevel::Province, "01", "2009-12-31"), None);
    assert_eq!(change(AreaLevel::District, "525", "2018-07-16").as_deref(), Some("2020-02-01"));
    assert_eq!(change(AreaLevel::Province, "46", "2024-12-31").as_deref(), Some("2025-01-01"));
    assert_eq!(change(AreaLevel::Province, "02", "1999-12-31"), None);
}

fn province(history: &AreaHistory, code: &str, on: &str) -> AreaId {
    history.find(AreaLevel::Province, code, day(on)).unwrap()
}

#[test]
fn series_are_unchanged_areas_only() {
    let history = AreaHistory::shipped();
    let unchanged = |level| {
        let later = history.iter().filter(|(_, area)| area.level == level && area.map == day("2025-07-01"));
        later.filter(|(id, _)| history.series(*id) != *id).count()
    };
    assert_eq!([unchanged(AreaLevel::Province), unchanged(AreaLevel::Commune)], [11, 132]);
    for (code, one_series) in [("01", true), ("24", false), ("56", false), ("82", false)] {
        let (then, now) = (province(history, code, "2024-12-31"), province(history, code, "2025-08-01"));
        assert_eq!(history.series(then) == history.series(now), one_series, "{code}");
    }
}

#[test]
fn figures_stand_on_another_map_by_the_rules() {
    let history = AreaHistory::shipped();
    let (old, new) = (MapView::new(history, day("2025-06-30")), MapView::new(history, day("2026-01-01")));
    assert_eq!(new.day(), day("2025-07-01"));
    let (ha_giang, tuyen_quang) = (province(history, "02", "2024-12-31"), province(history, "08", "2025-08-01"));
    assert_eq!(new.place(ha_giang), &Place::Whole(tuyen_quang));
    let parts: Vec<_> = new.parts(tuyen_quang).iter().map(|part| history.area(part.area).code.as_str()).collect();
    assert_eq!(parts, ["02", "08"]);
    assert_eq!(
        old.place(tuyen_quang),
        &Place::Of(vec![ha_giang, province(history, "08", "2024-12-31")]),
        "a later total cannot be told apart"
    );
    let hanoi = (province(history, "01", "2024-12-31"), province(history, "01", "2025-08-01"));
    assert_eq!((new.place(hanoi.0), old.place(hanoi.1)), (&Place::Same(hanoi.1), &Place::Same(hanoi.0)));
    let district = history.find(AreaLevel::District, "525", day("2024-12-31")).unwrap();
    assert_eq!(new.place(district), &Place::Nowhere);
    let split = history
        .iter()
        .filter(|(id, area)| area.level == AreaLevel::Commune && matches!(new.place(*id), Place::Main(_)))
        .count();
    assert_eq!(split, 471);
    // Every area of the new map is made of something, and no earlier area is a whole or main part twice.
    let mut counted = std::collections::HashSet::new();
    for (id, area) in history.iter().filter(|(_, area)| area.map == new.day()) {
        let same = history.iter().any(|(other, _)| other != id && new.place(other) == &Place::Same(id));
        assert!(same || !new.parts(id).is_empty(), "{area:?}");
        for part in new.parts(id).iter().filter(|part| part.share != Share::Lesser) {
            assert!(counted.insert(part.area), "{area:?} twice");
        }
    }
}

fn change(id: &str, on: &str, body: serde_json::Value) -> AreaEvent {
    AreaEvent {
        event_id: id.to_owned(),
        effective_on: day(on),
        legal_basis: Some("a resolution".to_owned()),
        body: serde_json::from_value(body).unwrap(),
    }
}

fn row(level: &str, code: &str, name: &str, parent: &str) -> serde_json::Value {
    serde_json::json!({ "level": level, "code": code, "name": name, "short_name": name, "kind": "tỉnh", "parent_code": parent })
}

fn went(level: &str, old: &str, new: &str, whole: bool, is_main: bool) -> serde_json::Value {
    serde_json::json!({
        "old_level": level, "old_code": old, "new_level": level, "new_code": new, "whole": whole, "is_main": is_main
    })
}

#[test]
fn events_bring_further_maps() {
    use serde_json::json;
    let shipped = AreaHistory::shipped();
    let merge = json!({
        "change": "merge", "areas": [row("province", "08", "Tuyên Giang", "00")],
        "succession": [went("province", "08", "08", true, true), went("province", "24", "08", true, true)],
    });
    let rename = json!({ "change": "rename", "areas": [row("province", "01", "Thăng Long", "00")], "succession": [] });
    let events = [change("r", "2028-01-01", rename), change("m", "2027-07-01", merge)];
    let (history, refused) = shipped.with(&events);
    assert_eq!(refused, []);
    assert_eq!(history.version(), 2);
    assert_eq!(history.maps(), [day("2025-06-30"), day("2025-07-01"), day("2027-07-01")]);
    assert_eq!(history.areas().iter().filter(|a| a.holds_on(day("2027-08-01"))).count(), 1 + 33 + 3_321);
    let hanoi = province(&history, "01", "2029-01-01");
    assert_eq!(history.name_on(hanoi, day("2029-01-01")), "Thăng Long");
    assert_eq!(history.name_on(hanoi, day("2027-12-31")), "Thành phố Hà Nội");
    assert_eq!(history.since(hanoi), None, "Hà Nội is one series over three maps");
    // Bắc Giang was in Bắc Ninh first, Hà Giang in Tuyên Quang: all are in the new one.
    let view = MapView::new(&history, day("2027-07-01"));
    let merged = province(&history, "08", "2027-07-01");
    for code in ["02", "08", "24", "27"] {
        assert_eq!(view.place(province(&history, code, "2024-12-31")), &Place::Whole(merged), "{code}");
    }
    let commune = history.children(merged).first().map(|id| history.area(*id).parent_code.clone()).unwrap();
    assert_eq!(commune.as_deref(), Some("08"));
    assert_eq!(shipped.with(&[events[1].clone(), events[0].clone()]).0.areas(), history.areas(), "in any order");
}

#[test]
fn a_change_that_does_not_fit_is_told() {
    use serde_json::json;
    let shipped = AreaHistory::shipped();
    let told = |on: &str, body: serde_json::Value| {
        let (history, refused) = shipped.with(&[change("e", on, body)]);
        assert_eq!(history.areas().len(), shipped.areas().len());
        refused.into_iter().next().map(|(_, error)| error.to_string()).unwrap_or_default()
    };
    let one = |succession: Vec<serde_json::Value>| json!({ "change": "merge", "areas": [row("province", "08", "X", "00")], "succession": succession });
    for (on, body, says) in [
        ("2027-07-01", json!({ "change": "melt", "areas": [], "succession": [] }), "no kind of change"),
        ("2025-01-01", one(vec![went("province", "08", "08", true, true)]), "fixed already"),
        ("2027-07-01", one(vec![went("province", "02", "08", true, true)]), "no province has the code 02"),
        ("2027-07-01", one(vec![]), "another area's code"),
        (
            "2027-07-01",
            json!({ "change": "merge", "areas": [row("province", "99", "X", "00")], "succession": [] }),
            "comes from no area",
        ),
        ("2027-07-01", one(vec![went("province", "08", "09", true, true)]), "not among the areas"),
        ("2027-07-01", one(vec![went("province", "08", "08", false, true)]), "neither whole"),
        (
            "2027-07-01",
            json!({
                "change": "split",
                "areas": [row("province", "08", "X", "00"), row("province", "02", "Y", "00")],
                "succession": [went("province", "08", "08", false, true), went("province", "08", "02", false, false)],
            }),
            "say in which part",
        ),
        (
            "2027-07-01",
            json!({ "change": "rename", "areas": [row("province", "02", "X", "00")], "succession": [] }),
            "no province",
        ),
    ] {
        let error = told(on, body);
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn changes_of_one_day_do_not_speak_of_one_area_twice() {
    use serde_json::json;
    let merge = |id: &str, into: &str, other: &str| {
        let body = json!({
            "change": "merge", "areas": [row("province", into, "X", "00")],
            "succession": [went("province", into, into, true, true), went("province", other, into, true, true)],
        });
        change(id, "2027-07-01", body)
    };
    let (history, refused) = AreaHistory::shipped().with(&[merge("a", "08", "04"), merge("b", "11", "04")]);
    assert_eq!(history.version(), 1);
    let told: Vec<_> = refused.iter().map(|(id, error)| (id.as_str(), error.to_string())).collect();
    assert!(matches!(told.as_slice(), [("b", error)] if error.contains("province 04 already")), "{told:?}");
    let (both, refused) = AreaHistory::shipped().with(&[merge("a", "08", "04"), merge("b", "11", "12")]);
    assert_eq!((both.version(), refused), (2, vec![]));
}

#[test]
fn an_area_lies_in_one_that_is_there() {
    use serde_json::json;
    let body = json!({
        "change": "merge", "areas": [row("province", "40", "X", "77")],
        "succession": [went("province", "40", "40", true, true), went("province", "42", "40", true, true)],
    });
    let (_, refused) = AreaHistory::shipped().with(&[change("e", "2027-07-01", body)]);
    assert!(refused[0].1.to_string().contains("lies in 77"), "{refused:?}");
}

#[test]
fn each_renamed_area_had_its_own_name_and_a_later_name_stays() {
    use serde_json::json;
    let both = json!({
        "change": "rename", "areas": [row("province", "14", "A", "00"), row("province", "15", "B", "00")], "succession": [],
    });
    let early = json!({ "change": "rename", "areas": [row("province", "46", "C", "00")], "succession": [] });
    let events = [change("r", "2026-05-01", both), change("e", "2015-01-01", early)];
    let (history, refused) = AreaHistory::shipped().with(&events);
    assert_eq!(refused, []);
    let name = |code, on: &str| history.name_on(province(&history, code, on), day(on)).to_owned();
    assert_eq!([name("14", "2026-04-15"), name("15", "2026-04-15")], ["Tỉnh Sơn La", "Tỉnh Lào Cai"]);
    assert_eq!([name("14", "2026-05-01"), name("15", "2026-05-01")], ["A", "B"]);
    assert_eq!([name("46", "2014-12-31"), name("46", "2016-01-01")], ["Tỉnh Thừa Thiên Huế", "Tỉnh Thừa Thiên Huế"]);
    assert_eq!(name("46", "2025-03-01"), "Thành phố Huế");
}
