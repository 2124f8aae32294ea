-- Events and runs are numbered by the first 63 bits of their ids (`model::IdSource`), so nothing leads from an id to its
-- row; `id` holds the last 9 bytes. Names are small integers. Nothing here is ever updated on a young run's way from its
-- acceptance to its end: one row in `events` and one in `runs`, then one in `ends`.

-- One row: what the store knows of itself.
CREATE TABLE house (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- The registry's.
    generation INTEGER NOT NULL,
    -- Every unended run up to this row is in `open`; later ones are found by their missing end.
    floor INTEGER NOT NULL,
    -- How often the store was opened: which process holds its leases.
    incarnation INTEGER NOT NULL,
    -- The last incarnation whose interrupted runs were counted.
    recovered INTEGER NOT NULL
) STRICT;
INSERT INTO house VALUES (1, 0, 0, 0, 0);

CREATE TABLE namespaces (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
-- The first is where plugins live unless told otherwise; the indexes below leave it out.
INSERT INTO namespaces VALUES (1, 'default');

CREATE TABLE functions (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    function TEXT NOT NULL,
    -- 0 the function itself, 1 its failure handler
    role INTEGER NOT NULL,
    UNIQUE (namespace, plugin, function, role)
) STRICT;

CREATE TABLE digests (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE
) STRICT;

-- The bytes are files of the data folder.
CREATE TABLE versions (
    namespace INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    digest INTEGER NOT NULL,
    definitions TEXT NOT NULL,
    activated INTEGER NOT NULL,
    is_live INTEGER NOT NULL,
    PRIMARY KEY (namespace, plugin, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    sender_id TEXT,
    at INTEGER NOT NULL,
    json TEXT NOT NULL,
    -- Ids of the runs it started, 16 bytes each.
    runs BLOB
) STRICT;

CREATE TABLE runs (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    namespace INTEGER NOT NULL,
    function INTEGER NOT NULL,
    version INTEGER NOT NULL,
    secret BLOB NOT NULL,
    -- Ids, 16 bytes each.
    events BLOB NOT NULL,
    failed_run BLOB
) STRICT;

-- So that a small namespace's listings need not pass over everybody else's rows. The default one pays nothing for it.
CREATE INDEX events_elsewhere ON events (namespace) WHERE namespace > 1;
CREATE INDEX runs_elsewhere ON runs (namespace) WHERE namespace > 1;

-- The records of a run that were written before its end; those written with its end are in `ends`.
CREATE TABLE segments (
    run INTEGER NOT NULL,
    -- The order of its first record.
    first INTEGER NOT NULL,
    records BLOB NOT NULL,
    PRIMARY KEY (run, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE ends (
    run INTEGER PRIMARY KEY,
    -- 1 completed, 2 failed
    status INTEGER NOT NULL,
    at INTEGER NOT NULL,
    records BLOB,
    outcome BLOB NOT NULL,
    -- Ids of the runs that its lifecycle events started, 16 bytes each.
    started BLOB
) STRICT;
CREATE INDEX ends_failed ON ends (run) WHERE status = 2;

-- Unended runs that wait, or that are older than the floor.
CREATE TABLE open (
    run INTEGER PRIMARY KEY,
    -- NULL: until something wakes it.
    due INTEGER
) STRICT;
CREATE INDEX open_by_due ON open (due);

-- Which senders' event ids have started which function.
CREATE TABLE senders (
    function INTEGER NOT NULL,
    sender_id TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (function, sender_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX senders_by_expiry ON senders (expires);

CREATE TABLE logs (
    run INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    "order" INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    step_id TEXT,
    step_n INTEGER,
    at INTEGER NOT NULL,
    level INTEGER NOT NULL,
    message TEXT NOT NULL,
    fields TEXT,
    PRIMARY KEY (run, attempt, "order", nth)
) STRICT, WITHOUT ROWID;
