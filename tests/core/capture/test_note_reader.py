"""What hooks note of themselves, and how the server reads it."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import apsw
import pytest

from codemem_core import paths
from codemem_core.capture import note_reader
from codemem_core.hookpath import notes as hooknotes
from codemem_core.records.memory import NewMemory
from codemem_core.store import hook_times, injections, memories, sessions, usage
from codemem_core.store.engine.store import Store


@pytest.fixture
def notes(store: Store) -> Path:
    """Name the file; its folder is there, as a server has made it."""
    path = Path(paths.hook_notes_path(store.path))
    paths.run_folder(str(path.parent))
    return path


def told(store: Store, **more: object) -> None:
    """Note that a hook told something."""
    fields = {"source": "claude", "hook": "UserPromptSubmit", "stream_id": "s1", "ids": [1]}
    began = hooknotes.beginning()
    hooknotes.note(store.path, began=began, **{**fields, "tokens": 90, "project": "p", **more})


def test_a_note_becomes_a_record_of_what_was_told(store: Store, notes: Path) -> None:
    """With what it took to find that out, as far as it was counted, less what the pack takes."""
    new = NewMemory(
        key="k",
        kind="note",
        title="One",
        body="b",
        origin="user",
        metadata={"discovery_tokens": 500},
    )
    key = ("claude", "s1")

    def write(db: apsw.Connection) -> None:
        session = sessions.of_stream(db, key, project="p", cwd=None, started_ms=1)
        memories.add(db, new, session_id=session, now_ms=1)

    store.write(write)
    told(store)

    assert note_reader.take(store) == 1
    with store.read() as db:
        [one] = injections.of_stream(db, key)
        [pack] = [row for row in db.execute("SELECT tokens_read, tokens_saved FROM usage_events")]
    assert [(each.id, each.title) for each in one.memories] == [(1, "One")]
    assert (one.tokens, one.hook) == (90, "UserPromptSubmit")
    assert pack == (90, 410)
    assert note_reader.take(store) == 0


def test_times_are_counted_in_steps(store: Store, notes: Path) -> None:
    """Half of them, and 19 of 20."""
    at_ms = time.time_ns() // 1_000_000
    for took_ms in [*[18] * 15, *[24] * 4, 900]:
        store.write(
            lambda db, ms=took_ms: hook_times.add(db, "claude", "Stop", took_ms=ms, at_ms=at_ms)
        )

    with store.read() as db:
        [times] = hook_times.by_hook(db, since="2000-01-01")

    assert (times.name, times.runs) == ("claude Stop", 20)
    assert (times.half_ms, times.most_ms) == (20, 25)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b'{"at_ms":1,"took_ms":NaN,"source":"c","hook":"h"}',
        b'{"at_ms":-1,"took_ms":1,"source":"c","hook":"h"}',
        b'{"at_ms":1,"took_ms":"1","source":"c","hook":"h"}',
        b'{"at_ms":1,"took_ms":1,"source":"c","hook":"h","stream_id":"s"}',
        b'{"at_ms":1,"took_ms":1,"source":"c","hook":"h","stream_id":"s","ids":["x"],"tokens":1}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_note_is_passed_over(store: Store, notes: Path, line: bytes) -> None:
    """What stands after it is read."""
    good = {"at_ms": 1, "took_ms": 20, "source": "claude", "hook": "Stop"}
    notes.write_bytes(line + b"\n" + json.dumps(good).encode() + b"\n")

    assert note_reader.take(store) == 1
    assert not notes.exists()


def test_the_file_is_private_and_bounded(store: Store, notes: Path) -> None:
    """Nobody else reads it, and without a server it does not grow for ever."""
    told(store)
    mode = stat.S_IMODE(notes.stat().st_mode)
    os.truncate(notes, hooknotes.MOST_BYTES)

    told(store)

    assert mode == 0o600
    assert notes.stat().st_size == hooknotes.MOST_BYTES


def test_without_a_database_nothing_is_noted(tmp_path: Path) -> None:
    """And nothing is said."""
    database = str(tmp_path / "none" / "mem.sqlite")

    hooknotes.note(database, began=0.0, source="claude", hook="Stop ingest")

    assert not os.path.exists(paths.hook_notes_path(database))


def test_a_pack_is_no_cost_of_observing(store: Store, notes: Path) -> None:
    """What was told is not counted as spent."""
    told(store)
    note_reader.take(store)

    with store.read() as db:
        assert usage.spent(db).tokens == 0
