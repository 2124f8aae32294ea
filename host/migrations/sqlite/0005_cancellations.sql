-- Wishes to end many runs at once. Runs from row `reached` up to `until` are still to be looked at.
CREATE TABLE cancellations (
    id BLOB PRIMARY KEY,
    namespace INTEGER NOT NULL,
    function INTEGER NOT NULL,
    started_after INTEGER,
    started_before INTEGER,
    filter TEXT,
    -- 0 all runs, 1 those that execute nothing at the moment
    only_waiting INTEGER NOT NULL,
    reached INTEGER NOT NULL,
    until INTEGER NOT NULL,
    -- How many runs it has told to end.
    told INTEGER NOT NULL,
    is_finished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cancellations_under_way ON cancellations (id) WHERE is_finished = 0;
