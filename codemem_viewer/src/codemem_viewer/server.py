"""The server process, from opening the database to closing it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.errors import Damaged
from codemem_core.flush.worker import FlushWorker
from codemem_core.hookpath.lost_count import reserve
from codemem_core.plugins import streams
from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.fd_guard import guard
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import Health
from codemem_core.store.repair.recover import mend, recover
from codemem_viewer.app import create_app
from codemem_viewer.decode import json_text
from codemem_viewer.guard import Door
from codemem_viewer.idle_shutdown import Unused, removed
from codemem_viewer.keys import Keys
from codemem_viewer.lifespan import FIRST_LOOK_S, SOON_S, Watch
from codemem_viewer.listen import PortTaken, listen_tcp, listen_unix, serve
from codemem_viewer.live import Live
from codemem_viewer.plain import is_plain
from codemem_viewer.runtime_paths import Place, WeakToken, new_viewer_token
from codemem_viewer.telemetry import exported

if TYPE_CHECKING:
    from codemem_viewer.listen import Listener
    from codemem_viewer.lock import ServerLock

LARGE_BYTES = 64 * 1024 * 1024
"""To look through it takes 0.3 s; a start, of which imports take 0.4 s, may take 1 s in all."""


def run(
    place: Place,
    *,
    lock: ServerLock,
    plugins: Plugins,
    settings: Settings,
    address: tuple[str, int],
) -> None:
    """Serve the database on its socket and on TCP until SIGTERM or SIGINT.

    `lock` is held. A database that is damaged, at the start or later, is kept and salvaged, and
    serving goes on with the new one. Raises `SettingsError` for an address that is not loopback,
    `StoreError` for a database that cannot be used.
    """
    reserve(place.db)
    first_look_s = FIRST_LOOK_S if _mend_before(place.db) else SOON_S
    while damage := _serve_until(
        place, lock, plugins, settings, address, first_look_s=first_look_s
    ):
        click.echo(f"codemem: {recover(place.db, damage)}", err=True)
        first_look_s = FIRST_LOOK_S


def _mend_before(db: str) -> bool:
    """Check the database before anybody is served from it; say what had to be done.

    5 ms for each MB: a large one that was closed in good order is left to the watch (False).
    """
    if not os.path.exists(db):
        return True
    closed = not os.path.exists(f"{db}-wal")
    if closed and os.path.getsize(db) > LARGE_BYTES:
        return False
    if told := mend(db, quick=True):
        click.echo(f"codemem: {told}", err=True)
    return True


def _serve_until(  # noqa: PLR0913 - what `run` was given
    place: Place,
    lock: ServerLock,
    plugins: Plugins,
    settings: Settings,
    address: tuple[str, int],
    *,
    first_look_s: float,
) -> Health | None:
    """Serve until told to stop (None) or until the database turns out to be damaged (how)."""
    try:
        store = Store.open(place.db, threaded=True)
    except Damaged as error:  # it was not looked through before
        return Health(damage=(str(error),))
    with store:
        unguard = guard(place.db)
        keys, weak = _keys(settings, place.db)
        watch, live = Watch(store, first_look_s=first_look_s), Live(store.path)
        app = create_app(
            store,
            plugins,
            settings,
            intake=Intake(plugins, encode=json_text, plain=is_plain),
            worker=FlushWorker(store, plugins, settings),
            live=live,
            keys=keys,
        )
        limit = settings.number("raw_events_max_body_bytes")
        unused_s = settings.real("viewer_unused_s")
        unused = Unused(
            app, store, after_s=unused_s, on_end=partial(lock.note, url=None, unused=True)
        )
        ends: list[Callable[[], Awaitable[None]]] = [partial(removed, place, lock)]
        if unused_s > 0:
            ends.append(unused.over)
        _spare_the_collector()
        with exported(settings), _listening(place, address, lock, keys, weak) as listeners:
            if any(info.third_party for info in plugins.listing()):
                streams.divert()  # all that is to be printed has been
            serving = serve(
                app,
                listeners,
                max_body_bytes=limit,
                stopping=live.close,
                around=unused,
                ends=ends,
            )
            asyncio.run(_watched(watch, serving))
    unguard()  # a damaged file is read and replaced now
    return watch.damage


def _spare_the_collector() -> None:
    """Let the garbage collector look at what comes, less often, and no longer at what stays.

    It took a fifth of the time of large deliveries: they make no cycles, only many objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _watched(watch: Watch, serving: Coroutine[Any, Any, None]) -> None:
    async with watch.looking():
        await serving


def _keys(settings: Settings, db: str) -> tuple[Keys, WeakToken | None]:
    """Return who may come in over TCP, and the reason why nobody may."""
    try:
        return Keys(new_viewer_token(settings, db)), None
    except WeakToken as weak:
        return Keys(secrets.token_urlsafe()), weak


def _unlink(path: str, own: os.stat_result) -> None:
    """Remove our socket; another server's stays, which began when our folder had been replaced."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(os.stat(path), own):
            os.unlink(path)


@contextlib.contextmanager
def _listening(
    place: Place, address: tuple[str, int], lock: ServerLock, keys: Keys, weak: WeakToken | None
) -> Iterator[list[Listener]]:
    """Open both doors; the socket's file is gone when the block ends."""
    url: str | None = None
    problem: PortTaken | WeakToken | None = None
    with contextlib.ExitStack() as opened:
        listeners = []
        try:
            if weak:
                raise weak
            tcp = opened.enter_context(listen_tcp(*address))
        except (PortTaken, WeakToken) as error:
            # The hooks need the socket alone: losing the pages is no reason to lose events.
            click.echo(f"{error}\nhint: {error.hint}\nserving the socket only", err=True)
            problem = error
        else:
            host, port = tcp.getsockname()[:2]
            listeners.append((tcp, Door.tcp(host, port, keys=keys)))
            url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        listeners.append((opened.enter_context(listen_unix(place.socket)), Door.unix()))
        opened.callback(_unlink, place.socket, os.stat(place.socket))
        lock.note(url=url, problem=problem)
        if url and sys.stdout.isatty():
            click.echo(f"codemem serves {place.db}\n{url}#code={keys.new_code()}")
        yield listeners
