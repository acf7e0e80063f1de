"""Make the pictures of the README: `python tools/pictures.py` (needs what `tox -e browser` has).

The pages in Chromium, over the memory that the browser tests look at.
"""

from __future__ import annotations

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

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from seed import fill  # noqa: E402

from codemem_core.store.engine.store import Store  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
KEY = "token-of-the-picture-taker"
PROMPT = "Customers see totals that are off by a cent on long invoices"
# name: address, colour scheme, width, height
PICTURES = {
    "feed": ("/", "light", 1180, 860),
    "session": ("/session?id=2", "dark", 1180, 760),
    "inspector": ("/inspector", "light", 1180, 860),
    "usage": ("/usage", "dark", 1180, 860),
}


@contextmanager
def served(home: str) -> Iterator[str]:
    """Serve a memory with some weeks of work in it; gives the address."""
    environ = {**os.environ, "HOME": home, "CODEMEM_VIEWER_TOKEN": KEY}

    def serve(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "codemem_cli", "serve", *arguments]
        return subprocess.run(
            command, env=environ, cwd=home, capture_output=True, text=True, check=True
        ).stdout

    with Store.open(f"{home}/.codemem/mem.sqlite") as store:
        fill(store, now_ms=time.time_ns() // 1_000_000)
    serve("start", "--port", "0")
    try:
        told = serve("status")
        yield next(word for word in told.split() if word.startswith("http://")).rstrip("/")
    finally:
        serve("stop")


def take(browser: Any, url: str, name: str) -> None:  # noqa: ANN401 - playwright is no dependency
    """Write one picture."""
    path, scheme, width, height = PICTURES[name]
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{url}{path}#token={KEY}")
    page.wait_for_selector("main:not([aria-busy])")
    page.wait_for_selector("#live[data-state=on]")
    if name == "inspector":
        page.fill("#prompt", PROMPT)
        page.click("text=Show the pack")
        page.wait_for_selector(".hits")
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


def main() -> None:
    """Make all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, served(home) as url, sync_playwright() as play:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name in PICTURES:
            take(browser, url, name)
        browser.close()


if __name__ == "__main__":
    main()
