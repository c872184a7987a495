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
//! together: counts make a sum only where no statement speaks of any part.

use std::collections::BTreeSet;

use lantoa_schemas::area::{AreaHistory, AreaId, MapView, Place, Share};
use lantoa_schemas::vocabulary::{AreaLevel, Precision, Span};

use super::figure::{Basis, Figure};

/// Levels from the lowest.
const UPWARDS: [AreaLevel; 4] = [AreaLevel::Commune, AreaLevel::District, AreaLevel::Province, AreaLevel::Nation];

/// What is known of an area in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// The figure of the area itself, by its place among the cell's figures; `None` for a sum.
    pub(crate) own: Option<usize>,
    /// Whether it was counted, or a sum of nothing but counted figures.
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
    /// Whether any of them was told on the map that it stands on.
    pub(crate) native: bool,
    /// When the newest figure in it was recorded, in microseconds.
    pub(crate) recorded: Option<i64>,
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
    /// Of each area on its own map.
    there: Grid,
    /// Of each area of the view's map.
    here: Grid,
}

impl<'a> Adder<'a> {
    pub(crate) fn new(history: &'a AreaHistory, view: &'a MapView) -> Self {
        let areas = history.areas().len();
        Self { history, view, additive: true, there: Grid::new(areas), here: Grid::new(areas) }
    }

    /// The totals of one cell's figures; where counts of areas do not add up (`additive`), only what areas themselves say.
    pub(crate) fn add<'f>(&mut self, additive: bool, figures: impl IntoIterator<Item = (usize, &'f Figure)>) -> Totals {
        let mut totals = Totals::default();
        self.additive = additive;
        self.there.clear();
        self.here.clear();
        for (at, figure) in figures {
            self.take_own(at, figure, &mut totals);
        }
        self.add_up_there(&mut totals);
        self.stand_here(&mut totals);
        self.find_missing(&mut totals);
        totals.values = self.here.touched.iter().filter_map(|id| Some((*id, self.here.get(*id)?.clone()))).collect();
        totals
    }

    /// A stated total comes before a counted one; of two of one kind, as an activity told for two spans, the one of the
    /// earlier span, then the newer, then the greater.
    fn take_own(&mut self, at: usize, figure: &Figure, totals: &mut Totals) {
        let Some(area) = figure.area else { return };
        let value = Value::own(at, figure);
        let Some(known) = self.there.get(area) else {
            self.there.put(area, value);
            return;
        };
        let known = known.clone();
        let order = |value: &Value| {
            (value.counted, value.span, std::cmp::Reverse(value.recorded), std::cmp::Reverse(value.numerator))
        };
        let (taken, other) = if order(&value) < order(&known) { (value, known) } else { (known, value) };
        totals.beside.push(Beside { area, taken: taken.clone(), other });
        self.there.put(area, taken);
    }

    /// Sums on the maps on which the figures were told.
    fn add_up_there(&mut self, totals: &mut Totals) {
        for level in UPWARDS {
            let parents: BTreeSet<AreaId> = self
                .there
                .touched
                .iter()
                .filter(|id| self.history.area(**id).level == level)
                .filter_map(|id| self.history.parent(*id))
                .collect();
            for parent in parents {
                let Some(sum) = self.below(parent, &self.there) else { continue };
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
        let mut candidates: BTreeSet<AreaId> = BTreeSet::new();
        for id in &self.there.touched {
            match self.view.place(*id) {
                Place::Same(here) | Place::Whole(here) | Place::Main(here) => {
                    candidates.insert(*here);
                }
                Place::Of(_) | Place::Nowhere => {}
            }
        }
        for level in UPWARDS {
            let of_level: Vec<AreaId> =
                candidates.iter().copied().filter(|id| self.history.area(*id).level == level).collect();
            for id in of_level {
                if self.stand(id, totals) {
                    candidates.extend(self.history.parent(id));
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
            } else if own.as_ref().is_none_or(|own| own.counted && !value.counted) {
                own = Some(value);
            }
        }
        let former = self.history.maps().iter().rev().filter(|map| **map < self.view.day());
        let former = former.filter_map(|map| self.former(id, *map)).collect::<Vec<_>>();
        let below = self.below(id, &self.here);
        if let Some(own) = own {
            let others = former.into_iter().chain(below);
            totals.beside.extend(others.map(|other| Beside { area: id, taken: own.clone(), other }));
            self.here.put(id, own);
            return true;
        }
        let sum = former.into_iter().reduce(more_covered);
        let sum = match (sum, below) {
            // What lies below came here from the same figures, and less exactly.
            (Some(former), Some(below)) if !below.native && (below.counted || !former.counted) => Some(former),
            (Some(former), Some(below)) => Some(more_covered(former, below)),
            (sum, below) => sum.or(below),
        };
        let value = match (sum, elsewhere) {
            (Some(sum), Some(elsewhere)) => match elsewhere.counted.cmp(&sum.counted) {
                std::cmp::Ordering::Less => elsewhere,
                std::cmp::Ordering::Equal if elsewhere.figures > sum.figures => elsewhere,
                _ => sum,
            },
            (Some(sum), None) => sum,
            (None, Some(elsewhere)) => elsewhere,
            (None, None) => return false,
        };
        self.here.put(id, value);
        true
    }

    /// The sum of the areas below one, on its map.
    fn below(&self, id: AreaId, grid: &Grid) -> Option<Value> {
        let children = if self.additive { self.history.children(id) } else { &[] };
        let level = self.history.area(*children.first()?).level;
        sum(level, false, children.iter().map(|child| (grid.get(*child), Share::Whole)))
    }

    /// The sum of what an area of this map was made of on an earlier one.
    fn former(&self, id: AreaId, map: chrono::NaiveDate) -> Option<Value> {
        let parts = if self.additive { self.view.parts(id) } else { &[] };
        let parts = parts.iter().filter(|part| self.history.area(part.area).map == map);
        let parts: Vec<_> = parts.map(|part| (self.there.get(part.area), part.share)).collect();
        sum(self.history.area(id).level, true, parts.into_iter())
    }

    fn find_missing(&self, totals: &mut Totals) {
        let mut missing: std::collections::BTreeMap<AreaId, Missing> = std::collections::BTreeMap::new();
        for id in self.there.touched.iter().filter(|id| self.there.get(**id).is_some_and(|v| v.own.is_some())) {
            match self.view.place(*id) {
                Place::Of(several) => {
                    for here in several {
                        missing.entry(*here).or_insert(Missing::OnlyWithOthers(*id));
                    }
                }
                Place::Whole(here) | Place::Main(here) => {
                    missing.entry(*here).or_insert(Missing::NoCounts);
                }
                Place::Same(_) | Place::Nowhere => {}
            }
            for step in self.history.successors(*id).iter().filter(|step| !step.whole && !step.main) {
                if let Place::Same(here) = self.view.place(step.area) {
                    missing.entry(*here).or_insert(Missing::LesserShare(*id));
                }
            }
        }
        totals.missing = missing.into_iter().filter(|(id, _)| self.here.get(*id).is_none()).collect();
    }
}

impl Value {
    fn own(at: usize, figure: &Figure) -> Self {
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
            native: true,
            recorded: figure.recorded,
        }
    }
}

/// Values of areas, with a list of those that have one, so that clearing is cheap.
struct Grid {
    values: Vec<Option<Value>>,
    touched: Vec<AreaId>,
}

impl Grid {
    fn new(areas: usize) -> Self {
        Self { values: vec![None; areas], touched: Vec::new() }
    }

    fn get(&self, id: AreaId) -> Option<&Value> {
        self.values[id.index()].as_ref()
    }

    fn put(&mut self, id: AreaId, value: Value) {
        if self.values[id.index()].replace(value).is_none() {
            self.touched.push(id);
        }
    }

    fn clear(&mut self) {
        for id in self.touched.drain(..) {
            self.values[id.index()] = None;
        }
    }
}

/// Of two sums the one of statements, then the one that covers more, then the first.
fn more_covered(left: Value, right: Value) -> Value {
    match left.counted.cmp(&right.counted) {
        std::cmp::Ordering::Less => left,
        std::cmp::Ordering::Greater => right,
        std::cmp::Ordering::Equal if right.coverage > left.coverage + 1e-9 => right,
        std::cmp::Ordering::Equal => left,
    }
}

/// What parts must have in common to be added up: statements and counts of single events are two kinds of fact.
type Kind = (bool, Option<Span>);

/// Adds up what parts report; `None` where none of them gives a count.
fn sum<'v>(
    level: AreaLevel,
    former: bool,
    parts: impl Iterator<Item = (Option<&'v Value>, Share)> + Clone,
) -> Option<Value> {
    let kind = prevailing_kind(parts.clone())?;
    let mut total: Option<Value> = None;
    let mut tally = Parts { level, former, reporting: 0, of: 0, left_out: 0 };
    let mut split = false;
    for (value, share) in parts {
        // Land of a split area makes an estimate of the sum, whether that area reports or not.
        split |= share != Share::Whole;
        if share == Share::Lesser {
            // Its figure is with the main part.
            continue;
        }
        tally.of += 1;
        let Some(value) = value else { continue };
        let Some(numerator) = value.numerator.filter(|_| (value.counted, value.span) == kind) else {
            tally.left_out += 1;
            continue;
        };
        tally.reporting += 1;
        match &mut total {
            None => total = Some(Value { own: None, parts: None, ..value.clone() }),
            Some(total) => {
                total.numerator = total.numerator.and_then(|sum| sum.checked_add(numerator));
                total.denominator = total.denominator.zip(value.denominator).and_then(|(a, b)| a.checked_add(b));
                total.precision = together(total.precision, value.precision);
                total.coverage += value.coverage;
                total.estimated |= value.estimated;
                total.figures += value.figures;
                total.native |= value.native;
                total.recorded = total.recorded.max(value.recorded);
            }
        }
    }
    total.map(|total| Value {
        coverage: total.coverage / tally.of.max(1) as f64,
        estimated: total.estimated || split,
        native: total.native && !former,
        parts: Some(tally),
        ..total
    })
}

/// The kind under which most is reported, a statement before any count; none where nothing has a count.
fn prevailing_kind<'v>(parts: impl Iterator<Item = (Option<&'v Value>, Share)>) -> Option<Kind> {
    let mut covered: Vec<(Kind, f64)> = Vec::new();
    for value in parts.filter(|(_, share)| *share != Share::Lesser).filter_map(|(value, _)| value) {
        if value.numerator.is_none() {
            continue;
        }
        let kind = (value.counted, value.span);
        match covered.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, sum)) => *sum += value.coverage,
            None => covered.push((kind, value.coverage)),
        }
    }
    // Of two that cover the same the earlier word of the vocabulary, so that the order of rows decides nothing.
    covered.sort_by(|(left, covers), (right, others)| {
        left.0.cmp(&right.0).then(others.total_cmp(covers)).then(left.1.cmp(&right.1))
    });
    covered.first().map(|(kind, _)| *kind)
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
