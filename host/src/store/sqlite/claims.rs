//! Taking runs off the agenda and making leases of them.

use super::agenda::{Listed, Loaded, Turn};
use super::queue::Command;
use super::rows;
use super::shared::Shared;
use crate::flow::{Admission, Candidate, Notes};
use crate::model::{Entry, Millis, Record};
use crate::store::{Error, Lease, fault};

/// Runs that are about to be leased. Dropped, they go back to where they were.
struct Claims<'a> {
    shared: &'a Shared,
    turns: Vec<Turn>,
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        let mut agenda = self.shared.agenda();
        for turn in self.turns.drain(..) {
            if let Some((mut turn, listed)) = self.shared.leases.unclaim(turn.1) {
                if self.shared.mailbox.has(turn.1) && listed == Listed::Open {
                    turn.0 = 0;
                }
                agenda.put(turn, listed, None);
            }
        }
    }
}

impl Shared {
    /// Leases up to `max` runs that are ready, in turn.
    pub async fn lease(self: &std::sync::Arc<Self>, max: usize, now: Millis) -> Result<Vec<Lease>, Error> {
        let (mut claims, mut loaded) = self.claim(max, now);
        let unread: Vec<i64> = claims
            .turns
            .iter()
            .map(|turn| turn.1)
            .filter(|row| !loaded.iter().any(|loaded: &Loaded| loaded.run.row() == *row))
            .collect();
        if !unread.is_empty() {
            let shared = self.clone();
            let read = move |connection: &_| Ok(rows::load(connection, &shared.names, &unread));
            loaded.extend(self.readers.read(read).await?.into_iter().filter_map(readable));
        }
        let place = |loaded: &Loaded| claims.turns.iter().position(|turn| turn.1 == loaded.run.row());
        loaded.sort_by_key(place);
        fault::point("lease.before");
        let leases = loaded.into_iter().filter_map(|loaded| self.grant(loaded, now)).collect();
        claims.turns.clear();
        self.count_executing();
        fault::point("lease.after");
        Ok(leases)
    }

    /// Claims runs whose turn has come, and answers what is known of them.
    fn claim(&self, max: usize, now: Millis) -> (Claims<'_>, Vec<Loaded>) {
        let mut turns = Vec::new();
        let mut loaded = Vec::new();
        let mut agenda = self.agenda();
        agenda.open_gates(now);
        while turns.len() < max
            && let Some(taken) = agenda.take(now)
        {
            self.leases.claim(taken.turn, taken.listed);
            turns.push(taken.turn);
            loaded.extend(taken.loaded.map(|loaded| *loaded));
        }
        let wants_refill = agenda.wants_refill();
        drop(agenda);
        if wants_refill {
            self.queue.tell(Command::Refill);
        }
        (Claims { shared: self, turns }, loaded)
    }

    fn grant(&self, loaded: Loaded, now: Millis) -> Option<Lease> {
        if !self.pass(&loaded, now) {
            return None;
        }
        let slot = self.slots.occupy(loaded.run.row());
        let active = self.leases.activate(&loaded, slot)?;
        // Behind the activation: mail that comes from now on finds the lease.
        if self.mailbox.has(active.row()) {
            active.mail_came();
        }
        Some(Lease {
            run: loaded.run,
            function: loaded.function,
            version: loaded.version,
            epoch: active.epoch,
            events: loaded.events,
            journal: loaded.journal,
            secret: loaded.secret,
            failed_run: loaded.failed_run,
            invoker: loaded.invoker,
            terms: loaded.terms,
        })
    }

    /// Takes the claimed run through its gates; one that is held there is claimed no longer.
    fn pass(&self, loaded: &Loaded, now: Millis) -> bool {
        let Some(terms) = loaded.terms.as_ref().filter(|terms| terms.has_gates()) else { return true };
        let row = loaded.run.row();
        let mut agenda = self.agenda();
        // A run that is to be cancelled needs no place for it; nor does one that is too late to begin.
        let has_begun = has_begun(&loaded.journal);
        let is_late = !has_begun && terms.start_by.is_some_and(|by| by <= now);
        if self.mailbox.is_urgent(row) || is_late {
            return true;
        }
        let Some((turn, listed)) = self.leases.claimed(row) else { return false };
        if !agenda.may_hold(turn, listed) {
            self.leases.unclaim(row);
            return false;
        }
        let created = loaded.run.created();
        let candidate = Candidate { row, created, terms: terms.clone(), has_begun, ticket: (turn, listed) };
        match agenda.gates.admit(candidate, now) {
            Admission::Admitted(notes) => {
                if notes != Notes::default() {
                    self.queue.tell(Command::Remember { run: row, notes });
                }
                true
            }
            Admission::Held => {
                self.leases.unclaim(row);
                false
            }
        }
    }
}

/// Whether a run of some terms has been executed: it says so first. One whose host was lost before that was durable has
/// nothing to show for it, and what it had taken of its limits may not be durable either.
fn has_begun(journal: &[Record]) -> bool {
    journal.iter().any(|record| record.entry == Entry::Began)
}

/// A run that cannot be read keeps its claim, so that it is neither lost nor asked for again and again; the next start
/// tries anew.
fn readable((row, read): (i64, Result<Loaded, Error>)) -> Option<Loaded> {
    read.inspect_err(|error| tracing::error!(%error, row, "a run is left aside until the next start")).ok()
}
