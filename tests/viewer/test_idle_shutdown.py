"""A server that was started for somebody ends when nobody needs it."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import httpx

from codemem_core.paths import read_server_note
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_viewer.idle_shutdown import Unused
from tests.conftest import EventMaker


async def app(*_: Any) -> None:
    """Answer nothing."""


def test_it_is_over_when_nobody_asks(store: Store) -> None:
    """Also when nobody has ever asked."""
    asyncio.run(asyncio.wait_for(Unused(app, store, after_s=0.05).over(), 10))


def test_a_request_that_lasts_is_use(store: Store) -> None:
    """A page that listens for news keeps one open; when it ends, the time begins."""

    async def main() -> None:
        release = asyncio.Event()

        async def stream(*_: Any) -> None:
            await release.wait()

        unused = Unused(stream, store, after_s=0.05)
        reading = asyncio.create_task(unused({}, app, app))
        ending = asyncio.create_task(unused.over())
        await asyncio.sleep(0.3)
        assert not ending.done()

        release.set()
        await reading
        await asyncio.wait_for(ending, 10)

    asyncio.run(main())


def test_events_that_wait_are_use_but_not_for_ever(store: Store, make_event: EventMaker) -> None:
    """They are to become memories first; a provider that is down must not keep it for days."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))

    async def main() -> None:
        ending = asyncio.create_task(Unused(app, store, after_s=0.1).over())
        await asyncio.sleep(0.5)
        assert not ending.done()
        await asyncio.wait_for(ending, 10)

    asyncio.run(main())


def test_a_server_ends_by_itself(machine: Any) -> None:
    """With the setting, as if it had been told to stop."""
    server = machine.start(CODEMEM_VIEWER_UNUSED_S="0.5")

    assert server.wait(30) == 0
    assert not machine.socket.exists()
    assert "error" not in server.stdout.read().lower()


def test_a_server_stays_without_the_setting(machine: Any) -> None:
    """Somebody started it and will end it."""
    server = machine.start()

    with machine.unix() as client:
        assert client.get("/api/health").status_code == httpx.codes.OK
    assert server.poll() is None


def test_a_server_ends_when_its_folder_is_removed(machine: Any) -> None:
    """What it would store is in files that nobody finds again."""
    server = machine.start()

    shutil.rmtree(machine.db.parent)

    assert server.wait(30) == 0


def test_a_server_leaves_the_socket_of_its_successor(machine: Any) -> None:
    """The folder was replaced, and another server began before this one noticed."""
    first = machine.start()
    machine.db.parent.rename(machine.path / "moved")
    second = machine.start()

    assert first.wait(30) == 0
    assert second.poll() is None
    assert machine.answers()


def test_server_that_ended_unused_says_so(machine: Any) -> None:
    """A hook may start another one; after `serve stop` none may."""
    machine.start(CODEMEM_VIEWER_UNUSED_S="0.5").wait(30)
    unused = read_server_note(str(machine.db)).get("unused")
    machine.start()
    machine.serve("stop")

    assert unused is True
    assert "unused" not in read_server_note(str(machine.db))
