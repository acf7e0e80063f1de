"""The hook command as click sees it: for `--help`, and when the fast path is off."""

from __future__ import annotations

import click

from codemem_gemini import hook


@click.command("gemini-hook")
def gemini_hook() -> int:
    """Answer the payload of a Gemini CLI hook (standard input), and store it.

    Example: echo '{"hook_event_name":"BeforeAgent","session_id":"s1","prompt":"fix the VAT"}' |
    codemem gemini-hook
    """
    return hook.main([])
