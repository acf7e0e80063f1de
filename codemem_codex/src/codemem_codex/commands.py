"""The hook command as click sees it."""

from __future__ import annotations

import click

from codemem_codex.hook import main


@click.command("codex-hook")
def codex_hook() -> int:
    """Print what Codex should tell its model of a hook's payload, and store that payload.

    Example: echo '{"hook_event_name":"UserPromptSubmit","session_id":"s1","prompt":"fix the VAT"}'
    | codemem codex-hook
    """
    return main([])
