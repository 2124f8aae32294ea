//! The operations of one pass: which were reached, what the host decided, what has been resolved.

use crate::bindings::stepwell::plugin::steps::{Control, Decision, Found, Resolved};
use crate::bindings::stepwell::plugin::types::{self, OperationKey};
use crate::error::{self, Error, Result};
use crate::failure::StepError;
use crate::host::Host;
use crate::json;
use crate::step::Attempt;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::task::Waker;

/// A result before anyone has read it.
pub(crate) type Answer = std::result::Result<String, types::Failure>;

/// The operations of one pass through a function.
pub(crate) struct Operations {
    host: &'static dyn Host,
    run_id: String,
    pass: RefCell<Pass>,
}

#[derive(Default)]
struct Pass {
    slots: Vec<Slot>,
    /// Where the uses of each id are in `slots`.
    uses: BTreeMap<String, Uses>,
    /// Operations that the code has reached, not yet planned; `reached_slots` has the slot of each.
    reached: Vec<Found>,
    reached_slots: Vec<usize>,
    /// Results for keys that the code has not asked for yet, or never will: a step that was removed.
    early: Vec<Resolved>,
    /// The step that the host lets run here, until its closure has been called.
    granted: Option<Open>,
    /// The step whose closure is being called.
    open: Option<Open>,
    /// The host has said `stop`.
    stopped: bool,
    /// How many slots are `Planned`.
    unresolved: usize,
}

struct Slot {
    state: State,
    /// The result, once it is resolved and until it is taken.
    answer: Option<(OperationKey, Answer)>,
    waker: Waker,
}

#[derive(PartialEq)]
enum State {
    Reached,
    Planned,
    Resolved,
    /// The future was dropped before its operation was planned.
    Withdrawn,
}

/// Most ids are used once, which is not worth an allocation.
#[derive(Default)]
struct Uses {
    first: usize,
    later: Vec<usize>,
}

impl Uses {
    fn get(&self, n: u32) -> Option<usize> {
        match n.checked_sub(1) {
            None => Some(self.first),
            Some(later) => self.later.get(later as usize).copied(),
        }
    }
}

/// A step that is to run here.
struct Open {
    slot: usize,
    key: OperationKey,
    attempt: u32,
    /// The operation that its closure has wrongly reached.
    nested: Option<String>,
}

/// The next action of an operation's owner.
pub(crate) enum Turn {
    /// Nothing yet.
    Wait,
    /// Call the step's closure and `close` the step with its outcome.
    Execute(Attempt),
    /// Here is the result.
    Answer(OperationKey, Answer),
    /// An operation inside a step's closure.
    Refuse(StepError),
}

impl Operations {
    pub(crate) fn new(host: &'static dyn Host, run_id: String) -> Self {
        Self { host, run_id, pass: RefCell::default() }
    }

    pub(crate) fn host(&self) -> &'static dyn Host {
        self.host
    }

    /// Notes that the code has reached an operation; returns its slot.
    pub(crate) fn reach(
        &self,
        id: &str,
        kind: &str,
        options: String,
        waker: &Waker,
    ) -> std::result::Result<usize, StepError> {
        let mut pass = self.pass.borrow_mut();
        if let Some(open) = &mut pass.open {
            return Err(open.refuse(id));
        }
        if id.is_empty() {
            let message = "failed to plan an operation: its id must not be empty".to_owned();
            return Err(StepError::refused("StepIdError", message, None));
        }
        let slot = pass.slots.len();
        let n = pass.count_use(id, slot);
        let key = OperationKey { id: id.to_owned(), n };
        pass.slots.push(Slot { state: State::Reached, answer: None, waker: waker.clone() });
        pass.reached.push(Found { key, kind: kind.to_owned(), options });
        pass.reached_slots.push(slot);
        Ok(slot)
    }

    /// The next action of this slot's owner.
    pub(crate) fn turn(&self, slot: usize, waker: &Waker) -> Turn {
        let mut pass = self.pass.borrow_mut();
        let pass = &mut *pass;
        if let Some(open) = &mut pass.open {
            return Turn::Refuse(open.refuse("of the body"));
        }
        if let Some(grant) = pass.granted.take_if(|grant| grant.slot == slot) {
            let OperationKey { id, n } = &grant.key;
            let idempotency_key = format!("{}-{id}-{n}", self.run_id);
            let attempt = Attempt { number: grant.attempt, idempotency_key };
            pass.open = Some(grant);
            return Turn::Execute(attempt);
        }
        let slot = &mut pass.slots[slot];
        if let Some((key, answer)) = slot.answer.take() {
            return Turn::Answer(key, answer);
        }
        slot.waker.clone_from(waker);
        Turn::Wait
    }

    /// The input of the step that executes: what its code gives, unless the run is replayed with another.
    pub(crate) fn input<S: DeserializeOwned>(&self, own: S) -> Result<S> {
        let given = self.pass.borrow().open.as_ref().and_then(|open| self.host.step_input(&open.key));
        let Some(given) = given else { return Ok(own) };
        json::read(&given).map_err(|error| {
            let message = format!("the input that the step was to be replayed with does not fit: {error}");
            Error::own("DeserializeError", message).non_retriable()
        })
    }

    /// Tells the host what became of the step that a turn said to execute.
    pub(crate) fn close(&self, outcome: Result<String>) {
        let Some(open) = self.pass.borrow_mut().open.take() else { return };
        let outcome = match &open.nested {
            Some(inner) => Err(Error::from(error::nested(&open.key.id, inner)).of_step_for_good()),
            None => outcome.map_err(Error::of_step),
        };
        self.finish(&open.key, &outcome);
    }

    /// Forgets an operation that was reached but whose future was dropped before it was planned.
    pub(crate) fn withdraw(&self, slot: usize) {
        let mut pass = self.pass.borrow_mut();
        if let Some(at) = pass.reached_slots.iter().position(|reached| *reached == slot) {
            pass.reached_slots.remove(at);
            pass.reached.remove(at);
            pass.slots[slot].state = State::Withdrawn;
        }
    }

    /// Moves the pass on, when the code can go no further by itself: plans what it has reached, then takes one result.
    /// False: there is nothing more to do in this instance.
    pub(crate) fn advance(&self) -> bool {
        self.close_abandoned();
        if self.stopped() {
            return false;
        }
        self.plan();
        if self.pass.borrow().granted.is_some() {
            return true;
        }
        let resolved = self.pass.borrow_mut().take_early();
        match resolved.or_else(|| self.host.next()) {
            Some(resolved) => {
                self.pass.borrow_mut().resolve(resolved);
                true
            }
            None => false,
        }
    }

    /// Whether this instance is to go no further.
    pub(crate) fn stopped(&self) -> bool {
        self.pass.borrow().stopped
    }

    /// Whether the host still owes a result.
    pub(crate) fn waits(&self) -> bool {
        self.pass.borrow().unresolved > 0
    }

    fn plan(&self) {
        // Taken out for the call, since the host may not be called with the pass borrowed, and put back for its room.
        let mut pass = self.pass.borrow_mut();
        if pass.reached.is_empty() {
            return;
        }
        let mut reached = std::mem::take(&mut pass.reached);
        drop(pass);
        let decisions = self.host.plan(&reached);
        let mut pass = self.pass.borrow_mut();
        let pass = &mut *pass;
        for ((found, slot), decision) in reached.drain(..).zip(pass.reached_slots.drain(..)).zip(decisions) {
            pass.slots[slot].state = State::Planned;
            pass.unresolved += 1;
            if let Decision::Run(attempt) = decision {
                pass.slots[slot].waker.wake_by_ref();
                pass.granted = Some(Open { slot, key: found.key, attempt, nested: None });
            }
        }
        pass.reached = reached;
    }

    /// A step that may run here but whose future nobody polls: it was polled once and then left lying.
    fn close_abandoned(&self) {
        let abandoned = self.pass.borrow_mut().granted.take();
        if let Some(open) = abandoned {
            let message = format!(
                "step \"{}\" was reached but is no longer awaited: join it with what the code awaits meanwhile",
                open.key.id
            );
            let error = Error::own("AbandonedStepError", message);
            self.finish(&open.key, &Err(error.of_step()));
        }
    }

    fn finish(&self, key: &OperationKey, outcome: &Answer) {
        if self.host.finish(key, outcome.as_deref()) == Control::Stop {
            self.pass.borrow_mut().stopped = true;
        }
    }
}

impl Pass {
    /// Counts a use of an id. Returns its number, counted from 0.
    fn count_use(&mut self, id: &str, slot: usize) -> u32 {
        if let Some(uses) = self.uses.get_mut(id) {
            uses.later.push(slot);
            return u32::try_from(uses.later.len()).unwrap_or(u32::MAX);
        }
        self.uses.insert(id.to_owned(), Uses { first: slot, later: Vec::new() });
        0
    }

    fn slot_of(&self, key: &OperationKey) -> Option<usize> {
        self.uses.get(&key.id)?.get(key.n)
    }

    /// A result that came before the code asked for its key, and whose key has been asked for since.
    fn take_early(&mut self) -> Option<Resolved> {
        let at = self.early.iter().position(|early| self.slot_of(&early.key).is_some())?;
        Some(self.early.remove(at))
    }

    fn resolve(&mut self, resolved: Resolved) {
        let Some(slot) = self.slot_of(&resolved.key) else {
            self.early.push(resolved);
            return;
        };
        let slot = &mut self.slots[slot];
        if slot.state == State::Planned {
            slot.state = State::Resolved;
            slot.answer = Some((resolved.key, resolved.value));
            self.unresolved -= 1;
            slot.waker.wake_by_ref();
        }
    }
}

impl Open {
    fn refuse(&mut self, inner: &str) -> StepError {
        let inner = self.nested.get_or_insert_with(|| inner.to_owned());
        error::nested(&self.key.id, inner)
    }
}
