"""A few memories, and three ways to ask for them: in this process, alone, through the server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters
from mcp_lab import HELLO, PROGRAM, environment, program

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store
from codemem_mcp.access import Access
from codemem_mcp.envelope import Envelope
from codemem_mcp.exchange import exchange

Request = Callable[..., dict[str, Any]]
Ask = Callable[..., dict[str, Any]]
_MEMORIES = (
    ("demo", "discovery", "Zebra cache evicts the newest entry", "assistant"),
    ("demo", "decision", "Widget store keeps an order", "assistant"),
    ("demo", "discovery", "Tests run with one worker", "external"),
    ("other", "discovery", "Zebra stripes are drawn twice", "user"),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Lay out a place with three memories of project `demo` and one of `other`."""
    with Store.open(str(tmp_path / "mem.sqlite")) as store:
        for number, told in enumerate(_MEMORIES):
            store.write(partial(_add, number=number, told=told))
    (tmp_path / "demo").mkdir()
    return tmp_path


def _add(db: Any, *, number: int, told: tuple[str, str, str, str]) -> None:
    project, kind, title, origin = told
    session = sessions.of_stream(db, ("test", project), project=project, cwd=None, started_ms=1)
    new = NewMemory(
        key=f"k{number}",
        kind=kind,
        title=title,
        body=f"{title}, as we saw.",
        origin=origin,
        created_ms=1_700_000_000_000 + number,
    )
    memories.add(db, new, session_id=session, now_ms=1)


def unfenced(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without the fence around it, after a look at that."""
    names = list(answer)
    if "notice" not in answer:
        return dict(answer)
    assert (names[0], names[-1]) == ("notice", "end")
    tag = answer["notice"][1:].partition(">")[0]
    assert answer["end"] == f"</{tag}>"
    return {name: answer[name] for name in names[1:-1]}


@pytest.fixture
def database(place: Path) -> str:
    """Name the database of the place."""
    return str(place / "mem.sqlite")


@pytest.fixture
def request_of(place: Path, database: str) -> Request:
    """Return what sends a request of project `demo` and gives its whole response."""
    settings = Settings.load({})
    access = Access(settings=settings, open=partial(Store.open, database))
    plugins = Plugins.load(settings)

    def send(method: str, call: str = "", **params: object) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        caller = {"cwd": str(place / "demo"), "session": "s1", "call": call}
        sent = {"hello": HELLO, "request": request, "caller": caller}
        return asyncio.run(exchange(Envelope.from_json(sent, plugins), access))[-1]

    return send


@pytest.fixture
def ask(request_of: Request) -> Ask:
    """Return what calls a tool that must succeed and gives its structured answer."""

    def answer(tool: str, **arguments: object) -> dict[str, Any]:
        result = request_of("tools/call", name=tool, arguments=arguments)["result"]
        assert not result.get("isError"), result["content"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return unfenced(result["structuredContent"])

    return answer


@pytest.fixture
def served(place: Path) -> Iterator[Path]:
    """A place whose database has a server."""
    program(place, "serve", "start")
    yield place
    program(place, "serve", "stop")


@pytest.fixture(params=["alone", "served"])
def agent(request: pytest.FixtureRequest, place: Path) -> Iterator[Callable[..., Any]]:
    """Start the real `codemem mcp` in `demo`; return what calls a method of the SDK's client."""
    if request.param == "served":
        request.getfixturevalue("served")
    server = StdioServerParameters(
        command=sys.executable, args=[*PROGRAM, "mcp"], env=environment(place), cwd=place / "demo"
    )
    client = Client(server, read_timeout_seconds=60)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(client):
        yield lambda method, *arguments: portal.call(getattr(client, method), *arguments)
