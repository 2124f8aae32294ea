//! Schedules in cron's notation, as Inngest (robfig's parser) reads them.
//!
//! `minute hour day-of-month month day-of-week`, each a list of `*`, `?`, numbers, names and ranges, with steps; or
//! `@hourly` and its like; before it `TZ=Area/City `. When the clock is put forward, times that it leaps over do not
//! come that day; when it is put back, times that come twice count twice. Both are robfig's.
//!
//! No crate passes our cases (tried in November 2026): croner takes a weekday 7, and starts at the end of the leap what the clock
//! leaps over; cron wants seconds.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _};
use chrono_tz::Tz;

use super::time::Millis;
use crate::limits;

const MINUTE_MS: Millis = 60_000;
/// Behind it no time is looked for. A 29 February is at most so many years away.
const YEARS_MAX: i32 = 9;

/// When something is to happen, over and over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    source: Arc<str>,
    zone: Tz,
    /// A bit for each number.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether a day has to be among both `days` and `weekdays`, or among one of them.
    days_by: By,
}

/// If one of the two says "any day" it is for the other to say which; else a day of either will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Both,
    Either,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cron {source_text:?}: {problem}")]
pub struct BadCron {
    source_text: String,
    problem: String,
}

/// The range of one of the five fields.
struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Of the numbers from `min` on.
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Field = Field { name: "hour", min: 0, max: 23, names: &[] };
const DAY: Field = Field { name: "day of month", min: 1, max: 31, names: &[] };
const MONTH: Field = Field {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Field =
    Field { name: "day of week", min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// Short for what is wanted often.
const DESCRIPTORS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Cron {
    pub fn read(source: &str) -> Result<Self, BadCron> {
        let refuse = |problem: String| BadCron { source_text: source.to_owned(), problem };
        if source.len() > limits::CRON_MAX_BYTES {
            return Err(refuse(format!("it is longer than {} bytes", limits::CRON_MAX_BYTES)));
        }
        let (zone, rest) = zone(source).map_err(refuse)?;
        let rest = spelled_out(rest.trim()).map_err(refuse)?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            let found = fields.len();
            return Err(refuse(format!(
                "it has {found} fields, not 5: minute, hour, day of month, month, day of week"
            )));
        };
        let bits = |field: &Field, text: &str| field.read(text).map_err(refuse);
        let (days, any_day) = bits(&DAY, day)?;
        let (weekdays, any_weekday) = bits(&WEEKDAY, weekday)?;
        let cron = Self {
            source: source.into(),
            zone,
            minutes: bits(&MINUTE, minute)?.0,
            hours: bits(&HOUR, hour)?.0,
            days,
            months: bits(&MONTH, month)?.0,
            weekdays,
            days_by: if any_day || any_weekday { By::Both } else { By::Either },
        };
        // From any time on: the only days that never come are those that no month has.
        if cron.next(0).is_none() {
            return Err(refuse("there is no such day".into()));
        }
        Ok(cron)
    }

    /// As it was written.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// The first time behind `after`, to the minute; `None` beyond the calendar.
    pub fn next(&self, after: Millis) -> Option<Millis> {
        let mut at = (after / MINUTE_MS + 1) * MINUTE_MS;
        let last_year = self.local(at)?.year() + YEARS_MAX;
        loop {
            let local = self.local(at)?;
            if local.year() > last_year {
                return None;
            }
            at = if !has(self.months, local.month()) {
                let (year, month) = (local.year(), local.month());
                let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                self.midnight(NaiveDate::from_ymd_opt(year, month, 1)?, at)?
            } else if !self.has_day(&local) {
                self.midnight(local.date_naive().succ_opt()?, at)?
            } else if !has(self.hours, local.hour()) {
                at + Millis::from(60 - local.minute()) * MINUTE_MS
            } else if !has(self.minutes, local.minute()) {
                at + MINUTE_MS
            } else {
                return Some(at);
            };
        }
    }

    fn local(&self, at: Millis) -> Option<DateTime<Tz>> {
        Some(DateTime::from_timestamp_millis(i64::try_from(at).ok()?)?.with_timezone(&self.zone))
    }

    fn has_day(&self, local: &DateTime<Tz>) -> bool {
        let is_day = has(self.days, local.day());
        let is_weekday = has(self.weekdays, local.weekday().num_days_from_sunday());
        match self.days_by {
            By::Both => is_day && is_weekday,
            By::Either => is_day || is_weekday,
        }
    }

    /// When that day begins, which is behind `at`. Where the clock leaps over midnight it begins behind the leap.
    fn midnight(&self, day: NaiveDate, at: Millis) -> Option<Millis> {
        const QUARTERS_OF_A_DAY: i32 = 96;
        let midnight: NaiveDateTime = day.and_hms_opt(0, 0, 0)?;
        let quarters = (0..=QUARTERS_OF_A_DAY).map(|n| midnight + TimeDelta::minutes(15) * n);
        let mut begins = quarters.filter_map(|local| self.zone.from_local_datetime(&local).earliest());
        let begins = u64::try_from(begins.next()?.timestamp_millis()).ok()?;
        Some(begins.max(at + MINUTE_MS))
    }
}

fn has(bits: u64, number: u32) -> bool {
    bits >> number & 1 == 1
}

/// The zone that the text names, UTC if none, and the text behind it.
fn zone(source: &str) -> Result<(Tz, &str), String> {
    let Some(named) = source.strip_prefix("TZ=").or_else(|| source.strip_prefix("CRON_TZ=")) else {
        return Ok((Tz::UTC, source));
    };
    let (name, rest) = named.split_once(' ').ok_or("there is nothing behind its time zone")?;
    let zone = name.parse().map_err(|_| format!("{name:?} is no time zone such as Europe/Paris"))?;
    Ok((zone, rest))
}

fn spelled_out(text: &str) -> Result<&str, String> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    if text.starts_with("@every") {
        return Err("@every counts from nowhere: write the minutes, as in */5 * * * *".into());
    }
    let known = DESCRIPTORS.iter().find(|(name, _)| *name == text);
    let names = || DESCRIPTORS.map(|(name, _)| name).join(", ");
    known.map(|(_, fields)| *fields).ok_or_else(|| format!("{text} is unknown; {} are known", names()))
}

impl Field {
    /// A bit for each number, and whether it says "any".
    fn read(&self, text: &str) -> Result<(u64, bool), String> {
        let (mut bits, mut is_any) = (0, false);
        for part in text.split(',') {
            let (part_bits, part_is_any) =
                self.read_part(part).map_err(|problem| format!("{} {text:?}: {problem}", self.name))?;
            bits |= part_bits;
            is_any |= part_is_any;
        }
        Ok((bits, is_any))
    }

    /// `*`, `N`, `N-M`, with `/STEP` behind it; `N/STEP` goes on to the end.
    fn read_part(&self, part: &str) -> Result<(u64, bool), String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let every = step.map_or(Ok(1), number)?;
        if every == 0 {
            return Err("a step of 0 leads nowhere".into());
        }
        let is_any = matches!(range, "*" | "?");
        let (from, to) = match range.split_once('-') {
            _ if is_any => (self.min, self.max),
            Some((from, to)) => (self.number(from)?, self.number(to)?),
            None if step.is_some() => (self.number(range)?, self.max),
            None => (self.number(range)?, self.number(range)?),
        };
        if from > to {
            return Err(format!("{range} ends before it begins"));
        }
        let bits = (from..=to).step_by(every as usize).fold(0, |bits, number| bits | 1 << number);
        Ok((bits, is_any && every == 1))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = named.map_or_else(|| number(text), |place| Ok(self.min + place as u32))?;
        let (min, max) = (self.min, self.max);
        if (min..=max).contains(&number) { Ok(number) } else { Err(format!("{number} is not from {min} to {max}")) }
    }
}

fn number(text: &str) -> Result<u32, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.ok_or_else(|| format!("{text:?} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Millis {
        DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis() as Millis
    }

    /// The next time behind `after`, in UTC.
    fn next(cron: &str, after: &str) -> String {
        let at = Cron::read(cron).expect("valid").next(ms(after)).expect("comes") as i64;
        DateTime::from_timestamp_millis(at).expect("a time").format("%a %Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// robfig's own cases among them.
    #[test]
    fn comes_when_robfig_says() {
        for (cron, after, expected) in [
            ("*/15 * * * *", "2012-07-09T14:45:00Z", "Mon 2012-07-09T15:00:00Z"),
            ("*/15 * * * *", "2012-07-09T14:59:59.999Z", "Mon 2012-07-09T15:00:00Z"),
            ("20-35/15 * * * *", "2012-07-09T15:45:00Z", "Mon 2012-07-09T16:20:00Z"),
            ("20/15 * * * *", "2012-07-09T15:35:00Z", "Mon 2012-07-09T15:50:00Z"),
            ("0 0 9 Apr-Oct ?", "2012-07-09T23:35:51Z", "Thu 2012-08-09T00:00:00Z"),
            ("0 0 */5 Apr,Aug,Oct mon", "2012-07-09T23:35:51Z", "Wed 2012-08-01T00:00:00Z"),
            ("0 0 * feb Mon", "2012-07-09T23:35:51Z", "Mon 2013-02-04T00:00:00Z"),
            ("30 * * Feb mon/2", "2012-07-09T23:35:51Z", "Fri 2013-02-01T00:30:00Z"),
            ("0 0 29 Feb ?", "2012-07-09T23:35:00Z", "Mon 2016-02-29T00:00:00Z"),
            ("0 0 29 Feb ?", "2096-03-01T00:00:00Z", "Fri 2104-02-29T00:00:00Z"),
            ("0 9 13 * fri", "2026-01-01T00:00:00Z", "Fri 2026-01-02T09:00:00Z"),
            ("0 9 13 * ?", "2026-01-01T00:00:00Z", "Tue 2026-01-13T09:00:00Z"),
            ("59 23 31 12 *", "2026-12-31T23:59:00Z", "Fri 2027-12-31T23:59:00Z"),
            ("@hourly", "2026-01-01T00:00:00Z", "Thu 2026-01-01T01:00:00Z"),
            ("TZ=Asia/Tokyo @weekly", "2026-01-01T00:00:00Z", "Sat 2026-01-03T15:00:00Z"),
            ("TZ=Europe/Paris 0 9 * * 1", "2026-01-01T00:00:00Z", "Mon 2026-01-05T08:00:00Z"),
            ("CRON_TZ=Europe/Paris  0 9 * * MON", "2026-07-01T00:00:00Z", "Mon 2026-07-06T07:00:00Z"),
            ("TZ=Asia/Kathmandu 0 12 * * *", "2026-01-01T00:00:00Z", "Thu 2026-01-01T06:15:00Z"),
        ] {
            assert_eq!(next(cron, after), expected, "{cron}");
        }
    }

    #[test]
    fn minds_the_summer_time() {
        const NEW_YORK: &str = "TZ=America/New_York ";
        for (cron, after, expected) in [
            // At 2 the clock is put to 3: what was to come in between comes the next day.
            ("30 2 11 Mar ?", "2012-03-11T00:00:00-05:00", "Mon 2013-03-11T06:30:00Z"),
            ("0 2 * * ?", "2012-03-11T01:00:00-05:00", "Mon 2012-03-12T06:00:00Z"),
            ("0 * * * ?", "2012-03-11T01:00:00-05:00", "Sun 2012-03-11T07:00:00Z"),
            ("0 3 * * ?", "2012-03-11T00:00:00-05:00", "Sun 2012-03-11T07:00:00Z"),
            // At 2 it is put to 1: what comes in between comes twice.
            ("0 1 * * ?", "2012-11-04T00:00:00-04:00", "Sun 2012-11-04T05:00:00Z"),
            ("0 1 * * ?", "2012-11-04T01:00:00-04:00", "Sun 2012-11-04T06:00:00Z"),
            ("0 2 * * ?", "2012-11-04T00:00:00-04:00", "Sun 2012-11-04T07:00:00Z"),
            ("0 3 * * ?", "2012-11-04T00:00:00-04:00", "Sun 2012-11-04T08:00:00Z"),
        ] {
            assert_eq!(next(&format!("{NEW_YORK}{cron}"), after), expected, "{cron} behind {after}");
        }
        // There a day began at 1.
        let begins = next("TZ=America/Sao_Paulo 0 * 4 Nov *", "2018-11-04T02:59:00Z");
        assert_eq!(begins, "Sun 2018-11-04T03:00:00Z");
        assert_eq!(next("TZ=America/Sao_Paulo 0 0 * * *", "2018-11-03T12:00:00Z"), "Mon 2018-11-05T02:00:00Z");
    }

    /// Against looking at each minute.
    #[test]
    fn leaves_no_minute_out() {
        let zones = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "America/St_Johns"];
        let crons = ["7 * * * *", "30 2 * * *", "*/20 1-3 * * sun", "15 0 1,29 * *", "0 0 1 */3 wed"];
        for (zone, cron) in zones.iter().flat_map(|zone| crons.map(|cron| (zone, cron))) {
            let cron = Cron::read(&format!("TZ={zone} {cron}")).expect("valid");
            let matches = |at: Millis| {
                let local = cron.local(at).expect("in the calendar");
                let fits = has(cron.minutes, local.minute()) && has(cron.hours, local.hour());
                fits && has(cron.months, local.month()) && cron.has_day(&local)
            };
            let (mut after, end) = (ms("2026-03-20T00:00:00Z"), ms("2026-04-10T00:00:00Z"));
            for at in (after + MINUTE_MS..end).step_by(MINUTE_MS as usize).filter(|at| matches(*at)) {
                assert_eq!(cron.next(after), Some(at), "{} behind {after}", cron.source);
                after = at;
            }
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (cron, problem) in [
            ("* * * *", "it has 4 fields, not 5"),
            ("* * * * * *", "it has 6 fields, not 5"),
            ("", "it has 0 fields"),
            ("60 * * * *", "minute \"60\": 60 is not from 0 to 59"),
            ("* 9-25 * * *", "hour \"9-25\": 25 is not from 0 to 23"),
            ("* * 0 * *", "day of month \"0\": 0 is not from 1 to 31"),
            ("* * * foo *", "month \"foo\": \"foo\" is no number"),
            ("* * * * 7", "day of week \"7\": 7 is not from 0 to 6"),
            ("* * * * fri-mon", "day of week \"fri-mon\": fri-mon ends before it begins"),
            ("*/0 * * * *", "minute \"*/0\": a step of 0"),
            ("1,,2 * * * *", "minute \"1,,2\": \"\" is no number"),
            ("-5 * * * *", "minute \"-5\": \"\" is no number"),
            ("1-2-3 * * * *", "minute \"1-2-3\": \"2-3\" is no number"),
            ("*/2/3 * * * *", "minute \"*/2/3\": \"2/3\" is no number"),
            ("0 0 30 2 *", "there is no such day"),
            ("TZ=Mars/Olympus 0 0 * * *", "\"Mars/Olympus\" is no time zone"),
            ("TZ=UTC", "nothing behind its time zone"),
            ("@often", "@often is unknown; @yearly"),
            ("@every 5m", "write the minutes"),
        ] {
            let error = Cron::read(cron).expect_err(cron).to_string();
            assert!(error.contains(problem) && error.starts_with(&format!("cron {cron:?}: ")), "{error}");
        }
        assert!(Cron::read(&"1,".repeat(200)).expect_err("too long").to_string().contains("longer than 255 bytes"));
    }
}
