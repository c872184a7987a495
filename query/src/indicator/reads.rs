//! What has been read of the figures, whatever map it is to stand on.
//!
//! In: a catalogue; lots as questions read them. Out: each lot that somebody still has. Guarantee: whoever reads on the same
//! versions and settings finds the same numbers of things and scopes; a lot that nobody has is gone.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use lantoa_schemas::catalogue::Catalogue;

use super::figure::Things;
use super::lot::{Lot, Lots};

/// What has been read, shared by the standings that differ in their map alone.
#[derive(Debug)]
pub(super) struct Reads {
    pub(super) lots: Arc<Lots>,
    pub(super) things: Arc<Mutex<Things>>,
    /// Lots by number. Those who have made something of a lot hold it.
    known: Mutex<Vec<Weak<Lot>>>,
    /// Whoever reads and adds up. Others wait, and then find what they need.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Reads {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let lots = Lots::of(catalogue);
        Self {
            things: Arc::new(Mutex::new(lots.things(catalogue))),
            known: Mutex::new((0..lots.count()).map(|_| Weak::new()).collect()),
            lots: Arc::new(lots),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// All things and scopes that have been met.
    pub(super) fn things(&self) -> Things {
        self.things.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A lot, where it has been read and somebody has it.
    pub(super) fn lot(&self, number: usize) -> Option<Arc<Lot>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)[number].upgrade()
    }

    /// Tells others of a lot that was read.
    pub(super) fn keep(&self, number: usize, lot: &Arc<Lot>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)[number] = Arc::downgrade(lot);
    }
}
