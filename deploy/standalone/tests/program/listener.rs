//! The listener for senders alone, from the running program: TLS, who may listen where, and what is answered when the
//! disk is nearly full.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

use crate::flow::{http_of, ndjson, post};
use crate::harness::{DEADLINE, Program, count, folder, run_to, until};
use crate::log::Log;
use crate::page::get;

const NDJSON: &str = "application/x-ndjson";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/listener").join(name)
}

/// Settings with the certificate of these tests, which is made for `localhost`, and further lines.
fn settings(to: &Path, further: &str) -> String {
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let path = to.join("lantoa.toml");
    let text = format!("[http]\ntls_certificate = {certificate:?}\ntls_key = {key:?}\n{further}");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The port that the program listens to senders at.
fn intake_of(endpoints: &Value) -> String {
    let address = endpoints["intake"].as_str().unwrap();
    address.rsplit_once(':').unwrap().1.to_owned()
}

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {NDJSON}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// All that comes back before the connection ends, however it does.
fn asked(stream: &mut (impl Read + Write), request: &[u8]) -> String {
    let mut answer = Vec::new();
    if stream.write_all(request).is_ok() {
        let _ = stream.read_to_end(&mut answer);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn connected(port: &str) -> TcpStream {
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// The status and the whole answer over TLS.
fn secure(port: &str, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("certificate.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let answer = asked(&mut StreamOwned::new(client, connected(port)), &request(method, path, body));
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer but {answer:?}")), answer)
}

#[test]
fn senders_are_let_in_over_tls_and_to_the_doors_alone() {
    let log = Log::of_environment();
    let (data, elsewhere) = (folder(), folder());
    let config = settings(elsewhere.path(), "");
    let mut program = Program::up(&log, data.path(), &["--empty", "--intake", "127.0.0.1:0", "--config", &config]);
    let endpoints = program.ready();
    let port = intake_of(&endpoints);
    assert_eq!(secure(&port, "GET", "/healthz", b"").0, 200);
    assert_eq!(secure(&port, "POST", "/v1/events", &ndjson(0..20)).0, 202);
    until("the events", || (count(data.path(), "ledger_statement") == 20).then_some(()));
    for path in ["/", "/v1/sql", "/v1/status", "/metrics", "/readyz", "/v1/indicators"] {
        assert_eq!(secure(&port, "GET", path, b"").0, 404, "{path} is no door");
    }
    let plain = asked(&mut connected(&port), &request("GET", "/healthz", b""));
    assert!(!plain.contains("HTTP/1.1"), "{plain}");
    // The other listener is as it was.
    assert_eq!(post(&http_of(&endpoints), "/v1/events", NDJSON, ndjson(20..21)).unwrap().status, 202);
    program.stop();
}

#[test]
fn other_machines_are_let_in_only_with_tls_and_tokens() {
    let log = Log::of_environment();
    let (data, elsewhere) = (folder(), folder());
    let config = settings(elsewhere.path(), "");
    let flags = ["--empty", "--intake", "0.0.0.0:0", "--config", config.as_str()];
    let (out, err) = run_to(2, data.path(), &log.up(&flags));
    assert!(out.is_empty() && err.contains("tokens = \"required\"") && err.contains("--intake"), "{err}");
    settings(elsewhere.path(), "[ingest]\ntokens = \"required\"\n");
    let mut program = Program::up(&log, data.path(), &flags);
    let port = intake_of(&program.ready());
    assert_eq!(secure(&port, "GET", "/healthz", b"").0, 200);
    program.stop();
}

#[test]
fn before_the_disk_is_full_nothing_is_taken_in_and_it_is_said_why() {
    let log = Log::of_environment();
    let (data, elsewhere) = (folder(), folder());
    let path = elsewhere.path().join("lantoa.toml");
    // More than any disk has.
    std::fs::write(&path, "[ingest]\nmin_free_bytes = 9000000000000000000\n").unwrap();
    let config = path.to_str().unwrap();
    let mut program = Program::up(&log, data.path(), &["--empty", "--config", config]);
    let http = http_of(&program.ready());
    let answer = post(&http, "/v1/events", NDJSON, ndjson(0..5)).unwrap();
    assert_eq!((answer.status, &answer.body["type"]), (507, &Value::from("urn:lantoa:problem:disk-full")));
    assert!(answer.body["detail"].as_str().unwrap().contains("min_free_bytes"), "{}", answer.body);
    let missed = until("the disk alone to be missed", || {
        let (status, _, ready) = get(&http, "/readyz");
        assert_eq!(status, 503, "{ready}");
        let ready: Value = serde_json::from_str(&ready).unwrap();
        let parts = ready["parts"].as_array().unwrap().iter();
        let mut missed: Vec<Value> = parts.filter(|part| part["ready"] == false).cloned().collect();
        missed.pop().filter(|last| missed.is_empty() && last["check"] == "disk")
    });
    assert!(missed["reason"].as_str().unwrap().contains(data.path().to_str().unwrap()), "{missed}");
    program.stop();

    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    assert_eq!(post(&http, "/v1/events", NDJSON, ndjson(0..5)).unwrap().status, 202);
    until("what was sent again", || (count(data.path(), "ledger_statement") == 5).then_some(()));
    program.stop();
}
