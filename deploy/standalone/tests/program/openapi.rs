//! The document that describes the routes, held against the routes: those that the sources name, and what the running
//! program answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::flow::http_of;
use crate::harness::{Program, folder};
use crate::log::Log;
use crate::page::get;

/// Where routes are made.
const SOURCES: [&str; 3] = [
    include_str!("../../../../ingest/src/http.rs"),
    include_str!("../../../../query/src/http.rs"),
    include_str!("../../src/parts/health.rs"),
];

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn document() -> Value {
    serde_json::from_str(lantoa_schemas::OPENAPI).unwrap()
}

/// The first argument of each `.route(` of a source: an address, or a constant that holds one.
fn routes(source: &str) -> Vec<String> {
    let constants: BTreeMap<&str, &str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("const ")?.split_once(": &str = \""))
        .filter_map(|(name, value)| Some((name, value.split_once('"')?.0)))
        .collect();
    let named = |argument: &str| match argument.trim().strip_prefix('"') {
        Some(address) => address.split_once('"').unwrap().0.to_owned(),
        None => constants[argument.trim().split(',').next().unwrap().trim()].to_owned(),
    };
    source.split(".route(").skip(1).map(named).collect()
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let made: BTreeSet<String> = SOURCES.into_iter().flat_map(routes).collect();
    assert_eq!(described, made);
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            assert!(operations.insert(id.to_owned()), "{id} is there twice");
            assert!(operation["summary"].is_string() && operation["responses"].is_object(), "{method} {path}");
        }
    }
    check_references(&document, &document);
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
fn the_running_program_answers_as_the_document_says() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let document = document();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "learning_family");
        for method in METHODS {
            let request = client.request(method.parse().unwrap(), format!("http://{http}{address}"));
            let status = runtime.block_on(request.send()).unwrap().status().as_u16();
            match methods.get(method.to_lowercase()) {
                Some(operation) => {
                    let known = operation["responses"].as_object().unwrap();
                    assert!(known.contains_key(&status.to_string()), "{method} {path} answers {status}");
                }
                None => assert_eq!(status, 405, "{method} {path} is answered and not described"),
            }
        }
    }
    let (_, content_type, served) = get(&http, "/v1/openapi.json");
    assert_eq!(content_type, "application/json");
    assert_eq!(serde_json::from_str::<Value>(&served).unwrap(), document);

    // What an address may ask is what the document lists.
    let (_, _, problem) = get(&http, "/v1/indicators/learning_family?zzzz=1");
    let problem: Value = serde_json::from_str(&problem).unwrap();
    let listed = problem["errors"][0]["remedy"].as_str().unwrap().strip_prefix("there are ").unwrap();
    let taken: BTreeSet<&str> = listed.split(", ").collect();
    let parameters = document["paths"]["/v1/indicators/{id}"]["get"]["parameters"].as_array().unwrap();
    let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
    let described: BTreeSet<&str> = in_query.map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(taken, described);
    program.stop();
}
