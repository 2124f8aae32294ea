//! Times as text: RFC 3339, in UTC, with milliseconds.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

use crate::model::Millis;

/// A time on its way into JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(pub Millis);

impl Stamp {
    /// A time as users write it; the error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Millis, String> {
        let time = DateTime::parse_from_rfc3339(text).ok();
        let millis = time.and_then(|time| Millis::try_from(time.timestamp_millis()).ok());
        millis.ok_or_else(|| format!("{text:?} is no time: write one such as 2026-01-31T12:00:00Z"))
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time =
            i64::try_from(self.0).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::<Utc>::MAX_UTC);
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        assert_eq!(Stamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Stamp(951_782_400_000).to_string(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Stamp(1_795_331_625_443).to_string(), "2026-11-22T07:13:45.443Z");
        assert_eq!(Stamp(4_102_444_799_999).to_string(), "2099-12-31T23:59:59.999Z");
        assert!(Stamp(Millis::MAX).to_string().starts_with('+'), "later than any time");
    }
}
