"""`codemem db ...` as a person calls it: a line, an exit code, files where they are said to be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from codemem_core.store import events
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.schema import steps
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker
from tests.transfer.old_store import everyday

PAGE = 4096


def db(*options: str) -> subprocess.CompletedProcess[str]:
    """Run `codemem db` with the database that `CODEMEM_DB` names."""
    command = [sys.executable, "-m", "codemem_cli", "db", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def filled(database: str, make_event: EventMaker, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the user's database, with 200 events."""
    monkeypatch.setenv("CODEMEM_DB", database)
    with Store.open(database) as store:
        made = [make_event(text="lorem ipsum " * 20) for _ in range(200)]
        store.write(lambda db: events.append(db, made, now_ms=1))
    return database


def count(path: str) -> int:
    """Return how many events a database has."""
    found = connect(path, readonly=True)
    number = int(rows(found, "SELECT count(*) FROM raw_events")[0][0])
    found.close()
    return number


def forget_all(path: str) -> None:
    """Lose the events, as a person does by mistake."""
    with Store.open(path) as store:
        store.write(lambda db: db.execute("DELETE FROM raw_events"))


def damage(path: str) -> bytes:
    """Overwrite a page in the middle and return what the file is now."""
    content = bytearray(Path(path).read_bytes())
    middle = len(content) // PAGE // 2 * PAGE
    content[middle : middle + PAGE] = bytes(PAGE)
    Path(path).write_bytes(content)
    return bytes(content)


def set_header(path: str, field: str, value: int) -> None:
    """Write a number into the header, as a failing disk does."""
    place = {"user_version": 60, "application_id": 68}[field]
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(value.to_bytes(4, signed=True))


def test_backup_and_restore_bring_lost_events_back(filled: str) -> None:
    """Both say which file; the database that was replaced is kept."""
    made = db("backup")
    forget_all(filled)
    restored = db("restore", "--json")

    said = json.loads(restored.stdout)
    assert (made.returncode, restored.returncode) == (0, 0)
    assert said["restored"] in made.stdout
    assert count(filled) == 200
    assert count(said["kept"]) == 0


def test_restore_without_a_backup(filled: str) -> None:
    """One line and a hint; the database is as it was."""
    done = db("restore")

    assert done.returncode == 1
    assert "No backups of" in done.stderr
    assert "Traceback" not in done.stderr
    assert count(filled) == 200


def test_check_finds_a_sound_database_sound(filled: str) -> None:
    """In words and as JSON."""
    assert db("check").stdout == f"sound: {filled}\n"
    assert json.loads(db("check", "--quick", "--json").stdout)["damage"] == []


def test_check_tells_damage_in_one_line_and_changes_nothing(filled: str) -> None:
    """With the command that helps, and exit code 4."""
    content = damage(filled)
    done = db("check")

    assert done.returncode == 4
    assert f"the database is damaged: `{filled}`" in done.stderr
    assert "codemem db salvage" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert Path(filled).read_bytes() == content


def test_check_makes_a_search_index_anew(filled: str) -> None:
    """One that is out of step costs nobody a memory."""
    with Store.open(filled) as store:
        store.write(
            lambda db: db.execute(
                "INSERT INTO memories_fts (rowid, title, body) VALUES (9, 'a', '')"
            )
        )
    done = db("check")

    assert done.returncode == 0
    assert "was rebuilt" in done.stdout
    assert db("check").stdout == f"sound: {filled}\n"


def test_salvage_keeps_the_file_and_saves_the_rest(filled: str) -> None:
    """One line says what was saved, what was lost, and where the damaged file is."""
    content = damage(filled)
    done = db("salvage", "--json")

    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert Path(said["kept"]).read_bytes() == content
    assert 150 <= said["saved"]["raw_events"] == count(filled) <= 200
    assert db("check").returncode == 0


def test_salvage_of_a_sound_database_is_refused(filled: str) -> None:
    """There is nothing to win."""
    done = db("salvage")

    assert done.returncode == 1
    assert "not damaged" in done.stderr
    assert count(filled) == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_version", 0x7E57_0001),
        ("user_version", 0),
        ("user_version", -77),
        ("application_id", 0),
        ("application_id", 0x1234_5678),
    ],
)
def test_a_damaged_header_is_known_as_damage(filled: str, field: str, value: int) -> None:
    """Our tables under an impossible number are neither too new nor somebody else's."""
    set_header(filled, field, value)
    found = db("check")
    saved = db("salvage")

    assert found.returncode == 4
    assert "header is damaged" in found.stderr
    assert saved.returncode == 0
    assert count(filled) == 200
    assert db("check").returncode == 0


def test_a_newer_database_and_another_programs_are_left_alone(filled: str, tmp_path: Path) -> None:
    """They are not damaged, and nothing salvages them."""
    foreign = str(tmp_path / "other.sqlite")
    theirs = apsw.Connection(foreign)
    theirs.execute("CREATE TABLE t (a); PRAGMA user_version = 99999")
    theirs.close()
    set_header(filled, "user_version", max(steps()) + 1)
    newer, other = db("salvage"), db("salvage", "--db-path", foreign)

    assert "newer than this codemem" in newer.stderr
    assert "not a database of this codemem" in other.stderr
    assert (newer.returncode, other.returncode) == (4, 4)
    assert len(os.listdir(tmp_path)) <= 3


def test_adopt_brings_an_old_database_over(filled: str, tmp_path: Path) -> None:
    """Each table with its counts; twice brings nothing twice."""
    (tmp_path / "old").mkdir()
    old = everyday(str(tmp_path / "old" / "mem.sqlite")).close()
    before = Path(old).read_bytes()
    first, again = db("adopt", old, "--json"), db("adopt", old, "--json")

    written = [sum(t["written"] for t in json.loads(done.stdout)["tables"].values())
               for done in (first, again)]  # fmt: skip
    assert (first.returncode, again.returncode) == (0, 0)
    assert written[0] > 0
    assert written[1] == 0
    assert Path(old).read_bytes() == before


def test_adopting_what_is_no_old_database(filled: str) -> None:
    """One line, exit code 4."""
    done = db("adopt", filled)

    assert done.returncode == 4
    assert len(done.stderr.splitlines()) <= 2
