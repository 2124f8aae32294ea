//! Errors as data, the same whatever language raised them.

use serde::{Deserialize, Serialize};

use super::journal::OpKey;
use super::json::Json;
use crate::limits;

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Application,
    Trap,
    Timeout,
    Limit,
    Divergence,
    Cancelled,
    Host,
}

/// The wish of the code that failed for the retry policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAdvice {
    ByPolicy,
    Never,
    /// Milliseconds from now; clipped to 1 s … 24 h by [`super::RetryPolicy`].
    After(f64),
}

/// A link of the chain of causes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    pub name: String,
    pub message: String,
    pub stack: Option<String>,
    pub code: Option<String>,
    pub details: Option<Json>,
}

/// A guest's error, or the host's finding about a guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: Kind,
    pub name: String,
    pub message: String,
    pub stack: Option<String>,
    pub code: Option<String>,
    pub details: Option<Json>,
    /// Outermost first.
    pub causes: Vec<Cause>,
    pub step: Option<OpKey>,
    /// 0-based.
    pub attempt: u32,
    pub advice: RetryAdvice,
}

impl Failure {
    /// A finding of the host's own.
    pub fn of_host(kind: Kind, name: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            message: message.into(),
            stack: None,
            code: None,
            details: None,
            causes: Vec::new(),
            step: None,
            attempt: 0,
            advice: RetryAdvice::ByPolicy,
        }
    }

    pub fn at(mut self, step: Option<OpKey>, attempt: u32) -> Self {
        self.step = step;
        self.attempt = attempt;
        self
    }

    pub fn coded(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    pub fn never_retried(mut self) -> Self {
        self.advice = RetryAdvice::Never;
        self
    }

    /// Whether a guest can catch it as the error of a step: traps, deadlines and limits end the run instead.
    pub fn is_catchable(&self) -> bool {
        self.kind == Kind::Application || self.kind == Kind::Cancelled
    }

    /// Cuts every part to its bound, with a marker where something was left out.
    pub fn bounded(mut self) -> Self {
        cut(&mut self.name, limits::ERROR_NAME_MAX_BYTES);
        cut(&mut self.message, limits::ERROR_MESSAGE_MAX_BYTES);
        cut_option(&mut self.stack, limits::ERROR_STACK_MAX_BYTES);
        cut_option(&mut self.code, limits::ERROR_NAME_MAX_BYTES);
        drop_large(&mut self.details);
        let more = self.causes.len().saturating_sub(limits::ERROR_CAUSES_MAX);
        self.causes.truncate(limits::ERROR_CAUSES_MAX);
        for cause in &mut self.causes {
            cut(&mut cause.name, limits::ERROR_NAME_MAX_BYTES);
            cut(&mut cause.message, limits::ERROR_STACK_MAX_BYTES);
            cut_option(&mut cause.stack, limits::ERROR_STACK_MAX_BYTES);
            cut_option(&mut cause.code, limits::ERROR_NAME_MAX_BYTES);
            drop_large(&mut cause.details);
        }
        if more > 0 {
            self.causes.push(Cause {
                name: "Error".into(),
                message: format!("[{more} more causes left out]"),
                stack: None,
                code: None,
                details: None,
            });
        }
        self
    }

    /// `data.error` of the lifecycle events: Inngest's keys, and ours beside them.
    pub fn to_event_error(&self, attempts: u32) -> serde_json::Value {
        let mut error = serde_json::json!({
            "error": "NonRetriableError",
            "name": self.name,
            "message": self.message,
            "stack": self.stack.clone().unwrap_or_default(),
            "kind": self.kind,
            "attempts": attempts,
        });
        let map = error.as_object_mut().expect("made as an object");
        if let Some(code) = &self.code {
            map.insert("code".into(), code.clone().into());
        }
        if let Some(details) = &self.details {
            map.insert("details".into(), details.to_value());
        }
        if let Some(step) = &self.step {
            map.insert("step_id".into(), step.id.to_string().into());
        }
        if let Some(cause) = nested_cause(&self.causes) {
            map.insert("cause".into(), cause);
        }
        error
    }

    /// `data.result` of the lifecycle events and `output` of a failed run: the error as the SDK told it.
    pub fn to_output(&self) -> serde_json::Value {
        let mut output = serde_json::json!({
            "__serialized": true,
            "name": self.name,
            "message": self.message,
            "stack": self.stack.clone().unwrap_or_default(),
        });
        let map = output.as_object_mut().expect("made as an object");
        if let Some(code) = &self.code {
            map.insert("code".into(), code.clone().into());
        }
        if let Some(cause) = nested_cause(&self.causes) {
            map.insert("cause".into(), cause);
        }
        output
    }
}

/// The chain as nested objects. A cause that was plain data rather than an error stands as that data.
fn nested_cause(causes: &[Cause]) -> Option<serde_json::Value> {
    let (first, rest) = causes.split_first()?;
    if first.name.is_empty() {
        return Some(first.details.as_ref().map_or_else(|| first.message.clone().into(), Json::to_value));
    }
    let mut cause = serde_json::json!({
        "__serialized": true,
        "name": first.name,
        "message": first.message,
        "stack": first.stack.clone().unwrap_or_default(),
    });
    let map = cause.as_object_mut().expect("made as an object");
    if let Some(code) = &first.code {
        map.insert("code".into(), code.clone().into());
    }
    if let Some(details) = &first.details {
        map.insert("details".into(), details.to_value());
    }
    if let Some(next) = nested_cause(rest) {
        map.insert("cause".into(), next);
    }
    Some(cause)
}

fn cut(text: &mut String, max: usize) {
    if text.len() <= max {
        return;
    }
    let left_out = text.len() - max;
    let end = text.floor_char_boundary(max);
    text.truncate(end);
    text.push_str(&format!("… [{left_out} bytes left out]"));
}

fn cut_option(text: &mut Option<String>, max: usize) {
    if let Some(text) = text {
        cut(text, max);
    }
}

fn drop_large(details: &mut Option<Json>) {
    if let Some(json) = details.as_ref().filter(|json| json.len() > limits::ERROR_DETAILS_MAX_BYTES) {
        *details = Some(Json::of(&format!("[{} bytes left out]", json.len())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_characters_are_kept() {
        let failure = Failure::of_host(Kind::Application, "Error", "x".repeat(1_000_000)).bounded();
        assert_eq!(failure.message.len(), 1_000_000);
    }

    #[test]
    fn what_is_cut_is_marked() {
        let failure = Failure::of_host(Kind::Application, "é".repeat(1_000).as_str(), "m").bounded();
        assert!(failure.name.ends_with("bytes left out]"), "{}", failure.name);
    }

    #[test]
    fn causes_nest() {
        let cause =
            |name: &str| Cause { name: name.into(), message: "m".into(), stack: None, code: None, details: None };
        let mut failure = Failure::of_host(Kind::Application, "Error", "outer");
        failure.causes = vec![cause("A"), cause("B")];
        assert_eq!(failure.to_event_error(1)["cause"]["cause"]["name"], "B");
    }
}
