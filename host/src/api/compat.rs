//! `/v1/` and `/dev`: what Inngest's clients ask, in Inngest's shapes.

pub(super) mod events;

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
use crate::model::{Entry, EventId, FunctionKey, Json as JsonText, Outcome, Record, RunId, Status, awaited};
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
    pub(super) fn of(api: &Api, data: T) -> Json<Self> {
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
            None | Some(Outcome::Skipped { .. }) => JsonText::null(),
            Some(Outcome::Cancelled { .. }) => JsonText::trusted("{}"),
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
                Status::Queued if !view.has_begun => "Scheduled",
                Status::Queued | Status::Running => "Running",
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
    let view = view.ok_or_else(|| no_such_run(id))?;
    Ok(Envelope::of(&api, Run::of(&view)))
}

fn no_such_run(id: RunId) -> Problem {
    Problem::not_found("no_such_run", format!("there is no run {id}"))
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
    data: Option<Box<RawValue>>,
}

pub(super) async fn signal(
    State(api): State<Api>,
    body: Result<Json<SignalBody>, JsonRejection>,
) -> Result<Json<Envelope<Value>>, Refused> {
    let Json(SignalBody { signal, data }) =
        body.map_err(|error| Problem::bad_request("bad_signal", error.body_text()))?;
    let data = data.map_or_else(|| Ok(JsonText::null()), |data| JsonText::parse(data.get()));
    let data = data.map_err(|error| Problem::bad_request("bad_signal", format!("data: {error}")))?;
    let wanted = Signal { signal: signal.as_str().into(), data };
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
    let views = views.ok_or_else(|| events::no_such_event(id))?;
    Ok(Envelope::of(&api, views.iter().map(Run::of).collect()))
}

/// The runs ahead of a run, as Inngest's queue would have it.
#[derive(Debug, Serialize)]
pub(super) struct Job {
    #[serde(rename = "JobID")]
    id: String,
    /// When it is due; `null` where only something from outside makes it go on.
    at: Option<Stamp>,
    position: u32,
    kind: &'static str,
    attempt: u32,
}

impl Job {
    fn of(run: RunId, position: usize, record: &Record) -> Self {
        let (kind, at, attempt) = match &record.entry {
            Entry::Sleep { until, .. } => ("sleep", Some(*until), 0),
            Entry::Waits { until, .. } => ("pause", *until, 0),
            Entry::StepRetry { error, retry_at, .. } | Entry::BodyRetry { error, retry_at } => {
                ("edge", Some(*retry_at), error.attempt + 1)
            }
            _ => ("edge", Some(record.at), 0),
        };
        let position = position as u32;
        Self { id: format!("{run}.{}", record.order), at: at.map(Stamp), position, kind, attempt }
    }

    /// A run that has recorded nothing that it waits for: it executes, or waits for its turn.
    fn next(view: &RunView) -> Self {
        let kind = if view.journal.is_empty() { "start" } else { "edge" };
        let at = view.due.unwrap_or_else(|| view.id.created());
        Self { id: view.id.to_string(), at: Some(Stamp(at)), position: 0, kind, attempt: 0 }
    }
}

/// `GET /v1/runs/{id}/jobs`: none once the run has ended.
pub(super) async fn jobs(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Envelope<Vec<Job>>>, Refused> {
    let id: RunId = id.parse()?;
    let view = api.store.run(&api.namespace, id).await?;
    let view = view.ok_or_else(|| no_such_run(id))?;
    let mut jobs: Vec<Job> = match view.ended {
        Some(_) => return Ok(Envelope::of(&api, Vec::new())),
        None => awaited(&view.journal).into_iter().enumerate().map(|(n, record)| Job::of(id, n, record)).collect(),
    };
    if jobs.is_empty() {
        jobs.push(Job::next(&view));
    }
    Ok(Envelope::of(&api, jobs))
}

/// A function, as Inngest keeps it. Where that has UUIDs this has what the host knows things by.
#[derive(Debug, Serialize)]
pub(super) struct Function {
    internal_id: String,
    env_id: String,
    app_id: String,
    id: String,
    name: String,
    config: JsonText,
    created_at: Stamp,
    archived_at: Option<Stamp>,
}

/// `GET /v1/apps/{app}/functions`: no envelope around these.
pub(super) async fn functions(State(api): State<Api>, Path(app): Path<String>) -> Result<Json<Vec<Function>>, Refused> {
    let snapshot = api.registry.snapshot();
    let own = |key: &FunctionKey| key.namespace == api.namespace && key.plugin.as_str() == app;
    let functions: Vec<_> = snapshot
        .functions()
        .filter(|function| own(&function.key))
        .map(|function| Function {
            internal_id: function.key.composite(),
            env_id: function.key.namespace.to_string(),
            app_id: function.key.plugin.to_string(),
            id: function.key.composite(),
            name: function.definition.name.to_string(),
            config: function.definition.to_json(),
            created_at: Stamp(function.activated),
            archived_at: None,
        })
        .collect();
    if functions.is_empty() {
        return Err(Problem::not_found("no_such_app", format!("there is no live plugin {app:?}")).into());
    }
    Ok(Json(functions))
}

/// The request of Inngest's SDKs to find out whether a development server is there.
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
