use serde_avro_fast::ser::SerializerConfig;
use serde_json::json;

use super::*;
use crate::avro::evolution;

const STREAM: Stream = Stream::Ledger(Family::Activity);

/// The present schema without the last field of its envelope and of its facts, as a release before it might have been.
fn older() -> String {
    let mut schema: Value = serde_json::from_str(schema_text(STREAM)).unwrap();
    for part in schema["fields"].as_array_mut().unwrap() {
        part["type"]["fields"].as_array_mut().unwrap().pop().unwrap();
    }
    schema.to_string()
}

fn written_by(text: &str, event: &Value) -> Vec<u8> {
    let schema: Schema = text.parse().unwrap();
    serde_avro_fast::to_single_object_vec(event, &mut SerializerConfig::new(&schema)).unwrap()
}

fn confluent(id: u32, message: &[u8]) -> Vec<u8> {
    [&[CONFLUENT_MARKER][..], &id.to_be_bytes(), &message[HEADER_LEN..]].concat()
}

fn event() -> Value {
    json!({
        "envelope": {
            "event_id": "e-1", "event_type": "vn.lantoa.activity.held.v1", "schema_version": 1, "area_code": "02",
            "area_date": 20_088, "change_reason": "a slip"
        },
        "facts": { "activity": "seminar", "attendances": 40, "topic": "Đọc sách" }
    })
}

/// What [`event`] says, side by side.
fn said() -> Value {
    json!({
        "event_id": "e-1", "event_type": "vn.lantoa.activity.held.v1", "schema_version": 1, "area_code": "02",
        "area_date": "2024-12-31", "change_reason": "a slip", "activity": "seminar", "attendances": 40,
        "topic": "Đọc sách"
    })
}

#[test]
fn the_releases_are_those_that_are_kept() {
    let folder = format!("{}/avro/released", env!("CARGO_MANIFEST_DIR"));
    let kept = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut kept: Vec<String> = kept.collect();
    kept.sort();
    let mut listed: Vec<&str> = RELEASES.iter().map(|release| release.name).collect();
    listed.sort_unstable();
    assert_eq!(kept, listed);
    // A stream may begin with any release, and is in every one after it.
    for &stream in Stream::ALL {
        let has = |release: &Release| release.schemas.iter().any(|(of, _)| *of == stream);
        assert!(RELEASES.iter().skip_while(|release| !has(release)).all(has), "{stream:?}");
    }
    for release in RELEASES {
        let folder = format!("{}/avro/released/{}", env!("CARGO_MANIFEST_DIR"), release.name);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), release.schemas.len(), "{}", release.name);
    }
}

#[test]
fn releases_with_one_schema_are_one_revision() {
    let text = schema_text(STREAM);
    let told_anew = text.replacen("\"doc\": \"", "\"doc\": \"In other words: ", 1);
    assert_ne!(told_anew, text);
    let same = Revisions::with(STREAM, &[("0.0.8", text), ("0.0.9", told_anew.as_str())], &ConfluentSchemas::default());
    assert_eq!(same.unwrap().all().len(), 1);
    let two = Revisions::with(STREAM, &[("0.0.8", text), ("0.0.9", older().as_str())], &ConfluentSchemas::default());
    assert_eq!(two.unwrap().all().len(), 2);
    assert!(Revisions::with(STREAM, &[("0.0.9", "{}")], &ConfluentSchemas::default()).is_err());
}

#[test]
fn an_older_message_says_the_same_with_the_newer_fields_blank() {
    let (older, present) = (older(), schema_text(STREAM));
    assert_eq!(evolution::violations(&older, present).unwrap(), Vec::<String>::new());
    let revisions = Revisions::with(STREAM, &[("0.0.9", older.as_str())], &ConfluentSchemas::default()).unwrap();
    let (new, old) = (written_by(present, &event()), written_by(&older, &event()));
    assert_eq!(old.len() + 2, new.len(), "two fields less, each a byte where it is blank");
    for message in [&new, &old] {
        assert_eq!(Value::Object(revisions.fields(message).unwrap()), said());
    }
    assert_eq!(revisions.frame(&new), Ok(Frame { revision: 0, datum: HEADER_LEN }));
    assert_eq!(revisions.frame(&old), Ok(Frame { revision: 1, datum: HEADER_LEN }));
    assert!(matches!(known(STREAM).fields(&old), Err(DecodeError::Schema { source: Unframed::Fingerprint(_), .. })));
    let by_the_wrong_one = [&new[..HEADER_LEN], &old[HEADER_LEN..]].concat();
    assert!(revisions.fields(&by_the_wrong_one).is_err());
}

#[test]
fn an_id_of_a_registry_is_what_the_settings_say() {
    let older = older();
    let ids = ConfluentSchemas::default()
        .with(7, Family::Activity, "0.1.0")
        .with(8, Family::Activity, "0.0.9")
        .with(9, Family::Statement, "0.1.0")
        .with(10, Family::Activity, "9.9.9");
    let earlier = [("0.0.9", older.as_str()), ("0.1.0", schema_text(STREAM))];
    let revisions = Revisions::with(STREAM, &earlier, &ids).unwrap();
    let (new, old) = (written_by(schema_text(STREAM), &event()), written_by(&older, &event()));
    for message in [confluent(7, &new), confluent(8, &old)] {
        assert_eq!(Value::Object(revisions.fields(&message).unwrap()), said());
    }
    for (message, unframed) in [
        (confluent(9, &new), Unframed::OtherFamily { id: 9, family: Family::Statement }),
        (confluent(10, &new), Unframed::Id(10)),
        (confluent(11, &new), Unframed::Id(11)),
        (confluent(7, &new)[..4].to_vec(), Unframed::NoHeader),
        (new[..HEADER_LEN - 1].to_vec(), Unframed::NoHeader),
        (Vec::new(), Unframed::NoHeader),
    ] {
        assert_eq!(revisions.frame(&message), Err(unframed), "{message:?}");
    }
    assert!(matches!(revisions.fields(&[confluent(7, &new), vec![0]].concat()), Err(DecodeError::TooLong)));
    assert_eq!(known(STREAM).frame(&confluent(7, &new)), Err(Unframed::Id(7)), "nothing is known by itself");
}

#[test]
fn settings_name_released_schemas() {
    let read = |text: &str| serde_json::from_str::<ConfluentSchemas>(text).map_err(|error| error.to_string());
    let both = ConfluentSchemas::default().with(12, Family::Statement, "0.1.0").with(0, Family::Reference, "0.1.0");
    assert_eq!(read(r#"{"12": "statement@0.1.0", "0": "reference@0.1.0"}"#), Ok(both));
    assert_eq!(read("{}"), Ok(ConfluentSchemas::default()));
    for (text, word) in [
        (r#"{"-1": "statement@0.1.0"}"#, "\"-1\""),
        (r#"{"4294967296": "statement@0.1.0"}"#, "4294967296"),
        (r#"{"12": "statement"}"#, "statement@0.1.0"),
        (r#"{"12": "statement@0.0.9"}"#, "statement@0.1.0"),
        (r#"{"12": "receipt@0.1.0"}"#, "membership@0.1.0"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(word), "{text}: {error}");
    }
}
