"""Bring over what a database of codemem 0.19 holds.

Everything gets a key made from what 0.19 called it, so that a second run, or one after more work
with 0.19, brings only what is new. Prompts have no table here: they go into the metadata of their
session.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import apsw

from codemem_core.capture.intake import Intake
from codemem_core.errors import InputError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, memories
from codemem_core.store.engine.store import Store
from codemem_transfer import writes
from codemem_transfer.legacy import rows as adopted
from codemem_transfer.legacy.database import Legacy
from codemem_transfer.legacy.rows import Row

THERE = "already there"
_LEFT = {
    "artifacts": "left in the old file: transcripts and snapshots of folders",
    "opencode_sessions": "kept as the streams of the sessions",
    "raw_event_flush_batches": "their events are memories, or wait again",
    "raw_event_ingest_stats": "counted anew",
    "raw_event_ingest_samples": "counted anew",
}
_NOT_OURS = "left in the old file: syncing and the like"


@dataclass(slots=True)
class Table:
    """What became of the rows of one table: `read = written + sum of skipped`."""

    read: int = 0
    written: int = 0
    skipped: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many were left out, by reason."""

    def count(self, skipped: str | None, *, rows: int = 1) -> None:
        """Count rows, written or skipped for a reason."""
        self.read += rows
        if skipped is None:
            self.written += rows
        else:
            self.skipped[skipped] += rows


@dataclass(slots=True)
class Report:
    """What an adoption did, by table of the old database."""

    tables: dict[str, Table] = field(default_factory=lambda: defaultdict(Table))

    def to_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            name: {"read": table.read, "written": table.written, "skipped": dict(table.skipped)}
            for name, table in self.tables.items()
        }


def adopt(
    store: Store, plugins: Plugins, legacy: Legacy, *, trust: bool = False, now_ms: int
) -> Report:
    """Bring over sessions, prompts, memories, summaries, waiting events and usage.

    In one transaction. `trust` confirms the memories that are the user's own, those adopted before
    too. Raises `StoreError`.
    """
    return store.write(lambda db: _Adoption(db, plugins, legacy, trust, now_ms).run())


class _Adoption:
    """One run."""

    def __init__(
        self, db: apsw.Connection, plugins: Plugins, legacy: Legacy, trust: bool, now_ms: int
    ) -> None:
        self._db = db
        self._intake = Intake(plugins)
        self._legacy = legacy
        self._trust = trust
        self._now_ms = now_ms
        self._report = Report()
        self._sessions: dict[Any, int] = {}

    def run(self) -> Report:
        self._adopt_sessions()
        self._adopt_memories()
        self._adopt_summaries()
        self._adopt_events()
        self._adopt_usage()
        for name in sorted(self._legacy.names - set(self._report.tables)):
            if not name.startswith(("sqlite_", "memory_fts", "memory_vectors")):
                table = self._report.tables[name]
                table.read = self._legacy.count(name)
                if table.read:
                    table.skipped[_LEFT.get(name, _NOT_OURS)] = table.read
        return self._report

    # --- sessions and what people asked ----------------------------------------------------------

    def _adopt_sessions(self) -> None:
        streams = {
            row["session_id"]: adopted.stream_of(row)
            for row in self._legacy.table("opencode_sessions")
        }
        prompts: dict[Any, list[Row]] = defaultdict(list)
        for row in self._legacy.table("user_prompts", order="id"):
            prompts[row.get("session_id")].append(row)
        for row in self._legacy.table("sessions", order="id"):
            asked = prompts.pop(row["id"], [])
            session = adopted.session_of(row, streams.get(row["id"]), now_ms=self._now_ms)
            self._sessions[row["id"]], new = writes.session(self._db, session)
            self._report.tables["sessions"].count(None if new else THERE)
            self._adopt_prompts(self._sessions[row["id"]], asked)
        for rows in prompts.values():
            for _ in rows:
                self._report.tables["user_prompts"].count("its session is gone")

    def _adopt_prompts(self, session_id: int, rows: list[Row]) -> None:
        given = [adopted.prompt_of(row) for row in rows]
        new = writes.prompts(self._db, session_id, given)
        for prompt in given:
            self._report.tables["user_prompts"].count(None if prompt["id"] in new else THERE)

    def _session(self, old_id: Any) -> int:  # noqa: ANN401 - as the old file has it
        """Return the session's id here; one that is gone there gets a stand-in."""
        if old_id not in self._sessions:
            lost = adopted.session_of({"id": old_id}, None, now_ms=self._now_ms)
            self._sessions[old_id], _ = writes.session(self._db, lost)
        return self._sessions[old_id]

    # --- memories --------------------------------------------------------------------------------

    def _adopt_memories(self) -> None:
        mine = adopted.local_actors(self._legacy.table("actors"))
        for row in self._legacy.table("memory_items", order="id"):
            state = adopted.state_of(row, trust=self._trust and adopted.is_own(row, mine))
            self._remember(row, adopted.memory_of(row), state, "memory_items")

    def _adopt_summaries(self) -> None:
        told = {
            adopted.gist(row)
            for row in self._legacy.table("memory_items")
            if row["kind"] == "session_summary"
        }
        for row in self._legacy.table("session_summaries", order="id"):
            if adopted.gist(row) in told:
                self._report.tables["session_summaries"].count("kept as a memory")
                continue
            new = adopted.summary_of(row)
            if not new.body:
                self._report.tables["session_summaries"].count("empty")
                continue
            self._remember(row, new, writes.State(confirmed=self._trust), "session_summaries")

    def _remember(self, row: Row, new: NewMemory, state: writes.State, table: str) -> None:
        session = self._session(row["session_id"])
        made = memories.add(self._db, new, session_id=session, now_ms=self._now_ms)
        writes.settle(self._db, new.key, state, new=made is not None)
        self._report.tables[table].count(THERE if made is None else None)

    # --- events that wait ------------------------------------------------------------------------

    def _adopt_events(self) -> None:
        streams = {adopted.stream_of(row): row for row in self._legacy.table("raw_event_sessions")}
        waiting = set()
        listed = self._legacy.table("raw_events", order="source, stream_id, event_seq")
        for key, rows in groupby(listed, key=adopted.stream_of):
            if self._adopt_stream(key, streams.get(key, {}), rows):
                waiting.add(key)
        for key in streams:
            skipped = None if key in waiting else "nothing waits"
            self._report.tables["raw_event_sessions"].count(skipped)

    def _adopt_stream(self, key: StreamKey, stream: Row, rows: Iterator[Row]) -> bool:
        """Store the events the old cursor has not passed; say whether there were any new ones."""
        flushed = stream.get("last_flushed_event_seq", -1)
        table, stored = self._report.tables["raw_events"], False
        for row in rows:
            if row["event_seq"] <= flushed:
                table.count("made into memories")
                continue
            try:
                event = self._event(key, stream, row)
            except InputError as error:
                table.count(f"not usable: {error}")
                continue
            inserted = events.append(self._db, [event], now_ms=self._now_ms).inserted
            table.count(None if inserted else THERE)
            stored = stored or inserted > 0
        return stored

    def _event(self, key: StreamKey, stream: Row, row: Row) -> RawEvent:
        event = self._intake.adopted(adopted.delivery_of(key, stream, row))
        # The folder may be gone, or another repository by now: the old name counts.
        return replace(event, project=adopted.project_of(stream) or event.project)

    # --- usage -----------------------------------------------------------------------------------

    def _adopt_usage(self) -> None:
        there = writes.usage_keys(self._db)
        for row in self._legacy.table("usage_events", order="id"):
            spent = adopted.usage_of(row, now_ms=self._now_ms)
            if spent["key"] not in there:
                session = self._sessions.get(row.get("session_id"))
                writes.usage(self._db, spent | {"session": session})
            self._report.tables["usage_events"].count(THERE if spent["key"] in there else None)
