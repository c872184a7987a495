//! CloudEvents 1.0 in JSON, structured mode: single, batch or a line each -> rows.
//!
//! `id` becomes the event id, `type` says the family, `source` the reporter, `data` the fields. Other attributes of the
//! specification and extensions are taken and not kept: when Lantoa learnt of a fact is stamped at intake, and what a
//! fact says belongs into `data`.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use lantoa_schemas::stream::{EventType, Family};
use lantoa_schemas::table::stream_table;
use lantoa_schemas::validate::{Problem, personal};
use lantoa_schemas::vocabulary::Vocabulary;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::sent::Raw;
use super::{Draft, DraftFields, ParseError, ParsedRow, json, push, shortened};

/// Longest `source`, in characters.
const MAX_SOURCE: usize = 256;

/// Attributes of the specification.
const ATTRIBUTES: &[&str] =
    &["specversion", "id", "source", "type", "datacontenttype", "dataschema", "subject", "time", "data", "data_base64"];

/// Extensions that many events have; nobody has to look what their names ask for.
const EXTENSIONS: &[&str] = &["traceparent", "tracestate", "partitionkey", "sequence", "sequencetype", "dataref"];

/// Rows of one JSON document: an event or an array of events.
pub(super) fn document(text: &str, most_rows: usize) -> Result<Vec<ParsedRow<'_>>, ParseError> {
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    let not_json = |error: serde_json::Error| ParseError::NotJson(error.to_string());
    let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    let mut rows = Vec::new();
    match whole.get().as_bytes().first() {
        Some(b'{') => push(&mut rows, most_rows, 1, event(whole.get()), Raw::Event(whole.get().as_bytes()))?,
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(whole.get()).map_err(not_json)?;
            for (row, element) in (1..).zip(elements) {
                push(&mut rows, most_rows, row, event(element.get()), Raw::Event(element.get().as_bytes()))?;
            }
        }
        _ => return Err(ParseError::NoEvents),
    }
    Ok(rows)
}

/// Rows of NDJSON. A line that cannot be read is that row's problem only.
pub(super) fn lines(content: &[u8], most_rows: usize) -> Result<Vec<ParsedRow<'_>>, ParseError> {
    let mut rows = Vec::new();
    for (row, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let draft = match std::str::from_utf8(line) {
            Ok(text) => event(text),
            Err(error) => {
                let reason =
                    format!("is not UTF-8: the first wrong byte is byte {} of line {row}", error.valid_up_to() + 1);
                Err(vec![Problem::new("event", reason, "write the line in UTF-8")])
            }
        };
        push(&mut rows, most_rows, row, draft, Raw::Event(line.trim_ascii()))?;
    }
    Ok(rows)
}

fn event(text: &str) -> Result<Draft, Vec<Problem>> {
    let refused = |reason: String, remedy| Err(vec![Problem::new("event", reason, remedy)]);
    match json::strict(text) {
        Ok(Value::Object(event)) => draft(event),
        Ok(_) => refused(
            "is no object".to_owned(),
            "write a CloudEvent: an object with specversion, id, source, type and data",
        ),
        Err(error) => {
            refused(format!("cannot be read: {error}"), "write it as one JSON object in which each name comes once")
        }
    }
}

fn draft(mut event: Map<String, Value>) -> Result<Draft, Vec<Problem>> {
    let mut problems = Vec::new();
    let version = attribute(&event, "specversion", "write \"specversion\": \"1.0\"", &mut problems);
    if version.is_some_and(|version| version != "1.0") {
        problems.push(Problem::new("specversion", "is not 1.0", "write \"specversion\": \"1.0\""));
    }
    let event_id = attribute(&event, "id", "give each event an id of its own, such as a UUID", &mut problems);
    let reporter = attribute(&event, "source", "name the office that reports, as a URI reference", &mut problems);
    if reporter.as_ref().is_some_and(|source| !is_reference(source)) {
        problems.push(Problem::new(
            "source",
            format!("is no URI reference of at most {MAX_SOURCE} characters"),
            "name the office that reports without blanks, as /province/02/education",
        ));
    }
    let event_type = attribute(&event, "type", "say what it is, as vn.lantoa.statement.stated.v1", &mut problems);
    content_type(&event, &mut problems);
    misplaced(&event, event_type.as_deref(), &mut problems);
    let data = data(&mut event, &mut problems);
    match (event_type, data) {
        (Some(event_type), Some(data)) if problems.is_empty() => {
            Ok(Draft { event_id, event_type, reporter, fields: DraftFields::Object(data), of_sheet: None })
        }
        _ => Err(problems),
    }
}

/// A required attribute, which is text.
fn attribute(event: &Map<String, Value>, name: &str, remedy: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let reason = match event.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => return Some(text.clone()),
        None | Some(Value::Null) => "is missing",
        Some(Value::String(_)) => "is blank",
        Some(_) => "is no text",
    };
    problems.push(Problem::new(name, reason, remedy));
    None
}

fn is_reference(source: &str) -> bool {
    source.chars().count() <= MAX_SOURCE && !source.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn content_type(event: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let Some(given) = event.get("datacontenttype").filter(|given| !given.is_null()) else {
        return;
    };
    let essence = given.as_str().map(|text| text.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    if !essence.is_some_and(|essence| essence == "application/json" || essence.ends_with("+json")) {
        problems.push(Problem::new("datacontenttype", "is not JSON", "leave it out or write application/json"));
    }
}

/// Facts beside `data` would be lost: they are refused. An attribute's name has only small letters and digits, so any
/// other name is refused, too, and an extension that is called after a person's data.
fn misplaced(event: &Map<String, Value>, event_type: Option<&str>, problems: &mut Vec<Problem>) {
    let family = event_type.and_then(EventType::parse).map(|known| known.family);
    for name in event.keys().filter(|name| !ATTRIBUTES.contains(&name.as_str())) {
        let is_field = family.is_some_and(|family| has_field(family, name));
        if !is_field
            && !EXTENSIONS.contains(&name.as_str())
            && let Some(problem) = personal::unknown_field(name, "event")
        {
            problems.push(problem);
            continue;
        }
        let is_attribute = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if is_field {
            problems.push(Problem::new(name, "stands beside data, where it would be lost", "move it into data"));
        } else if !is_attribute {
            let remedy = "move it into data if it is a fact; an attribute's name has only small letters and digits";
            problems.push(Problem::new(shortened(name), "is no attribute of an event", remedy));
        }
    }
}

fn has_field(family: Family, name: &str) -> bool {
    static FIELDS: OnceLock<HashMap<Family, HashSet<String>>> = OnceLock::new();
    let of =
        |family: &Family| stream_table(family.stream()).fields().iter().map(|field| field.name().clone()).collect();
    let fields = FIELDS.get_or_init(|| Family::ALL.iter().map(|family| (*family, of(family))).collect());
    fields.get(&family).is_some_and(|fields| fields.contains(name))
}

fn data(event: &mut Map<String, Value>, problems: &mut Vec<Problem>) -> Option<Map<String, Value>> {
    if event.get("data_base64").is_some_and(|data| !data.is_null()) {
        problems.push(Problem::new("data_base64", "is not taken", "give the fields as an object in data"));
        return None;
    }
    let reason = match event.remove("data") {
        Some(Value::Object(data)) => return Some(data),
        None | Some(Value::Null) => "is missing",
        Some(_) => "is no object",
    };
    problems.push(Problem::new("data", reason, "give the fields of the event as an object"));
    None
}
