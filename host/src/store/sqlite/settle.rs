//! Writing what becomes of a run when its lease is given back.

use std::sync::Arc;

use rusqlite::params;

use super::after::{After, Returned, Started};
use super::agenda::Listed;
use super::leases::{Active, Segment};
use super::writer::{Trouble, Writer};
use crate::model::{Ended, Failure, Json, Kind, Mail, Millis, Outcome, RunId};
use crate::store::{Publication, Verdict, codec};

/// How `ends.status` says it.
pub const COMPLETED: i64 = 1;
pub const FAILED: i64 = 2;
pub const CANCELLED: i64 = 3;
pub const SKIPPED: i64 = 4;

impl Writer {
    pub fn settle(&mut self, active: &Arc<Active>, verdict: Verdict, after: &mut After) -> Result<(), Trouble> {
        active.begin_settling()?;
        self.write_verdict(active, verdict, after).inspect_err(|_| active.resume())
    }

    fn write_verdict(&mut self, active: &Arc<Active>, verdict: Verdict, after: &mut After) -> Result<(), Trouble> {
        match verdict {
            Verdict::Park { due } => {
                self.clear_mail(active, after)?;
                self.write_segment(active, after)?;
                let has_mail = active.has_mail() || after.posted.iter().any(|posted| posted.run == active.row());
                let due = if has_mail { Some(0) } else { due };
                self.list(active, due)?;
                // From here on a crash is not this run's doing.
                self.shared.slots.clear(active.slot);
                after.returned.push((active.clone(), Returned::Parked(due)));
            }
            Verdict::Release => {
                self.clear_mail(active, after)?;
                self.write_segment(active, after)?;
                self.shared.slots.clear(active.slot);
                after.returned.push((active.clone(), Returned::Released));
            }
            Verdict::End { outcome, at, generation, lifecycle } => {
                // Nothing is deleted before the last line that can refuse: a refused end leaves its letters.
                self.check_generation(generation)?;
                let segment = active.drain().unwrap_or_default();
                let written = self.write_end(active, &segment, &outcome, at, lifecycle, after);
                let (ids, started) = written.inspect_err(|_| active.undrain(segment))?;
                self.drop_mail(active, after)?;
                self.forget_effects(active)?;
                self.forget_terms(active)?;
                if let Some(invoker) = &active.invoker {
                    let answer = Mail::Answer { key: invoker.key.clone(), value: answer_of(&outcome) };
                    self.post(invoker.run.row(), &answer, after)?;
                }
                after.started.extend(started);
                let end = Ended { run: active.run, at, outcome, started: ids };
                after.returned.push((active.clone(), Returned::Ended(Box::new(end))));
            }
        }
        Ok(())
    }

    fn list(&mut self, active: &Active, due: Option<Millis>) -> rusqlite::Result<()> {
        let sql = "INSERT INTO open VALUES (?, ?) ON CONFLICT DO UPDATE SET due = excluded.due";
        self.connection.prepare_cached(sql)?.execute(params![active.row(), due.map(|due| due as i64)])?;
        active.list();
        Ok(())
    }

    fn write_end(
        &mut self,
        active: &Active,
        segment: &Segment,
        outcome: &Outcome,
        at: Millis,
        lifecycle: Vec<Publication>,
        after: &mut After,
    ) -> Result<(Vec<RunId>, Vec<Started>), Trouble> {
        let (published, started) = match lifecycle.is_empty() {
            true => Default::default(),
            false => self.whole(after, |writer, after| writer.write_publications(lifecycle, after))?,
        };
        let ids: Vec<RunId> = published.into_iter().flat_map(|published| published.started).collect();
        let status = match outcome {
            Outcome::Completed(_) => COMPLETED,
            Outcome::Failed(_) => FAILED,
            Outcome::Cancelled { .. } => CANCELLED,
            Outcome::Skipped { .. } => SKIPPED,
        };
        let records = (!segment.bytes.is_empty()).then_some(&*segment.bytes);
        let mut insert = self.connection.prepare_cached("INSERT INTO ends VALUES (?, ?, ?, ?, ?, ?)")?;
        insert.execute(params![
            active.row(),
            status,
            at as i64,
            records,
            codec::outcome_bytes(outcome),
            codec::run_ids(&ids),
        ])?;
        if active.listed() == Listed::Open {
            self.connection.prepare_cached("DELETE FROM open WHERE run = ?")?.execute([active.row()])?;
        }
        Ok((ids, started))
    }
}

/// The result of an invocation: the callee's failure is not tried again by the caller.
fn answer_of(outcome: &Outcome) -> Result<Json, Failure> {
    match outcome {
        Outcome::Completed(value) => Ok(value.clone()),
        Outcome::Failed(failure) => Err(failure.clone().never_retried()),
        // Inngest's message; the reason is an addition.
        Outcome::Cancelled { reason } | Outcome::Skipped { reason } => {
            let failure = Failure::of_host(Kind::Cancelled, "Error", "function cancelled");
            let details = Some(Json::of(&serde_json::json!({ "reason": reason })));
            Err(Failure { details, ..failure }.coded("cancelled").never_retried())
        }
    }
}
