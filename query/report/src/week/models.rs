//! The learning models: who is recognised, of how many, the change on the year, the target in force, on both maps.

use std::collections::BTreeMap;

use super::{DECIMALS, Place, Report, Section, known, marks, numbers, row, text, words};
use crate::answers::{Area, Figure, Indicator, NATION, OnMap};
use crate::document::{Bar, Block, Cell, Column, Plot, Row, Table};
use crate::language::Language;

/// The section: each model in words and bars, then all tables, so that the text is not torn apart by pages on their side.
pub(super) fn section(report: &Report<'_>) -> Section {
    let title = report.say("Kết quả công nhận các mô hình học tập", "Recognised learning models").to_owned();
    let (mut blocks, mut tables) = (Vec::new(), Vec::new());
    let Some(first) = report.answers.first_map() else { return (title, blocks) };
    let titles = report.titles();
    for (number, indicator) in titles.iter().enumerate() {
        blocks.push(report.part(number + 1, report.say(&indicator.name_vi, &indicator.name_en)));
        blocks.push(Block::Paragraph(sentences(report, first, &indicator.indicator)));
        if matches!(report.place, Place::Nation) {
            blocks.extend(bars(report, first, indicator));
        }
        tables.extend(in_numbers(report, indicator, tables.is_empty()));
    }
    if !tables.is_empty() {
        blocks.push(report.part(titles.len() + 1, report.say("Kết quả theo địa bàn", "Reached by area")));
        blocks.extend(tables);
    }
    (title, blocks)
}

/// The tables of a model. How they are read is said below the first.
fn in_numbers(report: &Report<'_>, indicator: &Indicator, is_first: bool) -> Vec<Block> {
    let id = indicator.indicator.as_str();
    let mut blocks = Vec::new();
    let has_rows = |map: &OnMap| of_year(report, map, id).any(|figure| report.tells(map, figure));
    if report.answers.maps.iter().any(has_rows) {
        blocks.push(Block::Table(by_area(report, indicator, is_first)));
    }
    if let Place::Province(area) = report.place {
        blocks.extend(communes(report, area, indicator));
    }
    blocks
}

/// The figures of an indicator in the report's year.
fn of_year<'a>(report: &'a Report<'_>, map: &'a OnMap, id: &'a str) -> impl Iterator<Item = &'a Figure> {
    map.figures.iter().filter(move |figure| figure.indicator == id && figure.year == report.year() && figure.is_known())
}

/// Three or four sentences: what was reached, its change, its target; of the nation, how the provinces stand.
fn sentences(report: &Report<'_>, map: &OnMap, id: &str) -> String {
    let mut own: Vec<&Figure> = of_year(report, map, id).filter(|figure| report.place.is(figure)).collect();
    // A share of all comes first, then what has a percent.
    own.sort_by_key(|figure| (figure.base.as_deref() != Some("all"), figure.percent().is_none()));
    let place = report.place.name(report.language);
    let mut said: Vec<String> = own.iter().enumerate().map(|(at, figure)| reached(report, figure, at == 0)).collect();
    if own.is_empty() {
        said.push(match report.language {
            Language::Vietnamese => format!("{place} chưa có số liệu của năm {} được ghi nhận.", report.year()),
            Language::English => format!("{place}: nothing is on record for {}.", report.year()),
        });
    }
    if matches!(report.place, Place::Nation) {
        said.extend(provinces(report, map, id));
    }
    said.extend(aims(report, map, id));
    said.join(" ")
}

/// The targets of the area that nothing is reported for yet.
fn aims(report: &Report<'_>, map: &OnMap, id: &str) -> Option<String> {
    let own = map.targets.iter().filter(|target| target.indicator == id && report.place.is(target));
    let mut aims: Vec<String> = own
        .filter_map(|target| {
            let (percent, year) = (report.percent(target.target_percent?), target.target_year?);
            let scope = target.subject_scope.as_deref().map(|scope| report.scope_name(scope)).unwrap_or_default();
            Some(match report.language {
                Language::Vietnamese => format!("{percent} {scope} vào năm {year}"),
                Language::English => format!("{percent} of {scope} in {year}"),
            })
        })
        .collect();
    aims.dedup();
    let aims = (!aims.is_empty()).then(|| aims.join("; "))?;
    Some(match report.language {
        Language::Vietnamese => format!("Mục tiêu chưa có kết quả để so sánh: {aims}."),
        Language::English => format!("Targets that nothing reported can be held against yet: {aims}."),
    })
}

/// One figure in a sentence; the first of a model names the year, the others go on from it.
fn reached(report: &Report<'_>, figure: &Figure, is_first: bool) -> String {
    let language = report.language;
    let scope = figure.subject_scope.as_deref().map(|scope| report.scope_name(scope)).unwrap_or_default();
    let count = figure.numerator.map(|number| report.counted(number, figure.numerator_precision.as_deref()));
    let of = figure.denominator.map(|number| language.count(number));
    let (base, noun) = (report.base(figure.base.as_deref()), report.base_noun(figure.base.as_deref()));
    let percent = figure.percent().map(|percent| report.percent(percent));
    let (place, year) = (report.those(figure), figure.year);
    let lead = match (language, is_first) {
        (Language::Vietnamese, true) => format!("Năm {year}, {place}"),
        (Language::Vietnamese, false) => format!("Ngoài ra, {place}"),
        (Language::English, true) => format!("In {year} {place}"),
        (Language::English, false) => format!("Besides, {place}"),
    };
    let range = report.rate(figure).printed(language);
    let mut said = match (language, count, of, percent) {
        (Language::Vietnamese, Some(count), Some(of), Some(percent)) => {
            format!("{lead} có {count} trên {of} {scope} được công nhận, đạt {percent} ({base})")
        }
        (Language::Vietnamese, Some(count), _, Some(percent)) => {
            format!("{lead} có {count} {scope} được công nhận, đạt {percent} ({base})")
        }
        (Language::Vietnamese, None, _, Some(percent)) => {
            format!("{lead} có {percent} {scope} được công nhận ({base}; nguồn không nêu số lượng)")
        }
        (Language::Vietnamese, Some(count), _, None) => {
            format!("{lead} ghi nhận {count} {scope} được công nhận (cơ sở tính: {noun}; chưa tính được tỷ lệ)")
        }
        (Language::Vietnamese, None, _, None) => format!("{lead} có {range} % {scope} được công nhận ({base})"),
        (Language::English, Some(count), Some(of), Some(percent)) => {
            format!("{lead} had {count} of {of} {scope} recognised, {percent} ({base})")
        }
        (Language::English, Some(count), _, Some(percent)) => {
            format!("{lead} had {count} {scope} recognised, {percent} ({base})")
        }
        (Language::English, None, _, Some(percent)) => {
            format!("{lead} had {percent} of {scope} recognised ({base}; the source gives no count)")
        }
        (Language::English, Some(count), _, None) => {
            format!("{lead} had {count} {scope} recognised on record (base: {noun}; no rate can be computed)")
        }
        (Language::English, None, _, None) => format!("{lead} had {range} % of {scope} recognised ({base})"),
    };
    for more in [report.change(figure), report.gap(figure)].into_iter().flatten() {
        said.push_str(", ");
        said.push_str(&more);
    }
    if let Some(span) = report.span(figure) {
        said.push_str(&format!(" ({span})"));
    }
    said.push_str(&report.covered(figure).unwrap_or_default());
    said.push('.');
    said
}

/// The provinces whose share of all is known and may be held against each other: of the scope that most have.
fn shares<'a>(report: &'a Report<'_>, map: &'a OnMap, id: &'a str) -> Vec<(&'a Figure, f64)> {
    let mut scopes: BTreeMap<Option<&str>, Vec<(&Figure, f64)>> = BTreeMap::new();
    let figures = of_year(report, map, id).filter(|figure| !figure.is_of_nation() && figure.is_stock());
    for figure in figures.filter(|figure| figure.base.as_deref() == Some("all")) {
        if let Some(percent) = figure.percent() {
            scopes.entry(figure.subject_scope.as_deref()).or_default().push((figure, percent));
        }
    }
    let most = scopes.into_values().reduce(|best, next| if next.len() > best.len() { next } else { best });
    let mut shares = most.unwrap_or_default();
    shares.sort_by(|(figure, percent), (other, next)| {
        next.total_cmp(percent).then_with(|| figure.area_code.cmp(&other.area_code))
    });
    shares
}

/// Of whom most provinces tell a share of all.
pub(super) fn scope_of_most(report: &Report<'_>, indicator: &Indicator) -> Option<String> {
    let maps = report.answers.maps.iter().map(|map| shares(report, map, &indicator.indicator));
    let most = maps.reduce(|best, next| if next.len() > best.len() { next } else { best })?;
    most.first()?.0.subject_scope.clone()
}

fn provinces(report: &Report<'_>, map: &OnMap, id: &str) -> Option<String> {
    let shares = shares(report, map, id);
    let ((highest, most), (lowest, least)) = (*shares.first()?, *shares.last()?);
    let language = report.language;
    let count = |number: usize| language.count(i64::try_from(number).unwrap_or_default());
    let (all, known) = (count(map.provinces.len()), count(shares.len()));
    let judged: Vec<f64> = shares
        .iter()
        .filter(|(figure, _)| figure.has_its_own_target())
        .filter_map(|(figure, _)| figure.gap_points)
        .collect();
    let reached = judged.iter().filter(|gap| **gap >= 0.0).count();
    let mut said = match language {
        Language::Vietnamese => format!("Có {known} trên {all} tỉnh, thành phố có tỷ lệ trên tổng số"),
        Language::English => format!("A share of all is known of {known} of {all} provinces"),
    };
    if !judged.is_empty() {
        let (reached, judged) = (count(reached), count(judged.len()));
        said.push_str(&match language {
            Language::Vietnamese => format!("; trong {judged} nơi so sánh được với mục tiêu, {reached} nơi đã đạt"),
            Language::English => format!("; {reached} of {judged} that can be held against a target have reached it"),
        });
    }
    if shares.len() > 1 && most > least {
        let (most, least) = (report.percent(most), report.percent(least));
        said.push_str(&match language {
            Language::Vietnamese => {
                format!("; cao nhất là {} ({most}), thấp nhất là {} ({least})", highest.area_name, lowest.area_name)
            }
            Language::English => {
                format!("; the highest is {} ({most}), the lowest {} ({least})", highest.area_name, lowest.area_name)
            }
        });
    }
    said.push('.');
    Some(said)
}

/// Bars to the target.
fn bars(report: &Report<'_>, map: &OnMap, indicator: &Indicator) -> Option<Block> {
    let shares = shares(report, map, &indicator.indicator);
    if shares.is_empty() {
        return None;
    }
    let name = report.say(&indicator.name_vi, &indicator.name_en);
    let target_of = |figure: &Figure| figure.target_percent.filter(|_| figure.has_its_own_target());
    let bar = |(figure, percent): &(&Figure, f64)| Bar {
        name: figure.area_name.clone(),
        value: *percent,
        target: target_of(figure),
    };
    let beside = match shares.iter().any(|(figure, _)| target_of(figure).is_some()) {
        true => report.say(", so với mục tiêu", ", and the target"),
        false => "",
    };
    let (caption, alternative) = match report.language {
        Language::Vietnamese => (
            format!("{name}: tỷ lệ trên tổng số năm {}{beside}", report.year()),
            format!("{name}: biểu đồ thanh của {} tỉnh, thành phố, cao nhất trước.", shares.len()),
        ),
        Language::English => (
            format!("{name}: share of all in {}{beside}", report.year()),
            format!("{name}: bars of {} provinces, the highest first.", shares.len()),
        ),
    };
    let target = report.say("Mục tiêu đang áp dụng", "Target in force").to_owned();
    let plot = Plot::Bars { unit: "%".to_owned(), target, bars: shares.iter().map(bar).collect() };
    Some(report.chart(format!("bars_{}", indicator.indicator), &caption, alternative, plot))
}

/// The columns of what a model reached.
pub(super) fn columns(report: &Report<'_>, first: Vec<Column>) -> Vec<Column> {
    let year = report.year();
    let achieved = format!("{} {year}", report.say("Kết quả năm", "Reached in"));
    let target = report.say("Mục tiêu", "Target");
    let under = |group: &str, column: Column| Column { group: Some(group.to_owned()), ..column };
    let mut columns = first;
    columns.extend([
        words(report.say("Cơ sở tính", "Base"), 1.8),
        under(&achieved, numbers(report.say("Được công nhận", "Recognised"), 1.4)),
        under(&achieved, numbers(report.say("Tổng số", "Of"), 1.4)),
        under(&achieved, numbers(report.say("Tỷ lệ (%)", "Rate (%)"), 1.1)),
        under(&achieved, numbers(report.say("Thay đổi (điểm %)", "Change (points)"), 1.2)),
        under(target, numbers(report.say("Mức (%)", "Level (%)"), 1.0)),
        under(target, marks(report.say("Đến năm", "By"), 0.9)),
        under(target, numbers(report.say("Chênh lệch (điểm %)", "Gap (points)"), 1.2)),
        words(report.say("Ghi chú", "Remarks"), 4.6),
    ]);
    columns
}

/// The cells of a figure under [`columns`].
pub(super) fn cells(report: &Report<'_>, figure: &Figure) -> Vec<Cell> {
    vec![
        text(base_and_scope(report, figure)),
        report.count(figure.numerator, figure.numerator_precision.as_deref()),
        report.count(figure.denominator, None),
        report.rate(figure),
        known(figure.change_points, |change| Cell::Change(change, DECIMALS)),
        known(figure.target_percent, |target| Cell::Number(target, DECIMALS)),
        known(figure.target_year, Cell::Year),
        known(figure.gap_points, |gap| Cell::Change(gap, DECIMALS)),
        report.remark(figure),
    ]
}

/// The cells of an area of which nothing is known.
fn no_cells() -> Vec<Cell> {
    let missing = || std::iter::repeat_n(Cell::Missing, 7);
    std::iter::once(Cell::Missing).chain(missing()).chain([Cell::Empty]).collect()
}

fn base_and_scope(report: &Report<'_>, figure: &Figure) -> String {
    let told = report.scope_and_base(figure.subject_scope.as_deref(), figure.base.as_deref());
    report.span(figure).map_or_else(|| told.clone(), |span| format!("{told}, {span}"))
}

/// Each province of the first map, and below it those of the map beside that it is made of, or that were made of it.
fn by_area(report: &Report<'_>, indicator: &Indicator, is_first: bool) -> Table {
    let name = report.say(&indicator.name_vi, &indicator.name_en);
    let [first, beside] = [0, 1].map(|place| report.answers.maps.get(place));
    let (mut rows, mut without) = (Vec::new(), 0);
    let id = indicator.indicator.as_str();
    if let Some(map) = first {
        let figures = by_code(report, map, id);
        if matches!(report.place, Place::Nation) {
            rows.extend(lines(report, &first_line(report.say("Cả nước", "Nation"), map), figures.get(NATION), true));
        }
        let others = beside.map(|map| (map, by_code(report, map, id)));
        for area in map.provinces.iter().filter(|area| of_place(report.place, area)) {
            let own = figures.get(area.code.as_str());
            let mut parts = Vec::new();
            if let Some((beside, figures)) = &others {
                let related = related(area, map, beside).into_iter();
                parts.extend(related.map(|part| (*beside, part, figures.get(part.code.as_str()))));
            }
            if own.is_none() && parts.iter().all(|(.., figures)| figures.is_none()) {
                without += 1;
                continue;
            }
            rows.extend(lines(report, &first_line(&area.short_name, map), own, false));
            for (beside, part, figures) in parts {
                let name = format!("– {}", part.short_name);
                rows.extend(lines(report, &first_line(&name, beside), figures, false));
            }
        }
    }
    let caption = match report.language {
        Language::Vietnamese => {
            format!("{name}: kết quả năm {} theo địa bàn, trên hai bản đồ hành chính", report.year())
        }
        Language::English => format!("{name}: reached in {}, by area, on both maps", report.year()),
    };
    let first = vec![words(report.say("Địa bàn", "Area"), 1.9), marks(report.say("Bản đồ", "Map"), 1.3)];
    let mut table = report.table(format!("model_{id}"), &caption, true, columns(report, first), rows);
    if is_first {
        table.notes.push(how_read(report));
    }
    if without > 0 {
        let (without, year) = (report.language.count(without), report.year());
        table.notes.push(match report.language {
            Language::Vietnamese => {
                format!(
                    "{without} tỉnh, thành phố chưa có số liệu nào của năm {year} nên không có dòng riêng; xem mục VII."
                )
            }
            Language::English => {
                format!("{without} provinces of which nothing is known for {year} have no line; see section VII.")
            }
        });
    }
    table
}

/// How the tables of models are read.
fn how_read(report: &Report<'_>) -> String {
    report
        .say(
            "Mỗi tỉnh, thành phố đứng trên bản đồ khi Tuần lễ kết thúc; các dòng có gạch đầu dòng bên dưới là những tỉnh liên quan trên \
             bản đồ bên cạnh. Dấu – là không có số liệu. Tỷ lệ khác cơ sở tính thì không so sánh với nhau. Các bảng sau đọc như bảng này.",
            "Each province stands on the map on which the Week closed; lines with a dash below it are the related provinces of the map \
             beside it. A dash alone means that nothing is known. Rates of different bases are not compared. The tables that follow are \
             read like this one.",
        )
        .to_owned()
}

fn of_place(place: &Place, area: &Area) -> bool {
    matches!(place, Place::Nation) || place.code() == area.code
}

/// The figures of an indicator in the report's year, by the area's code.
fn by_code<'a>(report: &'a Report<'_>, map: &'a OnMap, id: &'a str) -> BTreeMap<&'a str, Vec<&'a Figure>> {
    let mut by_code: BTreeMap<&str, Vec<&Figure>> = BTreeMap::new();
    for figure in of_year(report, map, id) {
        by_code.entry(figure.area_code.as_deref().unwrap_or_default()).or_default().push(figure);
    }
    by_code
}

/// The provinces of the map beside that stand on the land of a province; none where they are the same.
pub(super) fn related<'a>(area: &'a Area, map: &'a OnMap, beside: &'a OnMap) -> Vec<&'a Area> {
    let related: Vec<&Area> = if beside.day < map.day {
        beside.provinces.iter().filter(|part| part.successor.as_deref() == Some(&area.code)).collect()
    } else {
        beside.provinces.iter().filter(|whole| area.successor.as_deref() == Some(&whole.code)).collect()
    };
    match related.as_slice() {
        // Nothing happened to it, and the figures are the same.
        [same] if beside.day < map.day && same.code == area.code && same.name == area.name => Vec::new(),
        _ => related,
    }
}

fn first_line(name: &str, map: &OnMap) -> [Cell; 2] {
    [text(name), Cell::Day(map.day)]
}

fn lines(report: &Report<'_>, first: &[Cell; 2], figures: Option<&Vec<&Figure>>, is_total: bool) -> Vec<Row> {
    let line = |cells: Vec<Cell>| Row { is_total, cells: first.iter().cloned().chain(cells).collect() };
    match figures {
        Some(figures) => figures.iter().map(|figure| line(cells(report, figure))).collect(),
        None => vec![line(no_cells())],
    }
}

/// The communes of a province that have figures.
fn communes(report: &Report<'_>, area: &Area, indicator: &Indicator) -> Option<Block> {
    let figures = report.answers.communes.get(&area.code)?;
    let figures = figures.iter().filter(|figure| figure.indicator == indicator.indicator && figure.is_known());
    let rows: Vec<Row> = figures
        .map(|figure| row(std::iter::once(text(&figure.area_name)).chain(cells(report, figure)).collect()))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let name = report.say(&indicator.name_vi, &indicator.name_en);
    let caption = match report.language {
        Language::Vietnamese => format!("{name}: kết quả năm {} theo xã, phường", report.year()),
        Language::English => format!("{name}: reached in {}, by commune", report.year()),
    };
    let columns = columns(report, vec![words(report.say("Xã, phường", "Commune"), 2.2)]);
    Some(Block::Table(report.table(format!("communes_{}", indicator.indicator), &caption, true, columns, rows)))
}
