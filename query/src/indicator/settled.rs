//! What has been read, added up and written of the figures on one map, by whichever question needed it first.
//!
//! In: what all of it stands on ([`super::Basis`]), lots as questions read them. Out: the lots that a question needs, and
//! the tables that are written whole. Guarantee: whoever adds to it adds what anybody else with the same basis would.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use lantoa_schemas::area::MapView;
use tokio::sync::OnceCell;

use super::assemble::Figures;
use super::figure::Things;
use super::lot::{Lot, Lots, Read};
use super::reading::ReadBy;
use super::remembered::Basis;
use crate::knowledge::Knowledge;
use crate::settings::{AsOf, Standing};

/// All that is known of the figures on one map.
#[derive(Debug)]
pub(crate) struct Settled {
    knowledge: Arc<Knowledge>,
    standing: Standing,
    views: Vec<Arc<MapView>>,
    pub(super) lots: Arc<Lots>,
    things: Arc<Mutex<Things>>,
    known: Mutex<Known>,
    /// Whoever reads and adds up. Others wait, and then find what they need.
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) reconciled: OnceLock<Vec<RecordBatch>>,
    pub(super) suspicious: OnceLock<Vec<RecordBatch>>,
    pub(super) adoption: OnceCell<RecordBatch>,
}

/// Lots by number, each with the question that used it last.
#[derive(Debug)]
struct Known {
    lots: Read,
    used: Vec<u64>,
    questions: u64,
}

impl Settled {
    pub(super) fn new(knowledge: Arc<Knowledge>, basis: &Basis) -> Self {
        let days: Vec<NaiveDate> = match basis.standing.map {
            Some(day) => vec![day],
            None => knowledge.history().maps().to_vec(),
        };
        let lots = Lots::of(knowledge.catalogue());
        let known = Known { lots: vec![None; lots.count()], used: vec![0; lots.count()], questions: 0 };
        Self {
            standing: basis.standing.clone(),
            views: days.into_iter().map(|day| knowledge.view(day)).collect(),
            things: Arc::new(Mutex::new(lots.things(knowledge.catalogue()))),
            lots: Arc::new(lots),
            known: Mutex::new(known),
            turn: tokio::sync::Mutex::default(),
            reconciled: OnceLock::new(),
            suspicious: OnceLock::new(),
            adoption: OnceCell::new(),
            knowledge,
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of the lots that are `needed`; beside it what a statement `holds` itself counts.
    pub(super) fn needed(&self, needed: &[bool], held: &Read) -> Read {
        let mut known = self.known();
        known.questions += 1;
        let now = known.questions;
        let mut read = vec![None; needed.len()];
        for at in (0..needed.len()).filter(|at| needed[*at]) {
            known.used[at] = now;
            read[at] = known.lots[at].as_ref().or(held[at].as_ref()).cloned();
        }
        read
    }

    /// Adds what was read.
    pub(super) fn keep(&self, read: &Read) {
        let mut known = self.known();
        for (known, read) in known.lots.iter_mut().zip(read) {
            if known.is_none() {
                known.clone_from(read);
            }
        }
    }

    /// By what a question reads the lots that are `wanted`.
    pub(super) fn read_by(&self, wanted: Vec<bool>) -> ReadBy {
        ReadBy {
            knowledge: Arc::clone(&self.knowledge),
            lots: Arc::clone(&self.lots),
            things: Arc::clone(&self.things),
            wanted,
            told_by: self.standing.stated_by.into_iter().chain(self.standing.as_of.map(AsOf::day)).min(),
        }
    }

    /// The lots that were read, on their maps.
    pub(super) fn figures(&self, read: Read) -> Figures {
        Figures {
            knowledge: Arc::clone(&self.knowledge),
            as_reported: self.standing.map.is_none(),
            views: self.views.clone(),
            lots: Arc::clone(&self.lots),
            things: self.things.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            read,
        }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let lots = self.known().lots.iter().flatten().map(|lot| lot.bytes()).sum::<usize>();
        let whole = self.reconciled.get().into_iter().chain(self.suspicious.get()).flatten();
        lots + whole.chain(self.adoption.get()).map(RecordBatch::get_array_memory_size).sum::<usize>()
    }

    /// Lets go of the lots that were not used for longest, until so many bytes are left; says how many are.
    pub(super) fn shed(&self, most_bytes: usize) -> usize {
        let mut bytes = self.bytes();
        let mut known = self.known();
        let mut oldest: Vec<usize> = (0..known.lots.len()).collect();
        oldest.sort_by_key(|at| known.used[*at]);
        for at in oldest {
            if bytes <= most_bytes {
                break;
            }
            bytes = bytes.saturating_sub(known.lots[at].take().map_or(0, |lot: Arc<Lot>| lot.bytes()));
        }
        bytes
    }
}
