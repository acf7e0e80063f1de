"""An observer is shown what is remembered already, and may say what no longer holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from codemem_core.distil.evidence_builder import collect
from codemem_core.distil.parse import parse_reply
from codemem_core.distil.prompt import observe_prompt
from codemem_core.records.evidence import Known
from codemem_core.store import events, memories
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker
from tests.core.flush.test_flusher import flusher

DAY_MS = 86_400_000


def flushed(store: Store, event: object, title: str, *supersedes: int) -> int:
    """Flush one prompt whose observer answers with one decision; return the memory's id."""
    store.write(lambda db: events.append(db, [event], now_ms=1))  # type: ignore[list-item]
    found = {"type": "decision", "title": title, "narrative": f"{title}.", "supersedes": supersedes}
    answer = json.dumps({"observations": [found], "summary": None})
    (memory_id,) = flusher(store, answer).flush("claude", event.stream_id).memory_ids  # type: ignore[attr-defined]
    return memory_id


def outdated_by(store: Store, memory_id: int) -> int | None:
    """Return what outdates a memory."""
    with store.read() as db:
        return memories.existing(db, memory_id).outdated_by


def test_what_an_observer_says_no_longer_holds_is_outdated(
    store: Store, make_event: EventMaker
) -> None:
    """It names a memory that it was shown; no word of the two has to be the same."""
    first = make_event(text="where do sessions live", stream_id="a")
    old = flushed(store, replace(first, ts_ms=DAY_MS), "Sessions live in Redis")
    later = make_event(text="sessions no longer in Redis, please", stream_id="b")

    new = flushed(store, replace(later, ts_ms=2 * DAY_MS), "Logins are stateless tokens", old)

    assert outdated_by(store, old) == new


def test_an_observer_reaches_only_what_it_was_shown(store: Store, make_event: EventMaker) -> None:
    """A number that it made up, or that a page told it, changes nothing."""
    first = make_event(text="how is VAT rounded", stream_id="a")
    old = flushed(store, replace(first, ts_ms=DAY_MS), "VAT is rounded per rate")
    later = make_event(text="name the logo", stream_id="b")

    flushed(store, replace(later, ts_ms=2 * DAY_MS), "The logo is an owl", old)

    assert outdated_by(store, old) is None


def test_known_memories_stand_before_the_recording(make_event: EventMaker) -> None:
    """Escaped, in a fence of their own, and short."""
    known = Known(id=7, kind="decision", title="Use <b>", text="word " * 99)
    evidence = replace(collect([make_event(text="go on")]), known=(known,))

    _, prompt = observe_prompt(evidence, max_chars=12_000, tag="t")

    head, _, rest = prompt.rpartition("</t-known>")
    assert "[7] (decision) Use &lt;b&gt; - word" in head
    assert len(head) < 700
    assert "go on" in rest
    assert "supersedes" not in observe_prompt(replace(evidence, known=()), max_chars=12_000)[1]


@pytest.mark.parametrize(
    "element", ['<supersedes id="7"/>', '<supersedes id="7">', "<supersedes>7</supersedes>"]
)
def test_a_reply_names_ids_as_attribute_or_text(element: str) -> None:
    """Models write it either way."""
    inside = f"<type>decision</type><title>A</title>{element}<narrative>B</narrative>"
    reply = f"<observation>{inside}</observation>"

    (found,) = parse_reply(reply).observations

    assert (found.supersedes, found.narrative) == ((7,), "B")
