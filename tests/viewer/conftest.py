"""Real servers, each in its own process with a home of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from codemem_core.paths import socket_path
from codemem_viewer.runtime_paths import Place, answers

TOKEN = "token-of-one-test-run-only"


@dataclass
class Machine:
    """A user's home folder and the servers started in it."""

    path: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def db(self) -> Path:
        """The database."""
        return self.path / ".codemem" / "mem.sqlite"

    @property
    def socket(self) -> Path:
        """The server's socket."""
        return Path(socket_path(str(self.db)))

    @property
    def environ(self) -> dict[str, str]:
        """What a process of this user sees: a free port, a known token."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CODEMEM_")}
        return kept | {
            "HOME": str(self.path),
            "CODEMEM_VIEWER_PORT": "0",
            "CODEMEM_VIEWER_TOKEN": TOKEN,
        }

    def serve(self, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `codemem serve` to its end."""
        return subprocess.run(
            self.command(*options),
            env=self.environ | environ,
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run(self, *words: str) -> str:
        """Run a command and return what it printed."""
        command = self.command()
        program = command[: command.index("serve")]
        done = subprocess.run(
            [*program, *words], env=self.environ, cwd=self.path, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        return done.stdout

    def start(self, *options: str, **environ: str) -> subprocess.Popen[str]:
        """Run `codemem serve` in the foreground until it answers or ends."""
        child = subprocess.Popen(
            self.command(*options),
            env=self.environ | environ,
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(child)
        wait_until(lambda: child.poll() is not None or self.answers())
        return child

    def answers(self) -> bool:
        """Say whether a server answers on the socket."""
        return answers(Place(db=str(self.db), socket=str(self.socket), log="", lock=""))

    def url(self) -> str:
        """Return where the server listens on TCP."""
        return re.findall(r"http://\S+/", self.serve("status").stdout)[0].rstrip("/")

    def tcp(self, **headers: str) -> httpx.Client:
        """Return a client that knows the token."""
        given = {"Authorization": f"Bearer {TOKEN}"} | headers
        return httpx.Client(base_url=self.url(), headers=given, trust_env=False)

    def unix(self) -> httpx.Client:
        """Return a client of the socket."""
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(base_url="http://localhost", transport=transport, timeout=30)

    def end(self) -> None:
        """End what was started and is still there."""
        if self.socket.exists():
            self.serve("stop")
        for child in self.started:
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            child.communicate()

    def command(self, *options: str) -> list[str]:
        """Return the command line of `codemem serve`."""
        return [sys.executable, "-P", "-m", "codemem_cli", "serve", *options]


def wait_until(true: Callable[[], bool], *, limit_s: float = 30) -> None:
    """Wait for something to become true."""
    give_up = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > give_up:
            pytest.fail("waited in vain")
        time.sleep(0.02)


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A home without a server; its path is short, so the socket lies beside the database."""
    machine = Machine(tmp_path_factory.mktemp("m"))
    yield machine
    machine.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A home with a server that the module's tests share."""
    machine = Machine(tmp_path_factory.mktemp("home"))
    child = machine.start()
    if child.poll() is not None:
        pytest.fail(f"no server: {child.communicate()[0]}")
    yield machine
    machine.end()


@pytest.fixture(scope="module")
def api(served: Machine) -> Iterator[httpx.Client]:
    """A client of the shared server's socket."""
    with served.unix() as client:
        yield client


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """Make a raw event as OpenCode's plugin posts it."""
    began_ms = time.time_ns() // 1_000_000

    def make(session: str, number: int = 0, **more: Any) -> dict[str, Any]:
        return {
            "session_id": session,
            "event_id": f"{session}-{number:06}",
            "event_type": "user_prompt",
            "ts_wall_ms": began_ms + number,
            "payload": {"type": "user_prompt", "prompt_text": f"prompt {number}"},
        } | more

    return make
