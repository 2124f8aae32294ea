//! Replays and retries of one run.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Api;
use super::problem::Problem;
use crate::model::{Json as JsonText, OpKey, RunId, Status};
use crate::router::replay::{Code, Error, Start};
use crate::store::{Repeat, Replayed, RunView};

/// `{}`, or which step it begins with, and on which version.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[serde(default)]
    from: Option<From>,
    /// The input that the step gets in place of its code's own.
    #[serde(default)]
    input: Option<Box<RawValue>>,
    /// `live`, or `same`: the version that the run was on.
    #[serde(default)]
    version: Code,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    id: String,
    #[serde(default)]
    n: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Begun {
    run_id: String,
}

/// A request without a body asks for nothing special.
pub(super) fn read<T: Default + DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
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
        let detail = format!("run {} has completed: there is nothing to be tried again; `replay` runs it anew", run.id);
        return Err(Problem::conflict("run_has_completed", detail));
    }
    begin(&api, &id, &Start::Unfinished, wish.version).await
}

async fn begin(api: &Api, id: &str, start: &Start, version: Code) -> Result<(StatusCode, Json<Begun>), Problem> {
    let run = find(api, id).await?;
    let (Replayed::Started(run) | Replayed::Before(run)) =
        api.router.replay(&run, start, version, Repeat::Again).await?
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
