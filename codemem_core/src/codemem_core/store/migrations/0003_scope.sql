-- Where a memory holds: `project`, or `user` for every project of the user.
ALTER TABLE memories ADD COLUMN scope TEXT NOT NULL DEFAULT 'project';

CREATE INDEX memories_preferences ON memories (created_ms) WHERE kind = 'preference';
