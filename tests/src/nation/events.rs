//! The events in the order in which they are recorded, one at a time.

use lantoa_schemas::event::Event;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;

use super::Nation;
use super::render::OpenSheet;
use super::sheet::{Sheets, is_again};

/// A stream of events. As an iterator it gives each event away; [`Events::advance`] only lends it, and is several times
/// faster.
pub struct Events<'n> {
    nation: &'n Nation,
    sheets: Sheets<'n>,
    open: Option<OpenSheet>,
    /// Next offset of each family's log.
    offsets: [i64; Family::ALL.len()],
}

impl<'n> Events<'n> {
    pub(super) fn new(nation: &'n Nation, family: Option<Family>) -> Self {
        Self { nation, sheets: Sheets::new(nation, family), open: None, offsets: [0; Family::ALL.len()] }
    }

    /// The next event, lent until the one after is asked for; `None` at the end.
    pub fn advance(&mut self) -> Option<&Event> {
        loop {
            if let Some(open) = &mut self.open
                && open.advance(self.nation)
            {
                break;
            }
            self.open = Some(OpenSheet::new(self.nation, self.sheets.next()?));
        }
        let open = self.open.as_ref()?;
        self.offsets[place_of(open.sheet.content.family())] += 1;
        Some(&open.event)
    }

    /// The event that was lent last.
    pub fn current(&self) -> Option<&Event> {
        self.open.as_ref().map(|open| &open.event)
    }

    /// The family of the current event.
    pub fn family(&self) -> Option<Family> {
        self.open.as_ref().map(|open| open.sheet.content.family())
    }

    /// The offset of the current event, where each family's log has one partition and holds nothing else.
    pub fn offset(&self) -> Option<i64> {
        self.family().map(|family| self.offsets[place_of(family)] - 1)
    }

    /// Whether the current event has been there before with the same id: what a projector drops.
    pub fn is_again(&self) -> bool {
        self.open.as_ref().is_some_and(|open| is_again(self.nation, &open.sheet))
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.advance().cloned()
    }
}

fn place_of(family: Family) -> usize {
    Family::ALL.iter().position(|known| *known == family).expect("ALL lists every family")
}
