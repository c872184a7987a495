//! Rates: what a count is a share of, and what the share says.
//!
//! In: a value and the sizes that figures give. Out: the rate, or why there is none, and what it bounds where the size
//! is no exact number.

use lantoa_schemas::area::AreaId;
use lantoa_schemas::catalogue::Unit;
use lantoa_schemas::vocabulary::{Base, Precision};

use super::{Sheet, round, unit};
use crate::indicator::answer_row::IndicatorRow;
use crate::indicator::figure::Cell;
use crate::indicator::total::Value;

/// How many there are of what a rate is a share of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) count: i64,
    pub(super) precision: Option<Precision>,
}

impl Sheet<'_> {
    /// The size of the base and what it is called, for where the source gives no denominator and the catalogue knows where
    /// to look.
    pub(super) fn size_for(&self, area: AreaId, cell: &Cell, value: &Value) -> Option<(Size, &str)> {
        value.numerator?;
        if value.coverage < 1.0 - 1e-9 {
            return None;
        }
        let indicator = self.things.thing(cell.thing).indicator.as_ref()?;
        let scope = self.things.scope_name(cell.scope);
        let of = indicator.base(cell.base, scope)?;
        let (number, scope, called) = match (&of.measure, &of.indicator) {
            (Some(measure), _) => (self.things.known_size(measure)?, None, measure),
            (None, Some(id)) => (self.things.known_indicator(id)?, cell.scope, id),
            (None, None) => return None,
        };
        let size = self.figures.size(self.at, number, scope, cell.year, area).filter(|size| size.count > 0)?;
        Some((size, called.as_str()))
    }

    /// Computes the rate of a row, or says why there is none.
    pub(super) fn rate(&self, cell: &Cell, value: &Value, row: &mut IndicatorRow<'_>, reasons: &mut Vec<String>) {
        let unit = unit(self.things, cell);
        let Some(numerator) = value.numerator else {
            reasons.push("no count is given, so no rate is computed".to_owned());
            row.value = row.percent_low.filter(|low| unit == Unit::Percent && row.percent_high == Some(*low));
            return;
        };
        if unit == Unit::Count {
            row.value = Some(numerator as f64);
            return;
        }
        let Some(denominator) = row.denominator.filter(|denominator| *denominator > 0) else {
            let missing = match cell.base {
                Base::Unknown => "no denominator is given, so no rate is computed",
                _ if value.own.is_none() => "not all parts give a denominator, so no rate is computed",
                _ => "no denominator is given, so no rate is computed",
            };
            reasons.push(missing.to_owned());
            row.value = row.percent_low.filter(|low| unit == Unit::Percent && row.percent_high == Some(*low));
            return;
        };
        let least = self.things.thing(cell.thing).indicator.as_ref().map_or(0.0, |i| i.min_coverage_percent);
        if value.own.is_none() && 100.0 * value.coverage < least - 1e-9 {
            reasons.push(format!("{} % of it report and a rate needs {least} %", round(100.0 * value.coverage)));
            return;
        }
        // Of the figures themselves and never a mean of rates.
        let of_a = |factor: f64| factor * numerator as f64 / denominator as f64;
        row.rate_percent = Some(of_a(100.0));
        row.value = unit.factor().map(of_a);
    }
}

/// What a rate says of a base that is only known to be over, under or about so many; nothing where it is exact.
pub(super) fn as_bound(size: &Size, called: &str, numerator: Option<Precision>, rate: &str) -> Option<String> {
    use Precision::{About, AtLeast, Exact, Nearly, Over};
    let words = match size.precision.filter(|precision| *precision != Exact)? {
        Over => "over",
        AtLeast => "at least",
        Nearly => "nearly",
        About | Exact => "about",
    };
    let numerator = numerator.unwrap_or(Exact);
    let so = match (words, numerator) {
        // Of more than so many no more than that share, and of fewer no less, where the count itself does not point the
        // other way.
        ("over" | "at least", Exact | Nearly) => format!("at most {rate}"),
        ("nearly", Exact | Over | AtLeast) => format!("at least {rate}"),
        ("about", _) => format!("about {rate}"),
        _ => format!("only near {rate}: the count is no exact number either"),
    };
    Some(format!("of {words} {} {called}, so the rate is {so}", size.count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_an_inexact_base_says_what_it_bounds() {
        use Precision::{About, AtLeast, Exact, Nearly, Over};
        for (precision, numerator, expected) in [
            (None, None, None),
            (Some(Exact), Some(Over), None),
            (Some(Over), None, Some("of over 120 household, so the rate is at most 75 %")),
            (Some(AtLeast), Some(Nearly), Some("of at least 120 household, so the rate is at most 75 %")),
            (Some(Nearly), Some(Over), Some("of nearly 120 household, so the rate is at least 75 %")),
            (Some(About), Some(Over), Some("of about 120 household, so the rate is about 75 %")),
            (
                Some(Over),
                Some(Over),
                Some("of over 120 household, so the rate is only near 75 %: the count is no exact number either"),
            ),
        ] {
            let told = as_bound(&Size { count: 120, precision }, "household", numerator, "75 %");
            assert_eq!(told.as_deref(), expected, "{precision:?} {numerator:?}");
        }
    }
}
