-- Flow control: what counts is here, so that it counts on after a restart. Who executes at the moment is not: nobody
-- does after one.

-- `model::Terms`, where the run is subject to any.
ALTER TABLE runs ADD COLUMN terms BLOB;

-- Runs that gather events before they start: debounced ones and batches.
CREATE TABLE gatherings (
    function INTEGER NOT NULL,
    key BLOB NOT NULL,
    run INTEGER NOT NULL,
    -- When its first event came.
    first INTEGER NOT NULL,
    -- When it starts. From then on it takes no more.
    due INTEGER NOT NULL,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (function, key)
) STRICT, WITHOUT ROWID;

-- Which run has the lock of a singleton function, until it ends.
CREATE TABLE singletons (
    function INTEGER NOT NULL,
    key BLOB NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (function, key)
) STRICT, WITHOUT ROWID;

-- Throttles: `model::Arrival`, from which on the row says nothing.
CREATE TABLE paces (
    key BLOB PRIMARY KEY,
    arrival INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX paces_by_arrival ON paces (arrival);

-- Runs under way that count towards a limit of unended runs.
CREATE TABLE under_way (
    run INTEGER PRIMARY KEY,
    pool BLOB NOT NULL
) STRICT;
