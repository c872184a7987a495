//! Who calls: the sender behind a request's token.
//!
//! In: a request, with its address where the listener knows it ([`ConnectInfo`]). Out: the same with a [`Caller`], or 401
//! (503 where the tokens cannot be read). Guarantee: a refusal says the same whatever was wrong with the token, and is
//! logged and counted with what was.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Doors, problem, route_of};
use crate::intake::Intake;
use crate::senders::{Refused, Sender};

/// The sender of a request, and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) sender: Sender,
    peer: Option<SocketAddr>,
    path: &'static str,
}

impl Caller {
    /// Notes that what the sender sent is refused for who sent it.
    pub(super) fn note_refused(&self, intake: &Intake, reason: &'static str) {
        note(intake, self.peer, self.path, Some(&self.sender.name), reason);
    }
}

/// Lets a request through whose sender is known.
pub(super) async fn known(State(doors): State<Arc<Doors>>, mut request: Request, next: Next) -> Response {
    let path = route_of(&request);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let refused = match doors.intake.sender(bearer(request.headers())) {
        Ok(sender) => {
            request.extensions_mut().insert(Caller { sender, peer, path });
            return next.run(request).await;
        }
        Err(refused) => refused,
    };
    note(&doors.intake, peer, path, refused.sender(), refused.as_str());
    doors.room.drain(request.into_body()).await;
    match refused {
        Refused::Unreadable(_) => problem::senders_unreadable(),
        Refused::NoToken | Refused::Unknown | Refused::Expired(_) | Refused::Revoked(_) => problem::unknown_sender(),
    }
    .into_response()
}

/// The token of a request (RFC 6750); none where several are given.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn note(intake: &Intake, peer: Option<SocketAddr>, path: &str, sender: Option<&str>, reason: &'static str) {
    intake.count_refused_sender(reason);
    let peer = peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
    tracing::warn!(peer, path, sender, reason, "request refused for who sent it");
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_read_in_one_way() {
        let cases: [(&[&'static str], Option<&str>); 7] = [
            (&["Bearer lantoa_a"], Some("lantoa_a")),
            (&["bearer  lantoa_a "], Some("lantoa_a")),
            (&["Basic bGFuOng="], None),
            (&["lantoa_a"], None),
            (&["Bearer"], None),
            (&["Bearer a", "Bearer b"], None),
            (&[], None),
        ];
        for (given, token) in cases {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            assert_eq!(bearer(&headers), token, "{given:?}");
        }
    }
}
