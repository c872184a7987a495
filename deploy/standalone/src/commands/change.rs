//! `lantoa correct` and `lantoa retract`: an event is replaced, or taken back, by another event.
//!
//! In: the event's id, what is to be otherwise, why. Out: on standard output what changes, and the receipt. Guarantee: what
//! is printed as done can be queried; the event that does it has an id made of what it changes and how, so that a command
//! given twice changes nothing the second time; an event that was replaced or taken back before is left alone, because two
//! corrections of one event would hide one another.

use std::collections::BTreeMap;
use std::io::Write;

use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::form::column;
use lantoa_schemas::receipt::change_id;
use lantoa_schemas::sql::quoted;
use lantoa_schemas::stream::{EventType, Family, Verb};
use lantoa_schemas::validate::STAMPED;
use lantoa_schemas::vocabulary::Vocabulary;
use lantoa_schemas::wording::Named;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::doorway::through_door_of;
use super::import::door::{Door, line};
use super::rows::rows;
use super::sending::{cloud_event, field_of, in_codes, send};
use super::template::knowledge_of;
use crate::cli::{Assignment, CorrectArgs, RetractArgs};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::Desk;
use crate::run::{Outcome, RunError};

/// What says whose an event is: a correction keeps it.
const AREA: [&str; 4] = ["area_level", "area_code", "area_date", "area_name"];

/// What says what an event changes.
const CHANGE: [&str; 3] = ["supersedes", "retracts", "change_reason"];

/// What a person knows a figure or a step by, for saying what is taken back.
const TELLING: [&str; 16] = [
    "area_name",
    "fact",
    "measure",
    "stage",
    "period",
    "as_at",
    "numerator",
    "denominator",
    "sessions",
    "printed_percent",
    "model",
    "year",
    "step",
    "activity",
    "change",
    "kind",
];

/// How many corrections may follow one another. Each names one that was there before it, so that none comes round.
const MOST_STEPS: usize = 10_000;

/// Why an event is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Nothing has the id.
    #[error("there is no event {0} in the ledgers; `select event_id, numerator from statement where …` finds it")]
    NoEvent(String),
    /// It says nothing of the world.
    #[error(
        "{0} takes another event back and has no fields; retract it with `lantoa retract` to bring that event back"
    )]
    IsRetraction(String),
    /// Another event stands in its place.
    #[error("{id} was corrected before; what stands in its place is {newest}: correct or retract that one")]
    Corrected {
        /// The event.
        id: String,
        /// The last that stands in its place.
        newest: String,
    },
    /// It is gone.
    #[error("{id} was taken back before, by {by}; to bring it back, retract {by}")]
    Retracted {
        /// The event, or what stood in its place.
        id: String,
        /// What took it back.
        by: String,
    },
    /// The same was asked for before, and what did it is gone.
    #[error(
        "the same was done before, by {change}, which does not count any more because of {by}; give \
         another --reason to do it anew, for the id is made of the reason and of what changes"
    )]
    Undone {
        /// The event that did it.
        change: String,
        /// What became of it.
        by: String,
    },
    /// It does not count itself.
    #[error("{id} does not count: it would correct {target}, which is not there or is another area's")]
    NotInForce {
        /// The event.
        id: String,
        /// What it would correct.
        target: String,
    },
    /// A correction that would be another area's.
    #[error(
        "a correction keeps its area, so {field} stays; take the event back with `lantoa retract`, and send it anew"
    )]
    Area {
        /// The field that was to be changed.
        field: String,
    },
    /// A field that is not the sender's.
    #[error("{field} is stamped or made by the program, and cannot be given")]
    Stamped {
        /// The field that was to be changed.
        field: String,
    },
    /// All is as it is to be.
    #[error("nothing changes: the event says so already")]
    Nothing,
    /// Nobody would know why.
    #[error("it needs a reason that says something to those who see the figure change: --reason '…'")]
    NoReason,
}

impl ChangeError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, Self::Area { .. } | Self::Stamped { .. } | Self::NoReason)
    }
}

/// Replaces an event.
///
/// # Errors
/// Any [`ChangeError`]; else what kept it from being sent.
pub async fn correct(data: &DataDir, settings: Settings, arguments: CorrectArgs) -> Result<Outcome, RunError> {
    let CorrectArgs { id, changes, reason, token_file } = arguments;
    let reason = told(&reason)?;
    let work = async |door: &Door, desk: &Desk| {
        let stored = Stored::find(desk, &id).await?;
        let knowledge = knowledge_of(desk).await?;
        let change = stored.corrected(&changes, reason, &knowledge.catalogue)?;
        do_once(door, desk, &stored, change).await
    };
    through_door_of(data, settings, token_file.as_deref(), work).await
}

/// Takes an event back.
///
/// # Errors
/// Any [`ChangeError`]; else what kept it from being sent.
pub async fn retract(data: &DataDir, settings: Settings, arguments: RetractArgs) -> Result<Outcome, RunError> {
    let RetractArgs { id, reason, token_file } = arguments;
    let reason = told(&reason)?;
    let work = async |door: &Door, desk: &Desk| {
        let stored = Stored::find(desk, &id).await?;
        let change = stored.retracted(reason);
        do_once(door, desk, &stored, change).await
    };
    through_door_of(data, settings, token_file.as_deref(), work).await
}

fn told(reason: &str) -> Result<&str, ChangeError> {
    let reason = reason.trim();
    if reason.is_empty() { Err(ChangeError::NoReason) } else { Ok(reason) }
}

/// An event of a ledger.
struct Stored {
    id: String,
    family: Family,
    /// What it says, without what is stamped and without blank fields.
    fields: Map<String, Value>,
}

/// An event that changes another, and what changes.
struct Change {
    id: String,
    event: Map<String, Value>,
    lines: Vec<String>,
}

/// What became of an event.
#[derive(Deserialize)]
struct Fate {
    fate: String,
    by_event: String,
}

impl Stored {
    async fn find(desk: &Desk, id: &str) -> Result<Self, RunError> {
        for &family in Family::ALL {
            let query = format!("select * from {} where event_id = {}", family.stream().table(), quoted(id));
            let found: Vec<Map<String, Value>> = rows(desk, query).await?;
            if let Some(fields) = found.into_iter().next() {
                let said = |(name, value): &(String, Value)| !value.is_null() && !STAMPED.contains(&name.as_str());
                return Ok(Self { id: id.to_owned(), family, fields: fields.into_iter().filter(said).collect() });
            }
        }
        Err(ChangeError::NoEvent(id.to_owned()).into())
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// The event that says the same with some fields changed.
    fn corrected(&self, changes: &[Assignment], reason: &str, catalogue: &Catalogue) -> Result<Change, ChangeError> {
        if self.fields.contains_key("retracts") {
            return Err(ChangeError::IsRetraction(self.id.clone()));
        }
        let mut data = self.fields.clone();
        data.retain(|name, _| !CHANGE.contains(&name.as_str()));
        let mut changed = Vec::with_capacity(changes.len());
        for Assignment { field, value } in changes {
            let field = field_of(field);
            if AREA.contains(&field.as_str()) {
                return Err(ChangeError::Area { field });
            }
            if STAMPED.contains(&field.as_str()) || CHANGE.contains(&field.as_str()) {
                return Err(ChangeError::Stamped { field });
            }
            if value.is_empty() {
                data.remove(&field);
            } else {
                data.insert(field.clone(), value.as_str().into());
            }
            changed.push(field);
        }
        let names: Vec<&str> = changed.iter().map(String::as_str).collect();
        in_codes(&mut data, &names, catalogue);
        let mut lines = Vec::new();
        for field in names {
            let (from, to) = (shown(self.fields.get(field)), shown(data.get(field)));
            if from != to {
                lines.push(format!("{}: {from} -> {to}", heading(field)));
            }
        }
        if lines.is_empty() {
            return Err(ChangeError::Nothing);
        }
        data.insert("supersedes".to_owned(), self.id.as_str().into());
        data.insert("change_reason".to_owned(), reason.into());
        Ok(self.change(Verb::Corrected, data, lines))
    }

    /// The event that takes it back.
    fn retracted(&self, reason: &str) -> Change {
        let mut data = self.fields.clone();
        data.retain(|name, _| AREA.contains(&name.as_str()));
        data.insert("retracts".to_owned(), self.id.as_str().into());
        data.insert("change_reason".to_owned(), reason.into());
        let told = TELLING.iter().filter(|field| self.fields.contains_key(**field));
        let mut lines: Vec<String> =
            told.map(|field| format!("{}: {} -> taken back", heading(field), shown(self.fields.get(*field)))).collect();
        for (changes, what) in [("supersedes", "replaced"), ("retracts", "took back")] {
            lines.extend(self.text(changes).map(|other| format!("{other}, which it {what}, counts again")));
        }
        self.change(Verb::Retracted, data, lines)
    }

    fn change(&self, verb: Verb, data: Map<String, Value>, lines: Vec<String>) -> Change {
        let event_type = EventType { family: self.family, verb }.to_string();
        // In the order of names, whatever the order in which they were given.
        let content: BTreeMap<&String, &Value> = data.iter().collect();
        let content = content.into_iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>();
        let id = change_id(&self.id, &format!("{event_type}\n{content}"));
        let event = cloud_event(&id, &event_type, self.text("reporter"), data);
        Change { id, event, lines }
    }

    async fn fate(&self, desk: &Desk, id: &str) -> Result<Option<Fate>, RunError> {
        let query = format!("select fate, by_event from fate_{} where event_id = {}", self.family, quoted(id));
        Ok(rows(desk, query).await?.into_iter().next())
    }

    /// Refuses what does not stand any more, and names what does.
    async fn stands(&self, desk: &Desk) -> Result<(), RunError> {
        let mut newest = self.id.clone();
        for _ in 0..MOST_STEPS {
            let Some(Fate { fate, by_event }) = self.fate(desk, &newest).await? else { break };
            match fate.as_str() {
                "corrected" => newest = by_event,
                "retracted" => return Err(ChangeError::Retracted { id: newest, by: by_event }.into()),
                _ => return Err(ChangeError::NotInForce { id: newest, target: by_event }.into()),
            }
        }
        if newest == self.id { Ok(()) } else { Err(ChangeError::Corrected { id: self.id.clone(), newest }.into()) }
    }
}

/// Sends a change, unless it is there already; one that is there and does not stand any more is refused.
async fn do_once(door: &Door, desk: &Desk, stored: &Stored, change: Change) -> Result<Outcome, RunError> {
    let Change { id, event, lines } = change;
    let query = format!("select event_id from {} where event_id = {}", stored.family.stream().table(), quoted(&id));
    if !rows::<Value>(desk, query).await?.is_empty() {
        if let Some(Fate { by_event, .. }) = stored.fate(desk, &id).await? {
            // Where something else stands in its place by now, that is what is to be changed.
            stored.stands(desk).await?;
            return Err(ChangeError::Undone { change: id, by: by_event }.into());
        }
        say(&format!("this was done before, by event {id}; nothing is sent"));
        return Ok(Outcome::Done);
    }
    stored.stands(desk).await?;
    let sent = send(door, desk, &[Value::Object(event)]).await?;
    for (_, refused) in &sent.refused {
        eprintln!("{}", line(refused));
    }
    if !sent.has_taken(0) {
        return Err(RunError::NothingImported);
    }
    lines.iter().for_each(|line| say(line));
    say(&format!("event {id} for {}, receipt {}", stored.id, sent.receipt_of(0).unwrap_or_default()));
    Ok(Outcome::Done)
}

fn say(words: &str) {
    let _ = writeln!(std::io::stdout(), "{words}");
}

/// A field by its name and its Vietnamese heading.
fn heading(field: &str) -> String {
    column(field).map_or_else(|| field.to_owned(), Named::in_both)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stored(more: Value) -> Stored {
        let mut fields = json!({
            "area_level": "province", "area_code": "02", "area_date": "2024-12-31", "area_name": "Hà Giang",
            "fact": "actual", "measure": "learning_family", "numerator": 138_068, "source": "report",
        });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let Value::Object(fields) = fields else { panic!() };
        Stored { id: "e-1".to_owned(), family: Family::Statement, fields }
    }

    fn corrected(stored: &Stored, changes: &[&str]) -> Result<Change, ChangeError> {
        let changes: Vec<Assignment> = changes.iter().map(|change| change.parse().unwrap()).collect();
        stored.corrected(&changes, "a slip", Catalogue::shipped())
    }

    #[test]
    fn a_correction_says_all_of_it_with_what_is_changed() {
        let old = stored(json!({ "supersedes": "e-0", "change_reason": "before", "note": "n" }));
        let Change { id, event, lines } = corrected(&old, &["Số đạt=138100", "note="]).unwrap();
        assert_eq!(lines[0], "numerator (Số đạt): 138068 -> 138100");
        assert!(lines[1].ends_with(": n -> nothing"), "{lines:?}");
        assert_eq!((&event["id"], &event["type"]), (&json!(id), &json!("vn.lantoa.statement.corrected.v1")));
        let expected = json!({
            "area_level": "province", "area_code": "02", "area_date": "2024-12-31", "area_name": "Hà Giang",
            "fact": "actual", "measure": "learning_family", "numerator": "138100", "source": "report",
            "supersedes": "e-1", "change_reason": "a slip",
        });
        assert_eq!(event["data"], expected);
        assert_eq!(corrected(&old, &["note=", "numerator=138100"]).unwrap().id, id, "it is the same change");
        assert_ne!(corrected(&old, &["numerator=138101"]).unwrap().id, id);
    }

    #[test]
    fn what_a_correction_cannot_change_is_refused() {
        let old = stored(json!({}));
        for (changes, word) in [
            (&["numerator=138068"][..], "nothing changes"),
            (&["fact=Thực hiện"], "nothing changes"),
            (&["area_code=24"], "keeps its area"),
            (&["sender=me"], "stamped"),
            (&["supersedes=e-0"], "stamped"),
        ] {
            let error = corrected(&old, changes).err().unwrap().to_string();
            assert!(error.contains(word), "{changes:?}: {error}");
        }
        let retraction = stored(json!({ "retracts": "e-0" }));
        assert!(matches!(corrected(&retraction, &["note=x"]), Err(ChangeError::IsRetraction(_))));
        assert!(matches!(told("  "), Err(ChangeError::NoReason)));
    }

    #[test]
    fn a_retraction_has_the_area_and_the_reason_alone() {
        let Change { id, event, lines } = stored(json!({ "supersedes": "e-0" })).retracted("counted twice");
        let expected = json!({
            "area_level": "province", "area_code": "02", "area_date": "2024-12-31", "area_name": "Hà Giang",
            "retracts": "e-1", "change_reason": "counted twice",
        });
        assert_eq!(event["data"], expected);
        assert!(lines.contains(&"numerator (Số đạt): 138068 -> taken back".to_owned()), "{lines:?}");
        assert!(lines.contains(&"e-0, which it replaced, counts again".to_owned()), "{lines:?}");
        assert_eq!(stored(json!({ "supersedes": "e-0" })).retracted("counted twice").id, id);
    }
}
