//! Runs that do others over.

use rusqlite::params;

use super::after::{After, Started, refused};
use super::agenda::{Listed, turn_of};
use super::doors::PAUSED;
use super::names::unreadable;
use super::rows;
use super::writer::{Trouble, Writer};
use crate::model::{NewRun, RunId};
use crate::store::{Error, Repeat, Replay, Replayed, codec};

impl Writer {
    pub fn replay(&mut self, generation: u64, replay: Replay, after: &mut After) -> Result<Replayed, Trouble> {
        self.check_generation(generation)?;
        let Some(of) = replay.run.replay_of else {
            return refused(Error::Engine(format!("run {} does no run over", replay.run.id)));
        };
        if replay.repeat == Repeat::Once
            && let Some(earlier) = rows::replays(&self.connection, of)?.pop()
        {
            return Ok(Replayed::Before(earlier));
        }
        let function = self.shared.names.intern_function(&self.connection, &replay.run.function)?;
        if self.is_paused(function)? {
            return Ok(Replayed::Refused(PAUSED));
        }
        let (replayed, started) =
            self.whole(after, |writer, after| writer.write_replay(of, function, replay, after))?;
        after.started.extend(started);
        Ok(replayed)
    }

    fn write_replay(
        &mut self,
        of: RunId,
        function: i64,
        replay: Replay,
        after: &mut After,
    ) -> Result<(Replayed, Option<Started>), Trouble> {
        let Replay { run, records, .. } = replay;
        let row = run.id.row();
        let origin = rows::run(&self.connection, &self.shared.names, of.row())?;
        let origin = origin.filter(|origin| origin.id == of).ok_or_else(|| unreadable(format!("run {of} is gone")))?;
        if let Some((key, mode)) = &run.door.singleton
            && !self.lock(function, key, *mode, &run, after)?
        {
            return Ok((Replayed::Refused("another run of this singleton is under way"), None));
        }
        let namespace = self.shared.names.intern_namespace(&self.connection, &run.function.namespace)?;
        let events: Vec<u8> = origin.events.iter().flat_map(|event| event.to_bytes()).collect();
        self.insert_run(&run, &events, namespace, run.terms.as_deref())?;
        let mut segment = Vec::new();
        records.iter().for_each(|record| codec::add_record(&mut segment, record));
        let mut insert = self.connection.prepare_cached("INSERT INTO segments VALUES (?, 0, ?)")?;
        insert.execute(params![row, segment])?;
        drop(insert);
        let turn = turn_of(run.id);
        self.connection.prepare_cached("INSERT INTO open VALUES (?, ?)")?.execute(params![row, turn.0 as i64])?;
        let started = self.read_back(&run)?;
        if let Some(event) = started.events.first() {
            self.write_cancel_on(row, run.id.created(), &run, event)?;
        }
        let started = Started { loaded: Box::new(started), turn, listed: Listed::Open };
        Ok((Replayed::Started(run.id), Some(started)))
    }

    fn read_back(&self, run: &NewRun) -> Result<super::agenda::Loaded, Trouble> {
        let mut read = rows::load(&self.connection, &self.shared.names, &[run.id.row()]);
        let (_, loaded) = read.pop().ok_or_else(|| unreadable(format!("run {} is gone", run.id)))?;
        Ok(loaded?)
    }
}
