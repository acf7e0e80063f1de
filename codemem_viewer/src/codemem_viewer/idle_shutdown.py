"""When a server that was started for somebody may end: nobody asks it, and nothing waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from codemem_core.store import events
from codemem_core.store.engine.store import Store

if TYPE_CHECKING:
    from codemem_viewer.guard import Application, Receive, Send

_LOOK_S = 1.0
_PATIENCE = 12
"""So many times as long it goes on for events that cannot be flushed: a provider may be down."""


class Unused:
    """Counts the requests of an application; it is one itself, around that one."""

    def __init__(self, app: Application, store: Store, *, after_s: float) -> None:
        """Let it end once nobody has asked for `after_s` seconds."""
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
                return

    def _waits(self) -> bool:
        with self._store.read() as db:
            return events.totals(db)[1] > 0
