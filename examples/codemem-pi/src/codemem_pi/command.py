"""The hook command as click sees it: for `--help`, and when the fast path is off."""

import click

from codemem_pi import hook


@click.command("pi-hook")
def pi_hook() -> int:
    """Answer an event of pi's extension (standard input), and store it.

    Example: echo '{"hook_event_name":"message_end","session_id":"s1","text":"Done."}' |
    codemem pi-hook
    """
    return hook.main([])
