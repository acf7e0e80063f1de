"""Why a prompt gets what it gets, and where a memory comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import apsw
import click

from codemem_cli.display import memories as display
from codemem_cli.display.terminal import columns, cut, for_a_person, styled, wrapped, write
from codemem_cli.display.times import age, moment, now
from codemem_cli.ids import MEMORY_ID
from codemem_cli.scope import require_project
from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import say_json
from codemem_core.errors import NotFound
from codemem_core.records.memory import Memory
from codemem_core.retrieval.pack.build import Pack, build_pack
from codemem_core.retrieval.remote_embedding import nearness
from codemem_core.store import memories, receipts, timeline
from codemem_core.store.receipts import Delivered
from codemem_core.store.timeline import Asked

_SESSIONS = 10
_LEFT_OUT = 5
_USES = {"cited": "quoted", "files": "worked on its files", "opened": "opened"}
_PARTS = 3
"""So many of the strongest parts of a score are named."""


@click.command()
@click.argument("subject", metavar="ID|PROMPT")
@project_options
@db_option
@json_option
@pass_host
def why(
    host: Host,
    subject: str,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Show where a memory comes from and who got it, or what a prompt would get and why.

    Example: codemem why 12, or codemem why "fix the VAT rounding"
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        require_project(db, project)
        if subject.strip("[]#").isdecimal():
            told, lines = _of_memory(db, MEMORY_ID.convert(subject, None, None))
        else:
            near = nearness(db, store.path, subject, project=place, settings=host.settings)
            pack = build_pack(
                db,
                subject,
                meaning=near,
                limit=host.settings.number("inject_limit"),
                token_budget=host.settings.number("inject_token_budget"),
                project=place,
                injected=True,
                learned=host.settings.flag("learning"),
            )
            told, lines = pack.explain(), _of_prompt(pack)
    if as_json or not for_a_person():
        say_json(told)
    else:
        write(lines, paged=True)


# --- a memory ------------------------------------------------------------------------------------


def _of_memory(db: apsw.Connection, memory_id: int) -> tuple[dict[str, Any], list[str]]:
    memory = memories.get(db, memory_id)
    if memory is None:
        raise NotFound(f"no such memory: `{memory_id}`", hint="`codemem log` lists ids")
    asked = timeline.prompt_of(db, memory_id)
    given = receipts.of_memory(db, memory_id, limit=_SESSIONS)
    told = {
        "id": memory_id,
        "title": memory.title,
        "origin": memory.origin,
        "prompt": asdict(asked) if asked else None,
        "given_to": [asdict(each) for each in given],
    }
    return told, list(_provenance(memory, asked, given))


def _provenance(memory: Memory, asked: Asked | None, given: list[Delivered]) -> Iterator[str]:
    yield from display.page(memory, now_ms=now(), code=None)
    yield ""
    yield styled("Where it comes from", bold=True)
    if asked:
        yield from wrapped(f"You asked on {moment(asked.at_ms)}:", indent="  ")
        quoted = cut(" ".join(asked.text.split()), 400)
        yield from (styled(line, dim=True) for line in wrapped(quoted, indent="    "))
    by = memory.source or "you, by hand"
    yield f"  Session {memory.session_id} ({by}), written by {styled(memory.extractor)}."
    yield ""
    yield styled("Who got it", bold=True)
    for each in given:
        use = f", which {_USES.get(each.how, each.how)} it" if each.how else ""
        old = styled(f"{age(each.told_ms, now_ms=now()):>3}", dim=True)
        yield f"  {old}  {styled(each.source)} session {styled(each.stream_id[:12])}{use}"
    if not given:
        yield "  No session so far."


# --- a prompt ------------------------------------------------------------------------------------


def _of_prompt(pack: Pack) -> list[str]:
    """Return what a prompt gets, and what comes next but stays out."""
    told = pack.explain()
    lines = []
    if told["silence"]:
        lines.append(styled("Nothing would be injected: ", bold=True) + styled(told["silence"]))
    elif told["items"]:
        lines.append(styled("Injected", bold=True))
    lines += [line for item in told["items"] for line in _scored(item)]
    left_out = told["left_out"][:_LEFT_OUT]
    if left_out:
        lines += ["", styled("Left out", bold=True)]
        lines += [line for item in left_out for line in _scored(item)]
    terms = ", ".join(told["terms"]) or "none"
    sure = f"confidence {told['confidence']:.2f}, needed {told['least_confidence']:.2f}"
    return [*lines, "", styled(f"Searched for: {terms} ({sure}).", dim=True)]


def _scored(item: dict[str, Any]) -> Iterator[str]:
    number = styled(f"{item['id']:>5}", colour="yellow")
    title = cut(" ".join(item["title"].split()), columns() - 14)
    yield f"{number}  {item['score']:.2f}  {styled(title)}"
    strongest = sorted(item["parts"].items(), key=lambda part: -part[1])[:_PARTS]
    reasons = [", ".join(f"{name} {value:.2f}" for name, value in strongest if value >= 0.005)]
    reasons += [f"words {', '.join(item['matched'])}"] if item["matched"] else []
    reasons += [item["why"]] if item.get("why") else []
    yield styled(cut(" " * 13 + "; ".join(filter(None, reversed(reasons))), columns()), dim=True)
