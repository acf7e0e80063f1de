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
from codemem_team import local, log

_LOOK_S = 1.0
"""How soon a change of this machine is noticed."""
_LONGEST_PAUSE_S = 600.0


class TeamWorker:
    """Syncs each team of this machine: soon after a change here, and every `team_poll_s`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.poll_s = float(settings.number("team_poll_s"))
        """Seconds between two looks at the server."""
        self._listens = settings.flag("team_listen")
        self._failures = 0
        self._problem = ""
        self._called = threading.Event()

    def run(self, store: Store, stop: threading.Event) -> None:
        """Sync until told to stop."""
        if self._listens:
            threading.Thread(
                target=self._listen, args=(store, stop), name="codemem-team-listen", daemon=True
            ).start()
        due_at = time.monotonic()
        while not stop.is_set():
            is_called = self._called.wait(_LOOK_S)
            self._called.clear()
            with store.read() as db:
                teams = local.memberships(db)
                has_news = is_called or any(log.queued(db, one, limit=1) for one in teams)
            if teams and (time.monotonic() >= due_at or (has_news and not self._failures)):
                self._sync(store, [one.team for one in teams], stop)
                due_at = time.monotonic() + self._pause_s()

    def health(self) -> Sequence[Check]:
        """Say whether the last round came through."""
        text = self._problem or "team: in step with the server"
        return [Check(ok=not self._problem, text=text)]

    def _sync(self, store: Store, teams: Sequence[str], stop: threading.Event) -> None:
        # psycopg and nacl take 12 MB, which a server without a team does not spend.
        from codemem_team import client  # noqa: PLC0415
        from codemem_team.sync import sync  # noqa: PLC0415

        problem = ""
        for team in teams:
            if stop.is_set():
                return
            try:
                with client.connected(self._settings) as connection:
                    sync(store, connection, team)
            except CodememError as error:
                problem = str(error)
                store.write(partial(local.note_problem, team=team, problem=problem))
        self._failures = self._failures + 1 if problem else 0
        self._problem = problem

    def _pause_s(self) -> float:
        """Return how long to wait: with jitter, and after failures longer each time."""
        pause_s = min(self.poll_s * 2.0 ** min(self._failures, 10), _LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.75, 1.25)  # noqa: S311 - no secret

    def _listen(self, store: Store, stop: threading.Event) -> None:
        """Be called when somebody pushes; whatever is missed, the next look finds."""
        while not stop.is_set():
            with store.read() as db:
                teams = [one.team for one in local.memberships(db)]
            try:
                if teams:
                    from codemem_team import client, postgres  # noqa: PLC0415 - as in `_sync`

                    with client.connected(self._settings) as connection:
                        for _ in postgres.calls(connection, teams, stop):
                            self._called.set()
            except CodememError:
                pass  # the next look says so
            stop.wait(self._pause_s())
