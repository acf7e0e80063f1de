"""Every page in a real browser: how it looks, who can use it, what it does."""

from __future__ import annotations

import os
import time
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
    "session": "/session?id=2",
    "memory": "/memory?id=2",
    "inspector": "/inspector",
    "health": "/health",
    "usage": "/usage",
    "settings": "/settings",
    "plugins": "/plugins",
    "rules": "/rules",
    "review": "/review",
    "nowhere": "/no/such-page",
}
WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
LOOKS = {"light": (WIDE, "light"), "dark": (WIDE, "dark"), "phone": (PHONE, "light")}


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Name the folder for screenshots: `SCREENSHOTS`, else a temporary one."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(
    open_page: Open, shots: Path, name: str, look: str
) -> None:
    """No serious finding of axe, nothing wider than the screen, a heading, a title."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    size, theme = LOOKS[look]
    page = open_page(PAGES[name], viewport=size, color_scheme=theme)
    if name == "inspector":
        page.fill("#prompt", "fix the VAT rounding on invoices")
        page.click("text=Show the pack")
        page.wait_for_selector(".hits")
    page.screenshot(path=shots / f"{name}-{look}.png")

    found = axe.Axe().run(page).response["violations"]

    serious = [each for each in found if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], [n["html"][:120] for n in each["nodes"][:3]]) for each in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("h1").count() == 1
    assert page.title().endswith("· codemem")


def test_without_the_key_nothing_is_shown_and_the_key_can_be_typed(open_page: Open) -> None:
    """The frame says where the key is."""
    page = open_page("/", key="wrong")
    assert "serve status" in page.inner_text("main")
    assert "shop-api" not in page.content()

    page.fill("#key", "browser-test-key")
    page.click("text=Unlock")
    page.wait_for_selector(".memory")


def test_the_key_leaves_the_address_and_is_shared_with_a_second_tab(open_page: Open) -> None:
    """A link opened beside the page need not ask for it."""
    page = open_page("/health")
    assert page.url.endswith("/health")

    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".status")


def test_a_new_memory_appears_by_itself_within_a_second(open_page: Open, server: Any) -> None:
    """Another process wrote it; what is open stays open."""
    page = open_page("/")
    page.wait_for_selector("#live[data-state=on]")
    page.locator(".memory .more summary").nth(1).click()
    script = """() => new Promise((done) => new MutationObserver((all, own) => {
        if (document.body.innerText.includes('Written meanwhile')) {
            own.disconnect();
            done(Date.now());
        }
    }).observe(document.querySelector('main'), { childList: true, subtree: true }))"""
    page.evaluate(f"void (window.seen = ({script})())")  # not waited for

    server.run("remember", "note", "Written meanwhile", "By another process")
    written = time.time() * 1000
    seen = page.evaluate("window.seen")

    assert seen - written < 1000
    assert page.locator(".more[open]").count() == 1


def test_search_finds_while_typing_and_keeps_the_focus(open_page: Open) -> None:
    """The address can be kept and opened again."""
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("staging datab")
    page.wait_for_selector("text=best first")

    assert "staging database" in page.locator(".memory h3").first.inner_text().lower()
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.url.endswith("/?q=staging+datab")


def test_filters_narrow_the_list(open_page: Open) -> None:
    """By kind, and back."""
    page = open_page("/")
    page.click("summary:has-text('Filters')")
    page.select_option("select[name=kind]", "decision")
    page.wait_for_url("**/?kind=decision")
    page.wait_for_selector("#memories .k-bugfix", state="detached")

    assert set(page.locator("#memories .kind").all_inner_texts()) == {"decision"}


def test_older_memories_come_by_the_page(open_page: Open) -> None:
    """Each once."""
    page = open_page("/")
    page.click("text=Older")
    page.wait_for_selector("#memories > li:nth-child(65)")

    ids = page.evaluate("[...document.querySelectorAll('#memories > li')].map((item) => item.id)")
    assert len(ids) == len(set(ids))


def test_edit_and_undo(open_page: Open) -> None:
    """The toast takes it back."""
    page = open_page("/?kind=change")
    card = page.locator(".memory").first
    before = card.locator("h3").inner_text()
    card.locator(".edit summary").click()
    card.locator("input[name=title]").fill("Edited by a test")
    card.locator("text=Save").click()
    page.wait_for_selector("h3:has-text('Edited by a test')")

    page.click("#said button")

    page.wait_for_selector("h3:has-text('Edited by a test')", state="detached")
    assert before in page.inner_text("main")


def test_the_command_line_takes_back_what_the_page_did(open_page: Open, server: Any) -> None:
    """The page shows it by itself."""
    page = open_page("/?kind=refactor")
    title = page.locator(".memory h3").first.inner_text()
    item = page.locator("#memories .memory").first.get_attribute("id")
    page.click(f"#{item} >> text=Forget")
    page.wait_for_selector(f"#{item}", state="detached")

    server.run("undo")

    page.wait_for_selector(f"#{item}")
    assert page.locator(f"#{item} h3").inner_text() == title


def test_forget_and_undo_and_pin(open_page: Open) -> None:
    """A forgotten memory goes, comes back, and can be pinned."""
    page = open_page("/")
    item = page.locator("#memories .memory").nth(2).get_attribute("id")
    page.click(f"#{item} >> text=Forget")
    page.wait_for_selector(f"#{item}", state="detached")
    page.click("#said button")
    page.wait_for_selector(f"#{item}")
    page.click(f"#{item} >> text=Pin")
    page.wait_for_selector(f"#p{item}")


def test_a_failed_flush_can_be_buried(open_page: Open) -> None:
    """The page says what became of it."""
    page = open_page("/health")
    dead = page.locator("td .badge:has-text('dead')").count()
    page.locator("button:has-text('Bury')").first.click()
    page.wait_for_selector("#said:has-text('Given up')")

    page.wait_for_function(
        "before => [...document.querySelectorAll('td .badge')]"
        ".filter((each) => each.textContent === 'dead').length === before + 1",
        arg=dead,
    )


def test_a_flush_that_was_given_up_can_be_tried_again(open_page: Open) -> None:
    """It becomes memories, and leaves the page by itself."""
    page = open_page("/health")
    row = page.locator("tr:has-text('given-up-77a')")
    item = row.get_attribute("id")
    row.locator("text=Retry").click()

    page.wait_for_selector("#said:has-text('Trying again')")
    page.wait_for_selector(f"#{item}", state="detached")


def test_a_setting_is_saved(open_page: Open, server: Any) -> None:
    """It stands in the file, and the page says so."""
    page = open_page("/settings")
    page.fill("input[name=inject_limit]", "5")
    page.click("#set-inject_limit >> text=Save")
    page.wait_for_selector("#set-inject_limit .badge:has-text('file')")

    assert "inject_limit = 5" in server.run("config")


def test_the_keyboard_reaches_everything(open_page: Open) -> None:
    """`j` goes to a memory, Tab to its buttons, Enter opens its details."""
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('.memory:not(:first-child)')")
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.more summary')"):
            break
    page.keyboard.press("Enter")

    assert page.locator(".more[open]").count() == 1


def test_the_theme_can_be_turned(open_page: Open) -> None:
    """And is remembered."""
    page = open_page("/", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    page.reload()
    page.wait_for_selector(".memory")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_back_and_links_work(open_page: Open) -> None:
    """As in any page."""
    page = open_page("/")
    page.click("nav >> text=Usage")
    page.wait_for_selector(".chart")
    page.go_back()
    page.wait_for_selector(".memory")

    assert page.title() == "Feed · codemem"


def test_an_empty_memory_says_what_to_do_next(
    open_page: Open, empty_server: Any, shots: Path
) -> None:
    """And fills up by itself."""
    page = open_page("/", at=empty_server)
    page.screenshot(path=shots / "first.png")
    assert "codemem demo" in page.inner_text(".first")

    empty_server.run("remember", "note", "The first", "memory")

    page.wait_for_selector("h3:has-text('The first')")
