//! Events that a command makes, on their way in.
//!
//! In: CloudEvents. Out: which were taken, and what is wrong with the others. Guarantee: those that are told as taken can be
//! queried when it returns.

use lantoa_ingest::returned::Refused;
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::form::{FORMS, Worded, column};
use lantoa_schemas::validate::{Cell, Fields};
use serde_json::{Map, Value};

use super::import::door::Door;
use crate::arrival::LastRows;
use crate::desk::Desk;
use crate::progress::during;
use crate::run::RunError;

/// How many events are sent at once.
const AT_ONCE: usize = 500;

/// Longest `source` of a CloudEvent that is taken over, in characters.
const MAX_SOURCE: usize = 256;

/// Who reports what a command makes, where nothing else says it.
const REPORTER: &str = "/lantoa";

/// What became of events that were sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Keys of the receipts, one for each part; none where nothing of a part was taken.
    receipts: Vec<Option<String>>,
    /// What is wrong with those that were refused, each with its place among what was sent, from 0.
    pub refused: Vec<(usize, Refused)>,
}

impl Sent {
    /// Whether the event at a place was taken.
    pub(super) fn has_taken(&self, place: usize) -> bool {
        self.refused.iter().all(|(at, _)| *at != place)
    }

    /// Key of the receipt of the event at a place.
    pub(super) fn receipt_of(&self, place: usize) -> Option<&str> {
        self.receipts.get(place / AT_ONCE)?.as_deref()
    }
}

/// Sends events, and waits until those that are taken can be queried.
///
/// # Errors
/// Where nothing is known of some of them. Those before them are in, and sending all again doubles nothing.
pub(super) async fn send(door: &Door, desk: &Desk, events: &[Value]) -> Result<Sent, RunError> {
    let mut rows = LastRows::default();
    let mut sent = Sent::default();
    for (part, events) in events.chunks(AT_ONCE).enumerate() {
        let refused = match during("sending", door.take_events(events, &mut rows)).await {
            Ok(result) => {
                sent.receipts.push(Some(result.receipt));
                result.refused
            }
            Err(refusal) if refusal.refused.is_empty() => return Err(RunError::Refused(refusal.words)),
            Err(refusal) => {
                sent.receipts.push(None);
                refusal.refused
            }
        };
        let place = |refused: &Refused| refused.row.map_or(0, |row| row.saturating_sub(1) as usize);
        sent.refused.extend(refused.into_iter().map(|refused| (part * AT_ONCE + place(&refused), refused)));
    }
    during("waiting until the rows can be queried", rows.arrived(desk)).await?;
    Ok(sent)
}

/// A CloudEvent. `source` is taken where it is one that may stand there.
pub(super) fn cloud_event(
    id: &str,
    event_type: &str,
    source: Option<&str>,
    data: Map<String, Value>,
) -> Map<String, Value> {
    let fits = |source: &&str| {
        !source.is_empty()
            && source.chars().count() <= MAX_SOURCE
            && !source.chars().any(|letter| letter.is_whitespace() || letter.is_control())
    };
    let source = source.filter(fits).unwrap_or(REPORTER);
    let attributes = [("specversion", "1.0"), ("id", id), ("source", source), ("type", event_type)];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    attributes.chain([("data".to_owned(), Value::Object(data))]).collect()
}

/// The field that a name or a Vietnamese heading means; what means none stays as it is, and is refused with what was
/// probably meant.
pub(super) fn field_of(said: &str) -> String {
    if column(said).is_some() {
        return said.to_owned();
    }
    FORMS.iter().find_map(|form| form.field(said)).map_or_else(|| said.to_owned(), str::to_owned)
}

/// Puts the codes in the place of the Vietnamese words that texts of these fields say, as it is done for a sheet.
pub(super) fn in_codes(fields: &mut Map<String, Value>, names: &[&str], catalogue: &Catalogue) {
    let said = fields.clone();
    let worded = Worded::new(&said, catalogue);
    for name in names {
        if let Some(Cell::Text(code)) = worded.get(name) {
            fields.insert((*name).to_owned(), Value::from(code.into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_and_values_may_be_said_in_vietnamese() {
        for (said, field) in [("numerator", "numerator"), ("Số đạt", "numerator"), ("step", "step"), ("numer", "numer")]
        {
            assert_eq!(field_of(said), field);
        }
        let fields = json!({ "fact": "Thực hiện", "area_code": "02 – Hà Giang", "note": "Thực hiện", "numerator": 5 });
        let Value::Object(mut fields) = fields else { panic!() };
        in_codes(&mut fields, &["fact", "area_code", "area_name", "note", "numerator"], Catalogue::shipped());
        let expected = json!({
            "fact": "actual", "area_code": "02", "area_name": "Hà Giang", "note": "Thực hiện", "numerator": 5,
        });
        assert_eq!(Value::Object(fields), expected);
    }

    #[test]
    fn a_source_that_cannot_stand_in_an_event_is_another() {
        for (source, expected) in
            [(Some("/so-gd-dt/02"), "/so-gd-dt/02"), (Some("Sở GD"), REPORTER), (Some(""), REPORTER), (None, REPORTER)]
        {
            assert_eq!(cloud_event("e", "t", source, Map::new())["source"], expected);
        }
    }
}
