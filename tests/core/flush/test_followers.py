"""Plugins that follow changes, and plugins that work in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import ModuleType

import apsw
import pytest

from codemem_core.config.settings import Settings
from codemem_core.flush.background import Background
from codemem_core.flush.followers import Followers
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.registry import Plugins
from codemem_core.records.change import Change
from codemem_core.records.protocols import Check
from codemem_core.records.seams import BackgroundWorker, ChangeFollower
from codemem_core.store import changes
from codemem_core.store.engine.store import Store

Remember = Callable[..., int]


class Mirror:
    """Keeps the key of each added memory; fails as often as it is told to."""

    failures = 0

    def __init__(self, settings: Settings) -> None:
        del settings

    def take(self, db: apsw.Connection, taken: Sequence[Change]) -> None:
        """Write a session for each change."""
        for change in taken:
            db.execute("INSERT INTO sessions (project, started_ms) VALUES (?, 0)", (change.action,))
        if Mirror.failures:
            Mirror.failures -= 1
            raise ValueError("no")


class Beacon:
    """Says that it works, and stops when asked."""

    ready = threading.Event()
    stopped = threading.Event()

    def __init__(self, settings: Settings) -> None:
        del settings

    def run(self, store: Store, stop: threading.Event) -> None:
        """Wait for the end."""
        del store
        self.ready.set()
        stop.wait()
        self.stopped.set()

    def health(self) -> Sequence[Check]:
        """Say that all is well."""
        return [Check(ok=True, text="the beacon is lit")]


@pytest.fixture
def plugins() -> Plugins:
    """Have a plugin with a follower and a worker."""

    @hookimpl
    def codemem_changes() -> list[ChangeFollower]:
        return [ChangeFollower(name="mirror", target=f"{__name__}:Mirror")]

    @hookimpl
    def codemem_workers() -> list[BackgroundWorker]:
        return [BackgroundWorker(name="beacon", target=f"{__name__}:Beacon")]

    module = ModuleType("mirror")
    module.codemem_changes = codemem_changes  # type: ignore[attr-defined]
    module.codemem_workers = codemem_workers  # type: ignore[attr-defined]
    return Plugins.only(module, settings=Settings.load({}))


def mirrored(store: Store) -> list[str]:
    """Return what the follower wrote."""
    with store.read() as db:
        found = db.execute("SELECT project FROM sessions WHERE project IS NOT NULL").fetchall()
    return [project for (project,) in found]


def test_a_follower_takes_each_change_once(
    store: Store, plugins: Plugins, remember: Remember
) -> None:
    """What it made of them, and its place, are one transaction."""
    store.write(lambda db: changes.follow(db, "mirror"))
    followers = Followers(plugins)
    remember("Dates are stored in UTC")

    assert [followers.deliver(store) for _ in range(2)] == [1, 0]

    assert mirrored(store) == ["added"]


def test_a_follower_that_fails_gets_the_same_changes_again(
    store: Store, plugins: Plugins, remember: Remember
) -> None:
    """Nothing it wrote before it failed is left."""
    store.write(lambda db: changes.follow(db, "mirror"))
    followers = Followers(plugins)
    remember("Dates are stored in UTC")
    Mirror.failures = 1

    assert [followers.deliver(store) for _ in range(2)] == [0, 1]

    assert mirrored(store) == ["added"]


def test_a_worker_runs_until_it_is_stopped(store: Store, plugins: Plugins) -> None:
    """And says how it goes."""
    background = Background(store, plugins)
    background.start()
    assert Beacon.ready.wait(20)

    health = background.health()
    background.stop(20)

    assert [each.text for each in health] == ["the beacon is lit"]
    assert Beacon.stopped.is_set()
