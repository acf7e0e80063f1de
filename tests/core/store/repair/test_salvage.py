"""A damaged database is kept as it was, and what can be read of it is saved."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from codemem_core.errors import Damaged, StoreError
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, memories, sessions
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.btree_pages import leaves_of, roots_over
from codemem_core.store.repair.check import check
from codemem_core.store.repair.recover import mend, recover
from tests.conftest import EventMaker

PAGE = 4096
Wreck = Callable[..., None]


@pytest.fixture
def full(database: str, make_event: EventMaker) -> str:
    """Make a database with 600 events in 3 streams and 300 memories, and close it."""

    def fill(db: apsw.Connection) -> None:
        for stream in ("s0", "s1", "s2"):
            made = [make_event(stream_id=stream, text="lorem ipsum " * 20) for _ in range(200)]
            events.append(db, made, now_ms=1)
            session = sessions.of_stream(
                db, ("claude", stream), project="demo", cwd="/x", started_ms=1
            )
            for n in range(100):
                new = NewMemory(
                    key=f"{stream}-{n}", kind="note", title=f"{stream} {n}", body="dolor " * 30,
                    origin="user",
                )  # fmt: skip
                memories.add(db, new, session_id=session, now_ms=2)

    with Store.open(database) as store:
        store.write(fill)
    return database


def wreck(path: str, *pages: int, with_: bytes = b"\0") -> None:
    """Overwrite whole pages; the first page of a file is 1."""
    with open(path, "r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write((with_ * PAGE)[:PAGE])


def pages_of(path: str, name: str, kind: str) -> list[int]:
    """Return the pages of a table that are `leaf` or `internal`."""
    db = connect(path)
    query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY pageno"
    found = [page for (page,) in rows(db, query, (name, kind))]
    db.close()
    return found


def counts(path: str) -> dict[str, int]:
    """Return how many rows the main tables have."""
    db = connect(path)
    tables = ("sessions", "streams", "raw_events", "memories")
    found = {name: db.execute(f"SELECT count(*) FROM {name}").get for name in tables}
    db.close()
    return found


WHOLE = {"sessions": 3, "streams": 3, "raw_events": 600, "memories": 300}


def test_a_sound_database_is_left_alone(full: str) -> None:
    """Looking changes nothing."""
    before = Path(full).read_bytes()

    assert mend(full) is None
    assert Path(full).read_bytes() == before
    assert os.listdir(os.path.dirname(full)) == ["mem.sqlite"]


def test_the_damaged_file_is_kept_byte_for_byte(full: str) -> None:
    """Somebody may know more about rescuing it than we do."""
    wreck(full, *pages_of(full, "raw_events", "leaf")[3:5])
    before = Path(full).read_bytes()

    done = recover(full, check(full))

    assert Path(done.kept).read_bytes() == before
    assert check(full).sound
    assert done.kept in str(done)


def test_a_broken_page_costs_its_own_rows_only(full: str) -> None:
    """Rows before and behind it are there, with their ids."""
    wreck(full, pages_of(full, "memories", "leaf")[4])

    done = recover(full, check(full))

    assert 0 < done.result.lost["memories"] < 20
    assert counts(full) == WHOLE | {"memories": 300 - done.result.lost["memories"]}
    with Store.open(full) as store, store.read() as db:
        assert all(
            m.id == int(m.title[1]) * 100 + int(m.title[3:]) + 1
            for (n,) in rows(db, "SELECT id FROM memories")
            if (m := memories.get(db, n))
        )


@pytest.mark.parametrize("name", ["raw_events", "memories"])
def test_rows_below_a_lost_root_are_found(full: str, name: str) -> None:
    """The pages of rows say by themselves which table they are of."""
    wreck(full, *pages_of(full, name, "internal"))

    mend(full)

    assert counts(full) == WHOLE


@pytest.mark.parametrize("content", [b"\0", b"\xff", b"garbage"])
def test_a_lost_first_page_costs_nothing(full: str, content: bytes) -> None:
    """Every database of one version has the same map."""
    wreck(full, 1, with_=content)

    mend(full)

    assert counts(full) == WHOLE


def test_a_lost_schema_costs_nothing(full: str) -> None:
    """The same for the pages behind the first; the rows alone say that the file is ours."""
    wreck(full, 1, *pages_of(full, "sqlite_schema", "leaf"))

    mend(full)

    assert counts(full) == WHOLE


def test_what_a_lost_row_was_needed_for_gets_a_stand_in(full: str) -> None:
    """Sessions and streams come back from what points to them."""
    wreck(full, *pages_of(full, "sessions", "leaf"), *pages_of(full, "streams", "leaf"))

    mend(full)

    assert counts(full) == WHOLE
    assert check(full).sound
    with Store.open(full) as store, store.read() as db:
        query = "SELECT source, stream_id, last_received_seq, last_flushed_seq FROM streams"
        assert rows(db, query) == [("claude", f"s{n}", 199, -1) for n in range(3)]


def test_saved_rows_are_marked(full: str) -> None:
    """A flipped bit in a text shows nowhere else."""
    wreck(full, pages_of(full, "memories", "leaf")[4])

    done = recover(full, check(full))

    with Store.open(full) as store, store.read() as db:
        for table in ("memories", "sessions"):
            marks = rows(db, f"SELECT DISTINCT metadata ->> '$.salvaged' FROM {table}")
            assert marks == [(os.path.basename(done.kept),)]


def test_a_row_that_makes_no_sense_is_not_saved(full: str) -> None:
    """A memory whose lists are no JSON would break every list of memories."""
    wreck(full, pages_of(full, "raw_events", "leaf")[3])
    content = Path(full).read_bytes()
    Path(full).write_bytes(content.replace(b"[]dolor", b"[}dolor", 1).replace(b"[]", b"[}", 4))

    mend(full)

    with Store.open(full) as store, store.read() as db:
        assert len(memories.recent(db, limit=1000)) >= 290


def test_commits_that_are_only_in_the_wal_are_saved(full: str, make_event: EventMaker) -> None:
    """A killed program leaves them there."""
    leaf = pages_of(full, "raw_events", "leaf")[3]
    db = connect(full)
    events.append(db, [make_event(stream_id="late")], now_ms=5)
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    db.close()
    wreck(full, leaf)

    done = recover(full, check(full))

    assert os.path.exists(f"{done.kept}-wal")
    assert counts(full)["streams"] == 4


def test_a_foreign_wal_does_not_take_the_rows_along(full: str, tmp_path: Path) -> None:
    """The WAL of another database fits by its own checksums and breaks everything."""
    other = str(tmp_path / "other.sqlite")
    db = connect(other)
    db.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
    shutil.copyfile(f"{other}-wal", f"{full}-wal")
    db.close()

    mend(full)

    assert counts(full) == WHOLE


def test_an_index_out_of_step_is_made_anew_and_the_file_stays(full: str) -> None:
    """The rows are fine: nothing has to be salvaged."""
    db = connect(full)
    db.execute("INSERT INTO memories_fts (memories_fts) VALUES ('delete-all')")
    db.close()
    assert not check(full).index_in_step

    told = mend(full)

    assert told is not None
    assert "rebuilt" in told
    assert os.listdir(os.path.dirname(full)) == ["mem.sqlite"]
    assert check(full).sound


def test_somebody_elses_file_is_left_alone(database: str) -> None:
    """A path mistyped must not cost the file behind it."""
    os.makedirs(os.path.dirname(database))
    Path(database).write_bytes(b"precious " * 5000)

    with pytest.raises(StoreError, match="not a database of codemem"):
        mend(database)

    assert Path(database).read_bytes() == b"precious " * 5000
    assert os.listdir(os.path.dirname(database)) == ["mem.sqlite"]


def test_a_damaged_file_in_use_is_not_replaced(full: str) -> None:
    """Whoever has it open would write into the new one's WAL."""
    leaf = pages_of(full, "raw_events", "leaf")[3]
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, full], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    wreck(full, leaf)

    with pytest.raises(StoreError, match="another program has the database open"):
        mend(full)

    holder.communicate()
    assert mend(full) is not None


_HOLD = """
import sys
from codemem_core.store.engine.store import Store
with Store.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_salvage_that_was_killed_begins_again(full: str) -> None:
    """Nothing is at the database's place but the old file or the whole new one."""
    wreck(full, *pages_of(full, "raw_events", "leaf")[3:6])
    for round_ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", _MEND, full], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(round_ * 0.015)
        child.send_signal(signal.SIGKILL)
        child.communicate()

    mend(full)

    assert check(full).sound
    assert counts(full)["memories"] == 300
    assert counts(full)["raw_events"] > 500


_MEND = """
import sys
from codemem_core.store.repair.recover import mend
print("ready", flush=True)
mend(sys.argv[1])
"""


def test_opening_a_damaged_database_is_one_line_with_a_hint(full: str) -> None:
    """Every program says the same, and none of them goes on."""
    wreck(full, 1)

    with pytest.raises(Damaged) as told:
        Store.open(full)

    assert "\n" not in str(told.value)
    assert "codemem db salvage" in told.value.hint


def test_a_root_is_made_for_any_number_of_leaves(tmp_path: Path) -> None:
    """One page points to 200 of them; more take more pages."""
    path = str(tmp_path / "many.sqlite")
    db = apsw.Connection(path)
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER)")
    with db:
        db.executemany(
            "INSERT INTO t VALUES (?, ?, ?)", ((n * 3, "x" * 900, n) for n in range(1, 2000))
        )
    db.close()

    with open(path, "rb") as file:
        found = leaves_of(file, (type(None), str, int), page_size=PAGE)

    assert len(found) > 400
    assert [leaf.last for leaf in found] == sorted(leaf.last for leaf in found)
    assert len(list(roots_over(found, page_size=PAGE))) == len(found) // 200 + 1


def test_forgotten_text_is_gone_from_the_files(full: str) -> None:
    """A row that is deleted leaves no byte in the table, the search index or the WAL."""
    secret = "xyzzyplugh"
    with Store.open(full) as store:
        insert = "UPDATE memories SET body = ? WHERE id = 7"
        store.write(lambda db: db.execute(insert, (f"{secret} in the middle",)))
        store.write(lambda db: db.execute("DELETE FROM memories WHERE id = 7"))
        db = connect(full)
        rows(db, "PRAGMA wal_checkpoint(truncate)")
        db.close()

    files = [p for p in Path(full).parent.iterdir() if p.is_file()]
    assert not any(secret.encode() in p.read_bytes() for p in files)
    assert check(full).sound
