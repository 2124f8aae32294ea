//! Connections: taken as long as there is room, each served to its end, let go in peace when the host stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router as Routes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::limits;

/// Takes connections until told to stop, and then waits until all are closed.
pub(super) async fn serve(listener: TcpListener, routes: Routes, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, routes.clone(), stop.clone(), place));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    let all = u32::try_from(limits::CONNECTIONS_MAX).unwrap_or(u32::MAX);
    // Every place is free when every connection is closed.
    let _ = places.acquire_many(all).await;
}

async fn connection(stream: TcpStream, routes: Routes, mut stop: watch::Receiver<bool>, _place: OwnedSemaphorePermit) {
    // Answers are short and waited for. A socket that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits::HTTP_HEAD_MS))
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    tokio::pin!(served);
    // The wait's result borrows from the channel, and is not to live on.
    let stopped = async { drop(stop.wait_for(|stop| *stop).await) };
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopped => {
            // The connection answers what it has begun to read, and closes.
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Out of files or memory: waiting may help, and asking again at once does not.
async fn pause_after(error: &io::Error) {
    let is_the_peers = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !is_the_peers {
        tracing::warn!(%error, "no connection can be taken now");
        tokio::time::sleep(Duration::from_millis(limits::ACCEPT_PAUSE_MS)).await;
    }
}
