"""Writers that are killed: `python -m tests.faults.killing DATABASE ROUNDS COMMANDS [BUG]`.

One process without threads or connections, so that it may fork: a writer is there 5 ms later. Each
writer says on a pipe of its own what it was told is stored; a pipe keeps it when the writer dies.
Prints what was acknowledged, one event a line.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable

from codemem_core.errors import StoreError
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.faults.audit import event
from tests.faults.mutants import planted

Acknowledge = Callable[[str], None]


def server(database: str, name: str, acknowledge: Acknowledge) -> None:
    """Write as the server does: four requests at a time, one writer thread."""
    with Store.open(database, threaded=True) as store:

        def requests(client: int) -> None:
            for number in itertools.count():
                _write(store, f"{name}-{client}-{number}", acknowledge)

        clients = [threading.Thread(target=requests, args=(n,)) for n in range(4)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()


def command(database: str, name: str, acknowledge: Acknowledge) -> None:
    """Write as hooks and commands do: open, one event, close."""
    for number in itertools.count():
        with contextlib.suppress(StoreError), Store.open(database) as store:
            _write(store, f"{name}-{number}", acknowledge)


def _write(store: Store, text: str, acknowledge: Acknowledge) -> None:
    one = event(text, stream=text[0])
    # Refused is not lost: on a machine that stands still for 5 s the database is locked.
    with contextlib.suppress(StoreError):
        store.write(lambda db: events.append(db, [one], now_ms=1))
        acknowledge(text)


FAILED = "FAILED"
"""Begins the last line of a writer that ended by itself."""


class Writer:
    """A writer's process, and what it has said."""

    def __init__(self, database: str, role: Callable[..., None], name: str) -> None:
        self._read, write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _become(database, role, name, write)
        os.close(write)

    def kill(self) -> list[str]:
        """End it as `kill -9` does; return what it acknowledged."""
        os.kill(self._pid, signal.SIGKILL)
        with open(self._read, encoding="ascii") as pipe:
            said = pipe.read().splitlines()
        os.waitpid(self._pid, 0)
        return said


def _become(database: str, role: Callable[..., None], name: str, pipe: int) -> None:
    try:
        role(database, name, lambda text: os.write(pipe, f"{text}\n".encode()))
    except BaseException as error:  # noqa: BLE001 - a fork must never return into its parent's code
        os.write(pipe, f"{FAILED} {error!r}\n".encode())
    os._exit(1)


def main(database: str, rounds: str, commands: str, bug: str) -> None:
    """Keep a server and some commands running, kill one a round and start another for it."""
    planted(bug).start()
    chance = random.Random(1)
    roles = [server] + int(commands) * [command]
    names = (f"{number}" for number in itertools.count())
    running = [Writer(database, role, f"{next(names)}") for role in roles]
    acknowledged = []
    try:
        for _ in range(int(rounds)):
            # From the middle of opening the database to some dozen commits.
            time.sleep(chance.uniform(0, 0.04))
            place = chance.randrange(len(roles))
            acknowledged += running[place].kill()
            running[place] = Writer(database, roles[place], next(names))
    finally:
        for writer in running:
            acknowledged += writer.kill()
    sys.stdout.write("\n".join(acknowledged))


if __name__ == "__main__":
    main(*sys.argv[1:])
