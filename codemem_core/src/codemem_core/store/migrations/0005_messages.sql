-- What people asked and what agents answered last, word for word: found and quoted beside memories.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,      -- people name it: no number is given twice
    stream INTEGER NOT NULL REFERENCES streams (id),
    seq INTEGER NOT NULL,             -- the number of its event
    role TEXT NOT NULL,               -- prompt, reply
    origin TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    text TEXT NOT NULL,
    words TEXT NOT NULL DEFAULT '',   -- indexed, not shown: parts of identifiers, pairs of letters
    active INTEGER NOT NULL DEFAULT 1,
    UNIQUE (stream, seq, origin)
);

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, words,
    content = 'messages', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO messages_fts (messages_fts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts (rowid, text, words) VALUES (new.id, new.text, new.words);
END;
CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text, words)
    VALUES ('delete', old.id, old.text, old.words);
END;
CREATE TRIGGER messages_fts_update AFTER UPDATE OF text, words ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text, words)
    VALUES ('delete', old.id, old.text, old.words);
    INSERT INTO messages_fts (rowid, text, words) VALUES (new.id, new.text, new.words);
END;
-- Retention deletes events: a message goes with its event.
CREATE TRIGGER messages_expire AFTER DELETE ON raw_events BEGIN
    DELETE FROM messages WHERE stream = old.stream AND seq = old.seq;
END;

-- The last event whose messages are in the table; the server catches up with older streams.
ALTER TABLE streams ADD COLUMN messages_seq INTEGER NOT NULL DEFAULT -1;
CREATE INDEX streams_unread ON streams (id) WHERE messages_seq < last_flushed_seq;
