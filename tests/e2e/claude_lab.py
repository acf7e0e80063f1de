"""The real Claude Code, offline: a model that answers from a script, a marketplace, a home."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from clients import CLAUDE_CODE, OLDER_CLAUDE_CODE, processes, programs
from endpoint import stream_events
from story import Turn

from codemem_core import paths
from codemem_core.store import events
from codemem_core.store.engine.store import Store

ROOT = Path(__file__).parents[2]
VERSIONS = (CLAUDE_CODE, OLDER_CLAUDE_CODE)
PLUGIN = "codemem_claude/src/codemem_claude/claude_plugin"
PROGRAMS = str(Path(sys.executable).parent)


def turn(says: str, tool: str = "", **arguments: object) -> Turn:
    """Return one answer of the model: some words, then at most one tool call."""
    return Turn(says=says, tool=tool, arguments=arguments)


CANCELLED = re.compile(r"^SessionEnd hook \[.*\] failed: Hook cancelled$\n?", re.MULTILINE)
"""What Claude Code says when a busy machine took more than its 1.5 s for that hook."""
WAIT = turn("One moment.", "Bash", command="sleep 1")
"""What the model does while a server's tools are not there yet: a busy machine takes seconds."""


class Model:
    """A Messages API on the loopback; what it answers depends on words in the conversation."""

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

    def asked(self, words: str) -> str:
        """Return, as JSON, a session's last request in which somebody said `words`."""
        # An observer has no tools; a session always has.
        sent = [json.dumps(body) for body in self.requests if body.get("tools")]
        said = [text for text in sent if words in text]
        return said[-1] if said else ""

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _turn(self, body: Mapping[str, Any]) -> tuple[Turn, int]:
        """Return what comes next in the script of this conversation, or the observation."""
        if self.observation and not body.get("tools"):
            return Turn(says=self.observation), 0
        answers = [message for message in body["messages"] if message["role"] == "assistant"]
        done = sum(WAIT.says not in _texts(message["content"]) for message in answers)
        said = {text for message in body["messages"] for text in _texts(message["content"])}
        for words, turns in self.scripts.items():
            if words in said and done < len(turns):
                # Newer versions tell of a server's tools in the conversation only.
                known = turns[done].tool in json.dumps(body)
                waits = turns[done].tool.startswith("mcp__") and not known
                return WAIT if waits else turns[done], len(answers)
        return Turn(says="All right."), len(answers)

    def _door(model) -> type[BaseHTTPRequestHandler]:
        class Door(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                self.send_response(200)
                if body.get("stream"):
                    self._stream(*model._turn(body))
                    return
                text = {"type": "text", "text": model.observation or "All right."}
                usage = {"input_tokens": 1, "output_tokens": 1}
                message = {"id": "msg_1", "type": "message", "role": "assistant", "usage": usage}
                reply = message | {"model": body["model"], "content": [text]}
                raw = json.dumps(reply | {"stop_reason": "end_turn"}).encode()
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def _stream(self, turn: Turn, index: int) -> None:
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for event in stream_events(turn, index=index):
                    line = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
                    self.wfile.write(line.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Door


def _texts(content: str | list[dict[str, Any]]) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [block["text"].strip() for block in content if block["type"] == "text"]


class Lab:
    """A user's home with Claude Code and codemem, and the model it talks to."""

    def __init__(self, home: Path, claude: Path, model: Model) -> None:
        self.home = home
        self.model = model
        self._claude = claude
        self.cancelled = False
        """Whether Claude Code has cancelled a SessionEnd hook."""
        (home / "tmp").mkdir(exist_ok=True)
        self.environ = {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "PATH": f"{PROGRAMS}:{claude.parent}:{os.defpath}",
            "LANG": "C.UTF-8",
            "ANTHROPIC_API_KEY": "test-key",
            "ANTHROPIC_BASE_URL": model.url,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CODEMEM_OBSERVER_RUNTIME": "extractive",
            "CODEMEM_VIEWER_PORT": "0",
        }

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

    def claude(self, *arguments: str, cwd: Path | None = None, mounts: str = "") -> str:
        """Run Claude Code to its end and return what it printed; fail when it failed.

        `mounts`: shell commands that change what it and its children see of the disk.
        """
        command = [str(self._claude), *arguments]
        if mounts:
            own = "-m" if os.geteuid() == 0 else "-rm"
            command = ["unshare", own, "sh", "-ec", f'{mounts}; exec "$@"', "sh", *command]
        done = subprocess.run(
            command,
            env=self.environ,
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        complaints, cancelled = CANCELLED.subn("", done.stderr)
        assert "hook" not in complaints.lower(), done.stderr
        self.cancelled = self.cancelled or cancelled > 0
        return done.stdout

    def session(self, cwd: Path, prompt: str, *, mounts: str = "") -> str:
        """Run a session of one prompt with the usual tools allowed; return the answer."""
        tools = "Bash,Read,Edit,Write,mcp__plugin_codemem_codemem__memory_search"
        options = ["--model", "sonnet", "--allowedTools", tools, "--output-format", "text"]
        return self.claude("-p", prompt, *options, cwd=cwd, mounts=mounts).strip()

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
        """Return stream, hook and payload of every stored event, in order."""
        query = """SELECT s.stream_id, e.payload FROM raw_events e JOIN streams s ON s.id = e.stream
                   ORDER BY e.id"""
        with Store.open(self.database) as store, store.read() as db:
            found = [(s, json.loads(payload)["_adapter"]) for s, payload in db.execute(query)]
        return [(stream, event["meta"]["hook_event_name"], event) for stream, event in found]

    def wait_for_memories(self) -> list[str]:
        """Return every memory as one text each, once all that waited is flushed."""

        def flushed() -> bool:
            with Store.open(self.database) as store, store.read() as db:
                return events.totals(db)[1] == 0

        wait_until(flushed)
        with Store.open(self.database) as store, store.read() as db:
            return [f"{t}\n{b}" for t, b in db.execute("SELECT title, body FROM memories")]

    def usage(self) -> list[dict[str, Any]]:
        """Return what observing cost, as `codemem usage` tells it."""
        days: list[dict[str, Any]] = json.loads(self.codemem("usage", "--json"))["days"]
        return days

    def processes(self) -> dict[int, str]:
        """Return the processes of this home: pid → command line."""
        return processes(self.home)

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


@pytest.fixture(scope="session", params=VERSIONS)
def claude(request: pytest.FixtureRequest) -> Path:
    """Give the program of Claude Code."""
    return programs(request.param) / "claude"


@pytest.fixture
def lab(claude: Path) -> Iterator[Lab]:
    """Give a home with nothing in it; its path is short because sockets lie in it."""
    model = Model()
    with tempfile.TemporaryDirectory(prefix="cc", ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder).resolve(), claude, model)
        yield lab
        lab.end()
        model.close()


def git_door(folder: Path) -> type[BaseHTTPRequestHandler]:
    """Serve the git repositories below a folder as any git host does."""

    class Git(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            environ = {
                "PATH": os.defpath,
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            run = ["git", "http-backend"]
            reply = subprocess.run(run, input=body, env=environ, capture_output=True, check=True)
            head, _, content = reply.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    return Git


@contextmanager
def served_by_git(folder: Path) -> Iterator[str]:
    """Serve the marketplace of this checkout from a git repository on the loopback."""
    source = folder / "source"
    for part in (".claude-plugin", PLUGIN):
        shutil.copytree(ROOT / part, source / part)
    git = ["git", "-C", str(source), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Plugin"]):
        subprocess.run([*git, *command], check=True)

    server = ThreadingHTTPServer(("127.0.0.1", 0), git_door(folder))
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/source/.git"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def marketplace(tmp_path: Path) -> Iterator[str]:
    """Give the URL of a git marketplace."""
    with served_by_git(tmp_path) as url:
        yield url
