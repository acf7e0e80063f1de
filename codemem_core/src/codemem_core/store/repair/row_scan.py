"""Read of a damaged table whatever can be read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import apsw

from codemem_core.store.engine.connection import rows
from codemem_core.store.repair.btree_pages import Kinds

UNREADABLE = (apsw.Error, UnicodeDecodeError)
"""What reading a damaged database may raise."""
_PAGE = 500
"""Rows read at once while nothing goes wrong."""
_BEYOND = 1000
"""Row ids tried past the last one that could be read, when nothing says how many there were."""
_FAILURES = 20_000
"""Reads that fail before a walk is given up: a garbled page may claim row ids without end."""
_TYPES: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (int, float),
    "TEXT": (str,),
    "BLOB": (bytes,),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the schema has it."""

    name: str
    columns: tuple[str, ...]
    kinds: Kinds
    """The Python types the values of each column may have."""
    json_columns: tuple[int, ...]
    key_column: int | None
    """Which column is the row id; None in a table that has none."""

    @property
    def stored_kinds(self) -> Kinds:
        """The types as they stand in a page: the row id is not among the values."""
        kinds = list(self.kinds)
        if self.key_column is not None:
            kinds[self.key_column] = type(None)
        return tuple(kinds)

    def fits(self, row: Sequence[Any]) -> bool:
        """Say whether the values are of the declared types and what must be JSON is."""
        if not all(isinstance(value, kinds) for value, kinds in zip(row, self.kinds, strict=True)):
            return False
        try:
            for place in self.json_columns:
                json.loads(row[place])
        except (ValueError, RecursionError):
            return False
        return True


def tables_of(db: apsw.Connection) -> list[Table]:
    """Return the tables of a sound database, without those of the search index."""
    query = """SELECT name FROM pragma_table_list
                WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'"""
    return [_table(db, name) for (name,) in rows(db, query)]


def _table(db: apsw.Connection, name: str) -> Table:
    query = 'SELECT name, type, "notnull", pk, dflt_value FROM pragma_table_info(?)'
    found = rows(db, query, (name,))
    keys = [n for n, row in enumerate(found) if row[3]]
    alone = len(keys) == 1 and found[keys[0]][1] == "INTEGER"
    return Table(
        name=name,
        columns=tuple(column for column, *_ in found),
        kinds=tuple(
            _TYPES[kind] if must or key else (*_TYPES[kind], type(None))
            for _, kind, must, key, _ in found
        ),
        json_columns=tuple(
            n for n, row in enumerate(found) if row[4] in {"'{}'", "'[]'"} or row[0] == "payload"
        ),
        key_column=keys[0] if alone else None,
    )


def count(db: apsw.Connection, table: Table) -> int:
    """Return how many rows the table has by its best witness, an index."""
    return int(db.execute(f"SELECT count(*) FROM {table.name}").get)  # noqa: S608


def rows_of(db: apsw.Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table that can be read.

    A stretch that fails is halved until the unreadable rows are alone: a broken page costs its own
    rows, not those behind it.
    """
    names = ", ".join(table.columns)
    if table.key_column is None:
        with contextlib.suppress(*UNREADABLE):
            yield from db.execute(f"SELECT {names} FROM {table.name}")  # noqa: S608
        return
    query = f"""SELECT {names} FROM {table.name}
                 WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?"""  # noqa: S608
    stretches = [(1, _highest(db, table))]
    failures = 0
    while stretches and failures < _FAILURES:
        first, last = stretches.pop()
        # No more than there can be: to look for another one would be to read the next page.
        limit = min(_PAGE, last - first + 1)
        found = _stretch(db, query, (first, last, limit), table.key_column)
        if found is None:
            failures += 1
            if first < last:
                middle = (first + last) // 2
                stretches += [(middle + 1, last), (first, middle)]
            continue
        yield from found
        if len(found) == _PAGE:
            stretches.append((found[-1][table.key_column] + 1, last))


def _stretch(
    db: apsw.Connection, query: str, asked: tuple[int, int, int], key: int
) -> list[tuple[Any, ...]] | None:
    """Return the rows of a stretch; None if they cannot be read or their ids go backwards.

    In a garbled page they may: to go on behind the last one would be to go round for ever.
    """
    try:
        found = rows(db, query, asked)
    except UNREADABLE:
        return None
    ids = [asked[0] - 1, *(row[key] for row in found)]
    return found if all(before < after for before, after in pairwise(ids)) else None


def _highest(db: apsw.Connection, table: Table) -> int:
    """Return the highest row id, from the table, else from one of its indexes, else a guess."""
    for what in ("max(rowid)", "max(rowid + 0)"):
        with contextlib.suppress(*UNREADABLE):
            return int(db.execute(f"SELECT {what} FROM {table.name}").get or 0)  # noqa: S608
    last = 0
    with contextlib.suppress(*UNREADABLE):
        for (last,) in db.execute(f"SELECT rowid FROM {table.name} NOT INDEXED"):  # noqa: B007, S608
            pass
    return last + _BEYOND
