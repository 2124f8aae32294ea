//! Finds the part of an expression that says something of one field alone, so that an index can look it up.

use super::Expression;
use super::evaluation::Evaluation;
use super::fields::Fields;
use super::program::{Node, Root};
use super::steps::Steps;
use super::syntax::Operator;
use super::value::Value;
use super::writing;
use crate::model::{Digest, Json};

/// A longer value is looked up by its digest.
const LOOKUP_MAX_BYTES: usize = 128;

impl Expression {
    /// A field that the awaited event has to have, and its value as [`Self::lookup_value`] gives it; `None` where the
    /// expression demands no such thing. It is a necessary condition: the expression itself still has to be true.
    pub fn lookup(source: &str, event: &Json) -> Option<(String, String)> {
        let expression = Self::compile_wait(source).ok()?;
        let found = expression.read(event, None).ok()?;
        conjuncts(&expression.program.node).into_iter().find_map(|conjunct| {
            let Node::Binary(Operator::Equal, sides) = conjunct else { return None };
            let [left, right] = &**sides;
            let (path, other) = match (path(left), path(right)) {
                (Some(path), _) if !right.reads(Root::Answer) => (path, right),
                (_, Some(path)) if !left.reads(Root::Answer) => (path, left),
                _ => return None,
            };
            let value = Evaluation::of_answer(&expression.program, &found).value(other).ok()?;
            Some((path, written(&value)))
        })
    }

    /// The value of a field such as `data.id` in the form in which it is looked up: equal for values that an expression
    /// calls equal. The empty path has the empty value.
    pub fn lookup_value(event: &Json, path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        let (mut fields, mut found) = (Fields::default(), vec![None]);
        fields.add(&path.split('.').collect::<Vec<_>>(), &mut 0);
        // Of what cannot be read no expression is true.
        let is_read = fields.read(event, &mut found).is_ok();
        let value = found.first().and_then(Option::as_ref).filter(|_| is_read);
        written(&value.map_or(Value::Missing, Value::of))
    }

    /// Whether it may ask for the event that started the run.
    pub fn reads_event(source: &str) -> bool {
        Self::compile_wait(source).is_ok_and(|expression| !expression.program.event.is_empty())
    }
}

/// The parts that all have to be true.
fn conjuncts(node: &Node) -> Vec<&Node> {
    match node {
        Node::Both(nodes) => nodes.iter().flat_map(conjuncts).collect(),
        node => vec![node],
    }
}

/// The path of a field of the awaited event.
fn path(node: &Node) -> Option<String> {
    let Node::Field { root: Root::Answer, path, .. } = node else { return None };
    let can_be_split_again = !path.is_empty() && path.iter().all(|name| !name.is_empty() && !name.contains('.'));
    can_be_split_again.then(|| path.join("."))
}

/// A long value is its digest.
fn written(value: &Value) -> String {
    let kind = match value {
        Value::Int(_) | Value::Float(_) => "n",
        Value::Text(_) => "s",
        _ => "",
    };
    let mut text = String::from(kind);
    // A value that is too large to write is too large to compare.
    if writing::append(value, &mut text, &mut Steps::all()).is_err() {
        text = "large".into();
    }
    if text.len() <= LOOKUP_MAX_BYTES { text } else { format!("d{}", Digest::of(text.as_bytes())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(source: &str) -> Option<(String, String)> {
        let event = Json::parse(r#"{"data":{"id":7,"name":"Ada","list":[1,2]}}"#).expect("valid");
        Expression::compile_wait(source).expect("compiles");
        Expression::lookup(source, &event)
    }

    fn found(path: &str, value: &str) -> Option<(String, String)> {
        Some((path.to_owned(), value.to_owned()))
    }

    #[test]
    fn finds_what_has_to_be_equal() {
        for (source, path, value) in [
            ("event.data.id == async.data.id", "data.id", "n7"),
            ("async.data.n > 3 && async.data.user == event.data.name", "data.user", "sAda"),
            ("(async.data.n > 3 || async.data.m) && (async.data.user == event.data.name)", "data.user", "sAda"),
            ("async.data.kind == 'a b'", "data.kind", "sa b"),
            ("async.data.kind == 'x && y == z'", "data.kind", "sx && y == z"),
            ("async.data.n == 1.0", "data.n", "n1"),
            ("async.data.n == -1", "data.n", "n-1"),
            ("async['data']['a'] == 1", "data.a", "n1"),
            ("async.name == 'x'", "name", "sx"),
            ("async.data.gone == event.data.gone", "data.gone", "null"),
            ("async.data.key == event.data.name + '-' + event.data.id", "data.key", "sAda-7"),
            ("async.data.key == (event.data.gone || event.data.name)", "data.key", "sAda"),
            ("async.data.n == size(event.data.list)", "data.n", "n2"),
            ("async.data.list == event.data.list", "data.list", "[1,2]"),
        ] {
            assert_eq!(lookup(source), found(path, value), "{source}");
        }
    }

    #[test]
    fn leaves_alone_what_it_cannot_be_sure_of() {
        for source in [
            "async.data.a == 1 || async.data.b == 2",
            "!(async.data.a == 1)",
            "async.data.a != 1",
            "async.data.a == 1 ? true : false",
            "async.data.a == async.data.b",
            "async.data.a == 1 == true",
            "async.data.a in [1]",
            "async.data.list[0] == 1",
            "async.data['a.b'] == 1",
            "async.data.list.exists(x, x == 1)",
            "event.data.id == 7",
            "async == 7",
        ] {
            assert_eq!(lookup(source), None, "{source}");
        }
    }

    #[test]
    fn equal_values_are_written_alike() {
        let value =
            |json: &str| Expression::lookup_value(&Json::trusted(format!("{{\"data\":{{\"x\":{json}}}}}")), "data.x");
        for (left, right) in [
            ("1", "1.0"),
            ("0", "-0.0"),
            ("[1,{\"b\":1,\"a\":2}]", "[1.0,{\"a\":2.0,\"b\":1}]"),
            ("9223372036854775808", "9223372036854775808.0"),
            ("1e2", "100"),
            ("\"\\u0061\"", "\"a\""),
        ] {
            assert_eq!(value(left), value(right));
        }
        for (left, right) in
            [("1", "\"1\""), ("null", "\"null\""), ("true", "\"true\""), ("9007199254740993", "9007199254740992.0")]
        {
            assert_ne!(value(left), value(right));
        }
        assert_eq!(Expression::lookup_value(&Json::trusted(r#"{"data":3}"#), "data.x"), value("null"));
    }

    #[test]
    fn knows_whom_it_reads() {
        assert!(Expression::reads_event("async.data.a == event.data.a"));
        assert!(!Expression::reads_event("async.data.event == 'event'"));
    }
}
