-- What was forgotten, as keyed hashes: enough to know the same statement again, too little to read.
CREATE TABLE tombstones (
    id INTEGER PRIMARY KEY,
    memory_id INTEGER NOT NULL UNIQUE,         -- no foreign key: it outlives a purged memory
    project TEXT,
    kind TEXT NOT NULL,
    words INTEGER NOT NULL,           -- how many telling words it had
    at_ms INTEGER NOT NULL            -- when it was forgotten
);

CREATE TABLE tombstone_words (
    word BLOB NOT NULL,               -- keyed hash of a telling word
    tombstone INTEGER NOT NULL REFERENCES tombstones (id),
    PRIMARY KEY (word, tombstone)
) WITHOUT ROWID;

CREATE TRIGGER tombstones_delete BEFORE DELETE ON tombstones BEGIN
    DELETE FROM tombstone_words WHERE tombstone = old.id;
END;
CREATE INDEX tombstone_words_tombstone ON tombstone_words (tombstone);

-- Keys that never leave this database.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
