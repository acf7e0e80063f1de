"""Raw events: put one in, see what waits, flush a stream."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click

from codemem_cli.ids import StreamId, find_stream
from codemem_core.capture.delivery import Parcel
from codemem_core.capture.intake import Intake
from codemem_core.capture.receive import receive
from codemem_core.commands.host import Host, always_json_option, db_option, json_option, pass_host
from codemem_core.commands.input import MAX_BYTES, read_json
from codemem_core.commands.output import say, say_json
from codemem_core.errors import ObserverError
from codemem_core.flush.flusher import Flusher
from codemem_core.store import batches, events
from codemem_core.store.batches import Unfinished
from codemem_core.store.engine.store import Store
from codemem_core.store.events import Backlog


@click.command("enqueue-raw-event")
@db_option
@always_json_option
@pass_host
def enqueue(host: Host, db_path: str | None) -> None:
    """Store one event, given as JSON on standard input.

    Example: echo '{"session_id":"s","event_id":"e-000001","event_type":"user_prompt"}' |
    codemem queue enqueue
    """
    body = read_json(sys.stdin.buffer.read(MAX_BYTES + 1))
    with host.store(db_path) as store:
        done = receive(store, Intake(host.plugins), Parcel(payload=body, require_id=True))
    say(json.dumps({"inserted": done.inserted}))


@click.command("raw-events-status")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 1000))
@db_option
@json_option
@pass_host
def status(host: Host, limit: int, db_path: str | None, as_json: bool) -> None:
    """List sessions whose events are waiting, and batches that failed.

    Example: codemem queue status
    """
    with host.store(db_path) as store, store.read() as db:
        waiting = events.backlog(db, limit=limit)
        streams, pending = events.totals(db)
        failed, dead = batches.failed(db, limit=limit), batches.dead(db, limit=limit)
        without_model = batches.without_model(db, limit=limit)
    if as_json:
        items = [{**asdict(item), "pending": item.pending} for item in waiting]
        totals = {"streams": streams, "pending": pending}
        bad = {"failed": failed, "dead": dead, "without_model": without_model}
        found = {name: [asdict(batch) for batch in listed] for name, listed in bad.items()}
        say_json({"items": items, "totals": totals, **found})
        return
    for item in waiting:
        say(_status_line(item))
    if not waiting:
        say("No pending raw events")
    for batch in failed:
        say(_failed_line(batch))
    for batch in dead:
        say(_dead_line(batch))
    for batch in without_model:
        say(_without_model_line(batch))


def _status_line(item: Backlog) -> str:
    """Return the documented line; `batches` uses the names of older clients for the same states."""
    count = item.batches.get
    pending, claimed = count("pending", 0), count("claimed", 0)
    failed, done = count("failed", 0) + count("dead", 0), count("completed", 0)
    return (
        f"- {item.source}:{item.stream_id} pending={item.pending}"
        f" max_seq={item.last_received_seq} last_flushed={item.last_flushed_seq}"
        f" batches=started:{pending} running:{claimed} error:{failed} completed:{done}"
        f" queue=pending:{pending} claimed:{claimed} failed:{failed} done:{done}"
        f" project={item.project or ''}"
    )


def _failed_line(batch: Unfinished) -> str:
    again = datetime.fromtimestamp(batch.retry_ms / 1000).astimezone()
    when = f"tried again at {again:%H:%M}" if again > datetime.now(UTC) else "tried again now"
    return (
        f"~ {batch.source}:{batch.stream_id} batch {batch.batch} waits, {when}:"
        f" {batch.attempts} tries, {batch.error_kind}: {batch.error}"
    )


def _dead_line(batch: Unfinished) -> str:
    return (
        f"! {batch.source}:{batch.stream_id} batch {batch.batch} given up:"
        f" events {batch.start_seq} to {batch.end_seq}, {batch.attempts} tries,"
        f" {batch.error_kind}: {batch.error}"
    )


def _without_model_line(batch: Unfinished) -> str:
    return (
        f"= {batch.source}:{batch.stream_id} batch {batch.batch} was distilled without the model:"
        f" {batch.error_kind}: {batch.error} (codemem queue reobserve --without-model asks again)"
    )


_stream = click.argument("session", metavar="SESSION")
_source_option = click.option("--source", help="The agent it came from, if ids are ambiguous.")


@click.command("flush-raw-events")
@_stream
@_source_option
@click.option("--max-events", type=click.IntRange(1), help="At most so many in one batch.")
@db_option
@json_option
@pass_host
def flush(
    host: Host,
    session: str,
    source: str | None,
    max_events: int | None,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Turn a session's waiting events into memories now.

    SESSION is an id as `codemem queue status` prints it, or the start of one.

    Example: codemem queue flush claude:5a1f0c2e
    """
    with host.store(db_path) as store:
        with store.read() as db:
            stream = find_stream(db, session, source)
        flusher = Flusher(store, host.plugins, host.settings)
        report = flusher.flush(*stream, max_events=max_events)
        why = "" if report.events or report.failure else _why_nothing(store, stream)
    if as_json:
        say_json(asdict(report))
    else:
        say(f"Flushed {report.events} events{f': {why}' if why else ''}")
    if report.failure:
        raise ObserverError(
            f"the flush stopped: {report.failure}", hint="`codemem queue status` shows the batch"
        )


def _why_nothing(store: Store, stream: StreamId) -> str:
    """Return why a flush found nothing to do."""
    with store.read() as db:
        waiting = next((each for each in events.backlog(db, limit=1000) if _is(each, stream)), None)
    if waiting is None:
        return "all of them are memories already"
    if waiting.batches.get("dead") or waiting.batches.get("failed"):
        return f"a batch failed before (`codemem queue retry {stream.stream_id}` tries it again)"
    return "another process is working on them"


def _is(waiting: Backlog, stream: StreamId) -> bool:
    return (waiting.source, waiting.stream_id) == stream


@click.command("raw-events-retry")
@_stream
@_source_option
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 1000))
@db_option
@json_option
@pass_host
def retry(
    host: Host, session: str, source: str | None, limit: int, db_path: str | None, as_json: bool
) -> None:
    """Retry a session's failed and abandoned batches, one by one, oldest first.

    SESSION is an id as `codemem queue status` prints it, or the start of one.

    Example: codemem queue retry claude:5a1f0c2e
    """
    failures, told = [], []
    with host.store(db_path) as store:
        with store.read() as db:
            stream = find_stream(db, session, source)
        flusher = Flusher(store, host.plugins, host.settings)
        for retried in flusher.retry(*stream, limit=limit):
            told.append({"batch": retried.batch, **asdict(retried.report)})
            if not as_json:
                say(f"Retried batch {retried.batch} -> flushed {retried.report.events} events")
            failures += [retried.report.failure] if retried.report.failure else []
    if as_json:
        say_json({"retried": told})
    elif not told:
        say("No error batches")
    if failures:
        raise ObserverError(
            f"{len(failures)} of {len(told)} batches failed again: {failures[-1]}",
            hint="`codemem queue status` shows them",
        )
