//! Lying bars, one below another.
//!
//! Each has its name at its left and its value at its end; an upright stroke is where its target is. The picture grows with
//! the bars, until they are so many (about forty) that they move together; 63 provinces fit on a page.

use super::canvas::{
    Canvas, GRID, HPos, INK, MOST_HEIGHT, PAPER, Point, RGBColor, Type, WIDTH_MM, sheet, widest, width, wrapped,
};
use super::legend::Legend;
use super::scale::{Axis, decimals};
use crate::WriteError;
use crate::document::Bar;
use crate::language::Language;
use crate::picture::Picture;

/// A light blue: the black stroke of a target is seen on it, in colour and in grey.
const FILL: RGBColor = RGBColor(86, 180, 233);

/// In mm.
const LEAST_ROW: f64 = 3.2;
const MOST_ROW: f64 = 5.4;
/// Rows lower than this have small letters.
const TIGHT_ROW: f64 = 4.2;
const MOST_NAME: f64 = 60.0;
const TICKS_HEIGHT: f64 = 5.0;
/// Of a bar or a target in the legend.
const SAMPLE: f64 = 5.0;
/// From the end of a bar to the words of the value behind it.
const BEFORE_VALUE: f64 = 1.2;
/// Of the stroke of a target with its white edges.
const HALF_TARGET: f64 = 0.6;

/// From so many bars on, the axis is written above them too.
const MANY: usize = 20;

/// Draws lying bars.
pub(super) fn draw(unit: &str, target: &str, bars: &[Bar], language: Language) -> Result<Picture, WriteError> {
    let plan = Plan::of(unit, target, bars, language)?;
    sheet(plan.bottom + TICKS_HEIGHT, |canvas| {
        plan.legend.draw(canvas, 0.0, |number, at| plan.samples[number].draw(canvas, at))?;
        plan.draw_axis(canvas)?;
        plan.rows.iter().try_for_each(|row| plan.draw_row(canvas, row))
    })
}

/// Where everything stands.
struct Plan<'a> {
    language: Language,
    axis: Axis,
    samples: Vec<Sample>,
    legend: Legend,
    /// How names and values are set.
    set: Type,
    rows: Vec<Row<'a>>,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

struct Row<'a> {
    bar: &'a Bar,
    name: Vec<String>,
    value: String,
    top: f64,
    height: f64,
}

impl<'a> Plan<'a> {
    fn of(unit: &str, target: &str, bars: &'a [Bar], language: Language) -> Result<Self, WriteError> {
        let values: Vec<f64> = bars.iter().map(|bar| bar.value).collect();
        let targets = || bars.iter().filter_map(|bar| bar.target);
        let (mut samples, mut said) = (Vec::new(), Vec::new());
        if !unit.is_empty() {
            samples.push(Sample::Bar);
            said.push(unit);
        }
        if targets().next().is_some() {
            samples.push(Sample::Target);
            said.push(target);
        }
        let legend = Legend::of(&said, SAMPLE)?;
        let top = legend.height + if bars.len() >= MANY { TICKS_HEIGHT } else { 1.0 };
        let row = ((MOST_HEIGHT - top - TICKS_HEIGHT) / bars.len() as f64).clamp(LEAST_ROW, MOST_ROW);
        let set = if row < TIGHT_ROW { Type::Small } else { Type::Plain };
        // Percents as the tables have them.
        let places = if unit == "%" { 2 } else { decimals(&values, 2) };
        let rows = rows(bars, places, language, set, (top, row))?;
        let names = rows.iter().flat_map(|row| &row.name).map(String::as_str);
        let value_width = widest(rows.iter().map(|row| row.value.as_str()), set)?;
        Ok(Self {
            language,
            axis: Axis::of(unit, values.iter().copied().chain(targets())),
            samples,
            legend,
            set,
            left: widest(names, set)? + 2.0,
            right: f64::from(WIDTH_MM) - value_width - 2.0 * BEFORE_VALUE - 0.5,
            top,
            bottom: rows.last().map_or(top, |row| row.top + row.height),
            rows,
        })
    }

    fn x(&self, value: f64) -> f64 {
        self.left + self.axis.share(value) * (self.right - self.left)
    }

    fn draw_axis(&self, canvas: &Canvas<'_>) -> Result<(), WriteError> {
        for (value, words) in self.axis.written_ticks(self.language) {
            let x = self.x(value);
            canvas.path(&[(x, self.top), (x, self.bottom)], GRID, 0.2)?;
            canvas.words(&words, (x, self.bottom + 2.6), Type::Small, HPos::Center, INK)?;
            if self.rows.len() >= MANY {
                canvas.words(&words, (x, self.top - 2.4), Type::Small, HPos::Center, INK)?;
            }
        }
        canvas.path(&[(self.left, self.top), (self.left, self.bottom)], INK, 0.3)
    }

    fn draw_row(&self, canvas: &Canvas<'_>, row: &Row<'_>) -> Result<(), WriteError> {
        let middle = row.top + row.height / 2.0;
        let first_line = middle - row.name.len().saturating_sub(1) as f64 * self.set.leading() / 2.0;
        canvas.lines(&row.name, (self.left - 1.5, first_line), self.set, HPos::Right)?;
        let thick = f64::min(row.height, MOST_ROW) * 0.68;
        let end = self.x(row.bar.value);
        canvas.rectangle((self.left, middle - thick / 2.0), (end, middle + thick / 2.0), FILL)?;
        if let Some(target) = row.bar.target {
            draw_target(canvas, (self.x(target), middle), thick * 1.25)?;
        }
        let (x, side) = self.place_of_value(row, end)?;
        canvas.words(&row.value, (x, middle), self.set, side, INK)
    }

    /// Behind the end of the bar. Where the target stands in the way, before that end, because words behind a target look
    /// like its value; and behind the target only where the bar is too short.
    fn place_of_value(&self, row: &Row<'_>, end: f64) -> Result<(f64, HPos), WriteError> {
        let behind = end + BEFORE_VALUE;
        let wide = width(&row.value, self.set)?;
        let target = row.bar.target.map(|target| self.x(target));
        let Some(target) = target.filter(|target| (end..behind + wide + BEFORE_VALUE).contains(target)) else {
            return Ok((behind, HPos::Left));
        };
        let inside = f64::min(end, target - HALF_TARGET) - BEFORE_VALUE / 2.0;
        if inside - wide > self.left + BEFORE_VALUE / 2.0 {
            Ok((inside, HPos::Right))
        } else {
            Ok((target + BEFORE_VALUE, HPos::Left))
        }
    }
}

/// Names in lines, values with so many decimals, one row below another from a height on, each at least so high.
fn rows(
    bars: &[Bar],
    places: usize,
    language: Language,
    set: Type,
    (top, least): (f64, f64),
) -> Result<Vec<Row<'_>>, WriteError> {
    let mut free = top;
    let mut rows = Vec::with_capacity(bars.len());
    for bar in bars {
        let name = wrapped(&bar.name, set, MOST_NAME)?;
        // A name of one line may fill its row: there is air in its leading.
        let needed = if name.len() > 1 { name.len() as f64 * set.leading() + 0.8 } else { least };
        let height = f64::max(least, needed);
        rows.push(Row { bar, name, value: language.decimal(bar.value, places), top: free, height });
        free += height;
    }
    Ok(rows)
}

/// What stands in the legend.
enum Sample {
    Bar,
    Target,
}

impl Sample {
    fn draw(&self, canvas: &Canvas<'_>, (x, y): Point) -> Result<(), WriteError> {
        match self {
            Self::Bar => canvas.rectangle((x, y - 1.3), (x + SAMPLE, y + 1.3), FILL),
            Self::Target => draw_target(canvas, (x + SAMPLE / 2.0, y), 3.4),
        }
    }
}

/// An upright stroke, black between two white ones.
fn draw_target(canvas: &Canvas<'_>, (x, y): Point, high: f64) -> Result<(), WriteError> {
    canvas.rectangle((x - HALF_TARGET, y - high / 2.0), (x + HALF_TARGET, y + high / 2.0), PAPER)?;
    canvas.rectangle((x - HALF_TARGET / 2.0, y - high / 2.0), (x + HALF_TARGET / 2.0, y + high / 2.0), INK)
}
