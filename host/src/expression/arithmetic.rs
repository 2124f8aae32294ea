//! Sums, differences, products and quotients.

use super::steps::{Exhausted, Steps};
use super::syntax::Operator;
use super::value::{Reason, Value};
use super::writing;

/// `+`. What is missing or null adds nothing. Two values of different kinds are put together as texts.
pub fn sum<'a>(left: Value<'a>, right: Value<'a>, steps: &mut Steps) -> Result<Value<'a>, Exhausted> {
    Ok(match (left, right) {
        (undefined @ Value::Undefined(_), _) | (_, undefined @ Value::Undefined(_)) => undefined,
        (Value::Missing | Value::Null, other) | (other, Value::Missing | Value::Null) => other,
        (Value::List(left), Value::List(right)) => {
            steps.spend(left.len() + right.len())?;
            Value::list(left.iter().chain(right.iter()).collect())
        }
        (Value::Time(time), Value::Span(span)) | (Value::Span(span), Value::Time(time)) => {
            time.checked_add_signed(span).map_or(overflow("+"), Value::Time)
        }
        (Value::Span(left), Value::Span(right)) => left.checked_add(&right).map_or(overflow("+"), Value::Span),
        (left @ (Value::Int(_) | Value::Float(_)), right @ (Value::Int(_) | Value::Float(_))) => {
            numbers(Operator::Plus, &left, &right)
        }
        (left @ (Value::Bool(_) | Value::Map(_) | Value::Time(_)), right) if left.kind() == right.kind() => {
            kinds("+", &left, &right)
        }
        (left, right) => {
            let mut text = String::new();
            writing::append(&left, &mut text, steps)?;
            writing::append(&right, &mut text, steps)?;
            Value::text(text)
        }
    })
}

/// `-`, `*`, `/`, `%`. With something missing it is false, as with Inngest.
pub fn calculate<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Value<'a> {
    let name = operator.sign();
    match (operator, left, right) {
        (_, left, right) if left.is_missing() || right.is_missing() => Value::Bool(false),
        (Operator::Minus, Value::Time(left), Value::Time(right)) => Value::Span(left.signed_duration_since(right)),
        (Operator::Minus, Value::Time(time), Value::Span(span)) => {
            time.checked_sub_signed(*span).map_or(overflow(name), Value::Time)
        }
        (Operator::Minus, Value::Span(left), Value::Span(right)) => {
            left.checked_sub(right).map_or(overflow(name), Value::Span)
        }
        _ => numbers(operator, left, right),
    }
}

/// `-` before a value.
pub fn negate<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        value if value.is_missing() => Value::Bool(false),
        Value::Int(number) => Value::int("-", Some(-number)),
        Value::Float(number) => Value::Float(-number),
        other => Value::Undefined(Reason::Kind { name: "-", kind: other.kind() }),
    }
}

/// Whole numbers give whole numbers, also divided; with another number among them it is another.
fn numbers<'a>(operator: Operator, left: &Value, right: &Value) -> Value<'a> {
    let name = operator.sign();
    let float = |value: &Value| match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        // Of two of their 65 bits each nothing but a division can fail.
        return Value::int(
            name,
            match operator {
                Operator::Plus => left.checked_add(*right),
                Operator::Minus => left.checked_sub(*right),
                Operator::Times => left.checked_mul(*right),
                Operator::Over => left.checked_div(*right),
                _ => left.checked_rem(*right),
            },
        );
    }
    let (Some(a), Some(b)) = (float(left), float(right)) else { return kinds(name, left, right) };
    Value::Float(match operator {
        Operator::Plus => a + b,
        Operator::Minus => a - b,
        Operator::Times => a * b,
        Operator::Over => a / b,
        _ => a % b,
    })
}

fn kinds<'a>(name: &'static str, left: &Value, right: &Value) -> Value<'a> {
    Value::Undefined(Reason::Kinds { name, left: left.kind(), right: right.kind() })
}

fn overflow<'a>(name: &'static str) -> Value<'a> {
    Value::Undefined(Reason::Overflow { name })
}
