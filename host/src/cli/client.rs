//! The host's HTTP interface, from outside.

use std::net::IpAddr;

use anyhow::{Context as _, Result, anyhow};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response, StatusCode, Url, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Ending;
use super::flags::{Target, environment};
use crate::config::Config;
use crate::model::read_json;

pub struct Client {
    http: reqwest::Client,
    base: Url,
    event_key: String,
    signing_key: Option<String>,
}

/// The host's refusal.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

impl Client {
    pub fn new(target: &Target) -> Result<Self> {
        let environment = environment();
        // A configuration that no host would start with is no reason not to ask one that runs.
        let config = Config::load(None, &environment, &[]).unwrap_or_else(|_| Config::of_environment(&environment));
        let url = target.url.clone().unwrap_or_else(|| local_url(&config));
        let base: Url = url.trim_end_matches('/').parse().map_err(|_| bad_url(&url))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad_url(&url).into());
        }
        let http = http_client(&base).context("set up the HTTP client")?;
        let first_key = || config.event_keys.first().cloned();
        let event_key = environment.get("STEPWELL_EVENT_KEY").cloned().or_else(first_key);
        Ok(Self {
            http,
            base,
            event_key: event_key.unwrap_or_else(|| "cli".to_owned()),
            signing_key: config.signing_key,
        })
    }

    /// The text of what is at that path.
    pub async fn get_text(&self, path: &str) -> Result<String> {
        self.ask(Method::GET, path, String::new()).await?.text().await.context("read the host's answer")
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let text = self.get_text(path).await?;
        read_json(&text).with_context(|| format!("understand the host's answer to {path}"))
    }

    /// Has the host do what that path stands for.
    pub async fn post(&self, path: &str) -> Result<()> {
        self.ask(Method::POST, path, String::new()).await?;
        Ok(())
    }

    /// Has the host do what that path and this body stand for; returns the host's answer.
    pub async fn post_json<T: DeserializeOwned>(&self, path: &str, body: &serde_json::Value) -> Result<T> {
        let response = self.ask(Method::POST, path, body.to_string()).await?;
        let text = response.text().await.context("read the host's answer")?;
        read_json(&text).with_context(|| format!("understand the host's answer to {path}"))
    }

    /// Sends events; with `query` `?follow=true` the answer goes on until their runs have ended.
    pub async fn send(&self, body: String, query: &str) -> Result<Lines> {
        let path = format!("/e/{}{query}", encode(&self.event_key));
        let response = self.ask(Method::POST, &path, body).await?;
        Ok(Lines { response, buffer: Vec::new() })
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Result<Response> {
        let url = self.base.as_str().trim_end_matches('/');
        let mut request = self.http.request(method, format!("{url}{path}")).body(body);
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.signing_key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.with_context(|| Ending::Unreachable { url: url.to_owned() })?;
        if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
    }
}

/// Trusts whom the system trusts. What is on this machine is asked without a proxy.
fn http_client(base: &Url) -> reqwest::Result<reqwest::Client> {
    // A second time it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    let builder = reqwest::Client::builder();
    if is_here { builder.no_proxy() } else { builder }.build()
}

/// An answer, line by line as it comes.
pub struct Lines {
    response: Response,
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
            match self.response.chunk().await.context("read the host's answer")? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => self.buffer.push(b'\n'),
            }
        }
    }
}

async fn refused(response: Response) -> anyhow::Error {
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    let refusal: Refusal = read_json(&body).unwrap_or_default();
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

/// Characters that stand for themselves in a part of a path or a query (RFC 3986's "unreserved").
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A part of a path or a query, with what has a meaning there written out.
pub fn encode(part: &str) -> String {
    utf8_percent_encode(part, PLAIN).to_string()
}
