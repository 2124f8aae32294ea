//! A guest that breaks the contract, each function as its id says: what no SDK would do, a host has to withstand.

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

use exports::stepwell::plugin::functions::{Definition, Guest};
use stepwell::plugin::log;
use stepwell::plugin::steps::{self, Found};
use stepwell::plugin::types::{Cause, Failure, FailureKind, OperationKey, Outcome, RetryAdvice, RunContext};

struct Rogue;
export!(Rogue);

type Body = fn() -> Outcome;

const FUNCTIONS: [(&str, Body); 15] = [
    ("result-that-is-no-json", || Outcome::Completed("{oops".to_owned())),
    ("step-output-that-is-no-json", || {
        plan(&[step("a")]);
        steps::finish(&key("a"), Ok("{oops"));
        next_then_complete()
    }),
    ("details-that-are-no-json", || {
        Outcome::Failed(Failure { details: Some("{oops".to_owned()), ..failure("Rogue", "details that are no JSON") })
    }),
    ("options-that-are-no-json", || {
        plan(&[Found { options: "{oops".to_owned(), ..step("a") }]);
        Outcome::Suspended
    }),
    ("unknown-kind", || {
        plan(&[Found { kind: "teleport".to_owned(), ..step("a") }]);
        Outcome::Suspended
    }),
    ("finish-what-is-not-open", || {
        steps::finish(&key("never-planned"), Ok("1"));
        complete()
    }),
    ("finish-twice", || {
        plan(&[step("a")]);
        steps::finish(&key("a"), Ok("1"));
        steps::finish(&key("a"), Ok("2"));
        next_then_complete()
    }),
    ("never-finish", || {
        plan(&[step("a")]);
        complete()
    }),
    ("plan-twice", || {
        plan(&[step("a")]);
        plan(&[step("a")]);
        complete()
    }),
    ("plan-twice-at-once", || {
        plan(&[step("a"), step("a")]);
        Outcome::Suspended
    }),
    ("plan-the-empty-id", || {
        plan(&[step("")]);
        Outcome::Suspended
    }),
    ("suspend-for-nothing", || Outcome::Suspended),
    ("suspend-by-import", || {
        plan(&[Found { kind: "sleep".to_owned(), options: r#"{"ms":1}"#.to_owned(), ..step("nap") }]);
        if steps::next().is_none() {
            steps::suspend();
        }
        complete()
    }),
    ("claim-to-be-the-host", || {
        let failure = failure("Rogue", "a failure whose kind and attempt only the host may say");
        Outcome::Failed(Failure { kind: FailureKind::Host, attempt: 99, ..failure })
    }),
    ("endless-causes", || {
        let cause =
            Cause { name: "Cause".to_owned(), message: "x".repeat(1000), stack: None, code: None, details: None };
        Outcome::Failed(Failure { causes: vec![cause; 10_000], ..failure("Rogue", "ten thousand causes") })
    }),
];

impl Guest for Rogue {
    fn describe() -> Vec<Definition> {
        let definition = |(id, _): &(&str, Body)| Definition {
            id: (*id).to_owned(),
            name: String::new(),
            has_failure_handler: true,
            options: format!(r#"{{"triggers":[{{"event":"rogue/{id}"}}],"retries":0}}"#),
        };
        FUNCTIONS.iter().map(definition).collect()
    }

    fn run(context: RunContext) -> Outcome {
        match FUNCTIONS.iter().find(|(id, _)| *id == context.function_id) {
            Some((_, body)) => body(),
            None => Outcome::Failed(failure("UnknownFunctionError", &context.function_id)),
        }
    }
}

impl exports::stepwell::plugin::failure_handler::Guest for Rogue {
    /// Writes a line that is out of the ordinary too, and says what it was told.
    fn on_failure(_: RunContext, error: Failure) -> Outcome {
        log::write(log::Level::Error, "\u{1b}[31mescapes\u{7} in a line", "not json");
        Outcome::Completed(format!("\"{}\"", error.name))
    }
}

fn key(id: &str) -> OperationKey {
    OperationKey { id: id.to_owned(), n: 0 }
}

fn step(id: &str) -> Found {
    Found { key: key(id), kind: "run".to_owned(), options: "{}".to_owned() }
}

fn plan(found: &[Found]) {
    steps::plan(found);
}

fn complete() -> Outcome {
    Outcome::Completed("null".to_owned())
}

fn next_then_complete() -> Outcome {
    if steps::next().is_none() {
        return Outcome::Suspended;
    }
    complete()
}

fn failure(name: &str, message: &str) -> Failure {
    Failure {
        kind: FailureKind::Application,
        name: name.to_owned(),
        message: message.to_owned(),
        stack: None,
        code: None,
        details: None,
        causes: Vec::new(),
        step: None,
        attempt: 0,
        advice: RetryAdvice::ByPolicy,
    }
}
