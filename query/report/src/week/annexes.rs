//! The annexes: what to look at again, what was told in two ways, how figures were made, what changed since the version before.

use std::collections::BTreeSet;

use super::{DECIMALS, Place, Report, Section, known, marks, numbers, row, text, words};
use crate::answers::{Change, Figure, Ground, Indicator, OnMap, Reconciled, Source, Suspicious};
use crate::document::{Block, Cell, Row};
use crate::language::Language;

/// All of them.
pub(super) fn all(report: &Report<'_>) -> Vec<Section> {
    let mut annexes = vec![checks(report), made(report)];
    annexes.extend(changed(report));
    annexes
}

/// The rows of the report's area: of the nation those of the nation itself and its provinces, of a province all that is in it.
fn of_place<'a, T>(
    report: &Report<'_>,
    rows: &'a std::collections::HashMap<String, Vec<T>>,
    code: fn(&T) -> Option<&str>,
) -> Vec<&'a T> {
    match report.place {
        Place::Nation => {
            let mut homes: Vec<_> = rows.iter().collect();
            homes.sort_by_key(|(home, _)| home.as_str());
            let rows = homes.into_iter().flat_map(|(_, rows)| rows);
            // Provinces have codes of two digits.
            rows.filter(|row| code(row).is_none_or(|code| code.len() <= 2)).collect()
        }
        Place::Province(area) => rows.get(&area.code).map(|rows| rows.iter().collect()).unwrap_or_default(),
    }
}

/// Figures to look at again, and figures told in two ways.
fn checks(report: &Report<'_>) -> Section {
    let title = report.say("Số liệu cần kiểm tra lại và đối chiếu", "Figures to look at again, and told in two ways");
    let mut blocks = Vec::new();
    for (number, (heading, part)) in [suspicious(report), reconciled(report)].into_iter().enumerate() {
        blocks.push(report.part(number + 1, &heading));
        blocks.extend(part);
    }
    (title.to_owned(), blocks)
}

fn suspicious(report: &Report<'_>) -> Section {
    let title = report.say("Số liệu cần kiểm tra lại", "Figures to look at again").to_owned();
    let rows = of_place(report, &report.answers.suspicious, |row: &Suspicious| row.area_code.as_deref());
    let all: usize = report.answers.suspicious.values().map(Vec::len).sum();
    let below = if matches!(report.place, Place::Nation) { all.saturating_sub(rows.len()) } else { 0 };
    let lead = match (report.language, rows.is_empty()) {
        (Language::Vietnamese, true) => "Ở cấp này không có số liệu nào trái với các quy tắc kiểm tra.",
        (Language::Vietnamese, false) => {
            "Các số liệu dưới đây trái với quy tắc kiểm tra. Chúng được nêu nguyên như nguồn báo cáo và không bị sửa; cơ quan báo cáo cần \
             xác nhận hoặc đính chính."
        }
        (Language::English, true) => "No figure of this level breaks a rule.",
        (Language::English, false) => {
            "The figures below break a rule. They are told as they were reported and are not changed; whoever reported them is asked to \
             confirm or correct them."
        }
    };
    let below = report.language.count(i64::try_from(below).unwrap_or_default());
    let lead = match (report.language, below.as_str()) {
        (_, "0") => lead.to_owned(),
        (Language::Vietnamese, below) => {
            format!("{lead} Ở cấp xã, huyện còn {below} số liệu cần kiểm tra, nêu trong báo cáo của từng tỉnh.")
        }
        (Language::English, below) => {
            format!("{lead} Below the provinces there are {below} more, which the reports of the provinces tell.")
        }
    };
    let mut blocks = vec![Block::Paragraph(lead)];
    if !rows.is_empty() {
        let columns = vec![
            words(report.say("Địa bàn", "Area"), 1.6),
            marks(report.say("Năm", "Year"), 0.8),
            words(report.say("Chỉ tiêu", "Measure"), 2.0),
            words(report.say("Vì sao cần kiểm tra", "Why"), 5.0),
            words(report.say("Nguồn", "Source"), 2.4),
        ];
        let line = |found: &&Suspicious| {
            row(vec![
                known(found.area_name.as_deref(), text),
                known(found.year, Cell::Year),
                text(report.indicator_name(&found.measure)),
                known(found.explanation.as_deref(), |said| text(report.told(said))),
                known(found.source.as_deref(), text),
            ])
        };
        let lines = rows.iter().map(line).collect();
        blocks.push(Block::Table(report.table("suspicious", &title, false, columns, lines)));
    }
    (title, blocks)
}

fn reconciled(report: &Report<'_>) -> Section {
    let title = report.say("Đối chiếu số liệu", "Figures told in two ways").to_owned();
    let rows = of_place(report, &report.answers.reconciled, |row: &Reconciled| row.area_code.as_deref());
    let lead = match (report.language, rows.is_empty()) {
        (Language::Vietnamese, true) => format!("Không có số liệu nào của năm {} được báo cáo theo hai cách khác nhau.", report.year()),
        (Language::Vietnamese, false) => {
            "Mỗi dòng là một số liệu được báo cáo theo hai cách: tổng của địa bàn so với tổng các phần, nguồn này so với nguồn kia. Báo cáo dùng \
             số ở cột “Số được dùng”."
                .to_owned()
        }
        (Language::English, true) => format!("No figure of {} was told in two ways.", report.year()),
        (Language::English, false) => {
            "Each row is a figure that was told in two ways: a total beside the sum of its parts, or one source beside another. The report \
             takes the one in the column “Taken”."
                .to_owned()
        }
    };
    // Below a table that lies on its side, so that no page has the sentence alone.
    let mut blocks = vec![if rows.is_empty() { Block::Paragraph(lead) } else { Block::Note(lead) }];
    if !rows.is_empty() {
        let columns = vec![
            words(report.say("Địa bàn", "Area"), 1.5),
            words(report.say("Chỉ tiêu", "Indicator"), 2.0),
            words(report.say("Cách thứ nhất", "One way"), 2.2),
            numbers(report.say("Số thứ nhất", "Value"), 1.3),
            words(report.say("Cách thứ hai", "Other way"), 2.2),
            numbers(report.say("Số thứ hai", "Value"), 1.3),
            numbers(report.say("Chênh lệch", "Difference"), 1.2),
            marks(report.say("Số được dùng", "Taken"), 1.1),
            words(report.say("Lý do", "Why"), 3.0),
        ];
        let count = |number| Cell::Count(number, None);
        let taken = |side: &str| {
            text(match side {
                "left" => report.say("thứ nhất", "one"),
                "right" => report.say("thứ hai", "other"),
                _ => report.say("không số nào", "neither"),
            })
        };
        let line = |two: &&Reconciled| {
            row(vec![
                known(two.area_name.as_deref(), text),
                text(report.indicator_name(&two.indicator)),
                known(two.left_basis.as_deref(), |said| text(basis(report, said))),
                known(two.left_value, count),
                known(two.right_basis.as_deref(), |said| text(basis(report, said))),
                known(two.right_value, count),
                known(two.difference, |number| Cell::Change(number as f64, 0)),
                known(two.chosen.as_deref(), taken),
                known(two.reason.as_deref(), |said| text(report.told(said))),
            ])
        };
        let lines = rows.iter().map(line).collect();
        blocks.insert(0, Block::Table(report.table("reconciled", &title, true, columns, lines)));
    }
    (title, blocks)
}

/// On what one side of a reconciliation rests.
fn basis(report: &Report<'_>, said: &str) -> String {
    match said {
        "stated" => report.say("địa bàn báo cáo", "reported by the area").to_owned(),
        "counted" => report.say("đếm từ quyết định", "counted from decisions").to_owned(),
        said => report.told(said),
    }
}

/// The figures that the report prints.
fn printed<'a>(report: &'a Report<'_>) -> impl Iterator<Item = &'a Figure> {
    let communes = match report.place {
        Place::Nation => None,
        Place::Province(area) => report.answers.communes.get(&area.code),
    };
    let told = move |map: &'a OnMap| map.figures.iter().filter(move |figure| report.tells(map, figure));
    let figures = report.answers.maps.iter().flat_map(told);
    figures.chain(communes.into_iter().flatten()).filter(|figure| figure.is_known())
}

fn made(report: &Report<'_>) -> Section {
    let title = report.say("Số liệu được lập như thế nào", "How the figures were made").to_owned();
    let lead = report.say(
        "Tỷ lệ do hệ thống tính từ tử số và mẫu số nguồn nêu; nguồn chỉ in tỷ lệ thì giữ nguyên như in. Số của một địa bàn cộng từ các phần chỉ có \
         tỷ lệ khi đủ các phần phải báo cáo theo mức của danh mục. Mã kiểm dưới mỗi bảng là 12 chữ số đầu của SHA-256 tính trên các dòng của bảng.",
        "Rates are computed from numerator and denominator where a source gives both, and kept as printed where it prints a percent alone. A sum of \
         parts has a rate only where as many parts report as the catalogue asks. The checksum below each table is the first twelve digits of the \
         SHA-256 of its rows.",
    );
    let mut blocks = vec![Block::Paragraph(lead.to_owned())];
    let used: BTreeSet<&str> = printed(report).map(|figure| figure.indicator.as_str()).collect();
    let indicators: Vec<&Indicator> = used.iter().filter_map(|id| report.answers.indicators.get(*id)).collect();
    let columns = vec![
        words(report.say("Chỉ tiêu", "Indicator"), 2.2),
        words(report.say("Tử số", "Numerator"), 3.0),
        words(report.say("Mẫu số", "Denominator"), 3.0),
        words(report.say("Cơ sở tính", "Bases"), 1.8),
        words(report.say("Căn cứ", "Legal text"), 2.4),
    ];
    let of = |vi: &Option<String>, en: &Option<String>| {
        let here = if report.language == Language::Vietnamese { vi } else { en };
        known(here.as_deref(), text)
    };
    let bases = |bases: &str| {
        let mut names: Vec<&str> = Vec::new();
        for name in bases.split(", ").map(|base| report.base(Some(base))) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        text(names.join("; "))
    };
    let line = |indicator: &&Indicator| {
        row(vec![
            text(report.say(&indicator.name_vi, &indicator.name_en)),
            of(&indicator.numerator_vi, &indicator.numerator_en),
            of(&indicator.denominator_vi, &indicator.denominator_en),
            known(indicator.bases.as_deref(), bases),
            known(indicator.legal.as_deref(), text),
        ])
    };
    let caption = report.say("Chỉ tiêu, tử số, mẫu số, căn cứ", "Indicators, numerators, denominators, legal texts");
    blocks.push(Block::Table(report.table(
        "indicators",
        caption,
        false,
        columns,
        indicators.iter().map(line).collect(),
    )));
    let sources: BTreeSet<&str> = printed(report).filter_map(|figure| figure.source.as_deref()).collect();
    let columns = vec![
        words(report.say("Nguồn", "Source"), 2.6),
        marks(report.say("Ngày công bố", "Stated on"), 1.3),
        words(report.say("Loại", "Kind"), 1.3),
        words(report.say("Người gửi", "Sender"), 1.6),
        words(report.say("Địa chỉ", "Address"), 4.0),
    ];
    let rows: Vec<Row> = sources.iter().map(|name| source(report, name)).collect();
    let caption = report.say("Nguồn của số liệu được in", "Sources of the printed figures");
    blocks.push(Block::Table(report.table("sources", caption, false, columns, rows)));
    (title, blocks)
}

fn source(report: &Report<'_>, name: &str) -> Row {
    let source = report.answers.sources.get(name);
    let of = |read: fn(&Source) -> Option<&str>| known(source.and_then(read), text);
    row(vec![
        text(name),
        of(|source| source.stated_on.as_deref()),
        of(|source| source.source_kind.as_deref()),
        of(|source| source.sender.as_deref()),
        of(|source| source.source_url.as_deref()),
    ])
}

/// What a patch changed, and by which events.
fn changed(report: &Report<'_>) -> Option<Section> {
    let Ground::Release(manifest, _) = &report.answers.ground else { return None };
    let previous = manifest.previous?;
    let title = match report.language {
        Language::Vietnamese => format!("Thay đổi so với bản {}@{previous}", manifest.name),
        Language::English => format!("Changes since {}@{previous}", manifest.name),
    };
    let rows: Vec<&Change> = report.answers.changes.iter().filter(|change| concerns(report, change)).collect();
    let lead = match (report.language, rows.is_empty()) {
        (Language::Vietnamese, true) => "Không có chỉ tiêu nào của các địa bàn trong báo cáo này thay đổi.".to_owned(),
        (Language::Vietnamese, false) => format!(
            "Có {} số liệu mới, thay đổi hoặc bị rút so với bản trước; mỗi dòng nêu bản ghi gây ra thay đổi.",
            report.language.count(i64::try_from(rows.len()).unwrap_or_default())
        ),
        (Language::English, true) => "No indicator of the areas in this report has changed.".to_owned(),
        (Language::English, false) => format!(
            "{} figures are new, changed or withdrawn since the version before; each row names the events that did it.",
            report.language.count(i64::try_from(rows.len()).unwrap_or_default())
        ),
    };
    let mut blocks = vec![if rows.is_empty() { Block::Paragraph(lead) } else { Block::Note(lead) }];
    if !rows.is_empty() {
        let columns = vec![
            words(report.say("Loại", "Change"), 1.0),
            marks(report.say("Bản đồ", "Map"), 1.2),
            words(report.say("Địa bàn", "Area"), 1.6),
            marks(report.say("Năm", "Year"), 0.8),
            words(report.say("Chỉ tiêu", "Indicator"), 2.2),
            words(report.say("Phạm vi, cơ sở tính", "Scope, base"), 1.8),
            numbers(report.say("Số cũ", "Was"), 1.2),
            numbers(report.say("Số mới", "Is"), 1.2),
            numbers(report.say("Tỷ lệ cũ (%)", "Rate was (%)"), 1.0),
            numbers(report.say("Tỷ lệ mới (%)", "Rate is (%)"), 1.0),
            numbers(report.say("Mục tiêu cũ (%)", "Target was (%)"), 1.0),
            numbers(report.say("Mục tiêu mới (%)", "Target is (%)"), 1.0),
            words(report.say("Bản ghi gây ra thay đổi", "Events that did it"), 3.4),
        ];
        let lines = rows.iter().map(|change| change_line(report, change)).collect();
        blocks.insert(0, Block::Table(report.table("changes", &title, true, columns, lines)));
    }
    Some((title, blocks))
}

/// Of the nation what changed in the nation and its provinces on the maps that the report has; of a province its own.
fn concerns(report: &Report<'_>, change: &Change) -> bool {
    let Some(map) = report.answers.maps.iter().find(|map| change.map == map.day.to_string()) else { return false };
    let level = change.area_level.as_deref();
    let of_area = match report.place {
        Place::Nation => matches!(level, Some("nation" | "province")),
        Place::Province(area) => {
            let code = change.area_code.as_deref();
            let home = code.and_then(|code| report.answers.homes.get(code));
            let is_commune = level == Some("commune") && map.day == report.answers.first_day();
            let is_told = || report.provinces(map).iter().any(|told| code == Some(&told.code));
            (level == Some("province") && is_told()) || (is_commune && home == Some(&area.code))
        }
    };
    of_area && change.year <= report.year()
}

fn change_line(report: &Report<'_>, change: &Change) -> Row {
    let count = |number| Cell::Count(number, None);
    let percent = |number| Cell::Number(number, DECIMALS);
    let kind = match change.change.as_str() {
        "new" => report.say("mới", "new"),
        "withdrawn" => report.say("bị rút", "withdrawn"),
        _ => report.say("thay đổi", "changed"),
    };
    row(vec![
        text(kind),
        change.map.parse().map_or_else(|_| text(&change.map), Cell::Day),
        known(change.area_name.as_deref(), text),
        Cell::Year(change.year),
        text(report.indicator_name(&change.indicator)),
        text(report.scope_and_base(change.subject_scope.as_deref(), change.base.as_deref())),
        known(change.from_numerator, count),
        known(change.to_numerator, count),
        known(change.from_percent, percent),
        known(change.to_percent, percent),
        known(change.from_target, percent),
        known(change.to_target, percent),
        known(cause(change), text),
    ])
}

/// The source that changed a figure and its day, or the ids of the events that did.
fn cause(change: &Change) -> Option<String> {
    let said = [change.event_source.as_deref(), change.event_stated_on.as_deref(), change.events.as_deref()];
    let said: Vec<&str> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}
