//! Checks and mends a JSON text, without a tree and without recursion.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::BadJson;
use crate::limits;

/// Why the text is not taken, if it is not.
pub fn check(text: &str) -> Result<(), BadJson> {
    check_grammar(text)?;
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' => end_of_string(text, at, |half| match half {
                true => Err(BadJson::Invalid("half of a surrogate pair stands alone in it".to_owned())),
                false => Ok(()),
            })?,
            b'-' | b'0'..=b'9' => end_of_number(text, at)?,
            byte => {
                depth = deeper(depth, *byte);
                if depth > limits::JSON_DEPTH_MAX {
                    return Err(BadJson::TooDeep);
                }
                at + 1
            }
        };
    }
    Ok(())
}

/// The parser skips over a text without recursion, and so checks its grammar and nothing else.
pub fn check_grammar(text: &str) -> Result<(), BadJson> {
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(|error| BadJson::Invalid(error.to_string()))
}

/// The text, of which the grammar is right, with a marker in the place of each part that is nested too deep.
pub fn cut(text: &str) -> Cow<'_, str> {
    let marker = format!("\"[nested deeper than {} levels]\"", limits::JSON_DEPTH_MAX);
    let mut kept = String::new();
    let (mut at, mut copied, mut depth) = (0, 0, 0_usize);
    while let Some(byte) = text.as_bytes().get(at) {
        if *byte == b'"' {
            at = end_of_string(text, at, |_| Ok(())).unwrap_or(text.len());
            continue;
        }
        let was = depth;
        depth = deeper(depth, *byte);
        at += 1;
        // The marker itself stands within the last level that is kept.
        if (was, depth) == (limits::JSON_DEPTH_MAX, limits::JSON_DEPTH_MAX + 1) {
            kept.push_str(&text[copied..at - 1]);
            kept.push_str(&marker);
        } else if (was, depth) == (limits::JSON_DEPTH_MAX + 1, limits::JSON_DEPTH_MAX) {
            copied = at;
        }
    }
    if kept.is_empty() {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[copied..]);
    Cow::Owned(kept)
}

fn deeper(depth: usize, byte: u8) -> usize {
    match byte {
        b'[' | b'{' => depth + 1,
        b']' | b'}' => depth.saturating_sub(1),
        _ => depth,
    }
}

/// Where the string that begins at `at` is over. `escape` is told of each escape whether it is a lone half of a pair.
fn end_of_string(text: &str, at: usize, escape: impl Fn(bool) -> Result<(), BadJson>) -> Result<usize, BadJson> {
    let bytes = text.as_bytes();
    let mut at = at + 1;
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        at += found;
        if bytes[at] == b'"' {
            return Ok(at + 1);
        }
        let (is_half, next) = escaped(text, at);
        escape(is_half)?;
        at = next.min(bytes.len());
    }
    Ok(bytes.len())
}

/// Where the number that begins at `at` is over.
fn end_of_number(text: &str, at: usize) -> Result<usize, BadJson> {
    let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = text.as_bytes()[at..].iter().take_while(|byte| is_of_number(byte)).count();
    let number = &text[at..at + length];
    match number.parse::<f64>() {
        Ok(value) if value.is_infinite() => Err(BadJson::Invalid(format!("the number {number:.40} is out of range"))),
        _ => Ok(at + length),
    }
}

/// The text with U+FFFD for each half of a surrogate pair that is written as an escape. JavaScript's texts may have
/// such halves, and Go reads them so.
pub fn mended(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let (is_half, next) = escaped(text, at);
        if is_half {
            mended.push_str(&text[kept..at]);
            mended.push_str("\\ufffd");
            kept = next;
        }
        // An escape's second character is one byte in JSON; elsewhere it is for the parser to refuse.
        at = text.ceil_char_boundary(next.min(text.len()));
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[kept..]);
    Cow::Owned(mended)
}

/// Whether the escape at `at` is half of a surrogate pair without the other, and where it is over.
fn escaped(text: &str, at: usize) -> (bool, usize) {
    match (surrogate(text, at), surrogate(text, at + 6)) {
        (None, _) => (false, at + 2),
        (Some(Half::High), Some(Half::Low)) => (false, at + 12),
        (Some(_), _) => (true, at + 6),
    }
}

/// Half of a pair that stands for one character.
enum Half {
    High,
    Low,
}

/// The half that is escaped there, if one is.
fn surrogate(text: &str, at: usize) -> Option<Half> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_halves_of_pairs() {
        assert_eq!(
            mended(r#"{"x":"\ud83d\ude00 é \\ud800"}"#),
            r#"{"x":"\ud83d\ude00 é \\ud800"}"#,
            "nothing is broken"
        );
        assert_eq!(mended(r#""\ud800\ud83d\ude00\uDC00""#), r#""\ufffd\ud83d\ude00\ufffd""#);
        assert_eq!(mended(r#""\ud800x""#), r#""\ufffdx""#);
        for broken in [r#""\ud8"#, r#""\"#, r#""\é"#, r#""\ud800"#, r#""\ud800\u"#] {
            assert!(check(&mended(broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn checks_what_the_grammar_leaves_open() {
        for (text, wanted) in [
            (r#"{"a\"[[[":"{{","b":[-1.5e3,0],"c":"\ud83d\ude00"}"#, ""),
            (r#"["\ud83d"]"#, "half of a surrogate pair"),
            (r#"{"\ude00":1}"#, "half of a surrogate pair"),
            ("[1e999]", "out of range"),
            ("[1", "EOF"),
        ] {
            let problem = check(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(problem.contains(wanted) && problem.is_empty() == wanted.is_empty(), "{text}: {problem}");
        }
        let digits = "9".repeat(400);
        assert!(check(&digits).is_err(), "its exponent is not written, and is there");
    }

    #[test]
    fn cuts_each_deep_part() {
        let level = |depth: usize, inner: &str| "[".repeat(depth) + inner + &"]".repeat(depth);
        let max = limits::JSON_DEPTH_MAX;
        let kept = level(max, r#""]","[""#);
        assert_eq!(cut(&kept), kept);
        let marker = format!("\"[nested deeper than {max} levels]\"");
        assert_eq!(cut(&level(max, r#"{"a":[1]},2,[]"#)), level(max, &format!("{marker},2,{marker}")));
    }
}
