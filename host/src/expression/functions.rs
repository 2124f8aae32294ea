//! The functions that there are: CEL's for JSON's values, and Inngest's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pattern::Pattern;
use super::steps::{Exhausted, Steps};
use super::time::{self, Part};
use super::value::{Reason, Text, Value};
use super::writing;
use crate::limits;

/// A function, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Int,
    Uint,
    Double,
    Bool,
    Text,
    Lowercase,
    Uppercase,
    Base64,
    Json,
    Date,
    Span,
    Part(Part),
}

/// How it may be called: `name(x)`, `x.name()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Method,
    Either,
}

/// A function's name, how it is called, with how many arguments, and what it does.
pub type Entry = (&'static str, Style, std::ops::RangeInclusive<usize>, Function);

pub const FUNCTIONS: [Entry; 27] = [
    ("size", Style::Either, 1..=1, Function::Size),
    ("contains", Style::Method, 2..=2, Function::Contains),
    ("startsWith", Style::Method, 2..=2, Function::StartsWith),
    ("endsWith", Style::Method, 2..=2, Function::EndsWith),
    ("matches", Style::Either, 2..=2, Function::Matches),
    ("int", Style::Plain, 1..=1, Function::Int),
    ("uint", Style::Plain, 1..=1, Function::Uint),
    ("double", Style::Plain, 1..=1, Function::Double),
    ("bool", Style::Plain, 1..=1, Function::Bool),
    ("string", Style::Plain, 1..=1, Function::Text),
    ("lowercase", Style::Plain, 1..=1, Function::Lowercase),
    ("uppercase", Style::Plain, 1..=1, Function::Uppercase),
    ("b64decode", Style::Plain, 1..=1, Function::Base64),
    ("json_parse", Style::Plain, 1..=1, Function::Json),
    ("date", Style::Plain, 1..=1, Function::Date),
    ("timestamp", Style::Plain, 1..=1, Function::Date),
    ("duration", Style::Plain, 1..=1, Function::Span),
    ("getFullYear", Style::Method, 1..=2, Function::Part(Part::Year)),
    ("getMonth", Style::Method, 1..=2, Function::Part(Part::Month)),
    ("getDayOfYear", Style::Method, 1..=2, Function::Part(Part::DayOfYear)),
    ("getDate", Style::Method, 1..=2, Function::Part(Part::Date)),
    ("getDayOfMonth", Style::Method, 1..=2, Function::Part(Part::DayOfMonth)),
    ("getDayOfWeek", Style::Method, 1..=2, Function::Part(Part::DayOfWeek)),
    ("getHours", Style::Method, 1..=2, Function::Part(Part::Hours)),
    ("getMinutes", Style::Method, 1..=2, Function::Part(Part::Minutes)),
    ("getSeconds", Style::Method, 1..=2, Function::Part(Part::Seconds)),
    ("getMilliseconds", Style::Method, 1..=2, Function::Part(Part::Milliseconds)),
];

/// Functions of CEL or Inngest that are left out, and what to do instead.
pub const LEFT_OUT: [(&str, &str); 6] = [
    ("now", "an event has the same answer whenever it is asked for; its own time is `date(event.ts)`"),
    ("now_plus", "an event has the same answer whenever it is asked for; its own time is `date(event.ts)`"),
    ("now_minus", "an event has the same answer whenever it is asked for; its own time is `date(event.ts)`"),
    ("bytes", "JSON has none"),
    ("type", "JSON's numbers are of one kind"),
    ("dyn", "everything is"),
];

impl Function {
    /// With something missing among its arguments it is false, as with Inngest; only a size is 0.
    pub fn call<'a>(
        self,
        name: &'static str,
        arguments: &[Value<'a>],
        steps: &mut Steps,
    ) -> Result<Value<'a>, Exhausted> {
        if arguments.iter().any(Value::is_missing) {
            return Ok(if self == Self::Size { Value::Int(0) } else { Value::Bool(false) });
        }
        match arguments {
            [value] => self.of_one(name, value, steps),
            [left, right] => self.of_two(name, left, right, steps),
            _ => Ok(Value::Missing),
        }
    }

    fn of_one<'a>(self, name: &'static str, value: &Value<'a>, steps: &mut Steps) -> Result<Value<'a>, Exhausted> {
        if let Value::Text(text) = value {
            steps.spend_text(text.len())?;
            return self.of_text(name, text, steps);
        }
        let overflow = Value::Undefined(Reason::Overflow { name });
        Ok(match (self, value) {
            (Self::Size, Value::List(list)) => Value::Int(list.len() as i128),
            (Self::Size, Value::Map(map)) => Value::Int(map.len() as i128),
            (Self::Int, Value::Int(number)) => Value::Int(*number),
            (Self::Int | Self::Uint, Value::Float(number)) if !number.is_finite() => overflow,
            (Self::Int, Value::Float(number)) => Value::int(name, Some(*number as i128)),
            (Self::Int, Value::Time(time)) => Value::Int(time.timestamp().into()),
            (Self::Uint, Value::Int(number)) => Value::int(name, (*number >= 0).then_some(*number)),
            (Self::Uint, Value::Float(number)) => Value::int(name, (*number >= 0.0).then_some(*number as i128)),
            (Self::Double, Value::Int(number)) => Value::Float(*number as f64),
            (Self::Double, Value::Float(number)) => Value::Float(*number),
            (Self::Bool, Value::Bool(truth)) => Value::Bool(*truth),
            (Self::Text, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Time(_) | Value::Span(_)) => {
                Value::text(writing::canonical(value, steps)?)
            }
            (Self::Date, Value::Int(number)) => readable(name, time::of_number(*number).map(Value::Time)),
            (Self::Date, Value::Float(number)) => readable(name, time::of_number(*number as i128).map(Value::Time)),
            (Self::Date, Value::Time(time)) => Value::Time(*time),
            (Self::Span, Value::Span(span)) => Value::Span(*span),
            (Self::Part(part), Value::Time(time)) => readable(name, part.of_time(time, None).map(Value::Int)),
            (Self::Part(part), Value::Span(span)) => readable(name, part.of_span(span).map(Value::Int)),
            (_, other) => Value::Undefined(Reason::Kind { name, kind: other.kind() }),
        })
    }

    fn of_text<'a>(self, name: &'static str, text: &Text<'a>, steps: &mut Steps) -> Result<Value<'a>, Exhausted> {
        let value = match self {
            Self::Size => Some(Value::Int(text.chars().count() as i128)),
            Self::Int => text.parse().ok().map(|number| Value::int(name, Some(number))),
            Self::Uint => text.parse().ok().map(|number: u64| Value::Int(number.into())),
            Self::Double => text.parse().ok().map(Value::Float),
            Self::Bool => match &**text {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(Value::Bool(true)),
                "false" | "False" | "FALSE" | "f" | "F" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            Self::Text => Some(Value::Text(text.clone())),
            Self::Lowercase => Some(Value::text(text.to_lowercase())),
            Self::Uppercase => Some(Value::text(text.to_uppercase())),
            Self::Base64 => {
                let bytes = STANDARD.decode(text.as_bytes()).ok();
                bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Value::text)
            }
            Self::Json => {
                steps.spend(text.len() / limits::EXPRESSION_STEP_PARSED_BYTES)?;
                serde_json::from_str(text).ok().map(Value::made)
            }
            Self::Date => time::read(text).map(Value::Time),
            Self::Span => time::read_span(text).map(Value::Span),
            _ => return Ok(Value::Undefined(Reason::Kind { name, kind: "a text" })),
        };
        Ok(readable(name, value))
    }

    fn of_two<'a>(
        self,
        name: &'static str,
        left: &Value<'a>,
        right: &Value<'a>,
        steps: &mut Steps,
    ) -> Result<Value<'a>, Exhausted> {
        let (left, right) = match (self, left, right) {
            (Self::Part(part), Value::Time(time), Value::Text(zone)) => {
                return Ok(readable(name, part.of_time(time, Some(zone)).map(Value::Int)));
            }
            (_, Value::Text(left), Value::Text(right)) => (left, right),
            _ => return Ok(Value::Undefined(Reason::Kinds { name, left: left.kind(), right: right.kind() })),
        };
        steps.spend_text(left.len() + right.len())?;
        Ok(match self {
            Self::Contains => Value::Bool(left.contains(&**right)),
            Self::StartsWith => Value::Bool(left.starts_with(&**right)),
            Self::EndsWith => Value::Bool(left.ends_with(&**right)),
            Self::Matches => {
                steps.spend(limits::EXPRESSION_PATTERN_STEPS)?;
                match Pattern::compile(right) {
                    Ok(pattern) => Value::Bool(pattern.is_in(left, steps)?),
                    Err(_) => Value::Undefined(Reason::Pattern),
                }
            }
            _ => Value::Undefined(Reason::Kinds { name, left: "a text", right: "a text" }),
        })
    }
}

fn readable<'a>(name: &'static str, value: Option<Value<'a>>) -> Value<'a> {
    value.unwrap_or(Value::Undefined(Reason::Unreadable { name }))
}
