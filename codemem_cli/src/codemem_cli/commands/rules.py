"""List the user's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import day, say, say_json, say_line
from codemem_core.store.user_rules import Rule, agents_of, all_rules, rules_for


@click.command()
@project_options
@db_option
@json_option
@pass_host
def rules(
    host: Host, project: str | None, all_projects: bool, db_path: str | None, as_json: bool
) -> None:
    """List the standing instructions you gave.

    "Always …", "never …", "remember that …", "we use X here, not Y": each is a memory of kind
    `preference`. Change one with `codemem edit`, drop one with `codemem forget`, add one with
    `codemem remember preference`.

    Example: codemem rules --all-projects
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        found = all_rules(db) if all_projects else rules_for(db, place)
        agents = agents_of(db, found)
    if as_json:
        say_json({"items": [_json(rule, agents.get(rule.id, [])) for rule in found]})
        return
    for rule in found:
        notes = _notes(rule, agents.get(rule.id, []), with_project=all_projects)
        say_line(f"[{rule.id}] {day(rule.created_ms)}  {rule.text}{notes}")
    if not found:
        say(f"no rules yet{f' in project {place}' if place else ''}")


def _notes(rule: Rule, agents: Sequence[str], *, with_project: bool) -> str:
    """Return what there is to add: how far it reaches, who heard it, and how often."""
    place = "every project" if rule.scope == "user" else rule.project if with_project else ""
    said = f"said in {rule.support} sessions" if rule.support > 1 else ""
    notes = ", ".join(filter(None, (place, *agents, said)))
    return f"  ({notes})" if notes else ""


def _json(rule: Rule, agents: Sequence[str]) -> dict[str, Any]:
    return {**{name: getattr(rule, name) for name in Rule.__slots__}, "agents": agents}
