"""What sessions were told, what they did with it, and what that changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apsw
import pytest

from codemem_core.distil.usage_feedback import note_uses
from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.search import search
from codemem_core.store import events, memories, receipts
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker

KEY = ("claude", "s1")
TOLD_MS = 1_000
NOW_MS = 1_780_000_000_000
Remember = Callable[..., int]


@pytest.fixture
def told(store: Store, remember: Remember) -> int:
    """Tell session s1 a memory about a file, and return its id."""
    memory_id = remember("Lease of a stream", files=["src/lease.py"])
    store.write(lambda db: receipts.add(db, KEY, [memory_id], now_ms=TOLD_MS))
    return memory_id


@pytest.fixture
def use(store: Store, make_event: EventMaker) -> Callable[..., None]:
    """Let a session do something at a time, and look for uses in that."""

    def write(
        event_type: str, *, at_ms: int = 2_000, key: tuple[str, str] = KEY, **more: Any
    ) -> None:
        event = replace(
            make_event(event_type, stream_id=key[1], **more), ts_ms=at_ms, cwd="/w/demo"
        )

        def change(db: apsw.Connection) -> None:
            events.append(db, [event], now_ms=at_ms)
            note_uses(db, key, [event])

        store.write(change)

    return write


def tool(name: str, **given: object) -> dict[str, object]:
    """Return what a tool event holds."""
    return {"tool_name": name, "tool_input": given, "status": "ok", "tool_output": ""}


def hit(store: Store, **more: Any) -> Hit:
    """Return the only memory as search finds it."""
    with store.read() as db:
        (found,) = search(db, "lease", limit=8, now_ms=NOW_MS, **more)
    return found


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("tool_result", tool("mcp__codemem__memory_expand", ids=[1, 7])),
        ("tool_result", tool("mcp__codemem__memory_get", memory_id=1)),
        ("tool_result", tool("Read", file_path="/w/demo/src/lease.py")),
        ("tool_result", tool("Edit", file_path="src/lease.py")),
        ("assistant", {"text": "As memory [1] says, one worker a stream."}),
    ],
)
def test_opening_citing_and_its_files_are_uses(
    store: Store, told: int, use: Callable[..., None], event_type: str, payload: dict[str, object]
) -> None:
    """They lift the memory, once a session."""
    for at_ms in (2_000, 3_000):
        use(event_type, at_ms=at_ms, **payload)

    assert (hit(store).told, hit(store).used) == (1, 1)
    assert hit(store).parts["used"] > 0
    assert hit(store).score > hit(store, learned=False).score


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("tool_result", tool("memory_search", query="lease")),
        ("tool_result", tool("mcp__codemem__memory_expand", ids=[7])),
        ("tool_result", tool("Edit", file_path="/w/demo/lease.py")),
        ("tool_result", tool("Edit", file_path="/w/demo/src/lease.py") | {"status": "error"}),
        ("assistant", {"text": "See [1], and 1 more."}),
        ("prompt", {"text": "use memory 1"}),
    ],
)
def test_other_things_are_none(
    store: Store, told: int, use: Callable[..., None], event_type: str, payload: dict[str, object]
) -> None:
    """Finding it in a list, other memories, other files, bare numbers, a person's words."""
    use(event_type, **payload)

    assert hit(store).used == 0


def test_only_what_comes_after_counts(store: Store, told: int, use: Callable[..., None]) -> None:
    """Not what the session did before it was told, nor what another session does."""
    opened = tool("mcp__codemem__memory_get", memory_id=told)
    use("tool_result", at_ms=TOLD_MS, **opened)
    use("tool_result", key=("claude", "s2"), **opened)

    assert hit(store).used == 0


def test_files_that_were_in_hand_already_are_no_use(
    store: Store, told: int, use: Callable[..., None]
) -> None:
    """A memory that is told because of the files being worked on is no cause of that work."""
    edit = tool("Edit", file_path="/w/demo/src/lease.py")
    use("tool_result", at_ms=500, **edit)
    use("tool_result", at_ms=2_000, **edit)

    assert hit(store).used == 0


def test_what_a_session_wrote_is_no_news_to_it(store: Store, remember: Remember) -> None:
    """No session lifts what it made itself."""
    memory_id = remember("Lease of a stream")
    owner = "UPDATE sessions SET source = 'claude', stream_id = 's1'"
    store.write(lambda db: db.execute(owner).get)

    store.write(lambda db: receipts.add(db, KEY, [memory_id], now_ms=TOLD_MS))

    assert hit(store).told == 0


def test_a_page_from_the_web_cannot_lift_itself(
    store: Store, remember: Remember, use: Callable[..., None]
) -> None:
    """It may ask to be opened; until a person confirms it that changes nothing."""
    memory_id = remember("Lease of a stream", origin="external")
    store.write(lambda db: receipts.add(db, KEY, [memory_id], now_ms=TOLD_MS))
    use("tool_result", **tool("mcp__codemem__memory_get", memory_id=memory_id))

    assert "used" not in hit(store).parts
    store.write(lambda db: memories.edit(db, memory_id, {"confirmed": True}, now_ms=1))
    assert hit(store).parts["used"] > 0


def test_what_is_told_and_never_used_sinks(store: Store, remember: Remember) -> None:
    """Slowly, and not without bound; off, it stays where its words put it."""
    memory_id = remember("Lease of a stream")
    scores = [hit(store).score]
    for at in range(40):
        key = ("claude", f"s{at}")
        store.write(lambda db, key=key: receipts.add(db, key, [memory_id], now_ms=TOLD_MS))  # type: ignore[misc]
        scores.append(hit(store).score)

    assert scores == sorted(scores, reverse=True)
    assert scores[2] == scores[0]
    assert scores[0] - scores[-1] < 0.05
    assert hit(store, learned=False).score == scores[0]


def test_what_is_hardly_believed_decays(store: Store, remember: Remember) -> None:
    """With age; not when a second session found it out, nor when a person keeps it."""
    old_ms = NOW_MS - 365 * 86_400_000
    memory_id = remember("Lease of a stream", confidence=0.3, created_ms=old_ms)

    assert hit(store).parts["decay"] < 0
    store.write(lambda db: memories.edit(db, memory_id, {"pinned": True}, now_ms=1))
    assert "decay" not in hit(store).parts


def test_support_lifts(store: Store, remember: Remember) -> None:
    """What several sessions found out stands above what one did."""
    remember("Lease of a stream")
    twice = remember("Lease of a stream", support=2)

    with store.read() as db:
        assert search(db, "lease", limit=8, now_ms=NOW_MS)[0].id == twice
