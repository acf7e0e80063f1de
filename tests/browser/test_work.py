"""Home, sessions, review, usage, health and settings in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Open = Callable[..., Any]


def test_home_shows_rules_card_sessions_and_what_was_injected(open_page: Open) -> None:
    """And whether it was used."""
    page = open_page("/")

    text = page.inner_text("main")
    assert "Always use pnpm in this repository." in text
    assert "pnpm test" in text
    assert "The staging database lags" in page.inner_text("section:has-text('Waits for you')")
    today = page.locator(".injected")
    assert "Make the checkout work without JavaScript" in today.inner_text()
    assert (
        today.locator("li li:has-text('Money is Decimal') .badge").inner_text()
        == "worked on its files"
    )
    assert today.locator("li li:has-text('VAT is rounded') .badge").count() == 0


def test_sessions_are_listed_by_title_with_what_came_of_them(open_page: Open, server: Any) -> None:
    """Agent, time, length, files, memories, commit, outcome."""
    page = open_page("/sessions")
    row = page.locator(f".sessions a[href='/session?id={server.today}']")

    said = row.inner_text().split("\n")
    assert said[1] == "Make the checkout work without scripts"
    assert {"5f2d9a1", "1 open", "claude", "shop-web", "20 min", "4 memories"} <= set(said)


def test_a_session_reads_as_a_story(open_page: Open, server: Any) -> None:
    """Runs of tools are folded, paths are relative, results are text, injections in place."""
    page = open_page(f"/session?id={server.today}")
    story = page.locator("#timeline > li")

    heads = [each.split("\n")[0] for each in story.all_inner_texts()]
    assert heads[0] == "You"
    assert "2 memories injected beside the prompt" in heads[2]
    assert "3 reads, 2 edits, 2 commands, 1 failed" in heads[3]
    assert "/home/ada" not in page.inner_text("#timeline")
    page.click("text=3 reads, 2 edits")
    page.click("text=Bash pnpm test")
    assert page.locator("pre:visible").inner_text() == "31 passed"


def test_an_event_that_a_memory_cites_is_shown(open_page: Open, server: Any) -> None:
    """It unfolds, wherever it stands in a run."""
    page = open_page("/memory?id=130")
    page.click(".facts-of >> text=8")

    page.wait_for_selector("#e8 pre:visible")
    assert page.url.endswith("#e8")


@pytest.mark.parametrize(("key", "said"), [("c", "Accepted"), ("f", "Rejected")])
def test_review_is_decided_by_key_and_can_be_undone(open_page: Open, key: str, said: str) -> None:
    """Accepted or rejected, and back."""
    page = open_page("/review")
    page.wait_for_selector("#waiting:text-is('2')")
    assert "an agent wrote it in a session that read text from outside" in page.inner_text("main")
    page.keyboard.press("j")
    page.keyboard.press(key)
    page.wait_for_selector(f"#said:has-text('{said}')")
    page.wait_for_selector("#waiting:text-is('1')")

    page.keyboard.press("u")

    page.wait_for_selector("#waiting:text-is('2')")
    assert page.locator(".proposal").count() == 2


def marks(page: Any) -> list[list[str]]:
    """Return what the vertical axes say, from the bottom up."""
    axes = page.locator("figure .y").all()
    return [axis.locator("text").all_text_contents() for axis in axes]


def test_charts_have_axes_and_units_and_empty_ones_are_left_out(open_page: Open) -> None:
    """Percentiles are lines, and the range fits what there is."""
    page = open_page("/usage?days=365")

    names = page.locator("figure h2").all_inner_texts()
    assert "Memories by kind" in names
    assert {each[0] for each in marks(page)} == {"0", "$0"}
    assert page.locator("figure:has-text('How long hooks take') line.s1").count() > 3
    assert page.locator("figure:has-text('How long hooks take') rect").count() == 0
    dates = page.locator("figure >> nth=0").locator(".x text").all_text_contents()
    assert 3 <= len(dates) <= 6
    assert page.locator("figure:has-text('Nothing')").count() == 0


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


def test_a_setting_reads_as_words_with_its_key_and_is_saved(open_page: Open, server: Any) -> None:
    """It stands in the file, and the page says so."""
    page = open_page("/settings")
    row = page.locator("#set-inject_limit")
    assert row.locator("label").inner_text() != "inject_limit"
    assert row.locator("code").first.inner_text() == "inject_limit"
    page.fill("input[name=inject_limit]", "5")
    page.click("#set-inject_limit >> text=Save")
    page.wait_for_selector("#set-inject_limit .badge:has-text('set in the file')")

    assert "inject_limit = 5" in server.run("config")
