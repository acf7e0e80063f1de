"""A database as codemem 0.19 left it behind, made from the description of its tables."""

from __future__ import annotations

import json
import zlib
from typing import Any

import apsw

AT = "2025-11-03T09:15:00.123456+00:00"
LATER = "2025-11-03T10:00:00.000000+00:00"

_SCHEMA = """
PRAGMA journal_mode = wal;
CREATE TABLE sessions (id INTEGER PRIMARY KEY, started_at TEXT, ended_at TEXT, cwd TEXT,
    project TEXT, git_remote TEXT, git_branch TEXT, user TEXT, tool_version TEXT,
    metadata_json TEXT, import_key TEXT);
CREATE TABLE artifacts (id INTEGER PRIMARY KEY,
    session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, kind TEXT, path TEXT,
    content_text TEXT, content_hash TEXT, created_at TEXT, metadata_json TEXT,
    content_encoding TEXT, content_blob BLOB);
CREATE TABLE memory_items (id INTEGER PRIMARY KEY,
    session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, kind TEXT, title TEXT,
    body_text TEXT, confidence REAL DEFAULT 0.5, tags_text TEXT DEFAULT '',
    active INTEGER DEFAULT 1, created_at TEXT, updated_at TEXT, metadata_json TEXT,
    actor_id TEXT, actor_display_name TEXT, visibility TEXT, workspace_id TEXT,
    workspace_kind TEXT, origin_device_id TEXT, origin_source TEXT, trust_state TEXT,
    user_prompt_id INTEGER, deleted_at TEXT, rev INTEGER DEFAULT 0, import_key TEXT,
    subtitle TEXT, facts TEXT, narrative TEXT, concepts TEXT, files_read TEXT,
    files_modified TEXT, prompt_number INTEGER);
CREATE VIRTUAL TABLE memory_fts USING fts5 (title, body_text, tags_text,
    content = 'memory_items', content_rowid = 'id');
CREATE TRIGGER memory_items_ai AFTER INSERT ON memory_items BEGIN
    INSERT INTO memory_fts (rowid, title, body_text, tags_text)
    VALUES (new.id, new.title, new.body_text, new.tags_text);
END;
CREATE TABLE usage_events (id INTEGER PRIMARY KEY,
    session_id INTEGER REFERENCES sessions (id) ON DELETE SET NULL, event TEXT,
    tokens_read INTEGER, tokens_written INTEGER, tokens_saved INTEGER, created_at TEXT,
    metadata_json TEXT);
CREATE TABLE user_prompts (id INTEGER PRIMARY KEY, session_id INTEGER, project TEXT,
    prompt_text TEXT, prompt_number INTEGER, created_at TEXT, created_at_epoch INTEGER,
    metadata_json TEXT, import_key TEXT);
CREATE TABLE session_summaries (id INTEGER PRIMARY KEY, session_id INTEGER, project TEXT,
    request TEXT, investigated TEXT, learned TEXT, completed TEXT, next_steps TEXT, notes TEXT,
    files_read TEXT, files_edited TEXT, prompt_number INTEGER, created_at TEXT,
    created_at_epoch INTEGER, metadata_json TEXT, import_key TEXT);
CREATE TABLE raw_events (id INTEGER PRIMARY KEY, source TEXT DEFAULT 'opencode', stream_id TEXT,
    opencode_session_id TEXT, event_id TEXT, event_seq INTEGER, event_type TEXT,
    ts_wall_ms INTEGER, ts_mono_ms REAL, payload_json TEXT, created_at TEXT,
    UNIQUE (source, stream_id, event_seq), UNIQUE (source, stream_id, event_id));
CREATE TABLE raw_event_sessions (source TEXT, stream_id TEXT, opencode_session_id TEXT, cwd TEXT,
    project TEXT, started_at TEXT, last_seen_ts_wall_ms INTEGER,
    last_received_event_seq INTEGER DEFAULT -1, last_flushed_event_seq INTEGER DEFAULT -1,
    updated_at TEXT, PRIMARY KEY (source, stream_id));
CREATE TABLE raw_event_flush_batches (id INTEGER PRIMARY KEY, source TEXT, stream_id TEXT,
    opencode_session_id TEXT, start_event_seq INTEGER, end_event_seq INTEGER,
    extractor_version TEXT, status TEXT, created_at TEXT, updated_at TEXT,
    attempt_count INTEGER DEFAULT 0,
    UNIQUE (source, stream_id, start_event_seq, end_event_seq, extractor_version));
CREATE TABLE opencode_sessions (source TEXT, stream_id TEXT, opencode_session_id TEXT,
    session_id INTEGER, created_at TEXT, PRIMARY KEY (source, stream_id));
CREATE TABLE raw_event_ingest_stats (id INTEGER PRIMARY KEY, inserted_events INTEGER,
    skipped_events INTEGER, skipped_invalid INTEGER, skipped_duplicate INTEGER,
    skipped_conflict INTEGER, updated_at TEXT);
CREATE TABLE actors (actor_id TEXT PRIMARY KEY, display_name TEXT, is_local INTEGER, status TEXT,
    merged_into_actor_id TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE replication_ops (op_id TEXT PRIMARY KEY, entity_type TEXT, entity_id TEXT,
    op_type TEXT, payload_json TEXT, clock_rev INTEGER, clock_updated_at TEXT,
    clock_device_id TEXT, device_id TEXT, created_at TEXT);
CREATE INDEX memory_items_active ON memory_items (active, created_at DESC);
PRAGMA user_version = 6;
"""


class Golden:
    """A database of 0.19 in the making; closed, it is as that release leaves it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.db = apsw.Connection(path)
        self.db.execute(_SCHEMA).fetchall()

    def put(self, table: str, **fields: Any) -> int:
        """Insert a row; objects and lists become JSON."""
        values = [
            json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v
            for v in fields.values()
        ]
        marks = ", ".join("?" * len(values))
        self.db.execute(f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})", values)
        return self.db.last_insert_rowid()

    def memory(self, session: int, title: str, **fields: Any) -> int:
        """Insert a memory as 0.19 writes it for its own user."""
        usual = {
            "kind": "discovery", "body_text": f"{title}, at length", "tags_text": "discovery vat",
            "created_at": AT, "updated_at": AT, "metadata_json": {"source": "observer"},
            "actor_id": "me", "visibility": "shared", "trust_state": "trusted", "rev": 1,
            "import_key": f"key-{title}",
        }  # fmt: skip
        return self.put("memory_items", session_id=session, title=title, **usual | fields)

    def event(self, stream: str, seq: int, **fields: Any) -> int:
        """Insert a raw event: a prompt as the OpenCode plugin of 0.19 sends it."""
        usual = {
            "source": "opencode", "event_id": f"event-{stream}-{seq}", "event_type": "user_prompt",
            "ts_wall_ms": 1_762_161_300_000 + seq,
            "payload_json": {"type": "user_prompt", "prompt_text": f"prompt {seq}"},
            "opencode_session_id": stream, "created_at": AT,
        }  # fmt: skip
        return self.put("raw_events", stream_id=stream, event_seq=seq, **usual | fields)

    def close(self, *, keep_wal: bool = False) -> str:
        """Close it and return its path; `keep_wal` as after a crash."""
        if keep_wal:
            self.db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self.db.close()
        return self.path


def everyday(path: str) -> Golden:
    """Make a small database with something in every table."""
    golden = Golden(path)
    golden.put("actors", actor_id="me", display_name="Me", is_local=1, status="active")
    golden.put("actors", actor_id="peer", display_name="Peer", is_local=0, status="active")
    session = golden.put(
        "sessions", started_at=AT, ended_at=LATER, cwd="/work/shop", project="shop",
        git_branch="main", user="ann", tool_version="raw_events",
        metadata_json={"source": "plugin", "event_count": 3}, import_key="session-1",
    )  # fmt: skip
    by_hand = golden.put("sessions", started_at=AT, cwd="/tmp", project="fatal: not a git repo")
    golden.put("opencode_sessions", source="opencode", stream_id="ses_1", session_id=session)
    _memories(golden, session, by_hand)
    golden.put("user_prompts", session_id=session, prompt_text="why is VAT rounded per rate",
               prompt_number=1, created_at=AT, created_at_epoch=1_762_161_300_123)  # fmt: skip
    golden.put("user_prompts", session_id=99, prompt_text="lost", created_at=AT)
    said = {
        "request": "Fix VAT",
        "completed": "Rounded per rate",
        "learned": "Per rate",
        "notes": "",
    }
    golden.put("session_summaries", session_id=session, created_at=AT, **said)
    golden.put("session_summaries", session_id=session, created_at=LATER, request="Ship it",
               completed="Shipped 1.2", files_edited=["a.py"])  # fmt: skip
    golden.memory(session, "Fix VAT", kind="session_summary", metadata_json=said)
    golden.put("usage_events", session_id=session, event="observe", tokens_read=900,
               tokens_written=80, tokens_saved=0, created_at=AT, metadata_json={})  # fmt: skip
    text = zlib.compress(b"User: hello\n" * 1000, 6)
    golden.put("artifacts", session_id=session, kind="transcript", created_at=AT,
               content_encoding="zlib+utf8", content_blob=text, metadata_json={})  # fmt: skip
    golden.put("replication_ops", op_id="op-1", entity_type="memory", op_type="upsert")
    _events(golden)
    return golden


def _memories(golden: Golden, session: int, by_hand: int) -> None:
    golden.memory(session, "VAT is rounded per rate", kind="decision", subtitle="not per line",
                  facts=["19 %", "7 %"], concepts=["why-it-exists"], files_modified=["vat.py"],
                  narrative="It has to be.", confidence=0.6, prompt_number=1)  # fmt: skip
    golden.memory(session, "Forgotten one", active=0, deleted_at=LATER, updated_at=LATER)
    golden.memory(by_hand, "A project of old", kind="project", import_key=None, facts="not json")
    golden.memory(by_hand, "From a peer", actor_id="peer", trust_state="unreviewed")
    golden.memory(by_hand, "With a key", body_text="export KEY=AKIAIOSFODNN7EXAMPLQ done")


def _events(golden: Golden) -> None:
    for seq in range(4):
        golden.event("ses_1", seq)
    golden.put("raw_event_sessions", source="opencode", stream_id="ses_1", cwd="/work/shop",
               project="shop", started_at=AT, last_received_event_seq=3,
               last_flushed_event_seq=1)  # fmt: skip
    golden.put("raw_event_flush_batches", source="opencode", stream_id="ses_1", start_event_seq=0,
               end_event_seq=1, extractor_version="v1", status="completed")  # fmt: skip
    envelope = {
        "schema_version": "1.0", "source": "claude", "session_id": "c-1",
        "event_id": "evt-claude-1",
        "event_type": "prompt", "ts": "2025-11-03T09:15:00Z", "payload": {"text": "hello"},
    }  # fmt: skip
    golden.event("c-1", 0, source="claude", event_id="evt-claude-1", event_type="claude.hook",
                 payload_json={"type": "claude.hook", "_adapter": envelope})  # fmt: skip
    # Before sources had a column of their own they stood before the id.
    golden.put("raw_events", source="", stream_id="", opencode_session_id="claude:old-1",
               event_seq=0, event_id="evt-source-less", event_type="note",
               payload_json={"text": "old"})  # fmt: skip
    golden.event("msg_1", 0)
