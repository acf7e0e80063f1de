"""Backups: whole, checked, private; and the way back."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from codemem_core.errors import Damaged, StoreError
from codemem_core.store import events, plugin_tables
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair import backup
from codemem_core.store.repair.check import check
from tests.conftest import EventMaker

_ALONE = """
import sys
from codemem_core.errors import StoreError
from codemem_core.store.engine.exclusive import sole_use
try:
    with sole_use(sys.argv[1], wait_s=0):
        print("alone")
except StoreError:
    print("in use")
"""


def others_see(path: str) -> str:
    """Ask another process whether anybody has the database open."""
    asked = subprocess.run(
        [sys.executable, "-c", _ALONE, path], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip()


def count(path: str) -> int:
    """Count the events of a database that nobody has open."""
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    number = int(db.execute("SELECT count(*) FROM raw_events").get)
    db.close()
    return number


def test_a_backup_is_one_private_sound_file(store: Store, make_event: EventMaker) -> None:
    """It needs no WAL beside it, and nobody else can read it."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))

    made = backup.make(store.path)

    assert os.listdir(backup.folder(store.path)) == [os.path.basename(made.path)]
    assert stat.S_IMODE(os.stat(made.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(backup.folder(store.path)).st_mode) == 0o700
    assert count(made.path) == 1
    assert check(made.path).sound


def test_a_backup_leaves_the_locks_of_its_process_alone(store: Store) -> None:
    """Closing a plain descriptor would drop them, and another process would delete the WAL."""
    backup.make(store.path)

    assert others_see(store.path) == "in use"


def test_a_raw_copy_would_have_been_noticed(store: Store, tmp_path: Path) -> None:
    """The planted bug: `shutil.copyfile` in the process that has the database open."""
    shutil.copyfile(store.path, tmp_path / "copy")

    assert others_see(store.path) == "alone"


def test_a_backup_under_load_is_of_one_moment(store: Store, make_event: EventMaker) -> None:
    """The copy holds every event committed before it and no gap after."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            store.write(lambda db: events.append(db, [make_event()], now_ms=1))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            with store.read() as db:
                before = events.totals(db)[1]
            made = backup.make(store.path)
            held = connect(made.path, readonly=True)
            numbers = [seq for (seq,) in rows(held, "SELECT seq FROM raw_events ORDER BY seq")]
            held.close()

            assert numbers == list(range(len(numbers)))
            assert len(numbers) >= before
    finally:
        stop.set()
        writer.join()


def test_the_oldest_backups_go_and_other_files_stay(store: Store) -> None:
    """Retention counts only what it made itself."""
    first = backup.make(store.path)
    theirs = Path(backup.folder(store.path)) / "my own copy.backup"
    theirs.write_text("mine")

    made = [backup.make(store.path, keep=3) for _ in range(3)]

    assert [item.path for item in backup.listed(store.path)] == [b.path for b in reversed(made)]
    assert not os.path.exists(first.path)
    assert theirs.exists()


def test_a_damaged_database_gives_no_backup(database: str) -> None:
    """What cannot be trusted is not kept under a name that says it can."""
    Store.open(database).close()
    with open(database, "r+b") as file:
        file.seek(6 * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(Damaged, match="damaged"):
        backup.make(database)

    assert os.listdir(backup.folder(database)) == []


_BACK_UP = """
import sys
from codemem_core.store.repair import backup
while True:
    backup.make(sys.argv[1], keep=3)
"""


def test_a_backup_that_was_killed_is_none(database: str, make_event: EventMaker) -> None:
    """Whatever has a backup's name is whole, wherever its maker was killed."""
    with Store.open(database) as store:
        store.write(lambda db: events.append(db, [make_event() for _ in range(2000)], now_ms=1))
    for round_ in range(8):
        maker = subprocess.Popen([sys.executable, "-c", _BACK_UP, database])
        time.sleep(0.4 + round_ * 0.03)
        maker.send_signal(signal.SIGKILL)
        maker.wait()

    found = backup.listed(database)
    assert found
    assert all(count(item.path) == 2000 for item in found)
    assert all(check(item.path).sound for item in found)


def test_restoring_brings_the_snapshot_back_and_keeps_what_was_there(
    database: str, make_event: EventMaker
) -> None:
    """Neither the old nor the new state is gone."""
    with Store.open(database) as store:
        store.write(lambda db: events.append(db, [make_event()], now_ms=1))
        made = backup.make(database)
        store.write(lambda db: events.append(db, [make_event(), make_event()], now_ms=1))

    kept = backup.restore(database, made.path)

    assert kept is not None
    assert (count(database), count(kept)) == (1, 3)
    assert check(database).sound


def test_restoring_is_refused_while_somebody_has_the_database_open(
    database: str, make_event: EventMaker
) -> None:
    """A server would go on with a file that has another name."""
    with Store.open(database) as store:
        store.write(lambda db: events.append(db, [make_event()], now_ms=1))
        made = backup.make(database)
        before = sorted(os.listdir(os.path.dirname(database)))

        refused = subprocess.run(
            [
                sys.executable,
                "-m",
                "codemem_cli",
                "db",
                "restore",
                made.path,
                "--db-path",
                database,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

        assert refused.returncode == 4
        assert "another program has the database open" in refused.stderr
        assert sorted(os.listdir(os.path.dirname(database))) == before


def test_a_backup_that_is_no_good_is_not_restored(database: str, tmp_path: Path) -> None:
    """The present database stays."""
    Store.open(database).close()
    made = backup.make(database)
    broken = tmp_path / "broken.backup"
    content = bytearray(Path(made.path).read_bytes())
    content[6 * 4096 : 7 * 4096] = bytes(4096)
    broken.write_bytes(content)
    before = Path(database).read_bytes()

    with pytest.raises(StoreError, match="damaged"):
        backup.restore(database, str(broken))

    assert Path(database).read_bytes() == before


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER t AFTER INSERT ON raw_events BEGIN DELETE FROM memories; END",
        "CREATE VIEW memory_items AS SELECT * FROM memories",
        "ALTER TABLE sessions ADD COLUMN more TEXT AS (hex(zeroblob(1000000)))",
        "CREATE TABLE notes (text TEXT)",
        "INSERT INTO plugin_tables VALUES ('x', 1); CREATE TABLE x_t (a, b AS (hex(a)))",
        "INSERT INTO plugin_tables VALUES ('x', 1); CREATE VIRTUAL TABLE x_t USING fts5(a)",
    ],
)
def test_a_backup_with_something_planted_is_not_restored(
    database: str, tmp_path: Path, planted: str
) -> None:
    """A trigger in a file from elsewhere would run at every write."""
    Store.open(database).close()
    given = tmp_path / "given.backup"
    shutil.copyfile(backup.make(database).path, given)
    with closing(apsw.Connection(str(given))) as db:
        db.execute(planted)

    with pytest.raises(StoreError, match="what codemem never makes"):
        backup.restore(database, str(given))


def test_a_plugins_own_table_is_restored(database: str) -> None:
    """The team plugin keeps its outbox in the database."""
    with Store.open(database) as store:
        store.write(
            lambda db: plugin_tables.ensure(db, "x", {1: "CREATE TABLE x_outbox (id INTEGER)"})
        )
        made = backup.make(database)

    assert backup.restore(database, made.path) is not None


def test_a_backup_is_restored_where_there_is_no_database(database: str, tmp_path: Path) -> None:
    """Another machine, or a folder that was deleted."""
    Store.open(database).close()
    made = backup.make(database)
    elsewhere = str(tmp_path / "elsewhere" / "mem.sqlite")

    assert backup.restore(elsewhere, made.path) is None
    assert check(elsewhere).sound


def test_a_writer_that_waited_for_a_replaced_database_writes_into_the_new_one(
    database: str, make_event: EventMaker
) -> None:
    """It had opened the old file; with the new one's WAL beside it, it would ruin both."""
    Store.open(database).close()
    made = backup.make(database)
    running = []
    for _ in range(3):
        running += [
            subprocess.Popen([sys.executable, "-c", _WRITE, database, f"w{len(running)}"])
            for _ in range(3)
        ]
        for _ in range(20):
            try:
                backup.restore(database, made.path)
            except StoreError:
                time.sleep(0.01)

    assert [process.wait(120) for process in running] == [0] * 9
    files = [p for p in Path(database).parent.iterdir() if p.is_file()]
    assert all(check(str(p)).sound for p in files if not p.name.endswith(("-wal", "-shm")))


_WRITE = """
import sys
from codemem_core.errors import StoreError
from codemem_core.records.event import RawEvent
from codemem_core.store import events, plugin_tables
from codemem_core.store.engine.store import Store

path, name = sys.argv[1:]
for n in range(30):
    key = {"source": "x", "stream_id": "s", "event_id": f"{name}-{n:06d}"}
    event = RawEvent(**key, event_type="t", payload={})
    with Store.open(path) as store:
        store.write(lambda db: events.append(db, [event], now_ms=1))
"""
