"""The server starts with a session, once, and never on a repository's say-so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codemem_claude.hook_host import HOST
from codemem_core import paths
from codemem_viewer.runtime_paths import Place, answers, server_pid

RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"


class Machine:
    """A short home (sockets lie in it) and what its hooks start."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repo = home / "repo"
        (self.repo / ".claude").mkdir(parents=True)
        self.database = str(home / ".codemem" / "mem.sqlite")
        self.environ = {"HOME": str(home), "PATH": os.environ["PATH"], "CODEMEM_VIEWER_PORT": "0"}

    def hook(self, name: str = "SessionStart", **environ: str) -> subprocess.Popen[bytes]:
        """Begin to run the ingest hook."""
        payload = {"hook_event_name": name, "session_id": "s1", "cwd": str(self.repo)}
        hook = subprocess.Popen(
            [sys.executable, "-c", RUN, "claude-hook-ingest"],
            env=self.environ | environ,
            stdin=subprocess.PIPE,
        )
        assert hook.stdin
        hook.stdin.write(json.dumps(payload).encode())
        hook.stdin.close()
        return hook

    def run(self, name: str = "SessionStart", **environ: str) -> None:
        """Run the ingest hook to its end."""
        assert self.hook(name, **environ).wait(30) == 0

    def place(self) -> Place:
        """Return where the server would be."""
        socket = paths.socket_path(self.database)
        return Place(db=self.database, socket=socket, log="", lock="")

    def servers(self) -> list[int]:
        """Return the server processes of this home."""
        mark = f"--db-path\0{self.database}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Give a home without a server; none is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="cm") as folder:
        machine = Machine(Path(folder).resolve())
        yield machine
        wait_until(lambda: len(machine.servers()) <= 1)
        stop = [sys.executable, "-c", RUN, "serve", "stop"]
        subprocess.run(stop, env=machine.environ, capture_output=True, check=True)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    give_up = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_many_sessions_start_one_server(machine: Machine) -> None:
    """Ten begin at once; when all is quiet one server runs."""
    hooks = [machine.hook() for _ in range(10)]
    assert [hook.wait(60) for hook in hooks] == [0] * 10

    wait_until(lambda: answers(machine.place()))
    wait_until(lambda: len(machine.servers()) == 1)
    assert machine.servers() == [server_pid(machine.place())]


@pytest.mark.parametrize("switch", ["CODEMEM_VIEWER", "CODEMEM_VIEWER_AUTO"])
def test_the_user_can_forbid_it(machine: Machine, switch: str) -> None:
    """Either setting keeps the server off; the event is stored all the same."""
    machine.run(**{switch: "0"})

    assert machine.servers() == []
    assert os.path.exists(machine.database)


def test_only_a_new_session_starts_it(machine: Machine) -> None:
    """A tool call does not: a server stopped on purpose stays stopped."""
    machine.run("SessionEnd")

    assert machine.servers() == []


def test_a_server_that_a_hook_started_ends_when_unused(machine: Machine) -> None:
    """As one that OpenCode started; the user's own number of seconds counts more."""
    machine.run()
    wait_until(lambda: answers(machine.place()))
    server = Path("/proc") / str(machine.servers()[0]) / "environ"

    assert b"CODEMEM_VIEWER_UNUSED_S=300" in server.read_bytes().split(b"\0")


def test_the_next_hook_starts_a_server_that_had_ended_unused(machine: Machine) -> None:
    """The session goes on after a long pause."""
    machine.run(CODEMEM_VIEWER_UNUSED_S="0.5")
    wait_until(lambda: answers(machine.place()))
    wait_until(lambda: machine.servers() == [])

    machine.run("UserPromptSubmit")

    wait_until(lambda: answers(machine.place()))


def test_a_repository_cannot_name_the_database_of_a_server(machine: Machine) -> None:
    """Its settings set variables for the hook; they start nothing."""
    elsewhere = {"CODEMEM_DB": str(machine.home / "other.sqlite")}
    (machine.repo / ".claude" / "settings.json").write_text(json.dumps({"env": elsewhere}))

    machine.run(**elsewhere)

    assert machine.servers() == []
    assert not os.path.exists(machine.home / "run" / "other.sqlite.lock")


def test_a_repository_cannot_configure_the_server(tmp_path: Path) -> None:
    """What a project's settings set, and what belongs to one session, is left out."""
    deeper = tmp_path / "repo" / "src"
    deeper.mkdir(parents=True)
    for name, variable in (("settings.json", "CODEMEM_CONFIG"), ("settings.local.json", "HOME")):
        (tmp_path / "repo" / ".claude").mkdir(exist_ok=True)
        given: dict[str, Any] = {"env": {variable: "x"}}
        (tmp_path / "repo" / ".claude" / name).write_text(json.dumps(given))
    environ = {
        "CODEMEM_CONFIG": "x", "HOME": "x", "CODEMEM_PROJECT": "one", "CLAUDE_CODE_SESSION_ID": "s",
        "PYTHONPATH": ".", "CODEMEM_OBSERVER_MODEL": "m", "PATH": "/bin",
    }  # fmt: skip

    kept = HOST.server_environ({"cwd": str(deeper)}, environ)

    assert kept == {"CODEMEM_OBSERVER_MODEL": "m", "PATH": "/bin"}
