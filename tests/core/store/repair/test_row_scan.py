"""Reading a damaged table: what can be read is, and the walk always ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from codemem_core.store.engine.connection import rows
from codemem_core.store.repair.btree_pages import Leaf, leaves_of
from codemem_core.store.repair.row_scan import rows_of, tables_of

PAGE = 4096
ROWS = 2000


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Make a table of 2,000 rows on about 60 pages."""
    path = str(tmp_path / "t.sqlite")
    db = apsw.Connection(path)
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)")
    db.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"{n:0100}") for n in range(1, ROWS + 1)])
    db.close()
    return path


def leaves(path: str) -> Iterator[Leaf]:
    """Return the table's pages."""
    with open(path, "rb") as file:
        yield from leaves_of(file, (type(None), str), page_size=PAGE)


def read(path: str) -> list[int]:
    """Return the ids of the rows that can be read, in the order they come."""
    db = apsw.Connection(path)
    found = [row[0] for row in rows_of(db, tables_of(db)[0])]
    db.close()
    return found


def test_a_lost_page_costs_its_own_rows_only(path: str) -> None:
    """Not the one before it: to look for one more row than there can be would read the page."""
    lost = list(leaves(path))[30]
    with open(path, "r+b") as file:
        file.seek((lost.page - 1) * PAGE)
        file.write(bytes(PAGE))

    left = set(read(path))

    assert set(range(1, ROWS + 1)) - left == set(range(lost.first, lost.last + 1))


def test_a_row_id_that_goes_backwards_is_not_followed(path: str) -> None:
    """To go on behind it would be to read the same rows again, for ever if there are two."""
    [odd] = [leaf for leaf in leaves(path) if leaf.first < 500 <= leaf.last]  # where a read ends
    with open(path, "r+b") as file:
        file.seek((odd.page - 1) * PAGE)
        page = file.read(PAGE)
        pointer = 8 + 2 * (500 - odd.first)
        # A cell is its size (one byte here), its row id (two bytes), its values.
        file.seek((odd.page - 1) * PAGE + int.from_bytes(page[pointer : pointer + 2]) + 1)
        file.write(b"\x80\x01")

    found = read(path)

    assert len(found) == len(set(found))
    assert set(range(1, ROWS + 1)) - set(found) <= set(range(odd.first, odd.last + 1))


def test_the_samples_pages_are_what_they_are_taken_for(path: str) -> None:
    """Else the tests above would prove nothing."""
    db = apsw.Connection(path)
    pages = rows(db, "SELECT pageno FROM dbstat WHERE name = 't' AND pagetype = 'leaf'")
    db.close()

    assert sorted(leaf.page for leaf in leaves(path)) == sorted(page for (page,) in pages)
