//! Writing events and the runs that they start.

use rusqlite::{ErrorCode, params};

use super::after::{After, Started, refused};
use super::agenda::{Listed, Loaded, Turn, turn_of};
use super::writer::{Trouble, Writer};
use crate::model::{Event, EventId, NewRun, OpKey, RunId};
use crate::store::{Error, Publication, Published, Wait, codec};

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
        self.keep_out(&event, &mut runs, after)?;
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        if let Some(ids) = self.write_event(&event, namespace, &ids)? {
            return Ok(Published { event: event.id, started: ids });
        }
        for run in runs {
            let (turn, listed) = self.write_run(&run, &event, namespace, started.len())?;
            let NewRun { id, function, version, secret, failed_run, invoker, cancel_on, .. } = run;
            let has_waits = !cancel_on.is_empty();
            let events = vec![event.clone()];
            let journal = Vec::new();
            let loaded = Loaded { run: id, function, version, secret, failed_run, invoker, has_waits, events, journal };
            started.push(Started { loaded: Box::new(loaded), turn, listed });
        }
        Ok(Published { event: event.id, started: ids })
    }

    /// If the event is there already, what it started then: whoever publishes it again has missed the answer.
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

    /// Answers when its turn comes, and whether the table `open` has it.
    fn write_run(
        &mut self,
        run: &NewRun,
        event: &Event,
        namespace: i64,
        already: usize,
    ) -> Result<(Turn, Listed), Trouble> {
        let function = self.shared.names.intern_function(&self.connection, &run.function)?;
        let version = self.shared.names.intern_digest(&self.connection, &run.version)?;
        let mut insert = self.connection.prepare_cached("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        let inserted = insert.execute(params![
            run.id.row(),
            codec::id_tail(run.id.to_bytes()),
            namespace,
            function,
            version,
            run.secret,
            event.id.to_bytes(),
            run.failed_run.map(RunId::to_bytes),
            run.invoker.as_ref().map(codec::invoker_bytes),
        ]);
        drop(insert);
        if inserted.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)) {
            return refused(Error::Engine(format!(
                "the id of run {} is in use: it is not of this store's ids",
                run.id
            )));
        }
        inserted?;
        for (n, wait) in run.cancel_on.iter().enumerate() {
            let until = wait.timeout_ms.map(|timeout| run.id.created() + timeout);
            let wait = Wait { event: wait.event.clone(), filter: wait.filter.clone(), until };
            self.write_wait(run.id.row(), &OpKey::new("", n as u32), event, &wait)?;
        }
        self.last_run = self.last_run.max(run.id.row());
        self.young += 1;
        let turn = start_of(run.id, event);
        let is_ready = turn == turn_of(run.id);
        if is_ready && run.id.row() > self.floor && !self.shared.agenda().spills(turn, already) {
            return Ok((turn, Listed::Not));
        }
        let mut insert = self.connection.prepare_cached("INSERT INTO open VALUES (?, ?)")?;
        insert.execute(params![turn.1, turn.0 as i64])?;
        Ok((turn, Listed::Open))
    }
}

/// When a new run's turn comes: right now, or at the event's time where that is still to come (vector G24).
fn start_of(run: RunId, event: &Event) -> Turn {
    let (created, row) = turn_of(run);
    (created.max(event.at), row)
}
