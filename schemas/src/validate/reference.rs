//! Rules of a reference event: the common columns and, by kind, the form of its body.

use super::reader::Reader;
use super::recognition::verb_word;
use crate::event::{AreaChange, CatalogueEntered, PlanIssued, Reference, WeekDeclared};
use crate::stream::Verb;
use crate::vocabulary::ReferenceKind;

pub(super) fn read(verb: Verb, reader: &mut Reader<'_>) -> Reference {
    let kind = verb_word(verb, "kind", reader);
    let reference = Reference {
        kind,
        subject: reader.text("subject"),
        effective_on: reader.day("effective_on"),
        legal_basis: reader.text("legal_basis"),
        body: body(kind, reader),
    };
    reader.require("subject", reference.subject.is_some(), "give the id of the change, plan, Week or entry");
    reader.require("body", reference.body.is_some(), "give the entry itself as an object");
    if kind == Some(ReferenceKind::AreaChanged) {
        reader.require("effective_on", reference.effective_on.is_some(), "say from which day it holds");
        reader.require("legal_basis", reference.legal_basis.is_some(), "name the resolution or decision");
    }
    reference
}

fn body(kind: Option<ReferenceKind>, reader: &mut Reader<'_>) -> Option<String> {
    match kind? {
        ReferenceKind::AreaChanged => reader.body::<AreaChange>("body", "an area change").map(|(text, _)| text),
        ReferenceKind::PlanIssued => reader.body::<PlanIssued>("body", "a plan").map(|(text, _)| text),
        ReferenceKind::CatalogueEntered => {
            reader.body::<CatalogueEntered>("body", "a catalogue entry").map(|(text, _)| text)
        }
        ReferenceKind::WeekDeclared => {
            let (text, week) = reader.body::<WeekDeclared>("body", "a Learning Week")?;
            if week.end < week.start {
                reader.refuse("body", "the Week ends before it starts", "give its first and its last day");
            }
            Some(text)
        }
    }
}
