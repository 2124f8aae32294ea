-- Which run it does over: its id.
ALTER TABLE runs ADD COLUMN replay_of BLOB;
CREATE INDEX runs_by_origin ON runs (replay_of) WHERE replay_of IS NOT NULL;
