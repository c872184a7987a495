use super::*;
use crate::vocabulary::Vocabulary;
use serde_json::Value;

#[test]
fn every_schema_keeps_the_evolution_rule_against_the_last_release() {
    let released = [
        (Stream::Ledger(Family::Statement), include_str!("../../avro/released/0.1.0/statement.avsc")),
        (Stream::Ledger(Family::Recognition), include_str!("../../avro/released/0.1.0/recognition.avsc")),
        (Stream::Ledger(Family::Activity), include_str!("../../avro/released/0.1.0/activity.avsc")),
        (Stream::Ledger(Family::Membership), include_str!("../../avro/released/0.1.0/membership.avsc")),
        (Stream::Ledger(Family::Reference), include_str!("../../avro/released/0.1.0/reference.avsc")),
        (Stream::Receipt, include_str!("../../avro/released/0.1.0/receipt.avsc")),
    ];
    assert_eq!(released.len(), Stream::ALL.len());
    for (stream, old) in released {
        assert_eq!(evolution::violations(old, schema_text(stream)).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn the_rule_sees_each_kind_of_breach() {
    let old = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":["null","string"],"default":null}]}"#;
    for (new, breaches) in [
        (old.to_owned(), 0),
        (old.replace(r#""type":"int""#, r#""type":"long""#), 0),
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
