//! Doing runs over: one, or all failed ones that a filter names.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Api;
use super::problem::Problem;
use super::time::Stamp;
use crate::limits;
use crate::model::{Json as JsonText, OpKey, RunId, Status};
use crate::router::replay::{Code, Error, FailureFilter, Start};
use crate::store::{Repeat, Replayed, RunFilter, RunView};

/// `{}`, or which step it begins with, and on which version.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[serde(default)]
    from: Option<From>,
    /// What that step gets in place of its code's own input.
    #[serde(default)]
    input: Option<Box<RawValue>>,
    #[serde(default)]
    version: Version,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    id: String,
    #[serde(default)]
    n: u32,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Version {
    #[default]
    Live,
    /// The one that the run was on.
    Same,
}

impl Version {
    fn code(self) -> Code {
        match self {
            Self::Live => Code::Live,
            Self::Same => Code::Same,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Begun {
    run_id: String,
}

/// A request without a body asks for nothing special.
fn read<T: Default + DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|error| Problem::bad_request("bad_body", error.to_string()))
}

/// `POST /api/v1/runs/{id}/replay`: over from its beginning, or from a step.
pub(super) async fn replay(
    State(api): State<Api>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let Wish { from, input, version } = read(&body)?;
    let start = match (from, input) {
        (None, None) => Start::Beginning,
        (None, Some(_)) => {
            return Err(Problem::bad_request("bad_body", "an input goes with the step that is to get it: say `from`"));
        }
        (Some(From { id, n }), input) => {
            let input = input.map(|input| JsonText::parse(input.get())).transpose();
            let input = input.map_err(|error| Problem::bad_request("bad_input", error.to_string()))?;
            Start::Step { key: OpKey::new(id, n), input }
        }
    };
    begin(&api, &id, &start, version).await
}

/// `POST /api/v1/runs/{id}/retry`: over with all that had succeeded.
pub(super) async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let wish: Wish = read(&body)?;
    if wish.from.is_some() || wish.input.is_some() {
        return Err(Problem::bad_request(
            "bad_body",
            "a retry keeps all that had succeeded: `replay` begins with a step",
        ));
    }
    let run = find(&api, &id).await?;
    if run.status == Status::Completed {
        let detail = format!("run {} has completed: there is nothing to be tried again; `replay` does it over", run.id);
        return Err(Problem::conflict("run_has_completed", detail));
    }
    begin(&api, &id, &Start::Unfinished, wish.version).await
}

async fn begin(api: &Api, id: &str, start: &Start, version: Version) -> Result<(StatusCode, Json<Begun>), Problem> {
    let run = find(api, id).await?;
    let (Replayed::Started(run) | Replayed::Before(run)) =
        api.router.replay(&run, start, version.code(), Repeat::Again).await?
    else {
        return Err(Problem::conflict("not_started", "the function does not let it start"));
    };
    Ok((StatusCode::CREATED, Json(Begun { run_id: run.to_string() })))
}

async fn find(api: &Api, id: &str) -> Result<RunView, Problem> {
    let id: RunId = id.parse()?;
    let run = api.store.run(&api.namespace, id).await?;
    run.ok_or_else(|| Problem::not_found("no_such_run", format!("there is no run {id}")))
}

/// FailureFilter failed runs are tried again.
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
    filter: Option<String>,
    /// Nothing is started: only counted.
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    version: Version,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Outcomes {
    /// The runs that try others again, newest failure first.
    retried: Vec<Again>,
    /// Failed runs that were tried again before.
    already: usize,
    /// Failed runs that could not be, and why.
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Again {
    run_id: String,
    /// `null` in a dry run.
    retried_by: Option<String>,
}

#[derive(Debug, Serialize)]
struct Refused {
    run_id: String,
    reason: String,
}

/// `POST /api/v1/failures/retry`: each failed run that fits, once. Asked again it goes on where it was left: what was
/// tried again is not tried once more.
pub(super) async fn retry_failures(State(api): State<Api>, body: Bytes) -> Result<Json<Outcomes>, Problem> {
    let wanted: Wanted = read(&body)?;
    let time = |text: &Option<String>| text.as_deref().map(Stamp::read).transpose();
    let time = |text| time(text).map_err(|problem| Problem::bad_request("bad_time", problem));
    let (after, before) =
        (time(&wanted.started_after)?.unwrap_or(0), time(&wanted.started_before)?.unwrap_or(u64::MAX));
    let filter = wanted.filter.as_deref().map(FailureFilter::read).transpose();
    let filter = filter.map_err(|error| Problem::bad_request("bad_expression", error.to_string()))?;
    let mut outcomes = Outcomes::default();
    let mut cursor = None;
    loop {
        let page = RunFilter {
            status: Some(Status::Failed),
            function: wanted.function.clone(),
            before: cursor,
            dead_letters: wanted.dead_letters,
            limit: limits::PAGE_MAX,
        };
        let runs = api.store.runs(&api.namespace, page).await?;
        for run in runs.iter().filter(|run| (after..before).contains(&run.id.created())) {
            if fits(&api, filter.as_ref(), run).await? {
                retry_one(&api, &wanted, run, &mut outcomes).await?;
            }
        }
        cursor = runs.last().map(|run| run.id);
        if runs.len() < limits::PAGE_MAX || cursor.is_some_and(|oldest| oldest.created() < after) {
            return Ok(Json(outcomes));
        }
    }
}

async fn fits(api: &Api, filter: Option<&FailureFilter>, run: &RunView) -> Result<bool, Problem> {
    let Some(filter) = filter else { return Ok(true) };
    let event = match run.events.first() {
        Some(event) => api.store.event(&api.namespace, *event).await?,
        None => None,
    };
    Ok(filter.fits(run, event.as_deref()))
}

async fn retry_one(api: &Api, wanted: &Wanted, run: &RunView, outcomes: &mut Outcomes) -> Result<(), Problem> {
    let run_id = run.id.to_string();
    let Some(whole) = api.store.run(&api.namespace, run.id).await? else { return Ok(()) };
    if !whole.replays.is_empty() {
        outcomes.already += 1;
        return Ok(());
    }
    if wanted.dry_run {
        outcomes.retried.push(Again { run_id, retried_by: None });
        return Ok(());
    }
    match api.router.replay(&whole, &Start::Unfinished, wanted.version.code(), Repeat::Once).await {
        Ok(Replayed::Started(by)) => outcomes.retried.push(Again { run_id, retried_by: Some(by.to_string()) }),
        Ok(_) => outcomes.already += 1,
        Err(Error::Store(error)) => return Err(error.into()),
        Err(error) => outcomes.refused.push(Refused { run_id, reason: error.to_string() }),
    }
    Ok(())
}

impl std::convert::From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Store(error) => error.into(),
            Error::NoSuchStep { .. } => Self::not_found("no_such_step", detail),
            Error::Unended(_) => Self::conflict("run_has_not_ended", detail),
            Error::NotLive(_) => Self::conflict("function_not_live", detail),
            Error::Gone(_) | Error::NoEvents(_) => Self::conflict("gone", detail),
            Error::Refused(_) => Self::conflict("not_started", detail),
        }
    }
}
