"""What `codemem` alone prints: the state, the newest memories, what to do next."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemem_cli.display import memories as display
from codemem_cli.display.terminal import styled, write
from codemem_cli.display.times import age, now
from codemem_core import paths
from codemem_core._version import __version__
from codemem_core.hookpath import client
from codemem_core.store import memories, proposals
from codemem_core.store.overview import Glance, glance

if TYPE_CHECKING:
    from codemem_core.commands.host import Host
    from codemem_core.records.memory import Memory

_NEWEST = 5


def overview(host: Host) -> None:
    """Print the state in two lines, the newest titles, and the next step."""
    now_ms = now()
    database = paths.database_path(host.settings, None)
    running = client.answers(paths.socket_path(database))
    if not os.path.exists(database):
        write(_beginning(running=running))
        return
    with host.store(None) as store, store.read() as db:
        state = glance(db)
        newest = memories.recent(db, limit=_NEWEST)
        waiting = proposals.count(db, now_ms=now_ms)
    write(_state(state, running=running, now_ms=now_ms))
    if newest:
        write(["", *display.lines(newest, now_ms=now_ms, projects=True)])
    write(["", *_next(state, newest, waiting, running=running)])


def _beginning(*, running: bool) -> Iterator[str]:
    yield _head(running=running)
    yield "Nothing is remembered yet."
    yield ""
    yield from _steps(
        ("codemem setup", "connect the agents on this machine"),
        ("codemem demo", "watch it work on a recorded session first"),
        ("codemem --help", "everything else"),
    )


def _head(*, running: bool) -> str:
    server = styled("running", colour="green") if running else styled("not running", dim=True)
    return f"{styled(f'codemem {__version__}', bold=True)} · server {server}"


def _state(state: Glance, *, running: bool, now_ms: int) -> Iterator[str]:
    yield _head(running=running)
    counts = [_count(state.memories, "memory", "memories"), _count(state.sessions, "session")]
    heard = [f"{each.source} {age(each.last_ms, now_ms=now_ms)}" for each in state.hosts]
    yield " · ".join([*counts, *(["last heard of " + ", ".join(heard)] if heard else [])])


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _next(state: Glance, newest: list[Memory], waiting: int, *, running: bool) -> Iterator[str]:
    """Yield what needs somebody, then what can be done with what is there."""
    pending = sum(each.pending for each in state.hosts)
    steps = []
    if waiting:
        steps.append(("codemem review", f"decide about {_count(waiting, 'memory', 'memories')}"))
    if state.dead or state.failed:
        steps.append(("codemem doctor", f"{state.dead + state.failed:,} flushes failed"))
    if pending and not running:
        steps.append(("codemem serve start", f"{_count(pending, 'event')} to distil"))
    if not state.hosts:
        steps.append(("codemem setup", "connect the agents on this machine"))
    if newest:
        steps += [
            ("codemem search WORDS", "find something"),
            (f"codemem show {newest[0].id}", "read the newest memory"),
        ]
    yield from _steps(*steps, ("codemem --help", "everything else"))


def _steps(*steps: tuple[str, str]) -> Iterator[str]:
    wide = max(len(command) for command, _ in steps)
    for command, what in steps:
        yield f"{styled(command.ljust(wide), colour='cyan')}  {styled(what, dim=True)}"
