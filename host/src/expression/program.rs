//! An expression made ready: names resolved, fields numbered, functions found, patterns compiled.

use super::Problem;
use super::fields::{Fields, Place};
use super::functions::{FUNCTIONS, Function, LEFT_OUT, Style};
use super::pattern::Pattern;
use super::syntax::{Kind, Operator, Tree};

/// The fields that it asks for, and what it does with them.
#[derive(Debug)]
pub struct Program {
    /// Of `event`.
    pub event: Fields,
    /// Of `async`.
    pub answer: Fields,
    /// Where each field is found.
    pub places: Vec<Place>,
    pub node: Node,
}

#[derive(Debug)]
pub enum Node {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Box<str>),
    /// A field.
    Field {
        number: usize,
        root: Root,
        path: Box<[Box<str>]>,
    },
    /// A variable of a macro: the n-th from outside.
    Local(usize),
    Member(Box<Node>, Box<str>),
    Index(Box<[Node; 2]>),
    Has(Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Both(Box<[Node]>),
    Either(Box<[Node]>),
    Binary(Operator, Box<[Node; 2]>),
    Choose(Box<[Node; 3]>),
    List(Box<[Node]>),
    Map(Box<[(Node, Node)]>),
    Call {
        name: &'static str,
        function: Function,
        arguments: Box<[Node]>,
    },
    Matches(Box<Node>, Pattern),
    Each(Box<Each>),
}

impl Node {
    /// Whether it asks for a field of that event.
    pub fn reads(&self, root: Root) -> bool {
        let any = |nodes: &[Self]| nodes.iter().any(|node| node.reads(root));
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::Local(_) => false,
            Self::Field { root: own, .. } => *own == root,
            Self::Member(node, _) | Self::Has(node) | Self::Not(node) | Self::Negate(node) | Self::Matches(node, _) => {
                node.reads(root)
            }
            Self::Index(nodes) | Self::Binary(_, nodes) => any(&**nodes),
            Self::Choose(nodes) => any(&**nodes),
            Self::Both(nodes) | Self::Either(nodes) | Self::List(nodes) | Self::Call { arguments: nodes, .. } => {
                any(nodes)
            }
            Self::Map(entries) => entries.iter().any(|(key, value)| key.reads(root) || value.reads(root)),
            Self::Each(each) => {
                let parts = [Some(&each.list), each.condition.as_ref(), each.made.as_ref()];
                parts.into_iter().flatten().any(|node| node.reads(root))
            }
        }
    }
}

/// `list.all(x, condition)` and its like.
#[derive(Debug)]
pub struct Each {
    pub of: Of,
    pub list: Node,
    pub condition: Option<Node>,
    /// The expression that `map` makes of an item.
    pub made: Option<Node>,
}

/// The question to a list's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

const MACROS: [(&str, Of); 5] =
    [("all", Of::All), ("exists", Of::Exists), ("exists_one", Of::ExistsOne), ("filter", Of::Filter), ("map", Of::Map)];

/// The roots of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The event.
    Event,
    /// The event that has come for a run that another one started.
    Answer,
}

/// Of whom an expression may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Event,
    EventAndAnswer,
}

pub fn compile(tree: &Tree, about: About) -> Result<Program, Problem> {
    let (event, answer) = (Fields::default(), Fields::default());
    let mut compiler = Compiler { about, event, answer, fields: 0, locals: Vec::new() };
    let node = compiler.node(tree)?;
    let Compiler { event, answer, fields, .. } = compiler;
    let mut places = vec![Place::default(); fields];
    event.place(0, None, &mut places);
    answer.place(0, None, &mut places);
    Ok(Program { event, answer, places, node })
}

struct Compiler<'t> {
    about: About,
    event: Fields,
    answer: Fields,
    fields: usize,
    /// Variables of macros, the innermost last.
    locals: Vec<&'t str>,
}

impl<'t> Compiler<'t> {
    fn node(&mut self, tree: &'t Tree) -> Result<Node, Problem> {
        if let Some(field) = self.field(tree) {
            return field;
        }
        Ok(match &tree.kind {
            Kind::Null => Node::Null,
            Kind::Bool(truth) => Node::Bool(*truth),
            Kind::Int(number) if *number < i64::MIN.into() => {
                return Err(Problem::new(tree.at, "the number is too small".into()));
            }
            Kind::Int(number) => Node::Int(*number),
            Kind::Float(number) => Node::Float(*number),
            Kind::Text(text) => Node::Text(text.as_str().into()),
            Kind::Name(name) => match self.locals.iter().rposition(|local| local == name) {
                Some(place) => Node::Local(place),
                None => return Err(unknown_name(tree.at, name)),
            },
            Kind::Member(tree, name) => Node::Member(self.boxed(tree)?, name.as_str().into()),
            Kind::Index(trees) => Node::Index(self.pair(trees)?),
            Kind::Not(tree) => Node::Not(self.boxed(tree)?),
            Kind::Negate(tree) => Node::Negate(self.boxed(tree)?),
            Kind::Both(trees) => Node::Both(self.nodes(trees)?),
            Kind::Either(trees) => Node::Either(self.nodes(trees)?),
            Kind::Binary(operator, trees) => Node::Binary(*operator, self.pair(trees)?),
            Kind::Choose(trees) => {
                let [condition, then, otherwise] = &**trees;
                Node::Choose(Box::new([self.node(condition)?, self.node(then)?, self.node(otherwise)?]))
            }
            Kind::List(trees) => Node::List(self.nodes(trees)?),
            Kind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((self.node(key)?, self.node(value)?)));
                Node::Map(entries.collect::<Result<_, Problem>>()?)
            }
            Kind::Call { name, is_method, arguments } => return self.call(tree.at, name, *is_method, arguments),
        })
    }

    fn boxed(&mut self, tree: &'t Tree) -> Result<Box<Node>, Problem> {
        self.node(tree).map(Box::new)
    }

    fn pair(&mut self, [left, right]: &'t [Tree; 2]) -> Result<Box<[Node; 2]>, Problem> {
        Ok(Box::new([self.node(left)?, self.node(right)?]))
    }

    fn nodes(&mut self, trees: &'t [Tree]) -> Result<Box<[Node]>, Problem> {
        trees.iter().map(|tree| self.node(tree)).collect()
    }

    /// `event.data.x`, `event['data'].x`: read from the event's text at once. `None`: it is something else.
    fn field(&mut self, tree: &'t Tree) -> Option<Result<Node, Problem>> {
        let mut path = Vec::new();
        let mut base = tree;
        loop {
            base = match &base.kind {
                Kind::Member(base, name) => {
                    path.push(name.as_str());
                    base
                }
                Kind::Index(trees) => {
                    let [base, Tree { kind: Kind::Text(name), .. }] = &**trees else { return None };
                    path.push(name);
                    base
                }
                Kind::Name(name) if !self.locals.contains(&name.as_str()) => break,
                _ => return None,
            }
        }
        let root = match (&base.kind, self.about) {
            (Kind::Name(name), _) if name == "event" => Root::Event,
            (Kind::Name(name), About::EventAndAnswer) if name == "async" => Root::Answer,
            (Kind::Name(name), _) => return Some(Err(unknown_name(base.at, name))),
            _ => return None,
        };
        path.reverse();
        let fields = if root == Root::Event { &mut self.event } else { &mut self.answer };
        let number = fields.add(&path, &mut self.fields);
        Some(Ok(Node::Field { number, root, path: path.into_iter().map(Into::into).collect() }))
    }

    fn call(&mut self, at: usize, name: &str, is_method: bool, arguments: &'t [Tree]) -> Result<Node, Problem> {
        if name == "has" && !is_method {
            return match arguments {
                [tree @ Tree { kind: Kind::Member(..) | Kind::Index(..), .. }] => Ok(Node::Has(self.boxed(tree)?)),
                _ => Err(Problem::new(at, "`has` is for a field, as in `has(event.data.x)`".into())),
            };
        }
        if let Some((_, of)) = MACROS.iter().find(|(known, _)| *known == name && is_method) {
            return self.each(at, name, *of, arguments);
        }
        let (name, function) = function(at, name, is_method, arguments.len())?;
        if let (Function::Matches, [text, Tree { kind: Kind::Text(pattern), at, .. }]) = (function, arguments) {
            let problem = |words: String| Problem::new(*at, format!("the pattern is not valid: {words}"));
            return Ok(Node::Matches(self.boxed(text)?, Pattern::compile(pattern).map_err(problem)?));
        }
        Ok(Node::Call { name, function, arguments: self.nodes(arguments)? })
    }

    fn each(&mut self, at: usize, name: &str, of: Of, arguments: &'t [Tree]) -> Result<Node, Problem> {
        let (list, variable, condition, made) = match (of, arguments) {
            (Of::Map, [list, variable, made]) => (list, variable, None, Some(made)),
            (Of::Map, [list, variable, condition, made]) => (list, variable, Some(condition), Some(made)),
            (_, [list, variable, condition]) if of != Of::Map => (list, variable, Some(condition), None),
            _ => return Err(Problem::new(at, format!("`{name}` is called as in `list.{name}(x, x.n > 3)`"))),
        };
        let Kind::Name(local) = &variable.kind else {
            return Err(Problem::new(variable.at, format!("the first argument of `{name}` has to be a name")));
        };
        let list = self.node(list)?;
        self.locals.push(local);
        let condition = condition.map(|tree| self.node(tree)).transpose();
        let made = made.map(|tree| self.node(tree)).transpose();
        self.locals.pop();
        Ok(Node::Each(Box::new(Each { of, list, condition: condition?, made: made? })))
    }
}

fn function(at: usize, name: &str, is_method: bool, arguments: usize) -> Result<(&'static str, Function), Problem> {
    let problem = |words: String| Problem::new(at, words);
    let Some((name, style, count, function)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
        return Err(problem(match LEFT_OUT.iter().find(|(known, _)| *known == name) {
            Some((_, why)) => format!("there is no `{name}` here: {why}"),
            None => {
                let macros = MACROS.iter().map(|(name, _)| *name);
                let known = FUNCTIONS.iter().map(|(name, ..)| *name).chain(macros).chain(["has"]);
                format!("there is no function `{name}`{}", hint(name, known))
            }
        }));
    };
    match style {
        Style::Plain if is_method => Err(problem(format!("`{name}` is called as `{name}(x)`"))),
        Style::Method if !is_method => Err(problem(format!("`{name}` is called as `x.{name}()`"))),
        _ if !count.contains(&arguments) => {
            let wanted = *count.start() - usize::from(is_method);
            let given = arguments - usize::from(is_method);
            Err(problem(format!("`{name}` takes {wanted} argument{}, not {given}", if wanted == 1 { "" } else { "s" })))
        }
        _ => Ok((name, *function)),
    }
}

fn unknown_name(at: usize, name: &str) -> Problem {
    let why = match name {
        "async" => ": only a wait's filter, or one of `cancel_on`, has an event that comes".into(),
        _ => match hint(name, ["event", "async"].into_iter()) {
            hint if hint.is_empty() => format!(", only the event: is it `event.data.{name}`?"),
            hint => hint,
        },
    };
    Problem::new(at, format!("there is no `{name}`{why}"))
}

fn hint<'k>(name: &str, mut known: impl Iterator<Item = &'k str>) -> String {
    let near = known.find(|known| strsim::osa_distance(known, name) <= 2);
    near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}
