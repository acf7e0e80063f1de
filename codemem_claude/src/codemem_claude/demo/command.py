"""`codemem demo`: the whole path on a recorded session, in a home of its own, offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, TypeVar

import click

from codemem_core.api import CodememError, Store, backlog, socket_path
from codemem_core.commands import say
from codemem_core.hookpath.client import post_json

T = TypeVar("T")

LATER_PROMPT = (
    "A customer complains that the VAT figures beside the positions on her printed invoice don't"
    " add up to the amount at the bottom. Is our sum wrong? Please correct it."
)
"""What somebody asks in a second session, in other words than the first one used."""
MUST_TELL = ("vat_by_rate", "Line.vat")
"""What a helpful answer to it has to know."""
_PROGRAM = (
    sys.executable,
    "-P",
    "-c",
    "import sys; from codemem_cli.main import main; sys.exit(main())",
)
_WAIT_S = 30.0


class StepFailed(CodememError):
    """A step of the demonstration did not do what it has to."""

    hint = "codemem plugins shows what is installed"


@dataclass(slots=True)
class Home:
    """A temporary home folder in which the programs run."""

    folder: str
    environ: dict[str, str] = field(init=False)
    times: dict[str, float] = field(default_factory=dict)
    """Seconds each step took, in order."""

    def __post_init__(self) -> None:
        """Keep the user's own codemem out of it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CODEMEM_", "XDG_"))}
        self.environ = {**kept, "HOME": self.folder, "CODEMEM_DB": self.database}

    @property
    def database(self) -> str:
        """Path of the database in this home."""
        return os.path.join(self.folder, "mem.sqlite")

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Do a step and note how long it took."""
        started = time.perf_counter()
        result = work()
        self.times[name] = time.perf_counter() - started
        return result

    def run(self, *arguments: str, stdin: object = None) -> str:
        """Run a codemem command and return what it printed; `StepFailed` if it failed."""
        done = subprocess.run(
            [*_PROGRAM, *arguments],
            input=json.dumps(stdin).encode() if stdin is not None else b"",
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            timeout=_WAIT_S,
            check=False,
        )
        if done.returncode:
            raise StepFailed(f"codemem {arguments[0]}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()


@click.command()
def demo() -> None:
    """Watch codemem work on a recorded session, offline.

    Starts the real server on a temporary home, sends it a recorded Claude Code session through the
    real hook commands, and shows what it remembers and what a later session gets.

    Example: codemem demo
    """
    with tempfile.TemporaryDirectory(prefix="codemem-demo-") as folder:
        home = Home(folder)
        with _server(home):
            payloads = recorded_payloads()
            home.step("send the session", lambda: _send(home, payloads))
            found = home.step("flush", lambda: _wait_for_memories(home))
            _show_memories(found)
            pack = home.step("ask for context", lambda: _ask(home, payloads[0]))
            _show_pack(pack)
    say("How long it took")
    for name, seconds in home.times.items():
        say(f"  {name:18} {seconds:6.2f} s")
    say("\nNext: `codemem setup` connects your own agents; the demo has left nothing behind.")


def recorded_payloads() -> list[dict[str, Any]]:
    """Return the hook payloads of the recorded session, in the order they were sent."""
    recording = resources.files("codemem_claude.demo").joinpath("session.jsonl")
    lines = recording.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["payload"] for line in lines]


@contextmanager
def _server(home: Home) -> Iterator[None]:
    """Run the real server; it is gone when the block ends, however it ends."""
    with open(os.path.join(home.folder, "server.log"), "wb") as output:
        server = subprocess.Popen(
            [*_PROGRAM, "serve", "--port", "0"],
            env=home.environ,
            cwd=home.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        home.step("start the server", lambda: _wait_for_server(home, server))
        yield
    finally:
        home.step("stop the server", lambda: _stop(server))


def _wait_for_server(home: Home, server: subprocess.Popen[bytes]) -> None:
    socket = socket_path(home.database)

    def answers() -> bool | None:
        if server.poll() is not None:
            with open(os.path.join(home.folder, "server.log"), encoding="utf-8") as output:
                raise StepFailed(f"the server did not start: {output.read()[-400:]}")
        try:
            status, _ = post_json(socket, "/api/pack", b'{"context":"x"}', connect_s=1, total_s=2)
        except OSError:
            return None
        return status < 500 or None

    _wait_until(answers, "the server does not answer")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_WAIT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        raise StepFailed("the server did not stop when asked") from None


def _send(home: Home, payloads: list[dict[str, Any]]) -> None:
    shown = sys.stderr.isatty()
    with click.progressbar(
        payloads, label="Sending the session", file=sys.stderr, hidden=not shown
    ) as bar:
        for payload in bar:
            if payload["hook_event_name"] == "UserPromptSubmit":
                _context_of(home, payload)
            home.run("claude-hook-ingest", stdin=payload)
    with Store.open(home.database) as store, store.read() as db:
        kept = db.execute("SELECT count(*) FROM raw_events").get
    if kept != len(payloads):
        raise StepFailed(f"{len(payloads)} hooks were sent, {kept} events are stored")


def _wait_for_memories(home: Home) -> list[dict[str, Any]]:
    """Wait until the session's end has made the server flush it; return what it remembers."""
    with Store.open(home.database) as store:

        def flushed() -> bool | None:
            with store.read() as db:
                return None if backlog(db, limit=1) else True

        _wait_until(flushed, "the session was not flushed")
    listed = json.loads(home.run("recent", "--limit", "50", "--all-projects", "--json"))
    found: list[dict[str, Any]] = listed["items"]
    if not found:
        raise StepFailed("the session left no memory")
    return found


def _ask(home: Home, first: Mapping[str, Any]) -> str:
    prompt = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "a-later-session",
        "cwd": first["cwd"],
        "prompt": LATER_PROMPT,
    }
    pack = _context_of(home, prompt)
    missing = [words for words in MUST_TELL if words not in pack]
    if missing:
        raise StepFailed(f"the later session does not get: {', '.join(missing)}")
    return pack


def _context_of(home: Home, payload: Mapping[str, Any]) -> str:
    """Return the context the inject hook gives, or an empty string."""
    answer = json.loads(home.run("claude-hook-inject", stdin=payload))
    return str(answer.get("hookSpecificOutput", {}).get("additionalContext", ""))


def _show_memories(found: list[dict[str, Any]]) -> None:
    say(f"What codemem remembers of the session ({len(found)} memories)\n")
    for memory in reversed(found):
        say(f"[{memory['id']}] ({memory['kind']}) {memory['title']}")
        say("    " + memory["body"].replace("\n", "\n    ") + "\n")


def _show_pack(pack: str) -> None:
    say(f"A later session asks\n\n    {LATER_PROMPT}\n")
    say("and gets\n")
    say("    " + pack.replace("\n", "\n    ") + "\n")


def _wait_until(look: Callable[[], T | None], problem: str) -> T:
    deadline = time.monotonic() + _WAIT_S
    while (seen := look()) is None:
        if time.monotonic() > deadline:
            raise StepFailed(f"{problem} within {_WAIT_S:.0f} s")
        time.sleep(0.02)
    return seen
