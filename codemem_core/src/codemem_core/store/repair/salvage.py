"""Get out of a damaged database what can still be read."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import apsw

from codemem_core.records.event import ORIGINS
from codemem_core.store.engine.connection import harden, rows
from codemem_core.store.repair.btree_pages import leaves_of, roots_over
from codemem_core.store.repair.row_scan import UNREADABLE, Table, count, rows_of, tables_of

_WRITTEN = 500
"""Rows written at once."""
_MANY = 1 << 63
"""More than any table has: stands for a count that cannot be read."""


@dataclass(slots=True)
class Salvaged:
    """What was saved, by table."""

    saved: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    """Rows that an index still counts and that could not be read, or made no sense."""


def salvage(damaged: str, fresh: apsw.Connection, *, mark: str) -> Salvaged:
    """Copy every readable row of the database file `damaged` into the empty one behind `fresh`.

    `damaged` and its WAL are a private copy: they are written to. Rows keep their ids; memories and
    sessions carry `mark` as `salvaged` in their metadata, for a flipped bit in a text shows
    nowhere. What a lost row was needed for gets a stand-in. Call it in a transaction.
    """
    tables = tables_of(fresh)
    known: dict[str, int] = {}
    # As its WAL makes it; then, for what cannot be read there, as it was before.
    copies = [damaged]
    if os.path.exists(f"{damaged}-wal"):
        copies.append(shutil.copyfile(damaged, f"{damaged}.bare"))
    for path in copies:
        _walk(path, fresh, tables, known)
        missing = [table for table in tables if count(fresh, table) < known.get(table.name, _MANY)]
        if not missing:
            break
        for table in missing:
            _from_leaves(path, fresh, table)
    saved = {table.name: count(fresh, table) for table in tables}
    _mend(fresh, mark)
    return Salvaged(saved, {name: max(known.get(name, 0) - saved[name], 0) for name in saved})


def _walk(path: str, fresh: apsw.Connection, tables: list[Table], known: dict[str, int]) -> None:
    """Copy what can be reached from the roots; note in `known` how many rows there should be."""
    source = _opened(path, fresh)
    if source is None:
        return
    with contextlib.closing(source):
        for table in tables:
            with contextlib.suppress(*UNREADABLE):
                known[table.name] = max(known.get(table.name, 0), count(source, table))
            _copy(source, fresh, table)


def _from_leaves(path: str, fresh: apsw.Connection, table: Table) -> None:
    """Copy what lies below pages that are gone: the table's root is made to point there."""
    source = _opened(path, fresh)
    if source is None or table.key_column is None:
        return
    with contextlib.closing(source):
        root = source.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table.name,)
        ).get
        size = source.execute("PRAGMA page_size").get
    with open(path, "r+b") as file:
        found = leaves_of(file, table.stored_kinds, page_size=size)
        for page in roots_over([leaf for leaf in found if leaf.page != root], page_size=size):
            file.seek((root - 1) * size)
            file.write(page)
            file.flush()
            source = _opened(path, fresh)
            if source is not None:
                with contextlib.closing(source):
                    _copy(source, fresh, table)


def _copy(source: apsw.Connection, fresh: apsw.Connection, table: Table) -> None:
    """Copy the rows of one table that are not there yet."""
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})"  # noqa: S608 - our schema's name
    reading = rows_of(source, table)
    while chunk := list(islice(reading, _WRITTEN)):
        fresh.executemany(insert, [_plausible(row, table) for row in chunk if table.fits(row)])


def _plausible(row: Sequence[Any], table: Table) -> Sequence[Any]:
    """Return the row; an origin nobody can have written is the least trusted one."""
    if "origin" in table.columns:
        place = table.columns.index("origin")
        if row[place] not in ORIGINS:
            return (*row[:place], ORIGINS[0], *row[place + 1 :])
    return row


# --- opening -------------------------------------------------------------------------------------


def _opened(path: str, fresh: apsw.Connection) -> apsw.Connection | None:
    """Open the copy; if its schema cannot be read, with the schema of `fresh`; else None."""
    for graft in (False, True):
        if graft:
            _graft_schema(path, fresh)
        db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_EXRESCODE)
        try:
            harden(db)
            db.execute("PRAGMA cell_size_check = ON")
            names = {name for (name,) in rows(db, "SELECT name FROM sqlite_schema")}
            if {table.name for table in tables_of(fresh)} <= names:
                # A schema that cannot be parsed shows at the first statement that needs it.
                rows(db, "SELECT 1 FROM memories WHERE 0")
                return db
        except UNREADABLE:
            pass
        db.close(True)
    return None


def _graft_schema(path: str, fresh: apsw.Connection) -> None:
    """Overwrite the pages of the schema with those of a fresh database.

    The same statements on an empty file give every table the same root page, so the map of one
    database fits the other.
    """
    size = int(fresh.execute("PRAGMA page_size").get)
    pages = rows(fresh, "SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")
    model = bytes(fresh.serialize("main"))
    with open(path, "r+b") as file:
        for (number,) in pages:
            file.seek((number - 1) * size)
            file.write(model[(number - 1) * size : number * size])
        # Two unequal counters: SQLite takes the number of pages from the file's size.
        file.seek(24)
        file.write(b"\0\0\0\2")
        file.seek(92)
        file.write(b"\0\0\0\1")


# --- making it whole -----------------------------------------------------------------------------

_MEND = """
    INSERT INTO sessions (id, project, started_ms)
        SELECT session_id, max(project), min(created_ms) FROM memories
         WHERE session_id NOT IN (SELECT id FROM sessions) GROUP BY session_id;
    UPDATE memories SET batch = NULL WHERE batch NOT IN (SELECT id FROM batches);
    UPDATE usage_events SET session_id = NULL WHERE session_id NOT IN (SELECT id FROM sessions);

    INSERT OR IGNORE INTO streams (id, source, stream_id)
        SELECT stream, max(payload ->> '$._adapter.source') AS source,
               max(payload ->> '$._adapter.session_id') AS stream_id
          FROM raw_events WHERE stream NOT IN (SELECT id FROM streams) GROUP BY stream
        HAVING source <> '' AND stream_id <> '';
    INSERT INTO streams (id, source, stream_id)
        SELECT stream, 'salvaged', 'stream-' || stream FROM
            (SELECT stream FROM raw_events UNION SELECT stream FROM batches)
         WHERE stream NOT IN (SELECT id FROM streams);
    UPDATE streams SET lease_owner = NULL,
        last_flushed_seq = max(last_flushed_seq, coalesce((SELECT max(end_seq) FROM batches
            WHERE stream = streams.id AND state = 'completed'), -1));
    UPDATE streams SET last_received_seq = max(last_received_seq, last_flushed_seq,
        coalesce((SELECT max(seq) FROM raw_events WHERE stream = streams.id), -1));
"""


def _mend(fresh: apsw.Connection, mark: str) -> None:
    """Put stand-ins where lost rows are pointed to, and mark what was saved."""
    fresh.execute(_MEND)
    for table in ("sessions", "memories"):
        fresh.execute(
            f"UPDATE {table} SET metadata = json_set(metadata, '$.salvaged', ?)",  # noqa: S608
            (mark,),
        )
