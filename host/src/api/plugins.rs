//! `/api/v1/functions`, `/api/v1/plugins`, and how the host is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::time::Stamp;
use crate::model::{Flow, FunctionKey, Millis, Role, Schedule, duration_text};
use crate::registry::{LiveFunction, PluginView};
use crate::store::Pause;

#[derive(Debug, Serialize)]
pub(super) struct Function {
    function_id: String,
    name: String,
    plugin: String,
    version: String,
    triggers: Vec<Trigger>,
    retries: u32,
    /// Whether it starts no runs for the time being.
    is_paused: bool,
    /// The function that handles its failures.
    failure_function_id: Option<String>,
    /// Its flow control, as its options have it.
    flow: Flow,
}

#[derive(Debug, Serialize)]
struct Trigger {
    /// An event, or
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    /// a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Stamp>,
}

impl Trigger {
    fn event(event: String, filter: Option<String>) -> Self {
        Self { event: Some(event), filter, cron: None, jitter: None, next_at: None }
    }

    fn schedule(schedule: &Schedule, function: &str, now: Millis) -> Self {
        let jitter = (schedule.jitter_ms > 0).then(|| duration_text(schedule.jitter_ms));
        let next_at = schedule.next(function, now).map(|occurrence| Stamp(occurrence.at));
        Self { event: None, filter: None, cron: Some(schedule.source().to_string()), jitter, next_at }
    }
}

impl Function {
    fn of(function: &LiveFunction, paused: &[Arc<FunctionKey>], now: Millis) -> Self {
        let definition = &function.definition;
        let composite = function.key.composite();
        let events = definition.triggers.iter();
        let triggers = events.map(|trigger| Trigger::event(trigger.event.clone(), trigger.filter.clone()));
        let schedules = definition.schedules.iter().map(|one| Trigger::schedule(one, &composite, now));
        Self {
            triggers: triggers.chain(schedules).chain(failure_trigger(function)).collect(),
            function_id: composite,
            name: definition.name.to_string(),
            plugin: function.key.plugin.to_string(),
            version: function.version.to_string(),
            retries: definition.retry.retries(),
            is_paused: paused.contains(&function.key),
            flow: definition.flow.clone(),
            failure_function_id: definition.has_failure_handler.then(|| function.key.failure().composite()),
        }
    }
}

/// The event that a failure function listens to, as Inngest would write it.
fn failure_trigger(function: &LiveFunction) -> Option<Trigger> {
    if function.key.role == Role::Main {
        return None;
    }
    let composite = function.key.composite();
    let main = composite.strip_suffix("-failure").unwrap_or(&composite);
    let filter = format!("event.data.function_id == '{main}'");
    Some(Trigger::event("inngest/function.failed".into(), Some(filter)))
}

pub(super) async fn functions(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    let paused = api.store.paused().await?;
    let snapshot = api.registry.snapshot();
    let now = api.clock.now();
    let own = snapshot.functions().filter(|function| function.key.namespace == api.namespace);
    let mut functions: Vec<Function> = own.map(|function| Function::of(function, &paused, now)).collect();
    functions.sort_by(|a, b| a.function_id.cmp(&b.function_id));
    Ok(Json(json!({ "functions": functions })))
}

/// `POST /api/v1/functions/{id}/pause`: events start no runs of it, what runs goes on.
pub(super) async fn pause(State(api): State<Api>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    set_pause(&api, &id, Pause::Paused).await
}

/// `POST /api/v1/functions/{id}/resume`.
pub(super) async fn resume(State(api): State<Api>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    set_pause(&api, &id, Pause::Resumed).await
}

/// Failure functions have no pause of their own: no failure is to go unhandled.
async fn set_pause(api: &Api, id: &str, pause: Pause) -> Result<StatusCode, Problem> {
    let snapshot = api.registry.snapshot();
    let Some(function) = snapshot.function(&api.namespace, id) else {
        let detail = format!("there is no live function {id:?}; failure functions cannot be paused");
        return Err(Problem::not_found("no_such_function", detail));
    };
    api.store.pause(&function.key, pause).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize)]
struct Plugin {
    name: String,
    /// `null` when it is retired and only runs are left.
    version: Option<String>,
    live_since: Option<Stamp>,
    functions: Vec<String>,
    /// Unended runs on the live version.
    runs: u64,
    older: Vec<Older>,
}

#[derive(Debug, Serialize)]
struct Older {
    version: String,
    runs: u64,
}

impl Plugin {
    fn of(view: PluginView) -> Self {
        let older = view.older.iter().map(|older| Older { version: older.version.to_string(), runs: older.runs });
        Self {
            name: view.name.to_string(),
            version: view.live.as_ref().map(|live| live.version.to_string()),
            live_since: view.live.as_ref().map(|live| Stamp(live.since)),
            runs: view.live.as_ref().map_or(0, |live| live.runs),
            older: older.collect(),
            functions: view.live.map(|live| live.functions).unwrap_or_default(),
        }
    }
}

pub(super) async fn plugins(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    let views = api.registry.plugins().await?;
    let plugins: Vec<_> = views.into_iter().filter(|view| view.namespace == api.namespace).map(Plugin::of).collect();
    Ok(Json(json!({ "plugins": plugins })))
}

/// Counts of the store's work since the host started.
pub(super) async fn stats(State(api): State<Api>) -> Json<Value> {
    let stats = (api.stats)();
    Json(json!({
        "commits": stats.commits,
        "syncs": stats.syncs,
        "written_bytes": stats.written_bytes,
        "checkpoints": stats.checkpoints,
        "log_lines_dropped": stats.log_lines_dropped,
    }))
}

/// Tells that the process is alive.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": 200, "message": "OK" }))
}

/// Checks that the store answers. Plugins have been looked for by then: the host listens only after that.
pub(super) async fn ready(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    api.store.unended_by_version().await?;
    Ok(Json(json!({ "status": 200, "message": "OK" })))
}
