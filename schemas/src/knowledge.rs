//! What rows are judged by: the areas through time and the catalogue.
//!
//! In: what ships with the program, and the reference events in force. Out: a history and a catalogue with what they
//! bring. Guarantee: the same events in the same order make the same knowledge, whoever asks; an event that does not
//! fit is left out and told.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::area::{AreaEvent, AreaHistory};
use crate::catalogue::Catalogue;
use crate::event::{AreaChange, CatalogueEntered};
use crate::validate::Judge;
use crate::vocabulary::ReferenceKind;

/// A reference event in force, as the wire and the table have it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceEvent {
    /// Its id.
    pub event_id: String,
    /// What it brings.
    pub kind: ReferenceKind,
    /// From which day it holds.
    pub effective_on: Option<NaiveDate>,
    /// The legal text it rests on.
    pub legal_basis: Option<String>,
    /// The rest, as the JSON text of its kind.
    pub body: String,
}

/// An event that brings nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its id.
    pub event_id: String,
    /// What does not fit.
    pub reason: String,
}

/// What rows are judged by.
#[derive(Debug, Clone)]
pub struct Knowledge {
    /// The areas through time.
    pub history: Arc<AreaHistory>,
    /// The measures and scopes.
    pub catalogue: Arc<Catalogue>,
}

impl Knowledge {
    /// What ships with the program.
    pub fn shipped() -> Self {
        Self { history: Arc::clone(AreaHistory::shipped()), catalogue: Arc::clone(Catalogue::shipped()) }
    }

    /// What ships with the program and what events in force bring, in the order in which they were recorded.
    pub fn with<'a>(events: impl IntoIterator<Item = &'a ReferenceEvent>) -> (Self, Vec<LeftOut>) {
        let (mut changes, mut entries, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            let event_id = event.event_id.clone();
            // The validator has read each body; what a later release wrote may still be strange to this one.
            match event.kind {
                ReferenceKind::AreaChanged => {
                    match (event.effective_on, serde_json::from_str::<AreaChange>(&event.body)) {
                        (Some(effective_on), Ok(body)) => {
                            let legal_basis = event.legal_basis.clone();
                            changes.push(AreaEvent { event_id, effective_on, legal_basis, body });
                        }
                        _ => left_out.push(unreadable(event_id)),
                    }
                }
                ReferenceKind::CatalogueEntered => match serde_json::from_str::<CatalogueEntered>(&event.body) {
                    Ok(entry) => entries.push((event_id, entry)),
                    Err(_) => left_out.push(unreadable(event_id)),
                },
                // By these nothing is judged that comes in.
                ReferenceKind::PlanIssued
                | ReferenceKind::WeekDeclared
                | ReferenceKind::ReturnDue
                | ReferenceKind::AreaClassified => {}
            }
        }
        let mut knowledge = Self::shipped();
        if !changes.is_empty() {
            let (history, refused) = AreaHistory::shipped().with(&changes);
            left_out.extend(refused.into_iter().map(|(event_id, e)| LeftOut { event_id, reason: e.to_string() }));
            knowledge.history = Arc::new(history);
        }
        if !entries.is_empty() {
            let (catalogue, refused) = Catalogue::shipped().with(entries.iter().map(|(_, entry)| entry));
            let id = |at: usize| entries[at].0.clone();
            left_out.extend(refused.into_iter().map(|(at, e)| LeftOut { event_id: id(at), reason: e.to_string() }));
            knowledge.catalogue = Arc::new(catalogue);
        }
        (knowledge, left_out)
    }

    /// The judge who knows this, at an instant.
    pub fn judge(&self, now: DateTime<Utc>) -> Judge<'_> {
        Judge { history: &self.history, catalogue: &self.catalogue, now }
    }
}

fn unreadable(event_id: String) -> LeftOut {
    LeftOut { event_id, reason: "its day or its body cannot be read".to_owned() }
}
