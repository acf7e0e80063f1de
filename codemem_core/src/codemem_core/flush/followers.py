"""Hands committed changes of memories to the plugins that follow them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from codemem_core.errors import CodememError
from codemem_core.store import changes

if TYPE_CHECKING:
    import apsw

    from codemem_core.plugins.registry import Plugins
    from codemem_core.records.change import Change
    from codemem_core.store.engine.store import Store

log = logging.getLogger(__name__)

_AT_ONCE = 200
"""Changes of one transaction: it bounds how long everybody else waits to write."""
_LOOK_EVERY_S = 1.0


class Follower(Protocol):
    """Takes committed changes of memories: to hand them on, to count them, to index them."""

    def take(self, db: apsw.Connection, changes: Sequence[Change]) -> None:
        """Make something of changes, oldest first, and keep it in `db`.

        Called in a write transaction that also moves the follower's place: both are kept or
        neither, so each change is taken once. No network, no waiting: everybody who writes waits
        too. What it raises undoes the transaction; the same changes are offered again later.
        """
        ...


class Followers:
    """Every plugin that takes changes, made once."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._made: dict[str, Follower] = {}

    def deliver(self, store: Store) -> int:
        """Hand over all changes that wait, and return how many there were.

        A follower that fails is offered the same changes next time; the others get theirs.
        """
        delivered = 0
        for name in self._plugins.change_followers():
            try:
                while count := self._deliver_some(store, name):
                    delivered += count
            except CodememError as error:
                log.warning("changes wait for `%s`: %s", name, error)
        return delivered

    def _deliver_some(self, store: Store, name: str) -> int:
        with store.read() as db:
            if not changes.pending(db, name, limit=1):
                return 0
        follower = self._follower(name)
        return store.write(lambda db: self._take(db, name, follower))

    def _take(self, db: apsw.Connection, name: str, follower: Follower) -> int:
        waiting = changes.pending(db, name, limit=_AT_ONCE)
        if waiting:
            record = self._plugins.change_followers()[name]
            self._plugins.call(record, lambda: follower.take(db, waiting))
            changes.taken(db, name, waiting[-1].seq)
        return len(waiting)

    def _follower(self, name: str) -> Follower:
        if name not in self._made:
            record = self._plugins.change_followers()[name]
            self._made[name] = cast("Follower", self._plugins.make(record))
        return self._made[name]


class FollowWorker:
    """Delivers changes in the background of a server."""

    def __init__(self, store: Store, plugins: Plugins) -> None:
        self._store = store
        self._followers = Followers(plugins)
        self._needed = bool(plugins.change_followers())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="codemem-changes", daemon=True)

    def start(self) -> None:
        """Begin, where a plugin follows changes."""
        if self._needed:
            self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop after the changes that are being taken."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            try:
                self._followers.deliver(self._store)
            except CodememError as error:
                log.warning("changes wait: %s", error)
