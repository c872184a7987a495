//! Coverage: who reported, who was late, who is missing.

use std::collections::BTreeMap;

use super::{Place, Report, Section, known, marks, numbers, row, text, words};
use crate::answers::Coverage;
use crate::document::{Block, Cell, Column, Row};
use crate::language::Language;

/// The section.
pub(super) fn section(report: &Report<'_>) -> Section {
    let title = report.say("Tình hình báo cáo", "Who reported").to_owned();
    let Some(map) = report.answers.first_map() else { return (title, Vec::new()) };
    let coverage: Vec<&Coverage> = map.coverage.iter().filter(|row| is_asked(report, row)).collect();
    let mut blocks = vec![Block::Paragraph(told(report, &coverage))];
    let own: Vec<&Coverage> = coverage.iter().copied().filter(|row| is_own(report, row)).collect();
    if !own.is_empty() {
        blocks.push(by_indicator(report, &own));
    }
    match report.place {
        Place::Nation => blocks.extend(by_province(report, &coverage)),
        Place::Province(area) => {
            let missing = report.answers.returns.get(&area.code).map(Vec::as_slice).unwrap_or_default();
            blocks.extend(below(report, missing));
        }
    }
    (title, blocks)
}

/// What returns are asked of: titles and members. Of what was held nobody owes one.
fn asked(report: &Report<'_>) -> Vec<String> {
    report.titles().into_iter().map(|of| of.indicator.clone()).chain(["membership".to_owned()]).collect()
}

fn is_asked(report: &Report<'_>, row: &Coverage) -> bool {
    asked(report).contains(&row.indicator)
}

fn is_own(report: &Report<'_>, row: &Coverage) -> bool {
    row.area_code.as_deref() == Some(report.place.code())
        && row.area_level == if is_nation(report) { "nation" } else { "province" }
}

fn is_nation(report: &Report<'_>) -> bool {
    matches!(report.place, Place::Nation)
}

/// What an area has returned.
fn state(report: &Report<'_>, row: &Coverage) -> String {
    let state = match (row.reported, row.expected) {
        (0, _) => report.say("chưa", "missing").to_owned(),
        (reported, expected) if reported >= expected => report.say("đủ", "whole").to_owned(),
        (reported, expected) => format!("{}/{}", report.language.count(reported), report.language.count(expected)),
    };
    match row.late {
        Some(true) => format!("{state}, {}", report.say("muộn", "late")),
        _ => state,
    }
}

fn told(report: &Report<'_>, coverage: &[&Coverage]) -> String {
    let (language, year) = (report.language, report.answers.year);
    let count = |number: usize| language.count(i64::try_from(number).unwrap_or_default());
    if is_nation(report) {
        let mut provinces: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
        for row in coverage.iter().filter(|row| row.area_level == "province") {
            let (any, late) = provinces.entry(row.area_code.as_deref().unwrap_or_default()).or_default();
            *any |= row.reported > 0;
            *late |= row.late == Some(true);
        }
        let all = report.answers.first_map().map_or(0, |map| map.provinces.len());
        let some = provinces.values().filter(|(any, _)| *any).count();
        let late = count(provinces.values().filter(|(_, late)| *late).count());
        // Without a day by which they are due none can be late.
        let late = match coverage.iter().any(|row| row.due.is_some()) {
            true => match language {
                Language::Vietnamese => format!("{late} nơi có chỉ tiêu báo cáo muộn"),
                Language::English => format!("{late} reported something late"),
            },
            false => report
                .say("chưa có hạn báo cáo nào được ghi nhận", "no day by which it was due is on record")
                .to_owned(),
        };
        return match language {
            Language::Vietnamese => format!(
                "Đến ngày chốt số liệu, {} trên {} tỉnh, thành phố đã có ít nhất một chỉ tiêu của năm {year} được báo cáo, kể cả \
                 báo cáo một phần; {} nơi chưa có chỉ tiêu nào; {late}.",
                count(some),
                count(all),
                count(all.saturating_sub(some))
            ),
            Language::English => format!(
                "By the day of knowledge {} of {} provinces had at least one indicator of {year} reported, in whole or in part; {} \
                 had none; {late}.",
                count(some),
                count(all),
                count(all.saturating_sub(some))
            ),
        };
    }
    let own: Vec<&&Coverage> = coverage.iter().filter(|row| is_own(report, row)).collect();
    let (some, whole) = (
        own.iter().filter(|row| row.reported > 0).count(),
        own.iter().filter(|row| row.reported >= row.expected).count(),
    );
    let (place, all) = (report.place.name(language), asked(report).len());
    match language {
        Language::Vietnamese => format!(
            "{place} có {} trên {} chỉ tiêu của năm {year} được báo cáo, trong đó {} chỉ tiêu đủ các địa bàn phải báo cáo.",
            count(some),
            count(all),
            count(whole)
        ),
        Language::English => format!(
            "{place}: {} of {} indicators of {year} are reported, {} of them by all areas that should.",
            count(some),
            count(all),
            count(whole)
        ),
    }
}

fn by_indicator(report: &Report<'_>, own: &[&Coverage]) -> Block {
    let columns = vec![
        words(report.say("Chỉ tiêu", "Indicator"), 3.0),
        numbers(report.say("Phải báo cáo", "Expected"), 1.2),
        numbers(report.say("Đã báo cáo", "Reported"), 1.2),
        numbers(report.say("Tỷ lệ (%)", "Share (%)"), 1.1),
        marks(report.say("Hạn", "Due"), 1.4),
        marks(report.say("Muộn", "Late"), 1.0),
    ];
    let line = |coverage: &&Coverage| {
        row(vec![
            text(report.indicator_name(&coverage.indicator)),
            Cell::Count(coverage.expected, None),
            Cell::Count(coverage.reported, None),
            known(coverage.coverage_percent, |covered| Cell::Number(covered, 1)),
            known(coverage.due, Cell::Day),
            known(coverage.late, |late| text(if late { report.say("có", "yes") } else { report.say("không", "no") })),
        ])
    };
    let place = report.place.name(report.language);
    let caption = match report.language {
        Language::Vietnamese => format!("{place}: báo cáo năm {} theo chỉ tiêu", report.year()),
        Language::English => format!("{place}: returns of {} by indicator", report.year()),
    };
    Block::Table(report.table("returns_by_indicator", &caption, false, columns, own.iter().map(line).collect()))
}

/// Every province, with what it returned of each indicator.
fn by_province(report: &Report<'_>, coverage: &[&Coverage]) -> Option<Block> {
    let map = report.answers.first_map()?;
    let indicators = asked(report);
    let heads = indicators.iter().map(|id| Column { group: None, ..marks(&report.indicator_name(id), 1.2) });
    let columns = std::iter::once(words(report.say("Tỉnh, thành phố", "Province"), 1.8)).chain(heads).collect();
    let cell = |code: &str, id: &str| {
        let mut rows = coverage.iter().filter(|row| row.area_level == "province" && row.indicator == id);
        let row = rows.find(|row| row.area_code.as_deref() == Some(code));
        text(row.map_or_else(|| report.say("chưa", "missing").to_owned(), |row| state(report, row)))
    };
    let rows: Vec<Row> = map
        .provinces
        .iter()
        .map(|area| {
            let cells = indicators.iter().map(|id| cell(&area.code, id));
            row(std::iter::once(text(&area.short_name)).chain(cells).collect())
        })
        .collect();
    let caption = match report.language {
        Language::Vietnamese => format!("Tỉnh, thành phố nào đã báo cáo chỉ tiêu nào của năm {}", report.year()),
        Language::English => format!("Which province has returned what of {}", report.year()),
    };
    let mut table = report.table("returns_by_province", &caption, false, columns, rows);
    table.notes.push(
        report
            .say(
                "“đủ”: chính tỉnh báo cáo hoặc mọi địa bàn của tỉnh đã báo cáo; “1/2”: một trên hai địa bàn phải báo cáo; “chưa”: không có \
                 báo cáo nào.",
                "“whole”: the province itself or all areas in it have reported; “1/2”: one of two that should; “missing”: none.",
            )
            .to_owned(),
    );
    Some(Block::Table(table))
}

/// What a province itself has to report, with what nobody there has reported of.
pub(super) fn owed(report: &Report<'_>, coverage: &[Coverage]) -> Vec<Coverage> {
    let Place::Province(area) = report.place else { return Vec::new() };
    let of = |indicator: String| {
        let known = coverage.iter().find(|row| row.indicator == indicator && is_own(report, row)).cloned();
        known.unwrap_or_else(|| Coverage {
            indicator,
            area_code: Some(area.code.clone()),
            area_name: area.short_name.clone(),
            area_level: "province".to_owned(),
            expected: 1,
            reported: 0,
            coverage_percent: None,
            due: None,
            late: None,
        })
    };
    asked(report).into_iter().map(of).collect()
}

/// What is missing or late below a province, an area a row.
pub(super) fn below(report: &Report<'_>, missing: &[Coverage]) -> Option<Block> {
    let mut areas: BTreeMap<(&str, &str), [Vec<String>; 2]> = BTreeMap::new();
    for coverage in missing.iter().filter(|row| is_asked(report, row)) {
        let area = (coverage.area_code.as_deref().unwrap_or_default(), coverage.area_name.as_str());
        let [lacking, late] = areas.entry(area).or_default();
        let name = report.indicator_name(&coverage.indicator);
        if coverage.reported < coverage.expected {
            lacking.push(name);
        } else {
            late.push(name);
        }
    }
    if areas.is_empty() {
        return None;
    }
    let columns = vec![
        marks(report.say("Mã", "Code"), 0.9),
        words(report.say("Địa bàn", "Area"), 2.0),
        words(report.say("Chưa báo cáo", "Missing"), 4.0),
        words(report.say("Báo cáo muộn", "Late"), 2.5),
    ];
    let rows = areas
        .iter()
        .map(|((code, name), [lacking, late])| {
            row(vec![text(*code), text(*name), text(lacking.join("; ")), text(late.join("; "))])
        })
        .collect();
    let caption = match report.language {
        Language::Vietnamese => format!("Địa bàn chưa báo cáo hoặc báo cáo muộn trong năm {}", report.year()),
        Language::English => format!("Areas whose returns of {} are missing or came late", report.year()),
    };
    Some(Block::Table(report.table("returns_missing", &caption, false, columns, rows)))
}
