//! The contract's words into the model's, and back.

use super::bindings::wit;
use crate::model::{Cause, Failure, Json, Kind, OpKey, RetryAdvice};

/// The name of the failure of a step or function whose result is no JSON.
pub(super) const INVALID_JSON: &str = "InvalidJson";

pub(super) fn key(key: wit::OperationKey) -> OpKey {
    OpKey::new(key.id, key.n)
}

pub(super) fn to_key(key: &OpKey) -> wit::OperationKey {
    wit::OperationKey { id: key.id.to_string(), n: key.n }
}

pub(super) fn to_value(value: Result<Json, Failure>) -> Result<String, wit::Failure> {
    match value {
        Ok(json) => Ok(json.as_str().to_owned()),
        Err(failure) => Err(to_failure(failure)),
    }
}

/// A guest's error, bounded. Other kinds than `application` are the host's to find: a guest only passes them on, with
/// the step that they came from.
pub(super) fn failure(failure: wit::Failure) -> Failure {
    Failure {
        kind: if failure.step.is_some() { kind(failure.kind) } else { Kind::Application },
        name: failure.name,
        message: failure.message,
        stack: failure.stack,
        code: failure.code,
        details: failure.details.map(details),
        causes: failure.causes.into_iter().map(cause).collect(),
        step: failure.step.map(key),
        attempt: failure.attempt,
        advice: match failure.advice {
            wit::RetryAdvice::ByPolicy => RetryAdvice::ByPolicy,
            wit::RetryAdvice::Never => RetryAdvice::Never,
            wit::RetryAdvice::After(ms) => RetryAdvice::After(ms),
        },
    }
    .bounded()
}

pub(super) fn to_failure(failure: Failure) -> wit::Failure {
    wit::Failure {
        kind: to_kind(failure.kind),
        name: failure.name,
        message: failure.message,
        stack: failure.stack,
        code: failure.code,
        details: failure.details.as_ref().map(text),
        causes: failure.causes.into_iter().map(to_cause).collect(),
        step: failure.step.as_ref().map(to_key),
        attempt: failure.attempt,
        advice: to_advice(failure.advice),
    }
}

/// The causes of [`failure_param`], which borrows them.
pub(super) fn cause_params<'a>(failure: &'a Failure) -> Vec<wit::CauseParam<'a>> {
    let param = |cause: &'a Cause| wit::CauseParam {
        name: &cause.name,
        message: &cause.message,
        stack: cause.stack.as_deref(),
        code: cause.code.as_deref(),
        details: cause.details.as_ref().map(Json::as_str),
    };
    failure.causes.iter().map(param).collect()
}

/// A failure as a failure handler gets it, without a copy.
pub(super) fn failure_param<'a>(failure: &'a Failure, causes: &'a [wit::CauseParam<'a>]) -> wit::FailureParam<'a> {
    wit::FailureParam {
        kind: to_kind(failure.kind),
        name: &failure.name,
        message: &failure.message,
        stack: failure.stack.as_deref(),
        code: failure.code.as_deref(),
        details: failure.details.as_ref().map(Json::as_str),
        causes,
        step: failure.step.as_ref().map(|key| wit::OperationKeyParam { id: &key.id, n: key.n }),
        attempt: failure.attempt,
        advice: to_advice(failure.advice),
    }
}

fn cause(cause: wit::Cause) -> Cause {
    Cause {
        name: cause.name,
        message: cause.message,
        stack: cause.stack,
        code: cause.code,
        details: cause.details.map(details),
    }
}

fn to_cause(cause: Cause) -> wit::Cause {
    wit::Cause {
        name: cause.name,
        message: cause.message,
        stack: cause.stack,
        code: cause.code,
        details: cause.details.as_ref().map(text),
    }
}

fn to_advice(advice: RetryAdvice) -> wit::RetryAdvice {
    match advice {
        RetryAdvice::ByPolicy => wit::RetryAdvice::ByPolicy,
        RetryAdvice::Never => wit::RetryAdvice::Never,
        RetryAdvice::After(ms) => wit::RetryAdvice::After(ms),
    }
}

fn text(json: &Json) -> String {
    json.as_str().to_owned()
}

/// Returns a marker in the place of an invalid text, and of what is nested too deep in a valid one.
fn details(text: String) -> Json {
    Json::of_guest_cut(&text).unwrap_or_else(|error| Json::of(&format!("[left out: {error}]")))
}

fn kind(kind: wit::FailureKind) -> Kind {
    match kind {
        wit::FailureKind::Application => Kind::Application,
        wit::FailureKind::Trap => Kind::Trap,
        wit::FailureKind::Timeout => Kind::Timeout,
        wit::FailureKind::Limit => Kind::Limit,
        wit::FailureKind::Divergence => Kind::Divergence,
        wit::FailureKind::Cancelled => Kind::Cancelled,
        wit::FailureKind::Host => Kind::Host,
    }
}

fn to_kind(kind: Kind) -> wit::FailureKind {
    match kind {
        Kind::Application => wit::FailureKind::Application,
        Kind::Trap => wit::FailureKind::Trap,
        Kind::Timeout => wit::FailureKind::Timeout,
        Kind::Limit => wit::FailureKind::Limit,
        Kind::Divergence => wit::FailureKind::Divergence,
        Kind::Cancelled => wit::FailureKind::Cancelled,
        Kind::Host => wit::FailureKind::Host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_survive_the_way_there_and_back() {
        let mut given = Failure::of_host(Kind::Cancelled, "Cancelled", "late").coded("x").never_retried();
        given.step = Some(OpKey::new("a", 2));
        given.details = Some(Json::trusted(r#"{"a":1}"#));
        let cause = Cause { name: "E".into(), message: "m".into(), stack: Some("s".into()), code: None, details: None };
        given.causes = vec![cause];
        assert_eq!(failure(to_failure(given.clone())), given);
    }

    #[test]
    fn no_guest_speaks_for_the_host() {
        let given = to_failure(Failure::of_host(Kind::Host, "Error", "m"));
        assert_eq!(failure(given).kind, Kind::Application);
    }

    #[test]
    fn details_that_are_no_json_are_left_out() {
        let mut given = to_failure(Failure::of_host(Kind::Application, "Error", "m"));
        given.details = Some("{".into());
        let details = failure(given).details.expect("a marker");
        assert!(details.as_str().contains("left out: not valid JSON"), "{details}");
    }

    #[test]
    fn only_the_deep_part_of_details_is_left_out() {
        let mut given = to_failure(Failure::of_host(Kind::Application, "Error", "m"));
        given.details = Some(format!(r#"{{"order":7,"deep":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000)));
        let details = failure(given).details.expect("kept");
        assert!(details.as_str().starts_with(r#"{"order":7,"deep":[[["#), "{details}");
        assert!(details.as_str().contains("nested deeper than"), "{details}");
    }
}
