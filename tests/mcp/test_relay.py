"""`codemem mcp`: real processes and pipes, with the local server and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp_lab import HELLO, PROGRAM, Agent, environment, program
from mcp_types import CallToolResult

from codemem_core.errors import SettingsError
from tests.mcp.conftest import unfenced

WAYS = ["alone", "served"]
MCP = (sys.executable, *PROGRAM, "mcp")


class Pipes:
    """A running `codemem mcp` and its two pipes."""

    def __init__(self, place: Path, *command: str) -> None:
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env=environment(place), cwd=place / "demo"
        )

    def send(self, line: object) -> None:
        """Write a message, or bytes as they are."""
        assert self.child.stdin
        data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def read(self) -> dict[str, Any]:
        """Return the next message."""
        assert self.child.stdout
        return dict(json.loads(self.child.stdout.readline()))

    def ask(self, number: int, method: str, **params: object) -> dict[str, Any]:
        """Send a request and return the next message."""
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return self.read()

    def end(self) -> tuple[float, bytes]:
        """Close standard input; return the seconds until the process is gone, and its last words.

        It must end well.
        """
        start = time.monotonic()
        rest, _ = self.child.communicate(timeout=30)
        assert self.child.returncode == 0
        return time.monotonic() - start, rest


Start = Callable[..., Pipes]


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Return what starts `codemem mcp`, or another command, in the folder `demo`."""
    started: list[Pipes] = []

    def run(*command: str) -> Pipes:
        started.append(Pipes(place, *(command or MCP)))
        return started[-1]

    yield run
    for pipes in started:
        if pipes.child.returncode is None:
            pipes.child.kill()
            pipes.child.communicate()


def titles(result: CallToolResult) -> list[str]:
    """Return the titles of an answer's items."""
    assert result.structured_content
    return [item["title"] for item in result.structured_content["items"]]


def test_the_sdks_client_finds_everything(agent: Agent) -> None:
    """Tools, resources and the prompt, with the server and without it."""
    assert len(agent("list_tools").tools) == 13
    assert titles(agent("call_tool", "memory_search", {"query": "zebra"})) == [
        "Zebra cache evicts the newest entry"
    ]
    written = {"kind": "note", "title": "Quokka locks", "body": "They are fair."}
    assert not agent("call_tool", "memory_remember", written).is_error
    assert titles(agent("call_tool", "memory_search", {"query": "quokka"})) == ["Quokka locks"]
    assert "Quokka locks" in agent("read_resource", "codemem://recent").contents[0].text
    assert "Quokka locks" in agent("get_prompt", "recap").messages[0].content.text


@pytest.mark.usefixtures("served")
def test_the_sdk_is_not_loaded_where_a_server_answers(place: Path, start: Start) -> None:
    """The relay is small: neither the SDK, nor click, nor the database's library."""
    code = (
        "import sys; from codemem_mcp.relay import main; main([]);"
        "known = {'mcp', 'pydantic', 'click', 'apsw'} & set(sys.modules);"
        "open('loaded', 'w').write(' '.join(known))"
    )
    pipes = start(sys.executable, "-P", "-c", code)
    pipes.send(HELLO)
    answer = pipes.read()
    pipes.end()

    assert answer["result"]["serverInfo"]["name"] == "codemem"
    assert (place / "demo" / "loaded").read_text() == ""


def test_a_session_outlives_the_server(served: Path, start: Start) -> None:
    """Stopped and started again in the middle, the server is not missed; nothing is forgotten."""
    pipes = start()
    search = {"name": "memory_search_index", "arguments": {"query": "zebra"}}
    pipes.send(HELLO)
    agreed = pipes.read()["result"]["protocolVersion"]
    with_server = pipes.ask(1, "tools/call", **search)["result"]
    program(served, "serve", "stop")
    without = pipes.ask(2, "tools/call", **search)["result"]
    program(served, "serve", "start")
    again = pipes.ask(3, "tools/call", **search)["result"]

    assert agreed == "2025-06-18"
    answers = [unfenced(each["structuredContent"]) for each in (with_server, without, again)]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("way", WAYS)
def test_stdout_holds_json_rpc_and_nothing_else(
    request: pytest.FixtureRequest, start: Start, way: str
) -> None:
    """Nonsense, half a line, a line of 10 MB: each an error of the protocol, and it goes on."""
    if way == "served":
        request.getfixturevalue("served")
    pipes = start()
    pipes.send(b"no json\n")
    pipes.send(b"[1, 2]\n\n")
    pipes.send(b'{"jsonrpc": "2.0", "x": "' + b"x" * 10_000_000 + b'"}\n')
    answers = [pipes.read() for _ in range(3)]
    pipes.send(HELLO)
    pipes.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    hello = pipes.read()
    unknown = pipes.ask(7, "no/such/method")
    pipes.send({"jsonrpc": "2.0", "id": 5, "method": "ping", "params": [1]})
    pipes.send({"jsonrpc": "2.0", "id": 6, "method": 3})
    wrong = {answer["id"]: answer["error"]["code"] for answer in (pipes.read(), pipes.read())}
    pipes.send(b'{"jsonrpc": "2.0", "id": 8, "met')

    assert [answer["error"]["code"] for answer in answers] == [-32700, -32600, -32600]
    assert hello["result"]["serverInfo"]["name"] == "codemem"
    assert (unknown["id"], unknown["error"]["code"]) == (7, -32601)
    assert wrong == {5: -32600, 6: -32600}
    took, rest = pipes.end()
    assert took < 2
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())


@pytest.mark.usefixtures("served")
def test_requests_at_once_are_all_answered(start: Start) -> None:
    """Twenty requests in one go get twenty answers, in any order."""
    pipes = start()
    pipes.send(HELLO)
    pipes.read()
    for number in range(1, 21):
        pipes.send({"jsonrpc": "2.0", "id": number, "method": "tools/call",
                    "params": {"name": "memory_recent", "arguments": {}}})  # fmt: skip

    assert {pipes.read()["id"] for _ in range(20)} == set(range(1, 21))


def test_the_end_of_stdin_ends_it_though_a_request_hangs(place: Path, start: Start) -> None:
    """A server that never answers holds nobody up: gone within 2 s."""
    run = place / "run"
    run.mkdir(mode=0o700)
    code = (
        "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
        "s.listen(); print('up', flush=True); time.sleep(60)"
    )
    stuck = subprocess.Popen(
        [sys.executable, "-c", code, str(run / "mem.sqlite.sock")], stdout=subprocess.PIPE
    )
    assert stuck.stdout
    stuck.stdout.readline()
    pipes = start()
    pipes.send(HELLO)
    took, rest = pipes.end()
    stuck.kill()
    stuck.communicate()

    assert took < 2
    assert rest == b""


def test_no_database_is_held_between_calls(place: Path, start: Start) -> None:
    """Between two calls the process has no file of the database open: it can be mended."""
    pipes = start()
    pipes.send(HELLO)
    pipes.read()
    pipes.ask(1, "tools/call", name="memory_recent", arguments={})
    folder = f"/proc/{pipes.child.pid}/fd"
    held = [os.readlink(f"{folder}/{number}") for number in os.listdir(folder)]

    assert not [path for path in held if path.startswith(str(place / "mem.sqlite"))]


def test_the_database_can_be_named(place: Path, start: Start) -> None:
    """`--db-path` wins over the environment."""
    pipes = start(*MCP, "--db-path", str(place / "another.sqlite"))
    pipes.send(HELLO)
    pipes.read()
    answer = pipes.ask(1, "tools/call", name="memory_recent", arguments={})
    pipes.end()

    assert answer["result"]["structuredContent"]["items"] == []
    assert (place / "another.sqlite").exists()


def test_a_database_that_cannot_be_named_is_said(place: Path) -> None:
    """A mistyped `CODEMEM_DB` ends it with a sentence, as it ends every command."""
    done = subprocess.run(
        [sys.executable, *PROGRAM, "mcp"],
        env={**environment(place), "CODEMEM_DB": "relative.sqlite"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == SettingsError.exit_code
    assert done.stdout == ""
    assert "`CODEMEM_DB` is not an absolute path" in done.stderr


@pytest.mark.usefixtures("served")
def test_the_program_of_its_own_does_the_same(start: Start) -> None:
    """`codemem-mcp` needs no argument."""
    pipes = start(str(Path(sys.executable).with_name("codemem-mcp")))
    pipes.send(HELLO)

    assert pipes.read()["result"]["serverInfo"]["name"] == "codemem"


def test_help_loads_no_sdk() -> None:
    """Listing the commands, or asking for this one's help, does not import the SDK."""
    code = (
        "import sys, codemem_mcp.plugin, codemem_mcp.command;"
        "print(sorted({'mcp', 'pydantic', 'anyio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
