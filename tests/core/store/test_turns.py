"""Where turns end, as flush policies and stretches see it."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_core.records.event import RawEvent
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_core.store.turns import request_before
from tests.conftest import EventMaker

Made = tuple[str, dict[str, Any]]
PROMPT: Made = ("prompt", {"text": "go"})
TOOL: Made = ("tool_result", {"tool_name": "Read", "status": "ok"})
SAYS: Made = ("assistant", {"text": "now this", "final": False})
DONE: Made = ("assistant", {"text": "done", "final": True})
COMPACTED: Made = ("session_start", {"source": "compact"})
END: Made = ("session_end", {"reason": "exit"})


def stream(store: Store, make_event: EventMaker, *made: Made) -> None:
    """Store these events of one session."""
    batch: list[RawEvent] = [make_event(kind, **payload) for kind, payload in made]
    store.write(lambda db: events.append(db, batch, now_ms=1))


@pytest.mark.parametrize(
    ("made", "is_open"),
    [
        ((PROMPT,), True),
        ((PROMPT, TOOL), True),
        ((PROMPT, TOOL, SAYS), True),
        ((PROMPT, TOOL, DONE), False),
        ((PROMPT, DONE, TOOL), False),
        ((PROMPT, DONE, PROMPT), True),
        ((PROMPT, TOOL, COMPACTED), True),
        ((PROMPT, TOOL, END), False),
        ((TOOL,), True),
    ],
)
def test_a_turn_is_open_until_its_final_message(
    store: Store, make_event: EventMaker, made: tuple[Made, ...], *, is_open: bool
) -> None:
    """A tool that reports late does not open it again."""
    stream(store, make_event, *made)

    with store.read() as db:
        [state] = events.pending(db, now_ms=2)
    assert state.turn_is_open is is_open


@pytest.mark.parametrize(
    ("made", "request_seq"),
    [
        ((PROMPT, TOOL, TOOL), 0),
        ((PROMPT, TOOL, SAYS), 0),
        ((PROMPT, DONE, TOOL), None),
        ((PROMPT, TOOL, PROMPT), None),
    ],
)
def test_a_stretch_that_begins_within_a_turn_knows_its_request(
    store: Store, make_event: EventMaker, made: tuple[Made, ...], request_seq: int | None
) -> None:
    """The last of these events is where the stretch begins."""
    stream(store, make_event, *made)

    with store.read() as db:
        assert request_before(db, 1, len(made) - 1) == request_seq
