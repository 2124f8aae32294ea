//! HTTP in, JSON out.
//!
//! `/e/` and `/v1/` speak as Inngest does, so that its clients and habits work; `/api/v1/` is the host's own.

mod auth;
mod cancellations;
mod compat;
mod connections;
mod events;
mod follow;
mod form;
mod plugins;
mod problem;
mod replays;
mod retries;
mod runs;
mod time;
mod wire;

use std::sync::Arc;

use axum::Router as Routes;
use axum::middleware;
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::model::{Clock, IdSource, Namespace};
use crate::registry::Registry;
use crate::router::{Retries, Router};
use crate::store::{Stats, Store};

/// The parts that the interface is made of.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub registry: Arc<Registry>,
    pub router: Arc<Router>,
    pub retries: Arc<Retries>,
    pub ids: Arc<IdSource>,
    pub clock: Arc<dyn Clock>,
    pub namespace: Namespace,
    /// If there are no keys, any key is taken.
    pub event_keys: Vec<String>,
    /// If there is no key, every client may ask.
    pub signing_key: Option<String>,
    pub stats: Arc<dyn Fn() -> Stats + Send + Sync>,
    /// Turns true when the host stops: answers that would go on for long end.
    pub stop: watch::Receiver<bool>,
}

type Api = Arc<Parts>;

/// Serves until told to stop, and then until every request that was begun is answered.
pub async fn serve(listener: TcpListener, parts: Parts) {
    let stop = parts.stop.clone();
    connections::serve(listener, routes(Arc::new(parts)), stop).await;
}

fn routes(api: Api) -> Routes {
    let guarded = Routes::new()
        .route("/v1/events", get(compat::events::list))
        .route("/v1/events/{id}", get(compat::events::show))
        .route("/v1/events/{id}/runs", get(compat::runs_of_event))
        .route("/v1/runs/{id}", get(compat::run).delete(compat::cancel))
        .route("/v1/runs/{id}/jobs", get(compat::jobs))
        .route("/v1/apps/{app}/functions", get(compat::functions))
        .route("/v1/signals", post(compat::signal))
        .route("/v1/cancellations", get(cancellations::list).post(cancellations::create))
        .route("/v1/cancellations/{id}", delete(cancellations::forget))
        .route("/dev", get(compat::dev))
        .route("/ready", get(plugins::ready))
        .route("/api/v1/runs", get(runs::list))
        .route("/api/v1/runs/{id}", get(runs::show))
        .route("/api/v1/runs/{id}/cancel", post(runs::cancel))
        .route("/api/v1/runs/{id}/replay", post(replays::replay))
        .route("/api/v1/runs/{id}/retry", post(replays::retry))
        .route("/api/v1/failures", get(runs::failures))
        .route("/api/v1/failures/retry", post(retries::create))
        .route("/api/v1/failures/retries", get(retries::list))
        .route("/api/v1/failures/retries/{id}", get(retries::show).delete(retries::forget))
        .route("/api/v1/functions", get(plugins::functions))
        .route("/api/v1/functions/{id}/pause", post(plugins::pause))
        .route("/api/v1/functions/{id}/resume", post(plugins::resume))
        .route("/api/v1/plugins", get(plugins::plugins))
        .route("/api/v1/stats", get(plugins::stats))
        .layer(middleware::from_fn_with_state(api.clone(), auth::require_signing_key));
    // Frequent requests, and those before anyone has a key, pass no layer.
    Routes::new()
        .route("/e/{key}", post(events::receive))
        .route("/health", get(plugins::health))
        .merge(guarded)
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(api)
}
