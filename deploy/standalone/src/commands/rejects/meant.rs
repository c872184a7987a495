//! The event that something refused was meant to be.
//!
//! In: what was sent, as the view `rejected` has it. Out: a CloudEvent. Guarantee: an event is what was sent but for what is
//! changed on purpose, and has the id that it had; a row of a sheet says the codes that its words stand for. A row of single
//! events, which are named by what they say, becomes a sheet of that row, as it was written.

use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::event::may_be_an_id;
use lantoa_schemas::form::{FORMS, Form, RESULT};
use lantoa_schemas::stream::EventType;
use lantoa_schemas::validate::STAMPED;
use serde_json::{Map, Value};

use super::Refused;
use crate::cli::Assignment;
use crate::commands::sending::{cloud_event, field_of, in_codes};

/// How the event type is called where fields are changed: no family has a field of that name.
const TYPE: &str = "type";

/// Attributes of an event; all else beside its data is a field in the wrong place.
const ATTRIBUTES: [&str; 9] =
    ["specversion", "id", "source", TYPE, "datacontenttype", "dataschema", "subject", "time", "data"];

/// Where what was refused is all of a content: how the view says it.
const WHOLE: &str = "the whole content";

/// Why no event can be made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMeant {
    /// Nothing of it was kept.
    #[error(
        "it has personal data or is no text, so nothing of it was kept; mend it where it came from, and send it anew"
    )]
    NotKept,
    /// Not all of it was kept.
    #[error("it was too long to be kept whole; mend it where it came from, and send it anew")]
    Cut,
    /// It is a content of which no row could be read.
    #[error("it was not read as rows; mend it where it came from, and send it anew")]
    Whole,
    /// It has no fields.
    #[error("it could not be read as fields; mend it where it came from, and send it anew")]
    Unread,
}

/// An event in the making.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meant {
    /// The CloudEvent.
    event: Map<String, Value>,
    /// Whether its fields are cells of a sheet, which may say words in the place of codes.
    has_words: bool,
    /// The form of a row that goes in as a sheet, because its id is made of what it says.
    form: Option<&'static Form>,
}

impl Meant {
    /// The event that was meant.
    ///
    /// # Errors
    /// Any [`NotMeant`].
    pub(super) fn of(refused: &Refused) -> Result<Self, NotMeant> {
        let text = refused.bytes.as_deref().ok_or(NotMeant::NotKept)?;
        if refused.position == WHOLE {
            return Err(NotMeant::Whole);
        }
        let sent = match serde_json::from_str(text) {
            Ok(Value::Object(sent)) => sent,
            _ if text.ends_with('…') => return Err(NotMeant::Cut),
            _ => return Err(NotMeant::Unread),
        };
        let id = refused.event_id.as_deref().filter(|id| may_be_an_id(id)).unwrap_or(&refused.reject);
        let is_event = sent.contains_key("specversion") || sent.get("data").is_some_and(Value::is_object);
        if is_event {
            let mut event = sent;
            event.insert("id".to_owned(), id.into());
            return Ok(Self { event, has_words: false, form: None });
        }
        let fields: Map<String, Value> =
            sent.into_iter().filter(|(name, _)| !STAMPED.contains(&name.as_str())).collect();
        let form = form_of(refused, &fields);
        let event_type = refused.event_type.as_deref().unwrap_or_default();
        let event = cloud_event(id, event_type, None, fields);
        Ok(Self { event, has_words: form.is_none() && refused.via.as_deref() != Some("kafka"), form })
    }

    /// The fields, as far as they can be read.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.event.get("data").and_then(Value::as_object).into_iter().flatten()
    }

    /// Changes fields, and says codes for the words of what is changed and of what a sheet says.
    pub(super) fn change(&mut self, changes: &[Assignment], catalogue: &Catalogue) {
        let mut changed = Vec::with_capacity(changes.len());
        for Assignment { field, value } in changes {
            let of_form = self.form.and_then(|form| form.field(field));
            let field = of_form.map_or_else(|| field_of(field), str::to_owned);
            if field == TYPE && self.form.is_none() {
                self.event.insert(field, value.as_str().into());
                continue;
            }
            // What stood beside the data stands in it now, or nowhere.
            if !ATTRIBUTES.contains(&field.as_str()) {
                self.event.remove(&field);
            }
            let fields = self.fields_to_change();
            if value.is_empty() {
                fields.remove(&field);
            } else {
                fields.insert(field.clone(), value.as_str().into());
                changed.push(field);
            }
        }
        if self.form.is_some() {
            // Words of a sheet are read where it goes in.
            return;
        }
        if self.has_words {
            changed = self.fields_to_change().keys().cloned().collect();
            changed.push("area_name".to_owned());
        }
        if !changed.is_empty() {
            let names: Vec<&str> = changed.iter().map(String::as_str).collect();
            in_codes(self.fields_to_change(), &names, catalogue);
        }
    }

    fn fields_to_change(&mut self) -> &mut Map<String, Value> {
        let data = self.event.entry("data").or_insert(Value::Null);
        if !data.is_object() {
            *data = Value::Object(Map::new());
        }
        data.as_object_mut().expect("it was made an object above")
    }

    /// Whether it goes in as a sheet.
    pub(super) fn is_sheet(&self) -> bool {
        self.form.is_some()
    }

    /// It as a sheet of one row in CSV, with its form; `None` where it goes in as an event. `mark` stands in the column of
    /// results, which nobody reads: by it one sending is told from another.
    pub(super) fn sheet(&self, mark: &str) -> Option<(&'static Form, Vec<u8>)> {
        let form = self.form?;
        let mut names: Vec<&str> = form.all_columns().map(|column| column.name.as_str()).collect();
        // What the form does not have is refused by its name.
        names.extend(self.fields().map(|(name, _)| name.as_str()).filter(|name| form.column(name).is_none()));
        let data = self.event.get("data").and_then(Value::as_object);
        let mut cells: Vec<String> = names.iter().map(|name| cell(data.and_then(|fields| fields.get(*name)))).collect();
        names.push(RESULT);
        cells.push(mark.to_owned());
        let mut sheet = csv::Writer::from_writer(Vec::new());
        sheet.write_record(&names).expect("memory takes any text");
        sheet.write_record(&cells).expect("the row has a cell for each name");
        Some((form, sheet.into_inner().expect("memory takes any text")))
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        self.event.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The CloudEvent.
    pub(super) fn event(&self) -> Value {
        Value::Object(self.event.clone())
    }
}

/// The form of a row whose id is made of what it says.
fn form_of(refused: &Refused, fields: &Map<String, Value>) -> Option<&'static Form> {
    if refused.via.as_deref() != Some("file") || refused.event_id.is_some() {
        return None;
    }
    let family = EventType::parse(refused.event_type.as_deref()?)?.family;
    let form = FORMS.iter().find(|form| form.family == family && form.is_of_single_events())?;
    fields.keys().all(|name| form.column(name).is_some()).then_some(form)
}

/// A value as a cell of CSV.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => {
            let mut said = value.to_string();
            // Three digits behind a point would be read as thousands.
            if value.is_f64() && said.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 3) {
                said.push('0');
            }
            said
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(bytes: Option<Value>) -> Refused {
        Refused {
            reject: "r-1".to_owned(),
            event_id: Some("e-1".to_owned()),
            received: "2026-01-10T02:00:00Z".to_owned(),
            sender: Some("lan".to_owned()),
            via: Some("file".to_owned()),
            position: "row 2".to_owned(),
            field: None,
            reason: "is missing".to_owned(),
            remedy: None,
            bytes: bytes.map(|bytes| bytes.to_string()),
            receipt: Some("k".to_owned()),
            name: None,
            event_type: Some("vn.lantoa.statement.stated.v1".to_owned()),
            problems: None,
            mended: false,
        }
    }

    fn assigned(changes: &[&str]) -> Vec<Assignment> {
        changes.iter().map(|change| change.parse().unwrap()).collect()
    }

    #[test]
    fn a_row_of_a_sheet_becomes_an_event_in_codes() {
        let row = json!({ "fact": "Thực hiện", "numerator": "many", "base": "x" });
        let mut meant = Meant::of(&refused(Some(row))).unwrap();
        meant.change(&assigned(&["Số đạt=138.068", "base="]), Catalogue::shipped());
        let expected = json!({
            "specversion": "1.0", "id": "e-1", "source": "/lantoa", "type": "vn.lantoa.statement.stated.v1",
            "data": { "fact": "actual", "numerator": "138.068" },
        });
        assert_eq!(meant.event(), expected);
    }

    #[test]
    fn an_event_stays_as_it_was_but_for_what_is_changed() {
        let event = json!({
            "specversion": "1.0", "id": "e-1", "source": "/p", "type": "vn.lantoa.statement.told.v1", "note": "beside",
            "data": { "fact": "Thực hiện" },
        });
        let mut meant = Meant::of(&refused(Some(event.clone()))).unwrap();
        meant.change(&[], Catalogue::shipped());
        assert_eq!(meant.event(), event, "sent again as it was");
        let changes = assigned(&["type=vn.lantoa.statement.stated.v1", "note=in place", "fact=Mục tiêu"]);
        meant.change(&changes, Catalogue::shipped());
        let expected = json!({
            "specversion": "1.0", "id": "e-1", "source": "/p", "type": "vn.lantoa.statement.stated.v1",
            "data": { "fact": "target", "note": "in place" },
        });
        assert_eq!(meant.event(), expected);
    }

    #[test]
    fn an_event_without_an_id_has_that_of_the_reject_for_ever() {
        let event = json!({ "specversion": "1.0", "source": "/p", "type": "t", "data": {} });
        for event_id in [None, Some("two words".to_owned())] {
            let meant = Meant::of(&Refused { event_id, ..refused(Some(event.clone())) }).unwrap();
            assert_eq!((meant.id(), &meant.event()["id"]), ("r-1", &json!("r-1")));
        }
    }

    #[test]
    fn a_row_of_single_events_becomes_a_sheet_of_that_row() {
        let row = json!({ "source": "qd-12", "activity": "Hội thảo", "attendances": "many", "topic": "a, \"b\"", "note": 1.125 });
        let held = Some("vn.lantoa.activity.held.v1".to_owned());
        let of_sheet = Refused { event_id: None, event_type: held, ..refused(Some(row)) };
        let mut meant = Meant::of(&of_sheet).unwrap();
        meant.change(&assigned(&["attendances=97", "source="]), Catalogue::shipped());
        let (form, content) = meant.sheet("m").unwrap();
        assert!(form.name == "activity" && meant.is_sheet());
        let mut sheet = csv::Reader::from_reader(content.as_slice());
        let names = sheet.headers().unwrap().clone();
        assert!(form.missing(&names).is_empty() && form.unknown(&names).is_empty(), "{names:?}");
        let rows: Vec<csv::StringRecord> = sheet.records().collect::<Result<_, _>>().unwrap();
        let given = names.iter().zip(&rows[0]).filter(|(_, cell)| !cell.is_empty());
        let expected =
            [("activity", "Hội thảo"), ("attendances", "97"), ("topic", "a, \"b\""), ("note", "1.1250"), (RESULT, "m")];
        assert_eq!((rows.len(), given.collect::<Vec<_>>()), (1, expected.to_vec()));
        // What has an id goes in under it, and what came as an event as one.
        let with_id = Refused { event_id: Some("e-1".to_owned()), ..of_sheet.clone() };
        let direct = Refused { via: Some("kafka".to_owned()), ..of_sheet };
        for other in [with_id, direct] {
            assert_eq!(Meant::of(&other).unwrap().sheet("m"), None);
        }
    }

    #[test]
    fn what_a_producer_wrote_is_sent_without_what_is_stamped() {
        let fields =
            json!({ "event_id": "e-1", "event_type": "t", "schema_version": 1, "area_code": "99", "numerator": 5 });
        let direct = Refused { via: Some("kafka".to_owned()), ..refused(Some(fields)) };
        let meant = Meant::of(&direct).unwrap();
        assert_eq!(meant.event()["data"], json!({ "area_code": "99", "numerator": 5 }));
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let whole = Refused { position: WHOLE.to_owned(), ..refused(Some(json!({}))) };
        let cut = Refused { bytes: Some("{\"quote\":\"…".to_owned()), ..refused(None) };
        for (refused, why) in [
            (refused(None), NotMeant::NotKept),
            (whole, NotMeant::Whole),
            (cut, NotMeant::Cut),
            (refused(Some(json!(["x", "y"]))), NotMeant::Unread),
        ] {
            assert_eq!(Meant::of(&refused), Err(why));
        }
    }
}
