//! Keys of requests, compared in constant time.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use subtle::{Choice, ConstantTimeEq as _};

use super::Api;
use super::problem::Problem;

/// Whether the key is one of these. Looks at all of them, so that the time taken tells nothing about which.
pub(super) fn is_one_of(key: &[u8], keys: &[String]) -> bool {
    keys.iter().fold(Choice::from(0), |found, known| found | known.as_bytes().ct_eq(key)).into()
}

/// Lets through requests that show the signing key, or every request if no key is set.
pub(super) async fn require_signing_key(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(key) = &api.signing_key else { return next.run(request).await };
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
    match shown {
        Some(shown) if bool::from(key.as_bytes().ct_eq(shown)) => next.run(request).await,
        shown => refuse(shown).into_response(),
    }
}

fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = header.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
}

fn refuse(shown: Option<&[u8]>) -> Problem {
    let detail = if shown.is_some() {
        "the key is not this host's signing key"
    } else {
        "send the host's signing key: Authorization: Bearer <key>"
    };
    Problem::unauthorized(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_whole() {
        let keys = ["first".to_owned(), "second".to_owned()];
        assert!(is_one_of(b"first", &keys) && is_one_of(b"second", &keys));
        assert!(!is_one_of(b"firs", &keys) && !is_one_of(b"", &keys) && !is_one_of(b"first", &[]));
        assert_eq!(bearer(b"bearer abc"), Some(&b"abc"[..]));
        assert_eq!((bearer(b"Basic abc"), bearer(b"Bear")), (None, None));
    }
}
