//! The tables: each stream's Avro schema, flattened, with the position of the record behind it.
//!
//! Columns are what the wire has, so a field added to a schema is a column added to its table. Text is `Utf8`,
//! counts `Int64`, days `Date32`, instants `Timestamp(µs, UTC)`; every column but the id is nullable.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value;

use crate::avro::schema_text;
use crate::stream::Stream;

/// Id of the Kafka cluster the row came from (`Utf8`).
pub const LOG_CLUSTER: &str = "log_cluster";
/// Generation of the log the row came from, from 0 (`Int32`).
pub const LOG_GENERATION: &str = "log_generation";
/// Partition of the log (`Int32`).
pub const LOG_PARTITION: &str = "log_partition";
/// Offset in the partition (`Int64`).
pub const LOG_OFFSET: &str = "log_offset";

/// Arrow schema of a stream's table.
pub fn stream_table(stream: Stream) -> SchemaRef {
    let mut fields = said_columns(schema_text(stream));
    fields.extend(position());
    Arc::new(Schema::new(fields))
}

/// The columns of what a message says, in the order in which a written schema has its fields. Panics on a text that is
/// no schema of the contract.
pub fn said_columns(schema_text: &str) -> Vec<Field> {
    let schema: Value = serde_json::from_str(schema_text).expect("the written schemas are JSON");
    let mut fields = Vec::new();
    flatten(&schema, &mut fields);
    fields
}

/// Arrow schema of the table `outcome`: what became of each record that is not simply in its table.
pub fn outcome_table() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let mut fields = vec![
        text("event_id", true),
        Field::new("received", instant(), false),
        text("topic", false),
        text("outcome", false),
        text("field", true),
        text("reason", false),
        text("remedy", true),
        text("sender", true),
        text("via", true),
        text("receipt", true),
        Field::new("receipt_row", DataType::Int64, true),
        // Null where they had a person's data.
        Field::new("bytes", DataType::Binary, true),
        text("content_hash", true),
    ];
    fields.extend(position());
    Arc::new(Schema::new(fields))
}

fn position() -> [Field; 4] {
    [
        Field::new(LOG_CLUSTER, DataType::Utf8, false),
        Field::new(LOG_GENERATION, DataType::Int32, false),
        Field::new(LOG_PARTITION, DataType::Int32, false),
        Field::new(LOG_OFFSET, DataType::Int64, false),
    ]
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn flatten(record: &Value, fields: &mut Vec<Field>) {
    for field in record["fields"].as_array().into_iter().flatten() {
        let name = field["name"].as_str().unwrap_or_default();
        match &field["type"] {
            Value::Array(union) => fields.extend(union.last().map(|t| Field::new(name, column_type(t), true))),
            nested if nested.get("fields").is_some() => flatten(nested, fields),
            plain => fields.push(Field::new(name, column_type(plain), false)),
        }
    }
}

/// Panics on a type that the written schemas do not use, which this module's test would find.
fn column_type(avro: &Value) -> DataType {
    let logical = avro.get("logicalType").and_then(Value::as_str);
    match (logical, avro.as_str()) {
        (Some("date"), _) => DataType::Date32,
        (Some("timestamp-micros"), _) => instant(),
        (_, Some("string")) => DataType::Utf8,
        (_, Some("long")) => DataType::Int64,
        (_, Some("int")) => DataType::Int32,
        (_, Some("double")) => DataType::Float64,
        (_, Some("boolean")) => DataType::Boolean,
        _ => unreachable!("a written schema uses the type {avro}, which no column has"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_stream_has_a_flat_table_with_an_id() {
        for &stream in Stream::ALL {
            let table = stream_table(stream);
            let names: HashSet<_> = table.fields().iter().map(|f| f.name()).collect();
            assert_eq!(names.len(), table.fields().len(), "{stream:?}: a column twice");
            assert!(!table.field_with_name(stream.id_column()).unwrap().is_nullable());
        }
    }
}
