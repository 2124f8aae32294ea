//! Output of guests, made into bounded clean lines.

use super::Line;
use crate::limits;

/// Where a guest printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Stdout,
    Stderr,
}

impl Source {
    fn level(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// An instance's stdout and stderr.
#[derive(Debug, Default)]
pub(super) struct Output {
    stdout: Pending,
    stderr: Pending,
    /// Bytes taken, of both.
    taken: usize,
    left_out: usize,
    /// The last lines of stderr: what a language's runtime says before it aborts.
    last_words: std::collections::VecDeque<String>,
}

/// A line that has not ended yet.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    left_out: usize,
}

const LAST_WORDS: usize = 20;

impl Output {
    pub(super) fn write(&mut self, source: Source, bytes: &[u8], log: &mut dyn FnMut(Line)) {
        let room = limits::STDIO_MAX_BYTES.saturating_sub(self.taken);
        let (mut rest, over) = bytes.split_at(bytes.len().min(room));
        self.taken += rest.len();
        self.left_out += over.len();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.pending(source).push(&rest[..end]);
            self.end_line(source, log);
            rest = &rest[end + 1..];
        }
        self.pending(source).push(rest);
    }

    /// Logs what is left. The last lines of stderr come back.
    pub(super) fn close(&mut self, log: &mut dyn FnMut(Line)) -> Option<String> {
        for source in [Source::Stdout, Source::Stderr] {
            if !self.pending(source).bytes.is_empty() {
                self.end_line(source, log);
            }
        }
        if self.left_out > 0 {
            let message = format!("[{} bytes of output left out]", self.left_out);
            log(Line { level: "warn", message, fields: None });
            self.left_out = 0;
        }
        let words = Vec::from(std::mem::take(&mut self.last_words)).join("\n");
        (!words.is_empty()).then_some(words)
    }

    fn pending(&mut self, source: Source) -> &mut Pending {
        match source {
            Source::Stdout => &mut self.stdout,
            Source::Stderr => &mut self.stderr,
        }
    }

    fn end_line(&mut self, source: Source, log: &mut dyn FnMut(Line)) {
        let message = self.pending(source).take();
        if source == Source::Stderr {
            self.last_words.truncate(LAST_WORDS);
            if self.last_words.len() == LAST_WORDS {
                self.last_words.pop_front();
            }
            self.last_words.push_back(message.clone());
        }
        log(Line { level: source.level(), message, fields: None });
    }
}

impl Pending {
    fn push(&mut self, bytes: &[u8]) {
        let room = limits::LOG_LINE_MAX_BYTES.saturating_sub(self.bytes.len());
        let (kept, over) = bytes.split_at(bytes.len().min(room));
        self.bytes.extend_from_slice(kept);
        self.left_out += over.len();
    }

    fn take(&mut self) -> String {
        let mut text = clean(&String::from_utf8_lossy(&self.bytes), Breaks::Stripped);
        if self.left_out > 0 {
            text.push_str(&format!("… [{} bytes left out]", self.left_out));
        }
        *self = Self::default();
        text
    }
}

/// The handling of line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    Kept,
    Stripped,
}

/// Cuts a text to the length of a line of the log, and strips control characters and terminal escapes.
pub(super) fn line(text: &str, breaks: Breaks) -> String {
    let end = text.floor_char_boundary(limits::LOG_LINE_MAX_BYTES);
    let mut line = clean(&text[..end], breaks);
    if end < text.len() {
        line.push_str(&format!("… [{} bytes left out]", text.len() - end));
    }
    line
}

/// Strips control characters (tabs stay) and terminal escapes.
fn clean(text: &str, breaks: Breaks) -> String {
    let keeps = |c: char| !c.is_control() || c == '\t' || (c == '\n' && breaks == Breaks::Kept);
    if text.chars().all(keeps) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            // The same as ESC [, in one character.
            '\u{9b}' => skip_to_final(&mut chars),
            c if keeps(c) => clean.push(c),
            _ => {}
        }
    }
    clean
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Behind an ESC: a control sequence, a string such as a title or a link, or a short sequence (ECMA-48).
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.next_if(|c| ('\u{20}'..='\u{7e}').contains(c)) {
        Some('[') => skip_to_final(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        Some('\u{20}'..='\u{2f}') => {
            while chars.next_if(|c| ('\u{20}'..='\u{2f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{30}'..='\u{7e}').contains(c));
        }
        _ => {}
    }
}

fn skip_to_final(chars: &mut Chars<'_>) {
    while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// Up to BEL or ESC \; to the end of the text if it has neither.
fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next() {
        if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(writes: &[(Source, &[u8])]) -> (Vec<String>, Option<String>) {
        let mut output = Output::default();
        let mut lines = Vec::new();
        for (source, bytes) in writes {
            output.write(*source, bytes, &mut |line| lines.push(format!("{}: {}", line.level, line.message)));
        }
        let words = output.close(&mut |line| lines.push(format!("{}: {}", line.level, line.message)));
        (lines, words)
    }

    #[test]
    fn splits_into_lines_by_source() {
        let (lines, words) = printed(&[
            (Source::Stdout, b"one\ntw"),
            (Source::Stderr, b"oh\n"),
            (Source::Stdout, b"o\n"),
            (Source::Stderr, b"no"),
        ]);
        assert_eq!(lines, ["stdout: one", "stderr: oh", "stdout: two", "stderr: no"]);
        assert_eq!(words.as_deref(), Some("oh\nno"));
    }

    #[test]
    fn is_bounded() {
        let chunk = vec![b'x'; 1 << 20];
        let (lines, _) = printed(&[(Source::Stdout, &chunk), (Source::Stdout, &chunk)]);
        assert!(lines[0].contains("bytes left out]"), "{}", &lines[0][lines[0].len() - 60..]);
        assert!(lines.iter().map(String::len).sum::<usize>() < limits::LOG_LINE_MAX_BYTES + 200);
        assert!(lines.last().is_some_and(|line| line.starts_with("warn: [")));
    }

    #[test]
    fn strips_escapes_and_controls() {
        let cases = [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("a\u{8}\r\tb\u{7f}", "a\tb"),
            ("\u{9b}2Jx", "x"),
            ("\u{1b}(Bx", "x"),
            ("\u{1b}", ""),
            ("größe\u{85}", "größe"),
        ];
        for (given, wanted) in cases {
            assert_eq!(clean(given, Breaks::Stripped), wanted, "{given:?}");
        }
        assert_eq!(clean("a\n\u{1b}[1mb", Breaks::Kept), "a\nb");
    }
}
