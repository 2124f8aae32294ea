//! Values as texts.

use std::fmt::Write as _;

use chrono::SecondsFormat;

use super::steps::{Exhausted, Steps};
use super::value::Value;

/// A text that all values have that are equal, and no others: JSON, with one form for each number and objects' fields
/// in order.
pub fn canonical(value: &Value, steps: &mut Steps) -> Result<String, Exhausted> {
    let mut text = String::new();
    write(value, &mut text, steps)?;
    Ok(text)
}

/// As in a sum of texts: a text is itself.
pub fn append(value: &Value, to: &mut String, steps: &mut Steps) -> Result<(), Exhausted> {
    match value {
        Value::Text(text) => {
            steps.spend_text(text.len())?;
            to.push_str(text);
            Ok(())
        }
        other => write(other, to, steps),
    }
}

fn write(value: &Value, to: &mut String, steps: &mut Steps) -> Result<(), Exhausted> {
    steps.spend(1)?;
    match value {
        Value::Missing | Value::Undefined(_) | Value::Null => to.push_str("null"),
        Value::Bool(truth) => to.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => push(to, number),
        // Every whole number that JSON has a form for beside this one is in the range of an i128.
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e36 => push(to, *number as i128),
        Value::Float(number) => push(to, number),
        Value::Text(text) => quote(text, to, steps)?,
        Value::Time(time) => to.push_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        Value::Span(span) => push(to, format_args!("{}s", span.as_seconds_f64())),
        Value::List(list) => {
            to.push('[');
            for (n, item) in list.iter().enumerate() {
                to.push_str(if n > 0 { "," } else { "" });
                write(&item, to, steps)?;
            }
            to.push(']');
        }
        Value::Map(map) => {
            to.push('{');
            for (n, name) in map.names().into_iter().enumerate() {
                to.push_str(if n > 0 { "," } else { "" });
                quote(name, to, steps)?;
                to.push(':');
                write(&map.get(name).unwrap_or(Value::Null), to, steps)?;
            }
            to.push('}');
        }
    }
    Ok(())
}

fn push(to: &mut String, what: impl std::fmt::Display) {
    write!(to, "{what}").expect("a String takes everything");
}

fn quote(text: &str, to: &mut String, steps: &mut Steps) -> Result<(), Exhausted> {
    steps.spend_text(text.len())?;
    to.push_str(&serde_json::to_string(text).expect("a text is JSON"));
    Ok(())
}
