//! Lots: what is read, added up and remembered by itself, so that a question does no more than it needs.
//!
//! In: the catalogue; figures of one thing. Out: which lots there are and which of them a rate needs; each as it was read.
//! Guarantee: all figures of a thing are in one lot, so that what is made of it needs no other: an indicator of the
//! catalogue and the size of a base are a lot each, and whatever the catalogue does not know is the last one together.

use std::collections::HashMap;
use std::sync::OnceLock;

use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::catalogue::{Catalogue, MeasureKind, indicator_id};
use lantoa_schemas::vocabulary::{Stage, Vocabulary};

use super::figure::{Aim, Figure, Things};
use super::suspicious::BySeries;
use super::told::Told;

/// Which lots there are, by number: ids that an indicator may have, then sizes of bases, then all else.
#[derive(Debug)]
pub(super) struct Lots {
    ids: Vec<String>,
    sizes: Vec<String>,
    at: HashMap<String, usize>,
    size_at: HashMap<String, usize>,
    /// Measures of the catalogue, each with the lots that its figures may belong to.
    measures: Vec<(String, Vec<usize>)>,
}

impl Lots {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut lots = Self {
            ids: Vec::new(),
            sizes: Vec::new(),
            at: HashMap::new(),
            size_at: HashMap::new(),
            measures: Vec::new(),
        };
        for measure in catalogue.measures() {
            let stages = std::iter::once(None).chain(Stage::ALL.iter().copied().map(Some));
            let of_stages = stages.map(|stage| indicator_id(&measure.id, stage));
            let indicators = catalogue.indicators().iter().filter(|indicator| indicator.measure == measure.id);
            let ids = of_stages.chain(indicators.map(|indicator| indicator.id.clone()));
            let to = ids.map(|id| lots.add(id)).collect();
            lots.measures.push((measure.id.clone(), to));
        }
        // One whose measure has no entry.
        for indicator in catalogue.indicators() {
            lots.add(indicator.id.clone());
        }
        for measure in catalogue.measures().iter().filter(|measure| measure.kind == MeasureKind::Base) {
            let number = lots.ids.len() + lots.sizes.len();
            lots.sizes.push(measure.id.clone());
            lots.size_at.insert(measure.id.clone(), number);
            lots.measures.iter_mut().filter(|(id, _)| *id == measure.id).for_each(|(_, to)| to.push(number));
        }
        lots
    }

    fn add(&mut self, id: String) -> usize {
        let next = self.ids.len();
        let number = *self.at.entry(id.clone()).or_insert(next);
        if number == next {
            self.ids.push(id);
        }
        number
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.rest() + 1
    }

    /// The lot of all that the catalogue does not know.
    pub(super) fn rest(&self) -> usize {
        self.ids.len() + self.sizes.len()
    }

    /// Ids of indicators in the order of their lots.
    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }

    pub(super) fn of_indicator(&self, id: &str) -> usize {
        self.at.get(id).copied().unwrap_or_else(|| self.rest())
    }

    /// `None` where it is no base.
    pub(super) fn of_size(&self, measure: &str) -> Option<usize> {
        self.size_at.get(measure).copied()
    }

    /// The lot of a thing that these lots have numbered.
    pub(super) fn of_thing(&self, thing: u16) -> usize {
        usize::from(thing).min(self.rest())
    }

    /// Things by number: that of a thing is that of its lot; what the catalogue does not know comes after.
    pub(super) fn things(&self, catalogue: &Catalogue) -> Things {
        let mut things = Things::default();
        for id in &self.ids {
            things.indicator(id, catalogue);
        }
        for measure in &self.sizes {
            things.size(measure);
        }
        things
    }

    /// The lots of some indicators, one word an id of [`Lots::ids`], and the last lot, of whose ids nothing is known.
    pub(super) fn of_indicators(&self, ids: impl IntoIterator<Item = bool>) -> Vec<bool> {
        let mut lots: Vec<bool> = ids.into_iter().take(self.ids.len()).collect();
        lots.resize(self.count(), false);
        lots[self.rest()] = true;
        lots
    }

    /// Adds the lots whose counts are the denominators of others.
    pub(super) fn with_bases(&self, mut lots: Vec<bool>, catalogue: &Catalogue) -> Vec<bool> {
        let wanted = self.ids.iter().zip(lots.clone()).filter(|(_, wanted)| *wanted);
        for indicator in wanted.filter_map(|(id, _)| catalogue.indicator(id)) {
            for of in &indicator.bases {
                let size = of.measure.as_deref().and_then(|measure| self.of_size(measure));
                let count = of.indicator.as_deref().map(|id| self.of_indicator(id));
                size.into_iter().chain(count).for_each(|lot| lots[lot] = true);
            }
        }
        lots
    }

    /// Measures that no figure of a wanted lot is of.
    pub(super) fn other_measures(&self, wanted: &[bool]) -> impl Iterator<Item = &str> {
        let others = self.measures.iter().filter(move |(_, to)| !to.iter().any(|lot| wanted[*lot]));
        others.map(|(id, _)| id.as_str())
    }
}

/// Figures and targets of one thing as they were read: the same on every map.
#[derive(Debug)]
pub(super) struct Lot {
    pub(super) figures: Vec<Figure>,
    pub(super) aims: Vec<Aim>,
    pub(super) told: Told,
    /// Figures of areas without a code, by number.
    pub(super) unresolved: Vec<usize>,
    by_series: OnceLock<BySeries>,
}

impl Lot {
    pub(super) fn new(figures: Vec<Figure>, aims: Vec<Aim>, told: Told) -> Self {
        let unresolved = figures.iter().enumerate().filter(|(_, figure)| figure.area.is_none()).map(|(at, _)| at);
        let unresolved = unresolved.collect();
        Self { figures, aims, told, unresolved, by_series: OnceLock::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.aims.is_empty()
    }

    /// Figures by the series of their areas, made once.
    pub(super) fn by_series(&self, history: &AreaHistory) -> &BySeries {
        self.by_series.get_or_init(|| BySeries::new(&self.figures, history))
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.by_series.get().map_or(0, BySeries::bytes)
            + self.figures.capacity() * size_of::<Figure>()
            + self.told.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_is_read_with_all_that_its_figures_may_be_filed_under_and_what_it_is_divided_by() {
        let catalogue = Catalogue::shipped();
        let lots = Lots::of(catalogue);
        let things = lots.things(catalogue);
        for (number, id) in lots.ids().iter().enumerate() {
            assert_eq!(things.known_indicator(id).map(usize::from), Some(number), "{id}");
            assert_eq!(lots.of_indicator(id), number);
        }
        assert_eq!(lots.of_indicator("a measure that nobody knows"), lots.rest());
        let wanted = lots.of_indicators(lots.ids().iter().map(|id| id == "learning_family"));
        let wanted = lots.with_bases(wanted, catalogue);
        let skipped: Vec<&str> = lots.other_measures(&wanted).collect();
        assert!(!skipped.contains(&"learning_family") && !skipped.contains(&"household"), "{skipped:?}");
        assert!(skipped.contains(&"learning_clan"));
        let indicators = wanted.iter().take(lots.ids().len()).filter(|wanted| **wanted);
        assert!(indicators.count() < 4, "not even all stages of one title");
        let all = lots.with_bases(lots.of_indicators(lots.ids().iter().map(|_| true)), catalogue);
        assert!(lots.ids().iter().all(|id| all[lots.of_indicator(id)]));
    }
}
