"""A database of 0.19 comes over whole, once, and is not touched."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import apsw
import pytest

import codemem_claude.plugin
import codemem_opencode.plugin
from codemem_core.config.settings import Settings
from codemem_core.errors import Damaged, StoreError
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import epoch_ms
from codemem_core.retrieval.search import search
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer.legacy import database
from codemem_transfer.legacy.adoption import Report, adopt
from tests.transfer.old_store import AT, LATER, everyday

NOW_MS = 1_780_000_000_000


@pytest.fixture
def plugins() -> Plugins:
    """Load the sources whose events an old database may hold."""
    modules = (builtin, codemem_claude.plugin, codemem_opencode.plugin)
    return Plugins.only(*modules, settings=Settings.load())


@pytest.fixture
def old(tmp_path: Path) -> str:
    """Make an old database in a folder of its own."""
    (tmp_path / "old").mkdir()
    return everyday(str(tmp_path / "old" / "mem.sqlite")).close(keep_wal=True)


def run(store: Store, plugins: Plugins, path: str, *, trust: bool = False) -> Report:
    """Adopt the database at `path`."""
    with database.opened(path) as given:
        return adopt(store, plugins, given, trust=trust, now_ms=NOW_MS)


def by_title(store: Store) -> dict[str, Any]:
    """Return every memory, forgotten ones too, by its title."""
    with store.read() as db:
        found = [memories.get(db, n) for (n,) in rows(db, "SELECT id FROM memories")]
    return {memory.title: memory for memory in found if memory}


def test_every_row_is_written_or_has_a_reason(store: Store, plugins: Plugins, old: str) -> None:
    """Nothing disappears without a word: read = written + skipped, for every table."""
    report = run(store, plugins, old)

    assert {name: (t.read, t.written) for name, t in report.tables.items()} == {
        "sessions": (2, 2),
        "user_prompts": (2, 1),
        "memory_items": (6, 6),
        "session_summaries": (2, 1),
        "raw_events": (7, 4),
        "raw_event_sessions": (1, 1),
        "usage_events": (1, 1),
        "actors": (2, 0),
        "artifacts": (1, 0),
        "opencode_sessions": (1, 0),
        "raw_event_flush_batches": (1, 0),
        "raw_event_ingest_stats": (0, 0),
        "replication_ops": (1, 0),
    }
    for table in report.tables.values():
        assert table.read == table.written + sum(table.skipped.values())


def test_the_old_files_are_not_written(store: Store, plugins: Plugins, old: str) -> None:
    """Not a byte, not a WAL more or less."""

    def state() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in Path(old).parent.iterdir()}

    before = state()
    run(store, plugins, old)

    assert "mem.sqlite-wal" in before
    assert state() == before


def test_a_second_run_brings_nothing_twice(store: Store, plugins: Plugins, old: str) -> None:
    """The keys come from what 0.19 called things."""
    run(store, plugins, old)
    with store.read() as db:
        before = _counts(db)

    again = run(store, plugins, old)

    with store.read() as db:
        assert _counts(db) == before
    written = {name: table.written for name, table in again.tables.items() if table.written}
    assert written == {}


def test_a_second_run_brings_what_is_new(store: Store, plugins: Plugins, old: str) -> None:
    """0.19 may have been used in between."""
    run(store, plugins, old)
    db = apsw.Connection(old)
    db.execute(
        "INSERT INTO memory_items (session_id, kind, title, body_text, created_at)"
        " VALUES (1, 'note', 'Late', 'one', ?)",
        (LATER,),
    )
    db.close()

    assert run(store, plugins, old).tables["memory_items"].written == 1


def _counts(db: apsw.Connection) -> list[int]:
    tables = ("sessions", "memories", "raw_events", "streams", "usage_events")
    return [db.execute(f"SELECT count(*) FROM {name}").get for name in tables]


def test_a_memory_keeps_what_it_said_and_when(store: Store, plugins: Plugins, old: str) -> None:
    """Fields that have no column here are in its metadata."""
    run(store, plugins, old)

    kept = by_title(store)["VAT is rounded per rate"]
    assert (kept.kind, kept.subtitle, kept.facts) == ("decision", "not per line", ("19 %", "7 %"))
    assert (kept.created_ms, kept.confidence, kept.prompt_number) == (epoch_ms(AT), 0.6, 1)
    assert (kept.project, kept.source, kept.tags) == ("shop", "opencode", ("discovery", "vat"))
    assert kept.metadata["provenance"]["visibility"] == "shared"
    with store.read() as db:
        assert [hit.title for hit in search(db, "rounded rate", limit=1)] == [kept.title]


def test_a_forgotten_memory_stays_forgotten(store: Store, plugins: Plugins, old: str) -> None:
    """It comes over, as it was."""
    run(store, plugins, old)

    gone = by_title(store)["Forgotten one"]
    assert (gone.active, gone.updated_ms) == (False, epoch_ms(LATER))


def test_kinds_that_are_gone_and_lists_that_are_none(
    store: Store, plugins: Plugins, old: str
) -> None:
    """`project` became `decision` long ago; what is no JSON is an empty list."""
    run(store, plugins, old)

    odd = by_title(store)["A project of old"]
    assert (odd.kind, odd.facts, odd.project) == ("decision", (), None)


def test_only_a_person_makes_old_memories_fit_for_prompts(
    store: Store, plugins: Plugins, old: str
) -> None:
    """Nobody knows what they rest on; a peer's are never vouched for."""
    run(store, plugins, old)
    assert {memory.origin for memory in by_title(store).values()} == {"import"}
    assert not any(memory.confirmed for memory in by_title(store).values())

    run(store, plugins, old, trust=True)

    confirmed = {title for title, memory in by_title(store).items() if memory.confirmed}
    assert set(by_title(store)) - confirmed == {"From a peer"}


def test_secrets_that_0_19_let_through_stay_behind(
    store: Store, plugins: Plugins, old: str
) -> None:
    """They would be on disk here otherwise."""
    run(store, plugins, old)

    assert "AKIAIOSFODNN7EXAMPLQ" not in by_title(store)["With a key"].body


def test_prompts_are_in_the_metadata_of_their_session(
    store: Store, plugins: Plugins, old: str
) -> None:
    """With their number and time."""
    run(store, plugins, old)

    with store.read() as db:
        query = "SELECT metadata FROM sessions WHERE stream_id = 'ses_1'"
        metadata = json.loads(rows(db, query)[0][0])
    (prompt,) = metadata["prompts"]
    assert (prompt["text"], prompt["number"]) == ("why is VAT rounded per rate", 1)
    assert metadata["git_branch"] == "main"


def test_a_summary_without_a_memory_becomes_one(store: Store, plugins: Plugins, old: str) -> None:
    """The other one is a memory already."""
    run(store, plugins, old)

    told = [m for m in by_title(store).values() if m.kind == "session_summary"]
    assert sorted(m.title for m in told) == ["Fix VAT", "Ship it"]
    shipped = by_title(store)["Ship it"]
    assert shipped.body == "## Request\nShip it\n\n## Completed\nShipped 1.2"
    assert shipped.files_modified == ("a.py",)


def test_only_waiting_events_wait_again(store: Store, plugins: Plugins, old: str) -> None:
    """The old cursor counts; each event has the common form its source gives it."""
    run(store, plugins, old)

    query = """SELECT s.source, s.stream_id, s.project, s.last_received_seq - s.last_flushed_seq,
                      group_concat(e.event_id || ' ' || e.kind, ', ' ORDER BY e.seq)
                 FROM streams s JOIN raw_events e ON e.stream = s.id GROUP BY s.id ORDER BY 2"""
    with store.read() as db:
        assert rows(db, query) == [
            ("claude", "c-1", None, 1, "evt-claude-1 prompt"),
            ("claude", "old-1", None, 1, "evt-source-less "),
            ("opencode", "ses_1", "shop", 2, "event-ses_1-2 prompt, event-ses_1-3 prompt"),
        ]


def test_a_session_that_codemem_knows_itself_takes_the_old_one_in(
    store: Store, plugins: Plugins, old: str
) -> None:
    """A stream that ran through the change of versions is one session."""
    insert = """INSERT INTO sessions (source, stream_id, started_ms, metadata)
                VALUES ('opencode', 'ses_1', 5, '{"mine": 1}')"""
    store.write(lambda db: db.execute(insert))

    run(store, plugins, old)

    with store.read() as db:
        found = rows(db, "SELECT started_ms, metadata FROM sessions WHERE stream_id = 'ses_1'")
    assert len(found) == 1
    metadata = json.loads(found[0][1])
    assert (metadata["mine"], metadata["git_branch"]) == (1, "main")


def test_an_adoption_that_fails_writes_nothing(store: Store, plugins: Plugins, old: str) -> None:
    """All of it or nothing."""
    with database.opened(old) as given:
        given.table = _fail_at_usage(given.table)  # type: ignore[method-assign]
        with pytest.raises(OSError, match="gone"):
            adopt(store, plugins, given, now_ms=NOW_MS)

    with store.read() as db:
        assert _counts(db) == [0, 0, 0, 0, 0]


def _fail_at_usage(table: Any) -> Any:
    def read(name: str, **options: Any) -> Any:
        if name == "usage_events":
            raise OSError("gone")
        return table(name, **options)

    return read


def test_what_is_no_database_of_0_19_is_refused(store: Store, tmp_path: Path) -> None:
    """Ours, somebody's, or none at all."""
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"not a database" * 1000)

    with pytest.raises(Damaged, match="not a database"), database.opened(str(other)):
        pass
    ours = database.opened(store.path)
    with pytest.raises(StoreError, match=r"not a database of codemem 0\.19"), ours:
        pass
    assert os.path.exists(store.path)


def test_a_damaged_old_database_is_refused(old: str) -> None:
    """Half of it would look like all of it."""
    with apsw.Connection(old) as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'memory_items'").get
    db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
    db.close()
    with open(old, "r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(StoreError, match="damaged"), database.opened(old):
        pass
