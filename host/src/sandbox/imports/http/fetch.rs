//! Requests that the host itself makes for a run, through the gate that guests' own requests pass.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, Result, WasiBody};

use super::connections::{Connections, Way};
use super::grant::Target;
use super::{Leave, Timeouts, coding, denial, send};
use crate::limits;
use crate::model::{BadRequest, Failure, Json, Kind, Request, Response};
use crate::sandbox::{Grants, Reach};

/// Why a fetch has no response.
#[derive(Debug, Clone, PartialEq)]
pub enum Unfetched {
    /// The request may not be sent.
    Held,
    /// The request is denied, which no retry mends, or the network failed it.
    Failed(Failure),
}

/// The outcome of an attempt to fetch.
type Exchanged<T> = Result<T, Unfetched>;

/// Makes a request, with the redirects that it leads to, to hosts that are granted. `clear` is asked before each one:
/// it may leave once the future has answered `true`. The response is JSON as `found-options.schema.json` has it, of at
/// most [`limits::STEP_OUTPUT_MAX_BYTES`]; whatever its status, it is no failure.
pub async fn fetch<C>(request: &Request, grants: &Grants, most: Duration, clear: impl Fn() -> C) -> Exchanged<Json>
where
    C: Future<Output = bool>,
{
    let within = request.timeout_ms.map_or(most, |ms| Duration::from_millis(ms).min(most));
    let sent = tokio::time::timeout(within, follow(request.clone(), grants, clear)).await;
    let late = || failed("timeout", format!("the request to {} was not answered within {within:?}", request.host()));
    let response = sent.unwrap_or_else(|_| Err(late()))?;
    let json = response.to_json();
    if json.len() > limits::STEP_OUTPUT_MAX_BYTES {
        return Err(too_large(request.host()));
    }
    Ok(json)
}

async fn follow<C>(mut request: Request, grants: &Grants, clear: impl Fn() -> C) -> Exchanged<Response>
where
    C: Future<Output = bool>,
{
    for redirects in 0..=limits::REDIRECTS_MAX {
        let (target, reach) = granted(&request, grants)?;
        if !clear().await {
            return Err(Unfetched::Held);
        }
        let response = exchange(&request, Way { target: target.clone(), reach }, &grants.connections).await?;
        let (head, body) = response.into_parts();
        match request.redirected(head.status, &head.headers).map_err(|error| misled(&target, &error))? {
            Some(next) => request = next,
            None => {
                let body = read(body).await.map_err(|error| told(&target, error))?;
                let led_to = (redirects > 0).then_some(request.url);
                return Ok(Response { status: head.status, led_to, headers: head.headers, body });
            }
        }
    }
    let max = limits::REDIRECTS_MAX;
    let message = format!("the request was redirected more than {max} times, at last to {}", request.host());
    Err(finally("too_many_redirects", message))
}

/// Where the request goes, and how far the grants let it go there.
fn granted(request: &Request, grants: &Grants) -> Exchanged<(Target, Reach)> {
    let target = request.url.as_str().parse().map_err(|_| Error::HttpRequestUriInvalid);
    let target = target.and_then(|uri| Target::of(&uri)).map_err(|error| told(request.host(), error))?;
    match target.granted_by(&grants.hosts) {
        Some(reach) => Ok((target, reach)),
        None => Err(finally("denied", denial(&target, "hosts", "no grant names it"))),
    }
}

/// The response, decoded.
async fn exchange(request: &Request, way: Way, connections: &Connections) -> Exchanged<super::Response> {
    let target = &way.target;
    let mut request = outgoing(request).map_err(|error| told(target, error))?;
    coding::accept(request.headers_mut());
    // The caller bounds how long the whole may take.
    let timeouts = Timeouts::of(None, Duration::MAX);
    let leave = Leave { timeouts, open: None, cancelled: CancellationToken::new() };
    let sent = send(request, &way, leave, connections).await;
    sent.map(coding::decoded).map_err(|error| match error {
        Error::DestinationIpProhibited => {
            let reason = "it leads to an address that is not public";
            finally("denied", denial(target, "private_hosts", reason))
        }
        error => told(target, error),
    })
}

/// With what a request has to have beside what it was given.
fn outgoing(request: &Request) -> Result<http::Request<WasiBody>> {
    const AGENT: HeaderValue = HeaderValue::from_static(concat!("stepwell/", env!("CARGO_PKG_VERSION")));
    let uri: http::Uri = request.url.as_str().parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let mut headers = request.headers.clone();
    headers.insert(header::HOST, host.ok_or(Error::HttpRequestUriInvalid)?);
    headers.entry(header::USER_AGENT).or_insert(AGENT);
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    let body = Full::new(request.body.clone()).map_err(|never| match never {}).boxed_unsync();
    let mut outgoing = http::Request::new(body);
    *outgoing.method_mut() = request.method.clone();
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

async fn read(mut body: WasiBody) -> Result<Bytes> {
    let max = limits::STEP_OUTPUT_MAX_BYTES;
    let mut whole = Vec::new();
    let mut is_too_large = body.size_hint().lower() > max as u64;
    while !is_too_large {
        let Some(frame) = body.frame().await else { return Ok(whole.into()) };
        if let Ok(data) = frame?.into_data() {
            is_too_large = whole.len() + data.len() > max;
            whole.extend_from_slice(&data);
        }
    }
    Err(Error::HttpResponseBodySize(None))
}

fn misled(target: &Target, error: &BadRequest) -> Unfetched {
    finally("bad_redirect", format!("{target} redirects the request, but not to where it can be sent: {error}"))
}

fn too_large(host: impl fmt::Display) -> Unfetched {
    let max = limits::STEP_OUTPUT_MAX_BYTES;
    let message = format!(
        "the response of {host} is too large: as a result it may have {max} bytes; ask for less, or fetch it in a step \
         and keep it elsewhere"
    );
    finally("response_too_large", message)
}

/// The network's error, in words of which the guest can make something.
fn told(host: impl fmt::Display, error: Error) -> Unfetched {
    let (code, reason) = match error {
        Error::DnsError { rcode: Some(reason), .. } => ("unresolved", reason),
        Error::DnsError { .. } | Error::DestinationNotFound => ("unresolved", "the name has no address".to_owned()),
        Error::ConnectionRefused => ("connection_refused", error.to_string()),
        Error::DestinationIpUnroutable => ("unreachable", error.to_string()),
        Error::ConnectionTimeout => ("timeout", "it could not be connected to in time".to_owned()),
        Error::ConnectionReadTimeout | Error::HttpResponseTimeout => ("timeout", "it fell silent".to_owned()),
        Error::TlsProtocolError | Error::TlsCertificateError | Error::TlsAlertReceived { .. } => {
            ("tls", error.to_string())
        }
        Error::HttpResponseIncomplete => {
            ("incomplete", "the connection was closed before the response's end".to_owned())
        }
        Error::HttpResponseContentCoding(_) => {
            ("encoding", "the body is not in the encoding that its header names".to_owned())
        }
        Error::InternalError(Some(reason)) => ("network", reason),
        Error::HttpResponseBodySize(_) => return too_large(host),
        error => ("network", error.to_string()),
    };
    failed(code, format!("the request to {host} failed: {reason}"))
}

fn failed(code: &str, message: String) -> Unfetched {
    Unfetched::Failed(Failure::of_host(Kind::Application, "FetchError", message).coded(code))
}

/// Whether a further attempt would come to the same.
fn finally(code: &str, message: String) -> Unfetched {
    let failure = Failure::of_host(Kind::Application, "FetchError", message).coded(code);
    Unfetched::Failed(failure.never_retried())
}

#[cfg(test)]
mod tests;
