"""The commands that change memories and take that back."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from codemem_cli.app import run
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

NOTE = NewMemory(
    key="k", kind="note", title="A title", body="A body", origin="user", facts=("a fact",)
)


@pytest.fixture(autouse=True)
def memory(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write memory 1."""
    monkeypatch.setenv("CODEMEM_DB", database)
    with Store.open(database) as store:
        session = store.write(lambda db: sessions.by_hand(db, project="p", cwd=None, now_ms=1))
        store.write(lambda db: memories.add(db, NOTE, session_id=session, now_ms=1))


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return memory 1 as `show` gives it."""
    capsys.readouterr()
    assert run(["show", "1", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program find a terminal where it looks for one."""
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)


def test_no_editor_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that forgot its options is told so, and nothing waits for a key."""
    monkeypatch.setenv("EDITOR", "sed -i s/title/headline/")

    assert run(["edit", "1"]) == 2

    assert "no terminal" in capsys.readouterr().err
    assert shown(capsys)["title"] == "A title"


def test_edit_changes_what_is_named_and_undo_brings_it_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Text and facts that are not named stay."""
    assert run(["edit", "1", "--title", "Another"]) == 0
    edited = shown(capsys)
    assert run(["undo"]) == 0

    assert (edited["title"], edited["body"], edited["facts"]) == ("Another", "A body", ["a fact"])
    assert shown(capsys)["title"] == "A title"


def test_edit_without_options_opens_an_editor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line is the title."""
    on_a_terminal(monkeypatch)
    monkeypatch.setenv("EDITOR", "sed -i -e s/title/headline/ -e s/body/text/")

    assert run(["edit", "1"]) == 0

    memory = shown(capsys)
    assert (memory["title"], memory["body"]) == ("A headline", "A text")


def test_an_editor_that_saves_nothing_changes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exits with 2 and says so."""
    on_a_terminal(monkeypatch)
    monkeypatch.setenv("EDITOR", "true")

    assert run(["edit", "1"]) == 2

    assert "nothing was changed" in capsys.readouterr().err


def test_pin_unpin_and_forget_are_in_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    """The newest is listed first; what was undone says so."""
    for command in ("pin", "unpin", "forget"):
        assert run([command, "1"]) == 0
    assert run(["undo"]) == 0
    assert shown(capsys)["active"] is True

    assert run(["history"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("cli")[1].strip() for line in lines] == [
        "undo 3: forget memory 1",
        "forget memory 1  (undone)",
        "unpin memory 1",
        "pin memory 1",
    ]


def test_a_dry_run_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what would be taken back, and whether that is possible."""
    run(["pin", "1"])

    assert run(["undo", "1", "--dry-run"]) == 0

    assert "would undo 1: pin memory 1" in capsys.readouterr().out
    assert shown(capsys)["pinned"] is True


def test_a_memory_somebody_wrote_can_be_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    """`remember` is a change as well."""
    run(["remember", "note", "Mine", "A text"])

    assert run(["undo"]) == 0

    assert "remember `Mine`" in capsys.readouterr().out
    assert run(["show", "2"]) == 1


@pytest.mark.parametrize("command", ["edit", "pin", "unpin", "forget"])
def test_an_unknown_memory_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With a hint where ids come from."""
    options = ["--title", "x"] if command == "edit" else []

    assert run([command, "77", *options]) == 1

    error = capsys.readouterr().err
    assert error == "codemem: no such memory: `77`\nhint: `codemem log` lists ids\n"
