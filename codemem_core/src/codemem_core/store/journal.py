"""The journal: what people changed, kept so that it can be taken back.

Whatever a person may want back runs inside `recorded`, in the transaction of the change:

    def change(db: apsw.Connection) -> None:
        with journal.recorded(db, "pin memory 12", by="cli", now_ms=now_ms):
            memories.edit(db, 12, {"pinned": True}, now_ms=now_ms)

    store.write(change)

SQLite's session extension notes the rows as they were, and what turns them back is kept. Search
index and vectors follow by their triggers. Old text stays in here for a while: whoever purges a
secret must call `clear`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import apsw

from codemem_core.errors import ChangedSince, NotFound
from codemem_core.store.engine.connection import rows

TABLES = {
    "sessions": "session",
    "streams": "stream",
    "memories": "memory",
    "messages": "message",
    "places": "place",
    "usage_events": "usage figure",
    "proposals": "proposal",
}
"""Tables whose rows people change, and what one row is called."""
KEPT_MS = 90 * 86_400_000
"""How long a change can be undone."""
KEPT_BYTES = 64 * 1024 * 1024
"""What all entries may hold together; the newest is kept whatever its size."""
_STRETCH = 1024 * 1024
"""Bytes of a changeset in one row: our connections refuse values over 16 MB."""
_ADDED = ("memories", "sessions")
"""Tables that grow by an import, in the order in which their rows can be deleted."""


@dataclass(slots=True, kw_only=True)
class Recording:
    """A change that is being noted."""

    entry: int | None = None
    """Its number once the block has ended; None when the block changed nothing."""
    added: dict[str, tuple[int, int]] = field(default_factory=dict)
    """First and last id of the rows of a table that `additions` noted."""
    _db: apsw.Connection
    _session: apsw.Session

    @contextmanager
    def additions(self) -> Iterator[None]:
        """Note which memories and sessions the block adds; it must not touch any that are there.

        An import of 100,000 memories is kept as four numbers. Undoing it deletes them, and what
        brings them back is importing them again. At most once in a recording.
        """
        before = {table: _last_id(self._db, table) for table in _ADDED}
        self._session.enabled = False
        yield
        self._session.enabled = True
        ids = {table: (before[table] + 1, _last_id(self._db, table)) for table in _ADDED}
        self.added |= {
            table: (first, last) for table, (first, last) in ids.items() if first <= last
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A change that somebody made."""

    id: int
    at_ms: int
    who: str
    """`cli`, `viewer` or `mcp`."""
    label: str
    """What was done, like `edit memory 12`."""
    undoes: int | None
    """The entry it took back, when it is an undo."""
    undone: bool = False
    """Whether it is taken back at present."""


# --- writing -------------------------------------------------------------------------------------


@contextmanager
def recorded(
    db: apsw.Connection, label: str, *, by: str, now_ms: int, undoes: int | None = None
) -> Iterator[Recording]:
    """Note what the block changes in `TABLES` as one entry, which can be undone.

    A block that changes nothing leaves no entry; one that raises, neither. Not to be nested. While
    it runs, memory grows by what is changed: of an updated row the columns that are, of a deleted
    one all. For many added rows there is `Recording.additions`.
    """
    session = apsw.Session(db, "main")
    recording = Recording(_db=db, _session=session)
    try:
        for table in TABLES:
            session.attach(table)
        yield recording
        changes = apsw.Changeset.invert(session.changeset())
    finally:
        session.close()
    # Two undoes within one millisecond may cancel each other out and count all the same.
    if changes or recording.added or undoes is not None:
        fields = {"who": by, "label": label, "now": now_ms, "undoes": undoes}
        fields |= {"added": json.dumps(recording.added) if recording.added else None}
        recording.entry = _append(db, {**fields, "size": len(changes)}, changes)


def _last_id(db: apsw.Connection, table: str) -> int:
    return int(db.execute(f"SELECT max(id) FROM {table}").get or 0)  # noqa: S608


def _append(db: apsw.Connection, fields: dict[str, object], changes: bytes) -> int:
    db.execute(
        "INSERT INTO journal (at_ms, who, label, undoes, added, size)"
        " VALUES (:now, :who, :label, :undoes, :added, :size)",
        fields,
    )
    entry = db.last_insert_rowid()
    db.executemany(
        "INSERT INTO journal_changes (entry, changes) VALUES (?, ?)",
        ((entry, changes[at : at + _STRETCH]) for at in range(0, len(changes), _STRETCH)),
    )
    _trim(db, now_ms=int(str(fields["now"])))
    return entry


_OLD = """
    SELECT id FROM (SELECT id, at_ms, sum(size) OVER (ORDER BY id DESC) AS so_far FROM journal)
     WHERE (at_ms < :oldest OR so_far > :bytes) AND id < (SELECT max(id) FROM journal)
"""


def _trim(db: apsw.Connection, *, now_ms: int) -> None:
    old = rows(db, _OLD, {"oldest": now_ms - KEPT_MS, "bytes": KEPT_BYTES})
    for table, column in (("journal_changes", "entry"), ("journal", "id")):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", old)  # noqa: S608


def clear(db: apsw.Connection) -> int:
    """Delete every entry, with the text it holds; return how many there were."""
    db.execute("DELETE FROM journal_changes")
    db.execute("DELETE FROM journal")
    return db.changes()


@contextmanager
def rehearsed(db: apsw.Connection) -> Iterator[None]:
    """Roll back what the block does: a dry run that does everything but keep it."""
    db.execute("SAVEPOINT rehearsal")
    try:
        yield
    finally:
        rows(db, "ROLLBACK TO rehearsal; RELEASE rehearsal")


# --- reading -------------------------------------------------------------------------------------


def entries(db: apsw.Connection) -> list[JournalEntry]:
    """Return every change that can be undone, the newest first."""
    query = "SELECT id, at_ms, who, label, undoes FROM journal ORDER BY id DESC"
    found, undone = [], set()
    for number, at_ms, who, label, undoes in rows(db, query):
        taken_back = number in undone
        if undoes is not None and not taken_back:
            undone.add(undoes)
        found.append(
            JournalEntry(
                id=number, at_ms=at_ms, who=who, label=label, undoes=undoes, undone=taken_back
            )
        )
    return found


def newest(db: apsw.Connection) -> JournalEntry:
    """Return the last change that was not undone; undoing it again and again goes back in time.

    Raises `NotFound` when there is none.
    """
    for entry in entries(db):
        if entry.undoes is None and not entry.undone:
            return entry
    raise NotFound("nothing to undo", hint="`codemem history` lists what was changed")


# --- taking back ---------------------------------------------------------------------------------


def undo(db: apsw.Connection, number: int, *, by: str, now_ms: int) -> JournalEntry:
    """Take one change back, whatever came after it, and return its entry.

    Rows are put back only if they are as the change left them; their time of change becomes
    `now_ms`. That is an entry too, so an undo can be undone. Call it in a transaction. Raises
    `NotFound`, or `ChangedSince` with nothing written.
    """
    entry = _undoable(db, number)
    label = f"undo {number}: {entry.label}"
    changes = _changes_of(db, number)
    with recorded(db, label, by=by, now_ms=now_ms, undoes=number) as recording:
        _apply(db, entry, changes)
        db.executemany(
            "UPDATE memories SET updated_ms = ? WHERE id = ?",
            [(now_ms, row) for table, row in _rows_of(changes) if table == "memories"],
        )
        with recording.additions():
            _delete_added(db, entry, _added_by(db, number))
    return entry


def _undoable(db: apsw.Connection, number: int) -> JournalEntry:
    entry = next((entry for entry in entries(db) if entry.id == number), None)
    if entry is None:
        raise NotFound(f"no such change: `{number}`", hint="`codemem history` lists them")
    if entry.undone:
        raise ChangedSince(f"change {number} is undone already: `{entry.label}`")
    if entry.undoes is not None and _added_by(db, entry.undoes):
        raise ChangedSince(f"what is deleted stays so: `{entry.label}`", hint="import it again")
    return entry


def _added_by(db: apsw.Connection, number: int) -> dict[str, tuple[int, int]]:
    found = rows(db, "SELECT added FROM journal WHERE id = ? AND added IS NOT NULL", (number,))
    return json.loads(found[0][0]) if found else {}


def _changes_of(db: apsw.Connection, number: int) -> bytes:
    query = "SELECT changes FROM journal_changes WHERE entry = ? ORDER BY id"
    return b"".join(stretch for (stretch,) in rows(db, query, (number,)))


def _rows_of(changes: bytes) -> set[tuple[str, object]]:
    """Return table and id of each row that a changeset writes to."""
    return {_row_of(change) for change in apsw.Changeset.iter(changes)}


def _row_of(change: apsw.TableChange) -> tuple[str, object]:
    """Return the table and the id, the first column of each of `TABLES`."""
    values = change.new if change.op == "INSERT" else change.old
    assert values is not None
    return change.name, values[0]


def _apply(db: apsw.Connection, entry: JournalEntry, changes: bytes) -> None:
    clock = [row[1] for row in rows(db, "PRAGMA table_info (memories)")].index("updated_ms")
    problem, hint = "", ""

    def conflict(reason: int, change: apsw.TableChange) -> int:
        nonlocal problem, hint
        # A later change of other columns has only this one in common with ours.
        if change.name == "memories" and _changed_since(reason, change) == [clock]:
            return apsw.SQLITE_CHANGESET_REPLACE
        problem, hint = _told(db, entry, reason, change)
        return apsw.SQLITE_CHANGESET_ABORT

    try:
        apsw.Changeset.apply(changes, db, conflict=conflict)
    except (apsw.AbortError, apsw.ConstraintError) as error:
        raise ChangedSince(f"cannot undo `{entry.label}`: {problem}", hint=hint) from error


def _changed_since(reason: int, change: apsw.TableChange) -> list[int]:
    """Return the places of the columns that are not as the change left them."""
    if reason != apsw.SQLITE_CHANGESET_DATA or change.old is None or change.conflict is None:
        return []
    pairs = zip(change.old, change.conflict, strict=False)
    return [n for n, (old, now) in enumerate(pairs) if old is not apsw.no_change and old != now]


def _told(
    db: apsw.Connection, entry: JournalEntry, reason: int, change: apsw.TableChange
) -> tuple[str, str]:
    """Return what stands in the way, and what to do about it."""
    if reason == apsw.SQLITE_CHANGESET_FOREIGN_KEY:
        return "other things belong to what it added", ""
    table, number = row = _row_of(change)
    name = f"{TABLES[table]} {number}"
    if reason == apsw.SQLITE_CHANGESET_NOTFOUND:
        return f"{name} is deleted", ""
    if reason != apsw.SQLITE_CHANGESET_DATA:
        return f"{name} is there again", ""
    for later in entries(db):
        if later.id > entry.id and not later.undone and row in _rows_of(_changes_of(db, later.id)):
            return f"{name} was changed since", f"`codemem undo {later.id}` takes that back"
    return f"{name} was changed since", ""


def _delete_added(
    db: apsw.Connection, entry: JournalEntry, added: dict[str, tuple[int, int]]
) -> None:
    """Delete the rows that were added, unless somebody changed one of them since."""
    if not added:
        return
    first, last = added.get("memories", (0, -1))
    changed = db.execute(
        "SELECT min(id) FROM memories WHERE id BETWEEN ? AND ? AND updated_ms > ?",
        (first, last, entry.at_ms),
    ).get
    if changed is not None:
        raise ChangedSince(f"cannot undo `{entry.label}`: memory {changed} was changed since")
    # Overwriting each word of each memory in the index takes a minute for 100,000, this 2 s.
    _index(db, "'secure-delete', 0", columns="memories_fts, rank")
    db.execute("DELETE FROM memories WHERE id BETWEEN ? AND ?", (first, last))
    _index(db, "'optimize'")
    _index(db, "'secure-delete', 1", columns="memories_fts, rank")
    db.execute(_DELETE_SESSIONS, added.get("sessions", (0, -1)))


def _index(db: apsw.Connection, order: str, *, columns: str = "memories_fts") -> None:
    db.execute(f"INSERT INTO memories_fts ({columns}) VALUES ({order})")  # noqa: S608


# A session somebody has used since stays.
_DELETE_SESSIONS = """
    DELETE FROM sessions
     WHERE id BETWEEN ? AND ?
       AND id NOT IN (SELECT session_id FROM memories)
       AND id NOT IN (SELECT session_id FROM usage_events WHERE session_id IS NOT NULL)
"""
