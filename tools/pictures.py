"""Make the pictures of the README: `python tools/pictures.py` (needs what `tox -e browser` has).

The pages in Chromium over what `codemem demo` remembers: its recorded session, sent to a server in
a temporary home, and a later session that is given some of it. Debian's fonts-inter and
fonts-jetbrains-mono make them look as on a machine that has these fonts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from codemem_claude.demo.command import LATER_PROMPT, recorded_payloads

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
KEY = "token-that-opens-the-pictures-only"
# name: address, colour scheme, width, height
PICTURES = {
    "memories": ("/memories", "light", 1440, 720),
    "session": ("/session?id=1", "dark", 1440, 860),
}


class Home:
    """A temporary home with a server."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.environ = {**os.environ, "HOME": folder, "CODEMEM_VIEWER_TOKEN": KEY}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a codemem command."""
        return [sys.executable, "-P", "-m", "codemem_cli", *arguments]

    def run(self, *arguments: str, stdin: object = None) -> str:
        """Run a command and return what it printed."""
        given = json.dumps(stdin) if stdin is not None else ""
        done = subprocess.run(
            self.command(*arguments), env=self.environ, cwd=self.folder, capture_output=True,
            text=True, input=given, check=False,
        )  # fmt: skip
        return done.stdout


@contextmanager
def served(folder: str) -> Iterator[tuple[Home, str]]:
    """Serve the demo's memory; gives the home and the address."""
    home = Home(folder)
    command = home.command("serve", "--foreground", "--port", "0")
    server = subprocess.Popen(command, env=home.environ, cwd=folder)
    try:
        while "http://" not in (told := home.run("serve", "status")):
            time.sleep(0.5)
        link = next(word for word in told.split() if word.startswith("http://"))
        yield home, link.partition("/#")[0].rstrip("/")
    finally:
        server.terminate()
        server.wait()


def fill(home: Home) -> None:
    """Send the demo's session, then ask what a later session asks."""
    payloads = recorded_payloads()
    for payload in payloads:
        home.run("claude-hook-ingest", stdin=payload)
    home.run("flush-raw-events", payloads[0]["session_id"], "--source", "claude")
    later = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "a-later-session",
        "cwd": payloads[0]["cwd"],
        "prompt": LATER_PROMPT,
    }
    home.run("claude-hook-inject", stdin=later)
    home.run("claude-hook-ingest", stdin=later)


def take(browser: Any, url: str, name: str) -> None:  # noqa: ANN401 - playwright is no dependency
    """Write one picture."""
    path, scheme, width, height = PICTURES[name]
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{url}{path}#token={KEY}")
    page.wait_for_selector("#live[data-state=on]")
    page.wait_for_selector("#memories .memory, #timeline .entry")
    if name == "memories":
        page.locator("#memories .kind").nth(1).click()
        page.wait_for_selector(".fold")
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


def main() -> None:
    """Make all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, served(folder) as (home, url):
        fill(home)
        with sync_playwright() as play:
            executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = play.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            for name in PICTURES:
                take(browser, url, name)
            browser.close()


if __name__ == "__main__":
    main()
