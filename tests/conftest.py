"""What tests share: a home of their own, an open store, events and memories to put into it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import clients
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from codemem_claude.tools import typed
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.store.engine.store import Store
from codemem_core.store.tokenize import hidden_words, tags_of

# How long an example takes is the machine's business, not the code's.
hypothesis_settings.register_profile(
    "codemem", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("codemem")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `tox -e clients -- --newest` try the newest version of each agent."""
    parser.addoption("--newest", action="store_true", help="run the newest agents, not the pinned")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the end-to-end tests which versions are wanted."""
    clients.NEWEST = config.getoption("--newest")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give every test an empty home folder and none of the caller's codemem variables.

    Afterwards files are made as before: the program narrows the umask for its process.
    """
    for name in list(os.environ):
        if name.startswith(("CODEMEM_", "XDG_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    umask = os.umask(0o022)
    yield folder
    os.umask(umask)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """Name a database that does not exist yet."""
    return str(tmp_path / "data" / "mem.sqlite")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Open an empty store with a writer thread, as the server has it."""
    with Store.open(database, threaded=True) as opened:
        yield opened


EventMaker = Callable[..., RawEvent]
Remember = Callable[..., int]
NOW_MS = 1_780_000_000_000
_BEGAN = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def make_event() -> EventMaker:
    """Make raw events as a Claude session gives them; each has another id and time."""
    made = 0

    def make(event_type: str = "prompt", stream_id: str = "s1", **payload: Any) -> RawEvent:
        nonlocal made
        made += 1
        if event_type in {"tool_call", "tool_result"} and "kind" not in payload:
            payload = typed(payload)
        adapter = AdapterEvent(
            source="claude",
            session_id=stream_id,
            event_id=f"event-{made:04d}",
            event_type=event_type,
            ts=(_BEGAN + timedelta(seconds=made)).isoformat(),
            payload=payload or {"text": f"prompt {made}"},
        )
        return RawEvent(
            source="claude",
            stream_id=stream_id,
            event_id=adapter.event_id,
            event_type="claude.hook",
            payload={},
            adapter=adapter,
            ts_ms=adapter.ts_ms,
            origin="user" if event_type == "prompt" else "tool_exec",
            project="demo",
        )

    return make


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
