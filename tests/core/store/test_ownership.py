"""A database that others can read is closed to them; one that others could write is refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from codemem_core.errors import StoreError
from codemem_core.store.engine.connection import connect
from codemem_core.store.engine.store import Store

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to give a file away")


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("folder_mode", [0o755, 0o750, 0o705])
def test_an_open_home_is_closed(home: Path, folder_mode: int) -> None:
    """As an older umask or a copy left it."""
    database = home / ".codemem" / "mem.sqlite"
    Store.open(str(database)).close()
    database.chmod(0o644)
    database.parent.chmod(folder_mode)

    connect(str(database), readonly=True).close()

    assert (mode(database.parent), mode(database)) == (0o700, 0o600)


def test_a_folder_of_the_users_own_stays_as_it_is(tmp_path: Path) -> None:
    """Only codemem's own folder is codemem's to close."""
    tmp_path.chmod(0o755)

    Store.open(str(tmp_path / "mem.sqlite")).close()

    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize("name", ["data", "data/mem.sqlite"])
def test_what_others_can_write_is_refused(tmp_path: Path, name: str) -> None:
    """The folder or the file: somebody could have put another database there."""
    database = tmp_path / "data" / "mem.sqlite"
    Store.open(str(database)).close()
    (tmp_path / name).chmod(0o777)

    with pytest.raises(StoreError, match="other users can write"):
        connect(str(database))


@needs_root
@pytest.mark.parametrize("name", ["data", "data/mem.sqlite"])
def test_what_belongs_to_another_user_is_refused(tmp_path: Path, name: str) -> None:
    """Whoever owns it can change it."""
    database = tmp_path / "data" / "mem.sqlite"
    Store.open(str(database)).close()
    os.chown(tmp_path / name, 12345, 12345)

    with pytest.raises(StoreError, match="belongs to another user"):
        connect(str(database))
