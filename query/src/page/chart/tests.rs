//! What is joined, what is marked, what is left out.

use super::*;
use crate::page::words::{Lang, words};

fn figure(area: &str, year: i64, value: Option<f64>) -> Figure {
    Figure {
        area_code: Some("02".into()),
        area_name: area.into(),
        area_level: Some("province".into()),
        year,
        scope: Some("household".into()),
        base: "all".into(),
        span: Some("stock".into()),
        derivation: Some("stated".into()),
        value,
        ..Figure::default()
    }
}

fn drawn(figures: &[Figure], percent: bool) -> (Chart, String) {
    let chart = chart(figures, percent, words(Lang::En), str::to_owned);
    let picture = chart.picture.as_ref().map(|picture| picture.0.clone()).unwrap_or_default();
    (chart, picture)
}

fn count(picture: &str, what: &str) -> usize {
    picture.matches(what).count()
}

#[test]
fn a_year_without_a_figure_is_a_gap_and_bases_are_lines_of_their_own() {
    let registered = Figure { base: "registered".into(), ..figure("Hà Giang", 2022, Some(80.0)) };
    let figures = [
        figure("Hà Giang", 2020, Some(60.0)),
        figure("Hà Giang", 2021, Some(65.0)),
        registered,
        figure("Hà Giang", 2023, Some(70.0)),
    ];
    let (chart, picture) = drawn(&figures, true);
    assert_eq!(chart.legend.len(), 2);
    assert_eq!(chart.legend[0].1, "Hà Giang, of all");
    assert_eq!(chart.legend[1].1, "Hà Giang, of those registered");
    assert_eq!(count(&picture, "class=\"join\""), 1, "{picture}");
    assert_eq!(count(&picture, "class=\"mark\""), 4);
    assert!(picture.contains("<title>Hà Giang, of all, 2021: 65</title>"), "{picture}");
    assert!(!picture.contains("style="), "the page's policy allows no styles in the document");
}

#[test]
fn what_is_not_the_whole_is_marked_and_never_joined() {
    let part = Figure { coverage: Some(50.0), derivation: Some("summed".into()), ..figure("A", 2021, Some(10.0)) };
    let estimate = Figure { derivation: Some("estimated".into()), ..figure("A", 2023, Some(30.0)) };
    let figures = [figure("A", 2020, Some(20.0)), part, figure("A", 2022, Some(25.0)), estimate];
    let (chart, picture) = drawn(&figures, false);
    assert!(chart.hollow);
    assert_eq!(count(&picture, "class=\"mark hollow\""), 2, "{picture}");
    // Only the estimate is joined to its neighbour, by dashes.
    assert_eq!((count(&picture, "class=\"join dashed\""), count(&picture, "class=\"join\"")), (1, 0));
    let flow = Figure { span: Some("year_change".into()), ..figure("A", 2021, Some(3.0)) };
    assert_eq!(count(&drawn(&[figure("A", 2020, Some(20.0)), flow], false).1, "class=\"join\""), 0);
}

#[test]
fn ranges_and_targets_have_marks_of_their_own() {
    let range = Figure { low: Some(75.0), high: Some(80.0), ..figure("A", 2020, None) };
    let at_least = Figure { low: Some(75.0), ..figure("A", 2021, None) };
    let target = Figure {
        derivation: Some("target".into()),
        target: Some(70.0),
        target_year: Some(2025),
        ..figure("A", 2025, None)
    };
    let (chart, picture) = drawn(&[range.clone(), at_least, target.clone(), target], true);
    assert!(chart.ranges && chart.targets && !chart.hollow);
    assert_eq!(count(&picture, "class=\"mark range\""), 2, "{picture}");
    assert_eq!(count(&picture, "class=\"target\""), 1);
    assert!(picture.contains("75–80") && picture.contains("75–100"), "{picture}");
    assert_eq!(chart.unseen, 0);
    // A plain count has no range in percent.
    assert_eq!(drawn(&[range], false).0.unseen, 1);
}

#[test]
fn what_is_left_out_is_said() {
    let figures: Vec<Figure> =
        (0..9).map(|area| figure(&format!("area {area}"), 2024, Some(f64::from(area)))).collect();
    let (chart, picture) = drawn(&figures, true);
    assert_eq!((chart.legend.len(), chart.left_out), (MOST, 3));
    assert!(!picture.contains("area 6"));
    let remarks = chart.remarks(words(Lang::En)).join(" ");
    assert!(remarks.contains("first 6 of 9 lines"), "{remarks}");
    let (chart, picture) = drawn(&[figure("A", 2024, None)], true);
    assert!(chart.picture.is_none() && picture.is_empty());
    assert_eq!(chart.unseen, 1);
}

#[test]
fn a_narrow_window_has_room_for_years_and_values() {
    let of_years =
        |first: i64, value: f64| -> Vec<Figure> { (first..=2025).map(|year| figure("A", year, Some(value))).collect() };
    let (_, picture) = drawn(&of_years(2014, 70.0), true);
    let years = (count(&picture, "class=\"tick between\""), count(&picture, "text-anchor=\"middle\""));
    assert_eq!(years, (6, 12), "{picture}");
    assert_eq!(count(&picture, "x1=\"64.0\""), 6);
    let (_, picture) = drawn(&of_years(2019, 1_669_074.0), false);
    assert_eq!(count(&picture, "between"), 0, "{picture}");
    assert!(picture.contains("x1=\"94.5\"") && picture.contains(">2,000,000</text>"), "{picture}");
}

#[test]
fn the_axis_begins_at_zero_in_round_steps() {
    for (least, step) in [(20.0, 20.0), (0.7, 1.0), (3.0, 5.0), (33_000.0, 50_000.0), (5.1, 10.0)] {
        assert!((round_step(least) - step).abs() < 1e-9, "{least}: {}", round_step(least));
    }
    let (_, picture) = drawn(&[figure("A", 2024, Some(138_068.0))], false);
    assert!(picture.contains(">0</text>") && picture.contains(">150,000</text>"), "{picture}");
}
