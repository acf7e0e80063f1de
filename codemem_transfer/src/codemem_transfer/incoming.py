"""What comes from elsewhere: read and checked first, then written in one transaction.

Reading, redacting and checking 100,000 memories takes a minute, in which others write; so it all
goes into a temporary database first, as the rows it will be. That is on disk and gone when this
process ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import apsw

from codemem_core.distil.forgotten import Statement, tombstones_of
from codemem_core.records.memory import NewMemory
from codemem_core.store import journal
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_core.store.sessions import project_of
from codemem_transfer import writes
from codemem_transfer.legacy.adoption import THERE, Report
from codemem_transfer.writes import Session, State

_TABLES = f"""
    PRAGMA journal_mode = off;
    CREATE TABLE sessions (name TEXT PRIMARY KEY, given TEXT NOT NULL);
    CREATE TABLE prompts (session TEXT NOT NULL, given TEXT NOT NULL);
    CREATE TABLE memories (source, session, known_as, outdated_by, {", ".join(writes.COLUMNS)});
    CREATE TABLE gists (gist TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_TAKE = f"INSERT INTO memories VALUES ({', '.join('?' * (4 + len(writes.COLUMNS)))})"  # noqa: S608
REFRESHED = "refreshed"
FORGOTTEN = "forgotten here"
Progress = Callable[[str, int, int], object]
"""Called with what is being done, how many memories of it are done and of how many (0: unknown)."""


def _was_forgotten(db: apsw.Connection, row: Sequence[Any], *, session_id: int) -> bool:
    """Say whether a person had what a row of `writes.COLUMNS` says forgotten in its project."""
    said = dict(zip(writes.COLUMNS, row, strict=True))
    project = said["project"] or project_of(db, session_id)
    return bool(tombstones_of(db, Statement(said["kind"], said["title"], said["body"], project)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How an import is called where it can be undone."""

    text: str
    by: str = "cli"


@dataclass(slots=True)
class Incoming:
    """Sessions, prompts and memories that are about to be written."""

    now_ms: int
    progress: Progress = lambda _what, _done, _total: None
    refresh: bool = False
    """Whether the metadata of what is there already is replaced by what comes."""
    replace: bool = False
    """Whether what came from the same place before, and said something else, is forgotten."""
    report: Report = field(default_factory=Report)
    _db: apsw.Connection = field(default_factory=lambda: apsw.Connection(""))
    _memories: int = 0

    def __post_init__(self) -> None:
        """Make the temporary tables."""
        rows(self._db, _TABLES)
        self._db.execute("BEGIN")  # a database of its own: nobody to take turns with

    def session(self, name: object, given: Session) -> None:
        """Take a session; `name` is how its memories refer to it."""
        self._db.execute(
            "INSERT INTO sessions (name, given) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (str(name), json.dumps(asdict(given))),
        )

    def prompt(self, session: object, given: dict[str, Any]) -> None:
        """Take what a person asked in a session."""
        fields = (str(session), json.dumps(given))
        self._db.execute("INSERT INTO prompts (session, given) VALUES (?, ?)", fields)

    def memory(
        self, session: object, new: NewMemory, state: State, *, table: str, known_as: str = ""
    ) -> None:
        """Take a memory of `table`; it is there already when one has its key or `known_as`."""
        row = writes.row_of(new, state, now_ms=self.now_ms)
        self._db.execute(_TAKE, (table, str(session), known_as or new.key, state.outdated_by, *row))
        self._memories += 1
        self.progress("read", self._memories, 0)

    def told(self, gist: object) -> bool:
        """Say whether this was called with the same value before."""
        change = "INSERT INTO gists (gist) VALUES (?) ON CONFLICT DO NOTHING"
        self._db.execute(change, (repr(gist),))
        return not self._db.changes()

    def close(self) -> None:
        """Throw away what was taken."""
        self._db.close(True)

    # --- writing ---------------------------------------------------------------------------------

    def look(self, db: apsw.Connection | None) -> Report:
        """Count what would be written; `db` is None when there is no database yet."""
        for name in self._names():
            there = db is not None and writes.find_session(db, self._session(name)) is not None
            self.report.tables["sessions"].count(THERE if there else None)
        for table, *keys in self._db.execute("SELECT source, known_as, key FROM memories"):
            there = db is not None and writes.is_there(db, *keys)
            self.report.tables[table].count(THERE if there else None)
        return self.report

    def write(self, store: Store, label: Label) -> Report:
        """Write it all in one transaction, as one entry of the journal; raises `StoreError`."""

        def change(db: apsw.Connection) -> Report:
            with journal.recorded(db, label.text, by=label.by, now_ms=self.now_ms) as recording:
                with recording.additions():
                    self._write(db)
                if self.refresh:
                    self._refresh(db)
                if self.replace:
                    self._replace(db)
            return self.report

        return store.write(change)

    def _write(self, db: apsw.Connection) -> None:
        sessions = self._write_sessions(db)
        outdated = self._write_memories(db, sessions)
        for key, newer in outdated.items():  # once both are there
            writes.outdate(db, key, newer)

    def _write_sessions(self, db: apsw.Connection) -> dict[str, int]:
        """Write the sessions and return their ids by what their memories call them."""
        sessions: dict[str, int] = {}
        for name in self._names():
            given = self._session(name)
            sessions[name], new = writes.session_of(db, given)
            self.report.tables["sessions"].count(None if new else THERE)
            for _ in given.metadata.get("prompts", ()):
                self.report.tables["user_prompts"].count(None if new else THERE)
        return sessions

    def _write_memories(self, db: apsw.Connection, sessions: dict[str, int]) -> dict[str, str]:
        """Write the memories; return the keys of those that newer ones outdate, and whose."""
        outdated: dict[str, str] = {}
        each = self._db.execute("SELECT * FROM memories ORDER BY rowid")
        for done, (table, session, known_as, newer, *row) in enumerate(each, 1):
            self.progress("written", done, self._memories)
            if session not in sessions:
                if writes.is_there(db, known_as, row[0]):
                    self.report.tables[table].count(THERE)
                    continue
                sessions[session], _ = writes.session_of(db, self._stand_in(session))
            if _was_forgotten(db, row, session_id=sessions[session]):
                self.report.tables[table].count(FORGOTTEN)
                continue
            new = writes.add(db, row, session_id=sessions[session], known_as=known_as)
            self.report.tables[table].count(None if new else THERE)
            if new and newer:
                outdated[row[0]] = newer
        return outdated

    def _refresh(self, db: apsw.Connection) -> None:
        for table, key, metadata in self._db.execute("SELECT source, key, metadata FROM memories"):
            if writes.refresh(db, key, metadata, now_ms=self.now_ms):
                self.report.tables[table].skipped[REFRESHED] += 1
                self.report.tables[table].skipped[THERE] -= 1

    def _replace(self, db: apsw.Connection) -> None:
        query = f"SELECT {writes.FILE}, json_group_array(key) FROM memories GROUP BY 1"  # noqa: S608
        for place, present in self._db.execute(query):
            writes.retire(db, json.loads(place), json.loads(present), now_ms=self.now_ms)

    def _names(self) -> list[str]:
        return [name for (name,) in rows(self._db, "SELECT name FROM sessions ORDER BY rowid")]

    def _session(self, name: str) -> Session:
        fields = json.loads(
            self._db.execute("SELECT given FROM sessions WHERE name = ?", (name,)).get
        )
        fields["stream"] = tuple(fields["stream"]) if fields["stream"] else None
        asked = rows(
            self._db, "SELECT given FROM prompts WHERE session = ? ORDER BY rowid", (name,)
        )
        if asked:
            fields["metadata"]["prompts"] = [json.loads(prompt) for (prompt,) in asked]
        return Session(**fields)

    def _stand_in(self, name: str) -> Session:
        """Return a session for memories whose own is not in the file."""
        return Session(key=f"import|session|{name}", stream=None, started_ms=self.now_ms)
