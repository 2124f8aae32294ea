//! `POST /e/{key}`: events in, as Inngest takes them.
//!
//! The hot path: the body is read once, events are taken as slices of it, and no tree of values is built.

use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::form::Form;
use super::{Api, auth, follow};
use crate::limits;
use crate::model::{Event, EventId, Millis, Namespace};
use crate::store::{self, Published};

/// Why events are not taken.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }
}

/// The events of a request up to the first bad one, and what is wrong with that.
#[derive(Debug)]
struct Batch {
    events: Vec<Event>,
    refusal: Option<Refusal>,
}

pub(super) async fn receive(State(api): State<Api>, request: Request) -> Response {
    match accept(&api, request).await {
        Ok(response) => response,
        Err(refusal) => answer(&[], Some(&refusal)),
    }
}

async fn accept(api: &Api, request: Request) -> Result<Response, Refusal> {
    check_key(api, request.uri().path())?;
    let wants_to_follow = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "follow=true"));
    let seed = seed(request.headers()).map(str::to_owned);
    let form = Form::of(request.headers());
    let body = read_body(request.into_body()).await?;
    if body.trim_ascii().is_empty() {
        return Err(Refusal::bad("the request has no body: send an event, or an array of events, as JSON"));
    }
    let body = match &form {
        Some(form) => form.read(body).await.map_err(Refusal::bad)?,
        None => body,
    };
    let now = api.clock.now();
    let mut batch = read(&body, &api.namespace, now, || api.ids.event(now));
    if let Some(seed) = seed {
        mark(&mut batch.events, &seed);
    }
    let published = publish(api, batch.events).await?;
    if let Some(refusal) = batch.refusal {
        return Ok(answer(&published, Some(&refusal)));
    }
    if wants_to_follow {
        return Ok(follow::respond(api, acknowledgement(&published, None), &published));
    }
    Ok(answer(&published, None))
}

/// The seed that Inngest's SDKs send so that resending starts nothing twice: `1743130137367,eii2YKXRVTJPuA==`. What is
/// of another form is passed over, as Inngest does: better twice than lost.
fn seed(headers: &HeaderMap) -> Option<&str> {
    let seed = headers.get("x-inngest-event-id-seed")?.to_str().ok()?;
    let (millis, entropy) = seed.split_once(',')?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // Ten bytes are fourteen characters and their padding.
    let is_entropy = entropy.strip_suffix("==").is_some_and(|text| text.len() == 14 && text.bytes().all(is_base64));
    (millis.parse::<i64>().is_ok_and(|millis| millis > 0) && is_entropy).then_some(seed)
}

/// The same seed and place in the request stand for the same event.
fn mark(events: &mut [Event], seed: &str) {
    for (place, event) in events.iter_mut().enumerate() {
        event.seed = Some(format!("{seed}:{place}").into());
    }
}

fn check_key(api: &Api, path: &str) -> Result<(), Refusal> {
    let key = path.strip_prefix("/e/").unwrap_or_default();
    if api.event_keys.is_empty() || auth::is_one_of(key.as_bytes(), &api.event_keys) {
        return Ok(());
    }
    let message = "the event key is not one of this host's: POST to /e/<key> with one of its `event_keys`";
    Err(Refusal { status: StatusCode::UNAUTHORIZED, message: message.into() })
}

async fn read_body(body: Body) -> Result<Bytes, Refusal> {
    let within = Duration::from_millis(limits::HTTP_BODY_MS);
    match timeout(within, Limited::new(body, limits::REQUEST_MAX_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            message: format!("a request may have {} bytes: send fewer events at once", limits::REQUEST_MAX_BYTES),
        }),
        Ok(Err(error)) => Err(Refusal::bad(format!("the request's body could not be read: {error}"))),
        Err(_) => Err(Refusal {
            status: StatusCode::REQUEST_TIMEOUT,
            message: format!("the request's body took longer than {} s", within.as_secs()),
        }),
    }
}

async fn publish(api: &Api, events: Vec<Event>) -> Result<Vec<Published>, Refusal> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    api.router.publish(events).await.map_err(|error| match error {
        store::Error::Closing => Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: "the host is stopping: send again in a moment".into(),
        },
        error => {
            tracing::error!(%error, "events were refused");
            Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, message: error.to_string() }
        }
    })
}

/// Reads one event, or an array of them.
fn read(body: &[u8], namespace: &Namespace, now: Millis, mut next_id: impl FnMut() -> EventId) -> Batch {
    let mut batch = Batch { events: Vec::new(), refusal: None };
    match split(body) {
        Err(refusal) => batch.refusal = Some(refusal),
        Ok(texts) => {
            batch.events.reserve(texts.len());
            for (position, text) in texts.iter().enumerate() {
                match read_one(text, namespace, now, &mut next_id) {
                    Ok(event) => batch.events.push(event),
                    Err(message) => {
                        let place = if texts.len() > 1 { format!("event {position}: ") } else { String::new() };
                        batch.refusal = Some(Refusal::bad(format!("{place}{message}")));
                        break;
                    }
                }
            }
        }
    }
    batch
}

fn read_one(
    text: &str,
    namespace: &Namespace,
    now: Millis,
    next_id: &mut impl FnMut() -> EventId,
) -> Result<Event, String> {
    Event::receive(text, namespace, next_id(), now).map_err(|error| error.to_string())
}

fn split(body: &[u8]) -> Result<Vec<&str>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::bad("the body is not UTF-8"))?.trim_ascii();
    if !text.starts_with('[') {
        return Ok(vec![text]);
    }
    let items: Items<'_> =
        serde_json::from_str(text).map_err(|error| Refusal::bad(format!("the body cannot be taken: {error}")))?;
    Ok(items.0)
}

/// The elements of an array, as they were written. Stops reading at one too many.
struct Items<'a>(Vec<&'a str>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Items<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<&'de RawValue>()? {
            if items.len() == limits::EVENTS_PER_REQUEST_MAX {
                let max = limits::EVENTS_PER_REQUEST_MAX;
                return Err(A::Error::custom(format!("more than {max} events: send them in several requests")));
            }
            items.push(item.get());
        }
        Ok(Items(items))
    }
}

fn answer(published: &[Published], refusal: Option<&Refusal>) -> Response {
    let status = refusal.map_or(StatusCode::OK, |refusal| refusal.status);
    json(status, acknowledgement(published, refusal))
}

/// `{"ids":[…],"status":200}`, with `error` where not all were taken.
fn acknowledgement(published: &[Published], refusal: Option<&Refusal>) -> String {
    let mut text = String::with_capacity(32 + 29 * published.len());
    text.push_str(r#"{"ids":["#);
    for (n, published) in published.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(text, "{}\"{}\"", if n > 0 { "," } else { "" }, published.event);
    }
    text.push(']');
    if let Some(refusal) = refusal {
        let _ = write!(text, r#","error":{}"#, serde_json::Value::from(refusal.message.as_str()));
    }
    let status = refusal.map_or(StatusCode::OK, |refusal| refusal.status);
    let _ = write!(text, r#","status":{}}}"#, status.as_u16());
    text
}

fn json(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdSource;

    fn batch(body: &str) -> (Vec<String>, Option<String>) {
        let ids = IdSource::new(0, [0; 32]);
        let batch = read(body.as_bytes(), &Namespace::default(), 1_000, || ids.event(1_000));
        let names = batch.events.iter().map(|event| event.name.to_string()).collect();
        (names, batch.refusal.map(|refusal| refusal.message))
    }

    #[test]
    fn takes_one_or_many() {
        assert_eq!(batch(r#" {"name":"a"} "#), (vec!["a".into()], None));
        assert_eq!(batch(r#"[{"name":"a"}, {"name":"b","data":{"x":[1]}}]"#), (vec!["a".into(), "b".into()], None));
        assert_eq!(batch("[]"), (vec![], None));
    }

    #[test]
    fn keeps_what_came_before_a_bad_one() {
        let (names, message) = batch(r#"[{"name":"a"},{"data":{}},{"name":"c"}]"#);
        assert_eq!(names, ["a"]);
        assert!(message.expect("refused").starts_with("event 1: event name is missing"));
    }

    #[test]
    fn says_what_is_wrong() {
        let refused = |body: &str| batch(body).1.expect("refused");
        assert!(refused("hello").contains("not valid JSON"));
        assert!(refused("[1,").starts_with("the body cannot be taken: EOF"));
        assert!(refused("[1]").contains("not valid JSON of the expected shape"));
        assert!(refused(&format!("[{}1]", "1,".repeat(5_000))).contains("more than 5000 events"));
        let deep = |levels: usize| {
            format!(r#"{{"name":"a","data":{{"x":{}1{}}}}}"#, "[".repeat(levels - 2), "]".repeat(levels - 2))
        };
        assert!(refused(&deep(200_000)).contains("nested deeper than 1000 levels"));
        assert!(refused(&deep(limits::JSON_DEPTH_MAX + 1)).contains("nested deeper"));
        assert_eq!(batch(&format!("[{}]", deep(limits::JSON_DEPTH_MAX))).1, None);
    }

    #[test]
    fn a_seed_has_inngests_form() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-inngest-event-id-seed", HeaderValue::from_str(text).expect("valid"));
            seed(&headers).is_some()
        };
        assert!(read("1743130137367,eii2YKXRVTJPuA=="));
        for other in
            ["", "1", "x,eii2YKXRVTJPuA==", "0,eii2YKXRVTJPuA==", "1,eii2YKXRVTJPuA", "1,eii2YKXRVTJPu===", "1,,"]
        {
            assert!(!read(other), "{other}");
        }
        assert_eq!(seed(&HeaderMap::new()), None);
    }

    #[test]
    fn acknowledges_as_inngest_does() {
        let id = IdSource::new(0, [0; 32]).event(1_000);
        let published = [Published { event: id, started: Vec::new() }];
        assert_eq!(acknowledgement(&published, None), format!(r#"{{"ids":["{id}"],"status":200}}"#));
        let refusal = Refusal::bad("a \"b\"");
        assert_eq!(acknowledgement(&[], Some(&refusal)), r#"{"ids":[],"error":"a \"b\"","status":400}"#);
    }
}
