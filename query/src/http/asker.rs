//! Who asks over HTTP: whoever proves a password by Basic authentication, or, where there are no users, whoever reaches
//! the listener, which then is on loopback.
//!
//! In: requests. Out: the same with an [`Asker`] beside them, or a problem document. Guarantee: nothing of a body is read
//! before that; passwords take their time aside from answers, a few at once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::middleware::Next;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Face;
use super::problem::Problem;
use crate::access::{AFTER_WRONG_PASSWORD, Asker};

/// The word for this way of asking in the log.
const FACE: &str = "http";

/// How many passwords are checked at once: each takes a core for some milliseconds.
pub(super) const CHECKED_AT_ONCE: usize = 2;

/// Finds out who asks, before anything else is done.
pub(super) async fn log_in(
    State(face): State<Face>,
    mut request: Request,
    next: Next,
) -> Result<Response<Body>, Problem> {
    let asker = if face.engine.users().any() {
        let (name, password) = credentials(request.headers()).ok_or_else(Problem::unknown_asker)?;
        proven(&face, name, password).await.ok_or_else(Problem::unknown_asker)?
    } else {
        Asker::owner()
    };
    request.extensions_mut().insert(asker.through(FACE));
    Ok(next.run(request).await)
}

async fn proven(face: &Face, name: String, password: String) -> Option<Asker> {
    // Nobody closes it.
    let turn = Arc::clone(&face.checks).acquire_owned().await.ok()?;
    let (engine, user) = (face.engine.clone(), name.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        engine.users().check_password(&user, &password)
    });
    let asker = checked.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a password could not be checked");
        None
    });
    if asker.is_none() {
        tracing::warn!(user = name, "a login failed");
        tokio::time::sleep(AFTER_WRONG_PASSWORD).await;
    }
    asker
}

/// Name and password of the header `Authorization: Basic …` (RFC 7617), in UTF-8.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_as_the_rfc_writes_them() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            credentials(&headers)
        };
        let expected = Some(("Aladdin".to_owned(), "open sesame".to_owned()));
        assert_eq!(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), expected);
        assert_eq!(read("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), expected);
        // test:123£ in UTF-8, the example of RFC 7617; and a password with colons.
        assert_eq!(read("Basic dGVzdDoxMjPCow=="), Some(("test".to_owned(), "123£".to_owned())));
        assert_eq!(read("Basic YTpiOmM="), Some(("a".to_owned(), "b:c".to_owned())));
        for value in ["Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic", "Basic !", "Basic YWJj", "Basic /w=="] {
            assert_eq!(read(value), None, "{value}");
        }
        assert_eq!(credentials(&HeaderMap::new()), None);
    }
}
