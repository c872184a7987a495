//! Lines over the years.
//!
//! A year without a value between two others breaks the line, and a value without neighbours is its mark alone. Each line
//! that reaches the last year says its last value at the right edge; the names are in the legend below.

use super::canvas::{Canvas, GRID, HPos, INK, Type, WIDTH_MM, sheet, widest};
use super::legend::Legend;
use super::mark::Look;
use super::scale::{Axis, decimals};
use crate::WriteError;
use crate::document::Line;
use crate::language::Language;
use crate::picture::Picture;

/// In mm.
const PLOT_HEIGHT: f64 = 80.0;
const UNIT_HEIGHT: f64 = 6.0;
const YEARS_HEIGHT: f64 = 8.0;
/// Between the edges of the plot and the first and the last year.
const INSET: f64 = 5.0;
/// Of a line in the legend.
const SAMPLE: f64 = 12.0;
/// Between two values at the right edge.
const LEAST_LEADING: f64 = 3.6;
/// From the right edge of the plot to the words of a value there, with its mark.
const BEFORE_END: f64 = 4.2;

/// The years that fit below the plot.
const MOST_YEARS: i32 = 15;

/// Draws lines over the years.
pub(super) fn draw(unit: &str, lines: &[Line], language: Language) -> Result<Picture, WriteError> {
    let plan = Plan::of(unit, lines, language)?;
    sheet(plan.bottom + YEARS_HEIGHT + plan.legend.height, |canvas| {
        plan.draw_axes(canvas)?;
        for number in 0..plan.lines.len() {
            plan.draw_line(canvas, number)?;
        }
        plan.draw_ends(canvas)?;
        plan.legend.draw(canvas, plan.bottom + YEARS_HEIGHT, |number, (x, y)| {
            let look = Look::of(number);
            look.line(canvas, &[(x, y), (x + SAMPLE, y)])?;
            look.mark(canvas, (x + SAMPLE / 2.0, y))
        })
    })
}

/// Where everything stands.
struct Plan<'a> {
    unit: &'a str,
    lines: Vec<Points>,
    language: Language,
    axis: Axis,
    /// The first and the last year.
    years: Option<(i32, i32)>,
    /// What the lines end with at the right edge, from above.
    ends: Vec<End>,
    legend: Legend,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Years and values that are numbers, by year.
type Points = Vec<(i32, f64)>;

struct End {
    line: usize,
    value: f64,
    words: String,
}

impl<'a> Plan<'a> {
    fn of(unit: &'a str, lines: &[Line], language: Language) -> Result<Self, WriteError> {
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        let known = |line: &Line| line.points.iter().copied().filter(|(_, value)| value.is_finite()).collect();
        let lines: Vec<Points> = lines.iter().map(known).collect();
        let axis = Axis::of(unit, lines.iter().flatten().map(|(_, value)| *value));
        let years = || lines.iter().flatten().map(|(year, _)| *year);
        let years = years().min().zip(years().max());
        let ends = ends(&lines, years, language);
        let end_width = widest(ends.iter().map(|end| end.words.as_str()), Type::Small)?;
        let ticks = axis.written_ticks(language);
        let top = if unit.is_empty() { UNIT_HEIGHT / 2.0 } else { UNIT_HEIGHT };
        Ok(Self {
            unit,
            language,
            axis,
            years,
            legend: Legend::of(&names, SAMPLE)?,
            left: widest(ticks.iter().map(|(_, words)| words.as_str()), Type::Small)? + 2.0,
            right: f64::from(WIDTH_MM) - if ends.is_empty() { 3.0 } else { BEFORE_END + end_width + 0.5 },
            top,
            bottom: top + PLOT_HEIGHT,
            lines,
            ends,
        })
    }

    fn x(&self, year: i32) -> f64 {
        let (from, to) = (self.left + INSET, self.right - INSET);
        match self.years {
            Some((first, last)) if first < last => {
                from + f64::from(year - first) / f64::from(last - first) * (to - from)
            }
            _ => (from + to) / 2.0,
        }
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.axis.share(value) * (self.bottom - self.top)
    }

    fn draw_axes(&self, canvas: &Canvas<'_>) -> Result<(), WriteError> {
        if !self.unit.is_empty() {
            canvas.words(self.unit, (0.0, UNIT_HEIGHT / 2.0 - 0.8), Type::Small, HPos::Left, INK)?;
        }
        for (value, words) in self.axis.written_ticks(self.language) {
            let y = self.y(value);
            canvas.path(&[(self.left, y), (self.right, y)], GRID, 0.2)?;
            canvas.words(&words, (self.left - 1.5, y), Type::Small, HPos::Right, INK)?;
        }
        canvas.path(&[(self.left, self.bottom), (self.right, self.bottom)], INK, 0.3)?;
        for year in self.years.map(year_ticks).unwrap_or_default() {
            let x = self.x(year);
            canvas.path(&[(x, self.bottom), (x, self.bottom + 1.0)], INK, 0.3)?;
            canvas.words(&year.to_string(), (x, self.bottom + 3.2), Type::Small, HPos::Center, INK)?;
        }
        Ok(())
    }

    fn draw_line(&self, canvas: &Canvas<'_>, number: usize) -> Result<(), WriteError> {
        let look = Look::of(number);
        let runs = self.lines[number].chunk_by(|(year, _), (next, _)| next - year == 1);
        for run in runs {
            let points: Vec<_> = run.iter().map(|(year, value)| (self.x(*year), self.y(*value))).collect();
            if points.len() > 1 {
                look.line(canvas, &points)?;
            }
            for point in points {
                look.mark(canvas, point)?;
            }
        }
        Ok(())
    }

    fn draw_ends(&self, canvas: &Canvas<'_>) -> Result<(), WriteError> {
        let Some((_, last)) = self.years else { return Ok(()) };
        let wanted: Vec<f64> = self.ends.iter().map(|end| self.y(end.value)).collect();
        let placed = spread(&wanted, LEAST_LEADING, (self.top, self.bottom));
        for ((end, from), to) in self.ends.iter().zip(wanted).zip(placed) {
            let mark = (self.right + 2.4, to);
            canvas.path(&[(self.x(last) + 1.4, from), (mark.0 - 1.4, to)], GRID, 0.2)?;
            Look::of(end.line).mark(canvas, mark)?;
            canvas.words(&end.words, (self.right + BEFORE_END, to), Type::Small, HPos::Left, INK)?;
        }
        Ok(())
    }
}

/// The last values of the lines that reach the last year, the largest first.
fn ends(lines: &[Points], years: Option<(i32, i32)>, language: Language) -> Vec<End> {
    let last_year = years.map(|(_, last)| last);
    let values: Vec<f64> = lines.iter().flatten().map(|(_, value)| *value).collect();
    let places = decimals(&values, 2);
    let reaching = lines.iter().enumerate().filter_map(|(line, points)| {
        let (year, value) = *points.last()?;
        let words = language.decimal(value, places);
        (Some(year) == last_year).then_some(End { line, value, words })
    });
    let mut ends: Vec<End> = reaching.collect();
    ends.sort_by(|one, other| other.value.total_cmp(&one.value));
    ends
}

/// The years below the plot: all, or every second, fifth, tenth … back from the last.
fn year_ticks((first, last): (i32, i32)) -> Vec<i32> {
    let fits = |step: &i32| (last - first) / step < MOST_YEARS;
    let step = [1, 2, 5, 10, 20, 50].into_iter().find(fits).unwrap_or(100);
    (first..=last).filter(|year| (last - year) % step == 0).collect()
}

/// Heights near the wanted ones, which ascend, but at least so far from each other, and between two bounds as far as that
/// can be.
fn spread(wanted: &[f64], least: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut free = low;
    let mut placed: Vec<f64> = Vec::with_capacity(wanted.len());
    for height in wanted {
        let height = f64::max(*height, free);
        placed.push(height);
        free = height + least;
    }
    let mut free = high;
    for height in placed.iter_mut().rev() {
        *height = f64::min(*height, free);
        free = *height - least;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_whole_and_few_enough() {
        assert_eq!(year_ticks((2021, 2025)), [2021, 2022, 2023, 2024, 2025]);
        assert_eq!(year_ticks((2024, 2024)), [2024]);
        assert_eq!(year_ticks((2000, 2025)).len(), 13);
        assert_eq!(year_ticks((2000, 2025)).last(), Some(&2025));
        assert_eq!(year_ticks((1945, 2045)), [1945, 1955, 1965, 1975, 1985, 1995, 2005, 2015, 2025, 2035, 2045]);
    }

    #[test]
    fn values_at_the_edge_do_not_cover_each_other() {
        assert_eq!(spread(&[10.0, 20.0], 4.0, (0.0, 80.0)), [10.0, 20.0]);
        assert_eq!(spread(&[10.0, 11.0, 11.0], 4.0, (0.0, 80.0)), [10.0, 14.0, 18.0]);
        assert_eq!(spread(&[78.0, 79.0, 80.0], 4.0, (0.0, 80.0)), [72.0, 76.0, 80.0]);
    }

    #[test]
    fn a_line_that_stops_early_ends_without_a_value() {
        let lines = [vec![(2023, 50.0), (2024, 60.5)], vec![(2022, 10.0), (2023, 20.0)], vec![(2024, 70.0)], vec![]];
        let ends = ends(&lines, Some((2022, 2024)), Language::Vietnamese);
        let said: Vec<_> = ends.iter().map(|end| (end.line, end.words.as_str())).collect();
        assert_eq!(said, [(2, "70,0"), (0, "60,5")]);
    }
}
