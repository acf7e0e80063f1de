"""What holds for every command."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import apsw
import click
import every
import pytest
from every import Ran, Runner

from codemem_cli import command_table
from codemem_cli.app import cli
from codemem_core._version import __version__
from codemem_core.store.engine import connection
from codemem_core.store.engine.store import Store

ON_DATABASE = [*every.READS, *every.WRITES]
COMMANDS = [*ON_DATABASE, *every.OTHERS]
GOLDEN = Path(__file__).parent / "golden"
Put = Callable[[Path], Path]


def test_no_command_is_left_out() -> None:
    """A new command is listed in `every.py`, with arguments that work."""
    listed = {*COMMANDS, *every.ELSEWHERE}

    assert {name for name, _ in every.leaves()} == listed


@pytest.mark.parametrize(("name", "command"), list(every.leaves()))
def test_help_has_an_example_and_json_is_offered(name: str, command: click.Command) -> None:
    """An example that can be typed; JSON wherever something is told."""
    example = (command.help or "").partition("Example:")[2]
    options = {option for parameter in command.params for option in parameter.opts}

    assert re.search(rf"codemem (-p no:viewer )?{name.split(maxsplit=1)[0]}", example)
    assert ("--json" in options) == (name not in every.NO_JSON)


# --- output --------------------------------------------------------------------------------------

_CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?"), "<time>"),
    (re.compile(r"\d{13}"), "<ms>"),
    (re.compile(r"\d+ (d|h|min) ago|just now"), "<ago>"),
    (re.compile(r" +\d+[mhdwy](?=  )"), " <age>"),
    (re.compile(r"/[^\s`'\"]*/test_\S*?/(data|home|new)"), r"/<\1>"),
    (re.compile(r"\b[\d.,]+ (MB|GB)\b"), r"<size> \1"),
    (re.compile(r"(size bytes: |Python |SQLite )[\d.]+"), r"\1<n>"),
    (re.compile(r"(?<=[ =+-])\d+\.\d+\b"), "<n>"),
)


def steady(text: str) -> str:
    """Return output with what changes from run to run replaced."""
    text = text.replace(__version__, "<version>")
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text


OF_THE_MACHINE = {"claude-integration-status"}
"""What they print depends on which programs there are."""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OF_THE_MACHINE])
def test_output_is_as_agreed(name: str, run_command: Runner, put: Put, seeded: Path) -> None:
    """`WRITE_GOLDEN=1 pytest tests/cli` writes the files anew: look at the difference."""
    put(seeded)

    ran = run_command(name)

    told = steady(f"exit {ran.code}\n{ran.out}{ran.err}")
    golden = GOLDEN / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in every.NO_JSON])
def test_json_is_json_and_nothing_else(
    name: str, run_command: Runner, put: Put, seeded: Path
) -> None:
    """ASCII, one value; what else is to be said goes to standard error."""
    put(seeded)

    ran = run_command(name, "--json")

    assert ran.out.isascii()
    if ran.code in {0, 1} or ran.out:
        json.loads(ran.out)


# --- databases in every state --------------------------------------------------------------------


@contextmanager
def _missing(_: Path) -> Iterator[None]:
    yield


@contextmanager
def _empty(path: Path) -> Iterator[None]:
    Store.open(str(path)).close()
    yield


@contextmanager
def _no_bytes(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    yield


@contextmanager
def _foreign(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"this is a letter, not a database\n" * 1000)
    yield


@contextmanager
def _somebody_elses(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700)
    with closing(apsw.Connection(str(path))) as db:
        db.execute("CREATE TABLE theirs (x)")
    yield


@contextmanager
def _too_new(path: Path) -> Iterator[None]:
    Store.open(str(path)).close()
    with closing(apsw.Connection(str(path))) as db:
        db.execute("PRAGMA user_version = 9999")
    yield


def _garbled(path: Path, pages: slice) -> None:
    content = bytearray(path.read_bytes())
    content[pages] = bytes(byte ^ 0x5A for byte in content[pages])
    path.write_bytes(content)


STATES = {
    "missing": _missing,
    "empty": _empty,
    "without a byte": _no_bytes,
    "not a database": _foreign,
    "somebody else's": _somebody_elses,
    "too new": _too_new,
}


def in_one_line(ran: Ran) -> bool:
    """Say whether an error is one line, and a hint at most."""
    lines = ran.err.splitlines()
    told = [line for line in lines if not line.startswith("hint: ")]
    return "Traceback" not in ran.err and (
        ran.code == 0 or (len(told) == 1 and len(lines) <= 2 and told[0].startswith("codemem: "))
    )


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ON_DATABASE)
def test_odd_databases_cost_a_line(
    name: str, state: str, run_command: Runner, database: str
) -> None:
    """Never a traceback; what cannot be used is exit code 4, or 1 for those that only look."""
    with STATES[state](Path(database)):
        ran = run_command(name)

    usable = state in {"missing", "empty", "without a byte"}
    assert in_one_line(ran) or name == "doctor"
    assert ran.code in ({0, 1, 2, 3} if usable else CODES.get(name, {4}))


CODES = {
    "db backup": {0},  # lists files
    "claude-integration-status": {0, 4},
    "doctor": {1},  # that is what it is for
    "import history": {0, 4},
    "queue gate": {4},
    "queue spool drain": {4},
}


@pytest.mark.parametrize("name", ON_DATABASE)
@pytest.mark.parametrize("part", ["schema", "rows"])
def test_damage_costs_a_line(
    name: str, part: str, run_command: Runner, put: Put, seeded: Path
) -> None:
    """A database with garbled pages is named, and not written to."""
    path = put(seeded)
    size = path.stat().st_size
    _garbled(path, slice(100, 4096) if part == "schema" else slice(4096, size))
    before = path.read_bytes()

    ran = run_command(name)

    assert in_one_line(ran) or name == "doctor"
    assert ran.code in CODES.get(name, {4})
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ON_DATABASE)
def test_a_locked_database_costs_a_line(
    name: str,
    run_command: Runner,
    put: Put,
    seeded: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is said that somebody else has it, with exit code 4."""
    monkeypatch.setattr(connection, "patience", lambda _: lambda _: False)
    path = put(seeded)
    with ExitStack() as stack:
        db = stack.enter_context(closing(apsw.Connection(str(path))))
        db.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").fetchall()
        ran = run_command(name)
        db.execute("ROLLBACK")

    assert in_one_line(ran) or name == "doctor"
    assert ran.code in CODES.get(name, {4})
    assert name in CODES or "locked" in ran.err


@pytest.mark.parametrize("name", ON_DATABASE)
def test_a_huge_database_is_no_problem(
    name: str, run_command: Runner, put: Put, huge: Path
) -> None:
    """Thousands of memories, one of them of megabytes."""
    put(huge)

    ran = run_command(name)

    assert in_one_line(ran) or name == "doctor"
    assert ran.code in {0, 1, 3}


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("earlier", "path"), command_table.EARLIER.items())
def test_an_earlier_name_calls_the_same_command(earlier: str, path: str) -> None:
    """What scripts and habits know goes on working."""
    context = click.Context(cli, info_name="codemem")
    group, name = path.split()
    inner = cli.get_command(context, group)
    assert isinstance(inner, click.Group)

    assert cli.get_command(context, earlier) is inner.get_command(context, name)
