"""How sessions really go: cleared, resumed, compacted, with subagents and parallel tools.

The payloads were recorded from Claude Code 2.1.330; they go through the intake into a database.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codemem_claude import plugin
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.distil.evidence_builder import collect
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Message, Prompt
from codemem_core.store import events
from codemem_core.store.engine.store import Store

RECEIVED_MS = 1_795_334_460_000
FIXTURES = Path(__file__).parents[1] / "fixtures/claude/2.1.330"


def recorded(name: str, second: int, **fields: Any) -> dict[str, Any]:
    """Return one recorded payload of session `s1`, as the hook stamps it at a second."""
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    known = {"session_id": "s1", "cwd": "/w/demo", "ts": f"2026-11-22T08:00:{second:02d}Z"}
    return payload | known | fields


def deliver(store: Store, *payloads: dict[str, Any]) -> None:
    """Store payloads in the order they arrive."""
    intake = Intake(Plugins.only(builtin, plugin, settings=Settings.load({})))
    at = RECEIVED_MS
    read = (intake.hook("claude", payload, received_ms=at) for payload in payloads)
    found = [event for event in read if event]
    store.write(lambda db: events.append(db, found, now_ms=1))


def streams(store: Store) -> dict[str, tuple[str | None, str]]:
    """Return when each stream began, and what happened last in it."""
    with store.read() as db:
        query = "SELECT stream_id, started_at, last_event_type FROM streams ORDER BY id"
        return {stream: (began, last) for stream, began, last in db.execute(query)}


def test_clear_ends_one_session_and_begins_another(store: Store) -> None:
    """Claude Code gives the second one an id of its own."""
    deliver(
        store,
        recorded("UserPromptSubmit", 1),
        recorded("SessionEnd.clear", 2),
        recorded("SessionStart.clear", 3, session_id="s2"),
    )

    began = "2026-11-22T08:00:03Z"
    assert streams(store) == {"s1": (None, "session_end"), "s2": (began, "session_start")}


@pytest.mark.parametrize("name", ["resume", "compact"])
def test_a_session_that_goes_on_stays_one(store: Store, name: str) -> None:
    """It keeps its beginning; what waited for its end waits again."""
    deliver(
        store,
        recorded("SessionStart.startup", 1),
        recorded("UserPromptSubmit", 2),
        recorded(f"SessionStart.{name}", 3),
        recorded("UserPromptSubmit", 4, prompt="and now the tests"),
    )

    assert streams(store) == {"s1": ("2026-11-22T08:00:01Z", "prompt")}


def test_a_subagents_tools_belong_to_the_session_its_words_do_not(store: Store) -> None:
    """What it was told is the model's own prompt, what it says ends no turn."""
    agent = {"agent_id": "a1", "agent_type": "Explore"}
    tool = recorded("PostToolUse.Bash.in_subagent", 2)
    deliver(
        store,
        recorded("UserPromptSubmit", 1),
        tool,
        recorded("Stop", 3, **agent),
        recorded("PostToolUse.Agent", 4),
    )

    with store.read() as db:
        kinds = [kind for (kind,) in db.execute("SELECT kind FROM raw_events ORDER BY seq")]
        [(said,)] = db.execute("SELECT payload FROM raw_events WHERE seq = 1")
    assert kinds == ["prompt", "tool_result", "tool_result"]
    assert json.loads(said)["_adapter"]["meta"]["hook_fields"]["agent_id"] == tool["agent_id"]


def test_a_notification_is_not_the_users_word(store: Store) -> None:
    """2.1.330 submits a prompt of its own when a background command has ended."""
    deliver(
        store, recorded("UserPromptSubmit", 1), recorded("UserPromptSubmit.task_notification", 2)
    )

    with store.read() as db:
        assert db.execute("SELECT count(*) FROM raw_events").get == 1
        assert "<task-notification>" not in db.execute("SELECT last_prompt FROM streams").get


def test_parallel_tools_stand_in_the_order_they_ended(store: Store) -> None:
    """Their hooks run at once and arrive in any order, one of them twice."""
    read, edit, bash = (
        recorded(f"PostToolUse.{name}", second)
        for second, name in ((2, "Read"), (3, "Edit"), (4, "Bash"))
    )
    deliver(store, bash, read, recorded("Stop", 5), edit, bash, recorded("UserPromptSubmit", 1))

    with store.read() as db:
        stream = db.execute("SELECT id FROM streams").get
        told = events.page(db, stream, first=0, last=9, key=("claude", "s1"))
    evidence = collect(told)
    assert [tool.name for tool in evidence.tools()] == ["Read", "Edit", "Bash"]
    assert isinstance(evidence.items[0], Prompt)
    assert isinstance(evidence.items[-1], Message)
