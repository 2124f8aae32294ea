-- What has reached a run from outside and is not in its journal yet. A run with mail is due.
CREATE TABLE mail (
    run INTEGER NOT NULL,
    -- Grows over all runs.
    seq INTEGER NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
