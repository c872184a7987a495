//! Ranking, within one indicator, scope and base, and never across bases.

use std::collections::BTreeMap;

use super::{DECIMALS, Place, Report, Section, known, numbers, row, text, words};
use crate::answers::{Figure, Indicator, OnMap};
use crate::document::{Block, Cell, Plot, Tile, TileMap};
use crate::language::Language;
use crate::tile;

/// How many figures make another map of tiles worth its page.
const MAKE_A_PICTURE: usize = 5;

/// What may be ranked with each other: scope of subjects and base.
type Kind<'a> = (Option<&'a str>, Option<&'a str>);

/// The section.
pub(super) fn section(report: &Report<'_>) -> Section {
    let title = report.say("Xếp hạng", "Ranking").to_owned();
    let Some(map) = report.answers.first_map() else { return (title, Vec::new()) };
    let rule = report.say(
        "Chỉ xếp hạng những nơi có tỷ lệ của cùng mô hình, cùng phạm vi và cùng cơ sở tính; tỷ lệ trên số đăng ký không được xếp \
         cùng tỷ lệ trên tổng số.",
        "Only rates of the same model, scope and base are ranked: a share of those registered is never ranked beside a share of all.",
    );
    let mut blocks = vec![Block::Paragraph(rule.to_owned())];
    let before = blocks.len();
    let mut is_drawn = false;
    for indicator in report.titles() {
        match report.place {
            Place::Nation => blocks.extend(of_provinces(report, map, indicator, &mut is_drawn)),
            Place::Province(area) => {
                blocks.extend(of_province(report, map, indicator).map(Block::Paragraph));
                let figures = report.answers.communes.get(&area.code).map(Vec::as_slice).unwrap_or_default();
                let of_model: Vec<&Figure> =
                    figures.iter().filter(|figure| figure.indicator == indicator.indicator).collect();
                blocks.extend(tables(report, indicator, &of_model, "communes_"));
            }
        }
    }
    if blocks.len() == before {
        let nothing = report.say(
            "Chưa có đủ hai nơi có tỷ lệ cùng cơ sở tính, nên không xếp hạng.",
            "Not as many as two rates of one base are known, so nothing is ranked.",
        );
        blocks.push(Block::Paragraph(nothing.to_owned()));
    }
    (title, blocks)
}

/// Tables, and a map of tiles: the first that has any figure is drawn, another one with as many as make a picture.
fn of_provinces(report: &Report<'_>, map: &OnMap, indicator: &Indicator, is_drawn: &mut bool) -> Vec<Block> {
    let of_model: Vec<&Figure> = map
        .figures
        .iter()
        .filter(|figure| {
            figure.indicator == indicator.indicator && figure.year == report.year() && !figure.is_of_nation()
        })
        .collect();
    let mut blocks = tables(report, indicator, &of_model, "");
    if let Some(tiles) = tiles(report, indicator, if *is_drawn { MAKE_A_PICTURE } else { 1 }) {
        blocks.push(tiles);
        if !*is_drawn {
            blocks.push(Block::Note(islands(report)));
        }
        *is_drawn = true;
    }
    blocks
}

/// A table for each kind of which there are at least two.
fn tables(report: &Report<'_>, indicator: &Indicator, figures: &[&Figure], of: &str) -> Vec<Block> {
    let mut kinds: BTreeMap<Kind<'_>, Vec<(i64, f64, &Figure)>> = BTreeMap::new();
    for figure in figures.iter().filter(|figure| figure.is_stock()) {
        let kind = (figure.subject_scope.as_deref(), figure.base.as_deref());
        if let (Some(rank), Some(percent)) = (figure.rank, figure.percent()) {
            kinds.entry(kind).or_default().push((rank, percent, figure));
        }
    }
    // What no base is known of cannot be said to be of the same.
    kinds.retain(|(_, base), ranked| ranked.len() > 1 && base.is_some_and(|base| base != "unknown"));
    let mut blocks = Vec::new();
    for (at, ((scope, base), mut ranked)) in kinds.into_iter().enumerate() {
        ranked.sort_by(|(rank, _, figure), (other, _, next)| (rank, &figure.area_code).cmp(&(other, &next.area_code)));
        let name = report.say(&indicator.name_vi, &indicator.name_en);
        let scope = scope.map(|scope| report.scope_name(scope)).unwrap_or_default();
        let base = report.base(base);
        let year = report.year();
        let caption = match (report.language, report.place) {
            (Language::Vietnamese, Place::Nation) => format!("Xếp hạng năm {year}: {name} ({scope}, {base})"),
            (Language::Vietnamese, Place::Province(_)) => {
                format!("Các xã, phường theo hạng trong cả nước năm {year}: {name} ({scope}, {base})")
            }
            (Language::English, Place::Nation) => format!("Ranking of {year}: {name} ({scope}, {base})"),
            (Language::English, Place::Province(_)) => {
                format!("Communes by their rank in the nation in {year}: {name} ({scope}, {base})")
            }
        };
        let columns = vec![
            numbers(report.say("Hạng", "Rank"), 0.8),
            words(report.say("Địa bàn", "Area"), 3.0),
            numbers(report.say("Tỷ lệ (%)", "Rate (%)"), 1.2),
            numbers(report.say("Thay đổi (điểm %)", "Change (points)"), 1.4),
            words(report.say("Nguồn", "Source"), 3.0),
        ];
        let rows = ranked.iter().map(|(rank, percent, figure)| {
            row(vec![
                Cell::Count(*rank, None),
                text(&figure.area_name),
                Cell::Number(*percent, DECIMALS),
                known(figure.change_points, |change| Cell::Change(change, DECIMALS)),
                known(figure.source.as_deref(), text),
            ])
        });
        let rows = rows.collect();
        let id = format!("rank_{of}{}_{}", indicator.indicator, at + 1);
        blocks.push(Block::Table(report.table(id, &caption, false, columns, rows)));
    }
    blocks
}

/// Where a province stands among those of the same kind.
fn of_province(report: &Report<'_>, map: &OnMap, indicator: &Indicator) -> Option<String> {
    let is_of_year = |figure: &&Figure| figure.indicator == indicator.indicator && figure.year == report.year();
    let mut own = map.figures.iter().filter(is_of_year).filter(|figure| report.place.is(figure));
    let own = own.find(|figure| {
        figure.rank.is_some() && figure.percent().is_some() && figure.base.as_deref() != Some("unknown")
    })?;
    let same = map.figures.iter().filter(is_of_year).filter(|figure| {
        figure.is_stock()
            && figure.area_level == "province"
            && figure.subject_scope == own.subject_scope
            && figure.base == own.base
            && figure.percent().is_some()
    });
    let all = same.count();
    // One alone has no rank.
    if all < 2 {
        return None;
    }
    let all = report.language.count(i64::try_from(all).unwrap_or_default());
    let (rank, base) = (report.language.count(own.rank?), report.base(own.base.as_deref()));
    let name = report.say(&indicator.name_vi, &indicator.name_en);
    let place = report.place.name(report.language);
    Some(match report.language {
        Language::Vietnamese => {
            format!(
                "{name} ({base}): {} đứng thứ {rank} trong {all} tỉnh, thành phố so sánh được.",
                report.place.within(report.language)
            )
        }
        Language::English => format!("{name} ({base}): {place} is number {rank} of {all} provinces that compare."),
    })
}

/// What a map of tiles is not.
fn islands(report: &Report<'_>) -> String {
    report
        .say(
            "Sơ đồ ô vuông cho mỗi tỉnh, thành phố một ô bằng nhau, không phải bản đồ địa lý; quần đảo Hoàng Sa thuộc thành phố Đà Nẵng, quần đảo \
             Trường Sa thuộc tỉnh Khánh Hòa.",
            "Tiles give each province a square of the same size and are no geographical map; the Hoàng Sa archipelago is a part of Đà Nẵng, the \
             Trường Sa archipelago of Khánh Hòa.",
        )
        .to_owned()
}

fn tile(place: &tile::Place, value: Option<f64>) -> Tile {
    Tile { column: place.column, row: place.row, short: place.short.clone(), value }
}

/// The provinces as tiles, on both maps, by their share of all.
fn tiles(report: &Report<'_>, indicator: &Indicator, least: usize) -> Option<Block> {
    // Of the scope that most provinces have: others do not compare.
    let scope = super::models::scope_of_most(report, indicator);
    let share = |map: &OnMap, code: &str| {
        let mut figures = map.figures.iter().filter(|figure| {
            figure.indicator == indicator.indicator
                && figure.year == report.year()
                && figure.area_level == "province"
                && figure.area_code.as_deref() == Some(code)
                && figure.base.as_deref() == Some("all")
                && figure.is_stock()
                && figure.subject_scope == scope
        });
        figures.find_map(Figure::percent)
    };
    let maps: Vec<TileMap> = report
        .answers
        .maps
        .iter()
        .map(|map| TileMap {
            title: super::opening::map_name(report, map),
            tiles: tile::places(map.day).iter().map(|place| tile(place, share(map, &place.code))).collect(),
        })
        .filter(|map| !map.tiles.is_empty())
        .collect();
    let count = |map: &TileMap| map.tiles.iter().filter(|tile| tile.value.is_some()).count();
    if maps.iter().all(|map| count(map) < least) {
        return None;
    }
    let name = report.say(&indicator.name_vi, &indicator.name_en);
    let year = report.year();
    let known: Vec<String> = maps.iter().map(|map| format!("{}: {}", map.title, count(map))).collect();
    let (caption, alternative) = match report.language {
        Language::Vietnamese => (
            format!("{name}: tỷ lệ trên tổng số năm {year} theo tỉnh, thành phố, trên hai bản đồ"),
            format!("{name}: bản đồ ô vuông. Số nơi có tỷ lệ: {}.", known.join("; ")),
        ),
        Language::English => (
            format!("{name}: share of all in {year} by province, on both maps"),
            format!("{name}: maps of tiles. Provinces with a share: {}.", known.join("; ")),
        ),
    };
    let missing = report.say("không có số liệu", "no figure").to_owned();
    let plot = Plot::Tiles { unit: "%".to_owned(), missing, maps };
    Some(report.chart(format!("tiles_{}", indicator.indicator), &caption, alternative, plot))
}
