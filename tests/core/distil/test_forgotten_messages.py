"""A statement that was forgotten is not quoted from the message that made it."""

from __future__ import annotations

import time

from codemem_core.distil import manual
from codemem_core.distil.manual import Note
from codemem_core.store import journal
from codemem_core.store.engine.store import Store
from tests.core.distil.test_verbatim import Say, pack, say

__all__ = ["say"]
RULE = "Always publish the invoices through the courier gateway, never by mail."
QUESTION = "publish invoices through the courier gateway or by mail?"


def remembered(store: Store) -> int:
    """Remember the rule as a memory and return its id."""
    note = Note(kind="decision", title=RULE, body=RULE, origin="user")
    return manual.remember(store, note, project="shop", cwd=None, by="cli")


def test_forgetting_a_memory_hides_the_message_that_says_it(store: Store, say: Say) -> None:
    """`undo` brings both back; what else was said stays."""
    say(("prompt", f"Two things. {RULE}"), ("prompt", "The courier gateway is slow on Mondays."))
    before = pack(store, QUESTION).text
    manual.forget(store, remembered(store), by="cli")
    after = pack(store, QUESTION).text
    now_ms = time.time_ns() // 1_000_000
    store.write(lambda db: journal.undo(db, journal.newest(db).id, by="cli", now_ms=now_ms))
    undone = pack(store, QUESTION).text

    assert "never by mail" in before
    assert "never by mail" not in after
    assert "slow on Mondays" in pack(store, "courier gateway slow Mondays").text
    assert "never by mail" in undone


def test_a_message_that_says_it_again_is_not_quoted(store: Store, say: Say) -> None:
    """Whatever session it comes in."""
    manual.forget(store, remembered(store), by="cli")
    say(("prompt", RULE), stream="s2")

    assert "never by mail" not in pack(store, QUESTION).text
