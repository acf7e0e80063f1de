"""One memory in full."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_cli.display import memories as display
from codemem_cli.display.terminal import for_a_person, write
from codemem_cli.display.times import now
from codemem_cli.ids import MEMORY_ID
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say_json
from codemem_core.errors import NotFound
from codemem_core.retrieval import duplicates
from codemem_core.retrieval.code_state import stale
from codemem_core.store import memories

_PATIENCE_S = 0.5
"""What looking at the files of one memory may take."""


@click.command()
@click.argument("memory_id", metavar="ID", type=MEMORY_ID)
@db_option
@json_option
@pass_host
def show(host: Host, memory_id: int, db_path: str | None, as_json: bool) -> None:
    """Show one memory in full; as JSON when the output is not a terminal.

    Example: codemem show 12
    """
    with host.store(db_path) as store, store.read() as db:
        memory = memories.get(db, memory_id)
        again = duplicates.of_memory(db, memory_id)
        code = stale(db, [memory_id], budget_s=_PATIENCE_S).get(memory_id)
    if memory is None:
        raise NotFound(f"no such memory: `{memory_id}`", hint="`codemem log` lists ids")
    if as_json or not for_a_person():
        found = [{"session_id": one.session_id, "at_ms": one.at_ms} for one in again]
        say_json({**asdict(memory), "found_again": found, "code": code})
        return
    write(display.page(memory, now_ms=now(), code=code), paged=True)
