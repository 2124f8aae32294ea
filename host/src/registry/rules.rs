//! A function's flow control with its keys compiled, and what comes of it for a run.

use std::sync::Arc;

use crate::expression::{self, Expression};
use crate::limits;
use crate::model::{
    Batch, Concurrency, Debounce, Definition, Digest, Door, Event, FunctionKey, Gather, LimitKey, Millis, Pace, Place,
    RateLimit, Scope, Singleton, SingletonMode, Terms, Throttle, Throttled,
};

/// The origin of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Event,
    /// Another run's operation, which waits for its result: it starts alone.
    Invocation,
    /// The run is due, whatever has been started lately.
    Schedule,
}

/// A function's flow control, compiled.
#[derive(Debug)]
pub struct Rules {
    function: Arc<FunctionKey>,
    limit: Option<(RateLimit, Key)>,
    places: Vec<(Concurrency, Key)>,
    run_place: Option<(Concurrency, Key)>,
    throttle: Option<(Throttle, Key)>,
    debounce: Option<(Debounce, Key)>,
    batch: Option<(Batch, Key, Option<Expression>)>,
    singleton: Option<(SingletonMode, Key)>,
    priority: Option<Expression>,
    start_ms: Option<Millis>,
}

/// The expression whose values have a limit each, or one for all.
type Key = Option<Expression>;

/// Where a function's flow control is no expression.
#[derive(Debug)]
pub struct BadKey {
    pub option: &'static str,
    pub problem: expression::Error,
}

fn key(option: &'static str, source: Option<&Arc<str>>) -> Result<Key, BadKey> {
    source.map(|source| Expression::compile(source)).transpose().map_err(|problem| BadKey { option, problem })
}

impl Rules {
    /// `None`: the function has none.
    pub fn compile(function: &Arc<FunctionKey>, definition: &Definition) -> Result<Option<Arc<Self>>, BadKey> {
        let flow = &definition.flow;
        let concurrency = |one: &Concurrency| Ok((one.clone(), key("concurrency", one.key.as_ref())?));
        let rules = Self {
            function: function.clone(),
            limit: flow
                .limit()
                .map(|one| Ok((one.clone(), key("rate_limit or idempotency", one.key.as_ref())?)))
                .transpose()?,
            places: flow.concurrency.iter().filter(|one| one.limit > 0).map(concurrency).collect::<Result<_, _>>()?,
            run_place: flow.run_concurrency.as_ref().filter(|one| one.limit > 0).map(concurrency).transpose()?,
            throttle: flow
                .throttle
                .as_ref()
                .map(|one| Ok((one.clone(), key("throttle", one.key.as_ref())?)))
                .transpose()?,
            debounce: flow
                .debounce
                .as_ref()
                .map(|one| Ok((one.clone(), key("debounce", one.key.as_ref())?)))
                .transpose()?,
            batch: flow.batch.as_ref().map(batch).transpose()?,
            singleton: flow.singleton.as_ref().map(singleton).transpose()?,
            priority: key("priority", flow.priority.as_ref())?,
            start_ms: definition.timeouts.start_ms,
        };
        let has_some = *flow != Default::default() || rules.start_ms.is_some();
        Ok(has_some.then(|| Arc::new(rules)))
    }

    /// The terms of a run that starts now for the event. An error means that nobody can decide whether it may start.
    pub fn apply(
        &self,
        event: &Event,
        now: Millis,
        cause: Cause,
    ) -> Result<(Door, Option<Arc<Terms>>), expression::Undecided> {
        let gather = if cause == Cause::Event { self.gather(event) } else { None };
        let is_batch = matches!(gather, Some(Gather::Batch { .. }));
        let singleton = self.singleton(event);
        let terms = Terms {
            places: self.places.iter().map(|(one, key)| self.place(one, key, event, "")).collect(),
            run_place: self.run_place.as_ref().map(|(one, key)| self.place(one, key, event, "run")),
            throttle: self.throttle.as_ref().map(|(one, key)| self.throttled(one, key, event)),
            priority_s: self.priority(event),
            start_by: self.start_ms.filter(|_| !is_batch).map(|ms| event.at.max(now).saturating_add(ms)),
            singleton: singleton.map(|(key, _)| key),
            gathers: gather.as_ref().map(Gather::key),
        };
        let rate = match cause {
            Cause::Schedule => None,
            _ => self.rate(event)?,
        };
        Ok((Door { rate, singleton, gather }, (!terms.is_empty()).then(|| Arc::new(terms))))
    }

    fn rate(&self, event: &Event) -> Result<Option<Pace>, expression::Undecided> {
        let Some((RateLimit { limit, period_ms, .. }, key)) = &self.limit else { return Ok(None) };
        let value = match key {
            None => Some(String::new()),
            Some(key) => key.key(&event.json)?,
        };
        let burst = limit / 10 + 1;
        Ok(value.map(|value| Pace { limit: *limit, period_ms: *period_ms, burst, key: hash(&value) }))
    }

    fn place(&self, one: &Concurrency, key: &Key, event: &Event, kind: &str) -> Place {
        let value = self.value(key, event);
        let counted = match one.scope {
            Scope::Fn => format!("{kind}fn\n{}", self.own(key)),
            Scope::Env => format!("{kind}env\n{}", self.function.namespace),
            Scope::Account => format!("{kind}account\n{}", self.function.namespace),
        };
        Place { pool: hash(&format!("{counted}\n{value}")), limit: one.limit, of: shown(key, &value) }
    }

    fn throttled(&self, one: &Throttle, key: &Key, event: &Event) -> Throttled {
        let value = self.value(key, event);
        let key_hash = hash(&format!("throttle\n{}\n{value}", self.own(key)));
        let pace = Pace { limit: one.limit, period_ms: one.period_ms, burst: one.burst, key: key_hash };
        Throttled { pace, of: shown(key, &value) }
    }

    /// A key that cannot be decided is no key: a lock without a name locks nothing. Inngest's rule.
    fn singleton(&self, event: &Event) -> Option<(LimitKey, SingletonMode)> {
        let (mode, key) = self.singleton.as_ref()?;
        let value = match key {
            None => String::new(),
            Some(key) => key.key(&event.json).inspect_err(|error| self.warn(event, error)).ok().flatten()?,
        };
        Some((hash(&value), *mode))
    }

    fn gather(&self, event: &Event) -> Option<Gather> {
        if let Some((Debounce { period_ms, timeout_ms, .. }, key)) = &self.debounce {
            let key = hash(&self.value(key, event));
            return Some(Gather::Debounce { key, period_ms: *period_ms, timeout_ms: *timeout_ms });
        }
        let (Batch { max_size, timeout_ms, .. }, key, filter) = self.batch.as_ref()?;
        let is_in = filter.as_ref().is_none_or(|filter| {
            filter.matches(&event.json).inspect_err(|error| self.warn(event, error)).unwrap_or(false)
        });
        let key = || hash(&self.value(key, event));
        is_in.then(|| Gather::Batch { key: key(), max_size: *max_size, timeout_ms: *timeout_ms })
    }

    /// Reads a number; anything else counts as 0. Inngest's rule.
    fn priority(&self, event: &Event) -> i32 {
        let Some(priority) = &self.priority else { return 0 };
        let value = priority.number(&event.json).inspect_err(|error| self.warn(event, error));
        let seconds = value.ok().flatten().unwrap_or(0.0);
        let max = f64::from(limits::PRIORITY_MAX_S);
        seconds.clamp(-max, max) as i32
    }

    /// Its text; one that cannot be decided is null, so that the limit holds all the same.
    fn value(&self, key: &Key, event: &Event) -> String {
        let Some(key) = key else { return String::new() };
        match key.key(&event.json) {
            Ok(value) => value.unwrap_or_else(|| "false".to_owned()),
            Err(error) => {
                self.warn(event, &error);
                "null".to_owned()
            }
        }
    }

    /// Which limit of which function it is.
    fn own(&self, key: &Key) -> String {
        let FunctionKey { namespace, plugin, function, .. } = &*self.function;
        format!("{namespace}\n{plugin}\n{function}\n{}", key.as_ref().map_or("", Expression::source))
    }

    fn warn(&self, event: &Event, error: &expression::Undecided) {
        tracing::warn!(function = %self.function, event = %event.id, %error, "counts as null");
    }
}

fn batch(one: &Batch) -> Result<(Batch, Key, Option<Expression>), BadKey> {
    Ok((one.clone(), key("batch", one.key.as_ref())?, key("batch", one.filter.as_ref())?))
}

fn singleton(one: &Singleton) -> Result<(SingletonMode, Key), BadKey> {
    Ok((one.mode, key("singleton", one.key.as_ref())?))
}

fn hash(text: &str) -> LimitKey {
    let digest = Digest::of(text.as_bytes());
    std::array::from_fn(|n| digest.0[n])
}

fn shown(key: &Key, value: &str) -> Option<Arc<str>> {
    let end = value.floor_char_boundary(limits::KEY_SHOWN_MAX_BYTES);
    key.as_ref().map(|key| format!("{} = {}", key.source(), &value[..end]).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdSource, Namespace, PluginName, Role};

    fn rules(function: &str, options: &str) -> Arc<Rules> {
        let plugin = PluginName::new("p").expect("a name");
        let key = FunctionKey { namespace: Namespace::default(), plugin, function: function.into(), role: Role::Main };
        let definition = Definition::read(function, "", false, options).expect("valid");
        Rules::compile(&Arc::new(key), &definition).expect("compiles").expect("has some")
    }

    fn apply(rules: &Rules, data: &str, cause: Cause) -> (Door, Terms) {
        let text = format!(r#"{{"name":"e","data":{data}}}"#);
        let id = IdSource::new(0, [0; 32]).event(1_000);
        let event = Event::receive(&text, &Namespace::default(), id, 1_000).expect("valid");
        let (door, terms) = rules.apply(&event, 1_000, cause).expect("decided");
        (door, terms.map_or_else(Terms::default, Arc::unwrap_or_clone))
    }

    #[test]
    fn who_counts_together() {
        let pool = |function: &str, one: &str, data: &str| {
            let rules = rules(function, &format!(r#"{{"concurrency":[{one}]}}"#));
            apply(&rules, data, Cause::Event).1.places[0].pool
        };
        let (ada, bob) = (r#"{"u":"ada"}"#, r#"{"u":"bob"}"#);
        let own = r#"{"limit":1,"key":"event.data.u"}"#;
        assert_eq!(pool("f", own, ada), pool("f", own, ada));
        assert_ne!(pool("f", own, ada), pool("f", own, bob));
        assert_ne!(pool("f", own, ada), pool("g", own, ada));
        let env = r#"{"limit":1,"key":"event.data.u","scope":"env"}"#;
        let account = r#"{"limit":1,"key":"event.data.u","scope":"account"}"#;
        assert_eq!(pool("f", env, ada), pool("g", env, ada));
        assert_ne!(pool("f", env, ada), pool("f", account, ada));
    }

    #[test]
    fn a_limit_of_none_is_none() {
        let rules = rules("f", r#"{"concurrency":[{"limit":0}],"run_concurrency":{"limit":0}}"#);
        assert_eq!(apply(&rules, "{}", Cause::Event).1, Terms::default());
    }

    #[test]
    fn says_what_of() {
        let rules = rules("f", r#"{"concurrency":[{"limit":3},{"limit":1,"key":"event.data.u"}]}"#);
        let places = apply(&rules, r#"{"u":"ada"}"#, Cause::Event).1.places;
        let of: Vec<_> = places.iter().map(|place| place.of.as_deref()).collect();
        assert_eq!(of, [None, Some(r#"event.data.u = "ada""#)]);
    }

    #[test]
    fn priority_is_a_number_within_bounds() {
        let rules = rules("f", r#"{"priority":"event.data.p"}"#);
        for (data, seconds) in [("600", 600), ("-5", -5), ("1e9", 43_200), ("\"9\"", 0), ("null", 0), ("1.9", 1)] {
            let terms = apply(&rules, &format!(r#"{{"p":{data}}}"#), Cause::Event).1;
            assert_eq!(terms.priority_s, seconds, "{data}");
        }
    }

    #[test]
    fn what_is_invoked_or_scheduled_gathers_nothing() {
        let rules = rules("f", r#"{"batch":{"max_size":2,"if":"event.data.b"},"timeouts":{"start_ms":9}}"#);
        let (door, terms) = apply(&rules, r#"{"b":true}"#, Cause::Event);
        assert!(matches!(door.gather, Some(Gather::Batch { max_size: 2, .. })) && terms.start_by.is_none());
        for (data, cause) in
            [("{\"b\":false}", Cause::Event), ("{\"b\":1}", Cause::Event), ("{\"b\":true}", Cause::Invocation)]
        {
            let (door, terms) = apply(&rules, data, cause);
            assert_eq!((door.gather, terms.start_by), (None, Some(1_009)), "{data}");
        }
    }

    #[test]
    fn a_false_key_is_no_lock() {
        let rules = rules("f", r#"{"singleton":{"mode":"skip","key":"event.data.k"}}"#);
        let lock = |data: &str| apply(&rules, data, Cause::Event).0.singleton;
        assert_eq!(lock(r#"{"k":false}"#), None);
        assert_ne!(lock(r#"{"k":"a"}"#), lock(r#"{"k":"b"}"#));
        assert_eq!(lock(r#"{"k":"a"}"#), lock(r#"{"k":"a","x":1}"#));
    }

    /// They are stored: what counted together before an upgrade counts together after it.
    #[test]
    fn keys_stay_what_they_are() {
        let options = r#"{"concurrency":[{"limit":1,"key":"event.data.u"},{"limit":1,"key":"event.data.u","scope":"env"}],
            "rate_limit":{"limit":1,"period_ms":1000},"throttle":{"limit":1,"period_ms":1000,"key":"event.data.u"},
            "debounce":{"period_ms":1000},"singleton":{"mode":"skip","key":"event.data.u"}}"#;
        let (door, terms) = apply(&rules("f", options), r#"{"u":"ada"}"#, Cause::Event);
        let keys = [
            terms.places[0].pool,
            terms.places[1].pool,
            terms.throttle.expect("throttled").pace.key,
            door.rate.expect("limited").key,
            door.singleton.expect("locked").0,
            door.gather.expect("gathers").key(),
        ];
        let hex: Vec<String> = keys.iter().map(|key| format!("{:032x}", u128::from_be_bytes(*key))).collect();
        assert_eq!(hex, KEYS);
    }

    const KEYS: [&str; 6] = [
        "18104df17cb6a71e9c3752bd1f3e9798",
        "73279f50e9e4f5b9d8ce90b96b4a9188",
        "17000ebe1561ca9f74d49d0c53252812",
        "e3b0c44298fc1c149afbf4c8996fb924",
        "982c2f9e71df354525a6c3c60fe5f63c",
        "e3b0c44298fc1c149afbf4c8996fb924",
    ];
}
