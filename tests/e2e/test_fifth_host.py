"""A host that nobody here knows: `examples/codemem-fifth`, installed by path."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codemem_core import paths
from codemem_core.store.engine.connection import connect, rows

ROOT = Path(__file__).parents[2]
PATCH = """*** Begin Patch
*** Update File: invoices/rounding.py
@@
-    return round(net * rate)
+    return (net * rate).quantize(CENT, ROUND_HALF_UP)
*** End Patch"""
HEAVY = {"asyncio", "click", "dataclasses", "importlib.metadata", "pluggy", "subprocess", "typing"}
PROBE = """
import os, sys
def leave(code, really_exit=os._exit):
    print(*sorted(sys.modules), file=sys.stderr, flush=True)
    really_exit(code)
os._exit = leave
sys.argv[1:] = ["fifth-hook"]
from codemem_cli.main import main
main()
"""


class Fifth:
    """The agent: runs its hook, writes its log, and has a server beside it."""

    def __init__(self, home: Path, site: Path) -> None:
        self.folder = home / "shop"
        (self.folder / ".git").mkdir(parents=True)
        self.log = home / ".fifth" / "log"
        self.log.mkdir(parents=True)
        self.database = str(home / ".codemem" / "mem.sqlite")
        self.environ = {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(site),
            "CODEMEM_OBSERVER_RUNTIME": "extractive",
            "CODEMEM_VIEWER_AUTO": "0",
        }
        self.loaded: set[str] = set()
        """Modules that the last hook had loaded."""

    def codemem(self, *arguments: str) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(
            [Path(sys.executable).with_name("codemem"), *arguments],
            env=self.environ, cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout

    def hook(self, session: str, event: str, **fields: object) -> dict[str, Any]:
        """Fire the hook as Fifth does and return its answer."""
        payload = self.payload(session, event, **fields)
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            input=json.dumps(payload), env=self.environ, cwd=self.folder, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.loaded = set(done.stderr.split())
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def payload(self, session: str, event: str, **fields: object) -> dict[str, Any]:
        """Return what the hook is told."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() % 10**9:09}"
        head = {"event": event, "session": session, "ts": now[:26] + "Z", "dir": str(self.folder)}
        return head | fields

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with closing(connect(self.database, readonly=True)) as db:
            return rows(db, sql)

    def page(self, path: str) -> str:
        """Return a page of the viewer as a person's browser gets it."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(paths.socket_path(self.database))
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
            link.sendall(f"{request}Connection: close\r\n\r\n".encode())
            with link.makefile("rb") as reply:
                return reply.read().decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example by its path into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    uv = Path(sys.executable).with_name("uv")
    package = ROOT / "examples" / "codemem-fifth"
    subprocess.run(
        [uv, "pip", "install", "-q", "--no-deps", "--target", folder, package], check=True
    )
    return folder


@pytest.fixture
def fifth(tmp_path: Path, site: Path) -> Iterator[Fifth]:
    """Run a server for the agent."""
    agent = Fifth(tmp_path / "h", site)
    program = [Path(sys.executable).with_name("codemem"), "serve", "--foreground", "--port", "0"]
    server = subprocess.Popen(program, env=agent.environ, stderr=subprocess.PIPE)
    until(lambda: Path(paths.socket_path(agent.database)).exists())
    yield agent
    server.terminate()
    server.communicate(timeout=20)


def until(met: Any) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + 30
    while not met():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.05)


def work(fifth: Fifth) -> None:
    """Have a session in which something is found out, and one tool call is denied."""
    fifth.hook("f1", "opened")
    fifth.hook("f1", "asked", words="The VAT of invoice 2041 is a cent off. Fix the rounding.")
    fifth.hook("f1", "used", call="c1", tool="amend", **{"with": {"patch": PATCH}}, status=0)
    line = {"line": "pytest tests/test_rounding.py"}
    fifth.hook("f1", "used", call="c2", tool="shell", **{"with": line}, status=0, out="3 passed")
    fifth.hook("f1", "used", call="c3", tool="visit", **{"with": {}}, out="VAT is rounded per rate")
    push = fifth.payload("f1", "used", call="c9", tool="shell", denied=True)
    (fifth.log / "f1.jsonl").write_text(json.dumps(push | {"with": {"line": "git push"}}) + "\n")
    said = (
        "Fixed: `rounding.py` rounds VAT half up, once per rate, because the law checks each rate."
    )
    fifth.hook("f1", "answered", words=said)
    fifth.hook("f1", "closed")
    until(lambda: fifth.query("SELECT 1 FROM memories"))


def test_an_unknown_host_is_captured_remembered_and_told(fifth: Fifth) -> None:
    """Its package says what differs; everything else is the core's."""
    work(fifth)

    assert not fifth.loaded & HEAVY
    events = fifth.query("SELECT kind, payload, origin FROM raw_events ORDER BY seq")
    assert [kind for kind, _, _ in events] == [
        *("session_start", "prompt", "tool_result", "tool_result", "tool_result"),
        *("tool_result", "assistant", "session_end"),
    ]
    calls = [json.loads(text)["_adapter"]["payload"] for kind, text, _ in events if "tool" in kind]
    assert calls[0]["files_changed"] == ["invoices/rounding.py"]
    assert calls[3]["refused"]
    assert [origin for _, _, origin in events[2:5]] == ["tool_repo", "tool_exec", "external"]
    assert fifth.query("SELECT recent_files FROM streams") == [('["invoices/rounding.py"]',)]
    changed = fifth.query("SELECT files_modified FROM memories WHERE files_modified != '[]'")
    assert ('["invoices/rounding.py"]',) in changed

    brief = fifth.hook("f2", "opened")["tell"]
    pack = fifth.hook("f2", "asked", words="Why does our VAT rounding go half up per rate?")["tell"]
    fifth.hook("f2", "used", call="d1", tool="amend", **{"with": {"patch": PATCH}}, status=0)
    fifth.hook("f2", "closed")

    assert "Last session in this project" in brief
    assert "half up, once per rate" in pack
    until(lambda: ("files",) in fifth.query("SELECT DISTINCT how FROM receipts"))


def test_an_unknown_host_is_shown_everywhere(fifth: Fifth) -> None:
    """In setup, status, doctor and the pages, by its name."""
    work(fifth)
    fifth.codemem("setup", "fifth", "--yes")

    settings = json.loads((fifth.log.parent / "settings.json").read_text())
    assert settings["hooks"]["codemem"][1:] == ["fifth-hook"]
    assert "the hook is installed" in fifth.codemem("setup", "fifth", "--check")
    assert "fifth" in fifth.codemem("status")
    assert "fifth: the hook is installed" in fifth.codemem("doctor")
    listed = json.loads(fifth.codemem("plugins", "--json"))["plugins"]
    (mine,) = [each for each in listed if each["name"] == "fifth"]
    assert (mine["state"], mine["third_party"]) == ("active", True)
    for path in ("/api/pages/sessions", "/api/pages/health", "/api/pages/usage"):
        assert "fifth" in fifth.page(path)
