//! The bytes of what is stored, as the first release wrote them: `golden.txt` has a line for each kind.
//!
//! A line never changes. A new variant gets a new line, which the test prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::model::{Awaited, Cause, Entry, Failure, Json, Kind, OpKey, Pace, Place, Record, RetryAdvice, Throttled};

fn key() -> OpKey {
    OpKey::new("charge", 1)
}

fn run() -> RunId {
    RunId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
}

fn json() -> Json {
    Json::trusted(r#"{"ok":true}"#)
}

fn failure() -> Failure {
    let cause = Cause {
        name: "Inner".into(),
        message: "é".into(),
        stack: Some("at x".into()),
        code: Some("E1".into()),
        details: Some(json()),
    };
    Failure {
        kind: Kind::Application,
        name: "Outer".into(),
        message: "went wrong".into(),
        stack: Some("at y".into()),
        code: Some("E2".into()),
        details: Some(json()),
        causes: vec![cause],
        step: Some(key()),
        attempt: 3,
        advice: RetryAdvice::After(1.5),
    }
}

/// Another variant of one of these has to get a name, and with it a line.
fn entry_name(entry: &Entry) -> &'static str {
    match entry {
        Entry::Step { value: Ok(_), .. } => "step",
        Entry::Step { value: Err(_), .. } => "step-failed",
        Entry::StepRetry { .. } => "step-retry",
        Entry::Sleep { .. } => "sleep",
        Entry::Woke { .. } => "woke",
        Entry::BodyRetry { .. } => "body-retry",
        Entry::Interrupted => "interrupted",
        Entry::Waits { what, .. } => match what {
            Awaited::Event { .. } => "waits-event",
            Awaited::Invocation { .. } => "waits-invocation",
            Awaited::Sending { .. } => "waits-sending",
            Awaited::Signal { .. } => "waits-signal",
            Awaited::Signalling { .. } => "waits-signalling",
            Awaited::Response { .. } => "waits-response",
        },
        Entry::Answered { .. } => "answered",
        Entry::Began => "began",
        Entry::Replays { .. } => "replays",
    }
}

fn entries() -> Vec<Entry> {
    let waits = |what| Entry::Waits { key: key(), what, until: Some(9) };
    vec![
        Entry::Step { key: key(), attempt: 2, started: 1_795_331_625_419, value: Ok(json()) },
        Entry::Step { key: key(), attempt: 4, started: u64::MAX, value: Err(failure()) },
        Entry::StepRetry { key: key(), started: 5, error: failure(), retry_at: 9 },
        Entry::Sleep { key: key(), until: 77 },
        Entry::Woke { key: key() },
        Entry::BodyRetry { error: failure(), retry_at: 10 },
        Entry::Interrupted,
        waits(Awaited::Event { name: "shop/paid".into() }),
        waits(Awaited::Invocation { function: "shop-pay".into() }),
        waits(Awaited::Sending { events: 3 }),
        waits(Awaited::Signal { signal: "go".into() }),
        waits(Awaited::Signalling { signal: "go".into() }),
        waits(Awaited::Response { method: "GET".into(), host: "a.b".into() }),
        Entry::Answered { key: key(), value: Ok(json()) },
        Entry::Began,
        Entry::Replays { of: run(), from: Some(key()), input: Some(json()) },
    ]
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed(_) => "completed",
        Outcome::Failed(_) => "failed",
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::Skipped { .. } => "skipped",
    }
}

fn mail_name(mail: &Mail) -> &'static str {
    match mail {
        Mail::Cancel { .. } => "cancel",
        Mail::Answer { .. } => "answer",
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Application => "application",
        Kind::Trap => "trap",
        Kind::Timeout => "timeout",
        Kind::Limit => "limit",
        Kind::Divergence => "divergence",
        Kind::Cancelled => "cancelled",
        Kind::Host => "host",
    }
}

fn advice_name(advice: RetryAdvice) -> &'static str {
    match advice {
        RetryAdvice::ByPolicy => "by-policy",
        RetryAdvice::Never => "never",
        RetryAdvice::After(_) => "after",
    }
}

fn terms() -> Terms {
    let place = |byte| Place { pool: [byte; 16], limit: 5, of: Some("event.data.a = 1".into()) };
    let pace = Pace { limit: 2, period_ms: 60_000, burst: 3, key: [9; 16] };
    Terms {
        places: vec![place(1), place(2)],
        run_place: Some(place(3)),
        throttle: Some(Throttled { pace, of: None }),
        priority_s: -7,
        singleton: Some([4; 16]),
        gathers: Some([5; 16]),
        start_by: Some(1_795_331_625_419),
    }
}

/// Stored values, by name.
fn stored() -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in entries() {
        let mut segment = Vec::new();
        let name = format!("record {}", entry_name(&entry));
        add_record(&mut segment, &Record { order: 300, at: 1_795_331_625_420, entry });
        all.insert(name, segment);
    }
    let reason = || "told to".into();
    let outcomes = [
        Outcome::Completed(json()),
        Outcome::Failed(failure()),
        Outcome::Cancelled { reason: reason() },
        Outcome::Skipped { reason: reason() },
    ];
    all.extend(outcomes.iter().map(|outcome| (format!("outcome {}", outcome_name(outcome)), outcome_bytes(outcome))));
    let mails = [Mail::Cancel { reason: reason() }, Mail::Answer { key: key(), value: Ok(json()) }];
    all.extend(mails.iter().map(|mail| (format!("mail {}", mail_name(mail)), mail_bytes(mail))));
    all.insert("invoker".into(), invoker_bytes(&Invoker { run: run(), key: key() }));
    all.insert("terms".into(), terms_bytes(&terms()));
    all.insert("terms none".into(), terms_bytes(&Terms::default()));
    let kinds =
        [Kind::Application, Kind::Trap, Kind::Timeout, Kind::Limit, Kind::Divergence, Kind::Cancelled, Kind::Host];
    for kind in kinds {
        let bytes = outcome_bytes(&Outcome::Failed(Failure { kind, ..failure() }));
        all.insert(format!("kind {}", kind_name(kind)), bytes);
    }
    for advice in [RetryAdvice::ByPolicy, RetryAdvice::Never, RetryAdvice::After(1.5)] {
        let bytes = outcome_bytes(&Outcome::Failed(Failure { advice, ..failure() }));
        all.insert(format!("advice {}", advice_name(advice)), bytes);
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn stored_bytes_stay_what_they_are() {
    let golden: BTreeMap<&str, &str> =
        include_str!("golden.txt").lines().filter_map(|line| line.split_once(": ")).collect();
    let stored = stored();
    let mut wrong = String::new();
    for (name, bytes) in &stored {
        match (golden.get(&**name), hex(bytes)) {
            (Some(kept), written) if *kept == written => {}
            (Some(kept), written) => {
                let _ = writeln!(wrong, "{name} was written as {kept} and now is {written}: no store can be read");
            }
            (None, written) => {
                let _ = writeln!(wrong, "golden.txt lacks the line\n{name}: {written}");
            }
        }
    }
    for name in golden.keys().filter(|name| !stored.contains_key(**name)) {
        let _ = writeln!(wrong, "{name} is written no longer, and has to be read for ever");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Each line is read back as what it was written from.
#[test]
fn stored_bytes_are_read() {
    fn same<T: PartialEq + std::fmt::Debug + Serialize + DeserializeOwned>(
        read: fn(&[u8]) -> Result<T, Unreadable>,
        write: fn(&T) -> Vec<u8>,
        bytes: &[u8],
    ) {
        assert_eq!(write(&read(bytes).expect("readable")), bytes);
    }
    for (name, bytes) in stored() {
        match name.split(' ').next().unwrap_or_default() {
            "record" => {
                let (mut records, mut again) = (Vec::new(), Vec::new());
                read_records(&bytes, &mut records).expect("readable");
                records.iter().for_each(|record| add_record(&mut again, record));
                assert_eq!(again, bytes, "{name}");
            }
            "mail" => same(read_mail, mail_bytes, &bytes),
            "invoker" => same(read_invoker, invoker_bytes, &bytes),
            "terms" => same(read_terms, terms_bytes, &bytes),
            _ => same(read_outcome, outcome_bytes, &bytes),
        }
    }
}
