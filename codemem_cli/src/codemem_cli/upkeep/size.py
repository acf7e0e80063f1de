"""What takes the room in the database."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows

_PARTS = """
    SELECT name, sum(pgsize) AS bytes, sum(unused) FROM dbstat GROUP BY name
     ORDER BY bytes DESC LIMIT :limit
"""
_PAGES = """
    SELECT page_count * page_size, freelist_count * page_size
      FROM pragma_page_count, pragma_page_size, pragma_freelist_count
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table or an index."""

    name: str
    size_bytes: int
    unused_bytes: int
    rows: int | None
    """None for an index and for the search index's own tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The whole and its largest parts."""

    size_bytes: int
    free_bytes: int
    """What `codemem db vacuum` gives back at least."""
    parts: tuple[Part, ...]


def size(db: apsw.Connection, *, limit: int) -> Size:
    """Return how large the database is, with its `limit` largest tables and indexes."""
    [(whole, free)] = rows(db, _PAGES)
    tables = {
        name
        for (name,) in rows(
            db,
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
            " AND name NOT LIKE 'sqlite_%'",
        )
    }
    parts = [
        Part(
            name=name,
            size_bytes=taken,
            unused_bytes=unused,
            rows=_count(db, name) if name in tables else None,
        )
        for name, taken, unused in rows(db, _PARTS, {"limit": limit})
    ]
    return Size(size_bytes=whole, free_bytes=free, parts=tuple(parts))


def _count(db: apsw.Connection, table: str) -> int:
    return int(db.execute(f'SELECT count(*) FROM "{table}"').get)  # noqa: S608 - its own name
