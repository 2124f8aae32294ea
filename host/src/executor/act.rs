//! Operations that do something outside of their run: done once, recorded, and answered by mail.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::history::{OpKind, Progress};
use super::operation::Act;
use super::run::{Run, State};
use crate::limits;
use crate::model::{Awaited, Entry, Event, EventId, Failure, Invoker, Json, Kind, Millis, OpKey, Outcome};
use crate::store::{self, Done, Effect, Urgency, Wait};

impl Run {
    /// Does it and records it. Done again behind a crash it does nothing new: the store remembers.
    pub async fn act(&self, key: OpKey, act: Act) -> Result<(), store::Error> {
        match act {
            Act::WaitForEvent { event, filter, until } => {
                let wait = Some(Wait { event: event.clone(), filter, until: Some(until) });
                self.effect(&key, || Some((u64::MAX, Effect { wait: wait.clone(), ..Effect::default() }))).await?;
                self.note(key, Awaited::Event { name: event }, Some(until));
            }
            Act::Invoke { function, data, until } => self.invoke(key, function, &data, until).await?,
            Act::SendEvents { events } => self.send(key, &events).await?,
            Act::WaitForSignal(wait) => {
                let (signal, until) = (wait.signal.clone(), wait.until);
                let effect = Effect { signal_wait: Some(wait), ..Effect::default() };
                match self.effect(&key, || Some((u64::MAX, effect.clone()))).await {
                    Ok(_) => self.note(key, Awaited::Signal { signal }, Some(until)),
                    // As with Inngest, the run fails at once.
                    Err(error @ store::Error::SignalTaken { .. }) => {
                        let failure = Failure::of_host(Kind::Application, "SignalConflict", error.to_string());
                        let failure = failure.coded("signal_conflict").at(Some(key), 0).never_retried();
                        self.state().outcome.get_or_insert(Outcome::Failed(failure));
                    }
                    Err(error) => return Err(error),
                }
            }
            Act::SendSignal(signal) => {
                let what = Awaited::Signalling { signal: signal.signal.clone() };
                let effect = Effect { signal: Some(signal), ..Effect::default() };
                let done = self.effect(&key, || Some((u64::MAX, effect.clone()))).await?.unwrap_or_default();
                self.note(key.clone(), what, None);
                let receiver = done.receiver.map(|run| run.to_string());
                let value = Json::of(&serde_json::json!({ "run_id": receiver }));
                self.answer(&mut self.state(), key, Ok(value));
            }
        }
        Ok(())
    }

    async fn invoke(&self, key: OpKey, function: Arc<str>, data: &Json, until: Millis) -> Result<(), store::Error> {
        let invoker = Invoker { run: self.lease.run, key: key.clone() };
        let namespace = &self.lease.function.namespace;
        let plan = || {
            let router = &self.executor.router;
            let own = format!("{}-{function}", self.lease.function.plugin);
            let mut ids = [&*function, &own].into_iter();
            let now = self.now();
            let (generation, publication) =
                ids.find_map(|id| router.plan_invocation(namespace, id, data, &invoker, now))?;
            Some((generation, Effect { publications: vec![publication], ..Effect::default() }))
        };
        let done = self.effect(&key, plan).await?;
        self.note(key.clone(), Awaited::Invocation { function: function.clone() }, Some(until));
        if done.is_none() {
            let message = format!("could not find function with ID: {function}");
            let failure = Failure::of_host(Kind::Application, "Error", message).coded("function_not_found");
            self.answer(&mut self.state(), key, Err(failure.never_retried()));
        }
        Ok(())
    }

    async fn send(&self, key: OpKey, events: &[Box<RawValue>]) -> Result<(), store::Error> {
        let now = self.now();
        let namespace = &self.lease.function.namespace;
        let receive = |text: &RawValue| {
            Event::receive(text.get(), namespace, self.executor.router.new_event_id(now), now).map(Arc::new)
        };
        let sent = events.len() as u32;
        let events: Result<Vec<_>, _> = events.iter().map(|text| receive(text)).collect();
        let value = match events {
            Ok(events) => {
                let plan = || {
                    let (generation, publications) = self.executor.router.plan_events(&events);
                    Some((generation, Effect { publications, ..Effect::default() }))
                };
                let done = self.effect(&key, plan).await?.unwrap_or_default();
                let ids: Vec<String> = done.events.iter().map(EventId::to_string).collect();
                Ok(Json::of(&serde_json::json!({ "ids": ids })))
            }
            Err(error) => {
                let failure = Failure::of_host(Kind::Application, "EventError", error.to_string());
                Err(failure.coded("event_refused").never_retried())
            }
        };
        self.note(key.clone(), Awaited::Sending { events: sent }, None);
        self.answer(&mut self.state(), key, value);
        Ok(())
    }

    /// Has the store do it; a plan that a swap has overtaken is made again. `None`: there is nothing to be done.
    async fn effect(
        &self,
        key: &OpKey,
        plan: impl Fn() -> Option<(u64, Effect)>,
    ) -> Result<Option<Done>, store::Error> {
        let (executor, plan) = (&self.executor, &plan);
        let attempt = || async move {
            let Some((generation, effect)) = plan() else { return Ok(None) };
            executor.store.act(&self.lease, key.clone(), generation, effect).await.map(Some)
        };
        executor.router.planned(attempt).await
    }

    fn note(&self, key: OpKey, what: Awaited, until: Option<Millis>) {
        let mut state = self.state();
        self.record(&mut state, Entry::Waits { key, what, until }, Urgency::Lazy);
    }

    /// Records the answer to an operation. Returns `false` if the operation is not known to wait yet. An answer that
    /// comes too late is ignored.
    pub fn answer(&self, state: &mut State, key: OpKey, value: Result<Json, Failure>) -> bool {
        match state.history.operation(&key) {
            None => return false,
            Some((_, Progress::Waits { .. })) => {}
            Some(_) => return true,
        }
        let bytes = value.as_ref().map_or(0, Json::len);
        if state.history.state_bytes() + bytes > limits::RUN_STATE_MAX_BYTES {
            state.outcome.get_or_insert(Outcome::Failed(super::run::state_too_large()));
            return true;
        }
        let value = value.map_err(|failure| failure.at(Some(key.clone()), 0));
        self.record(state, Entry::Answered { key, value }, Urgency::Lazy);
        true
    }

    /// Ends the waits that have lasted as long as they may.
    pub fn end_waits(&self, state: &mut State) {
        for (_, key, kind) in state.history.waits_over(self.now()) {
            let value = match kind {
                OpKind::Invoke => {
                    let message = "Timed out waiting for invoked function to complete";
                    let failure = Failure::of_host(Kind::Timeout, "InngestInvokeTimeoutError", message);
                    Err(failure.coded("invoke_timeout").never_retried())
                }
                _ => Ok(Json::null()),
            };
            self.answer(state, key, value);
        }
    }
}
