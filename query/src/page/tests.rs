//! The document by itself: escaped, labelled, and without anything that its policy forbids.

use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::page::words::{Lang, words};
use crate::release::{Manifest, Stored, Withdrawn};
use crate::selection::{Asked, Chosen, hits};

fn figure() -> Figure {
    Figure {
        area_code: Some("02".into()),
        area_name: "Hà Giang <script>".into(),
        area_level: Some("province".into()),
        year: 2024,
        scope: Some("household".into()),
        base: "all".into(),
        span: Some("stock".into()),
        count: Some(138_068),
        precision: Some("over".into()),
        denominator: Some(187_624),
        rate_percent: Some(73.587_600_733),
        printed: Some("73.58".into()),
        derivation: Some("stated".into()),
        reason: Some("the target is of unit_in_commune".into()),
        target: Some(70.0),
        target_year: Some(2025),
        target_origin: Some("nation".into()),
        gap: Some(3.587_6),
        source: Some("ha-giang-2024".into()),
        recorded: "2026-01-10T18:00:00Z".parse().ok(),
        value: Some(73.587_600_733),
        ..Figure::default()
    }
}

fn shown(lang: Lang) -> String {
    let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
    let history = knowledge.history();
    let several: Vec<Chosen> = hits("ha giang", history, None).into_iter().map(|id| Chosen::of(id, history)).collect();
    assert!(several.len() > 1);
    let asked = Asked::read("from=2020&find=%22%3E%3Cb%3E", &["find"]).unwrap();
    let form = Form {
        asked: &asked,
        indicator: "learning_family",
        knowledge: &knowledge,
        map: Some("2025-07-01".parse().unwrap()),
        areas: &several[..1],
        which: Some(("\"><b>", &several)),
        releases: &[],
        of_release: false,
    };
    let links = Links { permanent: "/?a=1&b=2".into(), csv: "/c".into(), xlsx: "/x".into(), json: "/j".into() };
    let shown = Shown {
        indicator: knowledge.catalogue().indicator("learning_family").unwrap(),
        figures: &[figure()],
        rows: 7,
        notices: &["as of 2030-01-01: that day has not come; the answer is what is known on 2026-01-15".to_owned()],
        sql: "SELECT * FROM indicator WHERE year < 2025",
        known: Known { as_of: "2026-01-10", catalogue: "1-abc", events: 82 },
        links,
    };
    let (problem, other) = (Some("area: <i>".into()), "/?lang=en".into());
    let page = Page { form, shown: Some(shown), choose: false, problem, other };
    render(&page, words(lang)).into_string()
}

fn release(version: &str, withdrawn: Option<Withdrawn>) -> Stored {
    let manifest = json!({
        "format": 1, "name": "LLW", "version": version, "title": "Tuần lễ <b>", "as_of": "2026-01-15",
        "maps": ["as_reported"], "catalogue": "1-abc", "program": "0.1.0", "events": 82, "ledgers": [], "tables": [],
    });
    let manifest = Manifest::read(manifest.to_string().as_bytes()).unwrap();
    Stored { manifest, sha256: String::new(), withdrawn, folder: PathBuf::new() }
}

#[test]
fn a_release_is_chosen_from_those_that_there_are() {
    let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
    let withdrawn = Withdrawn { reason: "sai".into(), at: "2026-01-16T03:00:00Z".parse().unwrap() };
    let releases = [release("1.0.0", None), release("1.0.1", Some(withdrawn)), release("1.1.0", None)];
    let page = |asked: &str, releases: &[Stored], of_release: bool, choose: bool| {
        let asked = Asked::read(asked, &[]).unwrap();
        let form = Form {
            asked: &asked,
            indicator: "learning_family",
            knowledge: &knowledge,
            map: None,
            areas: &[],
            which: None,
            releases,
            of_release,
        };
        let page = Page { form, shown: None, choose, problem: None, other: "/".into() };
        render(&page, words(Lang::Vi)).into_string()
    };
    let first = page("from=2020", &releases, true, true);
    let at = |part: &str| first.find(part).unwrap_or_else(|| panic!("{part} is not in\n{first}"));
    assert!(at("<option value=\"LLW@1.1.0\">") < at("<option value=\"LLW@1.0.0\">"));
    at("LLW@1.1.0 – Tuần lễ &lt;b&gt; (theo hồ sơ đến 2026-01-15)");
    at("href=\"/?from=2020&amp;release=LLW%401.1.0&amp;lang=vi\"");
    at("<option value=\"\" selected>hãy chọn</option>");
    assert!(!first.contains("LLW@1.0.1") && !first.contains("id=\"as_of\""), "{first}");
    assert!(page("", &[], true, true).contains("Chưa có bản công bố nào."));
    // Whoever may ask for what is known now begins with that, and what is asked for stays.
    let now = page("", &releases, false, false);
    assert!(now.contains("<option value=\"\" selected>số liệu hiện có</option>") && now.contains("id=\"as_of\""));
    let major = page("release=LLW%401", &releases, false, false);
    assert!(major.contains("<option value=\"LLW@1\" selected>LLW@1</option>"), "{major}");
    let exact = page("release=LLW%401.0.0", &releases, true, false);
    assert!(exact.contains("<option value=\"LLW@1.0.0\" selected>"), "{exact}");
    assert_eq!(exact.matches(" selected>LLW").count(), 1);
}

#[test]
fn a_figure_stands_with_all_that_belongs_to_it() {
    let page = shown(Lang::Vi);
    for part in [
        "<html lang=\"vi\">",
        "Gia đình học tập",
        "trên 138.068",
        "187.624",
        "73,59 %",
        "73.58 %",
        "+3,59 điểm %",
        "đến 2025",
        "cấp đặt: cả nước",
        "trên tổng số",
        "nguồn báo cáo",
        "ha-giang-2024",
        "11/01/2026",
        "hộ gia đình",
        "mục tiêu là của đơn vị trên địa bàn cấp xã",
        "Hiện 1 trong 7 dòng",
        "year &lt; 2025",
        "href=\"/?a=1&amp;b=2\"",
        "danh mục 1-abc; 82 sự kiện",
        "Bản đồ từ 01/07/2025: 34 tỉnh",
        "63 tỉnh",
        "theo hồ sơ đến 2030-01-01: ngày đó chưa tới, đây là điều biết được ngày 2026-01-15",
        "<optgroup",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let page = shown(Lang::En);
    for part in ["<html lang=\"en\">", "over 138,068", "73.59 %", "2026-01-11", "the target is of units in communes"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn nothing_from_outside_is_markup_and_nothing_in_it_is_forbidden_by_the_policy() {
    let page = shown(Lang::En);
    assert!(page.contains("Hà Giang &lt;script&gt;") && !page.contains("Hà Giang <script>"));
    assert!(!page.contains("\"><b>") && !page.contains("area: <i>"));
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("<script src=\"/page.js\" defer></script>"));
    for forbidden in ["style=", "onclick", "http://", "https://", "<style"] {
        assert!(!page.contains(forbidden), "{forbidden} is in\n{page}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn every_field_has_a_label_and_every_column_a_head() {
    let page = shown(Lang::Vi);
    for field in ["indicator", "find", "from", "to", "map", "level", "as_of", "stated_by", "release"] {
        assert_eq!(page.matches(&format!(" id=\"{field}\"")).count(), 1, "{field}");
        assert_eq!(page.matches(&format!("for=\"{field}\"")).count(), 1, "{field}");
    }
    let heads = page.matches("<th scope=\"col\">").count();
    let row = page.split("<tbody>").nth(1).and_then(|body| body.split("</tr>").next()).unwrap();
    assert_eq!(row.matches("<td").count() + row.matches("<th scope=\"rowgroup\"").count(), heads);
    assert!(page.contains(&format!("colspan=\"{}\"", heads - 1)));
    // Where a row is a card, each cell has its head with it, in the order of the columns.
    let said: Vec<&str> = row.split("data-head=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let named = page.split("<th scope=\"col\">").skip(2).filter_map(|rest| rest.split('<').next());
    assert_eq!(said, named.collect::<Vec<_>>());
    assert!(page.contains("role=\"img\" aria-labelledby=\"chart-heading\""));
}
