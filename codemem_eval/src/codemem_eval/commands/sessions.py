"""`codemem dev eval sessions`: what memory would have been worth to recorded sessions."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from codemem_core.commands.host import Host, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_eval.sessions import arms, product
from codemem_eval.sessions.page import Report, page
from codemem_eval.sessions.recording import Projects, Session, sessions_below
from codemem_eval.sessions.walk import MakeArm, Row, judge, placebo, tell

OURS = "codemem"
WITH_MODEL = "codemem, with a model"
ARMS: Mapping[str, MakeArm] = {
    "nothing": lambda *_: arms.Nothing(),
    "last message": lambda *_: arms.LastMessage(),
    "instructions file": lambda *_: arms.Instructions(),
    "full-text search": lambda *_: arms.RawText(),
    "oracle": lambda *_: arms.Oracle(),
}


@click.command("sessions")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--replies",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Recorded replies of a model, {"session": id, "reply": text} a line: one more arm.',
)
@click.option(
    "--rows",
    default="sessions-rows.jsonl",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where a line for each prompt and arm is written.",
)
@json_option
@pass_host
def evaluate_sessions(
    host: Host, folder: Path, *, replies: Path | None, rows: Path, as_json: bool
) -> None:
    """Replay recorded sessions and measure what memory would have been worth.

    Each folder below FOLDER that holds session files of a host is a project. Its sessions are
    walked through in order: what earlier ones left is told to the next, by codemem and by other
    ways, and judged by what that session went on to find, change and get wrong.

    Example: codemem dev eval sessions ~/.claude/projects
    """
    projects = sessions_below(folder, host.plugins)
    found = compare(projects, chosen(projects, replies), ours=OURS)
    write_rows(found, rows)
    report = Report(found, OURS)
    if as_json:
        say_json(report.to_json())
        return
    for line in page(report):
        say(line)
    say(f"A line for each prompt and arm: {rows}")


def chosen(projects: Projects, replies: Path | None) -> dict[str, MakeArm]:
    """Return the arms of a comparison, codemem first."""

    def codemem(project: str, stack: ExitStack, settings: Mapping[str, str] = {}) -> arms.Arm:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="codemem-eval-"))
        made = product.Codemem(Path(home), projects[project], settings=settings)
        stack.callback(made.close)
        return made

    found: dict[str, MakeArm] = {OURS: codemem}
    if replies is not None:
        recorded = {"CODEMEM_OBSERVER_RUNTIME": "recorded", "CODEMEM_EVAL_REPLIES": str(replies)}
        found[WITH_MODEL] = lambda project, stack: codemem(project, stack, recorded)
    return {**found, **ARMS}


def compare(
    projects: Projects,
    made: Mapping[str, MakeArm],
    *,
    ours: str,
    walked: Callable[[Session], bool] = lambda _: True,
) -> list[Row]:
    """Return the rows of all arms, and of the placebo of ours."""
    told = list(tell(projects, made, walked=walked))
    return list(judge(projects, [*told, *placebo(told, ours)]))


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write a line of JSON for each row."""
    lines = (json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
