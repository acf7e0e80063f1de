"""Damage at random places: it is noticed, the file is kept, the rows are saved, ingest goes on."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from codemem_core.errors import StoreError
from codemem_core.records.event import RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, memories, sessions
from codemem_core.store.engine.connection import connect, leave_wal, rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.btree_pages import leaves_of
from codemem_core.store.repair.check import Health, check
from codemem_core.store.repair.recover import recover
from codemem_core.store.repair.row_scan import UNREADABLE, tables_of
from tests.faults.conftest import Report

PAGE = 4096
EVENTS, MEMORIES = 600, 300
Look = Callable[[str], Health]


@dataclass(slots=True)
class Figures:
    """What a run came to."""

    detected: int = 0
    missed: list[str] = field(default_factory=list)
    """Rounds whose damage a reader meets and the look did not see."""
    harmless: int = 0
    """Rounds that changed nothing for a reader: a free page, or one the WAL has anew."""
    worst_saved: float = 1.0
    """The lowest share of rows outside the damaged pages that was saved in one round."""

    @property
    def share_detected(self) -> float:
        """The share of the rounds with damage in which it was seen."""
        return self.detected / (self.detected + len(self.missed))


@dataclass(frozen=True, slots=True)
class Sample:
    """A sound database, and which rows are on which page of it."""

    content: bytes
    wal: bytes
    rows_on: dict[int, int]

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return len(self.content) // PAGE


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Make a database of 600 events and 300 memories, the last commit only in its WAL."""
    path = str(tmp_path_factory.mktemp("sample") / "mem.sqlite")
    with Store.open(path) as store:
        store.write(_fill)
    content = Path(path).read_bytes()
    db = connect(path)
    kinds = {table.name: table.stored_kinds for table in tables_of(db)}
    leave_wal(db)
    db.execute("INSERT INTO ledger (day, source) VALUES ('2026-11-22', 'in the WAL')")
    db.close()
    with open(path, "rb") as file:
        rows_on = {
            leaf.page: leaf.last - leaf.first + 1
            for name in ("raw_events", "memories")
            for leaf in leaves_of(file, kinds[name], page_size=PAGE)
        }
    assert sum(rows_on.values()) == EVENTS + MEMORIES
    return Sample(content, Path(f"{path}-wal").read_bytes(), rows_on)


def _fill(db: apsw.Connection) -> None:
    for n in range(10):
        stream = f"stream-{n}"
        events.append(db, [_event(stream, i) for i in range(EVENTS // 10)], now_ms=1)
        session = sessions.of_stream(db, ("x", stream), project="p", cwd="/", started_ms=1)
        for i in range(MEMORIES // 10):
            new = NewMemory(
                key=f"{stream}-{i}", kind="note", title=f"title {i}", body="body " * 40,
                origin="user",
            )  # fmt: skip
            memories.add(db, new, session_id=session, now_ms=2)


def _event(stream: str, number: int) -> RawEvent:
    payload = {"text": "lorem ipsum " * 20}
    return RawEvent(
        source="x",
        stream_id=stream,
        event_id=f"event-{number:06d}",
        event_type="t",
        payload=payload,
    )


# --- ways to damage a file: each changes `content` and returns the pages it touched --------------


def _zero(content: bytearray, chance: random.Random) -> set[int]:
    return _fill_pages(content, chance, lambda: bytes(PAGE))


def _garbage(content: bytearray, chance: random.Random) -> set[int]:
    return _fill_pages(content, chance, lambda: chance.randbytes(PAGE))


def _fill_pages(content: bytearray, chance: random.Random, make: Callable[[], bytes]) -> set[int]:
    hit = set(chance.sample(range(1, len(content) // PAGE + 1), chance.randint(1, 4)))
    for page in hit:
        content[(page - 1) * PAGE : page * PAGE] = make()
    return hit


def _flip_structure(content: bytearray, chance: random.Random) -> set[int]:
    """Change a byte by which a page says what it is: its kind, or how many cells it has."""
    page = chance.randint(2, len(content) // PAGE)
    place = (page - 1) * PAGE + chance.choice((0, 3))
    content[place] ^= chance.randint(1, 255)
    return {page}


def _header(content: bytearray, chance: random.Random) -> set[int]:
    size = chance.randint(16, 100)
    content[:size] = chance.randbytes(size)
    return {1}


def _truncate(content: bytearray, chance: random.Random) -> set[int]:
    pages = len(content) // PAGE
    left = chance.randint(pages * 3 // 4, pages - 1)
    del content[left * PAGE + chance.choice((0, 100)) :]
    return set(range(left + 1, pages + 1))


WAYS = (_zero, _garbage, _flip_structure, _header, _truncate)


def run(sample: Sample, folder: Path, *, rounds: int, seed: int, look: Look = check) -> Figures:
    """Damage the sample in random ways and see what becomes of it."""
    figures, chance = Figures(), random.Random(seed)
    for n in range(rounds):
        way = WAYS[n % len(WAYS)]
        content = bytearray(sample.content)
        hit = way(content, chance)
        wal = _wal(sample, chance)
        path = _lay(folder / str(n), content, wal)
        health = look(str(path))
        if not health.damage:
            whole = _lay(folder / str(n) / "whole", sample.content, wal)
            if _read(_lay(folder / str(n) / "again", content, wal)) == _read(whole):
                figures.harmless += 1
            else:
                figures.missed.append(f"round {n}: {way.__name__}, pages {sorted(hit)}")
            continue
        figures.detected += 1
        saved = _recover(path, bytes(content), health)
        there = EVENTS + MEMORIES - sum(sample.rows_on.get(page, 0) for page in hit)
        figures.worst_saved = min(figures.worst_saved, saved / there)
    return figures


def _wal(sample: Sample, chance: random.Random) -> bytes | None:
    """Choose what lies beside the file: mostly nothing, else its own WAL or garbage."""
    if chance.random() >= 0.3:
        return None
    return sample.wal if chance.random() < 0.5 else chance.randbytes(len(sample.wal))


def _lay(folder: Path, content: bytes | bytearray, wal: bytes | None) -> Path:
    """Write a database into a folder of its own; with a WAL comes a garbled index of it."""
    path = folder / "mem.sqlite"
    folder.mkdir()
    path.write_bytes(content)
    if wal is not None:
        Path(f"{path}-wal").write_bytes(wal)
        Path(f"{path}-shm").write_bytes(random.Random(len(content)).randbytes(32768))
    return path


def _read(path: Path) -> list[Any] | None:
    """Return every row of every table, those of the search index too; None if that fails.

    SQLite's full check stands before them: a reader may come by an index.
    """
    try:
        with contextlib.closing(connect(str(path), readonly=True)) as db:
            names = rows(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            tables = [rows(db, f"SELECT * FROM {name}") for (name,) in names]
            return [rows(db, "PRAGMA integrity_check"), *tables]
    except (StoreError, *UNREADABLE):
        return None


def _recover(path: Path, content: bytes, health: Health) -> int:
    """Recover one file; return how many events and memories there are, after one more event."""
    done = recover(str(path), health)
    assert Path(done.kept).read_bytes() == content
    with Store.open(str(path)) as store:
        new = _event("after", 1)
        assert store.write(lambda db: events.append(db, [new], now_ms=3)).inserted == 1
        with store.read() as db:
            memories.recent(db, limit=1000)
            saved = sum(
                rows(db, f"SELECT count(*) FROM {name}")[0][0]
                for name in ("raw_events", "memories")
            )
    assert check(str(path)).sound
    return int(saved) - 1


def test_damage_is_noticed_and_survived(sample: Sample, tmp_path: Path) -> None:
    """At least 99 % noticed, 95 % of what was not hit saved, a file that works afterwards."""
    figures = run(sample, tmp_path, rounds=60, seed=16)

    assert figures.harmless <= 3
    assert figures.share_detected >= 0.99, figures
    assert figures.worst_saved >= 0.95, figures


@pytest.mark.parametrize("rounds", [60, pytest.param(1_000, marks=pytest.mark.faults)])
def test_the_quick_look_of_a_start_notices_as_much(
    sample: Sample, tmp_path: Path, rounds: int, report: Report
) -> None:
    """What it leaves out, rows against ordinary indexes, tells little more of a broken page."""
    figures = run(
        sample, tmp_path, rounds=rounds, seed=61, look=lambda path: check(path, quick=True)
    )
    report(rounds=rounds, **asdict(figures))

    assert figures.share_detected >= 0.95, figures


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(10))
def test_damage_is_noticed_and_survived_at_length(
    sample: Sample, tmp_path: Path, seed: int, report: Report
) -> None:
    """The same, 5,000 times."""
    figures = run(sample, tmp_path, rounds=500, seed=seed)
    report(rounds=500, seed=seed, **asdict(figures))

    assert figures.share_detected >= 0.99, figures
    assert figures.worst_saved >= 0.95, figures


def test_trusting_a_count_would_be_noticed(sample: Sample, tmp_path: Path) -> None:
    """The planted bug: a database that can count its rows counts as sound."""

    def trusting(path: str) -> Health:
        try:
            db = connect(path, readonly=True)
        except StoreError as error:
            return Health(damage=(str(error),))
        try:
            rows(db, "SELECT count(*) FROM memories")
        except apsw.Error as error:
            return Health(damage=(str(error),))
        finally:
            leave_wal(db)
            db.close(True)
        return Health()

    figures = run(sample, tmp_path, rounds=20, seed=16, look=trusting)

    assert figures.share_detected < 0.99


def test_a_flipped_bit_anywhere_never_breaks_anything(sample: Sample, tmp_path: Path) -> None:
    """Inside a text nobody can notice it; then everything still works, or it is one line."""
    chance = random.Random(7)
    for n in range(40):
        path = tmp_path / f"{n}.sqlite"
        content = bytearray(sample.content)
        for _ in range(8):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        health = check(str(path))
        if health.damage:
            _recover(path, bytes(content), health)
    assert len(os.listdir(tmp_path)) >= 40
