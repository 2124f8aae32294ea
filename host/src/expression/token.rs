//! An expression's words: names, numbers, texts and signs.

use super::Problem;

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'s> {
    Name(&'s str),
    Int(i128),
    Float(f64),
    Text(String),
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}",
];

/// Takes one word after another from the text.
pub struct Tokens<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Tokens<'s> {
    pub fn of(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    /// The next word, and where it begins.
    pub fn next(&mut self) -> Result<(Token<'s>, usize), Problem> {
        self.skip_space();
        let (rest, at) = (self.rest(), self.at);
        let Some(first) = rest.chars().next() else { return Ok((Token::End, at)) };
        let quote = if let Some(quoted) = rest.strip_prefix(['r', 'R', 'b', 'B']) { quoted } else { rest };
        let token = if quote.starts_with(['"', '\'']) {
            self.text()?
        } else if first.is_ascii_alphabetic() || first == '_' {
            Token::Name(self.take(|c| c.is_ascii_alphanumeric() || c == '_'))
        } else if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            self.number()?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.at += sign.len();
            Token::Sign(sign)
        } else {
            return Err(Problem::new(at, format!("`{first}` means nothing here")));
        };
        Ok((token, at))
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// Blanks, and comments from `//` to the end of the line.
    fn skip_space(&mut self) {
        loop {
            self.take(|c| c.is_ascii_whitespace());
            if !self.rest().starts_with("//") {
                return;
            }
            self.take(|c| c != '\n');
        }
    }

    /// `12`, `0xC`, `12u`, `1.5`, `.5`, `2e3`.
    fn number(&mut self) -> Result<Token<'s>, Problem> {
        let at = self.at;
        let number = self.digits().ok_or_else(|| {
            self.take(|c| c.is_ascii_alphanumeric() || c == '.');
            Problem::new(at, format!("`{}` is no number", &self.source[at..self.at]))
        })?;
        match number {
            Token::Int(int) if int > i128::from(u64::MAX) => Err(Problem::new(at, "the number is too large".into())),
            number => Ok(number),
        }
    }

    fn digits(&mut self) -> Option<Token<'s>> {
        let at = self.at;
        let number = match self.rest().strip_prefix("0x").or_else(|| self.rest().strip_prefix("0X")) {
            Some(_) => {
                self.at += 2;
                Token::Int(i128::from_str_radix(self.take(|c| c.is_ascii_hexdigit()), 16).ok()?)
            }
            None => {
                let is_int = self.decimal();
                let text = &self.source[at..self.at];
                if is_int { Token::Int(text.parse().ok()?) } else { Token::Float(text.parse().ok()?) }
            }
        };
        if matches!(number, Token::Int(_)) && self.rest().starts_with(['u', 'U']) {
            self.at += 1;
        }
        (!self.rest().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')).then_some(number)
    }

    /// Whether it has neither a point nor an exponent. A point without a digit behind it is not the number's.
    fn decimal(&mut self) -> bool {
        let start = self.at;
        self.take(|c| c.is_ascii_digit());
        let whole = self.at;
        if self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            self.at += usize::from(self.rest().starts_with(['+', '-']));
            self.take(|c| c.is_ascii_digit());
        }
        self.at == whole && whole > start
    }

    /// `'a'`, `"a"`, `'''a'''`; with an `r` before it no backslash means anything.
    fn text(&mut self) -> Result<Token<'s>, Problem> {
        let at = self.at;
        let is_raw = self.rest().starts_with(['r', 'R']);
        if self.rest().starts_with(['b', 'B']) {
            return Err(Problem::new(at, "bytes are left out, JSON has none".into()));
        }
        self.at += usize::from(is_raw);
        let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| self.rest().starts_with(quote));
        let quote = quote.unwrap_or_default();
        self.at += quote.len();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                return Ok(Token::Text(text));
            }
            match rest.chars().next() {
                None => return Err(Problem::new(at, "the text has no end".into())),
                Some('\n') if quote.len() == 1 => return Err(Problem::new(at, "the text has no end".into())),
                Some('\\') if !is_raw => self.escape(&mut text)?,
                Some(c) => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// An unknown escape stays as it is: `'\d'` is what is meant in a pattern, and with Inngest
    /// it works.
    fn escape(&mut self, text: &mut String) -> Result<(), Problem> {
        let at = self.at;
        self.at += 1;
        let Some(letter) = self.rest().chars().next() else { return Ok(()) };
        self.at += letter.len_utf8();
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' | 'r' | 't' | '\\' | '\'' | '"' | '`' | '?' => {
                text.push(match letter {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    itself => itself,
                });
                return Ok(());
            }
            _ => {
                text.extend(['\\', letter]);
                return Ok(());
            }
        };
        let code = self.rest().get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        let letter = code.and_then(char::from_u32);
        text.push(letter.ok_or_else(|| Problem::new(at, "the escape stands for no character".into()))?);
        self.at += digits;
        Ok(())
    }
}
