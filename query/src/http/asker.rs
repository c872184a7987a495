//! Who asks over HTTP: whoever proves a password by Basic authentication, or, where there are no users, whoever reaches
//! the listener, which then is on loopback.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use crate::access::{Asker, Users};

/// The word for this way of asking in the log.
const FACE: &str = "http";

/// The asker of a request.
pub(super) fn asker(headers: &HeaderMap, users: &Users) -> Result<Asker, Problem> {
    if !users.any() {
        return Ok(Asker::owner().through(FACE));
    }
    let (name, password) = credentials(headers).ok_or_else(Problem::unknown_asker)?;
    let asker = users.check_password(&name, &password).ok_or_else(Problem::unknown_asker)?;
    Ok(asker.through(FACE))
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
