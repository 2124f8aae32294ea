//! `wasi:http`: requests to the hosts granted, once everything before them is durable.

mod address;
mod body;
mod coding;
mod connect;
mod connections;
mod fetch;
mod grant;

pub use connections::Connections;
pub use fetch::{Unfetched, fetch};

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    Error, RequestOptions, Result, WasiBody, WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use self::coding::Decoding;
use self::connections::{Sender, Way};
use self::grant::Target;
use crate::limits;
use crate::sandbox::instance::State;
use crate::sandbox::link::Link;
use crate::sandbox::output::{Breaks, line};
use crate::sandbox::{Grants, Line};

/// An instance's way out, made when its guest first asks for it.
pub(in crate::sandbox) struct Outbound {
    context: WasiHttpCtx,
    gate: Gate,
}

/// Checks that every request has to pass.
struct Gate {
    grants: Arc<Grants>,
    link: Arc<Link>,
    in_flight: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

type Request = http::Request<WasiBody>;
type Response = http::Response<WasiBody>;
/// The second part is the engine's way to drive a connection. Ours drive themselves.
type Answer = (Response, Box<dyn Future<Output = Result<()>> + Send>);
type Sending = Box<dyn Future<Output = Result<Answer>> + Send>;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = types::LinkOptions::default();
    outgoing_handler::add_to_linker::<State, WasiHttp>(linker, State::http)?;
    types::add_to_linker::<State, WasiHttp>(linker, &options, State::http)
}

impl State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (grants, link) = (&self.grants, &self.link);
        let outbound = self.outbound.get_or_insert_with(|| Box::new(Outbound::new(grants, link)));
        WasiHttpCtxView { hooks: &mut outbound.gate, table: &mut self.table, ctx: &mut outbound.context }
    }
}

impl Outbound {
    fn new(grants: &Arc<Grants>, link: &Arc<Link>) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(limits::OUTBOUND_HEADERS_MAX_BYTES);
        let in_flight = Arc::new(Semaphore::new(limits::OUTBOUND_IN_FLIGHT_MAX));
        let open = Arc::new(Semaphore::new(limits::OUTBOUND_OPEN_MAX));
        Self { context, gate: Gate { grants: Arc::clone(grants), link: Arc::clone(link), in_flight, open } }
    }
}

impl WasiHttpHooks for Gate {
    /// Each redirect is a new request of the guest's, and comes through here as well.
    fn send_request(
        &mut self,
        mut request: Request,
        options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Sending {
        let target = match Target::of(request.uri()) {
            Ok(target) => target,
            Err(error) => return Box::new(std::future::ready(Err(error))),
        };
        let Some(reach) = target.granted_by(&self.grants.hosts) else {
            tell(&self.link, &target, "hosts", "no grant names it");
            return Box::new(std::future::ready(Err(Error::HttpRequestDenied)));
        };
        let Ok(open) = Arc::clone(&self.open).try_acquire_owned() else {
            tell_of_too_many(&self.link, &target);
            return Box::new(std::future::ready(Err(Error::ConnectionLimitReached)));
        };
        let decoding = coding::accept(request.headers_mut());
        let (clear, cancelled) = self.link.ask(|host| (host.clear_to_send(), host.cancellation()));
        let (link, in_flight) = (Arc::clone(&self.link), Arc::clone(&self.in_flight));
        let grants = Arc::clone(&self.grants);
        Box::new(async move {
            let _slot = in_flight.acquire_owned().await.expect("the semaphore is never closed");
            if !clear.await {
                link.lose();
                // The instance ends here: its guest is not to see an error first.
                std::future::pending::<()>().await;
            }
            let timeouts = Timeouts::of(options, link.deadline());
            let way = Way { target, reach };
            let leave = Leave { timeouts, open: Some(open), cancelled: cancelled.clone() };
            let sent = tokio::select! {
                biased;
                () = cancelled.cancelled() => Err(of_cancelled_run()),
                sent = send(request, &way, leave, &grants.connections) => sent,
            };
            if matches!(sent, Err(Error::DestinationIpProhibited)) {
                tell(&link, &way.target, "private_hosts", "it leads to an address that is not public");
            }
            let response = sent?;
            let response = if decoding == Decoding::ByHost { coding::decoded(response) } else { response };
            Ok::<Answer, Error>((response, Box::new(std::future::ready(Ok(())))))
        })
    }
}

/// To the run's log: the error that the guest gets has no room for a reason.
fn tell(link: &Link, target: &Target, key: &str, reason: &str) {
    let message = line(&denial(target, key, reason), Breaks::Stripped);
    link.log(Line { level: "warn", message, fields: None });
}

fn tell_of_too_many(link: &Link, target: &Target) {
    let message = format!(
        "a request to {target} was refused: {} responses are open; read their bodies to the end, or cancel them",
        limits::OUTBOUND_OPEN_MAX
    );
    link.log(Line { level: "warn", message, fields: None });
}

fn denial(target: &Target, key: &str, reason: &str) -> String {
    let remedy = format!("to allow it, add {key} = [\"{target}\"] to the plugin's table in stepwell.toml");
    format!("a request to {target} was denied: {reason}; {remedy}")
}

/// The guest may see this error before its run ends.
fn of_cancelled_run() -> Error {
    Error::InternalError(Some("the run was cancelled".to_owned()))
}

/// The bounds of a request, and when it has to end.
struct Leave {
    timeouts: Timeouts,
    /// Counts the response among the instance's open ones, to the end of its body.
    open: Option<OwnedSemaphorePermit>,
    cancelled: CancellationToken,
}

/// How long each part may take.
#[derive(Debug, Clone, Copy)]
struct Timeouts {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Timeouts {
    /// Where the guest sets none, the deadline of the step ends it.
    fn of(options: Option<RequestOptions>, deadline: Duration) -> Self {
        let options = options.unwrap_or_default();
        let most = Duration::from_millis(limits::OUTBOUND_CONNECT_MS);
        Self {
            connect: options.connect_timeout.map_or(most, |wanted| wanted.min(most)),
            first_byte: options.first_byte_timeout.unwrap_or(deadline),
            between_bytes: options.between_bytes_timeout.unwrap_or(deadline),
        }
    }
}

/// Sends a request through a connection that is kept open, or through a new one.
async fn send(mut request: Request, way: &Way, mut leave: Leave, connections: &Connections) -> Result<Response> {
    *request.uri_mut() = origin_form(request.uri())?;
    while let Some(kept) = connections.take(way) {
        match through(kept, request, way, &mut leave, connections).await? {
            Sent::Answered(response) => return Ok(response),
            Sent::TooLate(unsent, _) => request = unsent,
        }
    }
    let sender = within(leave.timeouts.connect, Error::ConnectionTimeout, dial(way)).await??;
    match through(sender, request, way, &mut leave, connections).await? {
        Sent::Answered(response) => Ok(response),
        Sent::TooLate(_, error) => Err(error),
    }
}

/// The outcome of sending a request through a connection.
enum Sent {
    Answered(Response),
    /// The server had closed the connection, which says so. The request may be sent through another one.
    TooLate(Request, Error),
}

async fn through(
    mut sender: Sender,
    request: Request,
    way: &Way,
    leave: &mut Leave,
    connections: &Connections,
) -> Result<Sent> {
    let again = repeatable(&request);
    let sending = sender.try_send_request(request);
    match within(leave.timeouts.first_byte, Error::ConnectionReadTimeout, sending).await? {
        Ok(response) => {
            connections.keep(way.clone(), sender);
            Ok(Sent::Answered(response.map(|incoming| body::bounded(incoming, leave))))
        }
        Err(mut failed) => {
            let unsent = failed.take_message();
            let error = failed.into_error();
            let is_closed = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
            match unsent.or(again.filter(|_| is_closed)) {
                Some(request) => Ok(Sent::TooLate(request, told(error))),
                None => Err(told(error)),
            }
        }
    }
}

/// A copy of a request that may be sent twice (RFC 9110, 9.2.2), and has no body.
fn repeatable(request: &Request) -> Option<Request> {
    if !request.method().is_idempotent() || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// Connects, and has the connection driven until it is closed or nobody needs it.
async fn dial(way: &Way) -> Result<Sender> {
    let stream = connect::connect(&way.target, way.reach).await?;
    let mut client = hyper::client::conn::http1::Builder::new();
    client.max_buf_size(limits::OUTBOUND_HEADERS_MAX_BYTES);
    let (sender, connection) = client.handshake(stream).await.map_err(told)?;
    tokio::spawn(async move {
        // The request itself is told of its error.
        let _ = connection.await;
    });
    Ok(sender)
}

async fn within<T>(time: Duration, error: Error, work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(time, work).await.map_err(|_| error)
}

/// On the wire only a proxy is told scheme and host.
fn origin_form(uri: &http::Uri) -> Result<http::Uri> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    http::Uri::builder().path_and_query(path).build().map_err(|_| Error::HttpRequestUriInvalid)
}

/// In the guest's words, with the reason where they have room for one.
fn told(error: hyper::Error) -> Error {
    if error.is_timeout() {
        return Error::HttpResponseTimeout;
    }
    let is_cut = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    if error.is_incomplete_message() || error.source().and_then(<dyn StdError>::downcast_ref).is_some_and(is_cut) {
        return Error::HttpResponseIncomplete;
    }
    Error::InternalError(Some(format!("{error}: {}", source(&error))))
}

fn source(error: &hyper::Error) -> String {
    error.source().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests;
