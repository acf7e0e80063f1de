"""codemem itself as an arm: events through the intake, memories by the flusher, packs by hooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from codemem_core.commands.host import Host
from codemem_core.flush.flusher import Flusher
from codemem_core.hookpath.entry_points import installed
from codemem_core.records.event import RawEvent, iso_time
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_eval.sessions.recording import Session

_HOOK_S = 30
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "SYSTEMROOT")
_FALLBACK_HOST = "claude"
"""Whose hook is asked for a host that has none of its own."""


class Codemem:
    """codemem in a home of its own, asked through the hook that the host runs.

    Sessions lie at the distance in time that they were recorded at, the last one an hour ago.
    """

    def __init__(
        self, home: Path, sessions: Sequence[Session], *, settings: Mapping[str, str] | None = None
    ) -> None:
        """Take an empty folder, and settings by their environment variables."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._environ = {
            **kept,
            "HOME": str(home),
            "CODEMEM_DB": str(home / "mem.sqlite"),
            "CODEMEM_CONFIG": str(home / "config.json"),
            "CODEMEM_VIEWER": "0",
            "CODEMEM_VIEWER_AUTO": "0",
            **(settings or {}),
        }
        host = Host(environ=self._environ)
        self.store = Store.open(self._environ["CODEMEM_DB"])
        self._flusher = Flusher(self.store, host.plugins, host.settings)
        last_ms = max((event.ts_ms or 0 for one in sessions for event in one.events), default=0)
        self._later_ms = time.time_ns() // 1_000_000 - 3_600_000 - last_ms

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def begin(self, session: Session) -> str:
        """Return the brief of a new session."""
        return self._hook(session, hook_event_name="SessionStart", source="startup")

    def ask(self, session: Session, at: int) -> str:
        """Return the pack for a prompt, then store the turn."""
        prompt = session.turns[at].prompt
        told = self._hook(session, hook_event_name="UserPromptSubmit", prompt=prompt)
        self._take(session.turns[at].events)
        return told

    def end(self, session: Session) -> None:
        """Store what is not stored yet, and make memories of the session."""
        self._take(list(session.events))
        self._flusher.flush(session.source, session.id)

    def _take(self, found: Sequence[RawEvent]) -> None:
        moved = [moved_by(event, self._later_ms) for event in found]
        now_ms = time.time_ns() // 1_000_000
        self.store.write(partial(events.append, events=moved, now_ms=now_ms))

    def _hook(self, session: Session, **payload: Any) -> str:  # noqa: ANN401 - JSON
        sent = {"session_id": session.id, "cwd": session.cwd, **payload}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "codemem_cli", hook_of(session.source)],
            input=json.dumps(sent),
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=_HOOK_S,
            check=False,
        )
        return injected_text(done.stdout)


def hook_of(source: str) -> str:
    """Return the command by which a host asks for a pack; another host's where it has none."""
    own = f"{source}-hook-inject"
    commands = {name for _, groups in installed() for name in groups.get("codemem.fast", {})}
    return own if own in commands else f"{_FALLBACK_HOST}-hook-inject"


def injected_text(printed: str) -> str:
    """Return what a hook's answer puts before the model."""
    try:
        answer = json.loads(printed)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    output = answer.get("hookSpecificOutput", answer)
    text = output.get("additionalContext") if isinstance(output, dict) else None
    return text if isinstance(text, str) else ""


def moved_by(event: RawEvent, later_ms: int) -> RawEvent:
    """Return the event at another time."""
    ts_ms = (event.ts_ms or 0) + later_ms
    adapter = event.adapter and replace(event.adapter, ts=iso_time(ts_ms))
    return replace(event, ts_ms=ts_ms, adapter=adapter, text="")
