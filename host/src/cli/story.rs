//! A run as people want to read it.

use std::io::{self, Write};

use serde_json::Value;

use super::paint::Paint;
use super::table::cut;
use super::view::{Detail, Error, Hold, Line, Log, Time, What};

/// The event that tells of a failure.
const FAILED: &str = "inngest/function.failed";
/// Characters of a value that are shown on a line.
const VALUE_MAX: usize = 80;
/// Characters of a run's output that are shown.
const OUTPUT_MAX: usize = 400;
/// Characters of an error's message that are shown on a line.
const MESSAGE_MAX: usize = 160;
/// Warnings of a failed run's log that are told unasked.
const WARNINGS_MAX: usize = 5;

/// How much of an error's stack is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    All,
    First(usize),
}

/// Writes runs.
pub struct Teller<W> {
    pub out: W,
    pub paint: Paint,
    pub frames: Frames,
}

impl<W: Write> Teller<W> {
    /// The run's identity.
    pub fn opening(&mut self, detail: &Detail) -> io::Result<()> {
        let run = &detail.run;
        let noun = if run.failed_run_id.is_some() { "failure run" } else { "run" };
        writeln!(self.out, "{noun} {}  {}", self.paint.bold(&run.run_id), self.paint.bold(&run.function_id))?;
        for event in &detail.events {
            let name = event["name"].as_str().unwrap_or_default();
            let error = &event["data"]["error"];
            if name == FAILED && error.is_object() {
                self.fact("event", &format!("{name} of run {}", text(&event["data"]["run_id"])))?;
                self.fact("received", &self.received(error))?;
            } else {
                self.fact("event", format!("{name} {}", self.paint.dim(value(&event["data"]))).trim_end())?;
            }
        }
        Ok(())
    }

    /// The error that a failure run, or another listener, is told.
    fn received(&self, error: &Value) -> String {
        let step = error["step_id"].as_str().map(|step| format!(" in step {step}")).unwrap_or_default();
        let attempts = match error["attempts"].as_u64() {
            Some(1) => " after 1 attempt".to_owned(),
            Some(n) => format!(" after {n} attempts"),
            None => String::new(),
        };
        let told = cut(&format!("{}: {}", text(&error["name"]), text(&error["message"])), MESSAGE_MAX);
        format!("{} {}", self.paint.red(told), self.paint.dim(format!("{step}{attempts}").trim_start()))
    }

    pub fn fact(&mut self, name: &str, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {} {text}", self.paint.dim(format!("{name:8}")))
    }

    /// Lines `from` … of the journal.
    pub fn journal(&mut self, detail: &Detail, from: usize) -> io::Result<()> {
        for (n, line) in detail.journal.iter().enumerate().skip(from) {
            let text = self.line(line);
            self.at(&detail.run.queued_at, &line.at, &text)?;
            if matches!(line.what, What::StepRetry | What::BodyRetry | What::Interrupted) {
                self.memoized(&detail.journal[..n])?;
            }
        }
        Ok(())
    }

    fn at(&mut self, start: &Time, at: &Time, text: &str) -> io::Result<()> {
        let since = format!("{:>10}", format!("+{}", span(at.ms - start.ms)));
        writeln!(self.out, "  {} {}", self.paint.dim(since), text.trim_end())
    }

    fn line(&self, line: &Line) -> String {
        let paint = self.paint;
        let step = line.step.as_ref().map(ToString::to_string).unwrap_or_default();
        let attempt = line.attempt.unwrap_or_default() + 1;
        let error = line.error.as_ref().map(brief).unwrap_or_default();
        let again = line.until.as_ref().map(|until| span(until.ms - line.at.ms)).unwrap_or_default();
        let awaited = line.awaited.as_deref().unwrap_or_default();
        match line.what {
            What::StepCompleted => {
                let output = line.output.as_ref().map(value).unwrap_or_default();
                let which = if attempt > 1 { format!(" at attempt {attempt}") } else { String::new() };
                format!("{} step {step} completed{which} {}", paint.green("✓"), paint.dim(output))
            }
            What::StepFailed => {
                format!("{} step {step} failed for good at attempt {attempt}: {error}", paint.red("✗"))
            }
            What::StepRetry => {
                format!("{} step {step} failed at attempt {attempt}: {error}; again in {again}", paint.yellow("↻"))
            }
            What::BodyRetry => {
                format!("{} the body failed at attempt {attempt}: {error}; again in {again}", paint.yellow("↻"))
            }
            What::Sleep => format!("{} sleep {step} for {again}", paint.dim("·")),
            What::Woke => format!("{} sleep {step} is over", paint.dim("·")),
            What::Interrupted => format!("{} its host was lost; it goes on", paint.yellow("!")),
            What::WaitsForEvent => format!("{} {step} waits for {awaited}, for {again}", paint.dim("·")),
            What::Invokes => format!("{} {step} invokes {awaited}", paint.dim("·")),
            What::WaitsForSignal => format!("{} {step} waits for signal {awaited}, for {again}", paint.dim("·")),
            What::Signals => format!("{} {step} sends signal {awaited}", paint.dim("·")),
            What::Sends => format!("{} {step} sends events", paint.dim("·")),
            What::Fetches => format!("{} {step} fetches {awaited}", paint.dim("·")),
            What::Answered => match &line.error {
                Some(_) => format!("{} {step} failed: {error}", paint.red("✗")),
                None => {
                    let output = line.output.as_ref().map(value).unwrap_or_default();
                    format!("{} {step} is answered {}", paint.green("✓"), paint.dim(output))
                }
            },
            What::Began => format!("{} begins", paint.dim("·")),
            What::Replays => {
                let from = if step.is_empty() { String::new() } else { format!(" from {step}") };
                let input =
                    line.output.as_ref().map(|input| format!(" with input {}", value(input))).unwrap_or_default();
                format!("{} does run {awaited} over{from}{}", paint.dim("·"), paint.dim(input))
            }
            What::Unknown => format!("{} (something that this stepwell does not know)", paint.dim("·")),
        }
    }

    /// A reason that holds a run up, and until when.
    fn waits(&self, line: &Line) -> String {
        let step = line.step.as_ref().map(ToString::to_string).unwrap_or_default();
        let awaited = line.awaited.as_deref().unwrap_or_default();
        let what = match line.what {
            What::Sleep => format!("sleep {step}"),
            What::StepRetry => format!("the next attempt of step {step}"),
            What::BodyRetry => "the next attempt of the body".to_owned(),
            What::WaitsForEvent => format!("{step}: event {awaited}"),
            What::WaitsForSignal => format!("{step}: signal {awaited}"),
            What::Invokes => format!("{step}: the end of {awaited}"),
            What::Fetches => format!("{step}: the response to {awaited}"),
            _ => step,
        };
        let until = line.until.as_ref().map(|until| format!(", until {}", until.text)).unwrap_or_default();
        format!("{what}{until}")
    }

    /// Steps that have a result are not run again.
    fn memoized(&mut self, before: &[Line]) -> io::Result<()> {
        let done = before.iter().filter(|line| matches!(line.what, What::StepCompleted | What::StepFailed));
        let names: Vec<String> = done.filter_map(|line| line.step.as_ref()).map(ToString::to_string).collect();
        if names.is_empty() {
            return Ok(());
        }
        let text = format!("memoized, not run again: {}", cut(&names.join(", "), MESSAGE_MAX));
        writeln!(self.out, "  {:>10}   {}", "", self.paint.dim(text))
    }

    /// How it ended, or what it waits for.
    pub fn ending(&mut self, detail: &Detail) -> io::Result<()> {
        let run = &detail.run;
        let Some(ended) = &run.ended_at else {
            let due = run.due_at.as_ref().map(|due| format!(", goes on at {}", due.text)).unwrap_or_default();
            writeln!(self.out, "  {}{due}", self.paint.yellow(run.status.to_lowercase()))?;
            if let Some(held) = &detail.held_by {
                writeln!(self.out, "  waits    for {}", hold(held))?;
            }
            if let Some(events) = detail.gathers {
                writeln!(self.out, "  gathers  {events} {} so far", if events == 1 { "event" } else { "events" })?;
            }
            let is_in_turn = detail.held_by.is_none() && detail.gathers.is_none() && detail.waits_for.is_empty();
            if run.status == "Queued" && run.due_at.is_none() && is_in_turn {
                writeln!(self.out, "  waits    for its turn: as many runs execute as the host lets")?;
            }
            for line in &detail.waits_for {
                writeln!(self.out, "  waits    {}", self.waits(line).trim_end())?;
            }
            return Ok(());
        };
        let text = match (&detail.error, &detail.cancelled, &detail.skipped) {
            (None, Some(reason), _) => format!("{}: {reason}", self.paint.yellow("cancelled")),
            (None, None, Some(reason)) => format!("{}: {reason}", self.paint.yellow("skipped")),
            (None, None, None) => {
                let output =
                    detail.output.as_ref().map(|output| cut(&output.to_string(), OUTPUT_MAX)).unwrap_or_default();
                format!("{} {}", self.paint.green("completed"), self.paint.dim(output))
            }
            (Some(error), ..) => format!("{}: {}", self.paint.red("failed for good"), brief(error)),
        };
        self.at(&run.queued_at, ended, &text)?;
        if let Some(error) = &detail.error {
            self.error(error)?;
        }
        Ok(())
    }

    fn error(&mut self, error: &Error) -> io::Result<()> {
        let mut facts = vec![format!("kind {}", error.kind), format!("attempt {}", error.attempt + 1)];
        facts.extend(error.step.as_ref().map(|step| format!("step {step}")));
        facts.extend(error.code.as_ref().map(|code| format!("code {code}")));
        facts.extend(error.details.as_ref().map(|details| format!("details {}", value(details))));
        self.fact("error", &facts.join(" · "))?;
        self.stack(error.stack.as_deref())?;
        for (n, cause) in error.causes.iter().enumerate() {
            let code = cause.code.as_ref().map(|code| format!(" (code {code})")).unwrap_or_default();
            let details = cause.details.as_ref().map(|details| format!(" {}", value(details))).unwrap_or_default();
            let told = [cause.name.as_str(), cause.message.as_str()].into_iter().filter(|part| !part.is_empty());
            let told = told.collect::<Vec<_>>().join(": ");
            self.fact(&format!("cause {}", n + 1), &format!("{}{code}{details}", cut(&told, MESSAGE_MAX)))?;
            self.stack(cause.stack.as_deref())?;
        }
        Ok(())
    }

    fn stack(&mut self, stack: Option<&str>) -> io::Result<()> {
        let lines: Vec<&str> = stack.unwrap_or_default().lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = match self.frames {
            Frames::All => lines.len(),
            Frames::First(most) => most.min(lines.len()),
        };
        for line in &lines[..shown] {
            writeln!(self.out, "             {}", self.paint.dim(cut(line, 240)))?;
        }
        if shown < lines.len() {
            let left = format!("… {} more lines: stepwell runs show", lines.len() - shown);
            writeln!(self.out, "             {}", self.paint.dim(left))?;
        }
        Ok(())
    }

    pub fn log(&mut self, detail: &Detail) -> io::Result<()> {
        detail.log.iter().try_for_each(|line| self.log_line(detail, line))
    }

    /// The warnings of its log, the host's own among them: why a request was denied, for one.
    pub fn warnings(&mut self, detail: &Detail) -> io::Result<()> {
        let warnings = detail.log.iter().filter(|line| line.level == "warn");
        warnings.take(WARNINGS_MAX).try_for_each(|line| self.log_line(detail, line))
    }

    fn log_line(&mut self, detail: &Detail, line: &Log) -> io::Result<()> {
        let Log { at, level, message, fields, step } = line;
        let step = step.as_ref().map(|step| format!(" [{step}]")).unwrap_or_default();
        let has_fields = |fields: &&Value| fields.as_object().is_none_or(|map| !map.is_empty());
        let fields = fields.as_ref().filter(has_fields).map(|fields| format!(" {}", value(fields)));
        let text = format!("{level:6}{step} {}{}", cut(message, 400), self.paint.dim(fields.unwrap_or_default()));
        self.at(&detail.run.queued_at, at, &text)
    }
}

/// A limit that is used up.
fn hold(held: &Hold) -> String {
    let Hold { by, limit, period_ms, of, until } = held;
    let what = match by.as_str() {
        "concurrency" => format!("a place: concurrency is {limit}"),
        "run_concurrency" => format!("another run to end: {limit} may be under way"),
        _ => format!("its turn: {limit} may start in {}", span(period_ms.unwrap_or_default())),
    };
    let of = of.as_ref().map(|of| format!(" where {of}")).unwrap_or_default();
    let until = until.as_ref().map(|until| format!("; the next at {}", until.text)).unwrap_or_default();
    format!("{what}{of}{until}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn brief(error: &Error) -> String {
    cut(&format!("{}: {}", error.name, error.message), MESSAGE_MAX)
}

/// A JSON value, short.
pub fn value(value: &Value) -> String {
    cut(&value.to_string(), VALUE_MAX)
}

/// A span of time for people: `12 ms`, `2.05 s`, `1 min 30 s`, `2 h 5 min`.
pub fn span(ms: i64) -> String {
    let seconds = ms / 1_000;
    match ms.max(0) {
        ms @ 0..1_000 => format!("{ms} ms"),
        ms @ 1_000..60_000 => format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let spans: Vec<_> = [0, 999, 2_050, 90_000, 7_500_000, -5].into_iter().map(span).collect();
        assert_eq!(spans, ["0 ms", "999 ms", "2.05 s", "1 min 30 s", "2 h 5 min", "0 ms"]);
    }

    #[test]
    fn a_queued_run_says_what_it_waits_for() {
        let told = |held: serde_json::Value, gathers: Option<u32>, due: Option<&str>| {
            let detail = serde_json::json!({
                "run": {
                    "run_id": "R", "function_id": "p-f", "version": "v", "status": "Queued",
                    "queued_at": "2026-01-01T00:00:00.000Z", "due_at": due, "ended_at": null,
                    "failed_run_id": null, "error": null,
                },
                "events": [], "output": null, "error": null, "held_by": held, "gathers": gathers,
                "journal": [], "log": [], "started": [], "handler": null,
            });
            let detail: Detail = serde_json::from_value(detail).expect("valid");
            let mut teller = Teller { out: Vec::new(), paint: Paint::Plain, frames: Frames::All };
            teller.ending(&detail).expect("written");
            String::from_utf8(teller.out).expect("UTF-8")
        };
        const SOON: &str = "2026-01-01T00:00:05.000Z";
        let null = serde_json::Value::Null;
        assert!(told(null.clone(), None, None).contains("for its turn: as many runs execute"));
        assert_eq!(told(null.clone(), None, Some(SOON)), format!("  queued, goes on at {SOON}\n"));
        assert!(told(null, Some(2), Some(SOON)).ends_with("gathers  2 events so far\n"));
        let throttle = serde_json::json!({
            "by": "throttle", "limit": 3, "period_ms": 60_000, "of": "event.data.k = 1", "until": SOON,
        });
        let words = format!("for its turn: 3 may start in 1 min 0 s where event.data.k = 1; the next at {SOON}");
        assert!(told(throttle, None, None).contains(&words));
        let runs =
            serde_json::json!({ "by": "run_concurrency", "limit": 1, "period_ms": null, "of": null, "until": null });
        assert!(told(runs, None, None).contains("for another run to end: 1 may be under way"));
    }

    #[test]
    fn a_failed_run_is_told() {
        let detail = serde_json::json!({
            "run": {
                "run_id": "R", "function_id": "p-f", "version": "v", "status": "Failed",
                "queued_at": "2026-01-01T00:00:00.000Z", "due_at": null, "ended_at": "2026-01-01T00:00:02.000Z",
                "failed_run_id": null, "error": null,
            },
            "events": [{ "name": "shop/a", "data": { "sku": "A1" } }],
            "output": null,
            "error": {
                "kind": "application", "name": "SaveError", "message": "full", "stack": "at a\nat b", "code": "E1",
                "details": null, "step": { "id": "save", "n": 0 }, "attempt": 1,
                "causes": [{ "name": "Io", "message": "no", "stack": null, "code": null, "details": null }],
            },
            "journal": [
                { "at": "2026-01-01T00:00:00.005Z", "what": "step_completed", "step": { "id": "get", "n": 0 },
                  "attempt": 0, "until": null, "output": [1], "error": null },
                { "at": "2026-01-01T00:00:00.009Z", "what": "body_retry", "step": null, "attempt": 0,
                  "until": "2026-01-01T00:00:02.009Z", "output": null,
                  "error": { "kind": "trap", "name": "Trap", "message": "m", "stack": null, "code": null,
                             "details": null, "step": null, "attempt": 0, "causes": [] } },
            ],
            "log": [{ "at": "2026-01-01T00:00:00.001Z", "level": "info", "message": "hi", "fields": {}, "step": null }],
            "started": [], "handler": null,
        });
        let detail: Detail = serde_json::from_value(detail).expect("valid");
        let mut teller = Teller { out: Vec::new(), paint: Paint::Plain, frames: Frames::First(1) };
        teller.opening(&detail).expect("written");
        teller.journal(&detail, 0).expect("written");
        teller.ending(&detail).expect("written");
        teller.log(&detail).expect("written");
        let expected = "run R  p-f
  event    shop/a {\"sku\":\"A1\"}
       +5 ms ✓ step get completed [1]
       +9 ms ↻ the body failed at attempt 1: Trap: m; again in 2.00 s
               memoized, not run again: get
     +2.00 s failed for good: SaveError: full
  error    kind application · attempt 2 · step save · code E1
             at a
             … 1 more lines: stepwell runs show
  cause 1  Io: no
       +1 ms info   hi
";
        assert_eq!(String::from_utf8(teller.out).expect("UTF-8"), expected);
    }
}
