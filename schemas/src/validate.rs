//! The one validator: whatever enters, by whichever door, becomes an event here or is refused here.
//!
//! In: named fields as somebody sent them. Out: a [`ValidatedEvent`], which nothing else can make, or every problem of
//! the row at once, each with field, reason and remedy. Pure: the clock's answer, the area history and the catalogue
//! are passed in.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::area::AreaHistory;
use crate::catalogue::Catalogue;
use crate::clock::day_in_vietnam;
use crate::event::{Event, Facts, MAX_EVENT_ID, may_be_an_id};
use crate::stream::{EventType, Family, Verb};
use crate::vocabulary::Via;

mod activity;
mod envelope;
pub mod fields;
mod membership;
pub mod personal;
mod printed;
mod reader;
mod recognition;
mod reference;
mod statement;
mod vietnamese;

pub use fields::{Cell, Fields};
use personal::Look;
pub use reader::STAMPED;
pub(crate) use reader::{Forms, Reader};

/// Revision of the families' schemas that this program writes.
pub const SCHEMA_VERSION: i32 = 1;

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field, in the sender's own name for it.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What would be right.
    pub remedy: String,
    /// Whether it is that the value looks like a person's data: then nothing of the row but its hash is kept.
    #[serde(skip)]
    pub personal: bool,
}

impl Problem {
    /// A problem of a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into(), remedy: remedy.into(), personal: false }
    }

    /// That a field has what looks like a person's data. The reason must not repeat it.
    pub fn personal(field: impl Into<String>, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { personal: true, ..Self::new(field, reason, remedy) }
    }
}

/// What a row is judged by.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The areas through time.
    pub history: &'a AreaHistory,
    /// The measures and scopes.
    pub catalogue: &'a Catalogue,
    /// The present instant, which is also stamped as `recorded`.
    pub now: DateTime<Utc>,
}

/// What intake stamps on an event: the sender has no say in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    /// Who sent it.
    pub sender: String,
    /// The way in.
    pub via: Via,
    /// Key of the receipt.
    pub receipt: String,
    /// Row, from 1.
    pub row: u64,
}

/// A row as it was sent: an id where the sender gave one, the event type, and the fields.
pub struct Row<'a> {
    /// The sender's event id.
    pub event_id: Option<&'a str>,
    /// The event type as sent.
    pub event_type: &'a str,
    /// Who reports it, where the fields do not say.
    pub reporter: Option<&'a str>,
    /// The fields.
    pub fields: &'a dyn Fields,
}

/// An event that has passed the validator. Nothing else makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidatedEvent(Event);

impl ValidatedEvent {
    /// The event.
    pub fn event(&self) -> &Event {
        &self.0
    }

    /// The same event under the id that its row gives it, on the ground of [`ground_of_ids`](crate::receipt::ground_of_ids).
    pub fn named_by_row(self, ground: &str, row: u64) -> Self {
        let Event { mut envelope, facts } = self.0;
        envelope.event_id = crate::receipt::event_id(ground, row);
        Self(Event { envelope, facts })
    }

    /// The same event under the id that its content gives it. `place` is told the key of the content and says the event's
    /// place, from 1, among those that say the same beside it. Whatever else stands beside it, the same content at the
    /// same place has the same id.
    pub fn named_by_content(self, place: impl FnOnce(&str) -> u64) -> Self {
        let Event { mut envelope, facts } = self.0;
        let key = crate::receipt::content_key(&envelope, &facts);
        envelope.event_id = crate::receipt::event_id(&key, place(&key));
        Self(Event { envelope, facts })
    }
}

impl Judge<'_> {
    /// Judges one row. Numbers and dates may be texts as an office prints them, such as `138.068`, `16,2 %`, `1564/2263` or
    /// `02/10/2024`.
    ///
    /// # Errors
    /// All problems of the row, never an empty list. Where one is that a person's data was sent, only such problems: what the
    /// others quote might be of that person, too.
    pub fn judge(&self, row: &Row<'_>, stamp: &Stamp) -> Result<ValidatedEvent, Vec<Problem>> {
        self.judge_in(Forms::Printed, row, stamp)
    }

    fn judge_in(&self, forms: Forms, row: &Row<'_>, stamp: &Stamp) -> Result<ValidatedEvent, Vec<Problem>> {
        let mut reader = Reader::new(row.fields, forms);
        let Some(event_type) = EventType::parse(row.event_type) else {
            return Err(reader.unread(row.event_id, unknown_type(row.event_type)));
        };
        reader.refuse_unknown(event_type.family);
        let event_id = self.event_id(row, stamp, &mut reader);
        reader.look_at_reporter(row.reporter);
        let envelope = envelope::read(self, row, stamp, event_type, event_id, &mut reader);
        let facts = self.facts(event_type, &mut reader);
        if event_type.verb == Verb::Retracted {
            // Nobody has read the facts, and a direct record is stored with them.
            reader.look_through(event_type.family);
        }
        if reader.problems.is_empty() {
            Ok(ValidatedEvent(Event { envelope, facts }))
        } else {
            Err(reader.into_problems())
        }
    }

    /// Judges a record that somebody's own program produced to the topic of `family`. `fields` are what it says without
    /// its id, its type and the revision of its schema; the id is taken as it is, blanks included, as it is stored so. So
    /// are all of its texts, which is why they may say numbers and dates in the form of the contract only.
    ///
    /// # Errors
    /// As [`Judge::judge`], and where the type is of another family.
    pub fn judge_direct(
        &self,
        family: Family,
        event_id: &str,
        event_type: &str,
        fields: &dyn Fields,
    ) -> Result<(), Vec<Problem>> {
        if let Some(other) = EventType::parse(event_type).map(|known| known.family).filter(|known| *known != family) {
            let remedy = format!("produce it to {}", other.stream().topic());
            let problem = Problem::new("event_type", format!("is not of the family {family}"), remedy);
            return Err(Reader::new(fields, Forms::Contract).unread(Some(event_id), problem));
        }
        // The event that comes of it is not used: whoever stores the record stamps it.
        let stamp = Stamp { sender: String::new(), via: Via::Kafka, receipt: String::new(), row: 0 };
        let row = Row { event_id: Some(event_id), event_type, reporter: None, fields };
        self.judge_in(Forms::Contract, &row, &stamp).map(|_| ())
    }

    /// The present day in Vietnam.
    fn today(&self) -> NaiveDate {
        day_in_vietnam(self.now)
    }

    fn event_id(&self, row: &Row<'_>, stamp: &Stamp, reader: &mut Reader<'_>) -> String {
        match row.event_id {
            None => crate::receipt::event_id(&stamp.receipt, stamp.row),
            Some(id) => {
                let is_one = may_be_an_id(id);
                // What is no id may be anything.
                if let Some(kind) = personal::found(id, if is_one { Look::Code } else { Look::Free }) {
                    reader.problems.push(kind.problem("id"));
                } else if !is_one {
                    reader.refuse(
                        "id",
                        format!("is not 1 to {MAX_EVENT_ID} bytes without blanks"),
                        "give each event an id of its own, such as a UUID",
                    );
                }
                id.to_owned()
            }
        }
    }

    fn facts(&self, event_type: EventType, reader: &mut Reader<'_>) -> Facts {
        let retracted = event_type.verb == Verb::Retracted;
        match event_type.family {
            Family::Statement if retracted => Facts::Statement(Box::default()),
            Family::Statement => Facts::Statement(Box::new(statement::read(self, reader))),
            Family::Recognition if retracted => Facts::Recognition(Box::default()),
            Family::Recognition => Facts::Recognition(Box::new(recognition::read(self, event_type.verb, reader))),
            Family::Activity if retracted => Facts::Activity(Box::default()),
            Family::Activity => Facts::Activity(Box::new(activity::read(self, reader))),
            Family::Membership if retracted => Facts::Membership(Box::default()),
            Family::Membership => Facts::Membership(Box::new(membership::read(event_type.verb, reader))),
            Family::Reference if retracted => Facts::Reference(Box::default()),
            Family::Reference => Facts::Reference(Box::new(reference::read(self, event_type.verb, reader))),
        }
    }
}

fn unknown_type(given: &str) -> Problem {
    if let Some(kind) = personal::found(given, Look::Free) {
        return kind.problem("type");
    }
    let all: Vec<String> = EventType::all().map(|t| t.to_string()).collect();
    let nearest = crate::catalogue::nearest(given, all.iter().map(String::as_str));
    let remedy = match nearest {
        Some(near) => format!("did you mean {near}?"),
        None => format!("use one of {}", all.join(", ")),
    };
    Problem::new("type", format!("\"{}\" is no event type of the contract", shortened(given)), remedy)
}

/// A given text, cut so that an error never carries a whole document.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests;
