"""`codemem claude-integration-status`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from codemem_claude.installation import checks, plugin_state
from codemem_core.api import (
    Backlog,
    Store,
    __version__,
    backlog,
    database_path,
    last_hooks,
    log_path,
    sweep_interval_ms,
)
from codemem_core.commands import Host, always_json_option, db_option, pass_host, server_answers

_TOP = 5
_LOG_LINES = 5
_LOG_BYTES = 8192


@click.command("claude-integration-status")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@db_option
@always_json_option
@pass_host
def status(host: Host, *, limit: int, db_path: str | None) -> None:
    """Report whether Claude Code's events arrive and become memories, as JSON.

    `health` is red when a flush failed, yellow while events wait, else green. `checks` says what is
    installed and how to fix what is not.

    Example: codemem claude-integration-status
    """
    database = database_path(host.settings, db_path)
    waiting, hooks = _stored(database, limit)
    found = checks(database=database, last_hook_ms=max(hooks.values(), default=None))
    report = {
        **_queue(waiting),
        **_settings(host),
        "version": __version__,
        "checks": [{"ok": each.ok, "text": each.text, "hint": each.hint} for each in found],
        "plugin": asdict(plugin_state()),
        "server_running": server_answers(database),
        "last_hooks": hooks,
        "log": log_path(host.settings),
        "log_tail": _tail(log_path(host.settings)),
    }
    click.echo(json.dumps(report, indent=2, sort_keys=True))


def _stored(database: str, limit: int) -> tuple[list[Backlog], dict[str, int]]:
    """Return the waiting streams, and when each hook was last heard of (epoch milliseconds)."""
    if not os.path.exists(database):
        return [], {}
    with Store.open(database) as store, store.read() as db:
        waiting = [s for s in backlog(db, limit=limit) if s.source == "claude"]
        return waiting, last_hooks(db, "claude")


def _queue(waiting: list[Backlog]) -> dict[str, Any]:
    rows = [_row(stream) for stream in waiting]
    failed = sum(row["queue_failed"] for row in rows)
    return {
        "health": "red" if failed else "yellow" if rows else "green",
        "claude_streams": len(rows),
        "pending_events": sum(row["pending"] for row in rows),
        "running_streams": sum(row["batch_running"] > 0 for row in rows),
        "errored_streams": sum(row["batch_error"] > 0 for row in rows),
        "queue_claimed": sum(row["queue_claimed"] for row in rows),
        "queue_failed": failed,
        "top_streams": sorted(rows, key=lambda row: -row["pending"])[:_TOP],
    }


def _row(stream: Backlog) -> dict[str, Any]:
    claimed = stream.batches.get("claimed", 0)
    failed = stream.batches.get("failed", 0) + stream.batches.get("dead", 0)
    return {
        "stream_id": stream.stream_id,
        "pending": stream.pending,
        "batch_running": claimed,
        "batch_error": failed,
        "queue_claimed": claimed,
        "queue_failed": failed,
        "project": stream.project,
    }


def _settings(host: Host) -> Mapping[str, Any]:
    settings, known = host.settings, host.plugins.settings()
    return {
        "observer_runtime": settings.text("observer_runtime"),
        "claude_command": settings.argv("claude_command") if "claude_command" in known else [],
        "raw_events_sweeper_interval_s": sweep_interval_ms(settings) / 1000,
    }


def _tail(path: str) -> list[str]:
    """Return the last lines of the hooks' log."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOG_BYTES))
            lines = file.read(_LOG_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    return lines[-_LOG_LINES:]
