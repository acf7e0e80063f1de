"""Memories in a real browser: rows, keys, selecting, searching, correcting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Open = Callable[..., Any]
ROWS = "#memories .memory"
WIDE, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}


def titles(page: Any) -> list[str]:
    """Return the titles of the list."""
    return page.locator(f"{ROWS} h3").all_inner_texts()


def row_height(page: Any) -> float:
    """Return how high a row is."""
    return page.locator(f"{ROWS} .head").nth(3).bounding_box()["height"]


def test_a_row_takes_about_40_px_and_can_be_made_comfortable(open_page: Open) -> None:
    """The choice is kept; a comfortable row has the beginning of the text."""
    page = open_page("/memories")
    assert 36 <= row_height(page) <= 44
    assert not page.locator(f"{ROWS} .excerpt").first.is_visible()

    page.keyboard.press("d")
    page.reload()
    page.wait_for_selector(ROWS)

    assert row_height(page) > 50
    assert page.locator(f"{ROWS} .excerpt").first.is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_keyboard_alone_reads_and_corrects(open_page: Open, theme: str) -> None:
    """`j`, Enter, `e`, `p`, `f`, `u`, `/` and `?`, without a pointer."""
    page = open_page("/memories?kind=feature", color_scheme=theme)
    press = page.keyboard.press
    press("j")
    press("j")
    press("k")
    row = page.evaluate("document.activeElement.id")
    assert row == page.locator(ROWS).first.get_attribute("id")
    press("Enter")
    page.wait_for_selector(f"#{row} .fold")
    press("e")
    page.wait_for_selector(f"#{row} form.edit:visible")
    press("Control+A")
    page.keyboard.type(f"Corrected in the {theme}")
    press("Enter")
    page.wait_for_selector(f"h3:has-text('Corrected in the {theme}')")
    page.wait_for_function("id => document.activeElement.id === id", arg=row)
    press("p")
    page.wait_for_selector(f"#{row} .badge:has-text('pinned')")
    press("u")
    page.wait_for_selector(f"#{row} .badge:has-text('pinned')", state="detached")
    page.locator(f"#{row}").focus()
    press("f")
    page.wait_for_selector(f"#{row}", state="detached")
    press("u")
    page.wait_for_selector(f"#{row}")


def test_the_keys_are_listed_and_lead_to_the_search(open_page: Open) -> None:
    """`?` and `/`, on every page."""
    page = open_page("/sessions")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.id === 'q'")
    assert page.url.endswith("/memories")


def test_tab_reaches_the_link_and_the_actions_of_a_row(open_page: Open) -> None:
    """First the way past the navigation, then whatever a pointer could reach."""
    page = open_page("/memories")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("j")
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))

    assert {"Pin", "Confirm", "Edit", "Forget"} <= set(reached) or "Unpin" in reached


def test_the_title_is_the_link_and_the_memory_stands_on_top(open_page: Open) -> None:
    """Its neighbours in the session stand below it."""
    page = open_page("/memories?kind=change")
    wanted = page.locator(f"{ROWS} h3 a").first
    title = wanted.inner_text()
    wanted.click()
    page.wait_for_selector(".whole")

    assert page.inner_text("h1") == title
    top = page.locator(".whole").bounding_box()["y"]
    assert all(each.bounding_box()["y"] > top for each in page.locator(".memories").all())


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_row_unfolds_beside_the_list_on_a_wide_screen_else_in_it(
    open_page: Open, size: dict[str, int]
) -> None:
    """A click on the row, not on its title."""
    page = open_page("/memories", viewport=size)
    row = page.locator(ROWS).nth(1)
    row.locator(".kind").click()
    place = "#pane" if size is WIDE else f"#{row.get_attribute('id')}"
    page.wait_for_selector(f"{place} .fold")

    assert page.locator(".fold").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_several_can_be_selected_and_changed_at_once(open_page: Open) -> None:
    """One undo takes it back."""
    page = open_page("/memories?kind=refactor")
    before = titles(page)
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    assert "2 selected" in page.inner_text("#picked")
    page.click("#picked >> text=Forget")
    page.wait_for_function(f"n => document.querySelectorAll('{ROWS}').length < n", arg=len(before))
    assert not page.locator("#picked").count()

    page.click("#said button")

    page.wait_for_function(
        f"n => document.querySelectorAll('{ROWS}').length === n", arg=len(before)
    )
    assert titles(page) == before


def test_search_finds_while_typing_and_marks_what_it_found(open_page: Open) -> None:
    """The focus stays, and the address can be opened again."""
    page = open_page("/memories")
    page.keyboard.press("/")
    page.keyboard.type("staging datab")
    page.wait_for_selector(f"{ROWS} mark:has-text('database')")

    first = page.locator(f"{ROWS} h3").first
    assert "staging database" in first.inner_text().lower()
    assert {"staging", "database"} <= {
        each.lower() for each in first.locator("mark").all_inner_texts()
    }
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.url.endswith("/memories?q=staging+datab")


def test_filters_narrow_the_list(open_page: Open) -> None:
    """By kind with one click, and by day."""
    page = open_page("/memories")
    page.click(".kinds >> text=decision")
    page.wait_for_url("**/memories?kind=decision")
    page.wait_for_selector("#memories .k-feature", state="detached")
    assert set(page.locator("#memories .kind").all_inner_texts()) == {"decision"}

    page.click("summary:has-text('Filters')")
    page.fill("[name=until]", "2020-01-01")
    page.wait_for_selector("text=Nothing found")


def test_older_memories_come_by_the_page(open_page: Open) -> None:
    """Each once."""
    page = open_page("/memories")
    page.click("text=Older")
    page.wait_for_selector("#memories > li:nth-child(65)")

    ids = page.evaluate("[...document.querySelectorAll('#memories > li')].map((item) => item.id)")
    assert len(ids) == len(set(ids))


def test_older_memories_stay_when_the_list_renews_itself(open_page: Open, server: Any) -> None:
    """All of them, in their order, whether or not there are more."""
    page = open_page("/memories")
    page.wait_for_selector("#live[data-state=on]")
    ids = "[...document.querySelectorAll('#memories > li')].map((item) => item.id)"
    for number in range(9):
        if not page.locator("#older").count():
            break
        page.click("text=Older")
        page.wait_for_selector("[data-older][disabled]", state="detached")
        before = page.evaluate(ids)

        server.run("remember", "note", f"Number {number}", "By another process")

        page.wait_for_selector(f"text=Number {number}")
        written = page.locator(ROWS).first.get_attribute("id")
        after = page.evaluate(ids)
        assert [each for each in after if each in before] == before
        assert written in after
        assert after.count("older") == before.count("older")
    assert number > 1
    assert not page.locator("#older").count()


def test_markdown_is_rendered_and_html_is_not(open_page: Open) -> None:
    """Lists, tables, code and links to the web; nothing else."""
    page = open_page("/memory?id=130")

    assert page.locator(".body ol li").all_inner_texts() == ["address", "payment"]
    assert page.locator(".body table code").inner_text() == "vat_id"
    assert page.locator(".body a").count() == 1
    assert "<script>" in page.inner_text(".body")
    assert page.evaluate("window.pwned") is None


def test_trust_is_visible_and_confirming_explains_itself(open_page: Open) -> None:
    """What comes from outside says so, and what a click would change."""
    page = open_page("/memory?id=3")
    assert "not injected into a prompt before you confirm it" in page.inner_text(".whole .trust")
    confirm = page.locator(".whole [data-act=confirm]")
    assert "you vouch for it" in confirm.get_attribute("title")

    confirm.click()
    page.wait_for_selector(".whole .badge:has-text('confirmed')")
    assert "You confirmed it" in page.inner_text(".whole .trust")
    page.click("#said button")
    page.wait_for_selector(".whole .badge:has-text('waits for you')")


def test_a_new_memory_appears_by_itself_within_a_second(open_page: Open, server: Any) -> None:
    """Another process wrote it; what is unfolded stays unfolded."""
    page = open_page("/memories")
    page.wait_for_selector("#live[data-state=on]")
    page.locator(f"{ROWS} .kind").nth(1).click()
    page.wait_for_selector(".fold")
    script = """() => new Promise((done) => new MutationObserver((all, own) => {
        if (document.body.innerText.includes('Written meanwhile')) {
            own.disconnect();
            done(Date.now());
        }
    }).observe(document.querySelector('main'), { childList: true, subtree: true }))"""
    page.evaluate(f"void (window.seen = ({script})())")  # not waited for

    server.run("remember", "note", "Written meanwhile", "By another process")
    written = time.time() * 1000
    page.wait_for_selector("text=Written meanwhile")
    seen = page.evaluate("window.seen")

    assert seen - written < 1000
    assert page.locator(".fold").count() == 1


def test_the_command_line_takes_back_what_the_page_did(open_page: Open, server: Any) -> None:
    """The page shows it by itself."""
    page = open_page("/memories?kind=refactor")
    row = page.locator(ROWS).first
    title, item = row.locator("h3").inner_text(), row.get_attribute("id")
    row.hover()
    page.click(f"#{item} >> text=Forget")
    page.wait_for_selector(f"#{item}", state="detached")

    server.run("undo")

    page.wait_for_selector(f"#{item}")
    assert page.locator(f"#{item} h3").inner_text() == title
