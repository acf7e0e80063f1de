"""When a server ends by itself: nobody uses it and nothing waits, or its database was removed."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from codemem_core.store import events
from codemem_core.store.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemem_viewer.guard import Application, Receive, Send
    from codemem_viewer.lock import ServerLock
    from codemem_viewer.runtime_paths import Place

_log = logging.getLogger("codemem.viewer")
_LOOK_S = 1.0
REMOVED_S = 2.0
"""How long a server goes on at most after its database was removed."""
_PATIENCE = 12
"""So many times as long it goes on for events that cannot be flushed: a provider may be down."""


class Unused:
    """Counts the requests of an application; it is one itself, around that one."""

    def __init__(
        self,
        app: Application,
        store: Store,
        *,
        after_s: float,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Let it end once nobody has asked for `after_s` seconds; `on_end` is called then."""
        self._on_end = on_end
        self._app = app
        self._store = store
        self._after_s = after_s
        self._open = 0
        self._last = time.monotonic()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401
        """Pass a request on; a page that listens for news keeps its one open."""
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            self._last = time.monotonic()

    async def over(self) -> None:
        """Return once nobody has asked for so long and no event waits for a flush."""
        after_s = self._after_s
        while True:
            await asyncio.sleep(min(_LOOK_S, after_s))
            quiet_s = 0.0 if self._open else time.monotonic() - self._last
            if quiet_s < after_s:
                continue
            if quiet_s >= _PATIENCE * after_s or not await asyncio.to_thread(self._waits):
                self._on_end()
                return

    def _waits(self) -> bool:
        with self._store.read() as db:
            return events.totals(db)[1] > 0


async def removed(place: Place, lock: ServerLock) -> None:
    """Return once the database or the lock is no longer where it was.

    What this server stores then is in files without a name, and another one may have begun.
    """
    while lock.is_in_place and os.path.exists(place.db):
        await asyncio.sleep(REMOVED_S)
    _log.warning("the database was removed, so its server ends: `%s`", place.db)
