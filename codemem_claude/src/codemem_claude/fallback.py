"""Where a hook payload goes when no server answers: the database, else the spool.

One hook at a time opens the database; who does not get its turn in time spools.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from codemem_claude import plugin
from codemem_core import builtin, paths
from codemem_core.errors import CodememError, InputError
from codemem_core.hooklog import log
from codemem_core.ingest.accept import Intake
from codemem_core.ingest.lock import fallback_lock
from codemem_core.ingest.spool import Spool
from codemem_core.plugins import Plugins
from codemem_core.settings import Settings
from codemem_core.store import events, ledger
from codemem_core.store.store import Store


def keep(payload: Mapping[str, Any], settings: Settings) -> None:
    """Store the payload in the database, or keep it in the spool until the server can.

    Raises nothing: what could not even be spooled stands in the plugin log.
    """
    try:
        with fallback_lock(settings) as held:
            if held:
                _into_database(payload, settings)
                return
        problem: Exception = CodememError("other hooks are writing to the database")
    except (CodememError, OSError) as error:
        problem = error
    try:
        Spool.of(settings).write("claude", payload)
        log(settings, f"payload spooled: {problem}")
    except (CodememError, OSError) as error:
        log(settings, f"payload LOST: {problem}; spool: {error}")


def _into_database(payload: Mapping[str, Any], settings: Settings) -> None:
    now_ms = time.time_ns() // 1_000_000
    try:
        event = Intake(Plugins.only(builtin, plugin, settings=settings)).hook("claude", payload)
    except InputError as error:
        log(settings, f"payload dropped: {error}")
        with Store.open(paths.database_path(settings)) as store:
            store.write(lambda db: ledger.count(db, "claude", rejected=1, now_ms=now_ms))
        return
    if event is None:
        return
    with Store.open(paths.database_path(settings)) as store:
        store.write(lambda db: events.append(db, [event], now_ms=now_ms))
