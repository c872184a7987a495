//! Events as somebody would send them to the intake.

use chrono::{Days, NaiveDate};
use lantoa_schemas::event::{Event, Facts};
use serde_json::{Map, Value, json};

/// What intake stamps, so that no sender gives it.
const STAMPED: [&str; 8] =
    ["event_id", "event_type", "schema_version", "recorded", "sender", "via", "receipt", "receipt_row"];

/// The fields of an event: its `data`. Blank ones are left out.
pub fn to_fields(event: &Event) -> Map<String, Value> {
    let mut fields = object(serde_json::to_value(&event.envelope));
    fields.extend(match &event.facts {
        Facts::Statement(facts) => object(serde_json::to_value(facts)),
        Facts::Recognition(facts) => object(serde_json::to_value(facts)),
        Facts::Activity(facts) => object(serde_json::to_value(facts)),
        Facts::Membership(facts) => object(serde_json::to_value(facts)),
        Facts::Reference(facts) => object(serde_json::to_value(facts)),
    });
    fields.retain(|name, value| !value.is_null() && !STAMPED.contains(&name.as_str()) && name != "history_version");
    for day in ["area_date", "effective_on"] {
        if let Some(value) = fields.get_mut(day) {
            *value = json!(written_out(value));
        }
    }
    fields
}

/// The event as a CloudEvent with its own id, for `POST /v1/events`.
pub fn cloud_event(event: &Event) -> Value {
    json!({
        "specversion": "1.0", "id": event.envelope.event_id, "source": "/nation", "type": event.envelope.event_type,
        "data": to_fields(event)
    })
}

fn object(value: serde_json::Result<Value>) -> Map<String, Value> {
    match value {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("an event is written as an object, not as {other:?}"),
    }
}

/// A day that the wire counts from 1970, as a sender writes it.
fn written_out(days: &Value) -> String {
    let days = days.as_u64().expect("all days of the nation are after 1970");
    (NaiveDate::default() + Days::new(days)).to_string()
}
