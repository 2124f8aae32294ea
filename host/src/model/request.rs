//! Requests that the host itself makes for a run, and their responses.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use url::Url;

use super::json::Json;
use super::time::Millis;
use crate::limits;

/// Headers about how a connection is used, or that follow from the rest of the request.
const OF_THE_HOST: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that describe a body, and go with it.
const OF_THE_BODY: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_LOCATION];

/// Headers that are meant for one origin alone.
const OF_THE_ORIGIN: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

/// A request, as it can be sent.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// `http` or `https`, without user, password and fragment.
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For all of it, redirects and the response's body included.
    pub timeout_ms: Option<Millis>,
    pub redirects: Redirects,
}

/// The handling of a response that leads elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirects {
    #[default]
    Follow,
    /// The redirect is a response like any other, for the plugin to handle.
    Manual,
    /// The redirect fails the request.
    Error,
}

/// Why a request cannot be sent. It repeats nothing that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRequest(String);

/// A whole response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: StatusCode,
    /// Where redirects have led, where there were any.
    pub led_to: Option<Url>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// Checks it. The method may be written in small letters.
    pub fn new(method: &str, url: &str, headers: &BTreeMap<String, String>, body: Bytes) -> Result<Self, BadRequest> {
        let method = read_method(method)?;
        if !body.is_empty() && matches!(method, Method::GET | Method::HEAD) {
            return Err(BadRequest(format!("a {method} has no body")));
        }
        if body.len() > limits::STEP_OUTPUT_MAX_BYTES {
            return Err(BadRequest(format!("the body is longer than {} bytes", limits::STEP_OUTPUT_MAX_BYTES)));
        }
        let url = read_url(Url::parse(url))?;
        let headers = read_headers(headers)?;
        Ok(Self { method, url, headers, body, timeout_ms: None, redirects: Redirects::Follow })
    }

    /// The addressee, as a grant names it: the host, and the port if it is not the scheme's own. No more of the
    /// URL is for everybody to see: paths and queries may hold secrets.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The request that such a response leads to; `None` where it leads nowhere. As `fetch` of browsers does it
    /// (<https://fetch.spec.whatwg.org/#http-redirect-fetch>); cookies, which are given by hand here, stay behind too.
    pub fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> Result<Option<Self>, BadRequest> {
        let location = headers.get(header::LOCATION).filter(|_| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308));
        let Some(location) = location.filter(|_| self.redirects != Redirects::Manual) else { return Ok(None) };
        if self.redirects == Redirects::Error {
            return Err(BadRequest("it is to fail where it is redirected".to_owned()));
        }
        let url = read_url(self.url.join(&text(location)))?;
        let mut next = Self { url, ..self.clone() };
        let is_read = matches!(self.method, Method::GET | Method::HEAD);
        if status == StatusCode::SEE_OTHER && !is_read || status.as_u16() < 303 && self.method == Method::POST {
            next.method = Method::GET;
            next.body = Bytes::new();
            OF_THE_BODY.iter().for_each(|name| drop(next.headers.remove(name)));
        }
        if next.url.origin() != self.url.origin() {
            OF_THE_ORIGIN.iter().for_each(|name| drop(next.headers.remove(name)));
        }
        Ok(Some(next))
    }
}

/// Method and host: the rest may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.host())
    }
}

fn read_method(text: &str) -> Result<Method, BadRequest> {
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes());
    match method {
        Ok(method) if !matches!(method.as_str(), "CONNECT" | "TRACE" | "TRACK") => Ok(method),
        _ => Err(BadRequest(format!("{text:?} is no method that can be sent"))),
    }
}

fn read_url(parsed: Result<Url, url::ParseError>) -> Result<Url, BadRequest> {
    let mut url = parsed.map_err(|error| BadRequest(format!("the URL is not valid: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadRequest(format!("the URL's scheme is {:?}, not \"http\" or \"https\"", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadRequest("the URL has a user or password in it: send a header \"authorization\"".to_owned()));
    }
    url.set_fragment(None);
    if url.as_str().len() > limits::URL_MAX_BYTES {
        return Err(BadRequest(format!("the URL is longer than {} bytes", limits::URL_MAX_BYTES)));
    }
    match url.as_str().parse::<http::Uri>() {
        Ok(_) => Ok(url),
        Err(error) => Err(BadRequest(format!("the URL is not valid: {error}"))),
    }
}

fn read_headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, BadRequest> {
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits::OUTBOUND_HEADERS_MAX_BYTES || given.len() > limits::FETCH_HEADERS_MAX {
        let (max, bytes) = (limits::FETCH_HEADERS_MAX, limits::OUTBOUND_HEADERS_MAX_BYTES);
        return Err(BadRequest(format!("there are more than {max} headers, or more than {bytes} bytes of them")));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let known: HeaderName = name.parse().map_err(|_| BadRequest(format!("{name:?} is no header's name")))?;
        if OF_THE_HOST.contains(&known.as_str()) {
            return Err(BadRequest(format!("header {name:?} is set by the host itself")));
        }
        let bad = |_| BadRequest(format!("the value of header {name:?} has a character that no header can have"));
        headers.append(known, HeaderValue::from_str(value).map_err(bad)?);
    }
    Ok(headers)
}

/// As browsers read a header: each byte a character.
fn text(value: &HeaderValue) -> String {
    value.to_str().map_or_else(|_| value.as_bytes().iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

impl Response {
    /// As guests read it: `found-options.schema.json` says how.
    pub fn to_json(&self) -> Json {
        #[derive(Serialize)]
        struct Told<'a> {
            status: u16,
            #[serde(skip_serializing_if = "Option::is_none")]
            url: Option<&'a str>,
            headers: BTreeMap<&'a str, String>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            is_base64: bool,
            body: Cow<'a, str>,
        }
        let text = str::from_utf8(&self.body);
        Json::of(&Told {
            status: self.status.as_u16(),
            url: self.led_to.as_ref().map(Url::as_str),
            headers: self.headers.keys().map(|name| (name.as_str(), self.header(name))).collect(),
            is_base64: text.is_err(),
            body: text.map_or_else(|_| BASE64_STANDARD.encode(&self.body).into(), Cow::Borrowed),
        })
    }

    /// All values of a header in one. Cookies may have commas in them, but no ends of lines.
    fn header(&self, name: &HeaderName) -> String {
        let between = if *name == header::SET_COOKIE { "\n" } else { ", " };
        self.headers.get_all(name).iter().map(text).collect::<Vec<_>>().join(between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, headers: &[(&str, &str)]) -> Result<Request, BadRequest> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = if method.eq_ignore_ascii_case("post") { Bytes::from("body") } else { Bytes::new() };
        Request::new(method, url, &headers, body)
    }

    #[test]
    fn what_can_be_sent_is_read() {
        let request = request("post", "HTTPS://Ex%41mple.com:443/a b?c=d#e", &[("X-A", "1")]).expect("valid");
        assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://example.com/a%20b?c=d"));
        assert_eq!((request.host().as_str(), &request.headers["x-a"]), ("example.com", &HeaderValue::from_static("1")));
        assert_eq!(format!("{request:?}"), "POST example.com", "no more is told of it");
    }

    #[test]
    fn addresses_in_disguise_are_addresses() {
        for url in ["http://0x7f.1:8/", "http://2130706433:8/", "http://127.1:8/"] {
            assert_eq!(request("GET", url, &[]).expect("valid").host(), "127.0.0.1:8");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let long = format!("http://a.b/{}", "x".repeat(limits::URL_MAX_BYTES));
        let big = "x".repeat(limits::OUTBOUND_HEADERS_MAX_BYTES);
        let cases = [
            ("CONNECT", "http://a.b", ("x", ""), "no method"),
            ("G T", "http://a.b", ("x", ""), "no method"),
            ("GET", "/path", ("x", ""), "relative URL"),
            ("GET", "file:///etc/passwd", ("x", ""), "scheme is \"file\""),
            ("GET", "http://", ("x", ""), "empty host"),
            ("GET", "http://user:pass@a.b", ("x", ""), "user or password"),
            ("GET", &long, ("x", ""), "longer than"),
            ("GET", "http://a.b", ("Host", "c.d"), "set by the host"),
            ("GET", "http://a.b", ("a b", ""), "no header's name"),
            ("GET", "http://a.b", ("x", "secret\r\ny: z"), "has a character"),
            ("GET", "http://a.b", ("x", &big), "bytes of them"),
        ];
        for (method, url, header, problem) in cases {
            let refused = request(method, url, &[header]).expect_err(problem).to_string();
            assert!(refused.contains(problem) && !refused.contains("secret"), "{refused}");
        }
        let body = Request::new("GET", "http://a.b", &BTreeMap::new(), Bytes::from("x"));
        assert_eq!(body.expect_err("no body").to_string(), "a GET has no body");
    }

    fn led(from: &Request, status: u16, location: &str) -> Result<Option<Request>, BadRequest> {
        let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().expect("a value"))]);
        from.redirected(StatusCode::from_u16(status).expect("a status"), &headers)
    }

    #[test]
    fn redirects_lead_on() {
        let from = request("GET", "https://a.b/c/d?e", &[]).expect("valid");
        let leads = |location: &str| led(&from, 302, location).expect("valid").expect("it leads on").url.to_string();
        assert_eq!(leads("/x"), "https://a.b/x");
        assert_eq!(leads("x?y#z"), "https://a.b/c/x?y");
        assert_eq!(leads("../../x"), "https://a.b/x");
        assert_eq!(leads("//h.i/x"), "https://h.i/x");
        assert!(led(&from, 302, "file:///etc/passwd").is_err());
        assert!(led(&from, 302, "https://user:pass@a.b/").is_err());
        assert!(led(&from, 200, "/x").expect("valid").is_none(), "the place of what was made, for one");
        assert!(from.redirected(StatusCode::FOUND, &HeaderMap::new()).expect("valid").is_none());
        let stays = Request { redirects: Redirects::Manual, ..from.clone() };
        assert!(led(&stays, 302, "/x").expect("valid").is_none());
        let fails = Request { redirects: Redirects::Error, ..from.clone() };
        assert!(led(&fails, 302, "/x").is_err() && led(&fails, 200, "/x").expect("valid").is_none());
    }

    #[test]
    fn redirects_take_along_what_belongs_there() {
        let headers = [("authorization", "secret"), ("cookie", "secret"), ("content-type", "text/plain"), ("x", "y")];
        let from = request("POST", "https://a.b/", &headers).expect("valid");
        let names = |status, location| {
            let next = led(&from, status, location).expect("valid").expect("it leads on");
            let mut names: Vec<_> = next.headers.keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            format!("{} {} {}", next.method, next.body.len(), names.join(" "))
        };
        assert_eq!(names(308, "/x"), "POST 4 authorization content-type cookie x");
        assert_eq!(names(302, "/x"), "GET 0 authorization cookie x");
        assert_eq!(names(303, "https://c.d/"), "GET 0 x");
        for elsewhere in ["https://c.d/", "http://a.b/", "https://a.b:8443/"] {
            assert_eq!(names(307, elsewhere), "POST 4 content-type x", "{elsewhere} is another origin");
        }
    }

    #[test]
    fn responses_are_told() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("Vary", "a"), ("vary", "b"), ("set-cookie", "c=1; x"), ("set-cookie", "d=2")] {
            headers.append(name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        headers.insert("x-latin", HeaderValue::from_bytes(b"\xe9").expect("a value"));
        let mut response = Response { status: StatusCode::OK, led_to: None, headers, body: Bytes::from("\"é") };
        let told = r#"{"status":200,"headers":{"set-cookie":"c=1; x\nd=2","vary":"a, b","x-latin":"é"},"body":"\"é"}"#;
        assert_eq!(response.to_json().as_str(), told);
        response = Response { headers: HeaderMap::new(), body: Bytes::from_static(&[0xff, 0, 1]), ..response };
        response.led_to = Some("http://a.b/".parse().expect("a URL"));
        let told = r#"{"status":200,"url":"http://a.b/","headers":{},"is_base64":true,"body":"/wAB"}"#;
        assert_eq!(response.to_json().as_str(), told);
    }
}
