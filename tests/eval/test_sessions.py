"""Replayed sessions: what is looked for in them, and faults that the comparison must see."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from planted_faults import AlwaysSpeaks, Clips, Newest
from stories import looked_up, made_session, recorded, stories, with_questions

from codemem_cli.app import cli
from codemem_core.api import Intake
from codemem_core.commands.host import Host
from codemem_core.plugins.registry import Plugins
from codemem_eval.commands.sessions import compare
from codemem_eval.sessions.arms import Arm, Instructions, LastMessage, Oracle
from codemem_eval.sessions.figures import FIGURES
from codemem_eval.sessions.harm import Present, harm
from codemem_eval.sessions.outlook import Past, outlooks
from codemem_eval.sessions.page import Report, page
from codemem_eval.sessions.product import Codemem
from codemem_eval.sessions.recording import Projects, Session
from codemem_eval.sessions.walk import PLACEBO

FAULTS = (Newest, AlwaysSpeaks, Clips)


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    """Load the installed plugins."""
    return Host().plugins


def made(plugins: Plugins, number: int, *steps: dict[str, object]) -> Session:
    """Return the nth session of a project."""
    return made_session(Intake(plugins), "ferry", number, steps)


def test_a_fact_is_found_used_and_known_before(plugins: Plugins) -> None:
    """It counts once a tool has shown it and the agent works with it."""
    past = Past()
    past.add(made(plugins, 1, {"user": "Set it up"}, {"run": ["make", "TIDE_KEY=4"]}))
    session = made(
        *(plugins, 2, {"user": "Start the board"}),
        {"run": ["cat env", "TIDE_KEY=4 WIND_KEY=5 UNUSED_KEY=6"]},
        {"run": ["TIDE_KEY=4 WIND_KEY=5 make board", "ok"]},
    )

    ahead = outlooks(session, past)[-1]

    assert ahead.facts == {"tide_key"}
    assert ahead.unknown == 1


def test_a_file_the_user_named_is_no_find(plugins: Plugins) -> None:
    """Only the first changed file that nobody had named counts."""
    edit = {"edit": ["ferry/tide_board.py", "a", "b"]}

    found = outlooks(made(plugins, 1, {"user": "Fix the board"}, edit), Past())
    named = outlooks(made(plugins, 2, {"user": "Fix tide_board.py"}, edit), Past())

    assert [found[-1].first_file, named[-1].first_file] == ["tide_board.py", ""]


def test_the_same_error_again_is_a_repeated_mistake(plugins: Plugins) -> None:
    """By its telling words, whatever the command was."""
    fails = {"fails": ["make board", "error: cannot reach the tide gauge of Husum"]}
    past = Past()
    past.add(made(plugins, 1, {"user": "Build"}, fails))

    ahead = outlooks(made(plugins, 2, {"user": "Build it"}, fails), past)

    assert len(ahead[-1].mistakes) == 1


def test_a_correction_counts_when_its_subject_comes_up(plugins: Plugins) -> None:
    """And not before."""
    rule = {"user": "Never deploy the board while passengers are boarding"}
    past = Past()
    past.add(made(plugins, 1, rule))

    other = outlooks(made(plugins, 2, {"user": "Paint the ferry blue"}), past)
    again = outlooks(made(plugins, 3, {"user": "deploy the board, passengers boarding"}), past)

    assert [len(other[-1].corrections), len(again[-1].corrections)] == [0, 1]


def test_what_is_gone_or_replaced_is_harm(plugins: Plugins) -> None:
    """Unless the entry says that it is past."""
    present = Present()
    present.add(
        made(
            *(plugins, 1, {"user": "Tidy up"}, {"run": ["git rm ferry/old_board.py", ""]}),
            {"edit": ["ferry/limits.py", "MAX_CARS = 9", "MAX_VANS = 9"]},
        )
    )
    told = "[1] See old_board.py\n[2] It is MAX_CARS\n[3] old_board.py was removed\n[4] MAX_VANS"

    found = harm(told, present, "max_vans")

    assert (found.entries, found.gone, found.replaced, found.untouched) == (4, 1, 1, 3)


def test_arms_tell_what_they_are_called(plugins: Plugins) -> None:
    """The last message, the instructions that a session read, and the lines that will matter."""
    first = made(
        *(plugins, 1, {"user": "Look around"}, {"read": ["AGENTS.md", "Run make ferry_test"]}),
        {"run": ["cat env", "TIDE_KEY=4"]},
        {"says": "The key is TIDE_KEY."},
    )
    second = made(
        *(plugins, 2, {"user": "Go"}, {"run": ["cat env", "TIDE_KEY=4"]}),
        {"run": ["TIDE_KEY=4 make", "ok"]},
    )
    told = {}
    for arm in (LastMessage(), Instructions(), Oracle()):
        arm.end(first)
        told[type(arm)] = arm.begin(second) + arm.ask(second, 1)

    assert told[LastMessage] == "The key is TIDE_KEY."
    assert told[Instructions] == "Run make ferry_test"
    assert "TIDE_KEY" in told[Oracle]


@pytest.fixture(scope="module")
def questions(plugins: Plugins) -> Projects:
    """Return made-up sessions, and after them one for each question about them."""
    told = stories()
    return with_questions(plugins, recorded(plugins, told), told)


def asks(session: Session) -> bool:
    """Say whether a session is one of the questions."""
    return session.id >= f"{session.project}-0500"


def codemem(projects: Projects) -> Callable[[str, ExitStack], Codemem]:
    """Return what makes codemem for a project."""

    def make(project: str, stack: ExitStack) -> Codemem:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        made = Codemem(Path(home), projects[project])
        stack.callback(made.close)
        return made

    return make


@pytest.fixture(scope="module")
def report(questions: Projects) -> Report:
    """Compare codemem with itself, each time with a fault planted into it."""
    make = codemem(questions)

    def broken(fault: type[Newest]) -> Callable[[str, ExitStack], Arm]:
        return lambda project, stack: fault(make(project, stack))

    arms = {"codemem": make, **{fault.__name__: broken(fault) for fault in FAULTS}}
    return Report(compare(questions, arms, ours="codemem", walked=asks), "codemem")


@pytest.mark.xdist_group("stories")
@pytest.mark.parametrize("fault", [*(fault.__name__ for fault in FAULTS), PLACEBO])
def test_a_planted_fault_is_seen(report: Report, fault: str) -> None:
    """A figure is better without it, with the whole interval."""
    verdicts = {figure.name: report.verdicts(figure).get(fault) for figure in FIGURES}

    assert "better" in verdicts.values(), verdicts


@pytest.mark.xdist_group("stories")
def test_the_page_says_where_codemem_does_not_win(report: Report) -> None:
    """Every arm has its line, and what cannot be told apart is named."""
    lines = "\n".join(page(report))

    assert "33 sessions of 4 projects, 33 prompts" in lines
    assert "Where codemem does not win" in lines
    assert "mistakes warned of (0)" in lines.partition("too few cases to tell: ")[2]


def test_a_folder_of_transcripts_is_compared(tmp_path: Path) -> None:
    """A line for each prompt and arm goes to a file."""
    folder = tmp_path / "all" / "ferry"
    folder.mkdir(parents=True)
    for number in (1, 2):
        said = [("user", "Where is the TIDE_KEY?"), ("assistant", "The TIDE_KEY is in env.toml.")]
        (folder / f"{number}.jsonl").write_text("".join(_line(number, *one) for one in said))
    rows = tmp_path / "rows.jsonl"

    done = CliRunner().invoke(cli, ["eval", "sessions", str(tmp_path / "all"), "--rows", str(rows)])

    assert done.exit_code == 0, done.output
    assert "1 sessions of 1 projects, 1 prompts" in done.output
    arms = {json.loads(line)["arm"] for line in rows.read_text().splitlines()}
    assert {"codemem", "nothing", "full-text search", "oracle", PLACEBO} <= arms


def _line(number: int, role: str, text: str) -> str:
    content = text if role == "user" else [{"type": "text", "text": text}]
    message = {"role": role, "content": content, "id": f"m{number}"}
    record = {"type": role, "sessionId": f"s-{number}", "cwd": "/home/sam/ferry"}
    record |= {"uuid": f"{number}-{role}", "timestamp": f"2026-03-0{number}T09:00:00Z"}
    return json.dumps({**record, "message": message}) + "\n"


def test_what_an_agent_looks_up_stands_in_the_story() -> None:
    """The sessions of questions are made of what the stories hold."""
    assert all(list(looked_up(story)) for story in stories())
