"""One summary a session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codemem_core.distil.new_memories import summary_body
from codemem_core.distil.reconcile import settle
from codemem_core.records.memory import Memory, NewMemory, Summary
from codemem_core.retrieval.search import newest
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.memories import Filter


def summary(key: str, *, at_ms: int, origin: str = "user", **parts: str) -> NewMemory:
    """Return the summary of a stretch as an observer gives it."""
    return NewMemory(
        key=key,
        kind="session_summary",
        title=parts.get("request", "Session summary"),
        body=summary_body(replace(Summary(), **parts)),
        files_modified=(f"{key}.py",),
        origin=origin,
        created_ms=at_ms,
        metadata={**parts, "evidence": [at_ms]},
    )


def settled(store: Store, *found: NewMemory) -> list[Memory]:
    """Settle summaries of one session and return them as they are then."""

    def write(db: object) -> list[int | None]:
        session = sessions.of_stream(
            db,  # type: ignore[arg-type]
            ("claude", "s1"),
            project="demo",
            cwd=None,
            started_ms=0,
        )
        return [settle(db, one, session_id=session, now_ms=9) for one in found]  # type: ignore[arg-type]

    ids = store.write(write)
    with store.read() as db:
        return [memory for one in ids if (memory := memories.get(db, one or 0))]


FIRST = summary(
    "a", at_ms=1, request="Fix the lease.", completed="Fenced it.", next_steps="Test it."
)
SECOND = summary(
    "b", at_ms=2, request="And test it.", completed="Tested it.", next_steps="Release.",
    origin="external",
)  # fmt: skip


def test_a_later_summary_takes_up_the_one_before(store: Store) -> None:
    """What was done last comes first, what comes next is the latest; trusted as the least is."""
    first, second = settled(store, FIRST, SECOND)

    assert second.title == "Fix the lease."
    assert second.body == (
        "## Request\nFix the lease.\nAnd test it.\n\n## Completed\nTested it.\nFenced it.\n\n"
        "## Next steps\nRelease."
    )
    assert (second.origin, second.files_modified) == ("external", ("b.py", "a.py"))
    assert second.metadata["evidence"] == [1, 2]
    assert (first.outdated_by, first.active) == (second.id, True)


def test_what_a_later_stretch_did_is_no_longer_open(store: Store) -> None:
    """An open item stays until a later stretch does it; a question, until the session goes on."""
    first = summary(
        "a",
        at_ms=1,
        request="Fix the lease.",
        next_steps="- Test the lease on NFS.\n- Document the port range.\n- Shall I push?",
    )
    second = summary(
        "b",
        at_ms=2,
        request="Go on.",
        completed="Tested the lease on NFS.",
        next_steps="- Release.",
    )

    _, rolled = settled(store, first, second)

    assert rolled.metadata["next_steps"] == "- Release.\n- Document the port range."


def test_a_stretch_that_goes_on_with_the_same_request_has_the_last_word(store: Store) -> None:
    """What an unfinished turn left open is closed by the stretch in which the turn ends."""
    first = summary("a", at_ms=1, request="Fix the lease.", next_steps="Not finished: the lease.")
    second = summary("b", at_ms=2, completed="Fenced it.")

    _, rolled = settled(store, first, second)

    assert rolled.metadata["next_steps"] == ""


def test_the_order_of_the_stretches_counts_not_that_of_the_flushes(store: Store) -> None:
    """A batch that was tried again late does not become the session's last word."""
    second, rolled = settled(store, SECOND, FIRST)

    assert second.outdated_by == rolled.id
    assert rolled.body.endswith("## Next steps\nRelease.")
    assert rolled.created_ms == 2


def test_a_session_has_one_current_summary(store: Store) -> None:
    """Briefs and recaps read that one; with it forgotten, the one before holds again."""
    *_, last = settled(store, FIRST, SECOND, replace(SECOND, key="c", created_ms=3))

    with store.read() as db:
        assert [hit.id for hit in newest(db, limit=9)] == [last.id]
        assert [one.id for one in memories.page(db, Filter(current=True), limit=9)] == [last.id]
        assert len(memories.recent(db, limit=9)) == 3
    store.write(lambda db: memories.forget(db, last.id, now_ms=0))
    with store.read() as db:
        assert len(newest(db, limit=9)) == 1


def test_the_same_summary_again_changes_nothing(store: Store) -> None:
    """Replaying a batch neither writes nor outdates."""
    [first] = settled(store, FIRST)

    assert settled(store, FIRST) == []
    with store.read() as db:
        assert memories.get(db, first.id) == first


@pytest.mark.parametrize("many", [50])
def test_a_long_session_keeps_its_latest(store: Store, many: int) -> None:
    """Sections are bounded; the oldest findings are read in the summaries they came from."""
    found = [
        summary(f"k{at}", at_ms=at, request="Go on.", learned=f"Lesson {at}: {'x' * 100}.")
        for at in range(1, many)
    ]

    last = settled(store, *found)[-1]

    assert f"Lesson {many - 1}:" in last.body
    assert "Lesson 1:" not in last.body
    assert len(last.body) < 2_500


def test_a_summary_without_sections_is_left_alone(store: Store) -> None:
    """What a person or an import wrote is not rewritten."""
    by_hand = replace(FIRST, metadata={}, body="My own words.")

    first, second = settled(store, by_hand, SECOND)

    assert first.outdated_by is None
    assert second.body == SECOND.body
