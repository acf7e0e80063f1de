"""What claude-mem remembers becomes memories: once, and in the project it belongs to."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from codemem_core.errors import StoreError
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer import claude_mem
from tests.transfer.test_importers import active, bring


def claude_mem_database(path: Path) -> str:
    """Make a database as claude-mem has it."""
    db = apsw.Connection(str(path))
    db.execute(
        "CREATE TABLE sdk_sessions (id INTEGER PRIMARY KEY, content_session_id TEXT,"
        " memory_session_id TEXT, project TEXT, started_at TEXT);"
        "CREATE TABLE observations (id INTEGER PRIMARY KEY, memory_session_id TEXT, project TEXT,"
        " type TEXT, title TEXT, subtitle TEXT, facts TEXT, narrative TEXT, text TEXT,"
        " concepts TEXT, files_read TEXT, files_modified TEXT, prompt_number INTEGER,"
        " discovery_tokens INTEGER, created_at TEXT, created_at_epoch INTEGER);"
        "CREATE TABLE session_summaries (id INTEGER PRIMARY KEY, memory_session_id TEXT,"
        " project TEXT, request TEXT, learned TEXT, completed TEXT, next_steps TEXT,"
        " created_at TEXT, created_at_epoch INTEGER);"
        "CREATE TABLE user_prompts (id INTEGER PRIMARY KEY, content_session_id TEXT,"
        " prompt_number INTEGER, prompt_text TEXT, created_at TEXT, created_at_epoch INTEGER);"
        "INSERT INTO sdk_sessions VALUES (1, 'c-1', 'm-1', 'shop', '2026-01-01T00:00:00Z');"
        "INSERT INTO observations VALUES (1, 'm-1', 'shop', 'bugfix', 'VAT', 's', '[\"f\"]',"
        " 'rounded', NULL, '[\"c\"]', '[]', '[\"a.py\"]', 2, 77, '2026-01-01T01:00:00Z',"
        " 1767229200000);"
        "INSERT INTO observations VALUES (2, 'gone', 'blog', 'odd', 'T', '', NULL, NULL, 'old',"
        " NULL, NULL, NULL, NULL, NULL, '2026-01-01T01:00:00Z', 1767229200);"
        "INSERT INTO session_summaries VALUES (1, 'm-1', 'shop', 'Fix VAT', 'much', 'all', '',"
        " '2026-01-01T02:00:00Z', 1767232800000);"
        "INSERT INTO user_prompts VALUES (1, 'c-1', 1, 'fix it', '2026-01-01T00:01:00Z', 1);"
    ).fetchall()
    db.close()
    return str(path)


def from_claude_mem(store: Store, path: str, project: str | None = None, **options: Any) -> Any:
    """Import a database of claude-mem."""
    with claude_mem.opened(path) as found:
        return bring(
            store, lambda incoming: claude_mem.fill(incoming, found, project=project), **options
        )


def test_claude_mem_comes_over(store: Store, tmp_path: Path) -> None:
    """Observations, summaries and prompts, in the sessions they were made in."""
    path = claude_mem_database(tmp_path / "claude-mem.db")
    from_claude_mem(store, path)

    fixed, odd, summary = active(store)
    assert (fixed.kind, fixed.title, fixed.body) == ("bugfix", "VAT", "rounded")
    assert (fixed.facts, fixed.files_modified) == (("f",), ("a.py",))
    assert (fixed.confidence, fixed.prompt_number, fixed.source) == (0.7, 2, "claude")
    assert fixed.metadata["discovery_tokens"] == 77
    assert (odd.kind, odd.body, odd.project) == ("note", "old", "blog")
    assert fixed.created_ms == odd.created_ms == 1_767_229_200_000
    assert summary.kind == "session_summary"
    with store.read() as db:
        asked = rows(
            db, "SELECT metadata ->> '$.prompts[0].text' FROM sessions WHERE source = 'claude'"
        )
    assert asked == [("fix it",)]


def test_claude_mem_comes_over_once(store: Store, tmp_path: Path) -> None:
    """Also from another place; `--update-existing` refreshes what is known of a memory."""
    path = claude_mem_database(tmp_path / "claude-mem.db")
    from_claude_mem(store, path)
    os.rename(path, tmp_path / "moved.db")
    path = str(tmp_path / "moved.db")
    again = from_claude_mem(store, path)
    db = apsw.Connection(path)
    db.execute("UPDATE observations SET discovery_tokens = 78 WHERE id = 1")
    db.close()
    refreshed = from_claude_mem(store, path, refresh=True)

    assert sum(table["written"] for table in again.values() if "user" not in str(table)) <= 1
    assert len(active(store)) == 3
    assert active(store)[0].metadata["discovery_tokens"] == 78
    assert refreshed["observations"]["skipped"]["refreshed"] == 1


def test_one_project_of_claude_mem(store: Store, tmp_path: Path) -> None:
    """`--project-filter` leaves the others out, and says so."""
    report = from_claude_mem(store, claude_mem_database(tmp_path / "c.db"), project="blog")

    assert [memory.project for memory in active(store)] == ["blog"]
    assert report["observations"]["skipped"] == {"of another project": 1}


def claude_mem_with(path: Path, *statements: str) -> str:
    """Make a database of claude-mem and change it."""
    claude_mem_database(path)
    with closing(apsw.Connection(str(path))) as db:
        for statement in statements:
            db.execute(statement).fetchall()
    return str(path)


@pytest.mark.parametrize("merged", ["'shop'", "NULL"])
def test_a_worktree_of_claude_mem_belongs_to_its_repository(
    store: Store, tmp_path: Path, merged: str
) -> None:
    """Whether or not it was merged."""
    path = claude_mem_with(
        tmp_path / "c.db",
        "ALTER TABLE observations ADD COLUMN merged_into_project TEXT",
        "UPDATE observations SET project = 'shop/feature', "
        f"merged_into_project = {merged} WHERE id = 1",
    )
    from_claude_mem(store, path)

    assert active(store)[0].project == "shop"


def test_facts_of_claude_mem_may_be_text_and_concepts_objects(store: Store, tmp_path: Path) -> None:
    """Lines with bullets are facts; an object counts by its name."""
    path = claude_mem_with(
        tmp_path / "c.db",
        """UPDATE observations SET facts = '- one' || char(10) || '* two',
           concepts = '[{"name": "gotcha"}, 7, null]' WHERE id = 1""",
    )
    from_claude_mem(store, path)

    assert active(store)[0].facts == ("one", "two")
    assert active(store)[0].concepts == ("gotcha", "7")


def test_a_memory_of_claude_mem_without_a_title_gets_its_first_line(
    store: Store, tmp_path: Path
) -> None:
    """A memory without a title could not be listed."""
    path = claude_mem_with(
        tmp_path / "c.db",
        "UPDATE observations SET title = NULL, subtitle = NULL,"
        " narrative = 'The port is 8080' || char(10) || 'always' WHERE id = 1",
    )
    from_claude_mem(store, path)

    assert active(store)[0].title == "The port is 8080"


def test_tables_of_claude_mem_that_are_left_out_are_named(store: Store, tmp_path: Path) -> None:
    """Its search index is no loss."""
    path = claude_mem_with(
        tmp_path / "c.db",
        "CREATE TABLE goals (id INTEGER PRIMARY KEY, text TEXT)",
        "INSERT INTO goals (text) VALUES ('a'), ('b')",
        "CREATE VIRTUAL TABLE observations_fts USING fts5 (title)",
    )
    report = from_claude_mem(store, path)

    assert report["goals"]["skipped"] == {"left in claude-mem's database": 2}
    assert not [name for name in report if "fts" in name]


def test_another_database_is_not_of_claude_mem(store: Store, tmp_path: Path) -> None:
    """Nor is a text file."""
    other = apsw.Connection(str(tmp_path / "other.db"))
    other.execute("CREATE TABLE a (b)")
    other.close()
    (tmp_path / "text.db").write_text("hello, this is no database at all")
    for name in ("other.db", "text.db"):
        with pytest.raises(StoreError):
            from_claude_mem(store, str(tmp_path / name))
