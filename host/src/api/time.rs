//! Times as text: RFC 3339, in UTC, with milliseconds.

use serde::{Serialize, Serializer};

use crate::model::Millis;

/// A time on its way into JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(pub Millis);

impl Stamp {
    /// A time as users write it; the error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Millis, String> {
        let time = chrono::DateTime::parse_from_rfc3339(text).ok();
        let millis = time.and_then(|time| Millis::try_from(time.timestamp_millis()).ok());
        millis.ok_or_else(|| format!("{text:?} is no time: write one such as 2026-01-31T12:00:00Z"))
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, rest) = (self.0 / 86_400_000, self.0 % 86_400_000);
        let (year, month, day) = civil(days);
        let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", rest % 1_000)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Year, month and day of a day since 1970. Howard Hinnant's `civil_from_days`, for days that are not negative.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
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
    }
}
