//! The document that describes the routes, as the running program serves it and held against what that answers. Whether it
//! is whole in itself is tested beside `parts/document.rs`, where it is put together.

use std::collections::BTreeSet;

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

/// The page and its files: for people, and so in no document.
const FOR_PEOPLE: [&str; 4] = ["/page.css", "/page.js", "/icon.svg", "/"];

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The addresses of a source that are routed without being described.
fn undescribed(source: &str) -> Vec<&str> {
    source.split(".route(\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect()
}

#[test]
fn only_the_page_is_routed_and_not_described() {
    let routed: Vec<&str> = SOURCES.into_iter().flat_map(undescribed).collect();
    assert_eq!(routed, FOR_PEOPLE);
    let plain = SOURCES.into_iter().map(|source| source.matches(".route(").count()).sum::<usize>();
    assert_eq!(plain, FOR_PEOPLE.len(), "a route without a plain address is described by nothing");
}

/// An address of a path: each part in braces by the example that the document gives.
fn address(path: &str, methods: &Value) -> String {
    let operations = methods.as_object().unwrap().values();
    let parameters = operations.filter_map(|operation| operation["parameters"].as_array()).flatten();
    let in_path = parameters.filter(|parameter| parameter["in"] == "path");
    in_path.fold(path.to_owned(), |address, parameter| {
        let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
        address.replace(&name, parameter["example"].as_str().expect("a part of a path has an example"))
    })
}

#[test]
fn the_running_program_answers_as_the_document_says() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let (status, content_type, served) = get(&http, "/v1/openapi.json");
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    let document: Value = serde_json::from_str(&served).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let paths = document["paths"].as_object().unwrap();
    for path in ["/v1/events", "/v1/files", "/v1/sql", "/v1/indicators/{id}", "/v1/status", "/healthz", "/metrics"] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
    for (path, methods) in paths {
        let address = address(path, methods);
        for method in METHODS {
            let request = client.request(method.parse().unwrap(), format!("http://{http}{address}"));
            let answer = runtime.block_on(request.send()).unwrap();
            let (status, kind) = (answer.status().as_u16(), answer.headers().get("content-type"));
            match methods.get(method.to_lowercase()) {
                Some(operation) => {
                    let known = operation["responses"].as_object().unwrap();
                    assert!(known.contains_key(&status.to_string()), "{method} {path} answers {status}");
                    // What is not routed is answered without a word.
                    let routed = status != 404 || kind.is_some_and(|kind| kind == "application/problem+json");
                    assert!(routed, "{method} {path} is described and not routed");
                }
                None => assert_eq!(status, 405, "{method} {path} is answered and not described"),
            }
        }
    }

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
