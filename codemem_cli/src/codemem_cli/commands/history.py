"""`codemem import history`: memory of what a host did before codemem was installed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Container, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import groupby, islice

import click

from codemem_core import paths
from codemem_core.capture.intake import Intake
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json, warn
from codemem_core.commands.when import since_to_ms
from codemem_core.errors import InputError
from codemem_core.observers.estimate import estimate
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.protocols import AuditedHistory, HistorySource
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_core.store.tool_use_ids import is_recorded, known_events

_CHUNK = 200
"""Events in one transaction, and in memory."""


@dataclass(slots=True)
class Imported:
    """What an import found."""

    sessions: int = 0
    events: int = 0
    """Events read, of sessions that were not recorded live."""
    stored: int = 0
    """Events that were not there yet; with `--dry-run` none is stored."""
    recorded: int = 0
    """Sessions left out because hooks recorded them while they ran."""
    unread: dict[str, int] = field(default_factory=dict)
    """Lines and files that could not be used, by reason."""


@click.command("import-history")
@click.argument("source")
@click.option("--since", help="Only sessions that changed since: `12h`, `30d`, `8w` or a date.")
@click.option("--project", help="Only events of this project.")
@click.option("--dry-run", is_flag=True, help="Say what there is; store nothing.")
@db_option
@json_option
@pass_host
def import_history(
    host: Host,
    source: str,
    *,
    since: str | None,
    project: str | None,
    dry_run: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Store the sessions a host kept itself; the server makes memories of them.

    May be broken off and repeated: what is stored already is not stored again. A session that was
    recorded while it ran is left alone.

    Example: codemem import history claude --since 30d --dry-run
    """
    reader = _reader(host, source)
    since_ms = since_to_ms(since, now_ms=time.time_ns() // 1_000_000) if since else 0
    database = paths.database_path(host.settings, db_path)
    done = Imported()
    told = reader.history(since_ms=since_ms)
    if dry_run and not os.path.exists(database):
        _count(_labelled(told, host, project), done)
    else:
        with host.store(db_path) as store:
            _import(store, source, _labelled(told, host, project), done, dry_run=dry_run)
    done.unread = dict(reader.unread) if isinstance(reader, AuditedHistory) else {}
    if as_json:
        say_json(asdict(done))
        return
    _say(done, host, dry_run=dry_run)


def _say(done: Imported, host: Host, *, dry_run: bool) -> None:
    what = "would be read" if dry_run else f"read, {done.stored} of them new"
    say(f"Sessions: {done.sessions}, and {done.recorded} recorded while they ran")
    say(f"Events: {done.events} {what}")
    for reason, count in sorted(done.unread.items()):
        warn(f"Not read: {count} {reason}")
    if done.stored or (dry_run and done.events):
        cost = estimate(host.plugins, host.settings, calls=done.sessions)
        if cost:
            say(cost.text())
    if done.stored:
        say("The server makes memories of them: codemem serve start; codemem queue status")


def _reader(host: Host, source: str) -> HistorySource:
    known = sorted(host.plugins.ingest_sources())
    if source not in known:
        raise InputError(f"no such source: `{source}`", hint=f"one of: {', '.join(known)}")
    reader = host.plugins.source(source)
    if not isinstance(reader, HistorySource):
        raise InputError(f"this source keeps no history that codemem can read: `{source}`")
    return reader


def _labelled(told: Iterable[AdapterEvent], host: Host, project: str | None) -> Iterator[RawEvent]:
    intake = Intake(host.plugins)
    for event in told:
        raw = intake.imported(event)
        if project is None or raw.project == project:
            yield raw


def _import(
    store: Store, source: str, told: Iterator[RawEvent], done: Imported, *, dry_run: bool
) -> None:
    for stream_id, of_session in groupby(told, key=lambda event: event.stream_id):
        with store.read() as db:
            recorded = is_recorded(db, (source, stream_id))
        if recorded:
            done.recorded += 1
        elif dry_run:
            _count(of_session, done)
        else:
            with store.read() as db:
                known = known_events(db, (source, stream_id))
            _store(store, of_session, known, done)


def _store(
    store: Store, of_session: Iterator[RawEvent], known: Container[object], done: Imported
) -> None:
    done.sessions += 1
    while chunk := list(islice(of_session, _CHUNK)):
        now_ms = time.time_ns() // 1_000_000
        new = [event for event in chunk if _mark(event) not in known]
        appended = store.write(partial(events.append, events=new, now_ms=now_ms))
        done.events += len(chunk)
        done.stored += appended.inserted
        _show(done)


def _mark(event: RawEvent) -> tuple[str, object]:
    """Return what an event is known by in `known_events`."""
    adapter = event.payload["_adapter"]
    kind = adapter["event_type"]
    return kind, event.ts_ms if kind == "prompt" else adapter.get("meta", {}).get("tool_use_id")


def _count(told: Iterable[RawEvent], done: Imported) -> None:
    for _, of_session in groupby(told, key=lambda event: event.stream_id):
        done.sessions += 1
        done.events += sum(1 for _ in of_session)
        _show(done)


def _show(done: Imported) -> None:
    """Say how far it is, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\rSessions: {done.sessions}, events: {done.events}", err=True, nl=False)
