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
use super::lot::{Lot, Lots};
use super::reading::ReadBy;
use super::reads::Reads;
use super::remembered::Basis;
use super::standing_lot::{Read, StandingLot};
use crate::knowledge::Knowledge;
use crate::settings::{AsOf, Standing};

/// All that is known of the figures on one map.
#[derive(Debug)]
pub(crate) struct Settled {
    knowledge: Arc<Knowledge>,
    standing: Standing,
    views: Vec<Arc<MapView>>,
    pub(super) reads: Arc<Reads>,
    known: Mutex<Known>,
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
    /// Nothing yet, but for what those on other maps have read.
    pub(super) fn new(knowledge: Arc<Knowledge>, basis: &Basis, reads: Option<Arc<Reads>>) -> Self {
        let days: Vec<NaiveDate> = match basis.standing.map {
            Some(day) => vec![day],
            None => knowledge.history().maps().to_vec(),
        };
        let reads = reads.unwrap_or_else(|| Arc::new(Reads::new(knowledge.catalogue())));
        let lots = reads.lots.count();
        Self {
            standing: basis.standing.clone(),
            views: days.into_iter().map(|day| knowledge.view(day)).collect(),
            reads,
            known: Mutex::new(Known { lots: vec![None; lots], used: vec![0; lots], questions: 0 }),
            reconciled: OnceLock::new(),
            suspicious: OnceLock::new(),
            adoption: OnceCell::new(),
            knowledge,
        }
    }

    /// Which lots there are.
    pub(super) fn lots(&self) -> &Arc<Lots> {
        &self.reads.lots
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
            lots: Arc::clone(&self.reads.lots),
            things: Arc::clone(&self.reads.things),
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
            lots: Arc::clone(&self.reads.lots),
            things: self.reads.things(),
            read,
        }
    }

    /// The lots of which something is known, as they were read.
    pub(super) fn read(&self) -> Vec<Arc<Lot>> {
        self.known().lots.iter().flatten().map(|standing| Arc::clone(&standing.lot)).collect()
    }

    /// About how many bytes it takes beside what was read.
    pub(super) fn own_bytes(&self) -> usize {
        let lots = self.known().lots.iter().flatten().map(|standing| standing.own_bytes()).sum::<usize>();
        let whole = self.reconciled.get().into_iter().chain(self.suspicious.get()).flatten();
        lots + whole.chain(self.adoption.get()).map(RecordBatch::get_array_memory_size).sum::<usize>()
    }

    /// Lets go of the lots that were not used for longest, until it takes so many bytes with what was read; says how many
    /// are left.
    pub(super) fn shed(&self, most_bytes: usize) -> usize {
        let mut bytes = self.own_bytes() + self.read().iter().map(|lot| lot.bytes()).sum::<usize>();
        let mut known = self.known();
        let mut oldest: Vec<usize> = (0..known.lots.len()).collect();
        oldest.sort_by_key(|at| known.used[*at]);
        for at in oldest {
            if bytes <= most_bytes {
                break;
            }
            let gone = known.lots[at].take();
            bytes = bytes.saturating_sub(gone.map_or(0, |gone: Arc<StandingLot>| gone.own_bytes() + gone.bytes()));
        }
        bytes
    }
}
