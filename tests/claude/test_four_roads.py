"""The same payload gives the same row, whichever way it comes in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codemem_core.config.settings import Settings
from codemem_core.paths import database_path
from codemem_core.store.engine.store import Store

PLUGIN = """
from codemem_core.hookspecs import hookimpl

@hookimpl(tryfirst=True)
def codemem_project(cwd, payload):
    return "named-by-plugin"
"""
PROMPT = {
    "hook_event_name": "UserPromptSubmit",
    "session_id": "s1",
    "cwd": "/w/shop",
    "prompt": "Round once.",
}
RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"
ROW = """
    SELECT s.source, s.stream_id, s.project, s.label, s.cwd, e.event_id, e.event_type, e.kind,
           e.origin, e.ts_ms, e.payload
      FROM raw_events e JOIN streams s ON s.id = e.stream
"""


class Machine:
    """A home with a third-party plugin that names projects."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.site = folder / "site"
        info = self.site / "acme_names-1.0.dist-info"
        for made in (self.home, info):
            made.mkdir(parents=True)
        (self.site / "acme_names.py").write_text(PLUGIN)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-names\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[codemem]\nacme = acme_names\n")
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(self.site),
            "CODEMEM_VIEWER": "0",
        }

    def codemem(self, *arguments: str, stdin: str = "") -> str:
        """Run the program."""
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def row(self) -> tuple[Any, ...]:
        """Return the only event that is stored."""
        path = database_path(Settings.load(self.environ))
        with Store.open(path) as store, store.read() as db:
            (row,) = db.execute(ROW).fetchall()
        return tuple(row)


def by_server(machine: Machine, payload: str) -> None:
    """Through the server's socket."""
    server = subprocess.Popen(
        [sys.executable, "-c", RUN, "serve", "--port", "0"],
        env=machine.environ,
        stdout=subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline()
        machine.codemem("claude-hook-ingest", stdin=payload)
    finally:
        server.terminate()
        server.wait(20)
        assert server.stdout is not None
        server.stdout.close()


def by_fallback(machine: Machine, payload: str) -> None:
    """By the hook itself, without a server."""
    machine.codemem("claude-hook-ingest", stdin=payload)


def by_spool(machine: Machine, payload: str) -> None:
    """Into the spool, and from there."""
    code = (
        "import json, sys; from codemem_core.capture.spool import Spool;"
        "from codemem_core.config.settings import Settings;"
        "Spool.of(Settings.load()).write('claude', json.load(sys.stdin))"
    )
    subprocess.run(
        [sys.executable, "-c", code], env=machine.environ, input=payload, text=True, check=True
    )
    machine.codemem("spool", "drain")


def by_command(machine: Machine, payload: str) -> None:
    """By the command that goes past the server."""
    machine.codemem("ingest-claude-hook", stdin=payload)


def test_every_road_gives_the_same_row(tmp_path: Path) -> None:
    """With and without a server, and with a plugin of a third party that names projects."""
    payload = json.dumps({**PROMPT, "ts": datetime.now(UTC).isoformat()})
    rows = {}
    for road in (by_server, by_fallback, by_spool, by_command):
        machine = Machine(tmp_path / road.__name__)
        road(machine, payload)
        rows[road.__name__] = machine.row()

    assert len(set(rows.values())) == 1, rows
    assert rows["by_server"][2] == "named-by-plugin"
