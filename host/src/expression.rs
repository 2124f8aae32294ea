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

    /// Its value for the event, as a text that only equal values have; `None` where that is `false`. What is missing is
    /// null.
    pub fn key(&self, event: &Json) -> Result<Option<String>, Undecided> {
        match self.execute(&[("event", event)])? {
            Value::Bool(false) => Ok(None),
            value => Ok(Some(text_of(&value))),
        }
    }

    fn decide(&self, variables: &[(&str, &Json)]) -> Result<bool, Undecided> {
        match self.execute(variables)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Ok(false),
            other => Err(self.undecided(format!("its value is {other:?}, not true or false"))),
        }
    }

    fn execute(&self, variables: &[(&str, &Json)]) -> Result<Value, Undecided> {
        let mut context = Context::default();
        for (name, value) in variables {
            context.add_variable(*name, value.to_value()).map_err(|error| self.undecided(error.to_string()))?;
        }
        match self.program.execute(&context) {
            Err(ExecutionError::NoSuchKey(_)) => Ok(Value::Null),
            value => value.map_err(|error| self.undecided(error.to_string())),
        }
    }

    fn undecided(&self, problem: String) -> Undecided {
        Undecided { source_text: self.source.to_string(), problem }
    }
}

/// Numbers are one, whatever their type; a text is told from a number.
fn text_of(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.iter().map(text_of).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let mut fields: Vec<_> = map.map.iter().map(|(key, value)| format!("{key:?}:{}", text_of(value))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        other => format!("{other:?}"),
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
    fn has_a_key() {
        let event = Json::trusted(r#"{"data":{"id":"1","n":1,"f":1.0,"no":false,"l":[1,"a"],"m":{"b":2,"a":[]}}}"#);
        let key = |source: &str| Expression::compile(source).expect("compiles").key(&event).expect("decided");
        assert_eq!(key("event.data.n"), key("event.data.f"));
        assert_ne!(key("event.data.id"), key("event.data.n"));
        assert_ne!(key("event.data.missing"), None);
        assert_eq!(key("event.data.missing"), key("event.data.gone"));
        assert_eq!((key("event.data.no"), key("event.data.n > 3")), (None, None));
        assert_eq!(key("event.data.l"), Some(r#"[1,"a"]"#.into()));
        assert_eq!(key("event.data.m"), key("{'a': [], 'b': 2}"));
        assert_eq!(key("event.data.id + '-x'"), Some("\"1-x\"".into()));
        assert!(Expression::compile("event.data.id - 1").expect("compiles").key(&event).is_err());
    }

    #[test]
    fn refuses_what_does_not_compile() {
        let error = Expression::compile("event.data ===").expect_err("no CEL");
        let text = error.to_string();
        assert!(text.starts_with("expression \"event.data ===\" is not valid CEL: 1:14: Syntax error"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
