//! Effects of a commit in memory, once it is durable.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::agenda::{Agenda, Listed, Loaded, Turn, turn_of};
use super::leases::Active;
use super::mail::Posted;
use super::queue::Answer;
use super::shared::Shared;
use super::writer::Trouble;
use crate::model::{Ended, Millis};
use crate::store::{Error, fault};

/// A run that was written.
#[derive(Debug)]
pub struct Started {
    pub loaded: Box<Loaded>,
    pub turn: Turn,
    pub listed: Listed,
}

/// A lease that was given back.
#[derive(Debug)]
pub enum Returned {
    /// The run waits; with `None` until something wakes it.
    Parked(Option<Millis>),
    Released,
    Ended(Box<Ended>),
}

/// A waiting run that has another turn: it is off the agenda until that is durable.
#[derive(Debug)]
pub struct Moved {
    pub row: i64,
    pub from: Millis,
    pub to: Millis,
}

type Reply = Box<dyn FnOnce() + Send>;

/// Collected while the commands of a commit are carried out.
#[derive(Default)]
pub struct After {
    pub started: Vec<Started>,
    pub returned: Vec<(Arc<Active>, Returned)>,
    pub posted: Vec<Posted>,
    /// Mail of runs up to that number that is gone.
    pub read_mail: Vec<(i64, i64)>,
    pub moved: Vec<Moved>,
    /// Records of a lease up to that order.
    pub durable: Vec<(Arc<Active>, u32)>,
    pub generation: Option<u64>,
    pub refills: bool,
    /// Something is left of what is to end many runs.
    pub cancels: bool,
    replies: Vec<Reply>,
    passed: Vec<&'static str>,
}

impl After {
    /// Has the answer given once it is true; a refusal concerns that command alone.
    pub fn answer<T: Send + 'static>(
        &mut self,
        answer: Answer<T>,
        outcome: Result<T, Trouble>,
    ) -> rusqlite::Result<()> {
        let outcome = match outcome {
            Ok(answer) => Ok(answer),
            Err(Trouble::Refused(error)) => Err(error),
            Err(Trouble::Fatal(error)) => return Err(error),
        };
        // Nobody may wait for it any more.
        self.replies.push(Box::new(move || drop(answer.send(outcome))));
        Ok(())
    }

    /// The commit holds a command of that verb.
    pub fn passes(&mut self, verb: &'static str) {
        if cfg!(debug_assertions) && !self.passed.contains(&verb) {
            self.passed.push(verb);
        }
    }

    /// Where crash tests kill the host: before the commit, and after it when nobody has been told yet.
    pub fn points(&self, place: &str) {
        for verb in &self.passed {
            let found = fault::POINTS.iter().find(|point| {
                point.strip_prefix(verb).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| rest == place)
            });
            found.into_iter().for_each(|point| fault::point(point));
        }
    }

    pub fn apply(self, shared: &Shared) {
        for (active, next) in self.durable {
            active.set_durable(next);
        }
        if let Some(generation) = self.generation {
            shared.generation.store(generation, Ordering::Release);
        }
        for posted in &self.posted {
            shared.mailbox.put(posted);
        }
        for (run, up_to) in self.read_mail {
            shared.mailbox.clear(run, up_to);
        }
        shared.count_unended(&self.started, &self.returned);
        let mut ended = Vec::new();
        let is_news = {
            let mut agenda = shared.agenda();
            let due = agenda.next_due();
            let mut is_news = !self.started.is_empty();
            for started in self.started {
                // A run that starts later is not kept in memory for so long.
                let is_ready = started.turn <= turn_of(started.loaded.run);
                agenda.put(started.turn, started.listed, is_ready.then_some(started.loaded));
            }
            for Moved { row, from, to } in self.moved {
                // A run that was started in the same commit, or moved before, is there.
                agenda.withdraw((from, row));
                agenda.add_listed((to, row), None);
            }
            for (active, returned) in self.returned {
                is_news |= shared.take_back(&mut agenda, &active, &returned);
                if let Returned::Ended(end) = returned {
                    ended.push((active.function.clone(), end));
                }
            }
            for posted in self.posted {
                shared.wake(&mut agenda, posted);
            }
            is_news |= agenda.next_due() != due;
            is_news
        };
        shared.count_executing();
        for (function, end) in ended {
            shared.followers.tell(&function.namespace, *end);
        }
        // Answers go first: what a run does next is not to hold up who has sent its event.
        self.replies.into_iter().for_each(|reply| reply());
        if is_news {
            shared.news.notify_one();
        }
    }
}

impl Shared {
    /// Puts a run that is leased no longer where it belongs, and lets in who has waited for its places. Answers whether
    /// somebody has.
    fn take_back(&self, agenda: &mut Agenda, active: &Active, returned: &Returned) -> bool {
        active.end();
        self.leases.remove(active.row());
        match returned {
            Returned::Parked(Some(due)) => agenda.add_listed((*due, active.row()), None),
            Returned::Released => agenda.put(active.turn, active.listed(), None),
            Returned::Parked(None) | Returned::Ended(_) => {}
        }
        self.slots.release(active.slot);
        if active.terms.is_none() {
            return false;
        }
        let served = agenda.gates.leave(active.row(), matches!(returned, Returned::Ended(_)));
        let is_news = !served.admitted.is_empty();
        let wider = agenda.serve(served);
        self.wake_all(&wider);
        is_news
    }

    /// Has a run handle its mail: at once if it executes, else as soon as it is its turn, which is now.
    fn wake(&self, agenda: &mut Agenda, posted: Posted) {
        if let Some(active) = self.leases.get(posted.run) {
            active.mail_came();
        } else if agenda.gates.holds(posted.run) {
            if let Some((turn, _)) = agenda.gates.ticket_mut(posted.run).filter(|(_, listed)| *listed == Listed::Open) {
                turn.0 = 0;
            }
            if posted.is_urgent
                && let Some(candidate) = agenda.gates.let_through(posted.run)
            {
                let (turn, listed) = candidate.ticket;
                agenda.put(turn, listed, None);
            }
        } else if let Some(was_due) = posted.was_due
            && !self.leases.has(posted.run)
        {
            agenda.hasten(was_due, posted.run);
        }
    }

    /// Has executing runs ask again for what they could not have.
    pub fn wake_all(&self, rows: &[i64]) {
        rows.iter().filter_map(|row| self.leases.get(*row)).for_each(|active| active.wake());
    }
}

/// A command that was refused by its own fault.
pub fn refused<T>(error: Error) -> Result<T, Trouble> {
    Err(Trouble::Refused(error))
}
