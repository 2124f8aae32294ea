//! Waits for events. A wait whose filter names a field and its value is looked up by them, so that an event
//! costs the same however many others wait.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::after::{After, refused};
use super::writer::{Trouble, Writer};
use crate::expression::Expression;
use crate::model::{Event, Json, Mail, Millis, Namespace, OpKey, RunId};
use crate::store::{Error, OnConflict, Signal, SignalWait, Wait, codec};

/// Nobody can send an event of such a name.
fn signal_name(signal: &str) -> String {
    format!("inngest/signal:{signal}")
}

/// How many waits there are, by namespace and event, and by the field they are looked up by; and their filters.
#[derive(Debug, Default)]
pub struct Awaited {
    counts: HashMap<i64, HashMap<String, HashMap<String, usize>>>,
    filters: HashMap<Arc<str>, Expression>,
}

/// Compiled filters that are kept.
const FILTERS_MAX: usize = 1_024;

impl Awaited {
    pub fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut awaited = Self::default();
        let mut query = connection.prepare("SELECT namespace, event, path FROM waits")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            awaited.add(row.get(0)?, &row.get::<_, String>(1)?, &row.get::<_, String>(2)?);
        }
        Ok(awaited)
    }

    fn add(&mut self, namespace: i64, event: &str, path: &str) {
        let paths = self.counts.entry(namespace).or_default().entry(event.to_owned()).or_default();
        *paths.entry(path.to_owned()).or_default() += 1;
    }

    fn remove(&mut self, namespace: i64, event: &str, path: &str) {
        let Some(events) = self.counts.get_mut(&namespace) else { return };
        let Some(paths) = events.get_mut(event) else { return };
        if let Some(count) = paths.get_mut(path) {
            *count -= 1;
            if *count == 0 {
                paths.remove(path);
            }
        }
        if paths.is_empty() {
            events.remove(event);
        }
    }

    /// By which fields the event has to be looked up.
    fn paths(&self, namespace: i64, event: &str) -> Vec<String> {
        let paths = self.counts.get(&namespace).and_then(|events| events.get(event));
        paths.into_iter().flat_map(|paths| paths.keys().cloned()).collect()
    }

    /// The filter, which was compiled before it was written.
    fn passes(&mut self, filter: &str, context: &Json, event: &Json) -> bool {
        if self.filters.len() >= FILTERS_MAX {
            self.filters.clear();
        }
        let compiled = match self.filters.get(filter) {
            Some(compiled) => compiled,
            None => match Expression::compile_wait(filter) {
                Ok(compiled) => self.filters.entry(filter.into()).or_insert(compiled),
                Err(error) => {
                    tracing::warn!(%error, "a wait's filter is passed over");
                    return false;
                }
            },
        };
        compiled.matches_answer(context, event).unwrap_or_else(|error| {
            tracing::warn!(%error, "a wait's filter is passed over");
            false
        })
    }
}

/// A wait that an event may answer.
struct Candidate {
    wait: i64,
    run: i64,
    key: OpKey,
    filter: Option<String>,
    context: Option<String>,
}

impl Writer {
    /// An empty `key` cancels the run.
    pub fn write_wait(&mut self, run: i64, key: &OpKey, context: &Event, wait: &Wait) -> Result<(), Trouble> {
        let namespace = self.shared.names.intern_namespace(&self.connection, &context.namespace)?;
        let filter = wait.filter.as_deref();
        let lookup = filter.and_then(|filter| Expression::lookup(filter, &context.json));
        let (path, value) = lookup.unwrap_or_default();
        let context = filter.filter(|filter| Expression::reads_event(filter)).map(|_| context.json.as_str());
        let mut insert =
            self.connection.prepare_cached("INSERT INTO waits VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        insert.execute(params![
            namespace,
            &*wait.event,
            path,
            value,
            run,
            &*key.id,
            key.n,
            filter,
            context,
            wait.until.map(|until| until as i64),
        ])?;
        drop(insert);
        self.awaited.add(namespace, &wait.event, &path);
        Ok(())
    }

    /// Has the event answer those who wait for it: each wait once.
    pub fn answer_waits(&mut self, event: &Event, after: &mut After) -> Result<(), Trouble> {
        let namespace = self.shared.names.intern_namespace(&self.connection, &event.namespace)?;
        for path in self.awaited.paths(namespace, &event.name) {
            let value = Expression::lookup_value(&event.json, &path);
            for candidate in self.candidates(namespace, event, &path, &value)? {
                let passes = candidate.filter.is_none_or(|filter| {
                    let context = candidate.context.map_or_else(Json::null, Json::trusted);
                    self.awaited.passes(&filter, &context, &event.json)
                });
                if passes {
                    self.connection.prepare_cached("DELETE FROM waits WHERE wait = ?")?.execute([candidate.wait])?;
                    self.awaited.remove(namespace, &event.name, &path);
                    let letter = match candidate.key.id.is_empty() {
                        true => Mail::Cancel { reason: format!("by event {}", event.name).into() },
                        false => Mail::Answer { key: candidate.key, value: Ok(event.json.clone()) },
                    };
                    self.post(candidate.run, &letter, after)?;
                }
            }
        }
        Ok(())
    }

    /// Refuses to wait for a signal that another run waits for. To be asked before anything is written: what is undone
    /// later costs a look at every wait.
    pub fn check_signal_wait(&self, context: &Event, wait: &SignalWait) -> Result<(), Trouble> {
        let holder = self.waits_for_signal(&context.namespace, &wait.signal, context.id.created())?;
        match (holder, wait.on_conflict) {
            (Some((holder, _)), OnConflict::Fail) => {
                refused(Error::SignalTaken { signal: wait.signal.clone(), holder })
            }
            _ => Ok(()),
        }
    }

    /// Takes another's place: a signal has a single wait.
    pub fn write_signal_wait(
        &mut self,
        run: i64,
        key: &OpKey,
        context: &Event,
        wait: &SignalWait,
    ) -> Result<(), Trouble> {
        if let Some((_, replaced)) = self.waits_for_signal(&context.namespace, &wait.signal, context.id.created())? {
            self.forget_wait(replaced)?;
        }
        let event = signal_name(&wait.signal);
        self.write_wait(run, key, context, &Wait { event: event.into(), filter: None, until: Some(wait.until) })
    }

    /// Gives the signal to the run that waits for it.
    pub fn signal(
        &mut self,
        namespace: &Namespace,
        signal: &Signal,
        after: &mut After,
    ) -> Result<Option<RunId>, Trouble> {
        let Some((receiver, wait)) = self.waits_for_signal(namespace, &signal.signal, 0)? else { return Ok(None) };
        let mut query = self.connection.prepare_cached("SELECT id, n FROM waits WHERE wait = ?")?;
        let key = query.query_row([wait], |row| Ok(OpKey::new(row.get::<_, String>(0)?, row.get(1)?)))?;
        drop(query);
        self.forget_wait(wait)?;
        let value = serde_json::json!({ "signal": signal.signal, "data": signal.data.to_value() });
        self.post(receiver.row(), &Mail::Answer { key, value: Ok(Json::of(&value)) }, after)?;
        Ok(Some(receiver))
    }

    /// The run that waits for the signal beyond that time, and its wait.
    fn waits_for_signal(
        &self,
        namespace: &Namespace,
        signal: &str,
        now: Millis,
    ) -> Result<Option<(RunId, i64)>, Trouble> {
        let namespace = self.shared.names.intern_namespace(&self.connection, namespace)?;
        let mut query = self.connection.prepare_cached(
            "SELECT runs.row, runs.id, wait FROM waits JOIN runs ON runs.row = waits.run
             WHERE waits.namespace = ? AND event = ? AND path = '' AND value = '' AND until > ?",
        )?;
        let found = query.query_row(params![namespace, signal_name(signal), now as i64], |row| {
            Ok((RunId::from_bytes(codec::whole_id(row.get(0)?, row.get(1)?)), row.get(2)?))
        });
        Ok(found.optional()?)
    }

    fn forget_wait(&mut self, wait: i64) -> Result<(), Trouble> {
        let sql = "DELETE FROM waits WHERE wait = ? RETURNING namespace, event, path";
        let mut delete = self.connection.prepare_cached(sql)?;
        let (namespace, event, path): (i64, String, String) =
            delete.query_row([wait], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        drop(delete);
        self.awaited.remove(namespace, &event, &path);
        Ok(())
    }

    fn candidates(&self, namespace: i64, event: &Event, path: &str, value: &str) -> Result<Vec<Candidate>, Trouble> {
        let mut query = self.connection.prepare_cached(
            "SELECT wait, run, id, n, filter, context FROM waits
             WHERE namespace = ? AND event = ? AND path = ? AND value = ? AND (until IS NULL OR until > ?)
             ORDER BY wait",
        )?;
        let now = event.id.created() as i64;
        let found = query.query_map(params![namespace, &*event.name, path, value, now], |row| {
            Ok(Candidate {
                wait: row.get(0)?,
                run: row.get(1)?,
                key: OpKey::new(row.get::<_, String>(2)?, row.get(3)?),
                filter: row.get(4)?,
                context: row.get(5)?,
            })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    pub fn forget_waits(&mut self, run: i64) -> Result<(), Trouble> {
        let mut delete =
            self.connection.prepare_cached("DELETE FROM waits WHERE run = ? RETURNING namespace, event, path")?;
        let gone = delete.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let gone: Vec<(i64, String, String)> = gone.collect::<rusqlite::Result<_>>()?;
        drop(delete);
        for (namespace, event, path) in gone {
            self.awaited.remove(namespace, &event, &path);
        }
        Ok(())
    }
}
