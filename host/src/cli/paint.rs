//! Colour, where it helps: on terminals, unless `NO_COLOR` is set.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Colour,
    Plain,
}

impl Paint {
    pub fn stdout() -> Self {
        Self::on(io::stdout().is_terminal())
    }

    pub fn stderr() -> Self {
        Self::on(io::stderr().is_terminal())
    }

    fn on(is_terminal: bool) -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if is_terminal && !is_refused { Self::Colour } else { Self::Plain }
    }

    pub fn red(self, text: impl Display) -> String {
        self.code(31, text)
    }

    pub fn green(self, text: impl Display) -> String {
        self.code(32, text)
    }

    pub fn yellow(self, text: impl Display) -> String {
        self.code(33, text)
    }

    pub fn cyan(self, text: impl Display) -> String {
        self.code(36, text)
    }

    pub fn dim(self, text: impl Display) -> String {
        self.code(2, text)
    }

    pub fn bold(self, text: impl Display) -> String {
        self.code(1, text)
    }

    fn code(self, code: u8, text: impl Display) -> String {
        match self {
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_string(),
        }
    }
}
