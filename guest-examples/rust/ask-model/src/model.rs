//! The model's API, as it is spoken to over HTTP.

use serde::Deserialize;
use serde_json::json;
use std::env;
use std::time::Duration;
use stepwell::{Error, NonRetriableError, Request, Response, Result};

const NAME: &str = "small-model";

/// Where the model is, and who asks.
pub struct Model {
    pub url: String,
    pub token: String,
}

impl Model {
    /// As the plugin's granted variables have it.
    pub fn from_env() -> Result<Self> {
        Ok(Self { url: variable("MODEL_URL")?, token: variable("MODEL_TOKEN")? })
    }

    pub fn request(&self, question: &str) -> Request {
        let body = json!({ "model": NAME, "messages": [{ "role": "user", "content": question }] });
        let url = format!("{}/v1/messages", self.url);
        Request::post(url).bearer(&self.token).json(&body).timeout(Duration::from_secs(60))
    }
}

fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|_| Error::new("NoVariable", format!("the variable {name} is not granted to this plugin")))
}

/// Whether it is worth to ask again: there are too many requests, or something is wrong on the model's side.
pub fn is_busy(answer: &Response) -> bool {
    answer.status() == 429 || answer.status() >= 500
}

/// When to ask again, where the model says so.
pub fn retry_after(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.parse().ok().map(Duration::from_secs)
}

/// The model's answer: `{"content": [{"text": …}]}`.
pub fn read_answer(answer: &Response) -> Result<String> {
    #[derive(Deserialize)]
    struct Answer {
        content: Vec<Part>,
    }
    #[derive(Deserialize)]
    struct Part {
        text: String,
    }
    let Answer { content } = serde_json::from_slice(answer.bytes())
        .map_err(|error| NonRetriableError::new("the model's answer is not what its API promises").caused_by(error))?;
    Ok(content.into_iter().map(|part| part.text).collect())
}
