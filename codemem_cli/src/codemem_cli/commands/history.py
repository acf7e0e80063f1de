"""`codemem import history`: memories of what an agent did before codemem was there."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import groupby, islice

import click

from codemem_core import paths
from codemem_core.capture.intake import Intake
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import Progress, say, say_json, warn
from codemem_core.commands.when import since_to_ms
from codemem_core.errors import InputError
from codemem_core.flush.flusher import Flusher
from codemem_core.observers.destination import destination
from codemem_core.observers.estimate import estimate
from codemem_core.records.event import AdapterEvent, RawEvent, StreamKey
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
    memories: int = 0
    """Memories written."""
    failed: int = 0
    """Sessions whose distilling failed; the server tries them again."""


@click.command("import-history")
@click.argument("source")
@click.option("--since", help="Only sessions that changed since: `12h`, `30d`, `8w` or a date.")
@click.option("--project", help="Only events of this project.")
@click.option("--dry-run", is_flag=True, help="Show what there is and what it may cost.")
@click.option("--no-distil", is_flag=True, help="Only store; a running server makes the memories.")
@click.option("--yes", is_flag=True, help="Do not ask, even if a model is to be paid.")
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
    no_distil: bool,
    yes: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Bring in the sessions that an agent kept itself, and make memories of them.

    If a model would be asked, its price comes first. May be interrupted and repeated: what is
    stored is not stored again, and a session that was recorded while it ran is skipped.

    Example: codemem import history claude --since 30d --dry-run
    """
    reader = _reader(host, source)
    since_ms = since_to_ms(since, now_ms=time.time_ns() // 1_000_000) if since else 0
    database = paths.database_path(host.settings, db_path)

    def sessions() -> Iterator[RawEvent]:
        return _labelled(reader.history(since_ms=since_ms), host, project)

    done = Imported()
    if dry_run and not os.path.exists(database):
        _count(sessions(), done)
    else:
        with host.store(db_path) as store:
            if not (dry_run or yes):
                _ask_price(host, store, source, sessions)
            streams = _import(store, source, sessions(), done, dry_run=dry_run)
            if not no_distil:
                _distil(host, store, source, streams, done)
    done.unread = dict(reader.unread) if isinstance(reader, AuditedHistory) else {}
    if as_json:
        say_json(asdict(done))
        return
    _report(done, host, source, dry_run=dry_run)


def _ask_price(
    host: Host, store: Store, source: str, sessions: Callable[[], Iterator[RawEvent]]
) -> None:
    """Say what a model may cost, and go on only if somebody agrees."""
    where = destination(host.plugins, host.settings, store).place
    if not where:
        return
    planned = Imported()
    _import(store, source, sessions(), planned, dry_run=True)
    price = estimate(host.plugins, host.settings, calls=planned.sessions)
    if price is None:
        return
    text = f"{planned.sessions} sessions would be sent to {where}: {price.text()}"
    if not sys.stdin.isatty():
        raise InputError(f"not without consent: {text}", hint="`--yes` agrees to that")
    warn(text)
    click.confirm("Go on?", abort=True, err=True)


def _distil(host: Host, store: Store, source: str, streams: list[str], done: Imported) -> None:
    """Make memories of what was stored, session by session."""
    flusher = Flusher(store, host.plugins, host.settings)
    with Progress("Sessions distilled", total=len(streams)) as progress:
        for count, stream_id in enumerate(streams):
            progress.at(count)
            report = flusher.flush(source, stream_id)
            done.memories += len(report.memory_ids)
            done.failed += bool(report.failure)


def _report(done: Imported, host: Host, source: str, *, dry_run: bool) -> None:
    if not (done.sessions or done.recorded or done.unread):
        say(f"No stored sessions of `{source}` found")
        return
    what = "would be read" if dry_run else f"read, {done.stored} of them new"
    recorded = f", and {done.recorded} skipped: recorded while they ran" if done.recorded else ""
    say(f"Sessions: {done.sessions}{recorded}")
    say(f"Events: {done.events} {what}")
    for reason, count in sorted(done.unread.items()):
        warn(f"Not read: {count} {reason}")
    if dry_run and done.events:
        cost = estimate(host.plugins, host.settings, calls=done.sessions)
        if cost:
            say(cost.text())
    if done.failed:
        warn(f"Not distilled: {done.failed} sessions; `codemem queue status` says why")
    if done.memories:
        say(f"Memories: {done.memories}. `codemem log` lists them, `codemem open` shows them.")
    elif done.stored:
        say("Next: `codemem serve start` makes memories of them; `codemem queue status` watches.")


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
) -> list[str]:
    """Store sessions that were not recorded live; return the ids of those with new events."""
    streams = []
    for stream_id, of_session in groupby(told, key=lambda event: event.stream_id):
        with store.read() as db:
            recorded = is_recorded(db, StreamKey(source, stream_id))
        if recorded:
            done.recorded += 1
        elif dry_run:
            _count(of_session, done)
        else:
            with store.read() as db:
                known = known_events(db, StreamKey(source, stream_id))
            before = done.stored
            _store(store, of_session, known, done)
            streams += [stream_id] if done.stored > before else []
    return streams


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
    meta = event.adapter.meta if event.adapter else {}
    return event.common_type, event.ts_ms if event.common_type == "prompt" else meta.get(
        "tool_use_id"
    )


def _count(told: Iterable[RawEvent], done: Imported) -> None:
    for _, of_session in groupby(told, key=lambda event: event.stream_id):
        done.sessions += 1
        done.events += sum(1 for _ in of_session)
        _show(done)


def _show(done: Imported) -> None:
    """Say how far it is, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\rSessions: {done.sessions}, events: {done.events}", err=True, nl=False)
