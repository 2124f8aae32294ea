//! Errors of the host's own endpoints: RFC 9457 problems with a stable `code`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::model::BadId;
use crate::{registry, store};

/// The error of a request, for programs by `code` and for people by `detail`.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { kind: "about:blank", title, status: status.as_u16(), code, detail: detail.into() }
    }

    pub(super) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub(super) fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Closing => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the host is stopping: ask again in a moment")
            }
            error @ store::Error::TooManyCancellations(_) => {
                Self::conflict("too_many_cancellations", error.to_string())
            }
            error @ store::Error::TooManyBulkRetries(_) => Self::conflict("too_many_bulk_retries", error.to_string()),
            error => {
                tracing::error!(%error, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store_failed", error.to_string())
            }
        }
    }
}

impl From<registry::Error> for Problem {
    fn from(error: registry::Error) -> Self {
        match error {
            registry::Error::Store(error) => error.into(),
            error => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "registry_failed", error.to_string()),
        }
    }
}

impl From<BadId> for Problem {
    fn from(error: BadId) -> Self {
        Self::bad_request("bad_id", error.to_string())
    }
}

pub(super) async fn no_such_path(uri: Uri) -> Problem {
    Problem::not_found("no_such_path", format!("there is nothing at {}", uri.path()))
}

pub(super) async fn no_such_method(uri: Uri) -> Problem {
    let detail = format!("{} does not take this method", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
