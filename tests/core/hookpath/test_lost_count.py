"""Lost payloads are counted where no log can grow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.hookpath.log import LOST, log
from codemem_core.hookpath.lost_count import counted, reserve


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Load the settings of a user whose log is on a full disk."""
    del home
    monkeypatch.setenv("CODEMEM_PLUGIN_LOG_PATH", "/dev/full")
    return Settings.load(dict(os.environ))


@pytest.fixture
def database(settings: Settings) -> str:
    """Return the database's path, with the folder that its first server makes."""
    database = paths.database_path(settings)
    os.makedirs(os.path.dirname(paths.lost_count_path(database)))
    return database


def test_losses_are_counted_in_place(settings: Settings, database: str) -> None:
    """The file neither grows nor moves: a full disk has no block for it."""
    reserve(database)
    before = os.stat(paths.lost_count_path(database))

    log(settings, f"{LOST}: first")
    log(settings, f"{LOST}: second " + "x" * 2_000)

    number, line = counted(database)
    after = os.stat(paths.lost_count_path(database))
    assert number == 2
    assert f"{LOST}: second" in line
    assert (before.st_size, before.st_ino) == (after.st_size, after.st_ino)


def test_reserving_again_keeps_the_count(settings: Settings, database: str) -> None:
    """A server that starts afterwards forgets nothing."""
    reserve(database)
    log(settings, f"{LOST}: one")

    reserve(database)

    assert counted(database)[0] == 1


def test_without_the_file_nothing_is_raised(settings: Settings, database: str) -> None:
    """A hook ends well whatever happens; standard error has the line."""
    log(settings, f"{LOST}: one")

    assert counted(database) == (0, "")
