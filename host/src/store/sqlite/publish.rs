//! Writing events and the runs that they start.

use std::sync::Arc;

use rusqlite::{ErrorCode, params};

use super::after::{After, Started, refused};
use super::agenda::{Listed, Loaded, Turn, turn_of};
use super::doors::Entrance;
use super::gather::begins_at;
use super::settle::SKIPPED;
use super::writer::{Trouble, Writer};
use crate::model::{Door, Event, EventId, Millis, NewRun, Outcome, RunId, Terms};
use crate::store::{Error, Publication, Published, codec};

impl Writer {
    pub fn publish(
        &mut self,
        generation: u64,
        events: Vec<Publication>,
        after: &mut After,
    ) -> Result<Vec<Published>, Trouble> {
        self.check_generation(generation)?;
        let (published, started) = self.whole(after, |writer, after| writer.write_publications(events, after))?;
        after.started.extend(started);
        Ok(published)
    }

    pub fn check_generation(&self, planned: u64) -> Result<(), Trouble> {
        let current = self.generation;
        if planned < current { refused(Error::StaleGeneration { planned, current }) } else { Ok(()) }
    }

    pub fn write_publications(
        &mut self,
        events: Vec<Publication>,
        after: &mut After,
    ) -> Result<(Vec<Published>, Vec<Started>), Trouble> {
        let mut started = Vec::new();
        let mut published = Vec::with_capacity(events.len());
        for publication in events {
            if let Some(earlier) = self.sent_before(&publication.event)? {
                published.push(earlier);
                continue;
            }
            // Before its runs are there: what starts a run does not cancel it.
            self.answer_waits(&publication.event, after)?;
            published.push(self.write_publication(publication, &mut started, after)?);
        }
        Ok((published, started))
    }

    fn write_publication(
        &mut self,
        publication: Publication,
        started: &mut Vec<Started>,
        after: &mut After,
    ) -> Result<Published, Trouble> {
        let Publication { event, mut runs } = publication;
        let namespace = self.shared.names.intern_namespace(&self.connection, &event.namespace)?;
        let is_plain = event.once_under().is_none() && !self.has_paused && runs.iter().all(is_unconditional);
        let mut ids = Vec::with_capacity(runs.len());
        let mut skipped = Vec::new();
        // A repeated publication means that the sender missed the answer; it is not counted again.
        if is_plain || self.is_written(&event)? {
            ids.extend(runs.iter().map(|run| run.id));
        } else {
            self.forget_served(&event, &runs)?;
            let mut starting = Vec::with_capacity(runs.len());
            for run in runs {
                match self.enter(&event, &run, after)? {
                    Entrance::KeptOut => {}
                    Entrance::Joined(joined) => ids.push(joined),
                    Entrance::Skipped(reason) => {
                        ids.push(run.id);
                        skipped.push((run, reason));
                    }
                    Entrance::Starts => {
                        ids.push(run.id);
                        starting.push(run);
                    }
                }
            }
            runs = starting;
        }
        if let Some(ids) = self.write_event(&event, namespace, &ids)? {
            return Ok(Published { event: event.id, started: ids });
        }
        for (run, reason) in skipped {
            self.write_skipped(&run, &event, namespace, reason)?;
        }
        for run in runs {
            started.push(self.start(run, &event, namespace, started.len())?);
        }
        Ok(Published { event: event.id, started: ids })
    }

    fn start(&mut self, run: NewRun, event: &Arc<Event>, namespace: i64, already: usize) -> Result<Started, Trouble> {
        let (turn, listed) = self.write_run(&run, event, namespace, already)?;
        let NewRun { id, function, version, secret, failed_run, invoker, cancel_on, terms, .. } = run;
        let has_waits = !cancel_on.is_empty();
        let (events, journal) = (vec![event.clone()], Vec::new());
        let loaded =
            Loaded { run: id, function, version, secret, failed_run, invoker, terms, has_waits, events, journal };
        Ok(Started { loaded: Box::new(loaded), turn, listed })
    }

    /// The run is there to be seen, and has ended.
    fn write_skipped(&mut self, run: &NewRun, event: &Event, namespace: i64, reason: &str) -> Result<(), Trouble> {
        self.insert_run(run, &event.id.to_bytes(), namespace, None)?;
        let outcome = codec::outcome_bytes(&Outcome::Skipped { reason: reason.into() });
        let mut insert = self.connection.prepare_cached("INSERT INTO ends VALUES (?, ?, ?, NULL, ?, NULL)")?;
        // No earlier than it was queued, which may be a moment behind its event.
        let at = run.id.created().max(event.id.created());
        insert.execute(params![run.id.row(), SKIPPED, at as i64, outcome])?;
        Ok(())
    }

    /// The runs that the event started before, if it is stored already: its sender has missed the answer.
    fn write_event(&mut self, event: &Event, namespace: i64, runs: &[RunId]) -> Result<Option<Vec<RunId>>, Trouble> {
        let mut insert = self.connection.prepare_cached("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
        let inserted = insert.execute(params![
            event.id.row(),
            codec::id_tail(event.id.to_bytes()),
            namespace,
            &*event.name,
            event.sender_id.as_deref(),
            event.at as i64,
            event.json.as_str(),
            codec::run_ids(runs),
        ]);
        drop(insert);
        match inserted {
            Ok(_) => Ok(None),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                self.earlier(event.id, namespace).map(Some)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn earlier(&self, event: EventId, namespace: i64) -> Result<Vec<RunId>, Trouble> {
        let mut query = self.connection.prepare_cached("SELECT id, namespace, runs FROM events WHERE row = ?")?;
        let (tail, of, runs): (Vec<u8>, i64, Option<Vec<u8>>) =
            query.query_row([event.row()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if tail != codec::id_tail(event.to_bytes()) || of != namespace {
            return refused(Error::Engine(format!("the id of event {event} is in use: it is not of this store's ids")));
        }
        Ok(codec::read_ids(&runs.unwrap_or_default(), RunId::from_bytes))
    }

    /// Returns when its turn comes, and whether the table `open` has it.
    fn write_run(
        &mut self,
        run: &NewRun,
        event: &Event,
        namespace: i64,
        already: usize,
    ) -> Result<(Turn, Listed), Trouble> {
        let (turn, terms) = self.turn_of_new(run, event)?;
        self.insert_run(run, &event.id.to_bytes(), namespace, terms.as_deref())?;
        self.write_cancel_on(run.id.row(), run.id.created(), run, event)?;
        self.young += 1;
        // A turn of its own is written down, to be the same after a restart.
        let is_ready = turn == turn_of(run.id);
        if is_ready && run.id.row() > self.floor && !self.shared.agenda().spills(turn, already) {
            return Ok((turn, Listed::Not));
        }
        let mut insert = self.connection.prepare_cached("INSERT INTO open VALUES (?, ?)")?;
        insert.execute(params![turn.1, turn.0 as i64])?;
        Ok((turn, Listed::Open))
    }

    /// When a new run's turn comes: right now, or at the event's time where that is still to come (vector G24), or when
    /// it has gathered its events; earlier for one of priority, which is older than it is.
    fn turn_of_new(&mut self, run: &NewRun, event: &Event) -> Result<(Turn, Option<Arc<Terms>>), Trouble> {
        let (created, row) = turn_of(run.id);
        if let Some(gather) = &run.door.gather {
            let due = self.begin_gathering(run, gather, event)?;
            let terms = run.terms.as_ref().map(|terms| Arc::new(begins_at(terms, due, created)));
            return Ok(((due, row), terms));
        }
        let head_start = run.terms.as_ref().map_or(0, |terms| terms.priority_s.max(0) as Millis * 1_000);
        let due = if event.at > created { event.at } else { created.saturating_sub(head_start) };
        Ok(((due, row), run.terms.clone()))
    }

    /// `events`: their ids, 16 bytes each.
    pub fn insert_run(
        &mut self,
        run: &NewRun,
        events: &[u8],
        namespace: i64,
        terms: Option<&Terms>,
    ) -> Result<(), Trouble> {
        let function = self.shared.names.intern_function(&self.connection, &run.function)?;
        let version = self.shared.names.intern_digest(&self.connection, &run.version)?;
        let mut insert = self.connection.prepare_cached("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        let inserted = insert.execute(params![
            run.id.row(),
            codec::id_tail(run.id.to_bytes()),
            namespace,
            function,
            version,
            run.secret,
            events,
            run.failed_run.map(RunId::to_bytes),
            run.invoker.as_ref().map(codec::invoker_bytes),
            terms.map(codec::terms_bytes),
            run.replay_of.map(RunId::to_bytes),
        ]);
        drop(insert);
        if inserted.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)) {
            return refused(Error::Engine(format!(
                "the id of run {} is in use: it is not of this store's ids",
                run.id
            )));
        }
        inserted?;
        self.last_run = self.last_run.max(run.id.row());
        Ok(())
    }
}

/// Whether nothing keeps it from starting.
fn is_unconditional(run: &NewRun) -> bool {
    run.door == Door::default()
}
