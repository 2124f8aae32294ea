//! A JSON text that is known to be valid.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A valid JSON text, cheap to clone. The host passes guests' values on as they are and never reparses them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

/// The text is not JSON.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not valid JSON: {0}")]
pub struct BadJson(String);

impl Json {
    /// Checks the whole text, by what [`Json::to_value`] can read: skipping over it would let pass nesting without
    /// end, halves of surrogate pairs, and numbers that no `f64` holds.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, BadJson> {
        let text = text.into();
        Self::check(&text)?;
        Ok(Self(text))
    }

    /// Whether [`Json::to_value`] can read the text; builds nothing.
    pub fn check(text: &str) -> Result<(), BadJson> {
        serde_json::from_str::<Readable>(text).map(|_| ()).map_err(|error| BadJson(error.to_string()))
    }

    /// Serializes a value of the host's own.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        let text = serde_json::to_string(value).expect("the host's own values have string keys and finite numbers");
        Self(text.into())
    }

    /// `null`.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// Takes a text that is known to be valid because this process wrote or checked it: a row of the store.
    pub fn trusted(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        false
    }

    /// Parses the text into a tree, for the few places that look inside.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).expect("a Json holds valid JSON")
    }
}

/// A value that is read whole and not kept.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadableVisitor)
    }
}

struct ReadableVisitor;

impl<'de> Visitor<'de> for ReadableVisitor {
    type Value = Readable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_str<E>(self, _: &str) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Readable, A::Error> {
        while sequence.next_element::<Readable>()?.is_some() {}
        Ok(Readable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Readable, A::Error> {
        while map.next_entry::<Readable, Readable>()?.is_some() {}
        Ok(Readable)
    }
}

/// The text with U+FFFD for each half of a surrogate pair that is written as an escape. JavaScript's texts may have
/// such halves, and Go reads them so.
pub(super) fn mended(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let next = match (surrogate(text, at), surrogate(text, at + 6)) {
            (None, _) => at + 2,
            (Some(Half::High), Some(Half::Low)) => at + 12,
            (Some(_), _) => {
                mended.push_str(&text[kept..at]);
                mended.push_str("\\ufffd");
                kept = at + 6;
                kept
            }
        };
        // An escape's second character is one byte in JSON; elsewhere it is for the parser to refuse.
        at = text.ceil_char_boundary(next.min(text.len()));
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[kept..]);
    Cow::Owned(mended)
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

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// In JSON as the JSON it is, not as a string that holds JSON; in a binary format as a string.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_str(&self.0);
        }
        let raw: &serde_json::value::RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(Self(String::deserialize(deserializer)?.into()));
        }
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_json() {
        assert!(Json::parse("{").is_err());
        assert!(Json::parse("1 2").is_err());
        assert!(Json::parse(r#""\ud800""#).is_err());
        assert!(Json::parse("1e999").is_err());
        assert!(Json::parse("[".repeat(200) + &"]".repeat(200)).is_err());
        assert_eq!(Json::parse("[1]").expect("valid").as_str(), "[1]");
    }

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
            assert!(Json::check(&mended(broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn embeds_as_json() {
        let text = serde_json::to_string(&[Json::trusted(r#"{"a":1}"#)]).expect("serializes");
        assert_eq!(text, r#"[{"a":1}]"#);
    }
}
