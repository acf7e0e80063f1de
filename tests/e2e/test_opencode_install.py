"""What codemem puts into OpenCode's configuration, with the real OpenCode, offline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import apsw
import pytest
from clients import OPENCODE, programs

from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store

pytestmark = pytest.mark.clients

BIN = str(Path(sys.executable).parent)
PROMPT = "What do we know about quokkas?"
ANSWER = "They are fair."


class _Model(ThreadingHTTPServer):
    """An OpenAI-compatible API: the model looks into the memory once, then answers."""

    requests: list[dict[str, Any]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Door(BaseHTTPRequestHandler):
    server: _Model

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        offered = {tool["function"]["name"] for tool in body.get("tools", [])}
        asked = any(message["role"] == "tool" for message in body["messages"])
        look = {"name": "codemem_memory_search", "arguments": '{"query": "quokka locks"}'}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if look["name"] in offered and not asked:
            call = {"index": 0, "id": "call_1", "type": "function", "function": look}
            self._say({"role": "assistant", "tool_calls": [call]}, "tool_calls")
        else:
            self._say({"role": "assistant", "content": ANSWER}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, delta: dict[str, Any], finish: str) -> None:
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        for choice in ({"delta": delta}, {"delta": {}, "finish_reason": finish}):
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                     "choices": [{"index": 0, **choice}], "usage": usage}  # fmt: skip
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def model() -> Iterator[_Model]:
    """Serve the model."""
    with _Model(("127.0.0.1", 0), _Door) as server:
        server.requests = []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class User:
    """A home with OpenCode and codemem on PATH, and a repository."""

    def __init__(self, home: Path, model: _Model) -> None:
        self.home = home
        self.config = home / ".config" / "opencode"
        self.repository = home / "work" / "zoo"
        (self.repository / ".git").mkdir(parents=True)
        self.environ = {
            "HOME": str(home),
            "PATH": f"{BIN}:{programs(OPENCODE)}:{os.defpath}",
            "LANG": "C.UTF-8",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
            "CODEMEM_OBSERVER_RUNTIME": "extractive",
            "CODEMEM_VIEWER_PORT": "0",
        }
        options = {"baseURL": model.url, "apiKey": "test-key"}
        fake = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"m": {}}}
        self.config.mkdir(parents=True)
        settings = {"enabled_providers": ["fake"], "model": "fake/m", "share": "disabled",
                    "autoupdate": False, "provider": {"fake": fake}}  # fmt: skip
        text = f"// mine\n{json.dumps(settings)}\n"
        (self.config / "opencode.jsonc").write_text(text)

    def run(self, *command: str) -> str:
        """Run a program in the repository and return what it printed; it must succeed."""
        done = subprocess.run(
            command,
            env=self.environ,
            cwd=self.repository,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stored(self) -> set[str]:
        """Return the kinds of the events that are stored."""
        with Store.open(str(self.home / ".codemem" / "mem.sqlite")) as store, store.read() as db:
            return {kind for (kind,) in rows(db, "SELECT DISTINCT kind FROM raw_events")}

    def end(self) -> None:
        """End what runs in this home."""
        self.run("codemem", "serve", "stop")
        mark = f"HOME={self.home}\0".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes() + b"\0":
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue


@pytest.fixture
def user(model: _Model) -> Iterator[User]:
    """A user with an awkward home; its path is short because sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="o'c é", ignore_cleanup_errors=True) as folder:
        user = User(Path(folder).resolve(), model)
        yield user
        user.end()


def test_setup_makes_opencode_remember_and_search(user: User, model: _Model) -> None:
    """The installed plugin records a session; the configured server answers its model."""
    user.run("codemem", "remember", "decision", "Quokka locks are fair", "First come, first.")
    user.run("codemem", "serve", "start")
    user.run("codemem", "setup", "--yes")
    first = (user.config / "opencode.jsonc").read_text()

    said = user.run("opencode", "run", PROMPT)

    assert ANSWER in said
    assert first.startswith("// mine\n")
    assert any("First come, first." in json.dumps(body) for body in model.requests)
    assert {"prompt", "assistant", "tool_result"} <= user.stored()
    assert "ok  sessions have been recorded" in user.run("codemem", "setup", "opencode", "--check")

    user.run("codemem", "setup", "opencode", "--uninstall")
    model.requests.clear()
    user.run("opencode", "run", "again")

    assert "codemem" not in json.dumps(model.requests[0].get("tools"))
    assert '"mcp"' not in (user.config / "opencode.jsonc").read_text()


def test_what_opencode_stored_before_is_imported(user: User) -> None:
    """A session without codemem becomes events afterwards, once."""
    user.run("opencode", "run", PROMPT)
    stored = user.home / ".local" / "share" / "opencode" / "opencode.db"
    with apsw.Connection(str(stored)) as db:
        db.execute("UPDATE session SET time_updated = time_updated - 3600000")
    db.close()

    first = json.loads(user.run("codemem", "import-history", "opencode", "--json"))
    again = json.loads(user.run("codemem", "import-history", "opencode", "--json"))

    assert (first["sessions"], again["stored"]) == (1, 0)
    assert first["stored"] >= 3
    assert {"session_start", "prompt", "assistant"} <= user.stored()
