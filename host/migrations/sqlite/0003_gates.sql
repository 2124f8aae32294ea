-- What may keep an event from starting a function.

-- Rate limits, for each value of their key; what is not here has not been used lately.
CREATE TABLE rates (
    function INTEGER NOT NULL,
    key BLOB NOT NULL,
    -- `model::Arrival`: from then on the row says nothing.
    arrival INTEGER NOT NULL,
    PRIMARY KEY (function, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX rates_by_arrival ON rates (arrival);

-- Functions that start no runs for the time being.
CREATE TABLE paused (
    function INTEGER PRIMARY KEY
) STRICT;

-- Events that were sent under a seed: sent again under it they are the same.
CREATE TABLE seeds (
    namespace INTEGER NOT NULL,
    seed TEXT NOT NULL,
    -- The event's id.
    event BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (namespace, seed)
) STRICT, WITHOUT ROWID;
CREATE INDEX seeds_by_expiry ON seeds (expires);
