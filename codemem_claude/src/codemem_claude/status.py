"""`codemem claude-integration-status` and `codemem setup claude`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from codemem_claude.installation import (
    PLUGIN,
    Check,
    checks,
    plugin_state,
    server_answers,
    write_marketplace,
)
from codemem_core import paths
from codemem_core._version import __version__
from codemem_core.cli.host import Host, always_json_option, db_option, pass_host
from codemem_core.cli.output import say
from codemem_core.errors import CodememError, InputError
from codemem_core.settings import Settings, sweep_interval_ms
from codemem_core.store import events
from codemem_core.store.events import Backlog
from codemem_core.store.recorded import last_hooks
from codemem_core.store.store import Store

_TOP = 5
_LOG_LINES = 5
_LOG_BYTES = 8192


@click.command("claude-integration-status")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@db_option
@always_json_option
@pass_host
def status(host: Host, *, limit: int, db_path: str | None) -> None:
    """Print, as JSON, whether Claude Code's events arrive and become memories.

    `health` is red when a flush failed, yellow while events wait, else green.

    Example: codemem claude-integration-status
    """
    database = paths.database_path(host.settings, db_path)
    waiting, hooks = _stored(database, limit)
    report = {
        **_queue(waiting),
        **_settings(host.settings),
        "version": __version__,
        "plugin": asdict(plugin_state()),
        "server_running": server_answers(database),
        "last_hooks": hooks,
        "log": paths.log_path(host.settings),
        "log_tail": _tail(paths.log_path(host.settings)),
    }
    click.echo(json.dumps(report, indent=2, sort_keys=True))


def _stored(database: str, limit: int) -> tuple[list[Backlog], dict[str, int]]:
    """Return the waiting streams, and when each hook was last heard of (epoch milliseconds)."""
    if not os.path.exists(database):
        return [], {}
    with Store.open(database) as store, store.read() as db:
        waiting = [s for s in events.backlog(db, limit=limit) if s.source == "claude"]
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


def _settings(settings: Settings) -> Mapping[str, Any]:
    return {
        "observer_runtime": settings.text("observer_runtime"),
        "claude_command": settings.argv("claude_command"),
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


@click.command("setup")
@click.argument("client", type=click.Choice(["claude"]))
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if it is amiss.")
@db_option
@pass_host
def setup(host: Host, *, client: str, only_check: bool, db_path: str | None) -> None:
    """Install this codemem's plugin into Claude Code, and say whether everything is in place.

    Example: codemem setup claude --check
    """
    del client
    if not only_check:
        _install(os.path.join(paths.home_folder(), "claude-marketplace"))
    database = paths.database_path(host.settings, db_path)
    _, hooks = _stored(database, 1)
    found = list(checks(database=database, last_hook_ms=max(hooks.values(), default=None)))
    for check in found:
        _show(check)
    say(f"log: {paths.log_path(host.settings)}")
    # A fresh installation has not heard of a hook yet.
    if only_check and not all(check.ok for check in found):
        raise SystemExit(1)


def _show(check: Check) -> None:
    say(f"{'ok ' if check.ok else 'NOT'} {check.text}")
    if check.hint:
        say(f"    hint: {check.hint}")


def _install(folder: str) -> None:
    """Add the marketplace and install, or bring up to date, the plugin."""
    write_marketplace(folder)
    _claude("plugin", "marketplace", "add", folder)
    if plugin_state().version is None:
        _claude("plugin", "install", PLUGIN)
    elif plugin_state().version != __version__:
        _claude("plugin", "marketplace", "update", PLUGIN.partition("@")[2])
        _claude("plugin", "update", PLUGIN)


def _claude(*arguments: str) -> None:
    hint = f"claude {' '.join(arguments)}"
    try:
        done = subprocess.run(
            ["claude", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except FileNotFoundError:
        raise InputError("claude is not on PATH", hint="install Claude Code first") from None
    except subprocess.TimeoutExpired:
        raise CodememError("claude does not answer", hint=hint) from None
    if done.returncode:
        raise CodememError(f"claude refused: {(done.stderr or done.stdout).strip()}", hint=hint)
