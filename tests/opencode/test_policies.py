"""When an OpenCode session is flushed."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.records.event import StreamState
from codemem_opencode.policies import Boundary, Thresholds


def state(**known: Any) -> StreamState:
    """Make the state of a young OpenCode session."""
    usual = {
        "source": "opencode",
        "stream_id": "ses_1",
        "project": None,
        "pending": 1,
        "pending_tools": 0,
        "pending_prompts": 1,
        "first_pending_ms": 0,
        "last_received_ms": 0,
        "last_event_type": "prompt",
    }
    return StreamState(**{**usual, **known})


@pytest.mark.parametrize("event_type", ["session_end", "error", "session.idle"])
def test_the_end_of_a_session_flushes_it(event_type: str) -> None:
    """Deleted, failed, or waiting for the user."""
    assert Boundary(Settings.load({})).due(state(last_event_type=event_type), now_ms=1).due


def test_other_events_and_other_hosts_are_no_boundary() -> None:
    """A prompt goes on; another host has its own rules."""
    policy = Boundary(Settings.load({}))

    assert not policy.due(state(), now_ms=1).due
    assert not policy.due(state(source="claude", last_event_type="session_end"), now_ms=1).due


@pytest.mark.parametrize("much", [{"pending_tools": 50}, {"pending_prompts": 15}])
def test_a_session_is_flushed_when_much_has_gathered(much: dict[str, int]) -> None:
    """50 tool results or 15 prompts."""
    policy = Thresholds(Settings.load({}))
    less = {name: count - 1 for name, count in much.items()}

    assert policy.due(state(**much), now_ms=1).due
    assert not policy.due(state(**less), now_ms=1).due


def test_a_session_is_flushed_after_ten_minutes() -> None:
    """And until then the policy says when to ask again."""
    policy = Thresholds(Settings.load({}))

    assert policy.due(state(), now_ms=600_000).due
    assert policy.due(state(), now_ms=599_000).check_again_ms == 1_000


def test_other_hosts_have_no_thresholds() -> None:
    """Claude Code says when a session ends."""
    policy = Thresholds(Settings.load({}))

    assert not policy.due(state(source="claude", pending_tools=500), now_ms=10**9).due
