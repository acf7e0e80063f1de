"""Where a hook payload goes when no server answers: the database, else the spool."""

from __future__ import annotations

import time
from collections.abc import Mapping
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


def keep(payload: Mapping[str, Any], settings: Settings) -> None:
    """Store the payload in the database, or keep it in the spool until the server can.

    Raises nothing: what could not even be spooled stands in the plugin log.
    """
    try:
        _into_database(payload, settings)
    except InputError as error:
        log(settings, f"payload dropped: {error}")
    except CodememError as problem:
        try:
            spool.write(settings.path("claude_hook_spool_dir"), "claude", payload)
            log(settings, f"payload spooled: {problem}")
        except OSError as error:
            log(settings, f"payload LOST: {problem}; spool: {error}")


def _into_database(payload: Mapping[str, Any], settings: Settings) -> None:
    event = Intake(Plugins.only(builtin, plugin, settings=settings)).hook("claude", payload)
    if event is None:
        return
    with Store.open(paths.database_path(settings)) as store:
        now_ms = time.time_ns() // 1_000_000
        store.write(lambda db: events.append(db, [event], now_ms=now_ms))
