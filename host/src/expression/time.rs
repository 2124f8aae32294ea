//! Points and spans of time, as texts and numbers give them.

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Timelike as _,
    Utc,
};
use chrono_tz::Tz;

/// 2000-01-01 in seconds: what is less is no time, as with Inngest.
const SECONDS_MIN: i64 = 946_684_800;
/// From here on a number counts milliseconds, and then nanoseconds. Inngest's.
const MILLIS_FROM: i64 = 9_999_999_999;
const NANOS_FROM: i64 = 9_999_999_999_999;

/// `2026-01-02T03:04:05Z`, with any offset, or without one, which is UTC; a day alone; or as mails and HTTP have it.
pub fn read(text: &str) -> Option<DateTime<Utc>> {
    let offset = || DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)).ok();
    let local = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let day = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN));
    offset().map(|time| time.to_utc()).or_else(|| Some(local().or_else(day)?.and_utc()))
}

/// Seconds, milliseconds or nanoseconds since 1970, by how many they are.
pub fn of_number(number: i128) -> Option<DateTime<Utc>> {
    let number = i64::try_from(number).ok().filter(|number| *number >= SECONDS_MIN)?;
    if number < MILLIS_FROM {
        DateTime::from_timestamp(number, 0)
    } else if number < NANOS_FROM {
        DateTime::from_timestamp_millis(number)
    } else {
        Some(DateTime::from_timestamp_nanos(number))
    }
}

/// `1h30m`, `1.5s`, `-250ms`: Go's.
pub fn read_span(text: &str) -> Option<TimeDelta> {
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = TimeDelta::zero();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..unit_at].parse().ok()?;
        let behind = &rest[unit_at..];
        let unit = &behind[..behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len())];
        let nanos = match unit {
            "h" => 3_600e9,
            "m" => 60e9,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        let part = (amount * nanos).round();
        let part = (part < i64::MAX as f64).then(|| TimeDelta::nanoseconds(part as i64))?;
        total = total.checked_add(&part)?;
        rest = &behind[unit.len()..];
    }
    Some(if is_negative { -total } else { total })
}

/// The parts of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Year,
    Month,
    DayOfYear,
    Date,
    DayOfMonth,
    DayOfWeek,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl Part {
    /// Months, days of the year and of the month count from 0, dates from 1; Sunday is 0. The zone is a name or an
    /// offset such as `+02:00`, else UTC.
    pub fn of_time(self, time: &DateTime<Utc>, zone: Option<&str>) -> Option<i128> {
        let local = match zone {
            None => time.naive_utc(),
            Some(zone) if zone.contains(':') => {
                let offset: FixedOffset = zone.parse().or_else(|_| format!("+{zone}").parse()).ok()?;
                offset.from_utc_datetime(&time.naive_utc()).naive_local()
            }
            Some(zone) => time.with_timezone(&zone.parse::<Tz>().ok()?).naive_local(),
        };
        Some(match self {
            Self::Year => local.year().into(),
            Self::Month => local.month0().into(),
            Self::DayOfYear => local.ordinal0().into(),
            Self::Date => local.day().into(),
            Self::DayOfMonth => local.day0().into(),
            Self::DayOfWeek => local.weekday().num_days_from_sunday().into(),
            Self::Hours => local.hour().into(),
            Self::Minutes => local.minute().into(),
            Self::Seconds => local.second().into(),
            Self::Milliseconds => (local.nanosecond() / 1_000_000).into(),
        })
    }

    /// The whole span in that unit.
    pub fn of_span(self, span: &TimeDelta) -> Option<i128> {
        match self {
            Self::Hours => Some(span.num_hours().into()),
            Self::Minutes => Some(span.num_minutes().into()),
            Self::Seconds => Some(span.num_seconds().into()),
            Self::Milliseconds => Some(span.num_milliseconds().into()),
            _ => None,
        }
    }
}
