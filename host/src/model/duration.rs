//! Durations as people write them, in the notation of the contract's JSON Schemas. The crates for it take years, months and
//! fractions too, which the SDKs refuse.

use super::time::Millis;

const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// The text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration such as \"500ms\", \"30s\" or \"1h30m\"")]
pub struct BadDuration(String);

/// Reads `1h30m`, `500ms`, `7d`: whole numbers, each with its unit.
pub fn read_duration(text: &str) -> Result<Millis, BadDuration> {
    let bad = || BadDuration(text.to_owned());
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (amount, unit, after) = split(rest);
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
        let amount: u64 = amount.parse().map_err(|_| bad())?;
        total = amount.checked_mul(*ms).and_then(|part| total.checked_add(part)).ok_or_else(bad)?;
        rest = after;
    }
    if text.is_empty() { Err(bad()) } else { Ok(total) }
}

/// Digits, letters, and what comes behind.
fn split(text: &str) -> (&str, &str, &str) {
    let (amount, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let (unit, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()));
    (amount, unit, rest)
}

/// The text that [`read_duration`] reads back, in its largest whole unit.
pub fn duration_text(ms: Millis) -> String {
    let fits = |(_, unit): &&(&str, u64)| ms > 0 && ms.is_multiple_of(*unit);
    let (name, unit) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{name}", ms / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        for (text, ms) in [("30s", 30_000), ("1h30m", 5_400_000), ("500ms", 500), ("1d", 86_400_000), ("0s", 0)] {
            assert_eq!(read_duration(text), Ok(ms));
        }
        for text in ["", "5", "s", "1.5s", "-1s", "1 h", "1y", "99999999999999999999s", "9999999999999w"] {
            assert_eq!(read_duration(text), Err(BadDuration(text.to_owned())));
        }
        for (ms, text) in [(30_000, "30s"), (5_400_000, "90m"), (1_500, "1500ms"), (0, "0ms"), (86_400_000, "1d")] {
            assert_eq!(duration_text(ms), text);
        }
    }
}
