//! For tests: records as a release before the present one might have written them, and as a program writes them that has
//! its schemas in a registry.

use lantoa_schemas::avro::{self, CONFLUENT_MARKER, ConfluentSchemas, HEADER_LEN, Revisions};
use lantoa_schemas::stream::Stream;
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;
use serde_json::Value;

/// Id of a registry that stands for the present schema.
pub(crate) const PRESENT_ID: u32 = 7;

/// Id of a registry that stands for the older schema.
pub(crate) const OLDER_ID: u32 = 8;

/// The fields that the older schema does not have: the last of the envelope and the last of the facts.
fn later_fields(stream: Stream) -> [String; 2] {
    let schema: Value = serde_json::from_str(avro::schema_text(stream)).unwrap();
    [0_usize, 1].map(|part| {
        let fields = schema["fields"][part]["type"]["fields"].as_array().unwrap();
        fields.last().unwrap()["name"].as_str().unwrap().to_owned()
    })
}

/// The older schema.
fn older_schema(stream: Stream) -> String {
    let mut schema: Value = serde_json::from_str(avro::schema_text(stream)).unwrap();
    for part in schema["fields"].as_array_mut().unwrap() {
        part["type"]["fields"].as_array_mut().unwrap().pop().unwrap();
    }
    schema.to_string()
}

/// The present schema and the older one, with the ids of a registry that stand for them.
pub(crate) fn revisions(stream: Stream) -> Revisions {
    let Stream::Ledger(family) = stream else { panic!("{stream:?} is no family") };
    let ids = ConfluentSchemas::default().with(PRESENT_ID, family, "0.1.0").with(OLDER_ID, family, "0.0.9");
    let older = older_schema(stream);
    let releases = [("0.0.9", older.as_str()), ("0.1.0", avro::schema_text(stream))];
    Revisions::with(stream, &releases, &ids).unwrap()
}

/// The event of a message of the present schema as the older release wrote it: without what that did not know.
pub(crate) fn written_before(stream: Stream, message: &[u8]) -> Vec<u8> {
    let present = avro::schema(stream);
    let mut event: Value = serde_avro_fast::from_datum_slice(&message[HEADER_LEN..], present).unwrap();
    for (part, later) in ["envelope", "facts"].into_iter().zip(later_fields(stream)) {
        event[part].as_object_mut().unwrap().remove(&later).unwrap();
    }
    let older: Schema = older_schema(stream).parse().unwrap();
    serde_avro_fast::to_single_object_vec(&event, &mut SerializerConfig::new(&older)).unwrap()
}

/// A message in Confluent's framing, under an id.
pub(crate) fn confluent(id: u32, message: &[u8]) -> Vec<u8> {
    [&[CONFLUENT_MARKER][..], &id.to_be_bytes(), &message[HEADER_LEN..]].concat()
}
