//! Records of the log as text: what a direct producer wrote, for whoever has to mend it.
//!
//! In: the topic and the bytes of a record. Out: its fields as one JSON object, or one of them. Guarantee: what cannot be
//! read is the text that it is or, where it is none, its base64 behind `base64:`, so that nothing of it is lost.

use std::sync::Arc;

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::DataType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::logical_expr::ScalarUDF;
use lantoa_schemas::avro;
use lantoa_schemas::stream::Stream;
use serde_json::{Map, Value};

use super::udf;

/// In front of bytes that are no text.
const AS_BASE64: &str = "base64:";

/// Both functions.
pub(super) fn all() -> [ScalarUDF; 2] {
    let (text, bytes) = (DataType::Utf8, DataType::Binary);
    [
        udf("record_text", vec![text.clone(), bytes.clone()], text.clone(), |columns| {
            let (topics, records) = (columns[0].as_string::<i32>(), columns[1].as_binary::<i32>());
            let texts = topics.iter().zip(records).map(|(topic, record)| record.map(|record| as_text(topic, record)));
            Arc::new(texts.collect::<StringArray>())
        }),
        udf("record_field", vec![text.clone(), bytes, text.clone()], text, |columns| {
            let (topics, records) = (columns[0].as_string::<i32>(), columns[1].as_binary::<i32>());
            let rows = topics.iter().zip(records).zip(columns[2].as_string::<i32>());
            let values = rows.map(|((topic, record), name)| match fields(topic, record?)?.remove(name?)? {
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            });
            Arc::new(values.collect::<StringArray>())
        }),
    ]
}

fn fields(topic: Option<&str>, record: &[u8]) -> Option<Map<String, Value>> {
    avro::fields(Stream::of_topic(topic?)?, record).ok()
}

fn as_text(topic: Option<&str>, record: &[u8]) -> String {
    if let Some(fields) = fields(topic, record) {
        return Value::Object(fields).to_string();
    }
    match std::str::from_utf8(record) {
        Ok(text) if !text.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) => text.to_owned(),
        _ => format!("{AS_BASE64}{}", STANDARD.encode(record)),
    }
}

#[cfg(test)]
mod tests {
    use lantoa_schemas::avro::Encoder;
    use lantoa_schemas::receipt::Receipt;
    use lantoa_schemas::vocabulary::Via;

    use super::*;

    #[test]
    fn a_record_is_json_where_it_can_be_read_and_is_never_lost() {
        let receipt = Receipt {
            receipt: "r-1".to_owned(),
            recorded: "2026-01-15T03:00:00Z".parse().unwrap(),
            sender: "local".to_owned(),
            via: Via::Http,
            name: None,
            content_hash: String::new(),
            sent: 3,
            accepted: 2,
            rejected: 1,
            rejects_kept: Some(1),
        };
        let mut record = Vec::new();
        let stream = Encoder::default().receipt(&receipt, &mut record).unwrap();
        let read: Value = serde_json::from_str(&as_text(Some(stream.topic()), &record)).unwrap();
        assert_eq!((&read["receipt"], &read["sent"]), (&Value::from("r-1"), &Value::from(3)));
        assert_eq!(as_text(Some("elsewhere"), b"not avro\n"), "not avro\n");
        assert_eq!(as_text(Some(stream.topic()), &[0xC3, 0x01, 0]), "base64:wwEA");
        assert_eq!(as_text(None, b"\0"), "base64:AA==");
    }
}
