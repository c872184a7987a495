//! The course since the first year known.

use std::collections::BTreeMap;

use super::{DECIMALS, Report, Section, known, marks, numbers, row, text, words};
use crate::answers::{Figure, OnMap};
use crate::document::{Block, Cell, Line, Plot, Row};
use crate::language::Language;

/// The section.
pub(super) fn section(report: &Report<'_>) -> Section {
    let title = report.say("Diễn biến qua các năm", "The course over the years").to_owned();
    let Some(map) = report.answers.first_map() else { return (title, Vec::new()) };
    let own: Vec<&Figure> = titles(report, map).filter(|figure| report.place.is(figure)).collect();
    if own.is_empty() {
        let nothing = match report.language {
            Language::Vietnamese => {
                format!("{}: chưa có số liệu của năm nào được ghi nhận.", report.place.name(report.language))
            }
            Language::English => format!("{}: nothing is on record for any year.", report.place.name(report.language)),
        };
        return (title, vec![Block::Paragraph(nothing)]);
    }
    let mut blocks = vec![Block::Paragraph(told(report, &own))];
    blocks.extend(lines(report, &own));
    let columns = vec![
        words(report.say("Mô hình", "Model"), 2.6),
        words(report.say("Cơ sở tính", "Base"), 2.2),
        marks(report.say("Năm", "Year"), 0.9),
        numbers(report.say("Được công nhận", "Recognised"), 1.6),
        numbers(report.say("Tổng số", "Of"), 1.5),
        numbers(report.say("Tỷ lệ (%)", "Rate (%)"), 1.1),
        numbers(report.say("Thay đổi (điểm %)", "Change (points)"), 1.3),
        numbers(report.say("Địa bàn đã báo cáo (%)", "Areas reporting (%)"), 1.3),
    ];
    let rows = own.iter().map(|figure| line(report, figure)).collect();
    let caption = match report.language {
        Language::Vietnamese => format!("{}: các mô hình học tập qua các năm", report.place.name(report.language)),
        Language::English => format!("{}: learning models over the years", report.place.name(report.language)),
    };
    blocks.push(Block::Table(report.table("course", &caption, false, columns, rows)));
    blocks.push(Block::Note(
        report
            .say(
                "Thay đổi chỉ được tính giữa hai năm cùng phạm vi, cùng cơ sở tính và cùng bộ tiêu chí.",
                "A change is only told between figures of the same scope, base and criteria.",
            )
            .to_owned(),
    ));
    (title, blocks)
}

/// What is known of recognised titles, by model and year.
fn titles<'a>(report: &'a Report<'_>, map: &'a OnMap) -> impl Iterator<Item = &'a Figure> {
    report.titles().into_iter().flat_map(move |indicator| {
        map.figures.iter().filter(move |figure| figure.indicator == indicator.indicator && figure.is_known())
    })
}

fn line(report: &Report<'_>, figure: &Figure) -> Row {
    row(vec![
        text(report.indicator_name(&figure.indicator)),
        text(report.scope_and_base(figure.subject_scope.as_deref(), figure.base.as_deref())),
        Cell::Year(figure.year),
        report.count(figure.numerator, figure.numerator_precision.as_deref()),
        report.count(figure.denominator, None),
        report.rate(figure),
        known(figure.change_points, |change| Cell::Change(change, DECIMALS)),
        known(figure.coverage_percent, |covered| Cell::Number(covered, 1)),
    ])
}

/// Since when something is known, and how the models went up and down.
fn told(report: &Report<'_>, own: &[&Figure]) -> String {
    let years = || own.iter().map(|figure| figure.year);
    let (first, last) = (years().min().unwrap_or_default(), years().max().unwrap_or_default());
    let of_year = own.iter().filter(|figure| figure.year == report.year());
    let (mut up, mut down, mut same) = (0, 0, 0);
    for change in of_year.filter_map(|figure| figure.change_points) {
        match change {
            change if change > 0.0 => up += 1,
            change if change < 0.0 => down += 1,
            _ => same += 1,
        }
    }
    let place = report.place.name(report.language);
    let compared = up + down + same;
    match (report.language, compared) {
        (Language::Vietnamese, 0) => format!(
            "{place} có số liệu từ năm {first} đến năm {last}. Chưa có tỷ lệ nào của năm {} so sánh được với kỳ trước.",
            report.year()
        ),
        (Language::Vietnamese, _) => format!(
            "{place} có số liệu từ năm {first} đến năm {last}. Trong {compared} tỷ lệ của năm {} so sánh được với kỳ trước, {up} \
             tăng, {down} giảm, {same} không đổi.",
            report.year()
        ),
        (Language::English, 0) => format!(
            "{place}: figures are known from {first} to {last}. No rate of {} compares with the one before it.",
            report.year()
        ),
        (Language::English, _) => format!(
            "{place}: figures are known from {first} to {last}. Of {compared} rates of {} that compare with the one before, {up} \
             went up, {down} went down, {same} stayed.",
            report.year()
        ),
    }
}

/// A line a model: of its scopes and bases the one with most years.
fn lines(report: &Report<'_>, own: &[&Figure]) -> Option<Block> {
    type Kind<'a> = (&'a str, Option<&'a str>, Option<&'a str>);
    let mut series: BTreeMap<Kind<'_>, Vec<(i32, f64)>> = BTreeMap::new();
    for figure in own.iter().filter(|figure| figure.is_stock()) {
        let (Some(percent), Ok(year)) = (figure.percent(), i32::try_from(figure.year)) else { continue };
        let key = (figure.indicator.as_str(), figure.subject_scope.as_deref(), figure.base.as_deref());
        series.entry(key).or_default().push((year, percent));
    }
    let mut lines: Vec<Line> = Vec::new();
    for indicator in report.titles() {
        let of_model = series.iter().filter(|((id, ..), _)| *id == indicator.indicator);
        // Of equals the first by name, so that it is the same each time.
        let longest = of_model.reduce(|best, next| if next.1.len() > best.1.len() { next } else { best });
        if let Some(((_, _, base), points)) = longest {
            let name = format!("{}, {}", report.say(&indicator.name_vi, &indicator.name_en), report.base(*base));
            let mut points = points.clone();
            points.sort_by_key(|(year, _)| *year);
            points.dedup_by_key(|(year, _)| *year);
            lines.push(Line { name, points });
        }
    }
    lines.truncate(8);
    // A single year has no course.
    if lines.iter().all(|line| line.points.len() < 2) {
        return None;
    }
    let place = report.place.name(report.language);
    let (caption, alternative) = match report.language {
        Language::Vietnamese => (
            format!("{place}: tỷ lệ được công nhận qua các năm"),
            format!("{place}: {} đường, mỗi mô hình học tập một đường.", lines.len()),
        ),
        Language::English => (
            format!("{place}: share recognised over the years"),
            format!("{place}: {} lines, one a learning model.", lines.len()),
        ),
    };
    Some(report.chart("course", &caption, alternative, Plot::Lines { unit: "%".to_owned(), lines }))
}
