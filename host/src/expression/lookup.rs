//! What an expression over an awaited event says of one field alone, so that it can be looked up in an index.

use serde_json::Value;

use super::Expression;
use crate::model::{Digest, Json};

/// A longer value is looked up by its digest.
const LOOKUP_MAX_BYTES: usize = 128;

/// One side of a comparison.
enum Side<'a> {
    /// A field of the event that started the run.
    Event(&'a str),
    /// A field of the event that has come.
    Answer(&'a str),
    Literal(Value),
}

impl Expression {
    /// A field that the awaited event has to have, and its value as [`Self::lookup_value`] gives it; `None` where the
    /// expression demands no such thing. It is a necessary condition: the expression itself still has to be true.
    pub fn lookup(source: &str, event: &Json) -> Option<(String, String)> {
        conjuncts(source).into_iter().find_map(|conjunct| {
            let (left, right) = conjunct.split_once("==")?;
            match (side(left)?, side(right)?) {
                (Side::Answer(path), Side::Event(field)) | (Side::Event(field), Side::Answer(path)) => {
                    Some((path.to_owned(), Self::lookup_value(event, field)))
                }
                (Side::Answer(path), Side::Literal(value)) | (Side::Literal(value), Side::Answer(path)) => {
                    Some((path.to_owned(), written(&value)))
                }
                _ => None,
            }
        })
    }

    /// The value of a field such as `data.id` in the form in which it is looked up: equal for values that CEL calls
    /// equal. The empty path has the empty value.
    pub fn lookup_value(event: &Json, path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        let event = event.to_value();
        written(path.split('.').fold(&event, |value, field| value.get(field).unwrap_or(&Value::Null)))
    }

    /// Whether it may ask for the event that started the run.
    pub fn reads_event(source: &str) -> bool {
        source.contains("event")
    }
}

/// The parts that all have to be true. What is in parentheses, brackets or quotes is not looked into.
fn conjuncts(source: &str) -> Vec<&str> {
    let is_plain = |byte: u8| !matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'?' | b'|' | b'!' | b'\\');
    if !source.bytes().all(is_plain) {
        return Vec::new();
    }
    let mut quote = None;
    let has_operator_in_quotes = source.bytes().any(|byte| match quote {
        None if matches!(byte, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        Some(open) if open == byte => {
            quote = None;
            false
        }
        Some(_) => matches!(byte, b'&' | b'='),
        None => false,
    });
    if has_operator_in_quotes { Vec::new() } else { source.split("&&").collect() }
}

fn side(text: &str) -> Option<Side<'_>> {
    let text = text.trim();
    let is_path = |path: &str| {
        path.split('.').all(|field| {
            !field.is_empty()
                && !field.starts_with(|first: char| first.is_ascii_digit())
                && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    if let Some(path) = text.strip_prefix("event.").filter(|path| is_path(path)) {
        return Some(Side::Event(path));
    }
    if let Some(path) = text.strip_prefix("async.").filter(|path| is_path(path)) {
        return Some(Side::Answer(path));
    }
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let quoted = quoted.or_else(|| text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')));
    match quoted {
        Some(literal) => Some(Side::Literal(literal.into())),
        None => serde_json::from_str(text).ok().map(Side::Literal),
    }
}

/// Numbers as CEL compares them: 1 is 1.0. What is long is its digest.
fn written(value: &Value) -> String {
    let text = match value {
        Value::Number(number) => format!("n{}", number.as_f64().unwrap_or(f64::NAN) + 0.0),
        Value::String(text) => format!("s{text}"),
        other => other.to_string(),
    };
    if text.len() <= LOOKUP_MAX_BYTES { text } else { format!("d{}", Digest::of(text.as_bytes())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(source: &str) -> Option<(String, String)> {
        let event = Json::parse(r#"{"data":{"id":7,"name":"Ada"}}"#).expect("valid");
        Expression::compile(source).expect("compiles");
        Expression::lookup(source, &event)
    }

    fn found(path: &str, value: &str) -> Option<(String, String)> {
        Some((path.to_owned(), value.to_owned()))
    }

    #[test]
    fn finds_what_has_to_be_equal() {
        assert_eq!(lookup("event.data.id == async.data.id"), found("data.id", "n7"));
        assert_eq!(lookup("async.data.n > 3 && async.data.user == event.data.name"), found("data.user", "sAda"));
        assert_eq!(lookup("async.data.kind == 'a b'"), found("data.kind", "sa b"));
        assert_eq!(lookup("async.data.n == 1.0"), found("data.n", "n1"));
        assert_eq!(lookup("async.data.gone == event.data.gone"), found("data.gone", "null"));
    }

    #[test]
    fn leaves_alone_what_it_cannot_be_sure_of() {
        for source in [
            "async.data.a == 1 || async.data.b == 2",
            "!(async.data.a == 1)",
            "async.data.a != 1",
            "async.data.a == event.data.x + 1",
            "event.data.id == 7",
            "async.data.a == 'x && async.data.b == 1'",
            "async.data['a'] == 1",
        ] {
            assert_eq!(lookup(source), None, "{source}");
        }
    }

    #[test]
    fn equal_values_are_written_alike() {
        let value = |json: &str| Expression::lookup_value(&Json::parse(json).expect("valid"), "data.x");
        assert_eq!(value(r#"{"data":{"x":1}}"#), value(r#"{"data":{"x":1.0}}"#));
        assert_ne!(value(r#"{"data":{"x":"1"}}"#), value(r#"{"data":{"x":1}}"#));
        assert_eq!(value(r#"{"data":3}"#), "null");
    }
}
