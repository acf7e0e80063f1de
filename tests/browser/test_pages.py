"""Every page in a real browser: how it looks, who can use it, what it does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Open = Callable[..., Any]
PAGES = {
    "home": "/",
    "memories": "/memories",
    "search": "/memories?q=rounding",
    "sessions": "/sessions",
    "session": "/session?id={today}",
    "memory": "/memory?id=130",
    "rules": "/rules",
    "review": "/review",
    "inspector": "/inspector",
    "usage": "/usage",
    "health": "/health",
    "settings": "/settings",
    "plugins": "/plugins",
    "nowhere": "/no/such-page",
}
DESK, WIDE, PHONE = (
    {"width": 1280, "height": 900},
    {"width": 1920, "height": 1080},
    {"width": 390, "height": 844},
)
LOOKS = {
    "light": (DESK, "light"),
    "dark": (WIDE, "dark"),
    "phone": (PHONE, "light"),
    "phone-dark": (PHONE, "dark"),
}
SHIFTS = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) sum += each.value;
    }).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done(sum), 100);
})"""


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Name the folder for screenshots: `SCREENSHOTS`, else a temporary one."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(
    open_page: Open, server: Any, shots: Path, name: str, look: str
) -> None:
    """No serious finding of axe, nothing wider than the screen, nothing that jumps, a heading."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    size, theme = LOOKS[look]
    page = open_page(PAGES[name].format(today=server.today), viewport=size, color_scheme=theme)
    if name == "inspector":
        page.fill("#prompt", "fix the VAT rounding on invoices")
        page.click("text=Show the pack")
        page.wait_for_selector(".hits")
    page.screenshot(path=shots / f"{name}-{look}.png")

    found = axe.Axe().run(page).response["violations"]

    serious = [each for each in found if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], [n["html"][:120] for n in each["nodes"][:3]]) for each in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(SHIFTS) < 0.02
    assert page.locator("h1").count() == 1
    assert page.title().endswith("· codemem")


def test_without_the_key_nothing_is_shown_and_the_key_can_be_typed(
    open_page: Open, server: Any
) -> None:
    """The frame says where the key is."""
    page = open_page("/", key="wrong")
    assert "serve status" in page.inner_text("main")
    assert "shop-api" not in page.content()

    page.fill("#key", server.key)
    page.click("text=Unlock")
    page.wait_for_selector(".sessions")


def test_the_key_leaves_the_address_and_is_shared_with_a_second_tab(open_page: Open) -> None:
    """A link opened beside the page need not ask for it."""
    page = open_page("/health")
    assert page.url.endswith("/health")

    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".status")


def test_the_theme_can_be_turned(open_page: Open) -> None:
    """And is remembered."""
    page = open_page("/memories", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    page.reload()
    page.wait_for_selector(".memory")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_back_and_links_work(open_page: Open) -> None:
    """As in any page."""
    page = open_page("/memories")
    page.click("nav >> text=Usage")
    page.wait_for_selector(".chart")
    page.go_back()
    page.wait_for_selector(".memory")

    assert page.title() == "Memories · codemem"


def test_an_empty_memory_says_what_to_do_next(
    open_page: Open, empty_server: Any, shots: Path
) -> None:
    """And fills up by itself."""
    page = open_page("/", at=empty_server)
    page.screenshot(path=shots / "first.png")
    assert "codemem demo" in page.inner_text(".first")

    empty_server.run("remember", "note", "The first", "memory")

    page.wait_for_selector(".sessions:has-text('Written by hand')")


@pytest.mark.parametrize("path", ["/nonsense", "/memory?id=999999", "/session?id=999999"])
def test_an_unknown_address_gets_a_page_that_says_so(open_page: Open, path: str) -> None:
    """With ways on, and what was looked for."""
    page = open_page(path)

    assert page.inner_text("h1") == "Nothing here"
    assert "no such" in page.inner_text("[data-problem]")
    page.click("text=All memories")
    page.wait_for_selector("#memories")


def test_the_phone_reaches_every_page_by_its_menu(open_page: Open) -> None:
    """Five links stand at the bottom, the others behind `More`."""
    page = open_page("/", viewport=PHONE, color_scheme="dark")
    assert not page.locator("#others").is_visible()
    page.click("#menu")
    page.click("#others >> text=Usage")
    page.wait_for_selector(".chart")

    assert not page.locator("#others").is_visible()
