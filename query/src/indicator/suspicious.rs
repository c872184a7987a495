//! Figures that break a rule. They are told, with what would have been expected, and stay as they are everywhere else.
//!
//! In: the figures that were chosen, the history, the catalogue. Out: a row for every figure and rule that it breaks.
//! A figure of unknown exactness (over, nearly, about) is held only against rules that its bound can break.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::catalogue::{Catalogue, Containment};
use lantoa_schemas::vocabulary::{Base, Precision, Span};

use super::answer_row::{SuspiciousRow, SuspiciousRows};
use super::figure::{Basis, Figure, Things};
use super::lot::Lots;
use super::standing_lot::{Read, StandingLot};

/// The rule that a figure breaks which is more than the area around has; a finding of it tells that area's figure.
pub(crate) const ABOVE_THE_AREA_AROUND: &str = "above_the_area_around";

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

/// Stated figures of a lot by the series of their areas, then by thing and year.
#[derive(Debug)]
pub(super) struct BySeries {
    /// Where the entries of each series begin, by number of its first area; empty where there are none.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// A figure, by its number in the lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    thing: u16,
    year: i64,
    at: u32,
}

impl BySeries {
    pub(super) fn new(figures: &[Figure], history: &AreaHistory) -> Self {
        let stated = figures.iter().enumerate().filter(|(_, figure)| figure.basis == Basis::Stated);
        let mut entries: Vec<(AreaId, Entry)> = stated
            .filter_map(|(at, figure)| {
                let entry = Entry { thing: figure.cell.thing, year: figure.cell.year, at: at as u32 };
                Some((history.series(figure.area?), entry))
            })
            .collect();
        entries.sort_unstable();
        let mut starts = Vec::new();
        if !entries.is_empty() {
            starts = vec![0; history.areas().len() + 1];
            for (series, _) in &entries {
                starts[series.index() + 1] += 1;
            }
            for at in 1..starts.len() {
                starts[at] += starts[at - 1];
            }
        }
        Self { starts, entries: entries.into_iter().map(|(_, entry)| entry).collect() }
    }

    /// Entries of a series and thing, by year.
    fn of(&self, series: AreaId, thing: u16) -> &[Entry] {
        let at = series.index();
        let bounds = self.starts.get(at).zip(self.starts.get(at + 1));
        let all = bounds.map_or(&[][..], |(from, to)| &self.entries[*from as usize..*to as usize]);
        let from = all.partition_point(|entry| entry.thing < thing);
        let to = all.partition_point(|entry| entry.thing <= thing);
        &all[from..to]
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.entries.capacity() * size_of::<Entry>()
    }
}

/// The chosen figures of all areas, to be held against each other.
pub(crate) struct Suspicion<'a> {
    history: &'a AreaHistory,
    things: &'a Things,
    lots: &'a Lots,
    read: &'a Read,
    /// By thing, what must contain it, and the things that are counted there.
    wholes: Vec<Vec<(&'a Containment, Vec<u16>)>>,
    household: Option<u16>,
    learning_family: Option<u16>,
}

impl<'a> Suspicion<'a> {
    pub(super) fn new(
        history: &'a AreaHistory,
        catalogue: &'a Catalogue,
        things: &'a Things,
        lots: &'a Lots,
        read: &'a Read,
    ) -> Self {
        let whole = |rule: &'a Containment| {
            let known = [things.known_indicator(&rule.whole), things.known_size(&rule.whole)];
            (rule, known.into_iter().flatten().collect::<Vec<u16>>())
        };
        let wholes = things
            .all()
            .map(|thing| catalogue.containments().iter().filter(|rule| rule.part == thing.id).map(whole).collect());
        Self {
            history,
            things,
            lots,
            read,
            wholes: wholes.collect(),
            household: things.known_size("household"),
            learning_family: things.known_indicator("learning_family"),
        }
    }

    /// All findings of a lot, in the order of its figures.
    pub(super) fn rows(&self, lot: &StandingLot) -> Result<RecordBatch, ArrowError> {
        let mut rows = SuspiciousRows::new();
        for figure in lot.figures.iter().filter(|figure| figure.basis == Basis::Stated) {
            let Some(area) = figure.area else { continue };
            for finding in self.findings(area, figure) {
                let of = self.history.area(area);
                let thing = self.things.thing(figure.cell.thing);
                let told = lot.told.of(figure);
                rows.push(&SuspiciousRow {
                    event_id: told.event_id.map(Cow::Borrowed),
                    area_code: Some(Cow::Borrowed(&of.code)),
                    area_name: Some(Cow::Borrowed(&of.short_name)),
                    year: Some(figure.cell.year),
                    measure: Some(Cow::Borrowed(thing.indicator.as_ref().map_or(&thing.id, |i| &i.measure))),
                    rule: Some(finding.rule),
                    value: Some(finding.value),
                    expected_low: finding.low,
                    expected_high: finding.high,
                    explanation: Some(Cow::Owned(finding.explanation)),
                    source: told.source.map(Cow::Borrowed),
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

    /// All figures of an area's series and a thing, by year.
    fn of_thing(&self, area: AreaId, thing: u16) -> Option<(&'a StandingLot, &'a [Entry])> {
        let lot = self.read.get(self.lots.of_thing(thing))?.as_deref()?;
        Some((lot, lot.by_series(self.history).of(self.history.series(area), thing)))
    }

    /// The figures of the same area and year in another cell.
    fn beside(&self, area: AreaId, thing: u16, year: i64) -> impl Iterator<Item = &'a Figure> + use<'a> {
        let found = self.of_thing(area, thing).map(|(lot, entries)| {
            let from = entries.partition_point(|entry| entry.year < year);
            let to = entries.partition_point(|entry| entry.year <= year);
            entries[from..to].iter().map(move |entry| &lot.figures[entry.at as usize])
        });
        found.into_iter().flatten()
    }

    /// More titles than subjects.
    fn above_its_whole(&self, area: AreaId, figure: &Figure, numerator: i64) -> Option<Finding> {
        let size = || {
            let indicator = self.things.thing(figure.cell.thing).indicator.as_ref()?;
            let scope = self.things.scope_name(figure.cell.scope);
            let measure = indicator.base(figure.cell.base, scope)?.measure.as_ref()?;
            let size = self.things.known_size(measure)?;
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
                    rule: ABOVE_THE_AREA_AROUND,
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
        let rules = &self.wholes[usize::from(figure.cell.thing)];
        let measure = |thing: u16| self.things.thing(thing).indicator.as_ref().map(|indicator| &indicator.measure);
        let finding = |(rule, things): &(&Containment, Vec<u16>)| {
            let whole = things
                .iter()
                .copied()
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
        rules.iter().filter_map(finding).collect()
    }

    /// A share of the people by which there would be fewer people than households.
    fn too_few_people(&self, area: AreaId, figure: &Figure, numerator: i64) -> Option<Finding> {
        if !matches!(figure.cell.base, Base::Population | Base::Adult) {
            return None;
        }
        let percent = figure.percent.as_ref()?.bounds().1.filter(|percent| *percent > 0.0)?;
        let counted = self.household.into_iter().flat_map(|size| self.beside(area, size, figure.cell.year));
        let bases = self
            .learning_family
            .into_iter()
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
        let (lot, entries) = self.of_thing(area, figure.cell.thing)?;
        let alike = |other: &&Figure| {
            (other.cell.scope, other.cell.base, other.span) == (figure.cell.scope, figure.cell.base, figure.span)
        };
        let before = &entries[..entries.partition_point(|entry| entry.year < figure.cell.year)];
        let mut earlier_years = before.chunk_by(|one, next| one.year == next.year).rev();
        let (before, earlier) = earlier_years.find_map(|of_year| {
            let earlier = of_year.iter().map(|entry| &lot.figures[entry.at as usize]).find(alike)?;
            Some((earlier.cell.year, earlier.numerator?))
        })?;
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
