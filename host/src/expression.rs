//! CEL expressions over events, with Inngest's semantics where they differ from CEL's: what is missing is null.

mod lookup;

use std::fmt;
use std::sync::Arc;

use cel::{Context, ExecutionError, Program, Value};

use crate::limits;
use crate::model::Json;

/// A compiled expression.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    program: Arc<Program>,
}

/// The text is no expression.
#[derive(Debug, Clone, thiserror::Error)]
#[error("expression {source_text:?} is not valid CEL: {problem}")]
pub struct Error {
    source_text: String,
    problem: String,
}

/// The expression has no boolean value for this event.
#[derive(Debug, Clone, thiserror::Error)]
#[error("expression {source_text:?} cannot be decided: {problem}")]
pub struct Undecided {
    source_text: String,
    problem: String,
}

impl Expression {
    /// Compiles; at most [`limits::EXPRESSION_MAX_BYTES`].
    pub fn compile(source: &str) -> Result<Self, Error> {
        let refuse = |problem: String| Error { source_text: source.to_owned(), problem };
        if source.len() > limits::EXPRESSION_MAX_BYTES {
            return Err(refuse(format!("it is longer than {} bytes", limits::EXPRESSION_MAX_BYTES)));
        }
        let program = Program::compile(source).map_err(|error| refuse(first_problem(&error.to_string())))?;
        Ok(Self { source: source.into(), program: Arc::new(program) })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is true of the event. A field that is not there makes it false, not an error.
    pub fn matches(&self, event: &Json) -> Result<bool, Undecided> {
        self.decide(&[("event", event)])
    }

    /// Whether it is true of an event that has come (`async`), for a run that another one started (`event`).
    pub fn matches_answer(&self, event: &Json, answer: &Json) -> Result<bool, Undecided> {
        self.decide(&[("event", event), ("async", answer)])
    }

    fn decide(&self, variables: &[(&str, &Json)]) -> Result<bool, Undecided> {
        let undecided = |problem: String| Undecided { source_text: self.source.to_string(), problem };
        let mut context = Context::default();
        for (name, value) in variables {
            context.add_variable(*name, value.to_value()).map_err(|error| undecided(error.to_string()))?;
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(Value::Null) | Err(ExecutionError::NoSuchKey(_)) => Ok(false),
            Ok(other) => Err(undecided(format!("its value is {other:?}, not true or false"))),
            Err(error) => Err(undecided(error.to_string())),
        }
    }
}

/// The first thing that the parser complains of, without its drawing: `1:4: Syntax error: …`.
fn first_problem(words: &str) -> String {
    let line = words.lines().next().unwrap_or_default();
    line.trim_start_matches("ERROR: ").trim_start_matches("<input>:").to_owned()
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(source: &str, event: &str) -> Result<bool, Undecided> {
        Expression::compile(source).expect("compiles").matches(&Json::parse(event).expect("valid"))
    }

    #[test]
    fn decides() {
        let event = r#"{"data":{"function_id":"app-f","n":3}}"#;
        assert!(matches("event.data.function_id == 'app-f'", event).expect("decided"));
        assert!(!matches("event.data.n > 3", event).expect("decided"));
        assert!(!matches("event.data.missing == 'x'", event).expect("decided"));
        assert!(matches("event.data.n", event).is_err());
    }

    #[test]
    fn refuses_what_does_not_compile() {
        let error = Expression::compile("event.data ===").expect_err("no CEL");
        let text = error.to_string();
        assert!(text.starts_with("expression \"event.data ===\" is not valid CEL: 1:14: Syntax error"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
