//! Colour, where it helps: on terminals that show it, unless the environment says otherwise (`NO_COLOR`, `CLICOLOR`).

use std::fmt::Display;
use std::io;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Colour,
    Plain,
}

impl Paint {
    pub fn stdout() -> Self {
        Self::on(AutoStream::choice(&io::stdout()))
    }

    pub fn stderr() -> Self {
        Self::on(AutoStream::choice(&io::stderr()))
    }

    fn on(choice: ColorChoice) -> Self {
        if choice == ColorChoice::Never { Self::Plain } else { Self::Colour }
    }

    pub fn red(self, text: impl Display) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    pub fn green(self, text: impl Display) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    pub fn yellow(self, text: impl Display) -> String {
        self.styled(AnsiColor::Yellow.on_default(), text)
    }

    pub fn cyan(self, text: impl Display) -> String {
        self.styled(AnsiColor::Cyan.on_default(), text)
    }

    pub fn dim(self, text: impl Display) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    pub fn bold(self, text: impl Display) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn styled(self, style: Style, text: impl Display) -> String {
        match self {
            Self::Colour => format!("{style}{text}{style:#}"),
            Self::Plain => text.to_string(),
        }
    }
}
