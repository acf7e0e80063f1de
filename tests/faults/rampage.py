"""The real commands under `kill -9`: three hooks, a server, a command and an HTTP client."""

from __future__ import annotations

import itertools
import random
import subprocess
import threading
import time
from collections.abc import Callable

from tests.faults.home import Home, raw_event

SERVER_ROUNDS = 16
"""One round in so many kills the server: it takes a second to be back."""


class Rampage:
    """Starts real commands over and over, kills one now and then, and keeps what they said."""

    def __init__(self, home: Home, seed: int) -> None:
        self._home = home
        self._chance = random.Random(seed)
        self._stopping = False
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.acknowledged: list[str] = []
        self.kills = 0

    def run(self, rounds: int) -> None:
        """Kill `rounds` processes at random moments; everything has ended when this returns."""
        clients: list[Callable[[], None]] = [self._post]
        clients += [lambda name=f"hook{n}": self._repeat(name, self._home.hook) for n in range(3)]
        clients.append(lambda: self._repeat("command", self._home.command))
        server = self._home.serve()
        threads = [threading.Thread(target=client) for client in clients]
        for thread in threads:
            thread.start()
        try:
            while self.kills < rounds:
                time.sleep(self._chance.uniform(0, 0.05))
                if self.kills % SERVER_ROUNDS == SERVER_ROUNDS - 1:
                    _end(server)
                    self.kills += 1
                    server = self._home.serve()
                else:
                    self._kill_one()
        finally:
            self._stopping = True
            for thread in threads:
                thread.join()
            _end(server)

    def _kill_one(self) -> None:
        victim = self._running.get(self._chance.choice(["hook0", "hook1", "hook2", "command"]))
        if victim is not None and victim.poll() is None:
            victim.kill()
            self.kills += 1

    def _repeat(self, name: str, start: Callable[[str], subprocess.Popen[bytes]]) -> None:
        for number in itertools.count():
            if self._stopping:
                return
            text = f"{name}-{number}"
            self._running[name] = running = start(text)
            if running.wait() == 0:
                self.acknowledged.append(text)

    def _post(self) -> None:
        for number in itertools.count():
            # As a client does: the same event again until the server has it.
            while not self._home.post(raw_event(f"http-{number}")):
                if self._stopping:
                    return
                time.sleep(0.01)
            self.acknowledged.append(f"http-{number}")
            if self._stopping:
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
