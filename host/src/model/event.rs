//! Events: what starts runs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::function::FunctionKey;
use super::id::{EventId, Namespace};
use super::json::{Json, mended};
use super::schedule::Occurrence;
use super::sessions::{self, Sessions};
use super::time::Millis;
use crate::limits;

/// An event as the host keeps it and as guests see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub namespace: Namespace,
    pub name: Arc<str>,
    /// The sender's own `id`: an idempotency key for each function it starts.
    pub sender_id: Option<Arc<str>>,
    /// Under what it was sent: sent again under the same seed it is the same event. Known only on its way in.
    pub seed: Option<Arc<str>>,
    /// When it happened, by the sender's word, else when it was received.
    pub at: Millis,
    /// The whole event as guests get it: `name`, `data`, `id`, `ts`, and `user`, `v` where they were sent.
    pub json: Json,
}

/// The name of an occurrence of a schedule. Inngest's.
const SCHEDULED: &str = "inngest/scheduled.timer";

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("event name is missing: give a \"name\", such as \"shop/product.imported\"")]
    NameMissing,
    #[error("event name has {0} bytes, the limit is {max}", max = limits::EVENT_NAME_MAX_BYTES)]
    NameTooLong(usize),
    #[error("event name {0:?} is reserved: names that begin with \"inngest/\" are the host's own")]
    NameReserved(String),
    #[error("event ts {0} is out of range: milliseconds since 1970, between the years 1980 and 2100")]
    TimeOutOfRange(i64),
    #[error("event has {0} bytes, the limit is {max}", max = limits::EVENT_MAX_BYTES)]
    TooLarge(usize),
    #[error("event data has to be a JSON object")]
    DataNotObject,
    #[error("event user has to be a JSON object")]
    UserNotObject,
    #[error("event meta {0}")]
    BadMeta(String),
    #[error("event is not valid JSON of the expected shape: {0}")]
    Malformed(String),
}

/// The wire form. Field order is what guests see.
#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    ts: Option<i64>,
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
    #[serde(default)]
    v: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    meta: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Outgoing<'a> {
    name: &'a str,
    data: &'a RawValue,
    id: &'a str,
    ts: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

#[derive(Serialize)]
struct Meta {
    sessions: Sessions,
}

impl Event {
    /// Reads an event as a user sends it, checks it and gives it the id. `now` is when it was received.
    pub fn receive(text: &str, namespace: &Namespace, id: EventId, now: Millis) -> Result<Self, EventError> {
        if text.len() > limits::EVENT_MAX_BYTES {
            return Err(EventError::TooLarge(text.len()));
        }
        let malformed = |error: &dyn std::fmt::Display| EventError::Malformed(error.to_string());
        let text = &*mended(text);
        Json::check(text).map_err(|error| malformed(&error))?;
        let incoming: Incoming<'_> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        let name = incoming.name.as_deref().filter(|name| !name.is_empty()).ok_or(EventError::NameMissing)?;
        check_name(name)?;
        let at = match incoming.ts {
            None | Some(0) => now,
            Some(ts) => check_time(ts)?,
        };
        let data = read_data(incoming.data)?;
        let sender_id = incoming.id.as_deref().filter(|id| !id.is_empty());
        let internal = id.to_string();
        let outgoing = Outgoing {
            name,
            data: serde_json::from_str(&data).map_err(|error| malformed(&error))?,
            id: sender_id.unwrap_or(&internal),
            ts: at,
            user: read_user(incoming.user)?,
            v: incoming.v.as_deref().filter(|v| !v.is_empty()),
            meta: incoming.meta.map(read_meta).transpose()?.flatten(),
        };
        Ok(Self {
            id,
            namespace: namespace.clone(),
            name: name.into(),
            sender_id: sender_id.map(Into::into),
            seed: None,
            at,
            json: Json::of(&outgoing),
        })
    }

    /// The event of an occurrence of a function's schedule: the same id whenever it is made.
    pub fn scheduled(id: EventId, function: &FunctionKey, cron: &str, occurrence: Occurrence) -> Self {
        let time = |at: Millis| {
            let at = chrono::DateTime::from_timestamp_millis(at as i64).unwrap_or_default();
            at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        };
        let scheduled = time(occurrence.scheduled);
        let data = serde_json::json!({ "cron": cron, "scheduledAt": scheduled, "fireAt": time(occurrence.at) });
        let sender_id = format!("{function}@{scheduled}");
        Self::lifecycle(SCHEDULED, id, &function.namespace, &sender_id, occurrence.at, &Json::of(&data))
    }

    /// Under what it starts each function once. The host's own events are made once and need nothing of the kind, but
    /// an occurrence of a schedule may be fired twice.
    pub fn once_under(&self) -> Option<&str> {
        let may_repeat = !self.name.starts_with("inngest/") || *self.name == *SCHEDULED;
        self.sender_id.as_deref().filter(|_| may_repeat)
    }

    /// An event of the host's own (`inngest/…`), which no limit of size applies to: no failure is too big to be told.
    pub fn lifecycle(name: &str, id: EventId, namespace: &Namespace, sender_id: &str, at: Millis, data: &Json) -> Self {
        let raw = |json| serde_json::from_str(json).expect("a Json holds valid JSON");
        // Inngest's own events always have a `user`.
        let (data, user) = (raw(data.as_str()), Some(raw("{}")));
        let outgoing = Outgoing { name, data, id: sender_id, ts: at, user, v: None, meta: None };
        Self {
            id,
            namespace: namespace.clone(),
            name: name.into(),
            sender_id: Some(sender_id.into()),
            seed: None,
            at,
            json: Json::of(&outgoing),
        }
    }
}

impl Event {
    /// The same with the sessions of another, which it came of.
    pub fn in_sessions_of(mut self, other: &Self) -> Self {
        #[derive(Deserialize)]
        struct Other<'a> {
            #[serde(borrow, default)]
            meta: Option<&'a RawValue>,
        }
        let other = serde_json::from_str::<Other<'_>>(other.json.as_str()).ok();
        if let Some(meta) = other.and_then(|other| other.meta) {
            let text = self.json.as_str();
            let fields = text.strip_suffix('}').unwrap_or(text);
            self.json = Json::trusted(format!(r#"{fields},"meta":{meta}}}"#));
        }
        self
    }
}

fn check_name(name: &str) -> Result<(), EventError> {
    if name.len() > limits::EVENT_NAME_MAX_BYTES {
        return Err(EventError::NameTooLong(name.len()));
    }
    if name.get(..8).is_some_and(|prefix| prefix.eq_ignore_ascii_case("inngest/")) {
        return Err(EventError::NameReserved(name.to_owned()));
    }
    Ok(())
}

fn check_time(ts: i64) -> Result<Millis, EventError> {
    let fits = (limits::EVENT_TIME_MIN..limits::EVENT_TIME_MAX).contains(&ts);
    if fits { Ok(ts as Millis) } else { Err(EventError::TimeOutOfRange(ts)) }
}

/// An object; `_inngest` in it is the host's own, however it is written.
fn read_data(data: Option<&RawValue>) -> Result<Cow<'_, str>, EventError> {
    let data = match data.map(RawValue::get) {
        None | Some("null") => return Ok("{}".into()),
        Some(data) if !data.starts_with('{') => return Err(EventError::DataNotObject),
        Some(data) => data,
    };
    // Each of its characters may be an escape.
    if !data.contains("_inngest") && !data.contains("\\u00") {
        return Ok(data.into());
    }
    let mut fields: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(data).map_err(|error| EventError::Malformed(error.to_string()))?;
    Ok(match fields.remove("_inngest") {
        None => data.into(),
        Some(_) => Json::of(&fields).as_str().to_owned().into(),
    })
}

fn read_user(user: Option<&RawValue>) -> Result<Option<&RawValue>, EventError> {
    match user.map(RawValue::get) {
        Some(text) if !text.starts_with('{') => Err(EventError::UserNotObject),
        _ => Ok(user),
    }
}

fn read_meta(meta: &RawValue) -> Result<Option<Meta>, EventError> {
    let sessions = sessions::read(meta.get()).map_err(EventError::BadMeta)?;
    Ok((!sessions.is_empty()).then_some(Meta { sessions }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdSource;

    fn receive(text: &str) -> Result<Event, EventError> {
        Event::receive(text, &Namespace::default(), IdSource::new(0, [0; 32]).event(1_000), 1_000)
    }

    #[test]
    fn fills_in_what_is_missing() {
        let event = receive(r#"{"name":"shop/a"}"#).expect("valid");
        assert_eq!(event.at, 1_000);
        let id = event.id;
        assert_eq!(event.json.as_str(), format!(r#"{{"name":"shop/a","data":{{}},"id":"{id}","ts":1000}}"#));
    }

    #[test]
    fn strips_the_reserved_key() {
        let event = receive(r#"{"name":"a","data":{"_inngest":{"x":1},"b":2}}"#).expect("valid");
        assert!(event.json.as_str().contains(r#""data":{"b":2}"#), "{}", event.json);
        let event = receive(r#"{"name":"a","data":{"b":2,"\u005finn\u0067est":{}}}"#).expect("valid");
        assert!(event.json.as_str().contains(r#""data":{"b":2}"#), "{}", event.json);
        let event = receive(r#"{"name":"a","data":{"z":"\u0061_inngest","b":1e2}}"#).expect("valid");
        assert!(event.json.as_str().contains(r#""data":{"z":"\u0061_inngest","b":1e2}"#), "{}", event.json);
    }

    #[test]
    fn keeps_what_inngest_keeps() {
        let event = receive(r#"{"name":"a","user":{"u":1},"v":"2","meta":{"sessions":{"s":1},"x":2},"other":3}"#);
        let json = event.expect("valid").json.to_value();
        assert_eq!(json["user"], serde_json::json!({ "u": 1 }));
        assert_eq!((&json["v"], json.get("other")), (&"2".into(), None));
        assert_eq!(json["meta"], serde_json::json!({ "sessions": { "s": "1" } }));
        let event = receive(r#"{"name":"a","user":null,"v":"","meta":{},"data":null}"#).expect("valid");
        assert_eq!(event.json.to_value().as_object().map(serde_json::Map::len), Some(4), "{}", event.json);
    }

    #[test]
    fn what_is_taken_can_be_read() {
        let event = receive(r#"{"name":"a","data":{"x":"\ud800","y":"\ud83d\ude00"}}"#).expect("valid");
        assert_eq!(event.json.to_value()["data"], serde_json::json!({ "x": "\u{fffd}", "y": "😀" }));
        for bad in [r#"{"name":"a","data":{"x":1e999}}"#, r#"{"name":"a","else":1e999}"#] {
            assert!(matches!(receive(bad), Err(EventError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn what_comes_of_an_event_is_of_its_sessions() {
        let told = |cause: &str| {
            let cause = receive(cause).expect("valid");
            let data = Json::trusted(r#"{"a":{}}"#);
            let event = Event::lifecycle("inngest/x", cause.id, &cause.namespace, "1", 5, &data);
            event.in_sessions_of(&cause).json.to_value()
        };
        let json = serde_json::json!({ "name": "inngest/x", "data": { "a": {} }, "id": "1", "ts": 5, "user": {} });
        assert_eq!(told(r#"{"name":"a","data":{"meta":{"x":1}}}"#), json);
        let mut with_meta = json;
        with_meta["meta"] = serde_json::json!({ "sessions": { "s": "1" } });
        assert_eq!(told(r#"{"name":"a","meta":{"sessions":{"s":"1"}}}"#), with_meta);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(receive("{}"), Err(EventError::NameMissing));
        assert_eq!(receive(r#"{"name":"Inngest/x"}"#), Err(EventError::NameReserved("Inngest/x".into())));
        assert_eq!(receive(r#"{"name":"a","ts":5}"#), Err(EventError::TimeOutOfRange(5)));
        assert_eq!(receive(r#"{"name":"a","data":[1]}"#), Err(EventError::DataNotObject));
        assert_eq!(receive(r#"{"name":"a","user":"x"}"#), Err(EventError::UserNotObject));
        assert!(matches!(receive(r#"{"name":"a","meta":1}"#), Err(EventError::BadMeta(_))));
        assert!(matches!(receive(r#"{"name":"a","v":1}"#), Err(EventError::Malformed(_))));
        assert!(matches!(receive(r#"{"name":1}"#), Err(EventError::Malformed(_))));
        let big = format!(r#"{{"name":"a","data":{{"x":"{}"}}}}"#, "y".repeat(limits::EVENT_MAX_BYTES));
        assert!(matches!(receive(&big), Err(EventError::TooLarge(_))));
    }
}
