//! Which values are equal, and which is less.

use std::cmp::Ordering;

use super::steps::{Exhausted, Steps};
use super::syntax::Operator;
use super::value::{Reason, Text, Value};

/// Numbers are equal whatever their type; values of different kinds never are. What is missing equals null, and nothing
/// else: not even what is missing too, as with Inngest.
pub fn equal(left: &Value, right: &Value, steps: &mut Steps) -> Result<bool, Exhausted> {
    steps.spend(1)?;
    Ok(match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            steps.spend_text(left.len().min(right.len()))?;
            **left == **right
        }
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Null, Value::Null) => true,
        (Value::Missing | Value::Undefined(_), Value::Null) | (Value::Null, Value::Missing | Value::Undefined(_)) => {
            true
        }
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal(&left, &right, steps)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            steps.spend(left.len())?;
            if left.len() != right.len() {
                return Ok(false);
            }
            for name in left.names() {
                let (Some(left), Some(right)) = (left.get(name), right.get(name)) else { return Ok(false) };
                if !equal(&left, &right, steps)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Time(left), Value::Time(right)) => left == right,
        (Value::Span(left), Value::Span(right)) => left == right,
        _ => order_of_numbers(left, right) == Some(Ordering::Equal),
    })
}

/// `<`, `<=`, `>`, `>=`. What is missing is less than everything; null is the zero of the other's kind.
pub fn order<'a>(
    operator: Operator,
    left: &Value<'a>,
    right: &Value<'a>,
    steps: &mut Steps,
) -> Result<Value<'a>, Exhausted> {
    let less = matches!(operator, Operator::Less | Operator::LessOrEqual);
    if left.is_missing() || right.is_missing() {
        return Ok(Value::Bool(if left.is_missing() { less } else { !less }));
    }
    let (left, right) = (&zero(left, right), &zero(right, left));
    let order = match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            steps.spend_text(left.len().min(right.len()))?;
            Some((**left).cmp(&**right))
        }
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Span(left), Value::Span(right)) => Some(left.cmp(right)),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => order_of_numbers(left, right),
        _ => {
            let (name, left, right) = (operator.sign(), left.kind(), right.kind());
            return Ok(Value::Undefined(Reason::Kinds { name, left, right }));
        }
    };
    Ok(Value::Bool(order.is_some_and(|order| match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    })))
}

/// The value of null beside the other value.
fn zero<'a>(value: &Value<'a>, other: &Value) -> Value<'a> {
    match (value, other) {
        (Value::Null, Value::Int(_) | Value::Float(_)) => Value::Int(0),
        (Value::Null, Value::Text(_)) => Value::Text(Text::Here("")),
        (value, _) => value.clone(),
    }
}

/// Exactly, however large they are. `None`: one of them is no number.
fn order_of_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Int(left), Value::Float(right)) => order_of_mixed(*left, *right),
        (Value::Float(left), Value::Int(right)) => order_of_mixed(*right, *left).map(Ordering::reverse),
        _ => None,
    }
}

fn order_of_mixed(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // Beyond i128 the conversion stops at its ends, which are beyond every whole number that there is.
    let whole = int.cmp(&(float.trunc() as i128));
    whole.then(0.0.partial_cmp(&float.fract())?).into()
}
