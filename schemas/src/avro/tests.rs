use super::*;
use crate::vocabulary::Vocabulary;
use serde_json::Value;

#[test]
fn every_schema_keeps_the_evolution_rule_against_the_last_release() {
    for &stream in Stream::ALL {
        let mut texts: Vec<&str> = released(stream).map(|(_, text)| text).collect();
        // A stream that is newer than the last release has only the present schema.
        assert!(!texts.is_empty() || stream == Stream::Reject, "{stream:?} has no release");
        texts.push(schema_text(stream));
        for pair in texts.windows(2) {
            assert_eq!(evolution::violations(pair[0], pair[1]).unwrap(), Vec::<String>::new(), "{stream:?}");
        }
    }
}

#[test]
fn the_rule_sees_each_kind_of_breach() {
    let old = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":["null","string"],"default":null}]}"#;
    for (new, breaches) in [
        (old.to_owned(), 0),
        (old.replace(r#""type":"int""#, r#""type":"long""#), 1),
        (old.replace(r#""default":null}"#, r#""default":null},{"name":"c","type":["null","long"],"default":null}"#), 0),
        (old.replace(r#""default":null}"#, r#""default":null},{"name":"c","type":"long"}"#), 1),
        (old.replace(r#""type":"int""#, r#""type":"string""#), 1),
        (old.replace(r#"{"name":"a","type":"int"},"#, ""), 2),
        (old.replace(r#""name":"b""#, r#""name":"c""#), 1),
        (old.replace(r#""name":"R""#, r#""name":"S""#), 1),
        (old.replace(r#","default":null"#, ""), 1),
    ] {
        assert_eq!(evolution::violations(old, &new).unwrap().len(), breaches, "{new}");
    }
}

#[test]
fn the_envelope_is_one() {
    let envelope = |family: Family| {
        let schema: Value = serde_json::from_str(schema_text(family.stream())).unwrap();
        schema["fields"][0].clone()
    };
    for &family in Family::ALL {
        assert_eq!(envelope(family), envelope(Family::Statement), "{family}");
    }
}
