"""A server with some weeks of work in it, and Chromium to look at it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from seed import fill

from codemem_core.store.engine.store import Store
from codemem_viewer.runtime_paths import Place, answers
from tests.browser.today import fill_today

playwright = pytest.importorskip("playwright.sync_api", reason="see `tox -e browser`")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
)
KEY = "token-of-one-browser-test"


@dataclass
class Server:
    """A running server of a user's own home."""

    home: Path
    url: str = ""
    today: int = 0
    """Today's session."""
    key: str = KEY

    @property
    def db(self) -> str:
        """The database."""
        return str(self.home / ".codemem" / "mem.sqlite")

    def run(self, *arguments: str) -> str:
        """Run a codemem command of this user."""
        command = [sys.executable, "-P", "-m", "codemem_cli", *arguments]
        environ = {**os.environ, "HOME": str(self.home), "CODEMEM_VIEWER_TOKEN": KEY}
        done = subprocess.run(
            command, env=environ, cwd=self.home, capture_output=True, text=True, check=True
        )
        return done.stdout


def started(home: Path, *, seeded: bool) -> Server:
    """Start a server in a new home."""
    server = filled(home) if seeded else Server(home)
    with suppress(subprocess.CalledProcessError):  # a busy machine takes longer than it waits
        server.run("serve", "start", "--port", "0")
    wait_for(server)
    find_url(server)
    return server


def wait_for(server: Server) -> None:
    """Wait until it answers."""
    give_up = time.monotonic() + 60
    while not answers(Place.of(server.db)):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def filled(home: Path) -> Server:
    """Return a server that is not started yet, with some weeks of work in its database."""
    server = Server(home)
    now_ms = time.time_ns() // 1_000_000
    with Store.open(server.db) as store:
        fill(store, now_ms=now_ms)
        server.today = fill_today(store, now_ms=now_ms)
    return server


def find_url(server: Server) -> None:
    """Ask where it listens."""
    told = server.run("serve", "status")
    server.url = next(word for word in told.split() if word.startswith("http://")).rstrip("/")


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose guard lets everybody in."""
    server = filled(tmp_path_factory.mktemp("o"))
    program = str(Path(__file__).with_name("open_door.py"))
    command = [sys.executable, "-P", program, "serve", "--foreground", "--port", "0"]
    child = subprocess.Popen(command, env={**os.environ, "HOME": str(server.home)}, cwd=server.home)
    wait_for(server)
    find_url(server)
    yield server
    child.terminate()
    child.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start Chromium."""
    with playwright.sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the module's tests share."""
    running = started(tmp_path_factory.mktemp("b"), seeded=True)
    yield running
    running.run("serve", "stop")


@pytest.fixture
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that remembers nothing yet."""
    running = started(tmp_path_factory.mktemp("e"), seeded=False)
    yield running
    running.run("serve", "stop")


@pytest.fixture
def open_page(browser: Any, server: Server) -> Iterator[Callable[..., Any]]:
    """Open pages as the printed link does.

    A script error, a CSP violation or a request to another server fails the test.
    """
    contexts, wrong = [], []

    def go(path: str = "/", *, at: Server = server, key: str = KEY, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda sent: None if sent.url.startswith(at.url) else wrong.append(sent.url)
        )
        page.on("console", lambda said: wrong.append(said.text) if "Policy" in said.text else None)
        page.goto(f"{at.url}{path}#token={key}")
        page.wait_for_selector("main:not([aria-busy])")
        return page

    yield go
    for context in contexts:
        context.close()
    assert not wrong
