//! One figure and one target, and what they are of.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use lantoa_schemas::area::AreaId;
use lantoa_schemas::catalogue::{Catalogue, Indicator};
use lantoa_schemas::national::{AreaClass, NationalTarget};
use lantoa_schemas::percent::PrintedPercent;
use lantoa_schemas::vocabulary::{Base, Precision, Span};

/// What is counted: an indicator of the catalogue, or a base whose size others are divided by.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    /// Its id in answers.
    pub(crate) id: String,
    /// Its entry, `None` for the size of a base and for a measure that has no entry.
    pub(crate) indicator: Option<Indicator>,
    /// Whether it is the size of a base, which has no row of its own in `indicator`.
    pub(crate) is_size: bool,
}

/// All things and subject scopes that figures may speak of, each by a small number. Numbers are only ever added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Things {
    things: Vec<Arc<Thing>>,
    indicators: HashMap<String, u16>,
    sizes: HashMap<String, u16>,
    scopes: Vec<Arc<str>>,
    by_scope: HashMap<Arc<str>, u16>,
}

impl Things {
    /// The number of an indicator, found by its id.
    pub(super) fn indicator(&mut self, id: &str, catalogue: &Catalogue) -> u16 {
        if let Some(known) = self.known_indicator(id) {
            return known;
        }
        let thing = Thing { id: id.to_owned(), indicator: catalogue.indicator(id).cloned(), is_size: false };
        let number = self.add(thing);
        self.indicators.insert(id.to_owned(), number);
        number
    }

    /// The number of the size of a base.
    pub(super) fn size(&mut self, measure: &str) -> u16 {
        if let Some(known) = self.known_size(measure) {
            return known;
        }
        let number = self.add(Thing { id: measure.to_owned(), indicator: None, is_size: true });
        self.sizes.insert(measure.to_owned(), number);
        number
    }

    fn add(&mut self, thing: Thing) -> u16 {
        self.things.push(Arc::new(thing));
        (self.things.len() - 1) as u16
    }

    /// The number of a scope.
    pub(crate) fn scope(&mut self, scope: &str) -> u16 {
        if let Some(known) = self.known_scope(scope) {
            return known;
        }
        let number = self.scopes.len() as u16;
        let scope: Arc<str> = scope.into();
        self.scopes.push(Arc::clone(&scope));
        self.by_scope.insert(scope, number);
        number
    }

    /// The number of a scope, where it has one.
    pub(crate) fn known_scope(&self, scope: &str) -> Option<u16> {
        self.by_scope.get(scope).copied()
    }

    /// The number of a base's size, where it has one.
    pub(crate) fn known_size(&self, measure: &str) -> Option<u16> {
        self.sizes.get(measure).copied()
    }

    /// The number of an indicator, where it has one.
    pub(crate) fn known_indicator(&self, id: &str) -> Option<u16> {
        self.indicators.get(id).copied()
    }

    pub(crate) fn thing(&self, number: u16) -> &Thing {
        &self.things[usize::from(number)]
    }

    /// All of them, in the order of their numbers.
    pub(super) fn all(&self) -> impl Iterator<Item = &Thing> {
        self.things.iter().map(|thing| &**thing)
    }

    pub(crate) fn scope_name(&self, number: Option<u16>) -> Option<&str> {
        number.map(|number| &*self.scopes[usize::from(number)])
    }
}

/// What an answer has one row of for each area: a year, a thing, whom it is counted of, and of what it is a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    pub(crate) thing: u16,
    pub(crate) year: i64,
    pub(crate) scope: Option<u16>,
    pub(crate) base: Base,
}

impl Cell {
    /// What stands for all cells of a year and thing.
    pub(crate) fn of_thing(year: i64, thing: u16) -> Self {
        Self { thing, year, scope: None, base: Base::Unknown }
    }
}

/// How a figure came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Basis {
    /// A source states it of the area.
    Stated,
    /// Counted from individual decisions or single occasions.
    Counted,
}

/// One figure of one area.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// Its row in what is told of its lot; `None` where nothing is told beside its numbers, as of most counts.
    pub(crate) row: Option<u32>,
    /// `None` for an area without a code.
    pub(crate) area: Option<AreaId>,
    pub(crate) cell: Cell,
    pub(crate) basis: Basis,
    pub(crate) span: Option<Span>,
    pub(crate) numerator: Option<i64>,
    pub(crate) precision: Option<Precision>,
    pub(crate) denominator: Option<i64>,
    pub(crate) percent: Option<Arc<PrintedPercent>>,
    pub(crate) recorded: Option<i64>,
    /// When the first word of its area, year and indicator was recorded, whatever of it was corrected since.
    pub(crate) first_recorded: Option<i64>,
    /// A change of the area between the day of the figure and the first map: what the area was then is not known.
    pub(crate) changed_since: Option<NaiveDate>,
}

/// A target as somebody set it.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    /// Its row in what is told of its lot; `None` for a national target that ships with the program.
    pub(crate) row: Option<usize>,
    /// The national target that it is.
    pub(crate) shipped: Option<&'static NationalTarget>,
    /// `None` for an area without a code.
    pub(crate) area: Option<AreaId>,
    /// The cell of its deadline; a base that is not stated is read as all.
    pub(crate) cell: Cell,
    /// Whether the base was read so.
    pub(crate) base_was_read: bool,
    /// Of a range or a bound the end at which it is reached.
    pub(crate) percent: Option<f64>,
    /// The plan.
    pub(crate) plan: Option<String>,
    /// The class of areas it is for, where not for all.
    pub(crate) class: Option<AreaClass>,
    /// The first year of its plan, where that has been said; else the year it was stated in.
    pub(crate) from_year: Option<i64>,
}

#[cfg(test)]
impl Figure {
    /// An exact figure of an area, of thing 0 and one year, for the tests of what is made of figures.
    pub(super) fn told(area: AreaId, basis: Basis, numerator: i64) -> Self {
        Self {
            row: None,
            area: Some(area),
            cell: Cell { thing: 0, year: 2024, scope: None, base: Base::All },
            basis,
            span: Some(Span::Stock),
            numerator: Some(numerator),
            precision: Some(Precision::Exact),
            denominator: None,
            percent: None,
            recorded: None,
            first_recorded: None,
            changed_since: None,
        }
    }
}
