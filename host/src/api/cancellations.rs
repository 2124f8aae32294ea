//! `/v1/cancellations`: ending many runs at once, in Inngest's shapes.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Api;
use super::compat::{Envelope, Refused};
use super::problem::Problem;
use super::time::Stamp;
use crate::limits;
use crate::model::{CancellationId, FunctionKey, Millis};
use crate::store::{Cancellation, CancellationView, RunFilter, Which};

/// The runs that a client wants cancelled. A key that is not known is refused: the runs that it was to spare would end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The plugin. Without it `function_id` is a composite id.
    app_id: Option<String>,
    function_id: String,
    started_after: Option<String>,
    /// Without it all runs that there are.
    started_before: Option<String>,
    #[serde(rename = "if")]
    filter: Option<String>,
    /// `queued`: only runs that execute nothing at the moment. Not Inngest's.
    status: Option<String>,
}

impl Wanted {
    async fn cancellation(self, api: &Api) -> Result<Cancellation, Problem> {
        let now = api.clock.now();
        let started_after = time("started_after", self.started_after.as_deref())?;
        let started_before = time("started_before", self.started_before.as_deref())?;
        if started_before.is_some_and(|before| before > now + limits::CANCELLATION_AHEAD_MS) {
            return Err(Problem::bad_request("bad_time", "started_before must be in the past"));
        }
        if started_after.unwrap_or(0) > started_before.unwrap_or(now) {
            return Err(Problem::bad_request("bad_time", "started_after must be before started_before"));
        }
        let which = match self.status.as_deref() {
            None => Which::All,
            Some("queued") => Which::Waiting,
            Some(other) => {
                let detail = format!("status is {other:?}: only \"queued\" can be asked for, those that wait");
                return Err(Problem::bad_request("bad_status", detail));
            }
        };
        let composite = match self.app_id.filter(|app| !app.is_empty()) {
            Some(app) => format!("{app}-{}", self.function_id),
            None => self.function_id,
        };
        let cancellation = Cancellation {
            id: api.ids.cancellation(now),
            function: function(api, composite).await?,
            started_after,
            started_before,
            filter: self.filter.filter(|filter| !filter.is_empty()).map(Into::into),
            which,
        };
        cancellation.check().map_err(|error| Problem::bad_request("bad_if", format!("if: {error}")))?;
        Ok(cancellation)
    }
}

fn time(key: &str, text: Option<&str>) -> Result<Option<Millis>, Problem> {
    let read =
        |text| Stamp::read(text).map_err(|problem| Problem::bad_request("bad_time", format!("{key}: {problem}")));
    text.map(read).transpose()
}

/// A function that is live, or that has had runs.
async fn function(api: &Api, composite: String) -> Result<Arc<FunctionKey>, Problem> {
    if let Some(live) = api.registry.snapshot().function(&api.namespace, &composite) {
        return Ok(live.key.clone());
    }
    let filter = RunFilter { function: Some(composite.clone()), limit: 1, ..RunFilter::default() };
    let runs = api.store.runs(&api.namespace, filter).await?;
    let known = runs.first().map(|run| run.function.clone());
    known.ok_or_else(|| Problem::not_found("no_such_function", format!("there is no function {composite:?}")))
}

/// A cancellation, with Inngest's keys; `status`, `runs` and `is_finished` are ours.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    id: String,
    name: Option<String>,
    created_at: Stamp,
    environment_id: String,
    app_id: String,
    /// The composite id.
    function_id: String,
    started_after: Option<Stamp>,
    started_before: Stamp,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    filter: Option<Arc<str>>,
    kind: &'static str,
    cause: &'static str,
    status: Option<&'static str>,
    /// How many it has told to end.
    runs: u64,
    is_finished: bool,
}

impl Shown {
    fn of(view: &CancellationView) -> Self {
        let Cancellation { id, function, started_after, started_before, filter, which } = &view.cancellation;
        Self {
            id: id.to_string(),
            name: None,
            created_at: Stamp(id.created()),
            environment_id: function.namespace.to_string(),
            app_id: function.plugin.to_string(),
            function_id: function.composite(),
            started_after: started_after.map(Stamp),
            started_before: Stamp(started_before.unwrap_or(id.created())),
            filter: filter.clone(),
            kind: "bulk_run",
            cause: "API",
            status: (*which == Which::Waiting).then_some("queued"),
            runs: view.told,
            is_finished: view.is_finished,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Says how many runs would be told to end, and tells none.
    dry_run: Option<bool>,
}

pub(super) async fn create(
    State(api): State<Api>,
    query: Result<Query<Asked>, QueryRejection>,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Envelope<Value>>, Refused> {
    let Query(asked) = query.map_err(|error| Problem::bad_request("bad_query", error.body_text()))?;
    let Json(wanted) = body.map_err(|error| Problem::bad_request("bad_cancellation", error.body_text()))?;
    let cancellation = wanted.cancellation(&api).await?;
    if asked.dry_run.unwrap_or_default() {
        let estimate = api.store.estimate(cancellation).await?;
        return Ok(Envelope::of(&api, json!({ "runs": estimate.runs, "is_all": estimate.is_all })));
    }
    let view = api.store.cancel_many(cancellation).await?;
    Ok(Envelope::of(&api, json!(Shown::of(&view))))
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Envelope<Vec<Shown>>>, Refused> {
    let views = api.store.cancellations(&api.namespace).await?;
    Ok(Envelope::of(&api, views.iter().map(Shown::of).collect()))
}

/// Runs that it has not reached go on.
pub(super) async fn forget(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Envelope<Value>>, Refused> {
    let id: CancellationId = id.parse()?;
    match api.store.forget_cancellation(&api.namespace, id).await? {
        true => Ok(Envelope::of(&api, json!({ "ok": true }))),
        false => Err(Problem::not_found("no_such_cancellation", format!("there is no cancellation {id}")).into()),
    }
}
