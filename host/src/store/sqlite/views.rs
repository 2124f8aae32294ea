//! Runs and events as people look at them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::logs;
use super::names::Names;
use super::rows::{self, RunRow};
use crate::limits;
use crate::model::{Event, EventId, Millis, Namespace, Outcome, Role, RunId, Status};
use crate::store::{Error, EventFilter, EventNames, RunFilter, RunView, codec};

/// How many rows a listing answers when it is asked for so many.
pub fn page(limit: usize) -> usize {
    if limit == 0 { limits::PAGE_DEFAULT } else { limit.min(limits::PAGE_MAX) }
}

/// The run with its journal and log.
pub fn run(connection: &Connection, names: &Names, namespace: &Namespace, id: RunId) -> Result<Option<RunView>, Error> {
    let Some(found) = find(connection, names, namespace, id)? else { return Ok(None) };
    let mut view = view(connection, found)?;
    view.journal = rows::journal(connection, id)?.0;
    view.log = logs::read(connection, id.row())?;
    view.replays = rows::replays(connection, id)?;
    if view.status == Status::Queued && view.journal.is_empty() {
        let sql =
            "SELECT gatherings.events FROM runs JOIN gatherings ON gatherings.function = runs.function AND run = row
                   WHERE row = ?";
        view.gathers = connection.prepare_cached(sql)?.query_row([id.row()], |row| row.get(0)).optional()?;
    }
    Ok(Some(view))
}

/// The run, if it is of that namespace.
pub fn find(connection: &Connection, names: &Names, namespace: &Namespace, id: RunId) -> Result<Option<RunRow>, Error> {
    let found = rows::run(connection, names, id.row())?;
    Ok(found.filter(|run| run.id == id && run.function.namespace == *namespace))
}

/// Without journal and log. Whether it executes at the moment the database does not know.
fn view(connection: &Connection, run: RunRow) -> Result<RunView, Error> {
    let ended = rows::end(connection, run.id)?;
    let status = match ended.as_ref().map(|ended| &ended.outcome) {
        None => Status::Queued,
        Some(Outcome::Completed(_)) => Status::Completed,
        Some(Outcome::Failed(_)) => Status::Failed,
        Some(Outcome::Cancelled { .. }) => Status::Cancelled,
        Some(Outcome::Skipped { .. }) => Status::Skipped,
    };
    let has_begun = match &ended {
        None => has_begun(connection, run.id, run.replay_of)?,
        Some(ended) => !matches!(ended.outcome, Outcome::Skipped { .. }),
    };
    let mut query = connection.prepare_cached("SELECT due FROM open WHERE run = ?")?;
    let due: Option<Option<i64>> = query.query_row([run.id.row()], |row| row.get(0)).optional()?;
    Ok(RunView {
        id: run.id,
        function: run.function,
        version: run.version,
        events: run.events,
        failed_run: run.failed_run,
        replay_of: run.replay_of,
        replays: Vec::new(),
        status,
        has_begun,
        due: due.flatten().map(|due| due as u64),
        held_by: None,
        gathers: None,
        ended,
        journal: Vec::new(),
        log: Vec::new(),
    })
}

/// Whether the unended run has recorded something. What a replay begins with was recorded for it.
fn has_begun(connection: &Connection, run: RunId, replay_of: Option<RunId>) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM segments WHERE run = ? AND first >= ?)";
    let first = i64::from(replay_of.is_some());
    Ok(connection.prepare_cached(sql)?.query_row([run.row(), first], |row| row.get(0))?)
}

/// The runs that a filter lets through, newest first. `executing`: the rows of those that do.
pub fn runs(
    connection: &Connection,
    names: &Names,
    namespace: &Namespace,
    filter: &RunFilter,
    executing: &[i64],
) -> Result<Vec<RunView>, Error> {
    let Some(number) = names.namespace(namespace) else { return Ok(Vec::new()) };
    let Some(narrowed) = narrow(names, namespace, number, filter, executing) else { return Ok(Vec::new()) };
    let arms: Vec<String> = sources(filter)
        .iter()
        .map(|(row, source)| format!("SELECT {row}, {} FROM {source} {narrowed}", rows::RUN_COLUMNS))
        .collect();
    let sql = format!("{} ORDER BY 1 DESC LIMIT ?3", arms.join(" UNION ALL "));
    let before = filter.before.map_or(i64::MAX, |before| before.row());
    let mut query = connection.prepare(&sql)?;
    let mut found = query.query(params![number, before, page(filter.limit) as i64])?;
    let mut views = Vec::new();
    while let Some(row) = found.next()? {
        views.push(view(connection, rows::read_run(row, names)?)?);
    }
    Ok(views)
}

/// Where to look, so that nothing is passed over that an index knows: the column with the run's row, by which each is
/// in order, and the rest.
fn sources(filter: &RunFilter) -> &'static [(&'static str, &'static str)] {
    const FAILED: (&str, &str) =
        ("ends.run", "ends CROSS JOIN runs ON runs.row = ends.run WHERE ends.status = 2 AND ends.run < ?2");
    const LISTED: (&str, &str) = ("open.run", "open CROSS JOIN runs ON runs.row = open.run WHERE open.run < ?2");
    const YOUNG: (&str, &str) = (
        "runs.row",
        "runs WHERE runs.row > (SELECT floor FROM house) AND runs.row < ?2
           AND NOT EXISTS (SELECT 1 FROM ends WHERE ends.run = runs.row)
           AND NOT EXISTS (SELECT 1 FROM open WHERE open.run = runs.row)",
    );
    const COMPLETED: (&str, &str) = (
        "runs.row",
        "runs WHERE runs.row < ?2 AND EXISTS (SELECT 1 FROM ends WHERE ends.run = runs.row AND ends.status = 1)",
    );
    const ALL: (&str, &str) = ("runs.row", "runs WHERE runs.row < ?2");
    const CANCELLED: (&str, &str) = (
        "runs.row",
        "runs WHERE runs.row < ?2 AND EXISTS (SELECT 1 FROM ends WHERE ends.run = runs.row AND ends.status = 3)",
    );
    const SKIPPED: (&str, &str) = (
        "runs.row",
        "runs WHERE runs.row < ?2 AND EXISTS (SELECT 1 FROM ends WHERE ends.run = runs.row AND ends.status = 4)",
    );
    match filter.status {
        Some(Status::Failed) => &[FAILED],
        Some(Status::Skipped) => &[SKIPPED],
        Some(Status::Cancelled) => &[CANCELLED],
        _ if filter.dead_letters => &[FAILED],
        Some(Status::Completed) => &[COMPLETED],
        Some(Status::Queued) => &[LISTED, YOUNG],
        _ => &[ALL],
    }
}

/// The conditions that hold wherever it is looked; `None`: nothing can fulfil them.
fn narrow(names: &Names, namespace: &Namespace, number: i64, filter: &RunFilter, executing: &[i64]) -> Option<String> {
    let among = |numbers: &[i64]| numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let mut sql = "AND runs.namespace = ?1".to_owned();
    if number > 1 {
        sql += " AND runs.namespace > 1";
    }
    if filter.function.is_some() || filter.dead_letters {
        let role = filter.dead_letters.then_some(Role::Failure);
        let functions = names.functions(namespace, filter.function.as_deref(), role);
        sql += &format!(" AND runs.function IN ({})", among(&functions));
    }
    match filter.status {
        Some(Status::Running) => sql += &format!(" AND runs.row IN ({})", among(executing)),
        Some(Status::Queued) => sql += &format!(" AND runs.row NOT IN ({})", among(executing)),
        _ => {}
    }
    Some(sql)
}

/// The event, if it is of that namespace.
pub fn event(
    connection: &Connection,
    names: &Names,
    namespace: &Namespace,
    id: EventId,
) -> Result<Option<Arc<Event>>, Error> {
    let found = rows::event(connection, names, id)?;
    Ok(found.filter(|event| event.namespace == *namespace).map(Arc::new))
}

/// The events that a filter lets through, newest first.
pub fn events(
    connection: &Connection,
    names: &Names,
    namespace: &Namespace,
    filter: &EventFilter,
) -> Result<Vec<Arc<Event>>, Error> {
    let Some(number) = names.namespace(namespace) else { return Ok(Vec::new()) };
    let beyond_default = if number == 1 { "" } else { "namespace > 1 AND " };
    let (named, name) = match &filter.names {
        EventNames::All => ("?5 IS NULL", None),
        EventNames::Sent => ("name NOT LIKE 'inngest/%' AND ?5 IS NULL", None),
        EventNames::One(name) => ("name = ?5", Some(name)),
    };
    let mut query = connection.prepare_cached(&format!(
        "SELECT {} FROM events WHERE {beyond_default}namespace = ?1 AND row >= ?2 AND row < ?3 AND {named}
         ORDER BY row DESC LIMIT ?4",
        rows::EVENT_COLUMNS
    ))?;
    let from = filter.from.map_or(0, first_row);
    let until = filter.until.map_or(i64::MAX, |until| first_row(until.saturating_add(1)));
    let before = filter.before.map_or(i64::MAX, |before| before.row()).min(until);
    let mut found = query.query(params![number, from, before, page(filter.limit) as i64, name])?;
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        events.push(Arc::new(rows::read_event(row, namespace)?));
    }
    Ok(events)
}

/// Rows of what was made at that time or later begin here ([`crate::model::IdSource`]).
pub fn first_row(at: Millis) -> i64 {
    at.min(i64::MAX as Millis >> 15).cast_signed() << 15
}

pub fn runs_of_event(
    connection: &Connection,
    names: &Names,
    namespace: &Namespace,
    id: EventId,
) -> Result<Option<Vec<RunView>>, Error> {
    if event(connection, names, namespace, id)?.is_none() {
        return Ok(None);
    }
    let mut query = connection.prepare_cached("SELECT runs FROM events WHERE row = ?")?;
    let ids: Option<Vec<u8>> = query.query_row([id.row()], |row| row.get(0))?;
    let mut views = Vec::new();
    for id in codec::read_ids(&ids.unwrap_or_default(), RunId::from_bytes) {
        if let Some(run) = find(connection, names, namespace, id)? {
            views.push(view(connection, run)?);
        }
    }
    Ok(Some(views))
}
