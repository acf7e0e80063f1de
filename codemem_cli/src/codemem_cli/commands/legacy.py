"""Commands that scripts may call because 0.19 had them."""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Mapping
from typing import Any

import apsw
import click

from codemem_core.capture.intake import Intake
from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.input import MAX_BYTES, read_json
from codemem_core.commands.output import say, say_json
from codemem_core.errors import InputError, NotFound, UnusableFile
from codemem_core.flush.flusher import Flusher
from codemem_core.flush.reobserve import Reobserver
from codemem_core.store import events, journal, sessions, tag_backfill, token_costs


@click.command("init-db")
@db_option
@json_option
@pass_host
def init_db(host: Host, db_path: str | None, as_json: bool) -> None:
    """Create the database or upgrade its schema, and print its path.

    Example: codemem db init
    """
    with host.store(db_path) as store:
        path = store.path
    if as_json:
        say_json({"path": path})
    else:
        say(path)


@click.command()
@db_option
@json_option
@pass_host
def ingest(host: Host, db_path: str | None, as_json: bool) -> None:
    """Turn events from standard input into memories now, without a server.

    {"cwd"?, "project"?, "started_at"?, "session_context"?: {"stream_id"?}, "events": […]}, each
    event with its fields beside its `type`.

    Example: codemem queue ingest < events.json
    """
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        body = read_json(raw) if raw.strip() else {}
    except InputError as error:
        raise UnusableFile(str(error)) from error
    if not isinstance(body, dict):
        raise InputError("payload must be an object")
    stored, memories = 0, 0
    if isinstance(body.get("events"), list) and body["events"]:
        batch = Intake(host.plugins).raw_events(_delivery(body, raw))
        now_ms = time.time_ns() // 1_000_000
        with host.store(db_path) as store:
            stored = store.write(lambda db: events.append(db, batch, now_ms=now_ms)).inserted
            flusher = Flusher(store, host.plugins, host.settings)
            memories = len(flusher.flush(batch[0].source, batch[0].stream_id).memory_ids)
    if as_json:
        say_json({"inserted": stored, "memories": memories})
    else:
        say(f"Stored {stored} events, wrote {memories} memories")


def _delivery(body: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    """Return the payload as the server takes events; without a stream it gets one of its own."""
    context = body.get("session_context")
    context = context if isinstance(context, Mapping) else {}
    stream = context.get("stream_id") or f"ingest-{zlib.crc32(raw):08x}"
    told = [
        {"event_type": event.get("event_type") or event.get("type"), "payload": event}
        for event in body["events"]
        if isinstance(event, Mapping)
    ]
    shared = {name: body.get(name) for name in ("cwd", "project", "started_at")}
    return {**shared, "source": context.get("source"), "session_stream_id": stream, "events": told}


@click.command()
@click.option("--session-id", type=int, help="Only this session.")
@click.option(
    "--limit", default=3, show_default=True, type=click.IntRange(1), help="How many sessions."
)
@db_option
@json_option
@pass_host
def compact(
    host: Host, session_id: int | None, limit: int, db_path: str | None, as_json: bool
) -> None:
    """Distil the last sessions again; `reobserve` offers a choice and shows the cost first.

    Example: codemem queue compact --session-id 12
    """
    done = {"sessions": 0, "memories": 0}
    with host.store(db_path) as store:
        with store.read() as db:
            asked = sessions.recent(db, limit=limit)
            if session_id is not None:
                one = sessions.get(db, session_id)
                if one is None:
                    raise NotFound(f"no such session: `{session_id}`")
                asked = [one]
        work = Reobserver(store, host.plugins, host.settings)
        for session in asked:
            if session.source is None or session.stream_id is None:
                continue
            done["sessions"] += 1
            for stretch in work.plan(source=session.source, stream_id=session.stream_id).stretches:
                done["memories"] += len(work.apply(stretch) or ())
    if as_json:
        say_json(done)
    else:
        say(f"Compacted {done['sessions']} sessions, wrote {done['memories']} memories")


@click.command("backfill-tags")
@click.option("--limit", type=click.IntRange(1), help="At most so many memories.")
@click.option("--since", metavar="DATE", help="Only what was written since, like 2026-11-22.")
@click.option("--inactive", is_flag=True, help="Include forgotten memories.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@project_options
@db_option
@json_option
@pass_host
def backfill_tags(
    host: Host,
    limit: int | None,
    since: str | None,
    inactive: bool,
    dry_run: bool,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Add tags, from kind, concepts and files, to memories that have none.

    Example: codemem db backfill-tags --dry-run --all-projects
    """
    wanted = tag_backfill.TagScope(
        limit=limit,
        since_ms=_day_ms(since) if since else 0,
        inactive=inactive,
        project=host.project(project, everywhere=all_projects),
    )
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> int:
        with journal.recorded(db, "backfill tags", by="cli", now_ms=now_ms):
            return tag_backfill.fill(db, wanted, now_ms=now_ms)

    with host.store(db_path) as store:
        with store.read() as db:
            count = tag_backfill.count(db, wanted)
        if not dry_run:
            count = store.write(write)
    if as_json:
        say_json({"updated": 0 if dry_run else count, "found": count})
    else:
        say(f"{'Would update' if dry_run else 'Updated'} {count} memories")


def _day_ms(text: str) -> int:
    try:
        return 1000 * int(time.mktime(time.strptime(text[:10], "%Y-%m-%d")))
    except ValueError as error:
        raise InputError(f"not a date like 2026-11-22: `{text}`") from error


@click.command("backfill-discovery-tokens")
@click.option("--limit-sessions", default=50, show_default=True, type=click.IntRange(1))
@db_option
@json_option
@pass_host
def backfill_discovery_tokens(
    host: Host, limit_sessions: int, db_path: str | None, as_json: bool
) -> None:
    """Add missing discovery costs to memories: what it took the agent to find them out.

    Example: codemem db backfill-discovery-tokens --limit-sessions 1000
    """
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> int:
        with journal.recorded(db, "backfill discovery tokens", by="cli", now_ms=now_ms):
            return token_costs.fill(db, sessions=limit_sessions, now_ms=now_ms)

    with host.store(db_path) as store:
        count = store.write(write)
    if as_json:
        say_json({"updated": count})
    else:
        say(f"Updated {count} memories")


@click.command("normalize-imported-metadata")
@click.option("--dry-run", is_flag=True, help="Only count.")
@json_option
def normalize_imported_metadata(dry_run: bool, as_json: bool) -> None:
    """Deprecated: imports normalise metadata themselves.

    Example: codemem normalize-imported-metadata
    """
    if as_json:
        say_json({"updated": 0})
    else:
        say(f"{'Would update' if dry_run else 'Updated'} 0 summaries")
