"""Copilot's hook payloads as adapter events; the fixtures were recorded from the client."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from codemem_copilot.events import Copilot
from codemem_copilot.tools import call_key
from codemem_core.api import AdapterEvent, EventContext, InputError, Settings

FIXTURES = Path(__file__).parents[1] / "fixtures/copilot/1.0.102"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
NOT_KEPT = {"preToolUse.bash", "userPromptTransformed", "Stop", "agentStop"}
"""Of another hook's, or, without the log it names, of nobody's words."""


def recorded(name: str) -> dict[str, Any]:
    """Return one recorded payload."""
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def normalize(payload: dict[str, Any]) -> AdapterEvent | None:
    """Map a payload as the intake does."""
    return Copilot(Settings.load({})).normalize(payload, context=EventContext(cwd="/w"))


def event_of(name: str) -> AdapterEvent:
    """Return the event of a recorded payload."""
    event = normalize(recorded(name))
    assert event is not None
    return event


@pytest.fixture
def log(tmp_path: Path) -> str:
    """Give the recorded session's log a place of its own."""
    path = tmp_path / "events.jsonl"
    shutil.copy(FIXTURES / "events.jsonl", path)
    return str(path)


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_payload_is_understood(name: str) -> None:
    """Each hook gives an event, or is one we leave out on purpose."""
    assert (normalize(recorded(name)) is None) == (name in NOT_KEPT)


@pytest.mark.parametrize(
    ("camel", "pascal"),
    [
        ("sessionStart.new", "SessionStart.new"),
        ("userPromptSubmitted", "UserPromptSubmit"),
        ("postToolUse.bash.failing", "PostToolUse.Bash.failing"),
        ("postToolUse.view", "PostToolUse.Read"),
        ("postToolUseFailure.create", "PostToolUseFailure.Write"),
        ("sessionEnd.complete", "SessionEnd.complete"),
    ],
)
def test_both_dialects_say_the_same(camel: str, pascal: str) -> None:
    """Only the tools' names differ."""
    one, other = event_of(camel), event_of(pascal)

    assert one.event_type == other.event_type
    for name in ("kind", "status", "exit_code", "files_read", "files_changed", "command", "error"):
        assert one.payload.get(name) == other.payload.get(name)


def test_the_time_is_the_hosts() -> None:
    """Copilot sends milliseconds, and the id is made of them."""
    event = event_of("userPromptSubmitted")

    assert event.ts == "2026-11-30T22:06:45.417000Z"
    assert event.event_id == event_of("userPromptSubmitted").event_id


def test_the_last_words_come_from_the_log(log: str) -> None:
    """The hook at the end of a turn does not tell them."""
    event = normalize(recorded("agentStop") | {"transcriptPath": log})

    assert event is not None
    assert event.event_type == "assistant"
    assert event.payload == {
        "text": "The zephyr cache key is salted now; the collision is gone.",
        "final": True,
    }


def test_words_that_came_later_are_not_this_turns(log: str) -> None:
    """A payload that waited in the spool is read when the session has gone on."""
    stop = recorded("agentStop") | {"transcriptPath": log, "timestamp": 1_796_076_405_600}

    assert normalize(stop) is None


def test_what_fired_no_hook_is_read_from_the_log(log: str) -> None:
    """A tool whose hook was heard is not told again."""
    heard = [call_key(recorded(name)["toolArgs"]) for name in NAMES if name.startswith("postTool")]
    stop = recorded("agentStop") | {"transcriptPath": log}
    source = Copilot(Settings.load({}))

    tools = [told["toolName"] for told in source.missed(stop, seen=())]

    assert tools == ["bash", "create", "view", "bash"]
    assert list(source.missed(stop, seen=heard)) == []


def test_an_unreadable_log_costs_only_what_it_says(tmp_path: Path) -> None:
    """The session may be gone."""
    stop = recorded("agentStop") | {"transcriptPath": str(tmp_path / "events.jsonl")}

    assert list(Copilot(Settings.load({})).missed(stop, seen=())) == []


def test_a_payload_of_another_shape_is_refused() -> None:
    """The sender should hear of it."""
    with pytest.raises(InputError):
        normalize({"hookName": 7})


def test_what_the_hook_asks_for_goes_along() -> None:
    """Memories are made at the end of a session."""
    event = normalize(recorded("sessionEnd.complete") | {"codemem": {"flush": True}})

    assert event is not None
    assert event.meta["flush"] is True
