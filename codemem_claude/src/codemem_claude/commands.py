"""The hook commands as click sees them: for `--help`, and when the fast path is off."""

from __future__ import annotations

import click

from codemem_claude import ingest, inject


@click.command("claude-hook-ingest")
def claude_hook_ingest() -> int:
    """Store a Claude Code hook payload from standard input.

    Example: echo '{"hook_event_name":"SessionStart","session_id":"s1","cwd":"/tmp/demo"}' |
    codemem claude-hook-ingest
    """
    return ingest.main([])


@click.command("claude-hook-inject")
def claude_hook_inject() -> int:
    """Print the context for a Claude Code prompt from standard input, as one line of JSON.

    Example: echo '{"hook_event_name":"UserPromptSubmit","session_id":"s1","prompt":"fix the VAT"}'
    | codemem claude-hook-inject
    """
    return inject.main([])
