"""A link opens the pages once, and what the tab holds is worth nothing to anybody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from codemem_viewer.runtime_paths import Place, page_link

pytestmark = pytest.mark.browser
READY = "main:not([aria-busy])"


@pytest.fixture
def link(server: Any) -> Callable[[], str]:
    """Make links as `codemem serve status` prints them."""
    return lambda: page_link(Place.of(server.db), f"{server.url}/")


@pytest.fixture
def profile(browser: Any) -> Iterator[Any]:
    """A browser's profile: its tabs share what they may."""
    context = browser.new_context()
    context.set_default_timeout(8_000)
    yield context
    context.close()


def opened(profile: Any, url: str) -> Any:
    """Open a tab."""
    page = profile.new_page()
    page.goto(url)
    page.wait_for_selector(READY)
    return page


def locked(page: Any) -> bool:
    """Say whether the page asks for a link."""
    return bool(page.locator("#unlock").count())


def test_link_opens_once(profile: Any, browser: Any, link: Callable[[], str]) -> None:
    """Another profile that finds it in a history stays outside."""
    url = link()
    stranger = browser.new_context()

    first, second = opened(profile, url), opened(stranger, url)

    assert (locked(first), locked(second)) == (False, True)
    assert "#" not in first.url
    stranger.close()


def test_reload_and_a_second_tab_go_on(profile: Any, server: Any, link: Callable[[], str]) -> None:
    """Neither needs a new link."""
    page = opened(profile, link())
    page.reload()
    page.wait_for_selector(READY)

    second = opened(profile, f"{server.url}/sessions")

    assert not locked(page)
    assert not locked(second)


def test_pasted_link_unlocks(profile: Any, server: Any, link: Callable[[], str]) -> None:
    """Whoever came by another address pastes what was printed."""
    page = opened(profile, f"{server.url}/")
    page.fill("#key", link())
    page.click("#unlock button")
    page.wait_for_selector("#unlock", state="detached")

    assert not locked(page)


class Squatter(BaseHTTPRequestHandler):
    """Another program on the server's port: it notes every credential that it is shown."""

    shown: list[str]

    def do_GET(self) -> None:
        """Take what comes."""
        self.shown.append(self.headers.get("Authorization", ""))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_key_that_another_program_was_shown_opens_nothing(
    profile: Any, empty_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the port when the server stops, and tries what it got when the server is back."""
    monkeypatch.setattr(Squatter, "shown", [], raising=False)
    page = opened(profile, page_link(Place.of(empty_server.db), f"{empty_server.url}/"))
    port = urlsplit(empty_server.url).port or 0
    empty_server.run("serve", "stop")
    with ThreadingHTTPServer(("127.0.0.1", port), Squatter) as squatter:
        threading.Thread(target=squatter.serve_forever, daemon=True).start()
        page.wait_for_timeout(2_500)
        squatter.shutdown()
    empty_server.run("serve", "start", "--port", str(port))

    tried = [
        httpx.get(f"{empty_server.url}/api/stats", headers={"Authorization": each}).status_code
        for each in {*Squatter.shown} - {""}
    ]

    assert tried
    assert set(tried) == {401}
    page.wait_for_selector("#unlock", timeout=15_000)
