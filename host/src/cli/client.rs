//! The host's HTTP interface, from outside.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Ending;
use super::flags::{Target, environment};
use crate::config::Config;

pub struct Client {
    base: Uri,
    event_key: String,
    signing_key: Option<String>,
}

/// What the host says when it refuses.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Client {
    pub fn new(target: &Target) -> Result<Self> {
        let environment = environment();
        // A configuration that no host would start with is no reason not to ask one that runs.
        let config = Config::load(None, &environment, &[]).unwrap_or_else(|_| Config::of_environment(&environment));
        let url = target.url.clone().unwrap_or_else(|| local_url(&config));
        let base: Uri = url.trim_end_matches('/').parse().map_err(|_| bad_url(&url))?;
        if !matches!(base.scheme_str(), Some("http" | "https")) || base.host().is_none() {
            return Err(bad_url(&url).into());
        }
        let first_key = || config.event_keys.first().cloned();
        let event_key = environment.get("STEPWELL_EVENT_KEY").cloned().or_else(first_key);
        Ok(Self { base, event_key: event_key.unwrap_or_else(|| "cli".to_owned()), signing_key: config.signing_key })
    }

    /// The text of what is at that path.
    pub async fn get_text(&self, path: &str) -> Result<String> {
        let response = self.ask(Method::GET, path, Bytes::new()).await?;
        let body = response.into_body().collect().await.context("read the host's answer")?.to_bytes();
        String::from_utf8(body.to_vec()).context("read the host's answer")
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let text = self.get_text(path).await?;
        serde_json::from_str(&text).with_context(|| format!("understand the host's answer to {path}"))
    }

    /// Has the host do what that path stands for.
    pub async fn post(&self, path: &str) -> Result<()> {
        self.ask(Method::POST, path, Bytes::new()).await?;
        Ok(())
    }

    /// Has the host do what that path and this body stand for; answers what it says.
    pub async fn post_json<T: DeserializeOwned>(&self, path: &str, body: &serde_json::Value) -> Result<T> {
        let response = self.ask(Method::POST, path, body.to_string().into()).await?;
        let body = response.into_body().collect().await.context("read the host's answer")?.to_bytes();
        serde_json::from_slice(&body).with_context(|| format!("understand the host's answer to {path}"))
    }

    /// Sends events; with `query` `?follow=true` the answer goes on until their runs have ended.
    pub async fn send(&self, body: String, query: &str) -> Result<Lines> {
        let path = format!("/e/{}{query}", encode(&self.event_key));
        let response = self.ask(Method::POST, &path, body.into()).await?;
        Ok(Lines { body: response.into_body(), buffer: Vec::new() })
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>> {
        let url = self.base.to_string().trim_end_matches('/').to_owned();
        let unreachable = || Ending::Unreachable { url: url.clone() };
        let stream = self.connect().await.with_context(unreachable)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.with_context(unreachable)?;
        tokio::spawn(connection);
        let request = self.request(method, path, body)?;
        let response = sender.send_request(request).await.with_context(unreachable)?;
        if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>> {
        let authority = self.base.authority().map(ToString::to_string).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base.path().trim_end_matches('/')))
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .context("make a request")?;
        if let Some(key) = &self.signing_key {
            let value = HeaderValue::from_str(&format!("Bearer {key}")).context("use the signing key as a header")?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>> {
        let host = self.base.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_tls = self.base.scheme_str() == Some("https");
        let port = self.base.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await?;
        if !is_tls {
            return Ok(Box::new(stream));
        }
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<rustls::RootCertStore>();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Box::new(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
    }
}

/// An answer, line by line as it comes.
pub struct Lines {
    body: Incoming,
    buffer: Vec<u8>,
}

impl Lines {
    /// The next line, without its end; `None` after the last. May be dropped and asked again.
    pub async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned()));
            }
            match self.body.frame().await {
                Some(frame) => {
                    let frame = frame.context("read the host's answer")?;
                    self.buffer.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                }
                None if self.buffer.is_empty() => return Ok(None),
                None => self.buffer.push(b'\n'),
            }
        }
    }
}

async fn refused(response: Response<Incoming>) -> anyhow::Error {
    let status = response.status();
    let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
    let problem = refusal.detail.or(refusal.error).unwrap_or_else(|| format!("the host answered {status}"));
    match status {
        StatusCode::NOT_FOUND => Ending::NotFound(problem).into(),
        StatusCode::BAD_REQUEST => Ending::Usage(problem).into(),
        StatusCode::UNAUTHORIZED => {
            let hint = "set STEPWELL_SIGNING_KEY, or for sending STEPWELL_EVENT_KEY".into();
            Ending::Hinted { problem, hint }.into()
        }
        status if status.is_client_error() => anyhow!(problem).context("the host refused"),
        _ => anyhow!(problem).context("the host failed"),
    }
}

fn local_url(config: &Config) -> String {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

fn bad_url(url: &str) -> Ending {
    Ending::Usage(format!("{url:?} is no address of a host: write one such as http://127.0.0.1:8288"))
}

/// A part of a path or a query, with what has a meaning there written out.
pub fn encode(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    part.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
