"""Databases to run commands on."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import every
import pytest
from every import Ran, Runner
from seed import fill

from codemem_cli.app import run
from codemem_core.records.memory import NewMemory
from codemem_core.store import journal, memories, sessions
from codemem_core.store.engine.store import Store

NOW_MS = 1_780_000_000_000


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database as it looks after some weeks, with a change in its journal."""
    path = tmp_path_factory.mktemp("seeded") / "mem.sqlite"
    with Store.open(str(path)) as store:
        fill(store, now_ms=NOW_MS)

        def pin(db: apsw.Connection) -> None:
            with journal.recorded(db, "pin memory 4", by="viewer", now_ms=NOW_MS):
                memories.edit(db, 4, {"pinned": True}, now_ms=NOW_MS)

        store.write(pin)
    return path


@pytest.fixture(scope="session")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database with 5,000 memories, the newest of them as large as one may be."""
    path = tmp_path_factory.mktemp("huge") / "mem.sqlite"
    long = "endless " * 500_000

    def write(db: apsw.Connection) -> None:
        session = sessions.by_hand(db, project="p", cwd=None, now_ms=1)
        for n in range(5_000):
            body = long if n == 4_999 else f"VAT {n} is rounded"
            new = NewMemory(
                key=f"{n}", kind="note", title=f"{body[:60_000]}", body=body, origin="user"
            )
            memories.add(db, new, session_id=session, now_ms=n + 1)

    with Store.open(str(path)) as store:
        fill(store, now_ms=NOW_MS)
        store.write(write)
    return path


@pytest.fixture
def run_command(
    database: str,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Runner:
    """Run a command of `every`, by its name, on the test's database."""
    (tmp_path / "questions.jsonl").write_text('{"query": "VAT rounding", "relevant_ids": [1, 2]}\n')
    (tmp_path / "prompts.txt").write_text("fix the VAT rounding\nwhere are labels made\n")
    places = {
        "questions": tmp_path / "questions.jsonl",
        "prompts": tmp_path / "prompts.txt",
        "folder": tmp_path / "new",
    }
    monkeypatch.setenv("CODEMEM_DB", database)
    monkeypatch.chdir(home)

    def runner(name: str, *more: str) -> Ran:
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(every.STDIN.get(name, "").encode()))
        )
        capsys.readouterr()
        code = run([*every.arguments(name, places), *more])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return runner


@pytest.fixture
def put(database: str) -> Callable[[Path], Path]:
    """Put a copy of a database where the commands look."""

    def copy(source: Path) -> Path:
        Path(database).parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(source, database)
        Path(database).chmod(0o600)
        return Path(database)

    return copy
