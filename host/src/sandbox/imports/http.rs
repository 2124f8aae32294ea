//! `wasi:http`: requests to the hosts granted, once everything before them is durable.

mod address;
mod body;
mod connect;
mod fetch;
mod grant;

pub use fetch::{Unfetched, fetch};

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    Error, RequestOptions, Result, WasiBody, WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use self::grant::Target;
use crate::limits;
use crate::sandbox::instance::State;
use crate::sandbox::link::Link;
use crate::sandbox::output::{Breaks, line};
use crate::sandbox::{Grants, Line, Reach};

/// One instance's way out, made when its guest first asks for it.
pub(in crate::sandbox) struct Outbound {
    context: WasiHttpCtx,
    gate: Gate,
}

/// What every request has to pass.
struct Gate {
    grants: Arc<Grants>,
    link: Arc<Link>,
    in_flight: Arc<Semaphore>,
}

type Request = http::Request<WasiBody>;
/// The second part drives the connection as long as the response is read.
type Answer = (http::Response<WasiBody>, Box<dyn Future<Output = Result<()>> + Send>);
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
        Self { context, gate: Gate { grants: Arc::clone(grants), link: Arc::clone(link), in_flight } }
    }
}

impl WasiHttpHooks for Gate {
    /// Each redirect is a new request of the guest's, and comes through here as well.
    fn send_request(
        &mut self,
        request: Request,
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
        let clear = self.link.ask(|host| host.clear_to_send());
        let (link, in_flight) = (Arc::clone(&self.link), Arc::clone(&self.in_flight));
        Box::new(async move {
            let _slot = in_flight.acquire_owned().await.expect("the semaphore is never closed");
            if !clear.await {
                link.lose();
                // The instance ends here: its guest is not to see an error first.
                std::future::pending::<()>().await;
            }
            let sent = send(request, &target, reach, Timeouts::of(options, link.deadline())).await;
            if matches!(sent, Err(Error::DestinationIpProhibited)) {
                tell(&link, &target, "private_hosts", "it leads to an address that is not public");
            }
            sent
        })
    }
}

/// To the run's log: the error that the guest gets has no room for a reason.
fn tell(link: &Link, target: &Target, key: &str, reason: &str) {
    let message = line(&denial(target, key, reason), Breaks::Stripped);
    link.log(Line { level: "warn", message, fields: None });
}

fn denial(target: &Target, key: &str, reason: &str) -> String {
    let remedy = format!("to allow it, add {key} = [\"{target}\"] to the plugin's table in stepwell.toml");
    format!("a request to {target} was denied: {reason}; {remedy}")
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

async fn send(mut request: Request, target: &Target, reach: Reach, timeouts: Timeouts) -> Result<Answer> {
    let connecting = connect::connect(target, reach);
    let stream = within(timeouts.connect, Error::ConnectionTimeout, connecting).await??;
    let mut client = hyper::client::conn::http1::Builder::new();
    client.max_buf_size(limits::OUTBOUND_HEADERS_MAX_BYTES);
    let (mut sender, mut connection) = client.handshake(stream).await.map_err(told)?;
    *request.uri_mut() = origin_form(request.uri())?;
    let response = async {
        let mut answer = std::pin::pin!(sender.send_request(request));
        tokio::select! {
            biased;
            response = &mut answer => response.map_err(told),
            ended = &mut connection => {
                ended.map_err(told)?;
                answer.await.map_err(told)
            }
        }
    };
    let response = within(timeouts.first_byte, Error::ConnectionReadTimeout, response).await??;
    let response = response.map(|incoming| body::bounded(incoming, timeouts.between_bytes));
    Ok((response, Box::new(async move { connection.await.map_err(told) })))
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
