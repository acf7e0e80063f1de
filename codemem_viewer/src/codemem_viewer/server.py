"""The server process, from opening the database to closing it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from codemem_core.ingest.accept import Intake
from codemem_core.ingest.worker import FlushWorker
from codemem_core.plugins import Plugins
from codemem_core.settings import Settings
from codemem_core.store.store import Store
from codemem_viewer.app import create_app
from codemem_viewer.guard import Door
from codemem_viewer.listen import PortTaken, listen_tcp, listen_unix, serve
from codemem_viewer.place import Place, viewer_token

if TYPE_CHECKING:
    from codemem_viewer.listen import Listener
    from codemem_viewer.lock import ServerLock

SWITCH_S = 0.0005
"""How long a thread that computes may keep the others waiting for the interpreter.

Every SQL statement gives the interpreter up and asks for it back, ten times a request: at Python's
5 ms, one pack being built beside it held an event up for 50.
"""


def run(
    place: Place,
    *,
    lock: ServerLock,
    plugins: Plugins,
    settings: Settings,
    address: tuple[str, int],
) -> None:
    """Serve the database on its socket and on TCP until SIGTERM or SIGINT.

    `lock` is held. Raises `SettingsError` for an address that is not loopback, `StoreError` for a
    database that cannot be used.
    """
    sys.setswitchinterval(SWITCH_S)
    with Store.open(place.db, threaded=True) as store:
        app = create_app(
            store,
            plugins,
            settings,
            intake=Intake(plugins),
            worker=FlushWorker(store, plugins, settings),
        )
        limit = settings.number("raw_events_max_body_bytes")
        with _listening(place, settings, address, lock) as listeners:
            asyncio.run(serve(app, listeners, max_body_bytes=limit))


@contextlib.contextmanager
def _listening(
    place: Place, settings: Settings, address: tuple[str, int], lock: ServerLock
) -> Iterator[list[Listener]]:
    """Open both doors; the socket's file is gone when the block ends."""
    token = viewer_token(settings, place.db)
    with contextlib.ExitStack() as opened:
        listeners = []
        url = None
        try:
            tcp = opened.enter_context(listen_tcp(*address))
        except PortTaken as taken:
            # The hooks need the socket alone: losing the pages is no reason to lose events.
            click.echo(f"{taken}\nhint: {taken.hint}\nserving the socket only", err=True)
        else:
            host, port = tcp.getsockname()[:2]
            listeners.append((tcp, Door.tcp(host, port, token=token)))
            url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        listeners.append((opened.enter_context(listen_unix(place.socket)), Door.unix()))
        opened.callback(os.unlink, place.socket)
        lock.note(json.dumps({"pid": os.getpid(), "url": url}))
        if url and sys.stdout.isatty():
            click.echo(f"codemem serves {place.db}\n{url}#token={token}")
        yield listeners
