//! Rules of a reference event: the common columns and, by kind, the form of its body.

use super::Judge;
use super::reader::Reader;
use super::recognition::verb_word;
use crate::area::AreaEvent;
use crate::catalogue::{Catalogue, nearest};
use crate::event::{AreaChange, AreaClassified, CatalogueEntered, PlanIssued, Reference, ReturnDue, WeekDeclared};
use crate::stream::Verb;
use crate::vocabulary::ReferenceKind;

pub(super) fn read(judge: &Judge<'_>, verb: Verb, reader: &mut Reader<'_>) -> Reference {
    let kind = verb_word(verb, "kind", reader);
    let reference = Reference {
        kind,
        subject: reader.text("subject"),
        effective_on: reader.day("effective_on"),
        legal_basis: reader.text("legal_basis"),
        body: body(judge, kind, reader),
    };
    reader.require("subject", reference.subject.is_some(), "give the id of the change, plan, Week or entry");
    reader.require("body", reference.body.is_some(), "give the entry itself as an object");
    if kind == Some(ReferenceKind::AreaClassified) {
        reader.require(
            "area_code",
            reader.present("area_code"),
            "give level, code and day of the area that is classified",
        );
    }
    if matches!(kind, Some(ReferenceKind::AreaChanged | ReferenceKind::AreaClassified)) {
        reader.require("effective_on", reference.effective_on.is_some(), "say from which day it holds");
        reader.require("legal_basis", reference.legal_basis.is_some(), "name the resolution or decision");
    }
    reference
}

fn body(judge: &Judge<'_>, kind: Option<ReferenceKind>, reader: &mut Reader<'_>) -> Option<String> {
    match kind? {
        ReferenceKind::AreaChanged => area_change(judge, reader),
        ReferenceKind::ReturnDue => return_due(judge, reader),
        ReferenceKind::AreaClassified => area_classified(reader),
        ReferenceKind::PlanIssued => reader.body::<PlanIssued>("body", "a plan").map(|(text, _)| text),
        ReferenceKind::CatalogueEntered => catalogue_entered(reader),
        ReferenceKind::WeekDeclared => {
            let (text, week) = reader.body::<WeekDeclared>("body", "a Learning Week")?;
            if week.end < week.start {
                reader.refuse("body", "the Week ends before it starts", "give its first and its last day");
            }
            Some(text)
        }
    }
}

/// A change that would be left out of the history is refused at the door.
fn area_change(judge: &Judge<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let (text, body) = reader.body::<AreaChange>("body", "an area change")?;
    let effective_on = reader.day("effective_on")?;
    let event = AreaEvent { event_id: String::new(), effective_on, legal_basis: None, body };
    if let Err(error) = judge.history.check(&event) {
        let remedy = "see the tables area and area_succession for what is known; to move a change to another day, \
                      retract it and send it anew";
        reader.refuse("body", error.to_string(), remedy);
    }
    Some(text)
}

/// An entry that would be left out of the catalogue is refused at the door. Only what ships with the program is asked:
/// an entry that is sent again, or corrected, is known already.
fn catalogue_entered(reader: &mut Reader<'_>) -> Option<String> {
    let (text, entry) = reader.body::<CatalogueEntered>("body", "a catalogue entry")?;
    if let Err(error) = Catalogue::shipped().entered(&entry) {
        reader.refuse(
            "body",
            error.to_string(),
            "see the table catalogue for what is known, and give an id of its own",
        );
    }
    Some(text)
}

fn area_classified(reader: &mut Reader<'_>) -> Option<String> {
    let (text, body) = reader.body::<AreaClassified>("body", "a class of an area")?;
    if let (Some(from), Some(until)) = (reader.day("effective_on"), body.until)
        && until < from
    {
        reader.refuse(
            "body",
            "the class ends before it begins",
            "give its first day as effective_on and its last as until",
        );
    }
    Some(text)
}

fn return_due(judge: &Judge<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let (text, body) = reader.body::<ReturnDue>("body", "a deadline of returns")?;
    if let Some(id) = &body.indicator
        && judge.catalogue.indicator(id).is_none()
    {
        let remedy = match nearest(id, judge.catalogue.indicators().iter().map(|i| i.id.as_str())) {
            Some(near) => format!("did you mean {near}?"),
            None => "use an indicator of the catalogue, or leave it out for all".to_owned(),
        };
        reader.refuse("body", format!("\"{}\" is no indicator", super::shortened(id)), remedy);
    }
    Some(text)
}
