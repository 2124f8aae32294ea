//! JSON as the host takes it: nested deeper than the parser's own bound of 128 levels.

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Result};

/// Levels of arrays and objects that the host takes.
#[cfg(any(test, feature = "testing"))]
pub(crate) const DEPTH_MAX: usize = 1_000;

/// Reads a text that the host has bounded.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    read_from(&mut Deserializer::from_str(text))
}

/// [`read`], of bytes.
pub(crate) fn read_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    read_from(&mut Deserializer::from_slice(bytes))
}

fn read_from<'de, T: DeserializeOwned>(text: &mut Deserializer<impl serde_json::de::Read<'de>>) -> Result<T> {
    text.disable_recursion_limit();
    let value = T::deserialize(&mut *text)?;
    text.end()?;
    Ok(value)
}

/// How deep arrays and objects nest in a valid text.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_string, mut is_escape) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escape => is_escape = false,
            b'\\' => is_escape = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn reads_what_the_host_takes() {
        let deep = "[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX);
        assert_eq!(read::<Value>(&deep).expect("read").to_string(), deep);
        assert!(read::<Value>("[1] 2").is_err());
        assert_eq!(depth(&deep), DEPTH_MAX);
        assert_eq!(depth(r#"{"a\"[[[":"{{","b":[]}"#), 2);
    }
}
