"""The real OpenCode, offline: a model that answers from a script, a home with the plugin in it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import clients
import pytest

from codemem_core import paths
from codemem_core.store import events
from codemem_core.store.engine.store import Store

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "codemem_opencode/src/codemem_opencode/opencode_plugin/codemem.js"
PROGRAMS = Path(sys.executable).parent
_TITLE = "You are a title generator"


@dataclass(frozen=True)
class Turn:
    """One answer of the model: some words, then at most one tool call."""

    says: str
    tool: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)


def turn(says: str, tool: str = "", **arguments: object) -> Turn:
    """Return one answer of the model."""
    return Turn(says, tool, arguments)


class Model:
    """Chat completions on the loopback; what it answers depends on words in the conversation."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.scripts: dict[str, Sequence[Turn]] = {}
        """Words of a user's prompt → the turns that follow it."""
        self.observation = ""
        """What it answers when it is asked as an observer."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def asked(self, words: str) -> dict[str, Any]:
        """Return the last request of the agent in which somebody said `words`."""
        sent = [body for body in self.requests if body.get("tools") and words in json.dumps(body)]
        return sent[-1] if sent else {}

    def observing(self) -> list[dict[str, Any]]:
        """Return the requests of an observer: without tools, and no titles."""
        bare = [body for body in self.requests if not body.get("tools")]
        return [body for body in bare if _TITLE not in json.dumps(body["messages"][0])]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, body: Mapping[str, Any]) -> Turn:
        if not body.get("tools"):
            is_title = _TITLE in json.dumps(body["messages"][0])
            return Turn("A title" if is_title else self.observation or "All right.")
        index = sum(message["role"] == "assistant" for message in body["messages"])
        users = (message for message in body["messages"] if message["role"] == "user")
        said = {text for message in users for text in _texts(message["content"])}
        for words, turns in self.scripts.items():
            if words in said and index < len(turns):
                return turns[index]
        return Turn("All right.")

    def _door(model) -> type[BaseHTTPRequestHandler]:
        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                chunks = _chunks(model._answer(body), body["model"], len(model.requests))
                raw = b"".join(b"data: " + json.dumps(c).encode() + b"\n\n" for c in chunks)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(raw + b"data: [DONE]\n\n")

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Door


def _texts(content: str | list[dict[str, Any]]) -> list[str]:
    parts = [content] if isinstance(content, str) else [part["text"] for part in content]
    return [text.strip() for text in parts]


def _chunks(turn: Turn, model: str, number: int) -> Iterator[dict[str, Any]]:
    chunk = {"id": f"c{number}", "object": "chat.completion.chunk", "model": model}
    delta: dict[str, Any] = {"role": "assistant", "content": turn.says}
    if turn.tool:
        function = {"name": turn.tool, "arguments": json.dumps(turn.arguments)}
        call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        delta["tool_calls"] = [call]
    finish = "tool_calls" if turn.tool else "stop"
    yield {**chunk, "choices": [{"index": 0, "delta": delta}]}
    yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    yield {**chunk, "choices": [], "usage": usage}


class Lab:
    """A user's home with OpenCode and codemem, and the model it talks to."""

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        self.home = home
        self.model = model
        self.config = home / ".config" / "opencode"
        (self.config / "plugin").mkdir(parents=True)
        (self.config / "plugin" / "codemem.js").symlink_to(PLUGIN)
        self._program = programs / "opencode"
        self.environ = {
            "HOME": str(home),
            "PATH": f"{PROGRAMS}:{programs}:{os.defpath}",
            "LANG": "C.UTF-8",
            **{f"OPENCODE_DISABLE_{what}": "1" for what in ("MODELS_FETCH", "AUTOUPDATE")},
            **{f"OPENCODE_DISABLE_{what}": "1" for what in ("LSP_DOWNLOAD", "DEFAULT_PLUGINS")},
            # It would install its plugin library for each new home.
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
            "CODEMEM_OBSERVER_RUNTIME": "extractive",
            "CODEMEM_PLUGIN_DEBUG": "1",
            "CODEMEM_VIEWER_PORT": "0",
        }
        self.configure()

    def configure(self, **more: object) -> None:
        """Write OpenCode's config: our model, every tool allowed."""
        options = {"baseURL": f"{self.model.url}/v1", "apiKey": "test-key"}
        models = {"m": {"tool_call": True}}
        fake = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
        own = {"enabled_providers": ["fake"], "provider": {"fake": fake}, "model": "fake/m"}
        usual = {"autoupdate": False, "share": "disabled", "permission": {"*": "allow"}}
        (self.config / "opencode.json").write_text(json.dumps({**own, **usual, **more}))

    @property
    def database(self) -> str:
        """The everyday database of this home."""
        return str(self.home / ".codemem" / "mem.sqlite")

    @property
    def socket(self) -> str:
        """Where its server listens."""
        return paths.socket_path(self.database)

    def project(self, name: str) -> Path:
        """Make a repository."""
        folder = self.home / "work" / name
        (folder / ".git").mkdir(parents=True)
        return folder

    def session(self, cwd: Path, prompt: str) -> str:
        """Run a session of one prompt and return what it printed; fail when it failed."""
        done = subprocess.run(
            [str(self._program), "run"],
            input=prompt,
            env=self.environ,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def codemem(self, *arguments: str) -> str:
        """Run codemem and return what it printed."""
        done = subprocess.run(
            [f"{PROGRAMS}/codemem", *arguments],
            env=self.environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def stored(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return stream, type and payload of every stored event, in order."""
        query = """SELECT s.stream_id, e.event_type, e.payload FROM raw_events e
                   JOIN streams s ON s.id = e.stream ORDER BY e.id"""
        with Store.open(self.database) as store, store.read() as db:
            return [(s, kind, json.loads(payload)) for s, kind, payload in db.execute(query)]

    def wait_for_memories(self) -> list[str]:
        """Return every memory as one text each, once all that waited is flushed."""

        def flushed() -> bool:
            with Store.open(self.database) as store, store.read() as db:
                return events.totals(db)[1] == 0

        wait_until(flushed)
        with Store.open(self.database) as store, store.read() as db:
            return [f"{t}\n{b}" for t, b in db.execute("SELECT title, body FROM memories")]

    def waits_ms(self) -> list[int]:
        """Return how long each model request waited for memories, by the plugin's log."""
        log = (self.home / ".codemem" / "plugin.log").read_text()
        return [int(ms) for ms in re.findall(r"a request waited (\d+) ms", log)]

    def processes(self) -> dict[int, str]:
        """Return the processes of this home: pid → command line."""
        return clients.processes(self.home)

    def end(self) -> None:
        """End what this home started and is still there."""
        self.codemem("serve", "stop")
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def wait_until(true: Callable[[], bool], *, limit_s: float = 60) -> None:
    """Wait for something to become true."""
    give_up = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > give_up:
            pytest.fail("waited in vain")
        time.sleep(0.05)


@pytest.fixture
def opencode() -> Iterator[Lab]:
    """Give a home with OpenCode and the plugin; its path is short because sockets lie in it."""
    model = Model()
    with tempfile.TemporaryDirectory(prefix="oc", ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder).resolve(), clients.programs(clients.OPENCODE), model)
        yield lab
        lab.end()
        model.close()
