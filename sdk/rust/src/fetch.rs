//! Requests that the host makes for the function, and their responses.

use crate::base64;
use crate::error::{Error, Result};
use crate::json;
use crate::retry::Retry;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A request for the host to make, see [`Step::fetch`](crate::Step::fetch).
///
/// ```
/// use serde_json::json;
/// use stepwell::Request;
///
/// # let token = String::new();
/// let request = Request::post("https://api.example.com/orders").bearer(&token).json(&json!({ "sku": "A1" }));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Result<Vec<u8>, String>,
    timeout: Option<Duration>,
    redirect: Option<&'static str>,
}

impl Request {
    /// A request of any method but `CONNECT` and `TRACE`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        let (method, url) = (method.into(), url.into());
        Self { method, url, headers: BTreeMap::new(), body: Ok(Vec::new()), timeout: None, redirect: None }
    }

    /// A `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A `POST`. The host adds a header `idempotency-key`, the same at every attempt, unless it has one.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// A `PUT`.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// A `PATCH`. The host adds a header `idempotency-key`, the same at every attempt, unless it has one.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url)
    }

    /// A `DELETE`.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// With this header, in place of one of the same name. It is sent, but not recorded.
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.insert(name.as_ref().to_ascii_lowercase(), value.into());
        self
    }

    /// With this token in the header `authorization`. Redirects to another origin go without it.
    pub fn bearer(self, token: impl fmt::Display) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With this body: text or bytes, 4 MiB at most. What it is, a header `content-type` has to say.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Ok(body.into());
        self
    }

    /// With a body that is this value as JSON, and a header `content-type` that says so unless it has one.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.body = serde_json::to_vec(body).map_err(|error| error.to_string());
        self.headers.entry("content-type".to_owned()).or_insert_with(|| "application/json".to_owned());
        self
    }

    /// No attempt is to take longer than that, redirects and the response's body included. Without it, and at most: the
    /// plugin's deadline.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Redirects are not followed, but are responses.
    pub fn without_redirects(mut self) -> Self {
        self.redirect = Some("manual");
        self
    }

    /// A redirect fails the request.
    pub fn failing_redirects(mut self) -> Self {
        self.redirect = Some("error");
        self
    }

    /// As `wit/found-options.schema.json` has them.
    pub(crate) fn options(self, retry: Option<Retry>) -> Result<String, String> {
        let mut options = serde_json::to_value(retry.unwrap_or_default()).map_err(|error| error.to_string())?;
        options["method"] = self.method.into();
        options["url"] = self.url.into();
        if !self.headers.is_empty() {
            options["headers"] = json!(self.headers);
        }
        match String::from_utf8(self.body?) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => options["body"] = text.into(),
            Err(binary) => {
                options["body"] = base64::encode(binary.as_bytes()).into();
                options["is_base64"] = true.into();
            }
        }
        if let Some(timeout) = self.timeout {
            options["timeout_ms"] = (timeout.as_secs_f64() * 1000.0).into();
        }
        if let Some(redirect) = self.redirect {
            options["redirect"] = redirect.into();
        }
        Ok(options.to_string())
    }
}

/// Method and URL's beginning: headers, queries and bodies may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.url.find(['?', '#']).unwrap_or(self.url.len());
        f.debug_struct("Request").field("method", &self.method).field("url", &&self.url[..end]).finish_non_exhaustive()
    }
}

/// A response, whatever its status, see [`Step::fetch`](crate::Step::fetch).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Told")]
pub struct Response {
    status: u16,
    url: Option<String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A response as the host tells it.
#[derive(Deserialize)]
struct Told {
    status: u16,
    url: Option<String>,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(default)]
    is_base64: bool,
}

impl From<Told> for Response {
    fn from(told: Told) -> Self {
        let Told { status, url, headers, body, is_base64 } = told;
        // The host encodes what it says is encoded.
        let body = if is_base64 { base64::decode(&body).unwrap_or_default() } else { body.into_bytes() };
        Self { status, url, headers, body }
    }
}

impl Response {
    /// Its status, such as 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether its status says that all went well: 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Where redirects have led; `None` without any.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// A header, its name in whatever case. Several of one name are one, with commas between them; cookies have ends of
    /// lines instead.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// All headers, their names in small letters.
    #[must_use]
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }

    /// The body as text, with `�` for invalid bytes.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// An error named `DeserializeError`, not worth a retry, since the response is recorded.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json::read_slice(&self.body).map_err(|error| {
            let wanted = std::any::type_name::<T>();
            Error::own("DeserializeError", format!("failed to read the response's body as {wanted}: {error}"))
        })
    }

    /// The response, if its status is a success.
    ///
    /// # Errors
    /// Otherwise an error named `HttpStatusError`, whose code is the status. It is not worth a retry, since the
    /// response is recorded.
    #[track_caller]
    pub fn success(self) -> Result<Self> {
        if self.is_success() {
            return Ok(self);
        }
        let status = self.status;
        let error = Error::new("HttpStatusError", format!("the response's status is {status}"));
        Err(error.with_code(status.to_string()).non_retriable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn options(request: Request) -> Value {
        serde_json::from_str(&request.options(None).expect("JSON")).expect("JSON")
    }

    #[test]
    fn a_request_is_what_was_built() {
        assert_eq!(options(Request::get("http://a.b")), json!({ "method": "GET", "url": "http://a.b" }));
        let failing = Request::get("http://a.b").failing_redirects().options(None).expect("valid");
        assert!(failing.contains(r#""redirect":"error""#), "{failing}");
        let request = Request::post("http://a.b").bearer("t").header("X-A", "1").json(&[1]).without_redirects();
        let wanted = json!({
            "method": "POST", "url": "http://a.b", "body": "[1]", "timeout_ms": 1500.0, "redirect": "manual",
            "headers": { "authorization": "Bearer t", "x-a": "1", "content-type": "application/json" },
        });
        assert_eq!(options(request.timeout(Duration::from_millis(1500))), wanted);
        let binary = options(Request::put("http://a.b").body([0xff, 0]));
        assert_eq!((&binary["body"], &binary["is_base64"]), (&json!("/wA="), &json!(true)));
        let retried = Request::get("http://a.b").options(Some(Retry::default().times(2))).expect("JSON");
        assert_eq!(retried, r#"{"method":"GET","retries":2,"url":"http://a.b"}"#);
    }

    #[test]
    fn secrets_are_not_shown() {
        let request = Request::post("http://a.b/c?token=secret").bearer("secret").body("secret");
        assert_eq!(format!("{request:?}"), r#"Request { method: "POST", url: "http://a.b/c", .. }"#);
    }

    #[test]
    fn a_response_is_what_was_told() {
        let read = |text: &str| serde_json::from_str::<Response>(text).expect("a response");
        let response = read(r#"{"status":404,"url":"http://c.d/","headers":{"x-a":"1"},"body":"[1]"}"#);
        assert_eq!((response.status(), response.is_success(), response.url()), (404, false, Some("http://c.d/")));
        assert_eq!((response.header("X-A"), response.header("x-b")), (Some("1"), None));
        assert_eq!((&*response.text(), response.json::<Vec<u8>>().expect("it fits")), ("[1]", vec![1]));
        assert_eq!(response.json::<u8>().expect_err("it does not fit").name(), "DeserializeError");
        let error = response.success().expect_err("no success");
        assert_eq!((error.name(), error.code()), ("HttpStatusError", Some("404")));
        let binary = read(r#"{"status":200,"headers":{},"is_base64":true,"body":"/wA="}"#);
        assert_eq!((binary.bytes(), &*binary.text()), (&[0xff, 0][..], "\u{fffd}\0"));
        assert_eq!(binary.clone().success().expect("a success"), binary);
    }
}
