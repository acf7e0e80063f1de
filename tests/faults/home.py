"""A user's home in which the installed `codemem` runs as its users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import pytest

from codemem_core.hookpath.client import post_json
from codemem_core.paths import socket_path
from codemem_core.store.engine.connection import connect, rows

TEXT = "coalesce(payload ->> '$._adapter.payload.text', payload ->> '$.text')"
"""Where an event says what it is: a hook's and a command's are shaped differently."""
_PLANTED = f"""
import sys
sys.path.append({str(Path(__file__).parents[2])!r})
from tests.faults.mutants import planted
planted(sys.argv.pop(1)).start()
from codemem_cli.main import main
sys.exit(main())
"""
CODEMEM = str(Path(sys.executable).with_name("codemem"))


class Home:
    """An empty home folder, the commands in it, and at most one server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = str(path / ".codemem" / "mem.sqlite")
        self.socket = socket_path(self.database)
        self.log = path / ".codemem" / "plugin.log"
        kept = {"PATH": os.environ["PATH"], "HOME": str(path), "CODEMEM_VIEWER_PORT": "0"}
        self.environ = kept

    def start(self, *argv: str, bug: str = "", **options: Any) -> subprocess.Popen[bytes]:
        """Start a command, in a process with a planted bug if one is named."""
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        given |= options
        program = [sys.executable, "-c", _PLANTED, bug] if bug else [CODEMEM]
        return subprocess.Popen([*program, *argv], env=self.environ, cwd=self.path, **given)

    def hook(self, text: str, *, session: str = "s", **options: Any) -> subprocess.Popen[bytes]:
        """Start `claude-hook-ingest` and give it a prompt that says `text`."""
        payload = {"hook_event_name": "UserPromptSubmit", "session_id": session, "prompt": text}
        return self._fed("claude-hook-ingest", payload=payload, **options)

    def command(self, text: str) -> subprocess.Popen[bytes]:
        """Start `enqueue-raw-event` and give it an event that says `text`."""
        return self._fed("enqueue-raw-event", payload=raw_event(text))

    def _fed(self, *argv: str, payload: object, **options: Any) -> subprocess.Popen[bytes]:
        running = self.start(*argv, stdin=subprocess.PIPE, **options)
        assert running.stdin is not None
        running.stdin.write(json.dumps(payload).encode())
        running.stdin.close()
        return running

    def serve(self, *, bug: str = "") -> subprocess.Popen[bytes]:
        """Start the server; return when it answers, or fail and leave none behind."""
        server = self.start("serve", bug=bug, stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + 30
        while not self.post(raw_event("hello")):
            if server.poll() is not None or time.monotonic() > give_up:
                server.kill()
                server.wait()
                pytest.fail("no server")
            time.sleep(0.02)
        return server

    def take_in(self, texts: Iterable[str]) -> None:
        """Run a server until all of these are stored, out of the spool too."""
        missing, server = set(texts), self.serve()
        give_up = time.monotonic() + 30
        try:
            while missing:
                assert time.monotonic() < give_up, f"still missing: {sorted(missing)[:5]}"
                missing -= self.stored()
                time.sleep(0.05)
        finally:
            server.terminate()
            server.wait(60)

    def stored(self) -> set[str]:
        """Return what the stored events say."""
        db = connect(self.database, readonly=True)
        try:
            return {text for (text,) in rows(db, f"SELECT {TEXT} FROM raw_events")}
        except apsw.SQLError:
            return set()  # an empty file: whoever made it got no further
        finally:
            db.close()

    def post(self, event: dict[str, Any]) -> bool:
        """Post an event to the server; True when it was acknowledged."""
        body = json.dumps(event).encode()
        try:
            status, _ = post_json(self.socket, "/api/raw-events", body, connect_s=5, total_s=30)
        except OSError:
            return False
        return 200 <= status < 300


def raw_event(text: str) -> dict[str, Any]:
    """Make an event as OpenCode's plugin sends it."""
    return {
        "session_id": "raw",
        "event_id": f"evt-{text}",
        "event_type": "note",
        "payload": {"text": text},
    }
