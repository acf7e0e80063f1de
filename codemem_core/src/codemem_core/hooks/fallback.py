"""Where a hook payload goes when no server answers: the database, else the spool.

One hook at a time opens the database; who does not get its turn in time spools.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib import import_module
from threading import Thread
from typing import Any

from codemem_core import paths
from codemem_core.capture.delivery import Parcel
from codemem_core.capture.fallback_lock import HOOK_WAIT_S, fallback_lock
from codemem_core.capture.intake import Intake
from codemem_core.capture.receive import receive
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.hookpath.log import LOST, log
from codemem_core.hookpath.lost_count import reserve
from codemem_core.hooks.hook_host import HookHost
from codemem_core.plugins import builtin, loader, streams
from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.store import Store

_LEAST_S = 0.1
"""A database that works takes 20 ms, so it is asked even when the time is up."""


def keep(host: HookHost, payload: Mapping[str, Any], settings: Settings, *, until: float) -> None:
    """Store the payload in the database, or keep it in the spool until the server can.

    `until` (monotonic time) is when waiting for the database ends; it may still take the event
    then, which makes no second one. Raises nothing: what could not even be spooled stands in the
    plugin log.
    """
    outcome: list[Exception | None] = []
    work = Thread(
        target=lambda: outcome.append(_in_turn(host, payload, settings, until)), daemon=True
    )
    work.start()
    work.join(max(_LEAST_S, until - time.monotonic()))
    problem = outcome[0] if outcome else CodememError("the database did not answer in time")
    if problem is None:
        return
    try:
        Spool.of(settings).write(host.source, payload)
        log(settings, f"payload spooled: {problem}")
    except (CodememError, OSError) as error:
        log(settings, f"{LOST}: {problem}; spool: {error}")


def _in_turn(
    host: HookHost, payload: Mapping[str, Any], settings: Settings, until: float
) -> Exception | None:
    """Store the payload when no other hook is at it; return what went wrong."""
    left_s = max(0.0, until - time.monotonic() - _LEAST_S)
    try:
        with fallback_lock(settings, wait_s=min(HOOK_WAIT_S, left_s)) as held:
            if held:
                _into_database(host, payload, settings)
                _reserve(paths.database_path(settings))
                return None
    except (CodememError, OSError) as error:
        return error
    return CodememError("other hooks are writing to the database")


def _reserve(database: str) -> None:
    paths.run_folder(os.path.dirname(paths.lost_count_path(database)))
    reserve(database)


def _into_database(host: HookHost, payload: Mapping[str, Any], settings: Settings) -> None:
    intake = Intake(_plugins(host, settings))
    with Store.open(paths.database_path(settings), upgrade=False) as store:
        try:
            receive(store, intake, Parcel(source=host.source, payload=payload))
        except InputError as error:
            log(settings, f"payload dropped: {error}")


def _plugins(host: HookHost, settings: Settings) -> Plugins:
    """Return all plugins when a third party may name projects, else the two that are needed."""
    if loader.third_parties():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a hook prints nothing, whoever is in it
        streams.divert()
        return Plugins.load(settings)
    return Plugins.only(builtin, import_module(host.plugin), settings=settings)
