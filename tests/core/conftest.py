"""A store with memories in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import apsw
import pytest

from codemem_core.store.store import Store
from codemem_core.store.words import hidden_words, tags_of

NOW_MS = 1_780_000_000_000
Remember = Callable[..., int]


@pytest.fixture
def db(store: Store) -> Iterator[apsw.Connection]:
    """Lend a reading connection for the whole test: nobody else may read with it meanwhile."""
    with store.read() as connection:
        yield connection


@pytest.fixture
def remember(store: Store) -> Remember:
    """Write a memory and return its id."""

    def write(title: str, body: str = "", *, session: int = 1, **fields: object) -> int:
        files = fields.pop("files", [])
        assert isinstance(files, list)
        row: dict[str, object] = {"kind": "change", "origin": "user", "created_ms": NOW_MS}
        row |= {"title": title, "body": body, "session_id": session, "updated_ms": NOW_MS}
        row |= {"files_modified": json.dumps(files), **fields}
        row["tags"] = " ".join(tags_of(str(row["kind"]), (), files))
        row["words"] = hidden_words(" ".join([title, body, *files]))

        def change(db: apsw.Connection) -> int:
            db.execute("INSERT OR IGNORE INTO sessions (id, started_ms) VALUES (?, 0)", (session,))
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            db.execute(
                f"INSERT INTO memories (key, {names}) VALUES (hex(randomblob(8)), {marks})", row
            )
            return db.last_insert_rowid()

        return store.write(change)

    return write
