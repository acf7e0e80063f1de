"""Tools that write."""

from __future__ import annotations

from typing import Any

from codemem_core.store import journal, memories
from codemem_core.store.engine.store import Store

Request = Any
Ask = Any


def test_remembered_memory_is_found_until_forgotten(ask: Ask) -> None:
    """A memory written by the agent is found, is called that, and can be forgotten."""
    written = ask(
        "memory_remember", kind="Decision", title="Use quokka locks", body="They are fair."
    )

    row = ask("memory_get", memory_id=written["id"])
    assert (row["kind"], row["origin"], row["project"]) == ("decision", "agent", "demo")
    found = ask("memory_search", query="quokka")["items"]
    assert [item["title"] for item in found] == ["Use quokka locks"]
    assert ask("memory_forget", memory_id=written["id"]) == {"status": "ok"}
    assert ask("memory_search", query="quokka")["items"] == []
    assert ask("memory_forget", memory_id=written["id"]) == {"status": "ok"}


def test_forgetting_what_is_not_there_is_ok_and_names_the_id(ask: Ask) -> None:
    """A client relies on `ok`; a model that mixed up two ids must notice."""
    answer = ask("memory_forget", memory_id=99)

    assert answer["status"] == "ok"
    assert "`99`" in answer["message"]


def test_remembered_secrets_and_private_text_are_not_written(ask: Ask) -> None:
    """What must not be kept is gone before the database sees it."""
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    written = ask(
        "memory_remember",
        kind="note",
        title="Deploy",
        body=f"Uses {secret} <private>and my pin</private> daily.",
    )

    body = ask("memory_get", memory_id=written["id"])["body_text"]

    assert secret not in body
    assert "my pin" not in body


def test_unknown_kind_is_explained(request_of: Request) -> None:
    """The model reads what was wrong and what to use instead."""
    told = {"kind": "project", "title": "t", "body": ""}
    answer = request_of("tools/call", name="memory_remember", arguments=told)["result"]

    assert answer["isError"]
    assert "unknown kind of memory: `project`. use `decision`" in answer["content"][0]["text"]


def test_a_call_repeated_writes_once(request_of: Request, database: str) -> None:
    """A call whose answer was lost and that is made again is known by its name."""
    told = {"kind": "note", "title": "Once", "body": "Only once."}
    both = [
        request_of("tools/call", call="c-1", name="memory_remember", arguments=told)["result"]
        for _ in range(2)
    ]

    assert both[0]["structuredContent"] == both[1]["structuredContent"]
    with Store.open(database) as store, store.read() as db:
        assert len(memories.recent(db, limit=50, project="demo")) == 4


def test_what_an_agent_changed_can_be_undone(ask: Ask, database: str) -> None:
    """Remembering and forgetting stand in the journal, with who did it."""
    written = ask("memory_remember", kind="note", title="Once", body="Only once.")
    ask("memory_forget", memory_id=1)

    with Store.open(database) as store:
        with store.read() as db:
            entries = journal.entries(db)
        store.write(lambda db: journal.undo(db, entries[0].id, by="cli", now_ms=9))
        with store.read() as db:
            forgotten = memories.get(db, 1)

    assert [(entry.who, entry.label) for entry in entries] == [
        ("mcp", "forget memory 1"),
        ("mcp", "remember `Once`"),
    ]
    assert written["id"]
    assert forgotten is not None
    assert forgotten.active
