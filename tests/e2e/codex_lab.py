"""The real Codex CLI, offline: a model that answers from a script, a home with codemem in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from clients import CODEX, processes, programs

from codemem_core import paths
from codemem_core.store import events
from codemem_core.store.engine.store import Store

PROGRAMS = Path(sys.executable).parent
_IDS = count(1)
_WAIT = "sleep 0.99"
"""What the model does while a server's tools are not there yet: a busy machine takes seconds."""


@dataclass(frozen=True)
class Turn:
    """One answer of the model: some words, then at most one tool call."""

    says: str = ""
    tool: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)
    wire: str = "function_call"


def says(text: str) -> Turn:
    """Return an answer that ends the turn."""
    return Turn(text)


def run(command: str, says: str = "") -> Turn:
    """Return an answer that runs a shell command."""
    return Turn(says, "exec_command", {"cmd": command})


def patch(*lines: str, says: str = "") -> Turn:
    """Return an answer that changes files."""
    text = "\n".join(["*** Begin Patch", *lines, "*** End Patch", ""])
    return Turn(says, "apply_patch", {"input": text}, "custom_tool_call")


def mcp(tool: str, **arguments: object) -> Turn:
    """Return an answer that calls a tool of codemem's MCP server."""
    return Turn("", tool, arguments, "mcp")


class Model:
    """A Responses API on the loopback; what it answers depends on words in the conversation."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.scripts: dict[str, Sequence[Turn]] = {}
        """Words of a user's prompt → the turns that follow it."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def asked(self, words: str) -> str:
        """Return, as JSON, the last request in which somebody said `words`."""
        said = [text for body in self.requests if words in (text := json.dumps(body))]
        return said[-1] if said else ""

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _turn(self, body: Mapping[str, Any]) -> Turn:
        """Return what comes next in the script of the newest prompt that has one."""
        items = body["input"]
        said = [(n, _text(item)) for n, item in enumerate(items) if item.get("role") == "user"]
        for number, text in reversed(said):
            for words, turns in self.scripts.items():
                if words == text.strip():
                    calls = ("function_call", "custom_tool_call")
                    done = sum(
                        item.get("type") in calls and _WAIT not in json.dumps(item)
                        for item in items[number:]
                    )
                    following = turns[done] if done < len(turns) else says("All right.")
                    waits = following.wire == "mcp" and "mcp__codemem" not in json.dumps(body)
                    return run(_WAIT) if waits else following
        return says("All right.")

    def _door(model) -> type[BaseHTTPRequestHandler]:
        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for event in _stream(model._turn(body)):
                    line = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
                    self.wfile.write(line.encode())

            def do_GET(self) -> None:
                self.send_response(404)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Door


def _text(item: Mapping[str, Any]) -> str:
    content = item.get("content")
    return "".join(part.get("text", "") for part in content) if isinstance(content, list) else ""


def _stream(turn: Turn) -> Iterator[dict[str, Any]]:
    response = f"resp_{next(_IDS)}"
    yield {"type": "response.created", "response": {"id": response}}
    if turn.says:
        content = [{"type": "output_text", "text": turn.says, "annotations": []}]
        message = {"type": "message", "id": f"msg_{next(_IDS)}", "role": "assistant"}
        yield {"type": "response.output_item.done", "item": {**message, "content": content}}
    if turn.tool:
        yield {"type": "response.output_item.done", "item": _call(turn)}
    usage = {"input_tokens": 100, "output_tokens": 9, "total_tokens": 109}
    yield {"type": "response.completed", "response": {"id": response, "usage": usage}}


def _call(turn: Turn) -> dict[str, Any]:
    call = {"id": f"fc_{next(_IDS)}", "call_id": f"call_{next(_IDS):06d}", "status": "completed"}
    if turn.wire == "custom_tool_call":
        given = turn.arguments["input"]
        return {**call, "type": "custom_tool_call", "name": turn.tool, "input": given}
    name = (
        {"namespace": "mcp__codemem", "name": turn.tool}
        if turn.wire == "mcp"
        else {"name": turn.tool}
    )
    return {**call, "type": "function_call", **name, "arguments": json.dumps(turn.arguments)}


class Lab:
    """A user's home with Codex and codemem, and the model it talks to."""

    def __init__(self, home: Path, codex: Path, model: Model) -> None:
        self.home = home
        self.model = model
        self._codex = codex
        (home / "tmp").mkdir(exist_ok=True)
        self.environ = {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "PATH": f"{PROGRAMS}:{codex.parent}:{os.defpath}",
            "LANG": "C.UTF-8",
            "FAKE_KEY": "test-key",
        }
        self.write(
            ".codex/config.toml",
            f"""# Where the model is.
model = "gpt-5.5"
model_provider = "fake"

[model_providers.fake]
name = "fake"
base_url = "{model.url}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
request_max_retries = 0
stream_max_retries = 0

[analytics]
enabled = false
""",
        )
        # Hooks go by the config file alone: Codex keeps the environment of another terminal.
        config = {"observer_runtime": "extractive", "viewer_port": 0}
        # A busy machine spools the end of a session, whose hook asks for its memories.
        config |= {"raw_events_sweeper_interval_ms": 1000, "raw_events_sweeper_idle_ms": 3000}
        self.write(".config/codemem/config.json", json.dumps(config))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the home."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def database(self) -> str:
        """The everyday database of this home."""
        return str(self.home / ".codemem" / "mem.sqlite")

    @property
    def socket(self) -> str:
        """Where its server listens."""
        return paths.socket_path(self.database)

    def project(self, name: str, *, git: bool = True) -> Path:
        """Make a project's folder."""
        folder = self.home / "work" / name
        (folder / ".git" if git else folder).mkdir(parents=True)
        return folder

    @property
    def config(self) -> Path:
        """Codex's configuration file."""
        return self.home / ".codex" / "config.toml"

    def rollout(self, session: str) -> Path:
        """Return a session's log."""
        return next((self.home / ".codex/sessions").rglob(f"rollout-*-{session}.jsonl"))

    def one_shot(self, *arguments: str) -> list[str]:
        """Return what runs a session with every tool allowed."""
        options = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        return [str(self._codex), "exec", *options, *arguments]

    def start(self, cwd: Path, *arguments: str) -> subprocess.Popen[str]:
        """Begin a session."""
        return subprocess.Popen(
            self.one_shot(*arguments),
            env=self.environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def session(self, cwd: Path, *arguments: str) -> list[dict[str, Any]]:
        """Run a session to its end and return what Codex reported; fail when it failed."""
        running = self.start(cwd, *arguments)
        printed, complaints = running.communicate(timeout=120)
        assert running.returncode == 0, printed + complaints
        return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]

    def codemem(self, *arguments: str) -> str:
        """Run codemem and return what it printed."""
        done = subprocess.run(
            [f"{PROGRAMS}/codemem", *arguments],
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr

    def stored(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return stream, hook and payload of every stored event, as they happened."""
        query = """SELECT s.stream_id, e.payload FROM raw_events e JOIN streams s ON s.id = e.stream
                   WHERE s.source = 'codex' ORDER BY e.ts_ms, e.id"""
        with Store.open(self.database) as store, store.read() as db:
            found = [(s, json.loads(payload)["_adapter"]) for s, payload in db.execute(query)]
        return [(stream, event["meta"]["hook_event_name"], event) for stream, event in found]

    def wait_for_memories(self) -> list[str]:
        """Return every memory as one text each, once all that waited is flushed."""
        spool = self.home / ".codemem/claude-hook-spool/new"

        def flushed() -> bool:
            with Store.open(self.database) as store, store.read() as db:
                return events.totals(db)[1] == 0 and not (spool.is_dir() and [*spool.iterdir()])

        wait_until(flushed)
        with Store.open(self.database) as store, store.read() as db:
            return [f"{t}\n{b}" for t, b in db.execute("SELECT title, body FROM memories")]

    def processes(self) -> dict[int, str]:
        """Return the processes of this home: pid → command line."""
        return processes(self.home)

    def end(self) -> None:
        """End what this home started and is still there."""
        self.codemem("serve", "stop")
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def wait_until(true: Callable[[], bool], *, limit_s: float = 30) -> None:
    """Wait for something to become true."""
    give_up = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > give_up:
            pytest.fail("waited in vain")
        time.sleep(0.05)


@pytest.fixture
def codex() -> Iterator[Lab]:
    """Give a home with Codex in it; its path is short because sockets lie in it."""
    program = programs(CODEX) / "codex"
    model = Model()
    with tempfile.TemporaryDirectory(prefix="cx", ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder).resolve(), program, model)
        yield lab
        lab.end()
        model.close()
