//! A JSON text that is known to be valid.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer};
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
        serde_json::from_str::<serde_json::Value>(&text).map_err(|error| BadJson(error.to_string()))?;
        Ok(Self(text))
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
    fn embeds_as_json() {
        let text = serde_json::to_string(&[Json::trusted(r#"{"a":1}"#)]).expect("serializes");
        assert_eq!(text, r#"[{"a":1}]"#);
    }
}
