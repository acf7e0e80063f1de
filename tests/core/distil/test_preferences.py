"""The user's word as memories: written by a flush, merged, superseded, told everywhere."""

# ruff: noqa: RUF001 - what people type

from __future__ import annotations

from dataclasses import replace

import pytest

from codemem_core.distil.preferences import Stated, replaces, says_same
from codemem_core.retrieval.search import search
from codemem_core.store import events, memories
from codemem_core.store.engine.store import Store
from codemem_core.store.user_rules import all_rules, rules_for
from tests.conftest import EventMaker
from tests.core.flush.test_flusher import flusher, reply

DAY_MS = 86_400_000


class Told:
    """Says something in a session of its own and flushes it."""

    def __init__(self, store: Store, make_event: EventMaker) -> None:
        self.store, self._make, self._days = store, make_event, 0

    def __call__(self, text: str, *, project: str = "demo", answer: str = "") -> None:
        """Each session is a day later than the one before."""
        self._days += 1
        stream = f"s{self._days}"
        made = self._make(text=text, stream_id=stream)
        event = replace(made, project=project, ts_ms=self._days * DAY_MS)
        self.store.write(lambda db: events.append(db, [event], now_ms=1))
        flusher(self.store, answer or reply()).flush("claude", stream)

    def rules(self, project: str = "demo") -> list[str]:
        """Return what holds in a project."""
        with self.store.read() as db:
            return [rule.text for rule in rules_for(db, project)]


@pytest.fixture
def told(store: Store, make_event: EventMaker) -> Told:
    """Say things in an empty store."""
    return Told(store, make_event)


def test_a_rule_in_a_prompt_is_a_memory_of_the_user(told: Told) -> None:
    """It is kept whole beside what the observer makes of the session, and may be injected."""
    told("Always use tabs in Makefiles.", answer=reply("The fix"))

    with told.store.read() as db:
        found = {one.kind: one for one in memories.recent(db, limit=9)}
    assert set(found) == {"preference", "bugfix"}
    rule = found["preference"]
    assert (rule.body, rule.origin, rule.held) == ("Always use tabs in Makefiles.", "user", False)


def test_a_rule_is_kept_when_no_observer_answers(told: Told) -> None:
    """A model that is away costs the user no word."""
    told("Always use tabs in Makefiles.", answer="I would rather not.")

    assert told.rules() == ["Always use tabs in Makefiles."]


def test_the_same_wish_in_three_sessions_is_one_rule(told: Told) -> None:
    """It says how many sessions stated it."""
    told("Always use pnpm, never npm.")
    told("Please always use pnpm and never npm.")
    told("Never use npm, always pnpm.")

    with told.store.read() as db:
        assert [(rule.text, rule.support) for rule in rules_for(db, "demo")] == [
            ("Always use pnpm, never npm.", 3)
        ]


def test_a_newer_rule_takes_the_place_of_the_older(told: Told) -> None:
    """The older one stays in the store and is told no more."""
    told("We use pnpm here, not npm.")
    told("From now on we use Bun here, not pnpm.")

    assert told.rules() == ["From now on we use Bun here, not pnpm."]


def test_a_rule_for_all_projects_holds_in_another(told: Told) -> None:
    """A rule of one project does not."""
    told("In all my projects, write British spelling in docs.", project="one")
    told("Always use tabs in Makefiles.", project="one")

    assert told.rules("two") == ["In all my projects, write British spelling in docs."]
    with told.store.read() as db:
        hits = search(db, "British spelling Makefiles", limit=5, project="two")
        assert [hit.title for hit in hits] == told.rules("two")
        assert len(all_rules(db)) == 2


SAME = [
    ("Always use pnpm, never npm.", "Use pnpm here and never npm, please."),
    ("请始终使用 pnpm，不要用 npm。", "以后一律用 pnpm，不要用 npm。"),
]
REPLACED = [
    ("We use Vitest here, not Jest.", "No, we use Jest here, not Vitest."),
    ("Always squash before merging.", "Never squash before merging."),
    ("Keep lines under 80 characters, always.", "Keep lines under 100 characters, always."),
    ("Always write commit messages in English.", "From now on write commit messages in German."),
    ("Always round per line.", "In all my projects, always round per line."),
    ("Wir verwenden hier Maven und nicht Gradle.", "Wir verwenden hier Gradle und nicht Maven."),
]
UNRELATED = [
    ("We use Postgres here, not MySQL.", "We use Redis here, not Memcached."),
    ("Always use pnpm, never npm.", "Always use uv, never pip."),
    ("Never delete release branches.", "Always squash branches before merging."),
    ("From now on, name branches after the ticket.", "From now on, name releases after the month."),
]


@pytest.mark.parametrize(("older", "newer"), SAME)
def test_the_same_rule_in_other_words_says_the_same(older: str, newer: str) -> None:
    """Markers, order and courtesy do not make another rule."""
    assert says_same(Stated(newer, "project"), Stated(older, "project"))


@pytest.mark.parametrize(("older", "newer"), REPLACED)
def test_another_value_or_a_wider_scope_replaces_a_rule(older: str, newer: str) -> None:
    """The subject is the same, what is to be done is not."""
    scope = "user" if "all my projects" in newer else "project"

    assert not says_same(Stated(newer, scope), Stated(older, "project"))
    assert replaces(Stated(newer, scope), Stated(older, "project"))


@pytest.mark.parametrize(("older", "newer"), UNRELATED)
def test_rules_about_different_things_leave_each_other_alone(older: str, newer: str) -> None:
    """They share a form of words, not a subject."""
    assert not says_same(Stated(newer, "project"), Stated(older, "project"))
    assert not replaces(Stated(newer, "project"), Stated(older, "project"))
