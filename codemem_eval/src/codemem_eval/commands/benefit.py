"""`codemem benefit`: what memory was worth in the user's own sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import say, say_json
from codemem_eval.commands.sessions import ARMS
from codemem_eval.sessions import own
from codemem_eval.sessions.figures import FIGURES, value
from codemem_eval.sessions.outcomes import compared
from codemem_eval.sessions.page import Report
from codemem_eval.sessions.recording import Session
from codemem_eval.sessions.walk import PLACEBO, Told, judge, placebo, tell

_SAVED = FIGURES[0]
_LEAST_PACKS = 5


@click.command("benefit")
@click.option(
    "--sessions",
    "most",
    default=60,
    show_default=True,
    type=click.IntRange(2, 500),
    help="Look at so many of the newest sessions.",
)
@project_options
@db_option
@json_option
@pass_host
def benefit(
    host: Host,
    *,
    most: int,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Show what memory was worth in your own sessions.

    Looks at what each session was told, and at what it had to find out afterwards. Nothing leaves
    this machine. With the setting `holdout_percent`, sessions that got nothing are compared with
    the others.

    Example: codemem benefit --all-projects
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        projects = own.own_sessions(db, project=place, most=most)
        everything = [one for sessions in projects.values() for one in sessions]
        ours = list(own.as_told(db, everything))
        left_out = own.held_out(db)
    told = [*ours, *placebo(ours, own.ARM), *tell(projects, ARMS)]
    first = {sessions[0].id for sessions in projects.values()}
    rows = list(judge(projects, [one for one in told if one.session not in first]))
    report = Report(rows, own.ARM)
    if as_json:
        say_json(report.to_json() | {"summary": list(_summary(report, ours, everything))})
        return
    for line in _summary(report, ours, everything):
        say(line)
    for line in _holdout(host, everything, left_out):
        say(line)


def _summary(report: Report, told: Sequence[Told], sessions: Sequence[Session]) -> Iterator[str]:
    """Yield what was saved, and whether that is more than any text would have saved."""
    packs = [one for one in told if one.text]
    yield f"Sessions: {len(sessions)}, prompts that were told something: {len(packs)}"
    if len(packs) < _LEAST_PACKS:
        yield "Too little was told so far to say whether it helps."
        return
    facts = report.cases(_SAVED)
    if not facts:
        yield "Nothing that an earlier session had seen had to be found again: no comparison."
        return
    share = value(report.sums(_SAVED), own.ARM, _SAVED) or 0.0
    yield f"Facts of earlier sessions that had to be found again: {facts}; told before: {share:.1%}"
    yield f"Tokens told: {own.tokens_told(packs)}"
    for other in ("full-text search", "instructions file", "last message", PLACEBO):
        yield from _against(report, other)
    yield ""
    yield _verdict(report)


def _against(report: Report, other: str) -> Iterator[str]:
    gap = report.against(other, _SAVED)
    if gap is not None:
        span = f"{gap.value:+.1%} ({gap.low:+.1%} to {gap.high:+.1%})"
        yield f"  against {other}: {span}, {report.verdicts(_SAVED)[other]}"


def _verdict(report: Report) -> str:
    """Return the one sentence to remember."""
    gap = report.against(PLACEBO, _SAVED)
    if gap is None or not gap.is_sure:
        return (
            "No difference can be shown between the memories that were told and others of the same "
            "size: either too few sessions, or the choice of memories does not help."
        )
    if gap.value < 0:
        return "Memories chosen for another prompt would have saved more than those that were told."
    return "The memories that were told saved more than others of the same size would have."


def _holdout(
    host: Host, sessions: Sequence[Session], left_out: set[tuple[str, str]]
) -> Iterator[str]:
    yield ""
    if not left_out and not host.settings.number("holdout_percent"):
        yield "No session goes without memory, so what they cost is not compared;"
        yield "hint: `codemem config set holdout_percent 10` leaves out one in ten"
        return
    without = [one for one in sessions if (one.source, one.id) in left_out]
    yield f"Sessions that got nothing on purpose: {len(without)}"
    yield from compared([one for one in sessions if one not in without], without)
