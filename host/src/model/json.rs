//! A JSON text that is known to be valid.

mod text;

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};

pub(super) use text::mended;

use crate::limits;

/// A valid JSON text, cheap to clone. The host passes guests' values on as they are and never reparses them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

/// Why a text is not taken as JSON. The message goes on from "it is".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadJson {
    #[error("not valid JSON: {0}")]
    Invalid(String),
    #[error("nested deeper than {max} levels", max = limits::JSON_DEPTH_MAX)]
    TooDeep,
}

impl Json {
    /// Checks the whole text: its grammar, its nesting ([`crate::limits::JSON_DEPTH_MAX`]), halves of surrogate pairs,
    /// and numbers that no `f64` holds. Uses no stack, whatever the text: guests' calls run on small ones.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, BadJson> {
        let text = text.into();
        Self::check(&text)?;
        Ok(Self(text))
    }

    /// [`Json::parse`] without a copy of the text.
    pub fn check(text: &str) -> Result<(), BadJson> {
        text::check(text)
    }

    /// Takes a value from a guest. Halves of surrogate pairs, which JavaScript's and Python's texts may have, are read as
    /// U+FFFD.
    pub fn of_guest(text: &str) -> Result<Self, BadJson> {
        Self::parse(&*mended(text))
    }

    /// [`Json::of_guest`], with a marker in the place of what is nested too deep.
    pub fn of_guest_cut(text: &str) -> Result<Self, BadJson> {
        text::check_grammar(text)?;
        Self::parse(&*text::cut(&mended(text)))
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
        self.read().expect("a Json holds valid JSON")
    }

    /// Reads the text as a `T`, however deep it is nested.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        read(&self.0)
    }
}

/// Reads a JSON text whose nesting somebody has bounded: the parser's own bound, 128 levels, does not apply.
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
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
        assert!(Json::parse("[".repeat(200_000) + &"]".repeat(200_000)).is_err());
        assert_eq!(Json::parse("[1]").expect("valid").as_str(), "[1]");
    }

    #[test]
    fn is_read_as_deep_as_it_may_be() {
        let deep = "[".repeat(limits::JSON_DEPTH_MAX) + &"]".repeat(limits::JSON_DEPTH_MAX);
        let json = Json::parse(deep.as_str()).expect("valid");
        assert_eq!(json.to_value().to_string(), deep);
        let error = Json::parse(format!("[{deep}]")).expect_err("too deep").to_string();
        assert_eq!(error, "nested deeper than 1000 levels");
    }

    #[test]
    fn takes_from_guests_what_can_be_read() {
        assert_eq!(Json::of_guest(r#"["nice \ud83d"]"#).expect("mended").as_str(), r#"["nice \ufffd"]"#);
        assert!(Json::of_guest_cut("{").is_err());
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        let cut = Json::of_guest_cut(&format!(r#"{{"a":1,"deep":{deep},"b":"\udc00"}}"#)).expect("cut").to_value();
        assert_eq!((&cut["a"], &cut["b"]), (&1.into(), &"\u{fffd}".into()));
        assert!(cut["deep"].to_string().contains("[nested deeper than 1000 levels]"));
    }

    #[test]
    fn embeds_as_json() {
        let text = serde_json::to_string(&[Json::trusted(r#"{"a":1}"#)]).expect("serializes");
        assert_eq!(text, r#"[{"a":1}]"#);
    }
}
