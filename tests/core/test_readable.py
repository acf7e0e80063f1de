"""Reading a damaged table: what can be read is, and the walk always ends."""

from __future__ import annotations

from pathlib import Path

import apsw

from codemem_core.store.connection import rows
from codemem_core.store.readable import rows_of, tables_of

PAGE = 4096


def test_row_ids_that_go_backwards_end_the_walk(tmp_path: Path) -> None:
    """A page whose ids are garbled costs its rows, and never the walk round and round."""
    path = str(tmp_path / "t.sqlite")
    db = apsw.Connection(path)
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)")
    db.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"{n:0100}") for n in range(1, 2001)])
    table = tables_of(db)[0]
    found = rows(db, "SELECT pageno FROM dbstat WHERE name = 't' AND pagetype = 'leaf'")
    page = sorted(number for (number,) in found)[len(found) // 2]
    db.close()
    swap_cells(path, page)
    db = apsw.Connection(path)

    saved = [row[0] for row in rows_of(db, table)]

    db.close()
    assert len(saved) == len(set(saved))
    assert 1900 <= len(saved) < 2001
    assert {1, 2, 1999, 2000} <= set(saved)


def swap_cells(path: str, page: int) -> None:
    """Turn the order of a page's rows round."""
    with open(path, "r+b") as file:
        file.seek((page - 1) * PAGE)
        content = bytearray(file.read(PAGE))
        cells = int.from_bytes(content[3:5])
        pointers = [content[8 + 2 * n : 10 + 2 * n] for n in range(cells)]
        content[8 : 8 + 2 * cells] = b"".join(reversed(pointers))
        file.seek((page - 1) * PAGE)
        file.write(content)
