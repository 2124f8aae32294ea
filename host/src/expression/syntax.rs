//! The syntax tree of an expression: CEL's grammar.

use super::Problem;
use super::token::{Token, Tokens};
use crate::limits;

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    pub kind: Kind,
    /// The byte at which it begins; of what has an operator, the operator.
    pub at: usize,
    /// How many levels are below it.
    depth: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Name(String),
    Member(Box<Tree>, String),
    Index(Box<[Tree; 2]>),
    /// `name(…)`, or `target.name(…)`: then the target is the first argument.
    Call {
        name: String,
        is_method: bool,
        arguments: Vec<Tree>,
    },
    Not(Box<Tree>),
    Negate(Box<Tree>),
    /// Of two or more.
    Both(Vec<Tree>),
    /// Of two or more.
    Either(Vec<Tree>),
    Binary(Operator, Box<[Tree; 2]>),
    Choose(Box<[Tree; 3]>),
    List(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

/// The operators' signs, and how closely they bind.
const OPERATORS: [(&str, u8, Operator); 14] = [
    ("||", 1, Operator::Or),
    ("&&", 2, Operator::And),
    ("==", 3, Operator::Equal),
    ("!=", 3, Operator::Unequal),
    ("<", 3, Operator::Less),
    ("<=", 3, Operator::LessOrEqual),
    (">", 3, Operator::Greater),
    (">=", 3, Operator::GreaterOrEqual),
    ("in", 3, Operator::In),
    ("+", 4, Operator::Plus),
    ("-", 4, Operator::Minus),
    ("*", 5, Operator::Times),
    ("/", 5, Operator::Over),
    ("%", 5, Operator::Modulo),
];

impl Operator {
    pub fn sign(self) -> &'static str {
        OPERATORS.iter().find(|(_, _, operator)| *operator == self).map_or("", |(sign, ..)| sign)
    }
}

/// Reads a whole text.
pub fn read(source: &str) -> Result<Tree, Problem> {
    let mut tokens = Tokens::of(source);
    let (token, at) = tokens.next()?;
    let mut parser = Parser { tokens, token, at, depth: 0 };
    let tree = parser.expression()?;
    match parser.token {
        Token::End => Ok(tree),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser<'s> {
    tokens: Tokens<'s>,
    /// The word that is looked at.
    token: Token<'s>,
    at: usize,
    /// How many levels are above it.
    depth: usize,
}

impl<'s> Parser<'s> {
    fn advance(&mut self) -> Result<Token<'s>, Problem> {
        let (token, at) = self.tokens.next()?;
        self.at = at;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn is_at(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(here) if here == sign)
    }

    /// Passes over the sign if it is the next word.
    fn takes(&mut self, sign: &str) -> Result<bool, Problem> {
        let takes = self.is_at(sign);
        if takes {
            self.advance()?;
        }
        Ok(takes)
    }

    fn take(&mut self, sign: &str) -> Result<(), Problem> {
        if self.takes(sign)? { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    fn expected(&self, what: &str) -> Problem {
        let found = match &self.token {
            Token::Name(name) => format!("`{name}`"),
            Token::Int(number) => format!("`{number}`"),
            Token::Float(number) => format!("`{number}`"),
            Token::Text(_) => "a text".into(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".into(),
        };
        Problem::new(self.at, format!("{what} is missing before {found}"))
    }

    fn node(&self, at: usize, kind: Kind) -> Result<Tree, Problem> {
        let depth = 1 + deepest(&kind);
        self.is_deep(at, depth)?;
        Ok(Tree { kind, at, depth })
    }

    fn is_deep(&self, at: usize, depth: usize) -> Result<(), Problem> {
        let max = limits::EXPRESSION_DEPTH_MAX;
        if depth <= max { Ok(()) } else { Err(Problem::new(at, format!("it is nested more than {max} deep"))) }
    }

    /// Goes a level down.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.depth += 1;
        self.is_deep(self.at, self.depth)?;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// `a ? b : c` and everything that binds more closely.
    fn expression(&mut self) -> Result<Tree, Problem> {
        self.nested(|parser| {
            let condition = parser.operators(1)?;
            let at = parser.at;
            if !parser.takes("?")? {
                return Ok(condition);
            }
            let then = parser.operators(1)?;
            parser.take(":")?;
            let otherwise = parser.expression()?;
            parser.node(at, Kind::Choose(Box::new([condition, then, otherwise])))
        })
    }

    /// Operators that bind at least so closely; those that bind alike go from left to right.
    fn operators(&mut self, closeness: u8) -> Result<Tree, Problem> {
        let mut left = self.unary()?;
        while let Some((closer, operator)) = self.operator().filter(|(closer, _)| *closer >= closeness) {
            let at = self.at;
            self.advance()?;
            let right = self.operators(closer + 1)?;
            left = self.node(at, joined(operator, left, right))?;
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(u8, Operator)> {
        let (Token::Sign(here) | Token::Name(here)) = &self.token else { return None };
        let (_, closeness, operator) = OPERATORS.iter().find(|(sign, ..)| sign == here)?;
        Some((*closeness, *operator))
    }

    fn unary(&mut self) -> Result<Tree, Problem> {
        let at = self.at;
        if self.takes("!")? {
            let value = self.nested(Self::unary)?;
            return self.node(at, Kind::Not(Box::new(value)));
        }
        if self.takes("-")? {
            let value = self.nested(Self::unary)?;
            return match value.kind {
                Kind::Int(number) => self.node(at, Kind::Int(-number)),
                Kind::Float(number) => self.node(at, Kind::Float(-number)),
                _ => self.node(at, Kind::Negate(Box::new(value))),
            };
        }
        self.member()
    }

    /// A value with what is asked of it: `.name`, `.name(…)`, `[…]`.
    fn member(&mut self) -> Result<Tree, Problem> {
        let mut tree = self.primary()?;
        loop {
            if self.takes(".")? {
                let at = self.at;
                let Token::Name(name) = self.token else { return Err(self.expected("a field's name")) };
                self.advance()?;
                tree = if self.is_at("(") {
                    self.call(at, name, Some(tree))?
                } else {
                    self.node(at, Kind::Member(Box::new(tree), name.into()))?
                };
            } else if self.is_at("[") {
                let at = self.at;
                self.advance()?;
                let index = self.expression()?;
                self.take("]")?;
                tree = self.node(at, Kind::Index(Box::new([tree, index])))?;
            } else {
                return Ok(tree);
            }
        }
    }

    fn primary(&mut self) -> Result<Tree, Problem> {
        let at = self.at;
        if matches!(self.token, Token::Name("in") | Token::End | Token::Sign(_)) {
            return self.enclosed(at);
        }
        let kind = match self.advance()? {
            Token::Int(number) => Kind::Int(number),
            Token::Float(number) => Kind::Float(number),
            Token::Text(text) => Kind::Text(text),
            Token::Name("null") => Kind::Null,
            Token::Name("true") => Kind::Bool(true),
            Token::Name("false") => Kind::Bool(false),
            Token::Name(name) if self.is_at("(") => return self.call(at, name, None),
            Token::Name(name) => Kind::Name(name.into()),
            Token::Sign(_) | Token::End => return Err(self.expected("a value")),
        };
        self.node(at, kind)
    }

    /// `(…)`, `[…]`, `{…}`.
    fn enclosed(&mut self, at: usize) -> Result<Tree, Problem> {
        if self.takes("(")? {
            let tree = self.expression()?;
            self.take(")")?;
            return Ok(tree);
        }
        if self.takes("[")? {
            let items = self.listed("]", Self::expression)?;
            return self.node(at, Kind::List(items));
        }
        if self.takes("{")? {
            let entries = self.listed("}", |parser| {
                let key = parser.expression()?;
                parser.take(":")?;
                Ok((key, parser.expression()?))
            })?;
            return self.node(at, Kind::Map(entries));
        }
        Err(self.expected("a value"))
    }

    fn call(&mut self, at: usize, name: &str, target: Option<Tree>) -> Result<Tree, Problem> {
        self.take("(")?;
        let is_method = target.is_some();
        let arguments = self.listed(")", Self::expression)?;
        let arguments = target.into_iter().chain(arguments).collect();
        self.node(at, Kind::Call { name: name.into(), is_method, arguments })
    }

    /// Things with commas between them, up to what closes; one comma more does no harm.
    fn listed<T>(&mut self, close: &str, read: impl Fn(&mut Self) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
        let mut all = Vec::new();
        while !self.takes(close)? {
            all.push(read(self)?);
            if !self.is_at(close) {
                self.take(",")?;
            }
        }
        Ok(all)
    }
}

/// `a || b || c` is one level, however many there are.
fn joined(operator: Operator, left: Tree, right: Tree) -> Kind {
    match (operator, left.kind) {
        (Operator::Or, Kind::Either(mut all)) => {
            all.push(right);
            Kind::Either(all)
        }
        (Operator::And, Kind::Both(mut all)) => {
            all.push(right);
            Kind::Both(all)
        }
        (operator, kind) => {
            let left = Tree { kind, ..left };
            match operator {
                Operator::Or => Kind::Either(vec![left, right]),
                Operator::And => Kind::Both(vec![left, right]),
                operator => Kind::Binary(operator, Box::new([left, right])),
            }
        }
    }
}

/// The depth of the deepest part.
fn deepest(kind: &Kind) -> usize {
    let of = |trees: &[Tree]| trees.iter().map(|tree| tree.depth).max().unwrap_or_default();
    match kind {
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Name(_) => 0,
        Kind::Member(tree, _) | Kind::Not(tree) | Kind::Negate(tree) => tree.depth,
        Kind::Index(trees) | Kind::Binary(_, trees) => of(&**trees),
        Kind::Choose(trees) => of(&**trees),
        Kind::Call { arguments: trees, .. } | Kind::Both(trees) | Kind::Either(trees) | Kind::List(trees) => of(trees),
        Kind::Map(entries) => entries.iter().map(|(key, value)| key.depth.max(value.depth)).max().unwrap_or_default(),
    }
}
