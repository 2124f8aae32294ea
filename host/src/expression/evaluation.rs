//! Evaluates an expression for an event.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::arithmetic;
use super::comparison;
use super::fields::Found;
use super::program::{Each, Node, Of, Program, Root};
use super::steps::{Exhausted, Steps};
use super::syntax::Operator;
use super::value::{List, Map, Reason, Text, Value};

/// An evaluation.
pub struct Evaluation<'a> {
    program: &'a Program,
    found: &'a Found,
    /// The value of a missing field of `event`.
    absent: Value<'a>,
    /// Values of macros' variables, the innermost last.
    locals: Vec<Value<'a>>,
    pub steps: Steps,
}

impl<'a> Evaluation<'a> {
    pub fn of_event(program: &'a Program, found: &'a Found) -> Self {
        Self { program, found, absent: Value::Missing, locals: Vec::new(), steps: Steps::all() }
    }

    /// Inngest puts in the fields of the event that started the run when the run begins to wait: what is missing there
    /// is null from then on.
    pub fn of_answer(program: &'a Program, found: &'a Found) -> Self {
        Self { absent: Value::Null, ..Self::of_event(program, found) }
    }

    pub fn value(&mut self, node: &'a Node) -> Result<Value<'a>, Exhausted> {
        self.steps.spend(1)?;
        Ok(match node {
            Node::Null => Value::Null,
            Node::Bool(truth) => Value::Bool(*truth),
            Node::Int(number) => Value::Int(*number),
            Node::Float(number) => Value::Float(*number),
            Node::Text(text) => Value::Text(Text::Here(text)),
            Node::Field { number, root, path } => match self.field(*number, path) {
                Some(json) => Value::of(json),
                None if *root == Root::Event => self.absent.clone(),
                None => Value::Missing,
            },
            Node::Local(place) => self.locals[*place].clone(),
            Node::Member(node, name) => self.value(node)?.field(name),
            Node::Index(nodes) => self.value(&nodes[0])?.item(&self.value(&nodes[1])?),
            Node::Has(node) => Value::Bool(self.has(node)?),
            Node::Not(node) => not(&self.value(node)?),
            Node::Negate(node) => arithmetic::negate(&self.value(node)?),
            Node::Both(nodes) => return self.until(nodes, false),
            Node::Either(nodes) => return self.until(nodes, true),
            Node::Choose(nodes) => {
                let [condition, then, otherwise] = &**nodes;
                let chosen = if self.value(condition)?.is_true() { then } else { otherwise };
                return self.value(chosen);
            }
            Node::Binary(operator, nodes) => return self.binary(*operator, nodes),
            Node::List(nodes) => {
                let items: Result<_, _> = nodes.iter().map(|node| self.item(node)).collect();
                Value::list(items?)
            }
            Node::Map(entries) => return self.map(entries),
            Node::Call { name, function, arguments } => match &**arguments {
                [value] => function.call(name, &[self.value(value)?], &mut self.steps)?,
                [left, right] => function.call(name, &[self.value(left)?, self.value(right)?], &mut self.steps)?,
                _ => Value::Missing,
            },
            Node::Matches(node, pattern) => match self.value(node)? {
                Value::Text(text) => Value::Bool(pattern.is_in(&text, &mut self.steps)?),
                value if value.is_missing() => Value::Bool(false),
                other => Value::Undefined(Reason::Kind { name: "matches", kind: other.kind() }),
            },
            Node::Each(each) => return self.each(each),
        })
    }

    fn field(&self, number: usize, path: &[Box<str>]) -> Option<&'a Json> {
        let place = self.program.places[number];
        path[place.above..].iter().try_fold(self.found[place.number].as_ref()?, |json, name| json.get(&**name))
    }

    /// The first value that is true or is not, or the last one.
    fn until(&mut self, nodes: &'a [Node], truth: bool) -> Result<Value<'a>, Exhausted> {
        let mut value = Value::Missing;
        for node in nodes {
            value = self.value(node)?;
            if value.is_true() == truth {
                break;
            }
        }
        Ok(value)
    }

    fn binary(&mut self, operator: Operator, [left, right]: &'a [Node; 2]) -> Result<Value<'a>, Exhausted> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let steps = &mut self.steps;
        Ok(match operator {
            Operator::Equal => Value::Bool(comparison::equal(&left, &right, steps)?),
            Operator::Unequal => Value::Bool(!comparison::equal(&left, &right, steps)?),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                comparison::order(operator, &left, &right, steps)?
            }
            Operator::In => is_in(&left, &right, steps)?,
            Operator::Plus => arithmetic::sum(left, right, steps)?,
            _ => arithmetic::calculate(operator, &left, &right),
        })
    }

    /// A field is there also if it is null.
    fn has(&mut self, node: &'a Node) -> Result<bool, Exhausted> {
        match node {
            Node::Field { number, path, .. } => Ok(self.field(*number, path).is_some()),
            node => Ok(!self.value(node)?.is_missing()),
        }
    }

    /// JSON's lists and maps have null for what is missing.
    fn item(&mut self, node: &'a Node) -> Result<Value<'a>, Exhausted> {
        let value = self.value(node)?;
        Ok(if value.is_missing() { Value::Null } else { value })
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Result<Value<'a>, Exhausted> {
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            let key = match self.value(key)? {
                Value::Text(key) => key,
                other => return Ok(Value::Undefined(Reason::Kind { name: "{…: …}", kind: other.kind() })),
            };
            self.steps.spend_text(key.len())?;
            map.insert((*key).to_owned(), self.item(value)?);
        }
        Ok(Value::Map(Map::Made(Rc::new(map))))
    }

    /// Of a map its names are the items.
    fn each(&mut self, each: &'a Each) -> Result<Value<'a>, Exhausted> {
        let items = match self.value(&each.list)? {
            Value::List(list) => list,
            Value::Map(map) => {
                self.steps.spend(map.len())?;
                List::Made(map.names().into_iter().map(|name| Value::text(name.to_owned())).collect())
            }
            value if value.is_missing() => return Ok(value),
            other => return Ok(Value::Undefined(Reason::Kind { name: of_each(each.of), kind: other.kind() })),
        };
        let (mut count, mut made) = (0, Vec::new());
        for item in items.iter() {
            self.steps.spend(1)?;
            self.locals.push(item);
            let outcome = self.of_item(each);
            let item = self.locals.pop();
            let (holds, new) = outcome?;
            count += usize::from(holds);
            match each.of {
                Of::All if !holds => return Ok(Value::Bool(false)),
                Of::Exists if holds => return Ok(Value::Bool(true)),
                Of::Filter if holds => made.extend(item),
                Of::Map if holds => made.extend(new),
                _ => {}
            }
        }
        Ok(match each.of {
            Of::All => Value::Bool(true),
            Of::Exists => Value::Bool(false),
            Of::ExistsOne => Value::Bool(count == 1),
            Of::Filter | Of::Map => Value::list(made),
        })
    }

    /// Whether the condition holds of the item, and what is made of it.
    fn of_item(&mut self, each: &'a Each) -> Result<(bool, Option<Value<'a>>), Exhausted> {
        let holds = match &each.condition {
            Some(condition) => self.value(condition)?.is_true(),
            None => true,
        };
        let made = match &each.made {
            Some(made) if holds => Some(self.item(made)?),
            _ => None,
        };
        Ok((holds, made))
    }
}

/// `!` of what is missing is false, as with Inngest.
fn not<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        value if value.is_missing() => Value::Bool(false),
        Value::Bool(truth) => Value::Bool(!truth),
        other => Value::Undefined(Reason::Kind { name: "!", kind: other.kind() }),
    }
}

fn is_in<'a>(value: &Value<'a>, among: &Value<'a>, steps: &mut Steps) -> Result<Value<'a>, Exhausted> {
    let truth = match (value, among) {
        (value, among) if value.is_missing() || among.is_missing() => false,
        (value, Value::List(list)) => {
            for item in list.iter() {
                if comparison::equal(value, &item, steps)? {
                    return Ok(Value::Bool(true));
                }
            }
            false
        }
        (Value::Text(name), Value::Map(map)) => map.get(name).is_some(),
        (left, right) => {
            return Ok(Value::Undefined(Reason::Kinds { name: "in", left: left.kind(), right: right.kind() }));
        }
    };
    Ok(Value::Bool(truth))
}

fn of_each(of: Of) -> &'static str {
    match of {
        Of::All => "all",
        Of::Exists => "exists",
        Of::ExistsOne => "exists_one",
        Of::Filter => "filter",
        Of::Map => "map",
    }
}
