//! How a wire schema may change from one release to the next.
//!
//! May: add a field that is `["null", T]` with default `null` at the end of its record; change a `doc`. Must never:
//! remove, rename, move or retype a field, change a default, a record's name or namespace. So a reader of any release
//! reads what a writer of any earlier one wrote, and a table that exists needs a new column and nothing else: a number
//! is never widened, because the columns of tables keep their type.

use serde_json::Value;

/// All the ways in which `new` breaks the rule against `old`, in words; empty where it keeps it.
///
/// # Errors
/// When one of the texts is not JSON.
pub fn violations(old: &str, new: &str) -> Result<Vec<String>, serde_json::Error> {
    let mut found = Vec::new();
    compare("", &serde_json::from_str(old)?, &serde_json::from_str(new)?, &mut found);
    Ok(found)
}

fn compare(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let (Some(old_fields), Some(new_fields)) = (fields(old), fields(new)) else {
        if old != new {
            found.push(format!("{path}: type {old} became {new}"));
        }
        return;
    };
    for attribute in ["name", "namespace"] {
        if old.get(attribute) != new.get(attribute) {
            found.push(format!("{path}: {attribute} of the record changed"));
        }
    }
    for (at, old_field) in old_fields.iter().enumerate() {
        let name = old_field["name"].as_str().unwrap_or("?");
        let here = format!("{path}/{name}");
        match new_fields.get(at) {
            Some(new_field) if new_field["name"] == old_field["name"] => {
                if new_field.get("default") != old_field.get("default") {
                    found.push(format!("{here}: default changed"));
                }
                compare(&here, &old_field["type"], &new_field["type"], found);
            }
            _ => found.push(format!("{here}: removed, renamed or moved")),
        }
    }
    for added in new_fields.iter().skip(old_fields.len()) {
        let nullable = added["type"].as_array().is_some_and(|union| union.first() == Some(&Value::from("null")));
        if !nullable || added.get("default") != Some(&Value::Null) {
            found.push(format!("{path}/{}: added without [\"null\", …] and default null", added["name"]));
        }
    }
}

fn fields(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("fields")?.as_array()
}
