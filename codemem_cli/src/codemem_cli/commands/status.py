"""An overview of codemem's state."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from codemem_cli.display.terminal import for_a_person, styled, wrapped, write
from codemem_core import paths
from codemem_core._version import __version__
from codemem_core.capture import spool_files
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import ago, say_json, say_line
from codemem_core.config.settings import Settings
from codemem_core.hookpath import client
from codemem_core.observers.budget import Limits, day_start_ms
from codemem_core.observers.destination import Destination, destination
from codemem_core.store import memories, proposals, upgrades, usage
from codemem_core.store.engine.store import Store
from codemem_core.store.overview import glance, kept_events

_NEWEST = 3


@click.command()
@db_option
@json_option
@pass_host
def status(host: Host, db_path: str | None, as_json: bool) -> None:
    """Show an overview: server, database, agents, backlog, observer, budget, newest memories.

    `codemem doctor` looks closer and says how to fix what is wrong.

    Example: codemem status
    """
    now_ms = time.time_ns() // 1_000_000
    report = _report(host, paths.database_path(host.settings, db_path), now_ms)
    if as_json:
        say_json(report)
        return
    for name, text in _lines(report, now_ms):
        if for_a_person():
            write(_row(name, text))
        else:
            say_line(f"{name:10} {text}")


def _row(name: str, text: str) -> Iterator[str]:
    """Yield a part of the overview, wrapped beside its name."""
    for at, line in enumerate(wrapped(text, indent=" " * 11)):
        yield styled(f"{name:10} ", bold=True) + styled(line[11:]) if not at else styled(line)


def _report(host: Host, database: str, now_ms: int) -> dict[str, Any]:
    there = os.path.exists(database)
    spool = spool_files.status(host.settings.path("claude_hook_spool_dir"))
    report: dict[str, Any] = {
        "version": __version__,
        "server": client.answers(paths.socket_path(database)),
        "server_problem": paths.read_server_note(database).get("problem"),
        "database": {"path": database, "bytes": os.path.getsize(database) if there else None},
        "spool": {"waiting": spool.waiting, "bad": len(spool.bad)},
        "observer": {},
        "stored": None,
        "events": None,
        "to_complete": 0,
        "today": {"tokens": 0, "usd": 0.0},
        "limits": {name: value or None for name, value in _limits(host.settings).items()},
        "to_review": 0,
        "memories": [],
    }
    if not there:
        report["observer"] = _observer(host, None)
    else:
        with host.store(database) as store, store.read() as db:
            report["observer"] = _observer(host, store)
            report["stored"] = asdict(glance(db))
            kept_ms = int(host.settings.number("raw_events_retention_ms"))
            report["events"] = asdict(kept_events(db)) | {"kept_ms": kept_ms or None}
            report["to_complete"] = upgrades.left(db)
            today = usage.spent(db, since_ms=day_start_ms(now_ms))
            report["today"] = {"tokens": today.tokens, "usd": today.usd}
            newest = memories.recent(db, limit=_NEWEST)
            report["to_review"] = proposals.count(db, now_ms=now_ms)
        names = ("id", "kind", "title", "project", "created_ms")
        report["memories"] = [{name: getattr(m, name) for name in names} for m in newest]
    return report


def _observer(host: Host, store: Store | None) -> dict[str, str | None]:
    names = ("observer_runtime", "observer_provider", "observer_model")
    chosen = {name.removeprefix("observer_"): host.settings.text(name) for name in names}
    now = destination(host.plugins, host.settings, store)
    return {**chosen, "answers": now.runtime, "sends_to": now.place, "why": now.why}


def _limits(settings: Settings) -> dict[str, float]:
    limits = Limits.of(settings)
    return {"tokens_day": limits.tokens_day, "usd_day": limits.usd_day}


def _lines(report: dict[str, Any], now_ms: int) -> Iterator[tuple[str, str]]:
    """Yield the name of each part and how it is."""
    problem = report["server_problem"]
    yield "codemem", report["version"]
    running = "running" + (f", without pages: {problem}" if problem else "")
    yield "server", running if report["server"] else "not running (codemem serve start)"
    database, stored = report["database"], report["stored"]
    if stored is None:
        yield "database", f"none yet: {database['path']}"
    else:
        size = f"{database['bytes'] / 1e6:.1f} MB"
        counts = f"{stored['memories']:,} memories, {stored['sessions']:,} sessions"
        yield "database", f"{counts}, {size}: {database['path']}"
        for each in stored["hosts"]:
            yield "host", f"{each['source']}: last event {ago(each['last_ms'], now_ms=now_ms)}"
        yield "events", _events(report["events"])
        yield "backlog", _backlog(report)
        if report["to_complete"]:
            yield "upgrade", f"{report['to_complete']:,} earlier events are still to be completed"
        if report["to_review"]:
            yield "review", f"{report['to_review']:,} to decide (codemem review)"
    yield "observer", _observer_line(report, now_ms)
    yield "budget", _budget(report)
    for memory in report["memories"]:
        yield "memory", f"[{memory['id']}] ({memory['kind']}) {memory['title']}"


def _events(kept: dict[str, Any]) -> str:
    """Return what the events of sessions take, how long they stay, and what is gone with them."""
    how_long = f"{_days(kept['kept_ms'])} after a flush" if kept["kept_ms"] else "for ever"
    text = f"{kept['count']:,}, {kept['payload_bytes'] / 1e6:.1f} MB, kept {how_long}"
    if lost := kept["lost_batches"]:
        text += f"; of {lost:,} flush{'es' if lost > 1 else ''} only the memories are left"
        text += ": `codemem queue reobserve` cannot make those anew"
    return text


def _days(span_ms: int) -> str:
    days = span_ms / 86_400_000
    return f"{days:.0f} days" if days >= 2 else f"{24 * days:.1f} hours"


def _backlog(report: dict[str, Any]) -> str:
    stored, spool = report["stored"], report["spool"]
    pending = sum(each["pending"] for each in stored["hosts"])
    parts = [f"{pending:,} events wait for a flush"]
    for count, what in (
        (stored["failed"], "flushes will be tried again"),
        (stored["dead"], "flushes were given up (codemem queue status)"),
        (stored["without_model"], "were distilled without the model (codemem queue reobserve)"),
        (spool["waiting"], "payloads wait in the spool"),
        (spool["bad"], "payloads were set aside (codemem queue spool status)"),
    ):
        parts += [f"{count:,} {what}"] if count else []
    return ", ".join(parts)


def _observer_line(report: dict[str, Any], now_ms: int) -> str:
    """Return who observes, where text goes for it, and how the last answer was."""
    asked = report["observer"]
    now = Destination(runtime=asked["answers"], place=asked["sends_to"])
    parts = [now.text() + (f" ({asked['why']})" if asked["why"] else "")]
    stored = report["stored"]
    if stored is not None and stored["observed_by"]:
        answered = f"{stored['observed_by']} answered {ago(stored['observed_ms'], now_ms=now_ms)}"
        parts.append(answered + (f" ({stored['fell_back']})" if stored["fell_back"] else ""))
    if stored is not None and stored["last_error"]:
        parts.append(f"last failure: {stored['last_error']}")
    return "; ".join(parts)


def _budget(report: dict[str, Any]) -> str:
    today, limits = report["today"], report["limits"]
    tokens = f" of {limits['tokens_day']:,}" if limits["tokens_day"] else ""
    money = f" of ${limits['usd_day']:.2f}" if limits["usd_day"] else ""
    return f"today {today['tokens']:,} tokens{tokens}, ${today['usd']:.4f}{money}"
