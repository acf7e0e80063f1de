"""Opening the database: durable, private, and refusing what is not ours."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from codemem_core.errors import NotFound, StoreError
from codemem_core.store.engine.connection import connect
from codemem_core.store.engine.schema import steps
from codemem_core.store.engine.store import Store


def test_a_commit_is_on_disk_when_it_returns(database: str) -> None:
    """The writer runs WAL with full synchronisation."""
    db = connect(database)

    assert db.execute("PRAGMA journal_mode").get == "wal"
    assert db.execute("PRAGMA synchronous").get == 2
    db.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
        ("secure_delete", 1),
        ("cell_size_check", 1),
        ("fullfsync", 1),
        ("wal_autocheckpoint", 1000),
        ("journal_size_limit", 4 * 1024 * 1024),
    ],
)
def test_every_pragma_of_a_writer_is_in_force(database: str, pragma: str, value: int) -> None:
    """A list of statements stops at the first one that gives a row, unless its rows are read."""
    db = connect(database)

    assert db.execute(f"PRAGMA {pragma}").get == value
    db.close()


def test_the_file_is_private_whatever_the_umask(database: str) -> None:
    """Nobody else reads the database or its folder."""
    before = os.umask(0)
    try:
        Store.open(database).close()
    finally:
        os.umask(before)

    assert stat.S_IMODE(os.stat(database).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(database)).st_mode) == 0o700


def test_a_reader_never_makes_a_database(database: str) -> None:
    """Looking for memories before the first event leaves no file behind."""
    with pytest.raises(NotFound):
        connect(database, readonly=True)

    assert not os.path.exists(database)


def test_a_reader_cannot_write(database: str) -> None:
    """A read connection refuses changes."""
    Store.open(database).close()
    db = connect(database, readonly=True)

    with pytest.raises(apsw.ReadOnlyError):
        db.execute("DELETE FROM memories")
    db.close()


def test_opening_a_current_database_writes_nothing(database: str) -> None:
    """No schema statement runs when there is nothing to migrate."""
    Store.open(database).close()
    before = Path(database).read_bytes()

    Store.open(database).close()

    assert Path(database).read_bytes() == before


def test_a_newer_database_is_refused(database: str) -> None:
    """A schema this program does not know is left alone."""
    Store.open(database).close()
    db = connect(database)
    db.execute(f"PRAGMA user_version = {max(steps()) + 1}")
    db.close()

    with pytest.raises(StoreError, match="newer than this codemem"):
        Store.open(database)


def test_somebody_elses_database_is_refused(database: str) -> None:
    """A SQLite file that is not ours is not turned into one."""
    db = connect(database)
    db.execute("CREATE TABLE theirs (x); PRAGMA user_version = 6")
    db.close()

    with pytest.raises(StoreError, match="not a database of this codemem"):
        Store.open(database)


def test_a_file_that_is_no_database_gets_one_line(database: str) -> None:
    """Damage is reported, not raised as a traceback of the library."""
    Path(database).parent.mkdir()
    Path(database).write_bytes(b"this is not a database at all" * 100)

    with pytest.raises(StoreError, match="not a database"):
        Store.open(database)


@pytest.fixture
def freeze() -> Iterator[Callable[[Path], None]]:
    """Return what mounts a folder read-only until the test ends."""
    frozen: list[Path] = []

    def mount(folder: Path) -> None:
        for options in (["--bind"], ["-o", "remount,ro,bind"]):
            done = subprocess.run(["mount", *options, folder, folder], check=False)
            if done.returncode:
                pytest.skip("needs the right to mount")
        frozen.append(folder)

    yield mount
    for folder in frozen:
        subprocess.run(["umount", folder], check=True)


def test_a_database_on_a_read_only_disk_can_be_read(
    database: str, freeze: Callable[[Path], None]
) -> None:
    """And a write is refused with the reason."""
    Store.open(database).close()
    freeze(Path(database).parent)

    with Store.open(database) as store:
        with store.read() as db:
            assert db.execute("SELECT count(*) FROM memories").get == 0
        with pytest.raises(StoreError, match="the disk is read-only"):
            store.write(lambda db: db.execute("DELETE FROM memories"))


def test_a_log_on_a_read_only_disk_is_not_passed_over(
    database: str, freeze: Callable[[Path], None]
) -> None:
    """Its commits would be missing without a word."""
    Store.open(database).close()
    Path(f"{database}-wal").write_bytes(b"commits")
    freeze(Path(database).parent)

    with pytest.raises(StoreError, match="not closed in good order"):
        connect(database, readonly=True)
