//! Totals of areas on either map, by the rules of decision 7 of the design, written once more and plainly.
//!
//! An area's own stated total comes first; a sum of its parts only where there is none, and the parts follow the same
//! rule. Old provinces add up to new ones exactly. Of a split commune its main successor takes all, which is an
//! estimate; a new commune that is no main successor has nothing from before. Districts end on their own map. What was
//! returned on the new map is told on the old one only of areas that stayed the same. Single recognitions are counted
//! only where no statement speaks of the area or of anything in it, and are never added to statements.

use super::count::Figure;
use super::land::{Land, Map, PlaceId};
use super::line::Line;
use super::truth::{Cell, Truth, area_year};

/// What a total rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// The area said it itself.
    Stated,
    /// The sum of what its parts said.
    Summed,
    /// Counted from single recognitions.
    Counted,
}

/// A total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// The count.
    pub numerator: i64,
    /// Sum of the denominators; `None` where a part has none.
    pub denominator: Option<i64>,
    /// Numerators and denominators of only those parts that have both.
    pub rate: Option<(i64, i64)>,
    /// Occasions.
    pub sessions: Option<i64>,
    /// What it rests on.
    pub derivation: Derivation,
    /// Whether a split commune has a part in it.
    pub estimated: bool,
    /// Direct parts that there are.
    pub parts: usize,
    /// Direct parts that have a total.
    pub parts_reported: usize,
}

impl Truth {
    /// The total of a place, on its own map, in a year; `None` where nothing is known.
    pub fn total(&self, land: &Land, place: PlaceId, year: i32, line: Line) -> Option<Total> {
        self.stated(land, place, year, line).or_else(|| {
            let count = self.individuals.get(&Cell { area: area_year(land, place, year), line })?;
            let counted = count.recognised + count.listed;
            (counted > 0).then(|| Total { derivation: Derivation::Counted, ..Total::of(counted) })
        })
    }

    /// The sum of a place's parts, whatever it says itself: what a stated total is compared with.
    pub fn sum_of_parts(&self, land: &Land, place: PlaceId, year: i32, line: Line) -> Option<Total> {
        let here = land.place(place);
        let native = Map::at_end_of(year);
        let is_restated = here.map == Map::New && native == Map::Old && here.parent.is_some();
        self.sum(land, if is_restated { &here.predecessors } else { &here.parts }, year, line)
    }

    fn stated(&self, land: &Land, place: PlaceId, year: i32, line: Line) -> Option<Total> {
        let here = land.place(place);
        let native = Map::at_end_of(year);
        if here.map == native {
            let own = self.figures.get(&Cell { area: area_year(land, place, year), line });
            let own = own.map(|chosen| Total::stated(&chosen.figure, here.parts.len()));
            return own.or_else(|| self.sum(land, &here.parts, year, line));
        }
        if native == Map::New {
            let same = here.successor.filter(|new| land.place(*new).predecessors == [place]);
            let same = same.filter(|new| !here.split && land.place(*new).code == here.code);
            return self.stated(land, same?, year, line);
        }
        if here.parent.is_none() {
            // The nation is one area on both maps.
            let old = land.find(Map::Old, here.level, here.code)?;
            let total = self.stated(land, old, year, line)?;
            return if total.derivation == Derivation::Stated {
                Some(total)
            } else {
                self.sum(land, &here.parts, year, line)
            };
        }
        let total = self.sum(land, &here.predecessors, year, line)?;
        // A province is never estimated: none was split, and its communes' parts stay within its total.
        let estimated = here.is_leaf() && (here.split || here.predecessors.iter().any(|old| land.place(*old).split));
        // A single predecessor that is the whole area is the area itself.
        let derivation = match here.predecessors.as_slice() {
            [old] if !estimated => self.stated(land, *old, year, line)?.derivation,
            _ => Derivation::Summed,
        };
        Some(Total { estimated, derivation, ..total })
    }

    fn sum(&self, land: &Land, parts: &[PlaceId], year: i32, line: Line) -> Option<Total> {
        let totals: Vec<_> = parts.iter().filter_map(|part| self.stated(land, *part, year, line)).collect();
        let (first, others) = totals.split_first()?;
        let sum = others.iter().fold(*first, Total::and);
        Some(Total { derivation: Derivation::Summed, parts: parts.len(), parts_reported: totals.len(), ..sum })
    }
}

impl Total {
    fn of(numerator: i64) -> Self {
        Self {
            numerator,
            denominator: None,
            rate: None,
            sessions: None,
            derivation: Derivation::Summed,
            estimated: false,
            parts: 0,
            parts_reported: 0,
        }
    }

    fn stated(figure: &Figure, parts: usize) -> Self {
        Self {
            denominator: figure.denominator,
            rate: figure.denominator.map(|whole| (figure.numerator, whole)),
            sessions: figure.sessions,
            derivation: Derivation::Stated,
            parts,
            ..Self::of(figure.numerator)
        }
    }

    fn and(self, other: &Self) -> Self {
        let both = |left: Option<i64>, right: Option<i64>| Some(left? + right?);
        let rate = match (self.rate, other.rate) {
            (Some(left), Some(right)) => Some((left.0 + right.0, left.1 + right.1)),
            (left, right) => left.or(right),
        };
        Self {
            numerator: self.numerator + other.numerator,
            denominator: both(self.denominator, other.denominator),
            rate,
            sessions: both(self.sessions, other.sessions),
            estimated: self.estimated || other.estimated,
            ..self
        }
    }
}
