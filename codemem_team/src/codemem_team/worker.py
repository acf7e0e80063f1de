"""Pushes and pulls in the background of the server."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from functools import partial

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.records.protocols import Check
from codemem_core.store.engine.store import Store
from codemem_team import local, log, postgres
from codemem_team.sync import sync

_LOOK_S = 1.0
"""How soon a change of this machine is noticed."""
_LONGEST_PAUSE_S = 600.0


class TeamWorker:
    """Syncs each team of this machine: soon after a change here, and every `team_poll_s`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._poll_s = float(settings.number("team_poll_s"))
        self._failures = 0
        self._problem = ""

    def run(self, store: Store, stop: threading.Event) -> None:
        """Sync until told to stop."""
        due_at = time.monotonic()
        while not stop.wait(_LOOK_S):
            with store.read() as db:
                teams = local.memberships(db)
                has_news = any(log.queued(db, one, limit=1) for one in teams)
            if not teams:
                stop.wait(self._poll_s)
            elif time.monotonic() >= due_at or (has_news and not self._failures):
                self._sync(store, [one.team for one in teams])
                due_at = time.monotonic() + self._pause_s()

    def health(self) -> Sequence[Check]:
        """Say whether the last round came through."""
        text = self._problem or "team: in step with the server"
        return [Check(ok=not self._problem, text=text)]

    def _sync(self, store: Store, teams: Sequence[str]) -> None:
        problem = ""
        for team in teams:
            try:
                with postgres.connected(self._settings) as connection:
                    sync(store, connection, team)
            except CodememError as error:
                problem = str(error)
                store.write(partial(local.note_problem, team=team, problem=problem))
        self._failures = self._failures + 1 if problem else 0
        self._problem = problem

    def _pause_s(self) -> float:
        """Return how long to wait: with jitter, and after failures longer each time."""
        pause_s = min(self._poll_s * 2.0 ** min(self._failures, 10), _LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
