//! Histories of maps that are not those of Vietnam.
//!
//! In: areas and what became of them. Out: a history that answers as the shipped one does. For whoever holds the rules of
//! restatement against maps of their own.

use super::{Area, AreaHistory, Succession};

impl AreaHistory {
    /// A history of maps that somebody else made: areas in the order of their maps, the nation `00` on each, and what became
    /// of them. Nothing is checked: what names no area of the maps ties nothing together.
    pub fn of_maps(areas: Vec<Area>, successions: Vec<Succession>) -> Self {
        Self::of(areas, successions, 0)
    }
}
