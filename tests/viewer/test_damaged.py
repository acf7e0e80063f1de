"""A server on a damaged database: told in one line, kept, salvaged, and events go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codemem_core.hookpath.client import post_json
from codemem_core.store import events
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import check
from codemem_viewer.server import LARGE_BYTES
from tests.conftest import EventMaker
from tests.viewer.conftest import Machine, wait_until

PAGE = 4096


def fill(machine: Machine, make_event: EventMaker) -> None:
    """Put 300 events into the database, before any server."""
    machine.db.parent.mkdir(mode=0o700)
    with Store.open(str(machine.db)) as store:
        made = [make_event(text="lorem ipsum " * 20) for _ in range(300)]
        store.write(lambda db: events.append(db, made, now_ms=1))


def lose_page(path: Path) -> None:
    """Zero a page in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // PAGE // 2 * PAGE
    content[middle : middle + PAGE] = bytes(PAGE)
    path.write_bytes(content)


def lose_header(path: Path) -> None:
    """Garble the schema version."""
    with path.open("r+b") as file:
        file.seek(60)
        file.write(b"\x7e\x57\x00\x01")


def lose_tail(path: Path) -> None:
    """Cut the last third off."""
    os.truncate(path, path.stat().st_size * 2 // 3)


def lose_quiet_table(path: Path) -> None:
    """Zero the first page of a table that a server without requests never reads."""
    db = connect(str(path))
    [(page,)] = rows(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'journal'")
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))


def stored(path: Path) -> int:
    """Return how many events a database has."""
    db = connect(str(path), readonly=True)
    number = int(rows(db, "SELECT count(*) FROM raw_events")[0][0])
    db.close()
    return number


def kept_by(machine: Machine) -> list[Path]:
    """Return the damaged databases that lie beside the present one."""
    found = machine.db.parent.glob("*.damaged-*")
    return [path for path in found if not path.name.endswith(("-wal", "-shm"))]


@pytest.mark.parametrize("harm", [lose_page, lose_header, lose_tail])
def test_a_server_starts_on_a_damaged_database(
    machine: Machine, make_event: EventMaker, event: Any, harm: Callable[[Path], None]
) -> None:
    """What could be read is there, the damaged file is kept as it was, doctor names it."""
    fill(machine, make_event)
    harm(machine.db)
    content = machine.db.read_bytes()
    server = machine.start()
    with machine.unix() as client:
        answer = client.post("/api/raw-events", json=event("after"))
    server.send_signal(signal.SIGTERM)
    said, _ = server.communicate(timeout=30)
    command = [sys.executable, "-m", "codemem_cli", "doctor"]
    doctor = subprocess.run(
        command, env=machine.environ, capture_output=True, text=True, check=False
    )

    [kept] = kept_by(machine)
    assert answer.json() == {"inserted": 1, "received": 1}
    assert len(said.splitlines()) == 1
    assert said.startswith(f"codemem: the database was damaged: `{machine.db}`; kept as `{kept}`")
    assert kept.read_bytes() == content
    # The tail that is lost holds most events: an empty database's own pages come before them.
    assert 20 <= stored(machine.db) <= 301
    assert f"BAD database: a damaged database was salvaged and kept: `{kept}`" in doctor.stdout


@pytest.mark.parametrize("harm", [lose_page, lose_header, lose_quiet_table])
def test_a_large_damaged_database_is_salvaged_soon_after_the_start(
    machine: Machine, make_event: EventMaker, harm: Callable[[Path], None]
) -> None:
    """It is served without a look; the watch looks, even when nobody asks for anything."""
    fill(machine, make_event)
    harm(machine.db)
    os.truncate(machine.db, LARGE_BYTES + 1)
    machine.start()
    wait_until(lambda: bool(kept_by(machine)) and machine.answers())

    assert check(str(machine.db)).sound
    assert stored(machine.db) >= 50


def test_damage_that_shows_later_is_survived_too(
    machine: Machine, make_event: EventMaker, event: Any
) -> None:
    """Whoever meets it is told 503; the server mends the file and takes events again by itself."""
    fill(machine, make_event)
    server = machine.start()
    told = set()

    def taken() -> bool:
        try:
            body = json.dumps(event("after")).encode()
            status, _ = post_json(
                str(machine.socket), "/api/raw-events", body, connect_s=5, total_s=10
            )
        except OSError:  # it ends its listeners to put another file in place
            return False
        told.add(status)
        return bool(kept_by(machine)) and 200 in told

    with machine.db.open("r+b") as file:
        file.seek(PAGE)
        file.write(bytes(machine.db.stat().st_size - PAGE))
    wait_until(taken, limit_s=20)
    server.send_signal(signal.SIGTERM)
    said, _ = server.communicate(timeout=30)

    assert told <= {200, 503}
    assert "Traceback" not in said
    assert "the database was damaged" in said
    assert check(str(machine.db)).sound
