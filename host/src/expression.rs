//! CEL expressions over events, with Inngest's semantics: `docs/expressions.md`.
//!
//! A text is read into a tree (`syntax`), the tree made ready once (`program`), and that evaluated (`evaluation`) over
//! the fields that it asks for, which are read from the event's text (`fields`).

mod arithmetic;
mod comparison;
mod evaluation;
mod fields;
mod functions;
mod lookup;
mod pattern;
mod program;
mod steps;
mod syntax;
#[cfg(test)]
mod tests;
mod time;
mod token;
mod value;
mod writing;

use std::fmt;
use std::sync::Arc;

use crate::limits;
use crate::model::Json;
use evaluation::Evaluation;
use fields::Found;
use program::{About, Program};
use steps::Exhausted;
use value::Value;

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

/// The expression has no such value for this event.
#[derive(Debug, Clone, thiserror::Error)]
#[error("expression {source_text:?} cannot be decided: {problem}")]
pub struct Undecided {
    source_text: String,
    problem: String,
}

/// An error in a text, and its byte.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    at: usize,
    words: String,
}

impl Problem {
    fn new(at: usize, words: String) -> Self {
        Self { at, words }
    }

    /// With the line and the column, both from 1.
    fn told(&self, source: &str) -> String {
        let before = &source[..self.at];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let words: Vec<&str> = self.words.split_whitespace().collect();
        format!("{line}:{column}: {}", words.join(" "))
    }
}

impl Expression {
    /// Compiles what speaks of `event`; at most [`limits::EXPRESSION_MAX_BYTES`].
    pub fn compile(source: &str) -> Result<Self, Error> {
        Self::compile_about(source, About::Event)
    }

    /// Compiles what also speaks of `async`, the event that has come.
    pub fn compile_wait(source: &str) -> Result<Self, Error> {
        Self::compile_about(source, About::EventAndAnswer)
    }

    fn compile_about(source: &str, about: About) -> Result<Self, Error> {
        let refuse = |source: &str, problem: String| Error { source_text: source.to_owned(), problem };
        if source.len() > limits::EXPRESSION_MAX_BYTES {
            let begin: String = source.chars().take(40).chain(['…']).collect();
            return Err(refuse(&begin, format!("it is longer than {} bytes", limits::EXPRESSION_MAX_BYTES)));
        }
        let program = syntax::read(source).and_then(|tree| program::compile(&tree, about));
        let program = program.map_err(|problem| refuse(source, problem.told(source)))?;
        Ok(Self { source: source.into(), program: Arc::new(program) })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is true of the event. What is null, or not there, is false.
    pub fn matches(&self, event: &Json) -> Result<bool, Undecided> {
        let found = self.read(event, None)?;
        self.decide(Evaluation::of_event(&self.program, &found))
    }

    /// Whether it is true of an event that has come (`async`), for a run that another one started (`event`).
    pub fn matches_answer(&self, event: &Json, answer: &Json) -> Result<bool, Undecided> {
        let found = self.read(event, Some(answer))?;
        self.decide(Evaluation::of_answer(&self.program, &found))
    }

    /// Its value for the event, as a text that only equal values have; `None` where that is `false`, or is not there:
    /// to Inngest that is the same, and where there is a limit for each key, an event without one has none.
    pub fn key(&self, event: &Json) -> Result<Option<String>, Undecided> {
        let found = self.read(event, None)?;
        let mut evaluation = Evaluation::of_event(&self.program, &found);
        match self.evaluate(&mut evaluation)? {
            Value::Bool(false) | Value::Missing => Ok(None),
            value => {
                let text = writing::canonical(&value, &mut evaluation.steps);
                text.map(Some).map_err(|Exhausted| self.exhausted())
            }
        }
    }

    /// Its value for the event, if that is a number.
    pub fn number(&self, event: &Json) -> Result<Option<f64>, Undecided> {
        let found = self.read(event, None)?;
        match self.evaluate(&mut Evaluation::of_event(&self.program, &found))? {
            Value::Int(number) => Ok(Some(number as f64)),
            Value::Float(number) => Ok(Some(number).filter(|number| !number.is_nan())),
            _ => Ok(None),
        }
    }

    fn decide<'a>(&'a self, mut evaluation: Evaluation<'a>) -> Result<bool, Undecided> {
        match self.evaluate(&mut evaluation)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null | Value::Missing => Ok(false),
            other => Err(self.undecided(format!("its value is {}, not true or false", other.kind()))),
        }
    }

    fn read(&self, event: &Json, answer: Option<&Json>) -> Result<Found, Undecided> {
        let mut found = vec![None; self.program.places.len()];
        let fields = [(Some(event), &self.program.event), (answer, &self.program.answer)];
        for (json, fields) in fields.into_iter().filter(|(_, fields)| !fields.is_empty()) {
            let read = json.map_or(Ok(()), |json| fields.read(json, &mut found));
            read.map_err(|error| self.undecided(format!("the event cannot be read: {error}")))?;
        }
        Ok(found)
    }

    fn evaluate<'a>(&'a self, evaluation: &mut Evaluation<'a>) -> Result<Value<'a>, Undecided> {
        match evaluation.value(&self.program.node) {
            Ok(Value::Undefined(reason)) => Err(self.undecided(reason.to_string())),
            Ok(value) => Ok(value),
            Err(Exhausted) => Err(self.exhausted()),
        }
    }

    fn exhausted(&self) -> Undecided {
        self.undecided(format!("it takes more than {} steps", limits::EXPRESSION_STEPS_MAX))
    }

    fn undecided(&self, problem: String) -> Undecided {
        Undecided { source_text: self.source.to_string(), problem }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
