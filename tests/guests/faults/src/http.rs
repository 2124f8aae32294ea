//! A GET over `wasi:http`, as bare as it gets.

use stepwell::{Error, Result};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, OutgoingRequest, Scheme};

/// The status of the response.
pub fn get(url: &str) -> Result<u16> {
    let (scheme, rest) = match url.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        _ => return Err(Error::new("UrlError", format!("\"{url}\" is no http URL")).non_retriable()),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    let refused = |()| Error::new("UrlError", format!("\"{url}\" is refused")).non_retriable();
    request.set_scheme(Some(&scheme)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).map_err(refused)?;

    let response = outgoing_handler::handle(request, None).map_err(http_error)?;
    response.subscribe().block();
    match response.get() {
        Some(Ok(Ok(response))) => Ok(response.status()),
        Some(Ok(Err(error))) => Err(http_error(error)),
        Some(Err(())) | None => Err(Error::new("HttpError", "the response was taken already")),
    }
}

fn http_error(error: ErrorCode) -> Error {
    Error::new("HttpError", format!("{error:?}"))
}
