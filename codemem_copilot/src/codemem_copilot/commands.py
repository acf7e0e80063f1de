"""The hook command as click sees it: for `--help`, and when the fast path is off."""

from __future__ import annotations

import click

from codemem_copilot import hook


@click.command("copilot-hook")
@click.argument("name", required=False)
def copilot_hook(name: str | None) -> int:
    """Answer the payload of the Copilot hook NAME (standard input), and store it.

    Example: echo '{"sessionId":"s1","cwd":"/tmp/demo","prompt":"fix the VAT"}' |
    codemem copilot-hook userPromptSubmitted
    """
    return hook.main([name] if name else [])
