//! What was held: in the Week, and apart from it in the whole year.

use std::collections::BTreeMap;

use super::{Place, Report, Section, is_nation, known, numbers, row, text, words};
use crate::answers::{Activity, Figure};
use crate::document::{Block, Cell, Row};
use crate::language::Language;

/// The section.
pub(super) fn section(report: &Report<'_>) -> Section {
    let title = report.say("Hoạt động trong Tuần lễ", "Activities of the Week").to_owned();
    let mut blocks = in_week(report);
    blocks.extend(in_year(report));
    (title, blocks)
}

/// The Week's activities of the report's area, of the nation those of all provinces.
fn held<'a>(report: &'a Report<'_>) -> Vec<(&'a str, &'a Activity)> {
    let all = report.answers.activities.iter();
    let mut held: Vec<(&str, &Activity)> = match report.place {
        Place::Nation => all.flat_map(|(home, rows)| rows.iter().map(move |row| (home.as_str(), row))).collect(),
        Place::Province(area) => {
            let rows = all.filter(|(home, _)| **home == area.code);
            rows.flat_map(|(home, rows)| rows.iter().map(move |row| (home.as_str(), row))).collect()
        }
    };
    held.sort_by(|(home, row), (other, next)| {
        (home, &row.activity, &row.area_code, &row.area_name).cmp(&(
            other,
            &next.activity,
            &next.area_code,
            &next.area_name,
        ))
    });
    held
}

/// Sums of activities; what none of them says stays unknown.
#[derive(Default)]
struct Sum {
    held: i64,
    sessions: Option<i64>,
    attendances: Part,
    persons: Part,
}

/// A sum of which not all have to say their share.
#[derive(Default, Clone, Copy)]
struct Part {
    sum: Option<i64>,
    is_partial: bool,
}

impl Part {
    fn add(&mut self, more: Option<i64>, is_whole: bool) {
        self.is_partial |= !is_whole;
        if let Some(more) = more {
            self.sum = Some(self.sum.unwrap_or(0) + more);
        }
    }

    /// Of a part it is only known that there are so many, or about so many.
    fn cell(self, report: &Report<'_>) -> Cell {
        let word = self.is_partial.then(|| report.say("ghi nhận", "known:").to_owned());
        known(self.sum, |sum| Cell::Count(sum, word))
    }
}

impl Sum {
    fn add(&mut self, row: &Activity) {
        self.held += row.held;
        if let Some(more) = row.sessions {
            self.sessions = Some(self.sessions.unwrap_or(0) + more);
        }
        self.attendances.add(row.attendances, row.attendances_whole);
        self.persons.add(row.persons, row.persons_whole);
    }

    fn cells(&self, report: &Report<'_>) -> Vec<Cell> {
        let count = |number| Cell::Count(number, None);
        vec![count(self.held), known(self.sessions, count), self.attendances.cell(report), self.persons.cell(report)]
    }
}

fn in_week(report: &Report<'_>) -> Vec<Block> {
    let (year, held) = (report.answers.year, held(report));
    if held.is_empty() {
        return vec![Block::Paragraph(match report.language {
            Language::Vietnamese => format!(
                "Chưa có số liệu nào về hoạt động trong Tuần lễ năm {year} được ghi nhận, nên báo cáo không nêu số hoạt động \
                 và không lấy số cả năm thay vào."
            ),
            Language::English => format!(
                "No activity of the Week {year} is on record, so none is told here, and no total of the year stands in its place."
            ),
        })];
    }
    let mut kinds: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut areas: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    let mut all = Sum::default();
    for (home, row) in held {
        kinds.entry(&row.activity).or_default().add(row);
        let area = match report.place {
            // What the nation itself held, and what lies nowhere on the map, have no province.
            Place::Nation if is_nation(Some(home)) && is_nation(row.area_code.as_deref()) => (home, "*"),
            Place::Nation => (home, ""),
            Place::Province(_) => (row.area_code.as_deref().unwrap_or_default(), row.area_name.as_str()),
        };
        areas.entry(area).or_default().add(row);
        all.add(row);
    }
    let mut blocks = vec![Block::Paragraph(told(report, &all, areas.len()))];
    let columns = |first: &str| {
        vec![
            words(first, 3.0),
            numbers(report.say("Số hoạt động", "Activities"), 1.2),
            numbers(report.say("Số buổi", "Sessions"), 1.2),
            numbers(report.say("Lượt người", "Attendances"), 1.4),
            numbers(report.say("Số người", "Persons"), 1.4),
        ]
    };
    let total = |all: &Sum| {
        let name = text(report.say("Tổng số", "Total"));
        Row { is_total: true, cells: std::iter::once(name).chain(all.cells(report)).collect() }
    };
    let with_cells = |name: String, sum: &Sum| row(std::iter::once(text(name)).chain(sum.cells(report)).collect());
    let by_kind = kinds.iter().map(|(kind, sum)| with_cells(kind_name(report, kind), sum));
    let rows = std::iter::once(total(&all)).chain(by_kind).collect();
    let caption = report.say("Hoạt động trong Tuần lễ theo loại", "Activities of the Week by kind");
    blocks.push(Block::Table(report.table(
        "week_by_kind",
        caption,
        false,
        columns(report.say("Loại hoạt động", "Kind")),
        rows,
    )));
    let by_area = areas.iter().map(|((code, name), sum)| {
        let name = match *name {
            "" => province_name(report, code),
            "*" => report.say("Cấp trung ương", "National level").to_owned(),
            name => name.to_owned(),
        };
        with_cells(name, sum)
    });
    let rows = std::iter::once(total(&all)).chain(by_area).collect();
    let caption = report.say("Hoạt động trong Tuần lễ theo địa bàn", "Activities of the Week by area");
    blocks.push(Block::Table(report.table(
        "week_by_area",
        caption,
        false,
        columns(report.say("Địa bàn", "Area")),
        rows,
    )));
    blocks.push(Block::Note(attendances_note(report)));
    blocks
}

fn attendances_note(report: &Report<'_>) -> String {
    report
        .say(
            "Lượt người là số lần tham dự, số người là số người khác nhau; hai số không cộng với nhau. “Ghi nhận”: có hoạt động không nêu số hoặc chỉ ước lượng, nên số này chưa đủ. Dấu – là không có số liệu.",
            "Attendances count visits and persons count people; the two are never added up. “known:” stands where some give no number or a rough one. A dash means that nothing is known.",
        )
        .to_owned()
}

fn told(report: &Report<'_>, all: &Sum, areas: usize) -> String {
    let count = |number: i64| report.language.count(number);
    let areas = count(i64::try_from(areas).unwrap_or_default());
    let place = report.place.name(report.language);
    let partly = match all.attendances.is_partial {
        true => report.say(
            " (chưa đủ, vì có hoạt động không nêu hoặc chỉ ước lượng)",
            " (not all of them, as some give none or a rough number)",
        ),
        false => "",
    };
    match report.language {
        Language::Vietnamese => {
            let visits = all.attendances.sum.map(|number| format!(" với {} lượt người tham dự{partly}", count(number)));
            format!(
                "{place} ghi nhận {} hoạt động trong Tuần lễ{} tại {areas} địa bàn.",
                count(all.held),
                visits.unwrap_or_default()
            )
        }
        Language::English => {
            let visits = all.attendances.sum.map(|number| format!(" with {} attendances{partly}", count(number)));
            format!(
                "{place}: {} activities of the Week{} in {areas} areas.",
                count(all.held),
                visits.unwrap_or_default()
            )
        }
    }
}

fn kind_name(report: &Report<'_>, kind: &str) -> String {
    let (vi, en) = match kind {
        "training_class" => ("Lớp tập huấn", "Training classes"),
        "seminar" => ("Hội thảo", "Seminars"),
        "conference" => ("Hội nghị", "Conferences"),
        "centre_class" => ("Lớp tại trung tâm học tập cộng đồng", "Classes of community learning centres"),
        "week_activity" => ("Hoạt động khác của Tuần lễ", "Other activities of the Week"),
        other => return other.to_owned(),
    };
    report.say(vi, en).to_owned()
}

/// The name of a province of the first map.
fn province_name(report: &Report<'_>, code: &str) -> String {
    if is_nation(Some(code)) {
        return report.say("Chưa rõ tỉnh", "Province not known").to_owned();
    }
    let mut provinces = report.answers.first_map().into_iter().flat_map(|map| &map.provinces);
    provinces.find(|area| area.code == code).map_or_else(|| code.to_owned(), |area| area.short_name.clone())
}

/// What a whole year had of classes, seminars and conferences, in the columns of one area.
type OfYear<'a> = BTreeMap<(bool, &'a str, &'a str), BTreeMap<&'a str, [Option<&'a Figure>; 3]>>;

fn in_year(report: &Report<'_>) -> Vec<Block> {
    let Some(map) = report.answers.first_map() else { return Vec::new() };
    let mut areas: OfYear<'_> = BTreeMap::new();
    for figure in map.figures.iter().filter(|figure| figure.year == report.year() && figure.numerator.is_some()) {
        let Some(indicator) = report.answers.indicators.get(&figure.indicator) else { continue };
        if !figure.indicator.ends_with("_per_1000") || !report.place.holds(figure) {
            continue;
        }
        let counts = match figure.subject_scope.as_deref() {
            None => 0,
            Some("attendance") => 1,
            Some("person") => 2,
            Some(_) => continue,
        };
        let area = (!figure.is_of_nation(), figure.area_code.as_deref().unwrap_or_default(), figure.area_name.as_str());
        areas.entry(area).or_default().entry(&indicator.measure).or_default()[counts] = Some(figure);
    }
    if areas.is_empty() {
        return Vec::new();
    }
    let number = |figure: Option<&Figure>| {
        figure.map_or(Cell::Missing, |figure| report.count(figure.numerator, figure.numerator_precision.as_deref()))
    };
    let mut rows = Vec::new();
    for ((is_part, _, name), kinds) in &areas {
        for (kind, [sessions, attendances, persons]) in kinds {
            // The least of the three stands for all.
            let covered =
                [sessions, attendances, persons].into_iter().flatten().filter_map(|figure| figure.coverage_percent);
            let covered = covered.reduce(f64::min);
            let cells = vec![
                text(*name),
                text(kind_name(report, kind)),
                number(*sessions),
                number(*attendances),
                number(*persons),
                known(covered, |covered| Cell::Number(covered, 1)),
            ];
            rows.push(Row { is_total: !is_part, cells });
        }
    }
    let columns = vec![
        words(report.say("Địa bàn", "Area"), 2.2),
        words(report.say("Loại", "Kind"), 2.2),
        numbers(report.say("Số buổi", "Sessions"), 1.2),
        numbers(report.say("Lượt người", "Attendances"), 1.4),
        numbers(report.say("Số người", "Persons"), 1.2),
        numbers(report.say("Địa bàn đã báo cáo (%)", "Areas reporting (%)"), 1.3),
    ];
    let year = report.answers.year;
    let (lead, caption) = match report.language {
        Language::Vietnamese => (
            format!("Số dưới đây là của cả năm {year}, không phải của Tuần lễ."),
            format!("Lớp tập huấn, hội thảo, hội nghị trong cả năm {year}"),
        ),
        Language::English => (
            format!("The figures below are of the whole year {year} and not of the Week."),
            format!("Training classes, seminars and conferences of the whole year {year}"),
        ),
    };
    vec![Block::Paragraph(lead), Block::Table(report.table("year_by_area", &caption, false, columns, rows))]
}
