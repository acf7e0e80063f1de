"""Migrations: the old database or the new one, never a mixture, and a backup of the old."""

from __future__ import annotations

import subprocess
import sys

import apsw
import pytest

from codemem_core.errors import StoreError
from codemem_core.store import events
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.migrate import migrate
from codemem_core.store.engine.schema import steps
from codemem_core.store.engine.store import Store
from codemem_core.store.repair import backup
from codemem_core.store.repair.check import check
from tests.conftest import EventMaker

SHIPPED = max(steps())
NEWEST = SHIPPED + 2
LATER = {
    NEWEST - 1: "ALTER TABLE sessions ADD COLUMN mood TEXT; {die_a} UPDATE sessions SET mood = 1",
    NEWEST: "CREATE TABLE moods (mood); {die_b} INSERT INTO moods SELECT max(mood) FROM sessions",
}
"""Two steps that no version has shipped."""

_MIGRATE = """
import os, signal, sys
import apsw
from codemem_core.store.repair import backup
from codemem_core.store.engine.connection import connect
from codemem_core.store.engine.migrate import migrate
from codemem_core.store.engine.schema import steps

path, moment, second, third = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
db = connect(path)
db.create_scalar_function("die", die)
if moment == "backup":
    os.rename = die
if moment == "commit":
    db.set_commit_hook(die)
migrate(db, path, wanted=steps() | {max(steps()) + 1: second, max(steps()) + 2: third})
if moment == "after":
    die()
db.close()
"""


@pytest.fixture
def old(database: str, make_event: EventMaker) -> str:
    """Make a database of the shipped schema that holds something."""
    with Store.open(database) as store:
        store.write(lambda db: events.append(db, [make_event() for _ in range(50)], now_ms=1))
        store.write(lambda db: db.execute("INSERT INTO sessions (started_ms) VALUES (1), (2)"))
    return database


def later(moment: str = "") -> dict[int, str]:
    """Return the steps, with the order to die in the middle of one."""
    dies = {key: "SELECT die();" if moment == key else "" for key in ("die_a", "die_b")}
    return {number: sql.format(**dies) for number, sql in LATER.items()}


def dump(path: str) -> list[object]:
    """Return the schema and every row of a database."""
    db = connect(path)
    found: list[object] = [db.execute("PRAGMA user_version").get]
    found += rows(db, "SELECT name, sql FROM sqlite_schema ORDER BY name")
    for (name,) in rows(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"):
        if not name.startswith("memories_fts"):
            found += sorted(map(repr, rows(db, f"SELECT * FROM {name}")))
    db.close()
    return found


@pytest.mark.parametrize("moment", ["backup", "die_a", "die_b", "commit"])
def test_killed_in_a_step_the_database_is_the_old_one(old: str, moment: str) -> None:
    """And the next start migrates it as if nothing had been."""
    before = dump(old)
    killed = _run(old, moment)

    assert killed.wait(60) == -9
    assert dump(old) == before

    assert _run(old, "").wait(60) == 0
    assert dump(old)[0] == NEWEST
    assert len(dump(old)) == len(before) + 2  # the new table and its one row


def test_killed_after_the_last_step_the_database_is_the_new_one(old: str) -> None:
    """The COMMIT of the last step makes all of them count."""
    assert _run(old, "after").wait(60) == -9
    assert dump(old)[0] == NEWEST


def _run(path: str, moment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _MIGRATE, path, moment, *later(moment).values()])


def test_a_backup_of_the_old_database_is_made_first(old: str) -> None:
    """It is the database as it was, under its reason."""
    before = dump(old)
    db = connect(old)

    migrate(db, old, wanted=steps() | later())

    db.close()
    (made,) = backup.listed(old)
    assert made.why == f"before-schema-{NEWEST}"
    assert dump(made.path) == before


def test_a_new_database_needs_no_backup(database: str) -> None:
    """There is nothing to lose yet."""
    Store.open(database).close()

    assert backup.listed(database) == []


def test_processes_that_migrate_at_once_make_one_backup(old: str) -> None:
    """The first one does it; the others find it done."""
    running = [_run(old, "") for _ in range(4)]

    assert [process.wait(60) for process in running] == [0] * 4
    assert len(backup.listed(old)) == 1
    assert dump(old)[0] == NEWEST


def test_what_cannot_be_backed_up_is_not_migrated(old: str) -> None:
    """A damaged database is not changed any further."""
    with open(old, "r+b") as file:
        file.seek(6 * 4096)
        file.write(bytes(4096))
    db = connect(old)

    with pytest.raises(StoreError, match="damaged"):
        migrate(db, old, wanted=steps() | later())

    assert db.execute("PRAGMA user_version").get == SHIPPED
    db.close()


def test_a_step_that_fails_changes_nothing(old: str) -> None:
    """A bug in a migration leaves a database that the last version can use."""
    before = dump(old)
    db = connect(old)

    with pytest.raises(apsw.SQLError):
        migrate(db, old, wanted=steps() | later() | {NEWEST: "SELECT nonsense"})

    db.close()
    assert dump(old) == before
    assert check(old).sound


def test_steps_that_commit_by_themselves_would_be_noticed(old: str) -> None:
    """The planted bug: each statement for itself, as 0.19 did it."""
    before = dump(old)
    second, third = later("die_b").values()
    killed = subprocess.Popen(
        [sys.executable, "-c", _MIGRATE, old, "die_b", second, f"COMMIT; BEGIN; {third}"]
    )

    assert killed.wait(60) == -9
    assert dump(old) != before
