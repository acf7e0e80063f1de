-- What changed in memories, in the order of the commits, for whoever follows. Triggers write it, so
-- that a change and its row here are one transaction whoever makes it; nothing while nobody follows.
CREATE TABLE change_clock (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    hlc INTEGER NOT NULL,             -- hybrid logical clock: epoch ms * 65536 + counter; only grows
    origin TEXT NOT NULL DEFAULT ''   -- who makes the changes of the transaction that runs; '': this machine
);
INSERT INTO change_clock (id, hlc) VALUES (0, 0);

CREATE TABLE change_followers (
    name TEXT PRIMARY KEY,
    seq INTEGER NOT NULL              -- the last change it took
) WITHOUT ROWID;

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,     -- followers remember it: no number is given twice
    memory_id INTEGER NOT NULL,       -- no foreign key: it outlives a deleted memory
    key TEXT NOT NULL,
    action TEXT NOT NULL,             -- added, edited, moved, forgotten, superseded, restored, deleted
    fields TEXT NOT NULL DEFAULT '',  -- of an edit: the columns, space-separated
    hlc INTEGER NOT NULL,
    origin TEXT NOT NULL
);

-- Plugins keep tables of their own here, made and upgraded by numbered steps of theirs.
CREATE TABLE plugin_tables (
    plugin TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER changes_added AFTER INSERT ON memories
WHEN EXISTS (SELECT 1 FROM change_followers) BEGIN
    UPDATE change_clock SET hlc = max(hlc + 1, CAST(unixepoch('subsec') * 1000 AS INTEGER) << 16);
    INSERT INTO changes (memory_id, key, action, hlc, origin)
    SELECT new.id, new.key, 'added', hlc, origin FROM change_clock;
END;

CREATE TRIGGER changes_edited
AFTER UPDATE OF title, body, narrative, facts, tags, confirmed, pinned ON memories
WHEN EXISTS (SELECT 1 FROM change_followers)
 AND (old.title, old.body, old.narrative, old.facts, old.tags, old.confirmed, old.pinned)
     IS NOT (new.title, new.body, new.narrative, new.facts, new.tags, new.confirmed, new.pinned)
BEGIN
    UPDATE change_clock SET hlc = max(hlc + 1, CAST(unixepoch('subsec') * 1000 AS INTEGER) << 16);
    INSERT INTO changes (memory_id, key, action, fields, hlc, origin)
    SELECT new.id, new.key, 'edited', concat_ws(' ',
               CASE WHEN old.title IS NOT new.title THEN 'title' END,
               CASE WHEN old.body IS NOT new.body THEN 'body' END,
               CASE WHEN old.narrative IS NOT new.narrative THEN 'narrative' END,
               CASE WHEN old.facts IS NOT new.facts THEN 'facts' END,
               CASE WHEN old.tags IS NOT new.tags THEN 'tags' END,
               CASE WHEN old.confirmed IS NOT new.confirmed THEN 'confirmed' END,
               CASE WHEN old.pinned IS NOT new.pinned THEN 'pinned' END), hlc, origin
      FROM change_clock;
END;

CREATE TRIGGER changes_active AFTER UPDATE OF active ON memories
WHEN EXISTS (SELECT 1 FROM change_followers) AND old.active IS NOT new.active BEGIN
    UPDATE change_clock SET hlc = max(hlc + 1, CAST(unixepoch('subsec') * 1000 AS INTEGER) << 16);
    INSERT INTO changes (memory_id, key, action, hlc, origin)
    SELECT new.id, new.key, CASE WHEN new.active THEN 'restored'
                                 WHEN new.superseded_by IS NOT NULL THEN 'superseded'
                                 ELSE 'forgotten' END, hlc, origin
      FROM change_clock;
END;

CREATE TRIGGER changes_moved AFTER UPDATE OF project ON memories
WHEN EXISTS (SELECT 1 FROM change_followers) AND old.project IS NOT new.project BEGIN
    UPDATE change_clock SET hlc = max(hlc + 1, CAST(unixepoch('subsec') * 1000 AS INTEGER) << 16);
    INSERT INTO changes (memory_id, key, action, hlc, origin)
    SELECT new.id, new.key, 'moved', hlc, origin FROM change_clock;
END;

CREATE TRIGGER changes_deleted AFTER DELETE ON memories
WHEN EXISTS (SELECT 1 FROM change_followers) BEGIN
    UPDATE change_clock SET hlc = max(hlc + 1, CAST(unixepoch('subsec') * 1000 AS INTEGER) << 16);
    INSERT INTO changes (memory_id, key, action, hlc, origin)
    SELECT old.id, old.key, 'deleted', hlc, origin FROM change_clock;
END;
