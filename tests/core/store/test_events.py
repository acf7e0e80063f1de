"""Raw events in the store: once each, numbered without gaps."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codemem_core.records.event import RawEvent
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker


def test_the_same_event_twice_is_one_event(store: Store, make_event: EventMaker) -> None:
    """A repeated delivery adds nothing and is counted as a duplicate."""
    event = make_event()

    first = store.write(lambda db: events.append(db, [event, event], now_ms=1))
    again = store.write(lambda db: events.append(db, [event], now_ms=2))

    assert (first.inserted, first.duplicates) == (1, 1)
    assert (again.inserted, again.duplicates) == (0, 1)


def test_the_ledger_counts_what_was_received(store: Store, make_event: EventMaker) -> None:
    """Received is stored plus duplicate, per day and source."""
    event = make_event()
    store.write(lambda db: events.append(db, [event, make_event()], now_ms=1))
    store.write(lambda db: events.append(db, [event], now_ms=2))

    with store.read() as db:
        row = db.execute("SELECT day, source, received, stored, duplicate FROM ledger").get
    assert row == ("1970-01-01", "claude", 3, 2, 1)


def test_the_stream_remembers_prompts_and_edited_files(
    store: Store, make_event: EventMaker
) -> None:
    """The injection query needs the first and latest prompt and the files in use."""
    edit = {"tool_name": "Edit", "status": "ok", "tool_input": {"file_path": "/w/a.py"}}
    batch = [
        make_event(text="first\nprompt"),
        make_event("tool_result", **edit),
        make_event(text="second"),
    ]
    store.write(lambda db: events.append(db, batch, now_ms=1))

    with store.read() as db:
        row = db.execute("SELECT first_prompt, last_prompt, recent_files FROM streams").get
    assert row == ("first prompt", "second", '["/w/a.py"]')


def test_pending_tells_policies_what_waits(store: Store, make_event: EventMaker) -> None:
    """Prompts, tools and times of the unflushed part of each stream."""
    tool = {"tool_name": "Bash", "status": "ok"}
    batch = [make_event(), make_event("tool_result", **tool), make_event("session_end", reason="x")]
    store.write(lambda db: events.append(db, batch, now_ms=77))

    with store.read() as db:
        (state,) = events.pending(db, now_ms=100)
    assert (state.pending, state.pending_prompts, state.pending_tools) == (3, 1, 1)
    assert (state.first_pending_ms, state.last_event_type) == (77, "session_end")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12)), max_size=8), max_size=8)
)
def test_any_deliveries_leave_each_event_once_without_gaps(
    deliveries: list[list[tuple[str, int]]],
) -> None:
    """Whatever is sent, in whatever order and however often, the numbers have no gap."""
    with TemporaryDirectory() as folder, Store.open(f"{folder}/mem.sqlite") as store:
        for delivery in deliveries:
            batch = [
                RawEvent(source="x", stream_id=s, event_id=f"e{n}", event_type="t", payload={})
                for s, n in delivery
            ]
            store.write(lambda db, b=batch: events.append(db, b, now_ms=1))

        sent = {item for delivery in deliveries for item in delivery}
        for stream in "ab":
            rows = store.write(lambda db, s=stream: list(db.execute(_SEQS, (s,))))
            assert [seq for (seq,) in rows] == list(range(len({n for s, n in sent if s == stream})))


_SEQS = """SELECT e.seq FROM raw_events e JOIN streams s ON s.id = e.stream
            WHERE s.stream_id = ? ORDER BY e.seq"""


def test_retention_deletes_old_flushed_events_only(store: Store, make_event: EventMaker) -> None:
    """Not what waits, not what is young, not what was given up and may be replayed."""
    for received_ms, stream in ((1, "old"), (99, "young"), (1, "dead"), (1, "waiting")):
        batch = [make_event(stream_id=stream) for _ in range(2)]
        store.write(lambda db, batch=batch, at=received_ms: events.append(db, batch, now_ms=at))

    def flush(db: apsw.Connection) -> None:
        db.execute("UPDATE streams SET last_flushed_seq = 1 WHERE stream_id <> 'waiting'")
        db.execute(
            "INSERT INTO batches (stream, start_seq, end_seq, extractor, state, created_ms,"
            " updated_ms) SELECT id, 0, 1, 'x', iif(stream_id = 'dead', 'dead', 'completed'), 1, 1"
            " FROM streams WHERE stream_id <> 'waiting'"
        )

    store.write(flush)

    deleted = store.write(lambda db: events.retain(db, since_ms=50))

    assert deleted == 2
    with store.read() as db:
        left = db.execute(
            "SELECT stream_id FROM streams s JOIN raw_events ON stream = s.id"
        ).fetchall()
    assert set(left) == {("young",), ("dead",), ("waiting",)}


def hook(event: RawEvent, *, after_s: float) -> RawEvent:
    """Return the event as a hook without an id of its own fires it later."""
    return replace(
        event,
        event_id=f"{event.event_id}-{after_s}",
        ts_ms=(event.ts_ms or 0) + round(after_s * 1000),
    )


@pytest.mark.parametrize(
    ("after_s", "stored"), [(0.004, 1), (5, 1), (60, 2)], ids=["at once", "slowly", "once more"]
)
def test_a_hook_that_fires_twice_is_stored_once(
    store: Store, make_event: EventMaker, after_s: float, stored: int
) -> None:
    """Plugins can be installed twice; the same words a minute later are another prompt."""
    prompt = make_event(text="go on")
    for event in (prompt, hook(prompt, after_s=after_s)):
        store.write(lambda db, event=event: events.append(db, [event], now_ms=1))

    with store.read() as db:
        assert db.execute("SELECT count(*) FROM raw_events").get == stored


def test_the_same_words_after_an_answer_are_another_prompt(
    store: Store, make_event: EventMaker
) -> None:
    """Quick answers to quick questions."""
    prompt, answer = make_event(text="yes"), make_event("assistant", text="Done.", final=True)
    for event in (prompt, answer, hook(prompt, after_s=3)):
        store.write(lambda db, event=event: events.append(db, [event], now_ms=1))

    with store.read() as db:
        assert db.execute("SELECT count(*) FROM raw_events").get == 3


def test_a_waiting_stream_says_what_its_host_asked_for(
    store: Store, make_event: EventMaker
) -> None:
    """True, False, or None when the host did not say: policies tell the three apart."""
    asked = {"s1": True, "s2": False, "s3": None}
    for stream_id, flush in asked.items():
        event = make_event(stream_id=stream_id)
        assert event.adapter
        meta = {} if flush is None else {"flush": flush}
        changed = replace(event, adapter=replace(event.adapter, meta=meta))
        store.write(partial(events.append, events=[changed], now_ms=1))
    with store.read() as db:
        waiting = events.pending(db, now_ms=100)

    assert [state.flush_asked for state in waiting] == [True, False, None]
    assert all(state.turn_is_open is True for state in waiting)
