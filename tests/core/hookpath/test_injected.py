"""A small file a session says what its context holds already."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from codemem_core.hookpath.injected import forget_injected, injected, note_injected


@pytest.fixture
def db(home: Path) -> str:
    """Name a database; the file itself is not needed."""
    (home / ".codemem").mkdir()
    return str(home / ".codemem" / "mem.sqlite")


def test_what_was_noted_is_known_in_that_session(db: str) -> None:
    """And in no other one."""
    note_injected(db, "s1", ["12", "e34"])
    note_injected(db, "s1", ["13"])

    assert injected(db, "s1") == {"12", "13", "e34"}
    assert injected(db, "s2") == frozenset()


def test_a_forgotten_context_holds_nothing(db: str) -> None:
    """Files of sessions of long ago go at the same time."""
    for session in ("s1", "old", "s2"):
        note_injected(db, session, ["12"])
    [old] = Path(f"{os.path.dirname(db)}/run").glob("*.injected/old")
    os.utime(old, (0, 0))
    forget_injected(db, "s1")

    assert injected(db, "s1") == injected(db, "old") == frozenset()
    assert injected(db, "s2") == {"12"}


@pytest.mark.parametrize("session", ["../../../etc/passwd", "a/b", "", "ü" * 300, "x\0y"])
def test_any_session_id_names_a_private_file_in_the_folder(db: str, session: str) -> None:
    """It comes from outside."""
    note_injected(db, session, ["12"])

    [file] = Path(f"{os.path.dirname(db)}/run").glob("*.injected/*")
    assert injected(db, session) == {"12"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A hook may not fail for that."""
    (tmp_path / "run").write_text("a file")
    note_injected(str(tmp_path / "mem.sqlite"), "s1", ["12"])
    forget_injected(str(tmp_path / "mem.sqlite"), "s1")

    assert injected(str(tmp_path / "mem.sqlite"), "s1") == frozenset()
