"""The commands that move memories, as a person runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import seed

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.connection import connect
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import check

COMMAND = [sys.executable, "-m", "codemem_cli"]


def run(*arguments: str, given: str | None = None, code: int = 0) -> str:
    """Run a command, which must end with `code`, and return what it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout or done.stderr


def told(*arguments: str, **options: Any) -> Any:
    """Run a command with `--json` and return what it told."""
    return json.loads(run(*arguments, "--json", **options))


@pytest.fixture
def full(home: Path) -> str:
    """Make the everyday database with six weeks of work in it."""
    path = str(home / ".codemem" / "mem.sqlite")
    with Store.open(path) as store:
        seed.fill(store, now_ms=1_780_000_000_000)
    return path


def count(path: str, query: str = "SELECT count(*) FROM memories") -> Any:
    """Ask a database for one value."""
    db = connect(path, readonly=True)
    try:
        return db.execute(query).get
    finally:
        db.close()


def test_an_export_goes_through_a_pipe_into_another_database(full: str, tmp_path: Path) -> None:
    """Standard output holds the export and nothing else; `-` reads it."""
    other = str(tmp_path / "other" / "mem.sqlite")
    document = run("export-memories", "-", "--all-projects")

    report = told("import-memories", "-", "--db-path", other, given=document)
    assert report["tables"]["memory_items"]["written"] == count(full) == count(other)


def test_an_export_is_private_and_whole(full: str, tmp_path: Path) -> None:
    """Nobody else reads it; nothing is left beside it."""
    run("export-memories", str(tmp_path / "out" / "x.json"), "--all-projects", code=2)
    run("export-memories", str(tmp_path / "x.json"), "--all-projects")

    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["x.json"]


def test_a_dry_run_writes_nothing(full: str, tmp_path: Path) -> None:
    """Not even a database."""
    run("export-memories", str(tmp_path / "x.json"), "--all-projects")
    other = str(tmp_path / "other" / "mem.sqlite")
    report = told("import-memories", str(tmp_path / "x.json"), "--dry-run", "--db-path", other)

    assert report["tables"]["memory_items"]["written"] == count(full)
    assert not os.path.exists(other)


def large(path: str, number: int) -> None:
    """Make a database of many memories."""

    def fill(db: Any) -> None:
        session = sessions.by_hand(db, project="app", cwd=None, now_ms=1)
        for n in range(number):
            new = NewMemory(
                key=f"k{n}",
                kind="note",
                title=f"memory {n}",
                body=f"text {n} " * 200,
                origin="user",
            )
            memories.add(db, new, session_id=session, now_ms=n + 1)

    with Store.open(path) as store:
        store.write(fill)


def killed_when(arguments: list[str], reached: Any) -> bool:
    """Run a command and kill it when `reached()`; say whether it was in time."""
    child = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL)
    while child.poll() is None:
        if reached():
            child.send_signal(signal.SIGKILL)
            child.wait()
            return True
        time.sleep(0.001)
    return False


def size(path: str) -> int:
    """Return a file's size, 0 without one."""
    return os.path.getsize(path) if os.path.exists(path) else 0


def test_an_import_that_is_killed_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Killed in the midst of writing: all or none; the next one brings it all."""
    large(str(tmp_path / "from.sqlite"), 3000)
    document, other = str(tmp_path / "x.json"), str(tmp_path / "to.sqlite")
    run("export-memories", document, "--all-projects", "--db-path", str(tmp_path / "from.sqlite"))
    run("remember", "note", "mine", "text", "--db-path", other)

    assert killed_when(
        ["import-memories", document, "--db-path", other], lambda: size(f"{other}-wal") > 2_000_000
    )
    assert count(other) == 1
    assert check(other).sound
    run("import-memories", document, "--db-path", other)
    assert count(other) == 3001


def test_an_export_that_is_killed_leaves_no_file_of_its_name(tmp_path: Path) -> None:
    """What has the name is whole."""
    large(str(tmp_path / "from.sqlite"), 3000)
    document = str(tmp_path / "x.json")
    Path(document).write_text("before")
    arguments = ["export-memories", document, "--all-projects", "--db-path"]

    assert killed_when(
        [*arguments, str(tmp_path / "from.sqlite")],
        lambda: any(path.stat().st_size > 100_000 for path in tmp_path.glob("x.json.*.part")),
    )
    assert Path(document).read_text() == "before"


def test_a_project_is_renamed_after_it_was_shown_and_back_again(full: str) -> None:
    """Without `--yes` nothing changes, with it everything does, and `undo` takes it back."""
    run("project", "rename", "shop-api", "shop")
    before = {item["name"]: item["memories"] for item in told("project", "list")["projects"]}
    run("project", "rename", "shop-api", "shop", "--yes")
    renamed = {item["name"]: item["memories"] for item in told("project", "list")["projects"]}
    run("undo")
    after = {item["name"]: item["memories"] for item in told("project", "list")["projects"]}

    assert renamed == {"shop" if n == "shop-api" else n: c for n, c in before.items()}
    assert after == before
    assert count(full, "SELECT count(*) FROM places") == 0


def test_projects_are_merged_and_split(full: str) -> None:
    """By name, and by folder."""
    run("project", "merge", "shop-api", "shop-web", "--into", "shop", "--yes")
    split = ("--folder", "/home/ada/shop-web", "--into", "web", "--yes")
    moved = told("project", "split", "shop", *split)
    names = [item["name"] for item in told("project", "list")["projects"]]

    assert {"shop", "web"} <= set(names)
    assert not {"shop-api", "shop-web"} & set(names)
    assert moved["memories"] > 0


def test_explain_says_why(full: str, tmp_path: Path) -> None:
    """The project of a folder, and what decided it."""
    (tmp_path / "shop-api").mkdir()
    run("project", "rename", "shop-api", "shop", "--yes")
    found = told("project", "explain", str(tmp_path / "shop-api"))

    assert (found["project"], found["label"]) == ("shop", "shop-api")
    assert "renamed" in found["why"]


def test_the_current_folder_s_project_is_the_renamed_one(
    full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that looks at this folder's memories follows."""
    (tmp_path / "shop-api").mkdir()
    monkeypatch.chdir(tmp_path / "shop-api")
    before = told("recent")["items"]
    run("project", "rename", "shop-api", "shop", "--yes")

    assert before
    assert [item["id"] for item in told("recent")["items"]] == [item["id"] for item in before]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["db", "rename-project", "shop-api", ""], 2),
        (["db", "rename-project", "shop-api", "a/b"], 2),
        (["db", "rename-project", "shop-api", "shop-web"], 2),
        (["db", "rename-project", "nothing", "x"], 1),
        (["import-memories", "/nowhere"], 1),
        (["import-memories", "/"], 2),
        (["import-from-mem0", "/nowhere"], 1),
        (["import-from-basic-memory", "/nowhere"], 1),
        (["import-from-claude-mem", "/nowhere"], 1),
        (["import-from-claude-files", "/nowhere"], 1),
        (["export-memories", "x", "--since", "yesterday"], 2),
        (["db", "prune-old", "--older-than", "long"], 2),
        (["purge"], 2),
    ],
)
def test_what_cannot_be_done_is_one_line(full: str, arguments: list[str], code: int) -> None:
    """With the exit code of its kind, and nothing changed."""
    said = run(*arguments, given="", code=code)

    assert said.startswith("codemem: ")
    assert len([line for line in said.splitlines() if not line.startswith("hint: ")]) == 1
    assert count(full, "SELECT count(*) FROM journal") == 0


def test_duplicates_are_shown_then_merged_then_had_back(full: str) -> None:
    """A dry run is the default of every bulk command."""
    query = "SELECT count(*) FROM memories WHERE active"
    before = count(full, query)
    shown = told("db", "merge-duplicates")
    assert count(full, query) == before
    merged = told("db", "merge-duplicates", "--yes")
    assert count(full, query) == before - merged["merged"]
    run("undo")

    assert len(shown["pairs"]) == merged["merged"] > 0
    assert count(full, query) == before


# In a process of its own: a child's figure begins with what its parent had when it forked.
_MEASURED = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
print(used.ru_maxrss if status == 0 else "failed")
"""


def test_memory_stays_small_however_large_the_file(tmp_path: Path) -> None:
    """100,000 memories take no more; see `benchmarks/transfer.py`."""
    large(str(tmp_path / "from.sqlite"), 6_000)
    document = str(tmp_path / "x.json")
    for arguments in (
        ["export-memories", document, "--all-projects", "--db-path", str(tmp_path / "from.sqlite")],
        ["import-memories", document, "--db-path", str(tmp_path / "to.sqlite")],
    ):
        measured = [sys.executable, "-c", _MEASURED, *COMMAND, *arguments]
        done = subprocess.run(measured, capture_output=True, text=True, check=True)

        assert int(done.stdout) < 60 * 1024  # kilobytes; the file has 12 MB


def on_a_terminal(*arguments: str) -> str:
    """Run a command whose standard error is a terminal, and return what it showed there."""
    ours, theirs = os.openpty()
    child = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    with open(ours, "rb", buffering=0) as terminal, suppress(OSError):  # EIO: the other end is shut
        while part := terminal.read(4096):
            shown += part
    assert child.wait() == 0
    return shown.decode()


def test_long_work_says_how_far_it_is(tmp_path: Path) -> None:
    """On a terminal; in a pipe it says nothing."""
    large(str(tmp_path / "from.sqlite"), 1000)
    document = str(tmp_path / "x.json")
    written = on_a_terminal(
        "export-memories", document, "--all-projects", "--db-path", str(tmp_path / "from.sqlite")
    )
    read = on_a_terminal("import-memories", document, "--db-path", str(tmp_path / "to.sqlite"))

    assert re.search(r"\rMemories written: \d+ of 1,000", written)
    assert re.search(r"\rMemories read: \d+\r", read)
    assert re.search(r"\rMemories written: \d+ of 1,000", read)
