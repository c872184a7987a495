//! Figures that break a rule. They are told, with what would have been expected, and stay as they are everywhere else.
//!
//! In: the figures that were chosen, the history, the catalogue. Out: a row for every figure and rule that it breaks.
//! A figure of unknown exactness (over, nearly, about) is held only against rules that its bound can break.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::vocabulary::{Base, Precision, Span};

use super::answer_row::{SuspiciousRow, SuspiciousRows};
use super::figure::{Basis, Figure, Read};
use super::told::{Told, text};

/// A count that changes by more than this factor a year is a jump.
const JUMP: f64 = 2.0;
/// Smaller counts jump by nature.
const JUMP_FROM: i64 = 50;
/// How near ten times (or a tenth of) a figure must come to what is expected, as a share of it.
const NEAR: f64 = 0.3;

/// A rule that a figure breaks.
struct Finding {
    rule: &'static str,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    explanation: String,
}

/// The chosen figures of all areas, to be held against each other.
pub(crate) struct Suspicion<'a> {
    history: &'a AreaHistory,
    catalogue: &'a Catalogue,
    read: &'a Read,
    /// Figures by series of area, thing and year.
    at: HashMap<(AreaId, u16, i64), Vec<usize>>,
    /// Years of each series and thing that have a figure, ascending.
    years: HashMap<(AreaId, u16), Vec<i64>>,
}

impl<'a> Suspicion<'a> {
    pub(crate) fn new(history: &'a AreaHistory, catalogue: &'a Catalogue, read: &'a Read) -> Self {
        let mut at: HashMap<(AreaId, u16, i64), Vec<usize>> = HashMap::new();
        let mut years: HashMap<(AreaId, u16), Vec<i64>> = HashMap::new();
        for (number, figure) in read.figures.iter().enumerate() {
            let Some(area) = figure.area.filter(|_| figure.basis == Basis::Stated) else { continue };
            let series = history.series(area);
            at.entry((series, figure.cell.thing, figure.cell.year)).or_default().push(number);
            years.entry((series, figure.cell.thing)).or_default().push(figure.cell.year);
        }
        for years in years.values_mut() {
            years.sort_unstable();
            years.dedup();
        }
        Self { history, catalogue, read, at, years }
    }

    /// All findings, in the order of the figures.
    pub(crate) fn rows(&self, told: &Told) -> Result<RecordBatch, ArrowError> {
        let mut rows = SuspiciousRows::new();
        for figure in self.read.figures.iter().filter(|figure| figure.basis == Basis::Stated) {
            let Some(area) = figure.area else { continue };
            for finding in self.findings(area, figure) {
                let of = self.history.area(area);
                let thing = self.read.things.thing(figure.cell.thing);
                rows.push(&SuspiciousRow {
                    event_id: text(&told.event_id, figure.row).map(Cow::Borrowed),
                    area_code: Some(Cow::Borrowed(&of.code)),
                    area_name: Some(Cow::Borrowed(&of.short_name)),
                    year: Some(figure.cell.year),
                    measure: Some(Cow::Borrowed(thing.indicator.as_ref().map_or(&thing.id, |i| &i.measure))),
                    rule: Some(finding.rule),
                    value: Some(finding.value),
                    expected_low: finding.low,
                    expected_high: finding.high,
                    explanation: Some(Cow::Owned(finding.explanation)),
                    source: text(&told.source, figure.row).map(Cow::Borrowed),
                });
            }
        }
        rows.finish()
    }

    fn findings(&self, area: AreaId, figure: &Figure) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some(numerator) = figure.numerator else { return findings };
        findings.extend(self.above_its_whole(area, figure, numerator));
        findings.extend(self.above_the_area_around(area, figure, numerator));
        findings.extend(self.above_what_contains_it(area, figure, numerator));
        findings.extend(self.too_few_people(area, figure, numerator));
        findings.extend(unlike_its_percent(figure, numerator));
        findings.extend(self.jump(area, figure, numerator));
        findings
    }

    /// The figure of the same area and year in another cell.
    fn beside(&self, area: AreaId, thing: u16, year: i64) -> impl Iterator<Item = &'a Figure> {
        let found = self.at.get(&(self.history.series(area), thing, year)).map_or(&[][..], Vec::as_slice);
        found.iter().map(|at| &self.read.figures[*at])
    }

    /// More titles than subjects.
    fn above_its_whole(&self, area: AreaId, figure: &Figure, numerator: i64) -> Option<Finding> {
        let size = || {
            let indicator = self.read.things.thing(figure.cell.thing).indicator.as_ref()?;
            let scope = self.read.things.scope_name(figure.cell.scope);
            let measure = indicator.base(figure.cell.base, scope)?.measure.as_ref()?;
            let size = self.read.things.known_size(measure)?;
            self.beside(area, size, figure.cell.year).filter(bounds_from_above).find_map(|size| size.numerator)
        };
        let whole = figure.denominator.or_else(size).filter(|whole| numerator > *whole)?;
        Some(Finding {
            rule: "part_above_whole",
            value: numerator as f64,
            low: None,
            high: Some(whole as f64),
            explanation: format!("{numerator} is more than all there are, {whole}"),
        })
    }

    /// More than the province or the nation has.
    fn above_the_area_around(&self, area: AreaId, figure: &Figure, numerator: i64) -> Option<Finding> {
        let mut above = self.history.parent(area);
        while let Some(around) = above {
            let same_kind = |other: &&Figure| {
                other.cell.scope == figure.cell.scope && other.span == figure.span && bounds_from_above(other)
            };
            let wholes = self.beside(around, figure.cell.thing, figure.cell.year).filter(same_kind);
            let whole = wholes.filter_map(|whole| whole.numerator).max();
            if let Some(whole) = whole.filter(|whole| numerator > *whole) {
                let name = &self.history.area(around).short_name;
                return Some(Finding {
                    rule: "above_the_area_around",
                    value: numerator as f64,
                    low: None,
                    high: Some(whole as f64),
                    explanation: format!("{numerator} is more than {name} as a whole has, {whole}"),
                });
            }
            above = self.history.parent(around);
        }
        None
    }

    /// More than a count of the same area that must contain it.
    fn above_what_contains_it(&self, area: AreaId, figure: &Figure, numerator: i64) -> Vec<Finding> {
        let id = &self.read.things.thing(figure.cell.thing).id;
        let rules = self.catalogue.containments().iter().filter(|rule| rule.part == *id);
        let finding = |rule: &lantoa_schemas::catalogue::Containment| {
            let things = &self.read.things;
            let wholes = [things.known_indicator(&rule.whole), things.known_size(&rule.whole)];
            let measure = |thing: u16| things.thing(thing).indicator.as_ref().map(|indicator| &indicator.measure);
            let whole = wholes
                .into_iter()
                .flatten()
                .flat_map(|thing| self.beside(area, thing, figure.cell.year))
                .filter(bounds_from_above)
                .filter(|whole| {
                    let one_measure = measure(whole.cell.thing) == measure(figure.cell.thing);
                    !one_measure || whole.cell.scope == figure.cell.scope
                })
                .filter_map(|whole| whole.numerator)
                .max()?;
            let most = whole as f64 * rule.at_most;
            (numerator as f64 > most).then(|| Finding {
                rule: "above_what_contains_it",
                value: numerator as f64,
                low: None,
                high: Some(most),
                explanation: format!("{numerator} beside {} = {whole}: {}", rule.whole, rule.reason_en),
            })
        };
        rules.filter_map(finding).collect()
    }

    /// A share of the people by which there would be fewer people than households.
    fn too_few_people(&self, area: AreaId, figure: &Figure, numerator: i64) -> Option<Finding> {
        if !matches!(figure.cell.base, Base::Population | Base::Adult) {
            return None;
        }
        let percent = figure.percent.as_ref()?.bounds().1.filter(|percent| *percent > 0.0)?;
        let things = &self.read.things;
        let counted =
            things.known_size("household").into_iter().flat_map(|size| self.beside(area, size, figure.cell.year));
        let families = things.known_indicator("learning_family").into_iter();
        let bases = families
            .flat_map(|thing| self.beside(area, thing, figure.cell.year))
            .filter(|families| families.cell.base == Base::All);
        let households = counted.filter_map(|size| size.numerator).chain(bases.filter_map(|f| f.denominator)).max()?;
        let people = numerator as f64 * 100.0 / percent;
        if people >= households as f64 {
            return None;
        }
        let ten = match numerator.checked_mul(10).filter(|_| 10.0 * people >= households as f64) {
            Some(ten) => format!("; ten times the count, {ten}, would not contradict them"),
            None => String::new(),
        };
        Some(Finding {
            rule: "too_few_people",
            value: numerator as f64,
            low: Some(households as f64 * percent / 100.0),
            high: None,
            explanation: format!(
                "{numerator} being {percent} % makes {people:.0} people, fewer than the {households} households{ten}"
            ),
        })
    }

    /// A leap against the figure before it, or one that moves by a factor of about ten.
    fn jump(&self, area: AreaId, figure: &Figure, numerator: i64) -> Option<Finding> {
        if figure.span != Some(Span::Stock) {
            return None;
        }
        let years = self.years.get(&(self.history.series(area), figure.cell.thing))?;
        let alike = |other: &&Figure| {
            (other.cell.scope, other.cell.base, other.span) == (figure.cell.scope, figure.cell.base, figure.span)
        };
        let earlier_years = years.iter().rev().copied().filter(|year| *year < figure.cell.year);
        let (before, earlier) = earlier_years
            .filter_map(|year| Some((year, self.beside(area, figure.cell.thing, year).find(alike)?.numerator?)))
            .next()?;
        if earlier.min(numerator) <= 0 || earlier.max(numerator) < JUMP_FROM {
            return None;
        }
        let years = (figure.cell.year - before) as f64;
        let most = 1.0 + (JUMP - 1.0) * years;
        let factor = numerator as f64 / earlier as f64;
        if (1.0 / most..=most).contains(&factor) {
            return None;
        }
        let ten = [10.0, 0.1].into_iter().find(|ten| (factor / ten - 1.0).abs() <= NEAR);
        let (low, high) = (earlier as f64 / most, earlier as f64 * most);
        let explanation = format!("{numerator} after {earlier} in {before}, {factor:.2} times as much");
        Some(match ten {
            Some(_) => Finding {
                rule: "factor_10",
                value: numerator as f64,
                low: Some(low),
                high: Some(high),
                explanation: format!("{explanation}: about a factor of ten"),
            },
            None => Finding { rule: "jump", value: numerator as f64, low: Some(low), high: Some(high), explanation },
        })
    }
}

/// Whether a count can be held against a part of it: one of "over" or "about" so many says nothing of how many there are
/// at most.
fn bounds_from_above(whole: &&Figure) -> bool {
    matches!(whole.precision, None | Some(Precision::Exact | Precision::Nearly))
}

/// A percent that no rounding or truncation of the fraction gives.
fn unlike_its_percent(figure: &Figure, numerator: i64) -> Option<Finding> {
    let exact = figure.precision.is_none_or(|precision| precision == Precision::Exact);
    let (percent, denominator) = (figure.percent.as_ref()?, figure.denominator.filter(|d| *d > 0 && exact)?);
    if percent.fits(numerator, denominator) {
        return None;
    }
    let computed = 100.0 * numerator as f64 / denominator as f64;
    let (low, high) = percent.bounds();
    let near = |factor: f64| {
        low.zip(high).is_some_and(|(low, high)| {
            (low * (1.0 - NEAR / 10.0)..=high * (1.0 + NEAR / 10.0)).contains(&(computed * factor))
        })
    };
    let ten = near(10.0) || near(0.1);
    let of = |percent: Option<f64>| percent.map(|percent| percent * denominator as f64 / 100.0);
    let explanation = format!(
        "{numerator} of {denominator} is {computed:.4} %, and {} % is printed{}",
        percent.as_str(),
        if ten { ": about a factor of ten" } else { "" }
    );
    Some(Finding {
        rule: if ten { "factor_10" } else { "percent_of_fraction" },
        value: numerator as f64,
        low: of(low),
        high: of(high),
        explanation,
    })
}
