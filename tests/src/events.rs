//! Made-up statements, as many as are asked for, each with an id of its own.
//!
//! In: a number. Out: the event as JSON, as somebody would send it, and as the wire carries it. The same number always
//! makes the same event.

use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::avro::Encoder;
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::event::{Envelope, Event, Facts};
use lantoa_schemas::validate::{Judge, Row, Stamp};
use lantoa_schemas::vocabulary::Via;
use serde_json::{Value, json};

pub mod sized;

/// Event type of every made-up statement.
pub const TYPE: &str = "vn.lantoa.statement.stated.v1";

/// Fields of the `number`th statement: families of one of the communes of Bắc Giang in one of ten years.
pub fn fields(number: u64) -> Value {
    json!({
        "source": "made-up", "stated_on": "2024-12-31", "area_level": "province", "area_code": "24",
        "area_date": "2024-12-31", "fact": "actual", "measure": "learning_family", "stage": "recognised",
        "subject_scope": "household", "period": (2015 + number % 10).to_string(), "as_at": "2024-12-31",
        "span": "stock", "base": "all", "numerator": number, "denominator": number + 1000
    })
}

/// Id of the `number`th statement.
pub fn id(number: u64) -> String {
    format!("made-up-{number:012}")
}

/// The `number`th statement as a CloudEvent.
pub fn cloud_event(number: u64) -> Value {
    json!({
        "specversion": "1.0", "id": id(number), "source": "/made-up", "type": TYPE, "data": fields(number)
    })
}

/// Writes made-up statements as the wire carries them.
pub struct WireEvents {
    event: Event,
    encoder: Encoder,
}

impl Default for WireEvents {
    fn default() -> Self {
        let judge = Judge {
            history: AreaHistory::shipped(),
            catalogue: Catalogue::shipped(),
            now: "2026-01-15T03:00:00Z".parse().expect("an instant"),
        };
        let fields = fields(0);
        let row = Row {
            event_id: None,
            event_type: TYPE,
            reporter: None,
            fields: fields.as_object().expect("fields are an object"),
        };
        let stamp = Stamp { sender: "local".into(), via: Via::Http, receipt: "made-up".into(), row: 1 };
        let event = judge.judge(&row, &stamp).expect("the made-up statement keeps the contract").event().clone();
        Self { event, encoder: Encoder::default() }
    }
}

impl WireEvents {
    /// The `number`th statement, appended to `out`, as ingest writes it.
    pub fn write(&mut self, number: u64, out: &mut Vec<u8>) {
        self.number(number);
        self.encoder.event(&self.event, out).expect("the made-up statement fits its schema");
    }

    /// The `number`th statement as somebody else's program would produce it: without what intake stamps, and changed
    /// as the caller likes.
    pub fn direct(&mut self, number: u64, change: impl FnOnce(&mut Event)) -> Vec<u8> {
        self.number(number);
        let mut event = self.event.clone();
        unstamp(&mut event.envelope);
        change(&mut event);
        let mut out = Vec::new();
        self.encoder.event(&event, &mut out).expect("the made-up statement fits its schema");
        out
    }

    fn number(&mut self, number: u64) {
        self.event.envelope.event_id = id(number);
        self.event.envelope.receipt_row = i64::try_from(number).ok();
        if let Facts::Statement(facts) = &mut self.event.facts {
            facts.numerator = i64::try_from(number).ok();
        }
    }
}

/// Takes away what intake stamps.
fn unstamp(envelope: &mut Envelope) {
    (envelope.recorded, envelope.sender, envelope.via) = (None, None, None);
    (envelope.receipt, envelope.receipt_row, envelope.history_version) = (None, None, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_small_and_differ_by_id() {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let mut events = WireEvents::default();
        events.write(1, &mut one);
        events.write(2, &mut two);
        assert_ne!(one, two);
        assert!((150..300).contains(&one.len()), "{} bytes", one.len());
    }
}
