"""The hook command as click sees it: for `--help`, and when the fast path is off."""

from __future__ import annotations

import click

from codemem_codex.hook import main


@click.command("codex-hook")
def codex_hook() -> int:
    """Answer a Codex hook payload from standard input with context, and store it.

    Prints one line of JSON when the memory has something to say, else nothing.

    Example: echo '{"hook_event_name":"UserPromptSubmit","session_id":"s1","prompt":"fix the VAT"}'
    | codemem codex-hook
    """
    return main([])
