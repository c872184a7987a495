//! Members of the Association for Promoting Education.

use super::{DECIMALS, Report, Section, known, numbers, text, words};
use crate::answers::Figure;
use crate::document::{Block, Cell, Row};
use crate::language::Language;

/// The section.
pub(super) fn section(report: &Report<'_>) -> Section {
    let title = report.say("Hội viên Hội Khuyến học", "Members of the Association for Promoting Education").to_owned();
    let figures: Vec<&Figure> =
        report.answers.first_map().map(|map| of_members(report, &map.figures)).unwrap_or_default();
    let mut blocks: Vec<Block> = figures
        .iter()
        .filter(|figure| report.place.is(figure))
        .filter_map(|figure| told(report, figure))
        .map(Block::Paragraph)
        .collect();
    if blocks.is_empty() {
        let nothing = match report.language {
            Language::Vietnamese => format!(
                "{} chưa có số liệu về hội viên của năm {} được ghi nhận.",
                report.place.name(report.language),
                report.year()
            ),
            Language::English => {
                format!(
                    "{}: nothing is on record about members in {}.",
                    report.place.name(report.language),
                    report.year()
                )
            }
        };
        blocks.push(Block::Paragraph(nothing));
    }
    if figures.is_empty() {
        return (title, blocks);
    }
    let columns = vec![
        words(report.say("Địa bàn", "Area"), 2.0),
        words(report.say("Chỉ tiêu", "Indicator"), 2.6),
        words(report.say("Cơ sở tính", "Base"), 1.8),
        numbers(report.say("Số lượng", "Count"), 1.5),
        numbers(report.say("Trên tổng số", "Of"), 1.5),
        numbers(report.say("Tỷ lệ (%)", "Rate (%)"), 1.0),
        numbers(report.say("Thay đổi (điểm %)", "Change (points)"), 1.2),
        words(report.say("Ghi chú", "Remarks"), 3.2),
    ];
    let rows = figures.iter().map(|figure| line(report, figure)).collect();
    let caption = match report.language {
        Language::Vietnamese => format!("Hội viên năm {} theo địa bàn", report.year()),
        Language::English => format!("Members in {}, by area", report.year()),
    };
    blocks.push(Block::Table(report.table("members", &caption, false, columns, rows)));
    (title, blocks)
}

/// What is known of the year, the nation first.
fn of_members<'a>(report: &Report<'_>, figures: &'a [Figure]) -> Vec<&'a Figure> {
    let is_of_members = |figure: &&Figure| {
        figure.indicator.starts_with("membership")
            && figure.year == report.year()
            && figure.is_known()
            && report.place.holds(figure)
    };
    let mut figures: Vec<&Figure> = figures.iter().filter(is_of_members).collect();
    figures.sort_by_key(|figure| (!figure.is_of_nation(), figure.area_code.clone(), figure.indicator.clone()));
    figures
}

fn line(report: &Report<'_>, figure: &Figure) -> Row {
    Row {
        is_total: figure.is_of_nation(),
        cells: vec![
            text(&figure.area_name),
            text(report.indicator_name(&figure.indicator)),
            text(report.base(figure.base.as_deref())),
            report.count(figure.numerator, figure.numerator_precision.as_deref()),
            report.count(figure.denominator, None),
            report.rate(figure),
            known(figure.change_points, |change| Cell::Change(change, DECIMALS)),
            report.remark(figure),
        ],
    }
}

fn told(report: &Report<'_>, figure: &Figure) -> Option<String> {
    let count = report.counted(figure.numerator?, figure.numerator_precision.as_deref());
    let name = counted(report, figure);
    let place = report.those(figure);
    let base = report.base(figure.base.as_deref());
    let rate = figure
        .percent()
        .map(|percent| format!("{}{} ({base})", report.say(", bằng ", ", "), report.percent(percent)))
        .unwrap_or_default();
    let change = report.change(figure).map(|change| format!(", {change}")).unwrap_or_default();
    let covered = report.covered(figure).unwrap_or_default();
    let year = report.year();
    Some(match report.language {
        Language::Vietnamese => format!("Năm {year}, {name} của {place} là {count}{rate}{change}{covered}."),
        Language::English => format!("In {year} {name} of {place}: {count}{rate}{change}{covered}."),
    })
}

/// What is counted, in words: the catalogue's numerator.
fn counted(report: &Report<'_>, figure: &Figure) -> String {
    let numerator = report.answers.indicators.get(&figure.indicator).and_then(|indicator| match report.language {
        Language::Vietnamese => indicator.numerator_vi.clone(),
        Language::English => indicator.numerator_en.clone(),
    });
    super::place::lower_first(&numerator.unwrap_or_else(|| report.indicator_name(&figure.indicator)))
}
