//! The OpenAPI document of the running program: a head, and the parts of the roles that run.
//!
//! In: each role's part, made from its annotated handlers. Out: one document. Guarantee: the same roles give the same bytes:
//! paths and schemas stand in the order of their names; where two parts had a schema of one name, a test would fail.

use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder};

/// What is said in front of the routes.
const ABOUT: &str = "Events about lifelong learning in Vietnam come in by /v1/events and /v1/files; questions are answered by \
                     /v1/sql and /v1/indicators. Sự kiện về học tập suốt đời được gửi vào /v1/events và /v1/files; câu hỏi \
                     được trả lời ở /v1/sql và /v1/indicators. A role that runs alone has its own routes only. Errors are \
                     problem documents (RFC 9457) that say field, reason and remedy.";

/// The document before any role is in it.
pub(super) fn head() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Lantoa")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license))
        .description(Some(ABOUT))
        .build();
    let server =
        ServerBuilder::new().url("/").description(Some("The program that answers with this document.")).build();
    OpenApiBuilder::new().info(info).servers(Some([server])).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::*;
    use crate::parts::health;

    fn parts() -> [OpenApi; 3] {
        [lantoa_ingest::api(), lantoa_query::api(), health::api()]
    }

    fn whole() -> Value {
        let whole = parts().into_iter().fold(head(), OpenApi::merge_from);
        serde_json::to_value(whole).unwrap()
    }

    fn object<'a>(value: &'a Value, pointer: &str) -> &'a Map<String, Value> {
        value.pointer(pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("{pointer} is no object"))
    }

    fn names(values: &Value, name: &str) -> BTreeSet<String> {
        let values = values.as_array().unwrap().iter();
        values.map(|value| value[name].as_str().unwrap().to_owned()).collect()
    }

    /// Every `$ref` leads to something.
    fn check_references(part: &Value, document: &Value) {
        match part {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').expect("references stay in the document");
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                fields.values().for_each(|field| check_references(field, document));
            }
            Value::Array(items) => items.iter().for_each(|item| check_references(item, document)),
            _ => {}
        }
    }

    #[test]
    fn the_document_has_a_head_in_both_languages() {
        let document = whole();
        assert_eq!(document["openapi"], "3.1.0");
        let info = &document["info"];
        assert_eq!(
            (&info["title"], &info["version"]),
            (&Value::from("Lantoa"), &Value::from(env!("CARGO_PKG_VERSION")))
        );
        assert_eq!(info["license"]["identifier"], "Apache-2.0");
        let about = info["description"].as_str().unwrap();
        assert!(about.contains("lifelong learning") && about.contains("học tập suốt đời"), "{about}");
        assert_eq!(document["servers"][0]["url"], "/");
        assert_eq!(whole().to_string(), document.to_string());
    }

    #[test]
    fn every_operation_is_described_in_full() {
        let document = whole();
        let tags = names(&document["tags"], "name");
        let schemes = object(&document, "/components/securitySchemes");
        let mut operations = BTreeSet::new();
        for (path, methods) in object(&document, "/paths") {
            for (method, operation) in methods.as_object().unwrap() {
                let at = format!("{method} {path}");
                let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no operationId"));
                assert!(operations.insert(id.to_owned()), "{id} is there twice");
                assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{at}");
                for tag in operation["tags"].as_array().unwrap() {
                    assert!(tags.contains(tag.as_str().unwrap()), "{at}: {tag} is not told of");
                }
                for scheme in operation["security"].as_array().into_iter().flatten() {
                    for name in scheme.as_object().unwrap().keys() {
                        assert!(schemes.contains_key(name), "{at}: there is no {name}");
                    }
                }
                check_parameters(&at, path, operation);
                check_responses(&at, operation);
            }
        }
        check_references(&document, &document);
    }

    fn check_parameters(at: &str, path: &str, operation: &Value) {
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut known = BTreeSet::new();
        let mut in_path = BTreeSet::new();
        for parameter in parameters {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            assert!(known.insert((name, place)), "{at}: {name} is there twice");
            assert!(["query", "path", "header"].contains(&place), "{at}: {name} in {place}");
            assert_eq!(parameter["required"], place == "path", "{at}: {name}");
            assert!(parameter["description"].is_string() && parameter["schema"].is_object(), "{at}: {name}");
            if place == "path" {
                in_path.insert(name);
            }
        }
        let named: BTreeSet<&str> = path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
        assert_eq!(in_path, named, "{at}");
    }

    fn check_responses(at: &str, operation: &Value) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at}");
        for (status, response) in responses {
            assert!(status.parse::<u16>().is_ok_and(|status| (200..600).contains(&status)), "{at}: {status}");
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{at}: {status}");
            if status.starts_with('4') {
                assert!(response["content"]["application/problem+json"].is_object(), "{at}: {status}");
            }
        }
    }

    #[test]
    fn no_part_takes_the_place_of_another() {
        let mut seen = BTreeSet::new();
        for part in parts() {
            let part = serde_json::to_value(part).unwrap();
            let components = part["components"].as_object().unwrap().iter();
            let named = components.flat_map(|(kind, of)| of.as_object().unwrap().keys().map(move |name| (kind, name)));
            let routes = part["paths"].as_object().unwrap().keys();
            let all = named.map(|(kind, name)| format!("{kind} {name}")).chain(routes.cloned());
            for name in all.collect::<Vec<_>>() {
                assert!(seen.insert(name.clone()), "{name} is of two parts");
            }
        }
    }
}
