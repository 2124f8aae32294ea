//! Bulk retries: all failed runs that a filter names, each once, however the request or the host ends.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::Api;
use super::problem::Problem;
use super::replays::read;
use super::time::Stamp;
use crate::model::{BulkRetryId, Millis};
use crate::store::{BulkRetry, BulkRetryView, Code, FailedRuns, Refusal};

/// Which failed runs are to be retried. A key that is not known is refused: it was to spare some of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Composite id.
    #[serde(default)]
    function: Option<String>,
    /// Only failed runs of failure functions.
    #[serde(default)]
    dead_letters: bool,
    /// Started then or later; RFC 3339.
    #[serde(default)]
    started_after: Option<String>,
    /// Started before; RFC 3339.
    #[serde(default)]
    started_before: Option<String>,
    /// CEL over `event`, the run's `inngest/function.failed`: `event.data.error.name == 'TimeoutError'`.
    #[serde(rename = "if", default)]
    filter: Option<Arc<str>>,
    /// Nothing is started: only counted.
    #[serde(default)]
    dry_run: bool,
    /// `live`, or `same`: the version that each run was on.
    #[serde(default)]
    version: Code,
}

impl Wanted {
    fn which(self) -> Result<FailedRuns, Problem> {
        let which = FailedRuns {
            function: self.function,
            dead_letters: self.dead_letters,
            started_after: time("started_after", self.started_after.as_deref())?,
            started_before: time("started_before", self.started_before.as_deref())?,
            filter: self.filter,
        };
        which.check().map_err(|error| Problem::bad_request("bad_expression", error.to_string()))?;
        Ok(which)
    }
}

fn time(key: &str, text: Option<&str>) -> Result<Option<Millis>, Problem> {
    let read =
        |text| Stamp::read(text).map_err(|problem| Problem::bad_request("bad_time", format!("{key}: {problem}")));
    text.map(read).transpose()
}

/// A bulk retry, and how far it has come.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    id: String,
    created_at: Stamp,
    function: Option<String>,
    dead_letters: bool,
    started_after: Option<Stamp>,
    started_before: Option<Stamp>,
    #[serde(rename = "if")]
    filter: Option<Arc<str>>,
    version: Code,
    /// Runs that it has retried.
    retried: u64,
    /// Runs that had been retried before.
    already: u64,
    /// Runs that could not be retried.
    refused: u64,
    /// The first of these, and why.
    refusals: Vec<Refusal>,
    /// All runs have been looked at.
    is_finished: bool,
}

impl Shown {
    fn of(view: BulkRetryView) -> Self {
        let BulkRetryView { retry, retried, already, refused, refusals, is_finished, .. } = view;
        let BulkRetry { id, which, code, .. } = retry;
        Self {
            id: id.to_string(),
            created_at: Stamp(id.created()),
            function: which.function,
            dead_letters: which.dead_letters,
            started_after: which.started_after.map(Stamp),
            started_before: which.started_before.map(Stamp),
            filter: which.filter,
            version: code,
            retried,
            already,
            refused,
            refusals,
            is_finished,
        }
    }
}

/// The effect that a bulk retry would have.
#[derive(Debug, Serialize)]
struct DryRun {
    runs: u64,
    /// The newest of them, at most 1,000.
    run_ids: Vec<String>,
    already: u64,
    /// False: there may be more, it looked no further.
    is_all: bool,
}

/// `POST /api/v1/failures/retry`: 202 as soon as the wish is written down; 200 with what it would do for a dry run.
pub(super) async fn create(State(api): State<Api>, body: Bytes) -> Result<Response, Problem> {
    let wanted: Wanted = read(&body)?;
    let (is_dry, code) = (wanted.dry_run, wanted.version);
    let which = wanted.which()?;
    if is_dry {
        let dry = api.retries.dry_run(&api.namespace, &which).await?;
        let run_ids = dry.first.iter().map(ToString::to_string).collect();
        let shown = DryRun { runs: dry.runs, run_ids, already: dry.already, is_all: dry.is_all };
        return Ok(Json(shown).into_response());
    }
    let id = api.ids.bulk_retry(api.clock.now());
    let view = api.retries.begin(BulkRetry { id, namespace: api.namespace.clone(), which, code }).await?;
    Ok((StatusCode::ACCEPTED, Json(Shown::of(view))).into_response())
}

/// `GET /api/v1/failures/retries`, newest first.
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<Shown>>, Problem> {
    let views = api.store.bulk_retries(&api.namespace).await?;
    Ok(Json(views.into_iter().map(Shown::of).collect()))
}

/// `GET /api/v1/failures/retries/{id}`
pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Shown>, Problem> {
    let id: BulkRetryId = id.parse()?;
    let views = api.store.bulk_retries(&api.namespace).await?;
    let view = views.into_iter().find(|view| view.retry.id == id).ok_or_else(|| no_such_retry(id))?;
    Ok(Json(Shown::of(view)))
}

/// `DELETE /api/v1/failures/retries/{id}`: runs that it has not reached stay as they are.
pub(super) async fn forget(State(api): State<Api>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let id: BulkRetryId = id.parse()?;
    match api.store.forget_bulk_retry(&api.namespace, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_retry(id)),
    }
}

fn no_such_retry(id: BulkRetryId) -> Problem {
    Problem::not_found("no_such_bulk_retry", format!("there is no bulk retry {id}"))
}
