"""`codemem mcp`, driven by the SDK's own client over real pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.store import Store

SERVER = ["-m", "codemem_core", "mcp"]
Call = Callable[..., CallToolResult]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Lay out a place with three memories of project `demo` and one of `other`."""
    with Store.open(str(tmp_path / "mem.sqlite")) as store:
        for number, (project, title) in enumerate(
            [
                ("demo", "Zebra cache evicts the newest entry"),
                ("demo", "Widget store keeps an order"),
                ("demo", "Tests run with one worker"),
                ("other", "Zebra stripes are drawn twice"),
            ]
        ):
            store.write(lambda db, p=project, t=title, n=number: _add(db, p, t, n))
    (tmp_path / "demo").mkdir()
    return tmp_path


def _add(db: Any, project: str, title: str, number: int) -> None:
    session = sessions.of_stream(db, ("test", project), project=project, cwd=None, started_ms=1)
    new = NewMemory(
        key=f"k{number}",
        kind="decision" if number == 1 else "discovery",
        title=title,
        body=f"{title}, as we saw.",
        origin="user",
        created_ms=1_700_000_000_000 + number,
    )
    memories.add(db, new, session_id=session, now_ms=1)


def environment(place: Path) -> dict[str, str]:
    """Return what the server sees of the environment."""
    return {"HOME": str(place), "CODEMEM_DB": str(place / "mem.sqlite")}


@pytest.fixture
def agent(place: Path) -> Iterator[Callable[..., Any]]:
    """Start the real server in the folder `demo`; return what calls a method of a client."""
    server = StdioServerParameters(
        command=sys.executable, args=SERVER, env=environment(place), cwd=place / "demo"
    )
    client = Client(server, read_timeout_seconds=30)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(client):
        yield lambda method, *arguments: portal.call(getattr(client, method), *arguments)


@pytest.fixture
def call(agent: Callable[..., Any]) -> Call:
    """Return what calls a tool."""
    return lambda tool, **arguments: agent("call_tool", tool, arguments)


@pytest.fixture
def ask(call: Call) -> Ask:
    """Return what calls a tool that must succeed and gives its structured answer."""

    def answer(tool: str, **arguments: object) -> dict[str, Any]:
        result = call(tool, **arguments)
        assert not result.is_error, result.content
        assert json.loads(result.content[0].text) == result.structured_content
        return dict(result.structured_content)

    return answer


def titles(answer: dict[str, Any]) -> list[str]:
    """Return the titles of an answer's items."""
    return [item["title"] for item in answer["items"]]


def test_tools_are_listed_with_description_and_effects(agent: Callable[..., Any]) -> None:
    """Each tool says what it is for, and whether it changes anything."""
    listed = {tool.name: tool for tool in agent("list_tools").tools}

    assert set(listed) == {
        "memory_search_index",
        "memory_search",
        "memory_get",
        "memory_recent",
        "memory_timeline",
        "memory_pack",
        "memory_remember",
        "memory_forget",
        "memory_schema",
    }
    assert all(len(tool.description) > 40 for tool in listed.values())
    changing = {name for name, tool in listed.items() if not tool.annotations.read_only_hint}
    assert changing == {"memory_remember", "memory_forget"}
    assert listed["memory_forget"].annotations.destructive_hint
    assert not listed["memory_remember"].annotations.destructive_hint
    assert listed["memory_search"].input_schema["required"] == ["query"]


def test_index_searches_the_current_project_and_widens(ask: Ask) -> None:
    """The folder names the project; `*` looks everywhere, a name or path at another one."""
    here = ask("memory_search_index", query="zebra")
    everywhere = ask("memory_search_index", query="zebra", project="*")
    there = ask("memory_search_index", query="zebra", project="/somewhere/other")

    assert titles(here) == ["Zebra cache evicts the newest entry"]
    assert len(titles(everywhere)) == 2
    assert titles(there) == ["Zebra stripes are drawn twice"]
    assert set(here) == {"items", "widening"}
    assert set(here["items"][0]) == {
        *("id", "kind", "title", "score", "created_at", "session_id", "metadata")
    }


def test_search_returns_bodies_of_one_kind(ask: Ask) -> None:
    """`memory_search` gives the text; `kind` leaves the others out."""
    answer = ask("memory_search", query="widget zebra", kind="decision")

    (item,) = answer["items"]
    assert item["body"] == "Widget store keeps an order, as we saw."
    assert set(item) == {
        *("id", "title", "kind", "body", "confidence", "score", "session_id", "metadata")
    }


def test_get_returns_the_row_or_not_found(ask: Ask) -> None:
    """One memory in full by id; an unknown id is an answer, not a failure."""
    row = ask("memory_get", memory_id=1)

    assert (row["title"], row["body_text"]) == (
        "Zebra cache evicts the newest entry",
        "Zebra cache evicts the newest entry, as we saw.",
    )
    assert row["created_at"] == "2023-11-14T22:13:20.000+00:00"
    assert ask("memory_get", memory_id=99) == {"error": "not_found"}


def test_recent_lists_newest_first(ask: Ask) -> None:
    """The newest memories of the project; a limit below one still gives one."""
    assert titles(ask("memory_recent", limit=2)) == [
        "Tests run with one worker",
        "Widget store keeps an order",
    ]
    assert len(titles(ask("memory_recent", limit=-5))) == 1


def test_timeline_shows_the_neighbours(ask: Ask) -> None:
    """The best hit stands between what came before and after it in its session."""
    answer = ask("memory_timeline", query="widget", depth_before=1, depth_after=1)

    assert titles(answer) == [
        "Zebra cache evicts the newest entry",
        "Widget store keeps an order",
        "Tests run with one worker",
    ]
    assert answer["items"][0]["linked_prompt"] is None
    assert ask("memory_timeline", memory_id=99) == {"items": []}


def test_pack_is_the_pack_object(ask: Ask) -> None:
    """`memory_pack` answers with the documented object."""
    pack = ask("memory_pack", context="zebra cache")

    assert {"context", "items", "pack_text", "metrics"} <= set(pack)
    assert "Zebra cache evicts the newest entry" in pack["pack_text"]
    assert "stripes" not in pack["pack_text"]


def test_remembered_memory_is_found_until_forgotten(ask: Ask) -> None:
    """A memory written by the agent is found, is the assistant's word, and can be forgotten."""
    written = ask(
        "memory_remember", kind="Decision", title="Use quokka locks", body="They are fair."
    )

    row = ask("memory_get", memory_id=written["id"])
    assert (row["kind"], row["origin"], row["project"]) == ("decision", "assistant", "demo")
    assert titles(ask("memory_search", query="quokka")) == ["Use quokka locks"]
    assert ask("memory_forget", memory_id=written["id"]) == {"status": "ok"}
    assert titles(ask("memory_search", query="quokka")) == []
    assert ask("memory_forget", memory_id=99) == {"status": "ok"}


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


def test_unknown_kind_is_explained(call: Call) -> None:
    """The model reads what was wrong and what to use instead."""
    answer = call("memory_remember", kind="project", title="t", body="")

    assert answer.is_error
    assert "unknown kind of memory: `project`. use `decision`" in answer.content[0].text


def test_schema_names_kinds_and_fields(ask: Ask) -> None:
    """The schema lists the kinds and what each field holds."""
    schema = ask("memory_schema")

    assert "decision" in schema["kinds"]
    assert "narrative" in schema["fields"]
    assert schema["filters"] == ["kind", "project"]


def test_stdout_is_json_rpc_and_the_end_of_stdin_ends_the_server(place: Path) -> None:
    """Nothing but JSON-RPC on stdout, even for nonsense, and exit 0 at the end of input."""
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    done = subprocess.run(
        [sys.executable, *SERVER],
        input=f"no json\n{json.dumps(hello)}\n",
        env=environment(place),
        cwd=place / "demo",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [answer["result"]["serverInfo"]["name"] for answer in answers if "result" in answer] == [
        "codemem"
    ]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)


def test_help_loads_no_sdk() -> None:
    """Listing the commands, or asking for this one's help, does not import the SDK."""
    code = (
        "import sys, codemem_mcp.plugin, codemem_mcp.server;"
        "print(sorted({'mcp', 'pydantic', 'anyio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
