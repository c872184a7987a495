//! A lot on the maps of a standing: what has been made of its figures there.
//!
//! In: a lot as it was read, an adder or a reporter a map. Out: totals of its cells, who has reported. Guarantee: each is made
//! once, by whoever needs it first.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use lantoa_schemas::area::{AreaHistory, AreaId, MapView};
use lantoa_schemas::vocabulary::{Base, Vocabulary};

use super::coverage::{Reported, Reporter};
use super::figure::{Cell, Figure, Things};
use super::lot::Lot;
use super::total::{Adder, Beside, Missing, Totals, Value};

/// The totals of all cells of a lot on one map, in the order of the cells.
pub(super) type OnMap = Vec<(Cell, Totals)>;

/// A lot on the maps of a standing, and what has been made of it so far.
#[derive(Debug)]
pub(super) struct StandingLot {
    pub(super) lot: Arc<Lot>,
    totals: OnceLock<Vec<OnMap>>,
    reported: OnceLock<Vec<Vec<Reported>>>,
}

/// What was read of it is asked for as of the lot itself.
impl Deref for StandingLot {
    type Target = Lot;

    fn deref(&self) -> &Lot {
        &self.lot
    }
}

impl StandingLot {
    pub(super) fn new(lot: Arc<Lot>) -> Self {
        Self { lot, totals: OnceLock::new(), reported: OnceLock::new() }
    }

    /// Totals on each map; none before somebody has added up.
    pub(super) fn totals(&self) -> &[OnMap] {
        self.totals.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_added_up(&self) -> bool {
        self.is_empty() || self.totals.get().is_some()
    }

    /// Adds up on each map, once.
    pub(super) fn add_up(&self, adders: &mut [Adder<'_>], things: &Things, as_reported: bool) {
        self.totals.get_or_init(|| adders.iter_mut().map(|adder| self.on_map(adder, things, as_reported)).collect());
    }

    fn on_map(&self, adder: &mut Adder<'_>, things: &Things, as_reported: bool) -> OnMap {
        let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        let (history, view) = (adder.history(), adder.view());
        for (at, figure) in self.figures.iter().enumerate().filter(|(_, f)| counts_on(f, history, view, as_reported)) {
            cells.entry(figure.cell).or_default().push(at);
        }
        let totals = cells.into_iter().map(|(cell, at)| {
            let additive = things.thing(cell.thing).indicator.as_ref().is_none_or(|i| i.additive);
            let mut totals = adder.add(additive, at.into_iter().map(|at| (at, &self.figures[at])));
            if as_reported {
                keep_apart(&mut totals, &self.figures);
            }
            (cell, totals)
        });
        totals.collect()
    }

    pub(super) fn is_reported(&self) -> bool {
        self.reported.get().is_some()
    }

    /// Finds who has reported on each map, once.
    pub(super) fn report(&self, reporters: &mut [Reporter<'_>], things: &Things) {
        let of_maps = reporters.iter_mut().map(|reporter| reporter.reported(&self.figures, things));
        self.reported.get_or_init(|| of_maps.collect());
    }

    /// Who has reported on each map; nobody before somebody has looked.
    pub(super) fn reported(&self) -> &[Vec<Reported>] {
        self.reported.get().map_or(&[], Vec::as_slice)
    }

    /// The count of a thing that covers an area whole, on a map: of several bases that of the first.
    pub(super) fn whole(&self, map: usize, thing: u16, scope: Option<u16>, year: i64, area: AreaId) -> Option<&Value> {
        let cells = self.totals().get(map)?;
        let first = Cell { thing, year, scope, base: Base::ALL[0] };
        let from = cells.partition_point(|(cell, _)| *cell < first);
        let same = cells[from..].iter().take_while(|(cell, _)| Cell { base: first.base, ..*cell } == first);
        same.into_iter().find_map(|(_, totals)| {
            let at = totals.values.binary_search_by_key(&area, |(id, _)| *id).ok()?;
            let value = &totals.values[at].1;
            (value.coverage > 1.0 - 1e-9 && value.numerator.is_some()).then_some(value)
        })
    }

    /// About how many bytes it takes beside what was read.
    pub(super) fn own_bytes(&self) -> usize {
        let totals = self.totals().iter().flatten().map(|(_, totals)| {
            totals.values.capacity() * size_of::<(AreaId, Value)>()
                + totals.beside.capacity() * size_of::<Beside>()
                + totals.missing.capacity() * size_of::<(AreaId, Missing)>()
        });
        let reported = self.reported.get().into_iter().flatten().flatten().map(Reported::bytes);
        totals.sum::<usize>() + reported.sum::<usize>()
    }
}

/// Whether a figure counts on a map: without a map, on that on which it was told.
pub(super) fn counts_on(figure: &Figure, history: &AreaHistory, view: &MapView, as_reported: bool) -> bool {
    figure.area.is_some_and(|area| !as_reported || history.area(area).map == view.day())
}

/// Without a map nothing is added up: a count is of what the area itself tells of, and the areas in it tell of theirs.
fn keep_apart(totals: &mut Totals, figures: &[Figure]) {
    for (_, value) in totals.values.iter_mut().filter(|(_, value)| value.counted) {
        let Some(own) = value.own.map(|at| &figures[at]) else { continue };
        (value.numerator, value.precision, value.recorded) = (own.numerator, own.precision, own.recorded);
        (value.figures, value.more, value.estimated) = (1, 0, false);
    }
}

/// Lots by number, as far as they have been read.
pub(super) type Read = Vec<Option<Arc<StandingLot>>>;
