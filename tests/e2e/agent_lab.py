"""A user's home with a real agent and codemem in it, and what tests ask of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clients
import pytest
from chat_model import Model, Turn

from codemem_core import paths
from codemem_core.store import events
from codemem_core.store.engine.store import Store

PROGRAMS = Path(sys.executable).parent
LIMIT_S = 180


class AgentLab:
    """A home whose programs are this checkout's codemem and one client; no model is real."""

    name = ""
    """The agent's, as `codemem setup` knows it."""
    hooks: tuple[str, ...] = ()
    """What a session of a prompt, two tools and an answer fires, in order."""
    between = ""
    """What events are called that come from the agent's own record: words between tools."""
    search_tool = ""
    """What the agent calls our tool `memory_search`."""
    resume: tuple[str, ...] = ()
    """The options with which a session goes on with the last one."""

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        self.home = home
        self.model = model
        self.environ = {
            "HOME": str(home),
            "PATH": f"{PROGRAMS}:{programs}:{os.defpath}",
            "LANG": "C.UTF-8",
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

    def install(self) -> None:
        """Put codemem into the agent."""
        self.codemem("setup", self.name, "--yes")

    def one_shot(self, prompt: str, *options: str) -> list[str]:
        """Return what runs a session of one prompt with every tool allowed."""
        raise NotImplementedError

    def session(self, cwd: Path, prompt: str, *options: str) -> str:
        """Run such a session to its end and return what it printed; fail when it failed."""
        return self.run(*self.one_shot(prompt, *options), cwd=cwd)

    def command(self, says: str, command: str) -> Turn:
        """Return an answer of the model that runs a command."""
        raise NotImplementedError

    def write(self, says: str, path: Path, text: str) -> Turn:
        """Return an answer of the model that writes a file."""
        raise NotImplementedError

    def sent(self, words: str) -> str:
        """Return what the model was last sent of a session, but for the results of tools."""
        raise NotImplementedError

    def run(self, *command: str | Path, cwd: Path | None = None, stdin: str = "") -> str:
        """Run a program to its end and return what it printed; fail when it failed."""
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin,
            env=self.environ,
            cwd=cwd or self.home,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
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

    def raw_events(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return stream, type and payload of every stored event, in order."""
        query = """SELECT s.stream_id, e.event_type, e.payload FROM raw_events e
                   JOIN streams s ON s.id = e.stream ORDER BY e.id"""
        with Store.open(self.database) as store, store.read() as db:
            return [(s, kind, json.loads(payload)) for s, kind, payload in db.execute(query)]

    def stored(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return stream, hook and common form of every stored event, in order."""
        adapters = [(stream, payload["_adapter"]) for stream, _, payload in self.raw_events()]
        return [(stream, event["meta"]["hook_event_name"], event) for stream, event in adapters]

    def wait_for_memories(self) -> list[str]:
        """Return every memory as one text each, once all that waited is flushed."""

        def flushed() -> bool:
            with Store.open(self.database) as store, store.read() as db:
                return events.totals(db)[1] == 0

        wait_until(flushed)
        with Store.open(self.database) as store, store.read() as db:
            return [f"{t}\n{b}" for t, b in db.execute("SELECT title, body FROM memories")]

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
