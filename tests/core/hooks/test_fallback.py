"""Where a payload goes when no server answers: database, spool, and in the end the log."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codemem_core import paths
from codemem_core.capture import spool_files
from codemem_core.capture.fallback_lock import fallback_lock
from codemem_core.config.settings import Settings
from codemem_core.hooks.fallback import keep
from codemem_core.hooks.hook_host import HookHost
from codemem_core.store import events, ledger
from codemem_core.store.engine.store import Store


class _Claude(HookHost):
    source = "claude"
    plugin = "codemem_claude.plugin"


HOST = _Claude()
PAYLOAD = {
    "hook_event_name": "UserPromptSubmit",
    "session_id": "s",
    "prompt": "hello",
    "ts": "2026-11-22T08:00:00Z",
}


@pytest.fixture
def settings(home: Path) -> Settings:
    """Load the settings of a fresh machine."""
    del home
    return Settings.load(dict(os.environ))


@pytest.fixture
def other_hook(settings: Settings) -> Iterator[None]:
    """Let another hook be at the database."""
    with fallback_lock(settings) as held:
        assert held
        yield


def said(settings: Settings) -> str:
    """Return the plugin log."""
    return Path(paths.log_path(settings)).read_text(encoding="utf-8")


def waiting(settings: Settings) -> int:
    """Return how many payloads are in the spool."""
    return spool_files.status(settings.path("claude_hook_spool_dir")).waiting


def test_the_database_comes_first(settings: Settings) -> None:
    """A hook without a server stores its event itself."""
    keep(HOST, PAYLOAD, settings, until=time.monotonic() + 5)
    with Store.open(paths.database_path(settings)) as store, store.read() as db:
        assert events.totals(db) == (1, 1)
    assert waiting(settings) == 0


@pytest.mark.usefixtures("other_hook")
def test_who_does_not_get_its_turn_spools(settings: Settings) -> None:
    """Twenty hooks at once must not wait for one another longer than their host does."""
    keep(HOST, PAYLOAD, settings, until=time.monotonic() + 5)

    assert waiting(settings) == 1
    assert "payload spooled: other hooks are writing" in said(settings)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_planted_lock_costs_nothing_but_the_database(settings: Settings, kind: str) -> None:
    """The payload waits in the spool; nothing hangs and nothing is followed."""
    folder = Path(settings.path("claude_hook_lock_dir"))
    folder.parent.mkdir(parents=True)
    if kind == "link":
        folder.symlink_to(folder.parent)
    else:
        os.mkfifo(folder)
    keep(HOST, PAYLOAD, settings, until=time.monotonic() + 5)

    assert waiting(settings) == 1
    assert "payload spooled: not a folder" in said(settings)


@pytest.mark.usefixtures("other_hook")
def test_a_full_spool_says_so(settings: Settings) -> None:
    """In the log and in the count, never silently."""
    full = Settings.load({**os.environ, "CODEMEM_SPOOL_MAX_FILES": "1"})
    for _ in range(2):
        keep(HOST, PAYLOAD, full, until=time.monotonic() + 5)

    assert "payload LOST: other hooks are writing" in said(settings)
    assert "the spool is full: 1 payloads" in said(settings)
    assert spool_files.status(settings.path("claude_hook_spool_dir")).refused == 1


def test_an_unusable_payload_is_rejected_for_good(settings: Settings) -> None:
    """It stands in the ledger, not in the spool."""
    keep(HOST, {"hook_event_name": 7}, settings, until=time.monotonic() + 5)
    with Store.open(paths.database_path(settings)) as store, store.read() as db:
        [entry] = ledger.entries(db)

    assert (entry.source, entry.received, entry.rejected) == ("claude", 1, 1)
    assert "payload dropped" in said(settings)
