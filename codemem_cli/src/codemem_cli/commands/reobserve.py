"""Distil stored events again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import click

from codemem_core.commands.host import (
    Host,
    db_option,
    json_option,
    observer_options,
    pass_host,
    project_options,
)
from codemem_core.commands.output import Progress, say, say_json, warn
from codemem_core.errors import PermanentError, UnusableAnswer
from codemem_core.flush.reobserve import Plan, Reobserver

_DAY_MS = 86_400_000


@dataclass(slots=True)
class _Done:
    """What was done so far."""

    stretches: int = 0
    memories: int = 0
    left_alone: int = 0
    refused: int = 0


@click.command()
@observer_options
@click.option("--source", help="Only sessions of this host.")
@click.option("--stream", "stream_id", help="Only this session.")
@click.option("--days", type=click.IntRange(1), help="Only what was flushed in the last days.")
@click.option("--without-model", is_flag=True, help="Only what a model failed to answer.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@click.option(
    "--apply", "do_it", is_flag=True, help="Do it. [default: only show what would change]"
)
@project_options
@db_option
@json_option
@pass_host
def reobserve(
    host: Host,
    runtime: str | None,
    model: str | None,
    source: str | None,
    stream_id: str | None,
    days: int | None,
    without_model: bool,
    limit: int,
    do_it: bool,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Distil stored events again with another observer, after showing what it may cost.

    New memories replace the earlier ones of the same events; what a person wrote, confirmed or took
    back is kept. It can be interrupted and repeated.

    Example: codemem queue reobserve --runtime claude_sidecar --days 30 --apply
    """
    asked = host.with_observer(runtime, model)
    since_ms = time.time_ns() // 1_000_000 - days * _DAY_MS if days else 0
    with host.store(db_path) as store:
        work = Reobserver(store, asked.plugins, asked.settings, model=model or "")
        plan = work.plan(
            source=source,
            stream_id=stream_id,
            project=host.project(project, everywhere=all_projects),
            since_ms=since_ms,
            without_model=without_model,
            limit=limit,
        )
        if not as_json:
            _tell_plan(plan)
        done = _apply(work, plan) if do_it else None
    if as_json:
        say_json(_as_json(plan, done))
    elif done:
        say(f"{done.memories} memories from {done.stretches} stretches took their place")
    elif plan.stretches:
        say("nothing was changed; `--apply` does it")


def _apply(work: Reobserver, plan: Plan) -> _Done:
    """Do it, stretch by stretch; one the model declines does not hold up the others."""
    done = _Done()
    with Progress("Stretches", total=len(plan.stretches)) as progress:
        for count, stretch in enumerate(plan.stretches):
            progress.at(count)
            try:
                written = work.apply(stretch)
            except (PermanentError, UnusableAnswer) as error:
                warn(f"codemem: {stretch.source}:{stretch.stream_id} is left as it was: {error}")
                done.refused += 1
                continue
            if written is None:
                done.left_alone += 1
            else:
                done.stretches += 1
                done.memories += len(written)
    return done


def _tell_plan(plan: Plan) -> None:
    events = sum(stretch.events for stretch in plan.stretches)
    if not plan.stretches:
        say(f"nothing to distil again with {plan.runtime}")
    else:
        say(f"{len(plan.stretches)} stretches of {events:,} events, {plan.superseded} memories")
        say(f"with {plan.runtime}{f', model {plan.model}' if plan.model else ''}: {_cost(plan)}")
    if plan.left_alone:
        say(f"{plan.left_alone} left alone: a memory was forgotten, or the events are gone")


def _cost(plan: Plan) -> str:
    if not plan.tokens_in:
        return "free"
    money = "no price is known" if plan.cost_usd is None else f"at most ${plan.cost_usd:.2f}"
    return f"about {plan.tokens_in:,} tokens in, at most {plan.tokens_out:,} out, {money}"


def _as_json(plan: Plan, done: _Done | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: getattr(plan, name)
        for name in ("runtime", "model", "left_alone", "tokens_in", "tokens_out", "cost_usd")
    }
    told |= {"stretches": len(plan.stretches), "memories": plan.superseded, "applied": None}
    if done:
        told["applied"] = {name: getattr(done, name) for name in _Done.__dataclass_fields__}
    return told
