"""The search index says what the memories say, whatever was done to them and whenever it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import index_in_step

_WORK = """
import random, sys
from codemem_core.store import memories
from codemem_core.store.engine.store import Store

path, seed, bug = sys.argv[1:]
chance = random.Random(int(seed))
words = "alpha beta gamma delta epsilon zeta eta theta".split()

def text():
    return " ".join(chance.choices(words, k=12))

def change(db):
    if bug:
        db.execute("PRAGMA recursive_triggers = OFF")
    number = chance.randint(1, 60)
    row = (number, f"key-{number}", text(), text(), words[number % 8])
    what = chance.randint(0, 4)
    if what <= 1:
        db.execute(
            "INSERT OR REPLACE INTO memories (id, key, session_id, kind, title, body, tags, origin,"
            " created_ms, updated_ms) VALUES (?, ?, 1, 'note', ?, ?, ?, 'user', 1, 1)", row)
    elif what == 2:
        db.execute("UPDATE memories SET title = ?, body = ? WHERE id = ?", (text(), text(), number))
    elif what == 3:
        db.execute("DELETE FROM memories WHERE id = ?", (number,))
    else:
        memories.forget(db, number, now_ms=2)

store = Store.open(path)
store.write(lambda db: db.execute("INSERT OR IGNORE INTO sessions (id, started_ms) VALUES (1, 1)"))
print("ready", flush=True)
while True:
    if bug:
        store._db.execute("PRAGMA recursive_triggers = OFF")
    store.write(change)
"""


def rounds(database: str, number: int, *, bug: str = "") -> int:
    """Kill a process at work so many times; return how often index and rows disagreed."""
    wrong = 0
    Store.open(database).close()
    for seed in range(number):
        child = subprocess.Popen(
            [sys.executable, "-c", _WORK, database, str(seed), bug],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.05 + 0.02 * (seed % 5))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        db = connect(database)
        wrong += not index_in_step(db)
        found = {n for (n,) in rows(db, "SELECT rowid FROM memories_fts('alpha')")}
        query = "SELECT id FROM memories WHERE title || ' ' || body || ' ' || tags LIKE '%alpha%'"
        wrong += found != {n for (n,) in rows(db, query)}
        db.close()
    return wrong


def test_index_and_rows_agree_after_every_crash(database: str) -> None:
    """Inserts, replacements, changes and deletions, cut off anywhere."""
    assert rounds(database, 15) == 0


@pytest.mark.faults
def test_index_and_rows_agree_after_every_crash_at_length(database: str) -> None:
    """The same, 500 times."""
    assert rounds(database, 500) == 0


def test_replacing_without_the_triggers_would_be_noticed(database: str) -> None:
    """The planted bug: `REPLACE` that fires no delete trigger."""
    assert rounds(database, 3, bug="no recursive triggers") > 0
