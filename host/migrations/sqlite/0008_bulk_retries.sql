-- Wishes to retry many failed runs. Those older than `reached` are still to be looked at.
CREATE TABLE bulk_retries (
    id BLOB PRIMARY KEY,
    namespace INTEGER NOT NULL,
    -- `store::BulkRetry`, less id and namespace: JSON.
    wish TEXT NOT NULL,
    -- A run's id, or the wish's own.
    reached BLOB NOT NULL,
    -- How many runs it has retried, how many had been before, and how many could not be.
    retried INTEGER NOT NULL,
    already INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    -- Some of those that could not be, and why: JSON.
    refusals TEXT NOT NULL,
    is_finished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_retries_under_way ON bulk_retries (id) WHERE is_finished = 0;
