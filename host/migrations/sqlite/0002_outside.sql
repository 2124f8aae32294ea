-- What has reached a run from outside and is not in its journal yet. A run with mail is due.
CREATE TABLE mail (
    run INTEGER NOT NULL,
    -- Grows over all runs.
    seq INTEGER NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- Which run's operation waits for a run's end: its id, and the operation.
ALTER TABLE runs ADD COLUMN invoker BLOB;

-- What operations of unended runs have done outside of them, so that an operation that is done again does nothing.
CREATE TABLE effects (
    run INTEGER NOT NULL,
    id TEXT NOT NULL,
    n INTEGER NOT NULL,
    -- Ids of the events that were written, 16 bytes each.
    events BLOB NOT NULL,
    -- The id of the run that took the signal.
    receiver BLOB,
    PRIMARY KEY (run, id, n)
) STRICT, WITHOUT ROWID;

-- Operations that wait for an event, and runs that one cancels: these have an empty id.
-- A signal is an event by the name of `signal_name`, which nobody can send as one.
CREATE TABLE waits (
    wait INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    event TEXT NOT NULL,
    -- A field that the event has to have with that value, in the form in which it is looked up; empty where the filter
    -- names none.
    path TEXT NOT NULL,
    value TEXT NOT NULL,
    run INTEGER NOT NULL,
    id TEXT NOT NULL,
    n INTEGER NOT NULL,
    filter TEXT,
    -- The filter's `event`: the one that started the run.
    context TEXT,
    -- Later events are no answer.
    until INTEGER
) STRICT;
CREATE INDEX waits_by_event ON waits (namespace, event, path, value);
CREATE INDEX waits_by_run ON waits (run);
