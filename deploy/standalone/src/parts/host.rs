//! Which name a request on loopback was sent to. A site can let its own name lead to this machine; what its pages then
//! ask here a browser takes for theirs, and shows it to them.
//!
//! In: requests. Out: the same, or a problem document. Guarantee: behind this nothing is answered or taken in that was
//! sent to another name than `localhost` or an address of loopback.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Answers what was sent to this machine by a name of its own.
pub(super) async fn only_local(request: Request, next: Next) -> Response {
    if is_for_this_machine(request.headers()) { next.run(request).await } else { refused() }
}

fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    hosts.next().is_some_and(is_local) && hosts.all(is_local)
}

/// Whether a `Host`, with a port or without, is a name that only this machine has.
fn is_local(host: &str) -> bool {
    let parts = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']'),
        None => Some(host.split_at(host.find(':').unwrap_or(host.len()))),
    };
    let Some((name, port)) = parts else { return false };
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    let ends = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    ends && (name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

fn refused() -> Response {
    let detail = "the request was sent to a name that is not this machine's own";
    let remedy = "ask http://localhost or http://127.0.0.1; a proxy in front has to send 'Host: localhost'";
    let document = json!({
        "type": "urn:lantoa:problem:not-this-machine", "title": "Not this machine", "status": 421, "detail": detail,
        "errors": [{ "row": null, "field": "Host", "reason": detail, "remedy": remedy }],
    });
    let media_type = [(CONTENT_TYPE, "application/problem+json")];
    (StatusCode::MISDIRECTED_REQUEST, media_type, document.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::http::HttpTable;
    use crate::parts::{Parts, bind};

    #[test]
    fn names_of_this_machine_alone_are_local() {
        for host in ["localhost", "LocalHost:7080", "127.0.0.1", "127.0.0.1:7080", "127.8.8.8", "[::1]", "[::1]:7080"] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "example.org:7080",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "127.0.0.1:7080.example.org",
            "10.0.0.1:7080",
            "0.0.0.0",
            "[::1",
            "[::1].example.org",
            "[fe80::1]:7080",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[tokio::test]
    async fn what_is_sent_to_another_name_is_refused_on_every_route() {
        let listener = bind("--http", "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut parts = Parts::new();
        let (address, _) = parts.add_listener(listener, HttpTable::default().local()).unwrap();
        let client = reqwest::Client::new();
        for (path, host, status) in [
            ("/healthz", "127.0.0.1", 200),
            ("/healthz", "localhost:7080", 200),
            ("/healthz", "rebound.example.org", 421),
            ("/v1/openapi.json", "rebound.example.org:7080", 421),
            ("/nothing", "rebound.example.org", 421),
        ] {
            let asked = client.get(format!("http://{address}{path}")).header("host", host);
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{path} of {host}");
            if status == 421 {
                assert_eq!(answer.headers()["content-type"], "application/problem+json");
                assert!(answer.text().await.unwrap().contains("127.0.0.1"));
            }
        }
        parts.stop().await.unwrap();
    }
}
