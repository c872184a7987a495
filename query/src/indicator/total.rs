//! The totals of one cell on one map.
//!
//! In: the figures of a cell (one year, thing, scope and base), the history, a map. Out: for each area of the map that
//! anything is known of, one value: its own, or a sum of its parts where it has none; and where both are there, both.
//! Guarantee: every figure is in a sum at most once. A sum has one span and one kind of fact; what is of another, or has
//! no count, does not report to it.
//!
//! What an area's parts are: what it was made of on an earlier map, or the areas directly below it, whichever covers more;
//! where what lies below came from the earlier map itself, the former areas, which are exact. Districts count on the map
//! they were on, and reach a later one through their province. Statements and counts of single events are never added up
//! together: statements are added up by themselves here, single events in `count`, and a count stands only where no
//! statement gives a number for the area.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Part, Place, Share};
use lantoa_schemas::vocabulary::{AreaLevel, Precision, Span};

use super::count::Counts;
use super::figure::{Basis, Figure};

/// Levels from the lowest.
pub(super) const UPWARDS: [AreaLevel; 4] =
    [AreaLevel::Commune, AreaLevel::District, AreaLevel::Province, AreaLevel::Nation];

/// What is known of an area in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// The figure of the area itself, by its place among the cell's figures; `None` for a sum. A statement is all there
    /// is to the value; a count of the area's own single events has those of the areas in it added to it.
    pub(crate) own: Option<usize>,
    /// Whether it is a count of single events.
    pub(crate) counted: bool,
    pub(crate) numerator: Option<i64>,
    pub(crate) precision: Option<Precision>,
    pub(crate) denominator: Option<i64>,
    pub(crate) span: Option<Span>,
    /// Share of the area that reports, from 0 to 1.
    pub(crate) coverage: f64,
    /// Whether an area is in it that was split.
    pub(crate) estimated: bool,
    /// The parts of a sum.
    pub(crate) parts: Option<Parts>,
    /// How many figures are in it.
    pub(crate) figures: usize,
    /// How many of them are neither its own nor within its parts: single events that other areas in it tell of.
    pub(crate) more: usize,
    /// Whether any of them was told on the map that it stands on.
    pub(crate) native: bool,
    /// When the newest figure in it was recorded, in microseconds.
    pub(crate) recorded: Option<i64>,
    /// When the first word of it was recorded; of a sum, when the last of its parts first told.
    pub(crate) first: Option<i64>,
}

/// What a sum is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Level of the parts.
    pub(crate) level: AreaLevel,
    /// Whether they are what the area was made of on an earlier map, rather than what is below it.
    pub(crate) former: bool,
    /// How many of them report a count, wholly or in part.
    pub(crate) reporting: usize,
    /// How many there are.
    pub(crate) of: usize,
    /// How many say something that cannot be added: a percent without a count, or a figure of another span.
    pub(crate) left_out: usize,
}

/// Why nothing is known of an area that figures touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is told only for a later, larger area.
    OnlyWithOthers(AreaId),
    /// Of its land only lesser shares of split areas report, whose figures the main parts took.
    LesserShare(AreaId),
    /// Its parts state percents without counts.
    NoCounts,
}

/// An area's own figure beside another way to the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Beside {
    pub(crate) area: AreaId,
    pub(crate) taken: Value,
    pub(crate) other: Value,
}

/// A cell on a map.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Values by area, in the order of their ids.
    pub(crate) values: Vec<(AreaId, Value)>,
    pub(crate) missing: Vec<(AreaId, Missing)>,
    pub(crate) beside: Vec<Beside>,
}

/// Adds up cells on one map; keeps its working space from cell to cell.
pub(crate) struct Adder<'a> {
    history: &'a AreaHistory,
    view: &'a MapView,
    additive: bool,
    levels: Vec<AreaLevel>,
    /// What statements say of each area on its own map.
    there: Grid,
    /// What they say of each area of the view's map.
    here: Grid,
    counts: Counts<'a>,
}

impl<'a> Adder<'a> {
    pub(crate) fn new(history: &'a AreaHistory, view: &'a MapView) -> Self {
        let areas = history.areas().len();
        let counts = Counts::new(history, view);
        let (levels, there, here) = (levels(history), Grid::new(areas), Grid::new(areas));
        Self { history, view, additive: true, levels, there, here, counts }
    }

    pub(super) fn history(&self) -> &'a AreaHistory {
        self.history
    }

    pub(super) fn view(&self) -> &'a MapView {
        self.view
    }

    /// The totals of one cell's figures; where counts of areas do not add up (`additive`), only what areas themselves say.
    pub(crate) fn add<'f>(&mut self, additive: bool, figures: impl IntoIterator<Item = (usize, &'f Figure)>) -> Totals {
        let mut totals = Totals::default();
        self.additive = additive;
        self.there.clear();
        self.here.clear();
        self.counts.clear();
        for (at, figure) in figures {
            match figure.basis {
                Basis::Stated => self.take_own(at, figure, &mut totals),
                Basis::Counted => self.counts.take(additive, at, figure),
            }
        }
        self.counts.settle(additive);
        self.add_up_there(&mut totals);
        self.stand_here(&mut totals);
        self.count_beside(&mut totals);
        self.find_missing(&mut totals);
        let stated = self.here.iter();
        let counted = self.counts.here().iter().filter(|(id, _)| self.here.get(*id).is_none());
        totals.values = stated.chain(counted).map(|(id, value)| (id, value.clone())).collect();
        totals.values.sort_by_key(|(id, _)| *id);
        totals
    }

    /// A count of single events stands beside a stated total, and never in a sum with it.
    fn count_beside(&self, totals: &mut Totals) {
        for (area, count) in self.counts.here().iter() {
            if let Some(stated) = self.here.get(area).filter(|value| value.own.is_some()) {
                totals.beside.push(Beside { area, taken: stated.clone(), other: count.clone() });
            }
        }
    }

    /// Of two statements, as an activity told for two spans, the one of the earlier span comes first, then the newer, then
    /// the greater.
    fn take_own(&mut self, at: usize, figure: &Figure, totals: &mut Totals) {
        let Some(area) = figure.area else { return };
        let value = Value::own(at, figure);
        let Some(known) = self.there.get(area) else {
            self.there.put(area, value);
            return;
        };
        let known = known.clone();
        let order = |value: &Value| (value.span, std::cmp::Reverse(value.recorded), std::cmp::Reverse(value.numerator));
        let (taken, other) = if order(&value) < order(&known) { (value, known) } else { (known, value) };
        totals.beside.push(Beside { area, taken: taken.clone(), other });
        self.there.put(area, taken);
    }

    /// Sums on the maps on which the figures were told.
    fn add_up_there(&mut self, totals: &mut Totals) {
        for level in UPWARDS {
            let of_level = self.there.touched.iter().filter(|id| self.levels[id.index()] == level);
            for parent in each_once(of_level.filter_map(|id| self.history.parent(*id)).collect()) {
                let Some(sum) = self.below(parent, &self.there, self.counts.there()) else { continue };
                match self.there.get(parent) {
                    Some(own) if own.own.is_some() => {
                        // On the view's own map it is said once more below, with what came from other maps.
                        if self.history.area(parent).map != self.view.day() {
                            totals.beside.push(Beside { area: parent, taken: own.clone(), other: sum });
                        }
                    }
                    _ => self.there.put(parent, sum),
                }
            }
        }
        // Only what stands on this map is beside something on it.
        let view = self.view;
        totals.beside.retain_mut(|beside| match view.place(beside.area) {
            Place::Same(here) => {
                beside.area = *here;
                true
            }
            _ => false,
        });
    }

    fn stand_here(&mut self, totals: &mut Totals) {
        let mut candidates: [Vec<AreaId>; UPWARDS.len()] = Default::default();
        for id in &self.there.touched {
            match self.view.place(*id) {
                Place::Same(here) | Place::Whole(here) | Place::Main(here) => {
                    candidates[rung(self.levels[here.index()])].push(*here);
                }
                Place::Of(_) | Place::Nowhere => {}
            }
        }
        for level in UPWARDS {
            for id in each_once(std::mem::take(&mut candidates[rung(level)])) {
                if self.stand(id, totals)
                    && let Some(parent) = self.history.parent(id)
                {
                    candidates[rung(self.levels[parent.index()])].push(parent);
                }
            }
        }
    }

    /// Finds the value of an area of the map; says whether there is one.
    fn stand(&mut self, id: AreaId, totals: &mut Totals) -> bool {
        let mut own: Option<Value> = None;
        let mut elsewhere: Option<Value> = None;
        for same in std::iter::once(id).chain(self.view.same(id).iter().copied()) {
            let Some(value) = self.there.get(same) else { continue };
            let value = Value { native: same == id, ..value.clone() };
            if value.own.is_none() {
                // On this map the areas below are added up anew, with what came from other maps.
                elsewhere = Some(value).filter(|_| same != id).or(elsewhere);
            } else if own.is_none() {
                own = Some(value);
            }
        }
        let former = earlier_maps(self.history, self.view);
        let former = former.filter_map(|map| self.former(id, map)).collect::<Vec<_>>();
        let below = self.below(id, &self.here, self.counts.here());
        if let Some(own) = own {
            let others = former.into_iter().chain(below);
            totals.beside.extend(others.map(|other| Beside { area: id, taken: own.clone(), other }));
            self.here.put(id, own);
            return true;
        }
        let Some(value) = best_sum(former, below, elsewhere) else { return false };
        self.here.put(id, value);
        true
    }

    /// The sum of the areas below one, on its map; `counts` are those of single events there.
    fn below(&self, id: AreaId, grid: &Grid, counts: &Grid) -> Option<Value> {
        let children = if self.additive { self.history.children(id) } else { &[] };
        let level = self.history.area(*children.first()?).level;
        let part = |child: &AreaId| (grid.get(*child), counts.get(*child).is_some(), Share::Whole);
        sum(level, false, children.iter().map(part))
    }

    /// The sum of what an area of this map was made of on an earlier one.
    fn former(&self, id: AreaId, map: NaiveDate) -> Option<Value> {
        let parts = if self.additive { self.view.parts(id) } else { &[] };
        let parts = parts.iter().filter(|part| self.history.area(part.area).map == map);
        let counts = self.counts.there();
        let part = |part: &Part| (self.there.get(part.area), counts.get(part.area).is_some(), part.share);
        sum(self.history.area(id).level, true, parts.map(part))
    }

    fn find_missing(&self, totals: &mut Totals) {
        let is_known = |id: AreaId| self.here.get(id).is_some() || self.counts.here().get(id).is_some();
        let mut missing: BTreeMap<AreaId, Missing> = BTreeMap::new();
        let mut miss = |id: AreaId, why: Missing| {
            if !is_known(id) {
                missing.entry(id).or_insert(why);
            }
        };
        let told = self.there.iter().chain(self.counts.there().iter()).filter(|(_, value)| value.own.is_some());
        for id in told.map(|(id, _)| id) {
            match self.view.place(id) {
                Place::Of(several) => several.iter().for_each(|here| miss(*here, Missing::OnlyWithOthers(id))),
                Place::Whole(here) | Place::Main(here) => miss(*here, Missing::NoCounts),
                Place::Same(_) | Place::Nowhere => {}
            }
            for step in self.history.successors(id).iter().filter(|step| !step.whole && !step.main) {
                if let Place::Same(here) = self.view.place(step.area) {
                    miss(*here, Missing::LesserShare(id));
                }
            }
        }
        totals.missing = missing.into_iter().collect();
    }
}

/// The level of each area, close together: it is asked for of every figure.
pub(super) fn levels(history: &AreaHistory) -> Vec<AreaLevel> {
    history.areas().iter().map(|area| area.level).collect()
}

/// Place of a level in [`UPWARDS`].
fn rung(level: AreaLevel) -> usize {
    match level {
        AreaLevel::Commune => 0,
        AreaLevel::District => 1,
        AreaLevel::Province => 2,
        AreaLevel::Nation => 3,
    }
}

/// Each area once, in the order of their ids.
pub(super) fn each_once(mut areas: Vec<AreaId>) -> Vec<AreaId> {
    areas.sort_unstable();
    areas.dedup();
    areas
}

impl Value {
    /// What an area says itself.
    pub(super) fn own(at: usize, figure: &Figure) -> Self {
        Self {
            own: Some(at),
            counted: figure.basis == Basis::Counted,
            numerator: figure.numerator,
            precision: figure.precision,
            denominator: figure.denominator,
            span: figure.span,
            coverage: 1.0,
            estimated: false,
            parts: None,
            figures: 1,
            more: 0,
            native: true,
            recorded: figure.recorded,
            first: figure.first_recorded,
        }
    }

    /// Adds what another value counts. What covers the area, and of which parts it is the sum, is for the caller to say.
    pub(super) fn take_in(&mut self, other: &Self) {
        self.numerator = self.numerator.zip(other.numerator).and_then(|(sum, count)| sum.checked_add(count));
        self.denominator = self.denominator.zip(other.denominator).and_then(|(sum, size)| sum.checked_add(size));
        self.precision = together(self.precision, other.precision);
        self.estimated |= other.estimated;
        self.figures += other.figures;
        self.more += other.more;
        self.native |= other.native;
        self.recorded = self.recorded.max(other.recorded);
        self.first = self.first.max(other.first);
    }
}

/// Values of areas, with a list of those that have one, so that clearing is cheap.
pub(super) struct Grid {
    values: Vec<Option<Value>>,
    touched: Vec<AreaId>,
}

impl Grid {
    pub(super) fn new(areas: usize) -> Self {
        Self { values: vec![None; areas], touched: Vec::new() }
    }

    pub(super) fn get(&self, id: AreaId) -> Option<&Value> {
        self.values[id.index()].as_ref()
    }

    pub(super) fn get_mut(&mut self, id: AreaId) -> Option<&mut Value> {
        self.values[id.index()].as_mut()
    }

    pub(super) fn put(&mut self, id: AreaId, value: Value) {
        if self.values[id.index()].replace(value).is_none() {
            self.touched.push(id);
        }
    }

    /// Areas that have a value, in the order in which they got one.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AreaId, &Value)> {
        self.touched.iter().filter_map(|id| Some((*id, self.get(*id)?)))
    }

    pub(super) fn clear(&mut self) {
        for id in self.touched.drain(..) {
            self.values[id.index()] = None;
        }
    }
}

/// The maps before the view's, the newest first.
pub(super) fn earlier_maps(history: &AreaHistory, view: &MapView) -> impl Iterator<Item = NaiveDate> {
    let day = view.day();
    history.maps().iter().rev().copied().filter(move |map| *map < day)
}

/// The sum that stands for an area: of what it was made of on earlier maps (the newest first) or of what is below it,
/// whichever covers more; where what is below came from an earlier map itself, of what it was made of, which is exact. A
/// sum of an area with the same land on another map is taken whole where more figures are in it, or the same without an
/// estimate.
pub(super) fn best_sum(former: Vec<Value>, below: Option<Value>, elsewhere: Option<Value>) -> Option<Value> {
    let sum = match (former.into_iter().reduce(more_covered), below) {
        (Some(former), Some(below)) if !below.native => Some(former),
        (Some(former), Some(below)) => Some(more_covered(former, below)),
        (former, below) => former.or(below),
    };
    match (sum, elsewhere) {
        (Some(sum), Some(elsewhere)) if (elsewhere.figures, !elsewhere.estimated) > (sum.figures, !sum.estimated) => {
            Some(elsewhere)
        }
        (sum, elsewhere) => sum.or(elsewhere),
    }
}

/// Of two sums the one that covers more, then the first.
fn more_covered(left: Value, right: Value) -> Value {
    if right.coverage > left.coverage + 1e-9 { right } else { left }
}

/// A part of a sum: its value, whether single events of it are counted elsewhere, how much of it there is.
pub(super) type Summand<'v> = (Option<&'v Value>, bool, Share);

/// Adds up what parts report; `None` where none of them gives a count.
pub(super) fn sum<'v>(
    level: AreaLevel,
    former: bool,
    parts: impl Iterator<Item = Summand<'v>> + Clone,
) -> Option<Value> {
    let span = prevailing_span(parts.clone())?;
    let mut total: Option<Value> = None;
    let mut coverage = 0.0;
    let mut tally = Parts { level, former, reporting: 0, of: 0, left_out: 0 };
    let mut split = false;
    for (value, is_counted, share) in parts {
        // Land of a split area makes an estimate of the sum, whether that area reports or not.
        split |= share != Share::Whole;
        if share == Share::Lesser {
            // Its figure is with the main part.
            continue;
        }
        tally.of += 1;
        let Some(value) = value else {
            tally.left_out += usize::from(is_counted);
            continue;
        };
        if value.numerator.is_none() || value.span != span {
            tally.left_out += 1;
            continue;
        }
        tally.reporting += 1;
        coverage += value.coverage;
        match &mut total {
            None => total = Some(Value { own: None, parts: None, ..value.clone() }),
            Some(total) => total.take_in(value),
        }
    }
    total.map(|total| Value {
        coverage: coverage / tally.of.max(1) as f64,
        estimated: total.estimated || split,
        native: total.native && !former,
        parts: Some(tally),
        more: 0,
        ..total
    })
}

/// The span under which most is reported (a figure may have none); `None` where nothing has a count.
fn prevailing_span<'v>(parts: impl Iterator<Item = Summand<'v>>) -> Option<Option<Span>> {
    let mut covered: Vec<(Option<Span>, f64)> = Vec::new();
    for value in parts.filter(|(_, _, share)| *share != Share::Lesser).filter_map(|(value, _, _)| value) {
        if value.numerator.is_none() {
            continue;
        }
        match covered.iter_mut().find(|(known, _)| *known == value.span) {
            Some((_, sum)) => *sum += value.coverage,
            None => covered.push((value.span, value.coverage)),
        }
    }
    // Of two that cover the same the earlier word of the vocabulary, so that the order of rows decides nothing.
    covered.sort_by(|(left, covers), (right, others)| others.total_cmp(covers).then(left.cmp(right)));
    covered.first().map(|(span, _)| *span)
}

/// How exact a sum of two counts is.
fn together(left: Option<Precision>, right: Option<Precision>) -> Option<Precision> {
    use Precision::{About, AtLeast, Exact, Nearly, Over};
    let exact = |precision: Option<Precision>| precision.unwrap_or(Exact);
    Some(match (exact(left), exact(right)) {
        (Exact, other) | (other, Exact) => other,
        (Over, Over) | (AtLeast, Over) | (Over, AtLeast) => Over,
        (AtLeast, AtLeast) => AtLeast,
        (Nearly, Nearly) => Nearly,
        (About, _) | (_, About) | (Nearly, Over | AtLeast) | (Over | AtLeast, Nearly) => About,
    })
}

#[cfg(test)]
mod tests;
