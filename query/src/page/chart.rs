//! The figures over the years, as SVG.
//!
//! In: the rows of the table, in its order. Out: a picture and what it leaves out. Guarantee: a line is of one area, one
//! base and one kind of subjects; it joins neighbouring years only, so that a year without a figure is a gap; it never
//! joins a sum of which only a part reports; the axis begins at zero.
//!
//! Drawn here and not by a chart crate: of those, plotters knows no title of a mark and no classes, by which readers of the
//! screen, print and the page's policy (no styles in the document) are served, and measures text by fonts of the machine or
//! by guess. What is needed are two scales and six shapes.

use std::fmt::Write;

use maud::{Markup, html};

use super::figure::Figure;
use super::words::{Words, filled};

/// Most lines that can be told apart by colour, shape and dashes.
const MOST: usize = 6;

/// As many years as can be written beside each other in a narrow window.
const FEW_YEARS: usize = 7;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 340.0;
/// Room on the left for the values, and for each letter of the longest, as wide as a narrow window writes it.
const LEFT: f64 = 64.0;
const LETTER: f64 = 10.5;
const RIGHT: f64 = 20.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;

/// The picture and its words.
pub(crate) struct Chart {
    /// `None` where there is nothing to draw.
    pub(crate) picture: Option<Markup>,
    /// A sample of each line, and whose it is.
    pub(crate) legend: Vec<(Markup, String)>,
    /// How many lines there are beyond those drawn.
    pub(crate) left_out: usize,
    /// Rows without a value in the unit.
    pub(crate) unseen: usize,
    /// Which kinds of marks are in it.
    pub(crate) hollow: bool,
    pub(crate) ranges: bool,
    pub(crate) targets: bool,
}

/// What a line is of.
#[derive(Debug, Clone, PartialEq)]
struct Whose<'a> {
    area: (Option<&'a str>, Option<&'a str>, &'a str, Option<&'a str>),
    scope: Option<&'a str>,
    base: &'a str,
}

impl<'a> Whose<'a> {
    fn of(figure: &'a Figure) -> Self {
        let Figure { area_level, area_code, area_name, area_from, .. } = figure;
        let area = (area_level.as_deref(), area_code.as_deref(), area_name.as_str(), area_from.as_deref());
        Self { area, scope: figure.scope.as_deref(), base: &figure.base }
    }
}

#[derive(Debug)]
struct Point<'a> {
    figure: &'a Figure,
    low: f64,
    high: f64,
}

#[derive(Debug)]
struct Line<'a> {
    whose: Whose<'a>,
    points: Vec<Point<'a>>,
    /// Year and percent.
    targets: Vec<(i64, f64)>,
}

/// Draws figures of one indicator. `percent` says whether its unit is a share of hundred; `named` names a scope.
pub(crate) fn chart(figures: &[Figure], percent: bool, words: &Words, named: impl Fn(&str) -> String) -> Chart {
    let (mut lines, unseen) = lines(figures, percent);
    let left_out = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let scopes = |line: &Line<'_>| line.whose.scope != lines[0].whose.scope;
    let several_scopes = lines.iter().any(scopes);
    let label = |line: &Line<'_>| {
        let mut label = line.whose.area.2.to_owned();
        if let Some(from) = line.whose.area.3.filter(|_| lines.iter().any(|other| same_name(line, other))) {
            let _ = write!(label, " ({from})");
        }
        if let Some(scope) = line.whose.scope.filter(|_| several_scopes) {
            let _ = write!(label, ", {}", named(scope));
        }
        format!("{label}, {}", words.base(line.whose.base))
    };
    let points = || lines.iter().flat_map(|line| &line.points);
    let legend = lines.iter().enumerate().map(|(at, line)| (sample(at), label(line))).collect();
    Chart {
        hollow: points().any(|point| is_weak(point.figure)),
        ranges: points().any(|point| point.low < point.high),
        targets: lines.iter().any(|line| !line.targets.is_empty()),
        picture: Scales::of(&lines, percent).map(|scales| picture(&lines, &scales, words, label)),
        legend,
        left_out,
        unseen,
    }
}

/// Whether two lines are of areas of one name and different land.
fn same_name(line: &Line<'_>, other: &Line<'_>) -> bool {
    line.whose.area.2 == other.whose.area.2 && line.whose.area.3 != other.whose.area.3
}

fn is_weak(figure: &Figure) -> bool {
    figure.is_estimate() || figure.is_part()
}

/// The lines in the order of the table, and how many rows have no value.
fn lines(figures: &[Figure], percent: bool) -> (Vec<Line<'_>>, usize) {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut unseen = 0;
    for figure in figures {
        let range = if percent { figure.low.or(figure.high) } else { None };
        let range = range.map(|_| (figure.low.unwrap_or(0.0), figure.high.unwrap_or(100.0)));
        let bounds = figure.value.map(|value| (value, value)).or(range);
        let target = figure.target_year.zip(figure.target).filter(|_| percent);
        let is_target = figure.derivation.as_deref() == Some("target");
        unseen += usize::from(bounds.is_none() && !is_target);
        if bounds.is_none() && target.is_none() {
            continue;
        }
        let whose = Whose::of(figure);
        let at = lines.iter().position(|line| line.whose == whose).unwrap_or_else(|| {
            lines.push(Line { whose, points: Vec::new(), targets: Vec::new() });
            lines.len() - 1
        });
        lines[at].points.extend(bounds.map(|(low, high)| Point { figure, low, high }));
        if let Some(target) = target.filter(|target| !lines[at].targets.contains(target)) {
            lines[at].targets.push(target);
        }
    }
    (lines, unseen)
}

/// From years and values to places.
struct Scales {
    years: (i64, i64),
    most: f64,
    step: f64,
    /// Where the picture begins, beside its values.
    left: f64,
}

impl Scales {
    /// `None` where there is nothing to draw.
    fn of(lines: &[Line<'_>], percent: bool) -> Option<Self> {
        let points = || lines.iter().flat_map(|line| &line.points);
        let targets = || lines.iter().flat_map(|line| &line.targets);
        let years = || points().map(|point| point.figure.year).chain(targets().map(|target| target.0));
        let years = (years().min()?, years().max()?);
        let highest = points().map(|point| point.high).chain(targets().map(|target| target.1)).fold(0.0, f64::max);
        let highest = if percent { highest.max(100.0) } else { highest.max(1.0) };
        let step = round_step(highest / 5.0);
        let most = (highest / step).ceil() * step;
        let digits = format!("{most:.0}").len();
        let letters = digits + (digits - 1) / 3;
        Some(Self { years, most, step, left: LEFT.max(letters as f64 * LETTER) })
    }

    fn x(&self, year: i64) -> f64 {
        let width = WIDTH - self.left - RIGHT;
        match self.years.1 - self.years.0 {
            0 => self.left + width / 2.0,
            // Half a step of air on both sides.
            between => self.left + width * ((year - self.years.0) as f64 + 0.5) / (between as f64 + 1.0),
        }
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / self.most)
    }

    /// Values that have a line across.
    fn marks(&self) -> impl Iterator<Item = f64> {
        let steps = (self.most / self.step).round() as i64;
        (0..=steps).map(move |at| at as f64 * self.step)
    }

    /// Years that are written, at most about twelve.
    fn written(&self) -> impl Iterator<Item = i64> {
        let every = 1 + (self.years.1 - self.years.0) / 12;
        (self.years.0..=self.years.1).filter(move |year| (year - self.years.0) % every == 0)
    }
}

/// The next of 1, 2, 5, 10, 20, 50 … that is no less.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least - power * 1e-9).unwrap_or(least)
}

fn picture(lines: &[Line<'_>], scales: &Scales, words: &Words, label: impl Fn(&Line<'_>) -> String) -> Markup {
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby="chart-heading" aria-describedby="chart-words" {
            @for mark in scales.marks() {
                line.grid x1=(at(scales.left)) x2=(at(WIDTH - RIGHT)) y1=(at(scales.y(mark))) y2=(at(scales.y(mark))) {}
                text.tick x=(at(scales.left - 6.0)) y=(at(scales.y(mark) + 4.0)) text-anchor="end" { (words.number(mark)) }
            }
            @let years: Vec<i64> = scales.written().collect();
            @for (number, year) in years.iter().enumerate() {
                // Of many years a narrow window shows every other one, larger.
                text.tick.between[years.len() > FEW_YEARS && number % 2 == 1] x=(at(scales.x(*year))) y=(at(HEIGHT - 8.0))
                    text-anchor="middle" { (year) }
            }
            @for (number, line) in lines.iter().enumerate() {
                @let named = label(line);
                g class={ "line s" (number) } {
                    @for pair in line.points.windows(2) {
                        @if let Some(dashed) = joined(&pair[0], &pair[1]) {
                            path.join.dashed[dashed] d=(join(&pair[0], &pair[1], scales)) {}
                        }
                    }
                    @for (year, target) in &line.targets {
                        path.target d=(across(scales.x(*year), scales.y(*target))) {
                            title { (named) ", " (words.target) " " (year) ": " (words.number(*target)) " %" }
                        }
                    }
                    @for point in &line.points {
                        path.mark.hollow[is_weak(point.figure)].range[point.low < point.high] d=(mark(point, number, scales)) {
                            title { (named) ", " (point.figure.year) ": " (said(point, words)) }
                        }
                    }
                }
            }
        }
    }
}

/// Whether two points that follow each other are joined, and then whether by dashes.
fn joined(from: &Point<'_>, to: &Point<'_>) -> Option<bool> {
    let single = [from, to].iter().all(|point| point.low == point.high && !point.figure.is_part());
    let neighbours = to.figure.year == from.figure.year + 1 && to.figure.span == from.figure.span;
    (single && neighbours).then(|| from.figure.is_estimate() || to.figure.is_estimate())
}

/// A value in words.
fn said(point: &Point<'_>, words: &Words) -> String {
    let value = match point.low == point.high {
        true => words.number(point.low),
        false => format!("{}–{}", words.number(point.low), words.number(point.high)),
    };
    if is_weak(point.figure) { format!("{value} ({})", words.point_weak) } else { value }
}

/// A place, to a tenth of a pixel.
fn at(place: f64) -> String {
    format!("{place:.1}")
}

fn join(from: &Point<'_>, to: &Point<'_>, scales: &Scales) -> String {
    let place = |point: &Point<'_>| format!("{:.1} {:.1}", scales.x(point.figure.year), scales.y(point.low));
    format!("M{} L{}", place(from), place(to))
}

fn across(x: f64, y: f64) -> String {
    format!("M{:.1} {y:.1} h20", x - 10.0)
}

fn mark(point: &Point<'_>, number: usize, scales: &Scales) -> String {
    let x = scales.x(point.figure.year);
    if point.low < point.high {
        return format!("M{x:.1} {:.1} V{:.1}", scales.y(point.low), scales.y(point.high));
    }
    shape(number, x, scales.y(point.low))
}

/// Each line has a shape of its own, so that nobody needs colours to tell them apart.
fn shape(number: usize, x: f64, y: f64) -> String {
    let begin = |dx: f64, dy: f64| format!("M{:.1} {:.1}", x + dx, y + dy);
    match number {
        0 => format!("{} a5 5 0 1 0 10 0 a5 5 0 1 0 -10 0 z", begin(-5.0, 0.0)),
        1 => format!("{} h9 v9 h-9 z", begin(-4.5, -4.5)),
        2 => format!("{} l5.5 9.5 h-11 z", begin(0.0, -6.0)),
        3 => format!("{} l6 6 l-6 6 l-6 -6 z", begin(0.0, -6.0)),
        4 => format!("{} l5.5 -9.5 h-11 z", begin(0.0, 6.0)),
        _ => format!("{} h12 v5 h-12 z", begin(-6.0, -2.5)),
    }
}

/// A piece of a line for the legend.
fn sample(number: usize) -> Markup {
    html! {
        svg.sample viewBox="0 0 34 16" aria-hidden="true" {
            g class={ "line s" (number) } {
                path.join d="M0 8 h34" {}
                path.mark d=(shape(number, 17.0, 8.0)) {}
            }
        }
    }
}

impl Chart {
    /// What the picture leaves out, and what its marks mean, a sentence each.
    pub(crate) fn remarks(&self, words: &Words) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.left_out > 0 {
            let (drawn, all) = (self.legend.len().to_string(), (self.legend.len() + self.left_out).to_string());
            remarks.push(filled(&words.chart_left_out, &[&drawn, &all]));
        }
        if self.unseen > 0 {
            remarks.push(filled(&words.chart_unseen, &[&self.unseen.to_string()]));
        }
        for (is, remark) in
            [(self.hollow, &words.line_hollow), (self.targets, &words.line_target), (self.ranges, &words.line_range)]
        {
            remarks.extend(is.then(|| remark.clone()));
        }
        remarks
    }
}

#[cfg(test)]
mod tests;
