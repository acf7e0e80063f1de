"""`codemem claude-hook-inject`, run as Claude Code runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any

import apsw
import pytest

from codemem_core import paths
from codemem_core.store.engine.store import Store

NOTHING = {"continue": True}
PROMPT = {"session_id": "s1", "prompt": "why does the lease expire early?"}
RUN = "import sys; from codemem_claude.inject import main; sys.exit(main([]))"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make the folder of a project called `demo`."""
    folder = tmp_path / "demo"
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def filled(home: Path) -> Path:
    """Fill the everyday database and return its path."""
    path = home / ".codemem" / "mem.sqlite"
    with Store.open(str(path)) as store:
        store.write(
            lambda db: db.execute(
                "INSERT INTO sessions (id, started_ms) VALUES (1, 0);"
                "INSERT INTO memories (key, session_id, kind, title, body, origin, project,"
                " created_ms, updated_ms) VALUES"
                " ('a', 1, 'bugfix', 'Lease expired early', 'Clock skew.', 'user', 'demo', 1, 1),"
                " ('b', 1, 'bugfix', 'Lease expired early', 'Elsewhere.', 'user', 'other', 1, 1),"
                " ('c', 1, 'change', 'Retry uploads', 'Three times.', 'user', 'demo', 1, 1);"
                "INSERT INTO streams (source, stream_id, first_prompt, recent_files)"
                " VALUES ('claude', 's2', 'make uploads retry', '[\"src/uploads.py\"]')"
            ).fetchall()
        )
    return path


def inject(payload: object, cwd: Path | None = None, **environ: str) -> Any:
    """Run the command in a process of its own and return the object it printed."""
    if isinstance(payload, dict) and cwd:
        payload = {"cwd": str(cwd), **payload}
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=raw,
        capture_output=True,
        env={"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], **environ},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1
    return json.loads(done.stdout)


def context_of(answer: dict[str, Any]) -> str:
    """Return what Claude would read, having checked the rest of the answer."""
    output = answer["hookSpecificOutput"]
    assert answer["continue"] is True
    assert output["hookEventName"] == "UserPromptSubmit"
    return str(output["additionalContext"])


@pytest.mark.usefixtures("filled")
def test_memories_of_the_project_are_injected(project: Path) -> None:
    """And those of other projects are not."""
    context = context_of(inject(PROMPT, project))

    assert "[1] (bugfix) 1970-01-01: Lease expired early - Clock skew." in context
    assert "Elsewhere" not in context
    assert context.startswith("<codemem-memory-")


@pytest.mark.usefixtures("filled")
def test_a_go_ahead_is_told_nothing(project: Path) -> None:
    """Whatever the session is about."""
    assert inject({"session_id": "s2", "prompt": "go on"}, project) == NOTHING


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[1]",
        b"null",
        b'{"prompt": "' + b"lease expire early " * 200_000 + b'"}',
        {"prompt": 7},
        {"prompt": "  "},
        {"prompt": "lease expire early", "session_id": ["x"], "cwd": 3, "project": {}},
        {"prompt": "<task-notification>lease expired early</task-notification>"},
        {"prompt": "<private>lease expired early</private>"},
        {"prompt": "bake a chocolate cake"},
        {"prompt": "\ud800 \u0000"},
    ],
)
def test_nothing_to_say_is_said_in_one_line(project: Path, payload: object) -> None:
    """Bad input, what no person typed, and questions without an answer."""
    assert inject(payload, project) == NOTHING


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "environ", [{"CODEMEM_PLUGIN_IGNORE": "1"}, {"CODEMEM_INJECT_CONTEXT": "off"}]
)
def test_it_can_be_switched_off(project: Path, environ: dict[str, str]) -> None:
    """For the observer's own sessions, and by the user."""
    assert inject(PROMPT, project, **environ) == NOTHING


@pytest.mark.usefixtures("filled")
def test_context_keeps_to_its_characters(project: Path) -> None:
    """The end is cut, and the fence still closed."""
    context = context_of(inject(PROMPT, project, CODEMEM_INJECT_MAX_CHARS="280"))

    assert len(context) <= 280
    assert "[pack truncated]\n</codemem-memory-" in context


def test_a_missing_database_is_not_made(project: Path, home: Path) -> None:
    """A hook that only asks leaves no trace."""
    assert inject(PROMPT, project) == NOTHING
    assert list(home.iterdir()) == []


def test_the_database_is_not_written(project: Path, filled: Path) -> None:
    """Asking changes no byte."""
    before = filled.read_bytes()

    inject(PROMPT, project)

    assert filled.read_bytes() == before


def test_what_was_told_is_noted_for_the_server(project: Path, filled: Path) -> None:
    """Which memories and how many tokens, no word of the prompt; silence leaves its time only."""
    notes = Path(paths.hook_notes_path(str(filled)))
    paths.run_folder(str(notes.parent))

    context = context_of(inject(PROMPT, project))
    inject({**PROMPT, "prompt": "zxqv"}, project)

    told, silent = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    assert told["ids"]
    assert all(f"[{memory}] (" in context for memory in told["ids"])
    assert (told["source"], told["hook"]) == ("claude", "UserPromptSubmit")
    assert told["stream_id"] == PROMPT["session_id"]
    assert told["tokens"] > 0
    assert 0 < silent["took_ms"] < 60_000
    assert "ids" not in silent
    assert PROMPT["prompt"] not in notes.read_text(encoding="utf-8")


class Server(UnixStreamServer):
    """A stand-in for the server that keeps what it was asked."""

    asked: dict[str, Any]
    reply: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    """Answers every POST with the reply of its server."""

    server: Server

    def do_POST(self) -> None:
        """Keep the request, send the reply."""
        length = int(self.headers["Content-Length"])
        self.server.asked = {"path": self.path, **json.loads(self.rfile.read(length))}
        body = json.dumps(self.server.reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def damaged() -> Iterator[Path]:
    """Make something that is no database, where the path of a socket beside it is short."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mem.sqlite")
        path.write_bytes(b"no database at all, " * 1000)
        yield path


@pytest.fixture
def server(damaged: Path) -> Iterator[Server]:
    """Run a server for the damaged database that knows one pack."""
    folder = damaged.parent / "run"
    folder.mkdir(mode=0o700)
    with Server(str(folder / "mem.sqlite.sock"), Handler) as listening:
        listening.asked = {}
        listening.reply = {"pack_text": "<codemem-memory-1>\nfrom afar\n</codemem-memory-1>"}
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def test_the_server_is_asked_when_the_database_fails(
    project: Path, damaged: Path, server: Server
) -> None:
    """With the same limits as the local pack."""
    answer = inject(PROMPT, project, CODEMEM_DB=str(damaged))

    assert "from afar" in context_of(answer)
    assert server.asked["path"] == "/api/pack"
    assert server.asked["injected"] is True
    assert (server.asked["project"], server.asked["limit"]) == ("demo", 8)


@pytest.mark.parametrize(
    "reply", [{"pack_text": "## Summary"}, {"pack_text": None}, {}, {"error": 1}]
)
def test_a_reply_that_is_no_injectable_pack_is_dropped(
    project: Path, damaged: Path, server: Server, reply: dict[str, Any]
) -> None:
    """A pack without fence may hold what nobody confirmed."""
    server.reply = reply

    assert inject(PROMPT, project, CODEMEM_DB=str(damaged)) == NOTHING


def test_the_server_is_not_asked_when_that_is_off(
    project: Path, damaged: Path, server: Server
) -> None:
    """`CODEMEM_INJECT_HTTP_FALLBACK` off."""
    assert (
        inject(PROMPT, project, CODEMEM_DB=str(damaged), CODEMEM_INJECT_HTTP_FALLBACK="0")
        == NOTHING
    )
    assert server.asked == {}


def test_without_a_server_nothing_is_injected(project: Path, damaged: Path) -> None:
    """A damaged database is no reason to disturb a prompt."""
    assert inject(PROMPT, project, CODEMEM_DB=str(damaged)) == NOTHING


def test_reading_path_loads_no_framework() -> None:
    """Claude waits for it at every prompt: what takes longer than the work is not imported."""
    code = "import sys, codemem_claude.inject; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"dataclasses", "typing", "pathlib", "hashlib", "logging", "socket", "click", "pluggy"}
    assert heavy.isdisjoint(done.stdout.split())


def test_a_locked_database_is_not_waited_for_beyond_the_hooks_time(
    filled: Path, project: Path
) -> None:
    """Without its own limit it would wait 5 s for the lock, and Claude with it."""
    holder = apsw.Connection(str(filled))
    holder.execute("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE").fetchall()
    began = time.monotonic()

    answer = inject(PROMPT, project, CODEMEM_INJECT_HTTP_MAX_TIME_S="0.5")

    assert answer == NOTHING
    assert time.monotonic() - began < 4
    holder.close()
