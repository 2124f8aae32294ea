//! `/v1/` and `/dev`: what Inngest's clients ask, in Inngest's shapes.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::runs;
use super::time::Stamp;
use crate::model::{EventId, Json as JsonText, Outcome, RunId, Status};
use crate::store::{RunView, Signal};

/// An error as Inngest's API tells it.
pub(super) struct Refused(Problem);

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "error": self.0.detail(), "status": self.0.status() }))).into_response()
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Envelope<T> {
    data: T,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
struct Metadata {
    fetched_at: Stamp,
    cached_until: Stamp,
}

impl<T> Envelope<T> {
    /// Nothing is cached.
    fn of(api: &Api, data: T) -> Json<Self> {
        let now = Stamp(api.clock.now());
        Json(Self { data, metadata: Metadata { fetched_at: now, cached_until: now } })
    }
}

/// Inngest gives UUIDs for function and environment; these are what the host knows them by.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    run_id: String,
    run_started_at: Stamp,
    function_id: String,
    function_version: u32,
    environment_id: String,
    event_id: Option<String>,
    status: &'static str,
    ended_at: Option<Stamp>,
    output: JsonText,
}

impl Run {
    fn of(view: &RunView) -> Self {
        let output = match view.ended.as_ref().map(|ended| &ended.outcome) {
            None | Some(Outcome::Cancelled { .. } | Outcome::Skipped { .. }) => JsonText::null(),
            Some(Outcome::Completed(output)) => output.clone(),
            Some(Outcome::Failed(failure)) => JsonText::of(&failure.to_output()),
        };
        Self {
            run_id: view.id.to_string(),
            run_started_at: Stamp(view.id.created()),
            function_id: view.function.composite(),
            function_version: 0,
            environment_id: view.function.namespace.to_string(),
            event_id: view.events.first().map(ToString::to_string),
            status: match view.status {
                Status::Queued => "Scheduled",
                Status::Running => "Running",
                Status::Completed => "Completed",
                Status::Failed => "Failed",
                Status::Cancelled => "Cancelled",
                Status::Skipped => "Skipped",
            },
            ended_at: view.ended.as_ref().map(|ended| Stamp(ended.at)),
            output,
        }
    }
}

pub(super) async fn run(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Envelope<Run>>, Refused> {
    let id: RunId = id.parse()?;
    let view = api.store.run(&api.namespace, id).await?;
    let view = view.ok_or_else(|| Problem::not_found("no_such_run", format!("there is no run {id}")))?;
    Ok(Envelope::of(&api, Run::of(&view)))
}

/// `DELETE /v1/runs/{id}`: cancels.
pub(super) async fn cancel(api: State<Api>, id: Path<String>) -> Result<StatusCode, Refused> {
    Ok(runs::cancel(api, id).await?)
}

/// `POST /v1/signals`: `{"signal": …, "data": …}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalBody {
    signal: String,
    #[serde(default)]
    data: Value,
}

pub(super) async fn signal(
    State(api): State<Api>,
    body: Result<Json<SignalBody>, JsonRejection>,
) -> Result<Json<Envelope<Value>>, Refused> {
    let Json(SignalBody { signal, data }) =
        body.map_err(|error| Problem::bad_request("bad_signal", error.body_text()))?;
    let wanted = Signal { signal: signal.as_str().into(), data: JsonText::of(&data) };
    match api.store.signal(&api.namespace, wanted).await? {
        Some(run) => Ok(Envelope::of(&api, json!({ "run_id": run.to_string() }))),
        None => Err(Problem::not_found("no_one_waits", format!("no run waits for signal {signal:?}")).into()),
    }
}

pub(super) async fn runs_of_event(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Envelope<Vec<Run>>>, Refused> {
    let id: EventId = id.parse()?;
    let views = api.store.runs_of_event(&api.namespace, id).await?;
    let views = views.ok_or_else(|| no_such_event(id))?;
    Ok(Envelope::of(&api, views.iter().map(Run::of).collect()))
}

type Fields = BTreeMap<String, Box<RawValue>>;

pub(super) async fn event(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Envelope<Fields>>, Refused> {
    let id: EventId = id.parse()?;
    let event = api.store.event(&api.namespace, id).await?.ok_or_else(|| no_such_event(id))?;
    let mut fields: Fields = serde_json::from_str(event.json.as_str()).unwrap_or_default();
    let more = [
        ("internal_id", json!(id.to_string())),
        ("environment_id", json!(event.namespace)),
        ("received_at", json!(Stamp(id.created()))),
    ];
    for (name, value) in more {
        if let Ok(value) = serde_json::value::to_raw_value(&value) {
            fields.insert(name.to_owned(), value);
        }
    }
    Ok(Envelope::of(&api, fields))
}

fn no_such_event(id: EventId) -> Problem {
    Problem::not_found("no_such_event", format!("there is no event {id}"))
}

/// What Inngest's SDKs ask to find out whether a development server is there.
pub(super) async fn dev(State(api): State<Api>) -> Json<Value> {
    let snapshot = api.registry.snapshot();
    let functions: Vec<_> = snapshot
        .functions()
        .filter(|function| function.key.namespace == api.namespace)
        .map(|function| json!({ "id": function.key.composite(), "name": &*function.definition.name }))
        .collect();
    Json(json!({
        "version": concat!("stepwell-", env!("CARGO_PKG_VERSION")),
        "authed": api.signing_key.is_some(),
        "startOpts": {},
        "functions": functions,
        "handlers": [],
        "isSingleNodeService": true,
        "isMissingSigningKey": false,
        "isMissingEventKeys": false,
    }))
}
