CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    project TEXT,
    cwd TEXT,
    source TEXT,                      -- the host, NULL when a person started it
    stream_id TEXT,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    metadata TEXT NOT NULL DEFAULT '{}',
    UNIQUE (source, stream_id)
);

CREATE INDEX sessions_recent ON sessions (started_ms);

CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    stream_id TEXT NOT NULL,
    project TEXT,
    label TEXT,                       -- what its host called the project, before the database settled it
    cwd TEXT,
    started_at TEXT,
    last_event_ms INTEGER,            -- newest event time the host gave; only grows
    last_received_ms INTEGER NOT NULL DEFAULT 0,
    last_received_seq INTEGER NOT NULL DEFAULT -1,
    last_flushed_seq INTEGER NOT NULL DEFAULT -1,
    last_event_type TEXT NOT NULL DEFAULT '',
    flush_asked INTEGER,              -- 0 or 1 as the newest event's host asked, NULL when it did not say
    first_prompt TEXT,
    last_prompt TEXT,
    recent_files TEXT NOT NULL DEFAULT '[]',   -- newest last, at most 64
    lease_owner TEXT,                 -- NULL: nobody is flushing it
    lease_epoch INTEGER NOT NULL DEFAULT 0,    -- grows with each claim; a result of an older one is refused
    lease_beat INTEGER NOT NULL DEFAULT 0,     -- grows while the owner lives
    UNIQUE (source, stream_id)
);

CREATE INDEX streams_pending ON streams (last_received_ms) WHERE last_received_seq > last_flushed_seq;

CREATE TABLE raw_events (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (id),
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    kind TEXT NOT NULL,               -- adapter type, '' when the event has no common form
    origin TEXT NOT NULL,
    ts_ms INTEGER,
    mono_ms REAL,
    received_ms INTEGER NOT NULL,
    payload TEXT NOT NULL,
    UNIQUE (stream, seq),
    UNIQUE (stream, event_id)
);

CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (id),
    start_seq INTEGER NOT NULL,
    end_seq INTEGER NOT NULL,
    extractor TEXT NOT NULL,
    state TEXT NOT NULL,              -- pending, claimed, completed, failed, dead
    epoch INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,        -- failures that were the batch's fault, weighted; 24 kill it
    error_kind TEXT,
    error TEXT,
    retry_ms INTEGER NOT NULL DEFAULT 0,       -- not to be tried before this time
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (stream, start_seq, end_seq, extractor)
);

CREATE INDEX batches_open ON batches (stream, state) WHERE state <> 'completed';

CREATE TABLE memories (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,         -- deterministic: the same effect is written once
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    batch INTEGER REFERENCES batches (id),
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    subtitle TEXT NOT NULL DEFAULT '',
    facts TEXT NOT NULL DEFAULT '[]',
    narrative TEXT NOT NULL DEFAULT '',
    concepts TEXT NOT NULL DEFAULT '[]',
    files_read TEXT NOT NULL DEFAULT '[]',
    files_modified TEXT NOT NULL DEFAULT '[]',
    tags TEXT NOT NULL DEFAULT '',    -- space-separated
    words TEXT NOT NULL DEFAULT '',   -- indexed, not shown: subtitle, facts, parts of identifiers
    confidence REAL NOT NULL DEFAULT 0.5,
    origin TEXT NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER NOT NULL DEFAULT 0,         -- a person keeps it at the top of lists
    active INTEGER NOT NULL DEFAULT 1,
    project TEXT,
    prompt_number INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    deleted_ms INTEGER,
    superseded_by INTEGER REFERENCES batches (id),  -- a later observation of the same events
    outdated_by INTEGER,              -- a newer memory that says otherwise; no foreign key: what an
                                      -- undo deletes must not change rows that it restores
    support INTEGER NOT NULL DEFAULT 1,        -- sessions that found it out
    seen_ms INTEGER NOT NULL DEFAULT 0,        -- when it was found out again last; 0: never
    told INTEGER NOT NULL DEFAULT 0,           -- sessions whose prompts were told it
    used INTEGER NOT NULL DEFAULT 0,           -- of those, which did something with it after that
    extractor TEXT NOT NULL DEFAULT 'manual',
    extractor_version TEXT NOT NULL DEFAULT '',
    metadata TEXT NOT NULL DEFAULT '{}'
);

CREATE INDEX memories_recent ON memories (active, created_ms DESC);
CREATE INDEX memories_project ON memories (project, active, created_ms DESC);
CREATE INDEX memories_kind ON memories (kind, active, created_ms DESC);
CREATE INDEX memories_pinned ON memories (active, created_ms DESC) WHERE pinned;
CREATE INDEX memories_changed ON memories (updated_ms);
CREATE INDEX memories_session ON memories (session_id, created_ms);

-- The same found out again: a memory that was not written, because another says it already.
CREATE TABLE sightings (
    key TEXT PRIMARY KEY,             -- the memory's it would have been: counted once
    memory_id INTEGER NOT NULL REFERENCES memories (id),
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    batch INTEGER REFERENCES batches (id),
    at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sightings_memory ON sightings (memory_id, session_id);

CREATE TRIGGER sightings_insert AFTER INSERT ON sightings BEGIN
    UPDATE memories
       SET seen_ms = max(seen_ms, new.at_ms),
           support = (SELECT count(*) FROM (
               SELECT session_id FROM sightings WHERE memory_id = new.memory_id
                UNION SELECT session_id FROM memories WHERE id = new.memory_id))
     WHERE id = new.memory_id;
END;
CREATE TRIGGER sightings_delete BEFORE DELETE ON memories BEGIN
    DELETE FROM sightings WHERE memory_id = old.id;
END;

-- What a session was told, and what it did with that: once each, however often.
CREATE TABLE receipts (
    memory_id INTEGER NOT NULL REFERENCES memories (id),
    source TEXT NOT NULL,
    stream_id TEXT NOT NULL,
    told_ms INTEGER NOT NULL,
    used_ms INTEGER,                  -- when it was used first after that, NULL when never
    how TEXT,                         -- opened, cited, files
    PRIMARY KEY (memory_id, source, stream_id)
) WITHOUT ROWID;

CREATE INDEX receipts_unused ON receipts (source, stream_id) WHERE used_ms IS NULL;

CREATE TRIGGER receipts_told AFTER INSERT ON receipts BEGIN
    UPDATE memories SET told = told + 1 WHERE id = new.memory_id;
END;
CREATE TRIGGER receipts_used AFTER UPDATE OF used_ms ON receipts
WHEN old.used_ms IS NULL AND new.used_ms IS NOT NULL BEGIN
    UPDATE memories SET used = used + 1 WHERE id = new.memory_id;
END;
CREATE TRIGGER receipts_delete BEFORE DELETE ON memories BEGIN
    DELETE FROM receipts WHERE memory_id = old.id;
END;

CREATE VIRTUAL TABLE memories_fts USING fts5 (
    title, body, tags, words,
    content = 'memories', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO memories_fts (memories_fts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER memories_fts_insert AFTER INSERT ON memories BEGIN
    INSERT INTO memories_fts (rowid, title, body, tags, words)
    VALUES (new.id, new.title, new.body, new.tags, new.words);
END;
CREATE TRIGGER memories_fts_delete AFTER DELETE ON memories BEGIN
    INSERT INTO memories_fts (memories_fts, rowid, title, body, tags, words)
    VALUES ('delete', old.id, old.title, old.body, old.tags, old.words);
END;
CREATE TRIGGER memories_fts_update AFTER UPDATE OF title, body, tags, words ON memories BEGIN
    INSERT INTO memories_fts (memories_fts, rowid, title, body, tags, words)
    VALUES ('delete', old.id, old.title, old.body, old.tags, old.words);
    INSERT INTO memories_fts (rowid, title, body, tags, words)
    VALUES (new.id, new.title, new.body, new.tags, new.words);
END;

-- What a memory means to an embedder; made again when it is missing.
CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,      -- grows: what is new since the last look has a larger one
    memory_id INTEGER NOT NULL REFERENCES memories (id),
    model TEXT NOT NULL,              -- name@revision; vectors of different models have nothing in common
    vector BLOB NOT NULL,             -- one signed byte a dimension, the longest 127
    UNIQUE (memory_id, model)
);

CREATE TRIGGER vectors_delete BEFORE DELETE ON memories BEGIN
    DELETE FROM vectors WHERE memory_id = old.id;
END;
CREATE TRIGGER vectors_update AFTER UPDATE OF title, body, active ON memories BEGIN
    DELETE FROM vectors WHERE memory_id = old.id;
END;
-- Numbered anew: the index in a server's memory is by project, and reads what has a larger number.
CREATE TRIGGER vectors_move AFTER UPDATE OF project ON memories
 WHEN old.project IS NOT new.project BEGIN
    INSERT OR REPLACE INTO vectors (memory_id, model, vector)
    SELECT memory_id, model, vector FROM vectors WHERE memory_id = new.id;
END;

-- What a place is called, where its folder's name does not say it.
CREATE TABLE places (
    kind TEXT NOT NULL,               -- folder: work at or below it; label: what would be called so;
    value TEXT NOT NULL,              -- remote, repository: seen there (address; git folder or folder)
    project TEXT NOT NULL,
    PRIMARY KEY (kind, value)
) WITHOUT ROWID;

CREATE INDEX places_project ON places (project, kind);

-- What people changed, and what takes it back. Rows are only added, until they are too old.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,      -- people name it: no number is given twice
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,                -- cli, viewer, mcp
    label TEXT NOT NULL,              -- what was done: `edit memory 12`
    undoes INTEGER,                   -- the entry that this one took back
    added TEXT,                       -- JSON: first and last id by table, when rows were only added
    size INTEGER NOT NULL DEFAULT 0   -- bytes of its changes
);

CREATE TABLE journal_changes (
    id INTEGER PRIMARY KEY,
    entry INTEGER NOT NULL REFERENCES journal (id),
    changes BLOB NOT NULL             -- a stretch of the changeset that takes the entry back
);

CREATE INDEX journal_changes_entry ON journal_changes (entry);

CREATE TABLE usage_events (
    id INTEGER PRIMARY KEY,
    session_id INTEGER REFERENCES sessions (id),
    event TEXT NOT NULL,              -- observe, pack
    tokens_read INTEGER NOT NULL DEFAULT 0,
    tokens_written INTEGER NOT NULL DEFAULT 0,
    tokens_saved INTEGER NOT NULL DEFAULT 0,
    tokens_cached INTEGER NOT NULL DEFAULT 0,  -- of tokens_read, what came from the provider's cache
    cost_usd REAL,                    -- NULL: no price is known
    runtime TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',  -- with stream_id, for which session; a batch may fail before
    stream_id TEXT NOT NULL DEFAULT '',        -- the session has a row
    created_ms INTEGER NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}'
);

CREATE INDEX usage_observed ON usage_events (created_ms) WHERE event = 'observe';
CREATE INDEX usage_streams ON usage_events (source, stream_id);
CREATE INDEX usage_told ON usage_events (json_extract(metadata, '$.project'), id) WHERE event = 'pack';

-- How long hooks took, counted in steps.
CREATE TABLE hook_times (
    day TEXT NOT NULL,                -- of this machine's time zone, YYYY-MM-DD
    source TEXT NOT NULL,
    hook TEXT NOT NULL,
    step_ms INTEGER NOT NULL,         -- it took at most so long
    count INTEGER NOT NULL,
    PRIMARY KEY (day, source, hook, step_ms)
) WITHOUT ROWID;

CREATE TABLE ledger (
    day TEXT NOT NULL,                -- UTC, YYYY-MM-DD
    source TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 0,
    stored INTEGER NOT NULL DEFAULT 0,
    duplicate INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, source)
) WITHOUT ROWID;
