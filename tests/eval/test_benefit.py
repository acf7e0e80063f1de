"""`codemem benefit`: what was told in the user's own sessions, and what it was worth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from stories import made_session, recorded, stories, with_questions

from codemem_cli.app import cli
from codemem_core.api import Intake
from codemem_core.commands.host import Host
from codemem_core.plugins.registry import Plugins
from codemem_eval.sessions.outcomes import LEAST, compared
from codemem_eval.sessions.own import as_told, held_out, own_sessions
from codemem_eval.sessions.product import Codemem
from codemem_eval.sessions.recording import Session


@pytest.fixture
def plugins() -> Plugins:
    """Load the installed plugins."""
    return Host().plugins


@pytest.fixture
def orchard(plugins: Plugins) -> list[Session]:
    """Return the sessions of a project, and those in which somebody asks about them."""
    told = [story for story in stories() if story.project == "orchard"]
    return with_questions(plugins, recorded(plugins, told), told)["orchard"]


def lived(home: Path, sessions: list[Session], settings: Mapping[str, str]) -> Codemem:
    """Return codemem after sessions that asked it at each prompt."""
    real = Codemem(home, sessions, settings=settings)
    for session in sessions:
        real.begin(session)
        for at, turn in enumerate(session.turns):
            if turn.prompt:
                real.ask(session, at)
        real.end(session)
    return real


@pytest.fixture
def used(tmp_path: Path, orchard: list[Session]) -> Iterator[Codemem]:
    """Return codemem after all of them."""
    real = lived(tmp_path, orchard, {})
    yield real
    real.close()


def test_what_was_told_is_found_again(used: Codemem) -> None:
    """Prompt by prompt, in the words of the memories."""
    with used.store.read() as db:
        sessions = own_sessions(db, project=None, most=60)
        told = list(as_told(db, sessions["orchard"]))

    asked = [story for story in stories() if story.project == "orchard"]
    assert all(any(story.is_told(one.text) for one in told) for story in asked)


def test_the_result_has_an_interval_and_a_sentence(used: Codemem) -> None:
    """And says so when nothing can be shown."""
    database = used.store.path

    done = CliRunner().invoke(cli, ["benefit", "--all-projects", "--db-path", database])

    assert done.exit_code == 0, done.output
    assert "had to be found again" in done.output
    assert "against another prompt's pack" in done.output
    assert "hint: `codemem config set holdout_percent 10`" in done.output


def test_a_new_store_has_nothing_to_show(database: str, store: object) -> None:
    """One sentence, and no figure."""
    done = CliRunner().invoke(cli, ["benefit", "--all-projects", "--db-path", database, "--json"])

    assert json.loads(done.output)["summary"][1].startswith("Too little was told")


def test_a_session_held_out_is_told_nothing_and_known(
    tmp_path: Path, orchard: list[Session]
) -> None:
    """Its prompts are noted, so that it can be compared."""
    real = lived(tmp_path, orchard[:3], {"CODEMEM_HOLDOUT_PERCENT": "100"})
    try:
        with real.store.read() as db:
            left_out, told = held_out(db), list(as_told(db, orchard[:3]))
    finally:
        real.close()

    assert ("claude", orchard[1].id) in left_out
    assert not any(one.text for one in told)


def test_sessions_with_and_without_are_compared(plugins: Plugins) -> None:
    """A difference is only called one when its whole interval is."""
    intake = Intake(plugins)
    short = [{"user": "Go"}, {"edit": ["a_file.py", "1", "2"]}]
    long = [{"user": "Go"}, *[{"run": ["ls", "a"]}] * 6, *short[1:]]
    quick = [made_session(intake, "p", number, short) for number in range(LEAST)]
    slow = [made_session(intake, "p", number, long) for number in range(LEAST)]

    lines = list(compared(quick, slow))

    assert "0.00 with, 6.00 without" in lines[0]
    assert lines[0].endswith("fewer with memory")
    assert lines[2].endswith("no difference can be shown")
    assert all("too few sessions" in line for line in compared(quick, slow[1:]))
