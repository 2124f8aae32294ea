//! `/api/v1/runs` and `/api/v1/failures`: what runs did, and what went wrong for good.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Api;
use super::problem::Problem;
use super::wire::{Error, Handler, Hold, Line, Log, Run};
use crate::limits;
use crate::model::{Json as JsonText, Outcome, Role, RunId, Status, awaited};
use crate::store::{Cancelled, RunFilter, RunView};

/// Events that are shown with a run; a batch may have more.
const EVENTS_SHOWN_MAX: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    status: Option<String>,
    function: Option<String>,
    before: Option<String>,
    limit: Option<usize>,
    /// Only failed runs of failure functions.
    dead_letters: Option<bool>,
}

impl Listing {
    fn filter(self) -> Result<RunFilter, Problem> {
        let limit = self.limit.unwrap_or(limits::PAGE_DEFAULT);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            let detail = format!("limit has to be from 1 to {}", limits::PAGE_MAX);
            return Err(Problem::bad_request("bad_limit", detail));
        }
        Ok(RunFilter {
            status: self.status.as_deref().map(status).transpose()?,
            function: self.function,
            before: self.before.as_deref().map(str::parse).transpose()?,
            dead_letters: self.dead_letters.unwrap_or_default(),
            limit,
        })
    }
}

fn status(text: &str) -> Result<Status, Problem> {
    let known =
        [Status::Queued, Status::Running, Status::Completed, Status::Failed, Status::Cancelled, Status::Skipped];
    known.into_iter().find(|status| format!("{status:?}").eq_ignore_ascii_case(text)).ok_or_else(|| {
        let detail = format!("{text:?} is no status: queued, running, completed, failed, cancelled and skipped are");
        Problem::bad_request("bad_status", detail)
    })
}

/// Reads the filter of a listing, or says what is wrong with it.
fn asked(query: Result<Query<Listing>, QueryRejection>) -> Result<RunFilter, Problem> {
    let Query(listing) = query.map_err(|error| Problem::bad_request("bad_query", error.body_text()))?;
    listing.filter()
}

#[derive(Debug, Serialize)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// The `before` of the next page; `null` on the last one.
    next: Option<String>,
}

pub(super) async fn list(
    State(api): State<Api>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Runs>, Problem> {
    let filter = asked(query)?;
    let limit = filter.limit;
    let views = api.store.runs(&api.namespace, filter).await?;
    Ok(Json(Runs { runs: views.iter().map(Run::of).collect(), next: next(&views, limit) }))
}

fn next(views: &[RunView], limit: usize) -> Option<String> {
    views.last().filter(|_| views.len() == limit).map(|view| view.id.to_string())
}

/// A run, whole.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    run: Run,
    events: Vec<JsonText>,
    output: Option<JsonText>,
    error: Option<Error>,
    /// Why the run was cancelled.
    cancelled: Option<String>,
    /// Why it was never started.
    skipped: Option<String>,
    /// The limits that keep it from being executed now.
    held_by: Option<Hold>,
    /// How many events it has gathered, where it waits for more.
    gathers: Option<u32>,
    /// The operations that it waits for; empty if it executes, has ended, or waits for its turn alone.
    waits_for: Vec<Line>,
    journal: Vec<Line>,
    log: Vec<Log>,
    /// Runs that its end started.
    started: Vec<String>,
    /// Replays of it, oldest first.
    replays: Vec<String>,
    /// The one of them that handles its failure.
    handler: Option<Handler>,
}

pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Detail>, Problem> {
    let id: RunId = id.parse()?;
    let view = api.store.run(&api.namespace, id).await?;
    let view = view.ok_or_else(|| Problem::not_found("no_such_run", format!("there is no run {id}")))?;
    let mut events = Vec::new();
    for event in view.events.iter().take(EVENTS_SHOWN_MAX) {
        events.extend(api.store.event(&api.namespace, *event).await?.map(|event| event.json.clone()));
    }
    let (mut output, mut error, mut cancelled, mut skipped) = (None, None, None, None);
    match view.ended.as_ref().map(|ended| &ended.outcome) {
        Some(Outcome::Completed(value)) => output = Some(value.clone()),
        Some(Outcome::Failed(failure)) => error = Some(Error::of(failure)),
        Some(Outcome::Cancelled { reason }) => cancelled = Some(reason.to_string()),
        Some(Outcome::Skipped { reason }) => skipped = Some(reason.to_string()),
        None => {}
    }
    Ok(Json(Detail {
        run: Run::of(&view),
        events,
        output,
        error,
        cancelled,
        skipped,
        held_by: view.held_by.as_ref().map(Hold::of),
        gathers: view.gathers,
        waits_for: waits_for(&view),
        journal: view.journal.iter().map(Line::of).collect(),
        log: view.log.iter().map(Log::of).collect(),
        started: view.ended.iter().flat_map(|ended| &ended.started).map(ToString::to_string).collect(),
        replays: view.replays.iter().map(ToString::to_string).collect(),
        handler: handler(&api, &view).await?,
    }))
}

fn waits_for(view: &RunView) -> Vec<Line> {
    match view.status {
        Status::Queued => awaited(&view.journal).into_iter().map(Line::of).collect(),
        _ => Vec::new(),
    }
}

/// `POST /api/v1/runs/{id}/cancel`.
pub(super) async fn cancel(State(api): State<Api>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let id: RunId = id.parse()?;
    match api.store.cancel(&api.namespace, id, "by the API").await? {
        Cancelled::Accepted => Ok(StatusCode::NO_CONTENT),
        Cancelled::Ended => Err(Problem::conflict("run_has_ended", format!("run {id} has ended already"))),
        Cancelled::Unknown => Err(Problem::not_found("no_such_run", format!("there is no run {id}"))),
    }
}

async fn handler(api: &Api, view: &RunView) -> Result<Option<Handler>, Problem> {
    for run in view.ended.iter().flat_map(|ended| &ended.started) {
        match api.store.run(&api.namespace, *run).await? {
            Some(other) if other.failed_run == Some(view.id) => {
                return Ok(Some(Handler { run_id: other.id.to_string(), status: other.status }));
            }
            _ => {}
        }
    }
    Ok(None)
}

#[derive(Debug, Serialize)]
pub(super) struct Failures {
    failures: Vec<FailedRun>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct FailedRun {
    run: Run,
    handler: Option<Handler>,
    /// A failed run of a failure function: nothing else will handle it.
    is_dead_letter: bool,
}

pub(super) async fn failures(
    State(api): State<Api>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Failures>, Problem> {
    let filter = RunFilter { status: Some(Status::Failed), ..asked(query)? };
    let limit = filter.limit;
    let views = api.store.runs(&api.namespace, filter).await?;
    let mut failures = Vec::new();
    for view in &views {
        let is_dead_letter = view.function.role == Role::Failure;
        failures.push(FailedRun { run: Run::of(view), handler: handler(&api, view).await?, is_dead_letter });
    }
    Ok(Json(Failures { failures, next: next(&views, limit) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_checked() {
        let listing = |status: Option<&str>, before: Option<&str>, limit| Listing {
            status: status.map(Into::into),
            before: before.map(Into::into),
            limit,
            ..Listing::default()
        };
        assert_eq!(listing(Some("failed"), None, None).filter().expect("valid").status, Some(Status::Failed));
        assert!(listing(Some("dead"), None, None).filter().is_err());
        assert!(listing(None, Some("x"), None).filter().is_err());
        assert!(listing(None, None, Some(0)).filter().is_err());
        assert!(listing(None, None, Some(1_001)).filter().is_err());
    }
}
