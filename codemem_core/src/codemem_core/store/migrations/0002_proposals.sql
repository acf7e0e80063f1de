-- 1: not injected until a person confirms it; 0: may be injected; NULL: its origin decides.
ALTER TABLE memories ADD COLUMN held INTEGER;

-- What waits for a person's decision.
CREATE TABLE proposals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,      -- people name it: no number is given twice
    key TEXT NOT NULL UNIQUE,         -- deterministic: the same proposal is made once
    action TEXT NOT NULL,             -- confirm, forget (of memory_id), remember (memory)
    memory_id INTEGER REFERENCES memories (id),
    memory TEXT,                      -- JSON of the memory that would be written
    session_id INTEGER REFERENCES sessions (id),
    project TEXT,
    reason TEXT NOT NULL,             -- why a person must decide, one clause
    created_ms INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',        -- open, accepted, rejected
    decided_ms INTEGER
);

CREATE INDEX proposals_open ON proposals (created_ms) WHERE state = 'open';
CREATE INDEX proposals_memory ON proposals (memory_id) WHERE memory_id IS NOT NULL;

CREATE TRIGGER proposals_delete BEFORE DELETE ON memories BEGIN
    DELETE FROM proposals WHERE memory_id = old.id;
END;
