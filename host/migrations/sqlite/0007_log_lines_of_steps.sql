-- The step becomes part of a line's key: steps side by side number their lines alike. An empty id stands for the body.
CREATE TABLE lines (
    run INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    "order" INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    step_id TEXT NOT NULL,
    step_n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level INTEGER NOT NULL,
    message TEXT NOT NULL,
    fields TEXT,
    PRIMARY KEY (run, attempt, "order", nth, step_id, step_n)
) STRICT, WITHOUT ROWID;
INSERT INTO lines
    SELECT run, attempt, "order", nth, ifnull(step_id, ''), ifnull(step_n, 0), at, level, message, fields FROM logs;
DROP TABLE logs;
ALTER TABLE lines RENAME TO logs;
