"""The hook commands as click sees them: for `--help`, and when the fast path is off."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from codemem_claude import ingest, inject
from codemem_core.api import InputError, Intake, Parcel, receive
from codemem_core.commands import MAX_BYTES, Host, db_option, pass_host, read_json

_plugin_version = click.option(
    "--plugin-version", metavar="V", help="Exit with 75, reading nothing, unless this is codemem V."
)


@click.command("claude-hook-ingest")
@_plugin_version
def claude_hook_ingest(plugin_version: str | None) -> int:
    """Store a Claude Code hook payload from standard input.

    Example: echo '{"hook_event_name":"SessionStart","session_id":"s1","cwd":"/tmp/demo"}' |
    codemem claude-hook-ingest
    """
    return ingest.main(_arguments(plugin_version))


@click.command("claude-hook-inject")
@_plugin_version
def claude_hook_inject(plugin_version: str | None) -> int:
    """Print the context for a Claude Code prompt from standard input, as one line of JSON.

    Example: echo '{"hook_event_name":"UserPromptSubmit","session_id":"s1","prompt":"fix the VAT"}'
    | codemem claude-hook-inject
    """
    return inject.main(_arguments(plugin_version))


@click.command("ingest-claude-hook")
@db_option
@pass_host
def ingest_claude_hook(host: Host, db_path: str | None) -> None:
    """Store a Claude Code hook payload from standard input in the database, past the server.

    Silent, and nothing for a payload that is none.

    Example: echo '{"hook_event_name":"SessionStart","session_id":"s1","cwd":"/tmp/demo"}' |
    codemem ingest-claude-hook
    """
    with suppress(InputError):
        payload = read_json(sys.stdin.buffer.read(MAX_BYTES + 1))
        with host.store(db_path) as store:
            receive(store, Intake(host.plugins), Parcel(source="claude", payload=payload))


def _arguments(plugin_version: str | None) -> list[str]:
    return ["--plugin-version", plugin_version] if plugin_version else []
