//! Axes, classes and decimals: which round numbers a chart is read by.

use crate::language::Language;

/// An upright or lying axis that begins at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    top: f64,
    step: f64,
}

/// At most so many steps an axis or classes a legend have, and mostly a little fewer.
const STEPS: f64 = 5.0;

/// What is lost in binary fractions, in steps.
const CRUMB: f64 = 1e-9;

impl Axis {
    /// The axis of some values. One of percents that has to reach beyond half of the whole goes on to the whole, so that
    /// what is still missing can be seen; any other ends at the first round number that is not below the largest value.
    pub(super) fn of(unit: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let largest = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        if unit == "%" && (largest == 0.0 || (largest > 50.0 && largest <= 100.0)) {
            return Self { top: 100.0, step: 20.0 };
        }
        if largest == 0.0 {
            return Self { top: 1.0, step: 1.0 };
        }
        let step = round_number(largest / STEPS);
        Self { top: (largest / step - CRUMB).ceil() * step, step }
    }

    /// What it is marked with, and how that is written: 0, and each step up to its end.
    pub(super) fn written_ticks(&self, language: Language) -> Vec<(f64, String)> {
        let ticks = self.ticks();
        let places = decimals(&ticks, 6);
        ticks.into_iter().map(|tick| (tick, language.decimal(tick, places))).collect()
    }

    fn ticks(&self) -> Vec<f64> {
        let steps = (self.top / self.step).round() as u32;
        (0..=steps).map(|at| f64::from(at) * self.step).collect()
    }

    /// Where a value is, between 0 and 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = value / self.top;
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// At most five classes of equal steps between round numbers. Equal steps, because a reader takes a class for a stretch of
/// the values, and because the bounds stay when one area reports anew; quantiles would do neither.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Classes {
    first: f64,
    step: f64,
    count: usize,
}

impl Classes {
    /// The classes of some values; none of no value.
    pub(super) fn of(values: &[f64]) -> Self {
        let known = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            return Self { first: 0.0, step: 1.0, count: 0 };
        }
        let mut step = round_number((high - low) / STEPS);
        loop {
            let first = (low / step + CRUMB).floor() * step;
            let count = ((high - first) / step - CRUMB).ceil().max(1.0);
            if count <= STEPS {
                return Self { first, step, count: count as usize };
            }
            // From a round number below the least value it may be a step more than between the values.
            step = round_number(step * 1.5);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The class of a value, from 0. Each has its lower bound, the last its upper one too.
    pub(super) fn class(&self, value: f64) -> usize {
        let steps = ((value - self.first) / self.step + CRUMB).floor();
        (steps.max(0.0) as usize).min(self.count.saturating_sub(1))
    }

    /// Their bounds, one more than there are classes.
    pub(super) fn bounds(&self) -> Vec<f64> {
        (0..=self.count).map(|at| self.first + self.step * at as f64).collect()
    }
}

/// How many decimals it takes to write all of some numbers, to so many at most.
pub(super) fn decimals(values: &[f64], most: usize) -> usize {
    let of = |value: &f64| {
        let written = format!("{value:.most$}");
        written.split_once('.').map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len())
    };
    values.iter().map(of).max().unwrap_or(0)
}

/// The first of 1, 2, 5, 10, 20, 50 … (and of 0.5, 0.2, 0.1 …) that is not below a number; 1 where the number is none.
fn round_number(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let mut round = [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power);
    round.find(|number| *number >= least * (1.0 - CRUMB)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_begins_at_nothing_and_ends_at_a_round_number() {
        let check = |unit, values: &[f64], top, step| {
            assert_eq!(Axis::of(unit, values.iter().copied()), Axis { top, step }, "{unit} {values:?}");
        };
        check("%", &[73.59, 80.0], 100.0, 20.0);
        check("%", &[100.0], 100.0, 20.0);
        check("%", &[37.0], 40.0, 10.0);
        check("%", &[104.0], 150.0, 50.0);
        check("%", &[], 100.0, 20.0);
        check("người", &[26_870_079.0], 30_000_000.0, 10_000_000.0);
        check("người", &[f64::NAN, 4.0], 4.0, 1.0);
        assert_eq!(Axis::of("%", [90.0]).ticks(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(Axis::of("%", [90.0]).share(25.0), 0.25);
    }

    #[test]
    fn classes_are_at_most_five_between_round_numbers() {
        let check = |values: &[f64], bounds: &[f64]| {
            let classes = Classes::of(values);
            assert_eq!(classes.bounds(), bounds, "{values:?}");
            for value in values {
                let class = classes.class(*value);
                assert!((bounds[class]..=bounds[class + 1]).contains(value), "{value} of {values:?}");
            }
        };
        check(&[73.59, 81.0, 98.4], &[70.0, 80.0, 90.0, 100.0]);
        check(&[0.0, 100.0], &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        check(&[55.0], &[55.0, 56.0]);
        // Five steps of 20 would begin at 0 and need a sixth.
        check(&[15.0, 110.0], &[0.0, 50.0, 100.0, 150.0]);
        assert_eq!(Classes::of(&[0.0, 100.0]).class(20.0), 1);
        assert_eq!(Classes::of(&[0.0, 100.0]).class(100.0), 4);
        assert_eq!(Classes::of(&[]).count(), 0);
    }

    #[test]
    fn numbers_have_the_decimals_that_they_need() {
        assert_eq!(decimals(&[73.59, 80.0], 2), 2);
        assert_eq!(decimals(&[73.5, 80.0], 2), 1);
        assert_eq!(decimals(&[73.587], 1), 1);
        assert_eq!(decimals(&[0.0, 20.0], 4), 0);
    }
}
