use lantoa_schemas::area::AreaHistory;

use super::*;
use crate::document::{Bar, Line, Tile, TileMap};
use crate::tile;

const VI: Language = Language::Vietnamese;

fn chart(plot: Plot) -> Chart {
    let words = |text: &str| text.to_owned();
    Chart { id: words("hinh_1"), caption: words("Hình 1"), alternative: words("Hình"), plot }
}

fn line(name: &str, points: &[(i32, f64)]) -> Line {
    Line { name: name.to_owned(), points: points.to_vec() }
}

fn lines(unit: &str, lines: Vec<Line>) -> Chart {
    chart(Plot::Lines { unit: unit.to_owned(), lines })
}

/// So many bars with a target, of names like those of provinces.
fn bars(count: u32) -> Chart {
    let bar = |number: u32| Bar {
        name: format!("Thừa Thiên Huế {number}"),
        value: 100.0 - 1.25 * f64::from(number),
        target: Some(80.0),
    };
    let bars = (0..count).map(bar).collect();
    chart(Plot::Bars { unit: "%".to_owned(), target: "Chỉ tiêu 2030".to_owned(), bars })
}

/// Both shipped maps, every seventh province without a figure.
fn tiles(unit: &str, figure: impl Fn(usize) -> f64) -> Chart {
    let map = |day: &chrono::NaiveDate| {
        let tiles = tile::places(*day).iter().enumerate().map(|(number, place)| Tile {
            column: place.column,
            row: place.row,
            short: place.short.clone(),
            value: (number % 7 != 6).then(|| figure(number)),
        });
        TileMap { title: format!("Tỉnh, thành phố ngày {day}"), tiles: tiles.collect() }
    };
    let maps = AreaHistory::shipped().maps().iter().map(map).collect();
    chart(Plot::Tiles { unit: unit.to_owned(), missing: "Chưa có số liệu".to_owned(), maps })
}

fn all_plots() -> [Chart; 5] {
    let looks = (0..8u8).map(|at| line(&format!("Mô hình {at}"), &[(2023, 20.0), (2024, 30.0 + f64::from(at))]));
    [
        lines("%", looks.collect()),
        bars(5),
        bars(63),
        tiles("Tỷ lệ (%)", |number| 60.0 + number as f64 * 0.6),
        // Nothing is known.
        lines("người", vec![line("Công dân học tập", &[])]),
    ]
}

/// Width and height as the head of a PNG says them.
fn png_size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(&png[12..16], b"IHDR");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// The values of an attribute, in the order of the SVG.
fn attributes<'a>(svg: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    svg.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// All words of an SVG.
fn words(svg: &str) -> Vec<&str> {
    let texts = svg.split("<text ").skip(1);
    texts.filter_map(|rest| Some(rest.split_once('>')?.1.split_once("</text>")?.0.trim_start())).collect()
}

/// How many strokes of an SVG have a colour.
fn strokes(svg: &str, colour: &str) -> usize {
    let colour = format!("stroke=\"{colour}\"");
    svg.lines().filter(|line| line.starts_with("<polyline") && line.contains(&colour)).count()
}

#[test]
fn every_plot_is_a_picture_that_can_be_scaled_and_stand_beside_others() {
    for chart in all_plots() {
        let picture = draw(&chart, VI).unwrap();
        let (width, height) = (picture.width_mm, picture.height_mm);
        let head = format!("<svg width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {width}0 {height}0\"");
        assert!(picture.svg.starts_with(&head), "{}", &picture.svg[..120]);
        assert!(picture.svg.trim_end().ends_with("</svg>"));
        assert!(!picture.svg.contains(" id="));
        assert_eq!(width, canvas::WIDTH_MM);
        assert!(height <= 220, "{height} mm of {:?}", chart.plot);
        assert_eq!(png_size(&picture.png), (raster::dots(width), raster::dots(height)));
    }
}

#[test]
fn all_words_are_in_the_font_of_the_report_and_at_least_of_8_pt() {
    let least = 8.0 * 25.4 / 72.0 * 10.0 - 0.01;
    for chart in all_plots() {
        let svg = draw(&chart, VI).unwrap().svg;
        let families = attributes(&svg, "font-family");
        assert_eq!(families.len(), svg.matches("<text ").count());
        assert!(families.iter().all(|family| *family == crate::font::FAMILY), "{families:?}");
        for size in attributes(&svg, "font-size") {
            assert!(size.parse::<f64>().unwrap() >= least, "{size}");
        }
    }
}

#[test]
fn the_same_chart_is_the_same_picture() {
    for chart in all_plots() {
        assert_eq!(draw(&chart, VI).unwrap(), draw(&chart, VI).unwrap());
    }
}

#[test]
fn lines_say_names_years_values_and_ticks() {
    let points = [(2022, 61.0), (2023, 66.25), (2024, 73.587)];
    let chart = lines("%", vec![line("Gia đình học tập", &points), line("Cộng đồng & dòng họ", &[(2023, 40.0)])]);
    let svg = draw(&chart, VI).unwrap().svg;
    let said = words(&svg);
    let expected = ["%", "Gia đình học tập", "Cộng đồng &amp; dòng họ", "2022", "2023", "2024", "73,59", "0", "100"];
    for word in expected {
        assert!(said.contains(&word), "{word} is not in {said:?}");
    }
    // The second does not reach the last year, and its last value would stand beside another year's.
    assert!(!said.contains(&"40,00"));
    let english = draw(&chart, Language::English).unwrap().svg;
    assert!(words(&english).contains(&"73.59"));
}

#[test]
fn a_missing_year_breaks_the_line_and_a_value_alone_is_a_mark() {
    let strokes_of = |points: &[(i32, f64)]| {
        let svg = draw(&lines("%", vec![line("Gia đình", points)]), VI).unwrap().svg;
        (strokes(&svg, "#0072B2"), svg.matches("<circle ").count())
    };
    // One stroke and one mark are the legend's, and one mark is that of the last value at the edge.
    assert_eq!(strokes_of(&[(2021, 1.0), (2022, 2.0), (2023, 3.0), (2024, 4.0)]), (2, 6));
    assert_eq!(strokes_of(&[(2020, 1.0), (2021, 2.0), (2023, 3.0), (2024, 4.0)]), (3, 6));
    assert_eq!(strokes_of(&[(2020, 1.0), (2022, 2.0), (2024, 3.0)]), (1, 5));
    assert_eq!(strokes_of(&[(2024, 3.0)]), (1, 3));
    assert_eq!(strokes_of(&[(2023, 3.0), (2024, f64::NAN)]), (1, 3));
}

#[test]
fn eight_lines_differ_without_colour() {
    let looks: Vec<mark::Look> = (0..8).map(mark::Look::of).collect();
    for (at, look) in looks.iter().enumerate() {
        for other in &looks[at + 1..] {
            assert_ne!(look.mark, other.mark);
            assert_ne!(look.ink, other.ink);
        }
    }
}

#[test]
fn bars_say_names_values_and_target_and_grow_with_their_number() {
    let few = draw(&bars(2), VI).unwrap();
    let said = words(&few.svg);
    for word in ["Thừa Thiên Huế 0", "Thừa Thiên Huế 1", "100,00", "98,75", "%", "Chỉ tiêu 2030", "0", "20", "80"]
    {
        assert!(said.contains(&word), "{word} is not in {said:?}");
    }
    // The targets' black strokes: one a bar and one in the legend.
    assert_eq!(few.svg.lines().filter(|line| line.starts_with("<rect") && line.contains("#000000")).count(), 3);
    let heights = [0, 2, 10, 34, 63].map(|count| draw(&bars(count), VI).unwrap().height_mm);
    assert!(heights.is_sorted() && heights[1] < heights[2] && heights[4] <= 220, "{heights:?}");
}

#[test]
fn a_value_stands_before_a_target_and_not_behind_it() {
    let side = |value: f64, target: f64| {
        let bar = Bar { name: "Huế".to_owned(), value, target: Some(target) };
        let plot = Plot::Bars { unit: String::new(), target: "Chỉ tiêu".to_owned(), bars: vec![bar] };
        let svg = draw(&chart(plot), VI).unwrap().svg;
        // The value is the last of the words, behind all ticks.
        let texts: Vec<&str> = svg.split("<text ").collect();
        let said = texts.iter().rfind(|text| text.contains(&format!("\n{value}</text>"))).unwrap();
        attributes(&format!(" {said}"), "text-anchor")[0].to_owned()
    };
    assert_eq!(side(57.0, 93.0), "start");
    assert_eq!(side(91.0, 93.0), "end");
    assert_eq!(side(93.0, 91.0), "start");
    // Too short to have the words on it.
    assert_eq!(side(0.0, 0.0), "start");
}

#[test]
fn a_long_name_is_set_in_lines_and_a_bar_without_target_has_none() {
    let name = "Tỷ lệ người trong độ tuổi từ 15 đến 60 biết chữ đạt chuẩn mức độ 2 ở vùng khó khăn";
    let bar = Bar { name: name.to_owned(), value: 98.0, target: None };
    let plot = Plot::Bars { unit: "%".to_owned(), target: "Chỉ tiêu".to_owned(), bars: vec![bar] };
    let svg = draw(&chart(plot), VI).unwrap().svg;
    let said = words(&svg);
    assert!(said.contains(&"98,00") && !said.contains(&"Chỉ tiêu"));
    let lines: Vec<&str> =
        said.iter().copied().filter(|words| name.contains(*words) && words.parse::<u32>().is_err()).collect();
    assert!(lines.len() > 1, "{said:?}");
    assert_eq!(lines.join(" "), name);
}

#[test]
fn tiles_say_short_names_figures_classes_and_what_is_missing() {
    let svg = draw(&tiles("Tỷ lệ (%)", |number| 61.0 + number as f64 * 0.6), VI).unwrap().svg;
    let said = words(&svg);
    let expected = ["HN", "HCM", "BRVT", "ĐNAI", "61,0", "Tỷ lệ (%)", "Chưa có số liệu", "từ 60 đến dưới 70"];
    for word in expected {
        assert!(said.contains(&word), "{word} is not in {said:?}");
    }
    assert!(said.iter().any(|words| words.starts_with("Tỉnh, thành phố ngày")));
    // The darkest tiles have white words.
    let darkest = svg.lines().filter(|line| line.starts_with("<text ") && line.contains("fill=\"#FFFFFF\"")).count();
    assert!(darkest > 0);
    let whole = draw(&tiles("Tỷ lệ (%)", |_| 75.0), Language::English).unwrap().svg;
    assert!(words(&whole).contains(&"75 to 76"));
}

#[test]
fn figures_too_long_for_their_tiles_are_left_to_the_colour() {
    let svg = draw(&tiles("Người", |number| 26_870_079.0 + number as f64 * 1e6), VI).unwrap().svg;
    assert!(!words(&svg).contains(&"26.870.079"));
    assert!(words(&svg).contains(&"HN"));
}
