"""Where a hook payload goes when no server answers: the database, else the spool."""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Thread
from typing import Any

from codemem_claude import plugin
from codemem_core import builtin, paths
from codemem_core.errors import CodememError, InputError
from codemem_core.hooklog import log
from codemem_core.ingest import spool
from codemem_core.ingest.accept import Intake
from codemem_core.plugins import Plugins
from codemem_core.settings import Settings
from codemem_core.store import events
from codemem_core.store.store import Store

_LEAST_S = 0.1
"""A database that works takes 20 ms, so it is asked even when the time is up."""


def keep(payload: Mapping[str, Any], settings: Settings, *, until: float) -> None:
    """Store the payload in the database, or keep it in the spool until the server can.

    `until` (monotonic time) is when waiting for the database ends; it may still take the event
    then, which makes no second one. Raises nothing: what could not even be spooled stands in the
    plugin log.
    """
    outcome: list[CodememError | None] = []
    work = Thread(target=lambda: outcome.append(_into_database(payload, settings)), daemon=True)
    work.start()
    work.join(max(_LEAST_S, until - time.monotonic()))
    problem = outcome[0] if outcome else CodememError("the database did not answer in time")
    if isinstance(problem, InputError):
        log(settings, f"payload dropped: {problem}")
    elif problem is not None:
        _into_spool(payload, settings, problem)


def _into_database(payload: Mapping[str, Any], settings: Settings) -> CodememError | None:
    """Store the payload; return what went wrong."""
    try:
        event = Intake(Plugins.only(builtin, plugin, settings=settings)).hook("claude", payload)
        if event is None:
            return None
        with Store.open(paths.database_path(settings)) as store:
            now_ms = time.time_ns() // 1_000_000
            store.write(lambda db: events.append(db, [event], now_ms=now_ms))
    except CodememError as error:
        return error
    return None


def _into_spool(payload: Mapping[str, Any], settings: Settings, problem: CodememError) -> None:
    try:
        spool.write(settings.path("claude_hook_spool_dir"), "claude", payload)
        log(settings, f"payload spooled: {problem}")
    except OSError as error:
        log(settings, f"payload LOST: {problem}; spool: {error}")
