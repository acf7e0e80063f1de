"""How long the text of sessions is kept: chosen at setup, shown by `status`."""

from __future__ import annotations

from pathlib import Path

import apsw
import click
import pytest
from click.testing import CliRunner, Result

from codemem_cli.commands.status import status
from codemem_cli.retention_choice import choose_retention
from codemem_core.commands.host import Host
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker

DAY_MS = 86_400_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home of its own, without settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CODEMEM_RAW_EVENTS_RETENTION_MS", raising=False)
    return tmp_path


def chosen(answer: str) -> tuple[Result, int]:
    """Answer the question; return what was printed and the milliseconds that are set then."""
    host = Host()

    @click.command()
    def ask() -> None:
        choose_retention(host)

    result = CliRunner().invoke(ask, input=answer)
    return result, Host().settings.number("raw_events_retention_ms")


@pytest.mark.parametrize(
    ("answer", "kept_ms"), [("\n", 0), ("1\n", 0), ("2\n", 365 * DAY_MS), ("4\n", 30 * DAY_MS)]
)
def test_the_choice_is_written_down(home: Path, answer: str, kept_ms: int) -> None:
    """RETURN keeps everything, as without an answer."""
    result, written_ms = chosen(answer)

    assert (result.exit_code, written_ms) == (0, kept_ms)


def test_it_is_not_asked_where_it_is_settled(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment, say."""
    monkeypatch.setenv("CODEMEM_RAW_EVENTS_RETENTION_MS", "86400000")

    result, kept_ms = chosen("")

    assert (result.output, kept_ms) == ("", DAY_MS)


def test_status_says_what_is_kept_and_what_is_gone(home: Path, make_event: EventMaker) -> None:
    """Flushed events that were deleted are named by what can no longer be done with them."""
    database = str(home / "mem.sqlite")
    store = Store.open(database)
    store.write(lambda db: events.append(db, [make_event(), make_event()], now_ms=1))
    before = told(database)
    store.write(flushed)
    store.write(lambda db: events.retain(db, since_ms=2))
    store.close()

    assert before.startswith("2, ")
    assert before.endswith("kept for ever")
    assert told(database).partition(";")[2] == (
        " of 1 flush only the memories are left: `codemem queue reobserve` cannot make those anew"
    )


def flushed(db: apsw.Connection) -> None:
    """Mark the events as one batch that is done."""
    db.execute(
        "INSERT INTO batches (stream, start_seq, end_seq, extractor, state, created_ms, updated_ms)"
        " SELECT id, 1, last_received_seq, 'x', 'completed', 1, 1 FROM streams"
    )
    db.execute("UPDATE streams SET last_flushed_seq = last_received_seq")


def told(database: str) -> str:
    """Return what `status` says of the events."""
    result = CliRunner().invoke(status, ["--db-path", database], obj=Host())
    assert result.exit_code == 0, result.output
    [line] = [line for line in result.output.splitlines() if line.startswith("events ")]
    return line.partition(" ")[2].strip()
