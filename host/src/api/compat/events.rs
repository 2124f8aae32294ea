//! `/v1/events`: events as they were taken.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Envelope, Refused};
use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::time::Stamp;
use crate::limits;
use crate::model::{Event, EventId};
use crate::store::{EventFilter, EventNames};

type Fields = BTreeMap<String, Box<RawValue>>;

/// `GET /v1/events`. What else is asked is passed over, as Inngest does.
#[derive(Debug, Default, Deserialize)]
pub(in crate::api) struct Listing {
    name: Option<String>,
    received_after: Option<String>,
    received_before: Option<String>,
    limit: Option<usize>,
    /// The `internal_id` of the last event of the page before.
    cursor: Option<String>,
}

impl Listing {
    fn filter(self) -> Result<EventFilter, Problem> {
        let time = |key: &str, text: Option<String>| {
            let read = |text: String| {
                Stamp::read(&text).map_err(|problem| Problem::bad_request("bad_time", format!("{key} {problem}")))
            };
            text.filter(|text| !text.is_empty()).map(read).transpose()
        };
        Ok(EventFilter {
            // The host's own are shown to who asks for them.
            names: self.name.filter(|name| !name.is_empty()).map_or(EventNames::Sent, EventNames::One),
            from: time("received_after", self.received_after)?,
            until: time("received_before", self.received_before)?,
            before: self.cursor.filter(|cursor| !cursor.is_empty()).map(|cursor| cursor.parse()).transpose()?,
            limit: self.limit.unwrap_or(limits::EVENTS_PAGE_DEFAULT).clamp(1, limits::EVENTS_PAGE_MAX),
        })
    }
}

pub(in crate::api) async fn list(
    State(api): State<Api>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Envelope<Vec<Fields>>>, Refused> {
    let Query(listing) = query.map_err(|error| Problem::bad_request("bad_query", error.body_text()))?;
    let events = api.store.events(&api.namespace, listing.filter()?).await?;
    Ok(Envelope::of(&api, events.iter().map(|event| fields(event)).collect()))
}

pub(in crate::api) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Envelope<Fields>>, Refused> {
    let id: EventId = id.parse()?;
    let event = api.store.event(&api.namespace, id).await?.ok_or_else(|| no_such_event(id))?;
    Ok(Envelope::of(&api, fields(&event)))
}

fn fields(event: &Event) -> Fields {
    let mut fields: Fields = serde_json::from_str(event.json.as_str()).unwrap_or_default();
    let more = [
        ("internal_id", json!(event.id.to_string())),
        ("environment_id", json!(event.namespace)),
        ("received_at", json!(Stamp(event.id.created()))),
    ];
    for (name, value) in more {
        if let Ok(value) = serde_json::value::to_raw_value(&value) {
            fields.insert(name.to_owned(), value);
        }
    }
    fields
}

pub(super) fn no_such_event(id: EventId) -> Problem {
    Problem::not_found("no_such_event", format!("there is no event {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_checked() {
        let filter = Listing { limit: Some(1_000), ..Listing::default() }.filter().expect("valid");
        assert_eq!((filter.limit, filter.names), (limits::EVENTS_PAGE_MAX, EventNames::Sent));
        let after = |text: &str| Listing { received_after: Some(text.into()), ..Listing::default() }.filter();
        assert_eq!(after("2026-11-22T08:13:45.443+01:00").expect("valid").from, Some(1_795_331_625_443));
        assert!(after("yesterday").expect_err("no time").detail().starts_with("received_after"));
        assert!(Listing { cursor: Some("x".into()), ..Listing::default() }.filter().is_err());
    }
}
