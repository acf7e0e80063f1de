-- What the server still has to fill in of rows that an earlier version stored.
CREATE TABLE upgrades (
    name TEXT PRIMARY KEY,
    next_id INTEGER NOT NULL,         -- rows before it are done
    last_id INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO upgrades (name, next_id, last_id)
SELECT 'typed-events', 1, coalesce(max(id), 0) FROM raw_events;
