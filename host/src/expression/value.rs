//! Values of expressions: JSON's, and points and spans of time.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

/// Borrowed from the event or the expression as far as that goes.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// A field that is not there.
    Missing,
    /// No value. To what is made of it, it is missing.
    Undefined(Reason),
    Null,
    Bool(bool),
    /// The integers of JSON: from `i64::MIN` to `u64::MAX`.
    Int(i128),
    Float(f64),
    Text(Text<'a>),
    List(List<'a>),
    Map(Map<'a>),
    Time(DateTime<Utc>),
    Span(TimeDelta),
}

/// Why something has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("`{name}` is not for {kind}")]
    Kind { name: &'static str, kind: &'static str },
    #[error("`{name}` is not for {left} and {right}")]
    Kinds { name: &'static str, left: &'static str, right: &'static str },
    #[error("`{name}` cannot read its argument")]
    Unreadable { name: &'static str },
    #[error("`{name}` leaves the range of its numbers")]
    Overflow { name: &'static str },
    #[error("`matches` has no valid pattern")]
    Pattern,
}

/// A text.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    Here(&'a str),
    Made(Rc<str>),
}

/// A list.
#[derive(Debug, Clone)]
pub enum List<'a> {
    Here(&'a [Json]),
    Made(Rc<[Value<'a>]>),
}

/// Values by name.
#[derive(Debug, Clone)]
pub enum Map<'a> {
    Here(&'a serde_json::Map<String, Json>),
    Made(Rc<BTreeMap<String, Value<'a>>>),
}

impl<'a> Value<'a> {
    pub fn of(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::number(number),
            Json::String(text) => Self::Text(Text::Here(text)),
            Json::Array(items) => Self::List(List::Here(items)),
            Json::Object(map) => Self::Map(Map::Here(map)),
        }
    }

    /// Takes what nobody else owns.
    pub fn made(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(truth),
            Json::Number(number) => Self::number(&number),
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::list(items.into_iter().map(Self::made).collect()),
            Json::Object(map) => {
                Self::Map(Map::Made(Rc::new(map.into_iter().map(|(name, value)| (name, Self::made(value))).collect())))
            }
        }
    }

    fn number(number: &serde_json::Number) -> Self {
        let int = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        int.map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Int)
    }

    /// A whole number, if it is one of JSON's.
    pub fn int(name: &'static str, number: Option<i128>) -> Self {
        let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
        match number.filter(|number| range.contains(number)) {
            Some(number) => Self::Int(number),
            None => Self::Undefined(Reason::Overflow { name }),
        }
    }

    pub fn text(text: String) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List::Made(items.into()))
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Undefined(_) => "what has no value",
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Time(_) => "a time",
            Self::Span(_) => "a duration",
        }
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::Undefined(_))
    }

    /// As JavaScript has it, but for lists and maps that are empty: those are true there too.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Missing | Self::Undefined(_) | Self::Null => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(_) | Self::Map(_) | Self::Time(_) | Self::Span(_) => true,
        }
    }

    /// The field of that name; what has no fields has none of that name either.
    pub fn field(&self, name: &str) -> Self {
        match self {
            Self::Map(map) => map.get(name).unwrap_or(Self::Missing),
            Self::Undefined(reason) => Self::Undefined(*reason),
            _ => Self::Missing,
        }
    }

    /// The item of a list, or a field.
    pub fn item(&self, index: &Self) -> Self {
        let place = match (self, index) {
            (_, Self::Text(name)) => return self.field(name),
            (_, Self::Int(place)) => usize::try_from(*place).ok(),
            (_, Self::Float(place)) if place.fract() == 0.0 && *place >= 0.0 => Some(*place as usize),
            _ => None,
        };
        match (self, place) {
            (Self::List(list), Some(place)) => list.get(place).unwrap_or(Self::Missing),
            (Self::Undefined(reason), _) => Self::Undefined(*reason),
            _ => Self::Missing,
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Here(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl<'a> List<'a> {
    pub fn len(&self) -> usize {
        match self {
            Self::Here(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub fn get(&self, place: usize) -> Option<Value<'a>> {
        match self {
            Self::Here(items) => items.get(place).map(Value::of),
            Self::Made(items) => items.get(place).cloned(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}

impl<'a> Map<'a> {
    pub fn len(&self) -> usize {
        match self {
            Self::Here(map) => map.len(),
            Self::Made(map) => map.len(),
        }
    }

    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Self::Here(map) => map.get(name).map(Value::of),
            Self::Made(map) => map.get(name).cloned(),
        }
    }

    /// In the order of the alphabet.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = match self {
            Self::Here(map) => map.keys().map(String::as_str).collect(),
            Self::Made(map) => map.keys().map(String::as_str).collect(),
        };
        names.sort_unstable();
        names
    }
}
